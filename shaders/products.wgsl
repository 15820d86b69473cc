// What the matrix products share: the tile of a thread, {ROWS} vec4s of rows and {UNITS} vec4s of
// units. A turn of the loop loads {TERMS} terms, then adds them. Every tile adds the terms of a sum
// one by one in the same order, so that tiles of every size give the same bits.
//
// src/engine/shader.rs writes the lines between `#each` and `#end` once for each number.

#import layout
#import sums

const ROWS: u32 = {ROWS}u;
const UNITS: u32 = {UNITS}u;
const TERMS: u32 = {TERMS}u;

override THREADS: u32;

// The first vec4 of units and the first vec4 of rows of a thread. Neighbours take neighbouring
// units of the same rows, so that narrow nodes leave no threads idle.
fn place(tile: Tile, thread: u32, unit_vec4s: u32) -> vec2u {
    let across = (unit_vec4s + UNITS - 1u) / UNITS;
    let index = tile.i * THREADS + thread;
    return vec2u(index % across * UNITS, index / across * ROWS);
}

// A term of a whole turn of the loop, and of the last turn, where there may be fewer: its number,
// and its factor, which is 0 beyond the last.
fn term0(k: u32, end: u32) -> u32 {
    return k;
}

fn term1(k: u32, end: u32) -> u32 {
    return min(k, end - 1u);
}

fn factor0(k: u32, end: u32, value: vec4f) -> vec4f {
    return value;
}

fn factor1(k: u32, end: u32, value: vec4f) -> vec4f {
    return select(vec4f(0.0), value, k < end);
}
