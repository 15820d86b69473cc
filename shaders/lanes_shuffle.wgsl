// Vectors of four numbers that all eight lanes need: each lane loads one of them, and the lanes
// exchange them in registers. On llvmpipe a load is a loop over the lanes even where all lanes read
// the same word, while a shuffle is one instruction. There a subgroup is the eight lanes of a
// workgroup, and all of them are active where these functions are called.

#import packed_{packed}

alias Shared = vec4f;

// The vectors at base, base + stride, ..., base + last stride; this thread loads number `lane`.
fn load_shared(base: u32, stride: u32, last: u32, lane: u32) -> Shared {
    return unpack(work[base + min(lane, last) * stride]);
}

// Vector number `place`, below 8; beyond `last` the last one.
fn shared_vec4(mine: Shared, base: u32, stride: u32, last: u32, place: u32) -> vec4f {
    return subgroupShuffle(mine, place);
}
