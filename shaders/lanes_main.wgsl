// Kernels whose workgroups are eight lanes, each with its own part of a tile.

#import layout
#import tile_main

const THREADS: u32 = LANES;
