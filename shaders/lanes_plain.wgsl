// Vec4Storage that all eight lanes need: here every lane loads them all. shaders/lanes_shuffle.wgsl
// is the other way.

#import packed_{packed}

struct Shared {
    unused: u32,
}

// Nothing yet.
fn load_shared(base: u32, stride: u32, last: u32, lane: u32) -> Shared {
    return Shared(0u);
}

// The vec4 at a place below 8; beyond `last` the last one again.
fn shared_vec4(mine: Shared, base: u32, stride: u32, last: u32, place: u32) -> vec4f {
    return unpack(work[base + min(place, last) * stride]);
}
