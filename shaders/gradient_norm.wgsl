// Gradient norm: sums of the squares of a run's gradients, one block of vec4s per workgroup. See
// norm_block.wgsl.

#import layout
#import packed_{packed}
#import norm_block

@group(0) @binding(0) var<storage, read> runs: array<Run>;        // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;    // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;      // (tiles); i: block
@group(0) @binding(3) var<storage, read> gradients: array<Packed>;  // g, shape (vec4s)
// writes squares, shape (blocks)
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(0) @binding(5) var<storage, read> nodes: array<Node>;      // (nodes of all runs)
@group(1) @binding(0) var<uniform> call: Call;

fn gradient_at(at: u32) -> vec4f {
    return unpack(gradients[at]);
}

@compute @workgroup_size(NORM_THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) grid: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let index = group_index(group, grid);
    let tile = tiles[call.first + min(index, call.count - 1u)];
    serve_norm(tile.run, tile.i, index < call.count, thread);
}
