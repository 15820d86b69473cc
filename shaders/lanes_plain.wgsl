// Vectors of four numbers that all eight lanes need: here every lane loads all of them.
// lanes_shuffle.wgsl is the alternative.

#import packed_{packed}

struct Shared {
    unused: u32,
}

// Loads nothing: `shared_vec4` does.
fn load_shared(base: u32, stride: u32, last: u32, lane: u32) -> Shared {
    return Shared(0u);
}

// Vector number `place`, below 8; beyond `last` the last one.
fn shared_vec4(mine: Shared, base: u32, stride: u32, last: u32, place: u32) -> vec4f {
    return unpack(work[base + min(place, last) * stride]);
}
