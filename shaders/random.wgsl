// Counter-based random numbers, the same integers as src/engine/random.rs.

// pcg4d of Jarzynski & Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020.
fn pcg4d(seed: vec4u) -> vec4u {
    var v = seed * 1664525u + 1013904223u;
    v.x += v.y * v.w;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v.w += v.y * v.z;
    v ^= v >> vec4u(16u);
    v.x += v.y * v.w;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v.w += v.y * v.z;
    return v;
}

// One round of the shuffle: swaps `value` with its partner, or not.
fn swap_or_not(key: u32, epoch: u32, count: u32, round: u32, sum: u32, value: u32) -> u32 {
    // sum - value modulo count, with one division
    let above = sum % count + count - value;
    let partner = select(above, above - count, above >= count);
    let coin = pcg4d(vec4u(key, epoch, round, max(value, partner))).x >> 31u;
    return select(value, partner, coin == 1u);
}

// The image of `index` under the permutation of 0..count for (key, epoch): the swap-or-not
// shuffle of Hoang, Morris & Rogaway, CRYPTO 2012, 24 rounds.
fn permute(key: u32, epoch: u32, count: u32, index: u32) -> u32 {
    var value = index;
    for (var block = 0u; block < 6u; block++) {
        let sums = pcg4d(vec4u(key, epoch, 65536u + block, count));
        value = swap_or_not(key, epoch, count, 4u * block, sums.x, value);
        value = swap_or_not(key, epoch, count, 4u * block + 1u, sums.y, value);
        value = swap_or_not(key, epoch, count, 4u * block + 2u, sums.z, value);
        value = swap_or_not(key, epoch, count, 4u * block + 3u, sums.w, value);
    }
    return value;
}
