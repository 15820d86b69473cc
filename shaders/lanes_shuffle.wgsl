// Vec4Storage that all eight lanes need: each lane loads one of them, and they are handed round in
// registers. On llvmpipe a load is a loop over the lanes even where all of them want the same word,
// while a shuffle is one instruction. A subgroup is the eight lanes of a workgroup there, and none
// of them has left where this stands.

#import packed_{packed}

alias Shared = vec4f;

// The vec4s at base, base + stride, ... up to place `last`, of which this thread loads the one at
// place `lane`.
fn load_shared(base: u32, stride: u32, last: u32, lane: u32) -> Shared {
    return unpack(work[base + min(lane, last) * stride]);
}

// The vec4 at a place below 8; beyond `last` the last one again.
fn shared_vec4(mine: Shared, base: u32, stride: u32, last: u32, place: u32) -> vec4f {
    return subgroupShuffle(mine, place);
}
