// Gathers the edges of this step's batch: the items at both ends of each (see index.wgsl). Edges
// beyond the last one of a vec4 get 0. Each lane serves four edges.

#import layout
#import lanes_main
#import packed_{packed}
#import index

@group(0) @binding(0) var<storage, read> runs: array<Run>;          // (runs)
@group(0) @binding(1) var<storage, read> states: array<State>;      // (runs)
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;  // (tiles); i: 8 lanes of edges
@group(0) @binding(3) var<storage, read> data: array<Datum>;        // all tables
// writes `centres` and `edge_neighbours`
@group(0) @binding(4) var<storage, read_write> work: array<Packed>;
@group(1) @binding(0) var<uniform> call: Call;

fn serve(tile: Tile, thread: u32) {
    let run = runs[tile.run];
    let edges = tile.i * LANES + thread;
    let present = states[tile.run].batch_edges;
    if states[tile.run].phase == PHASE_DONE || 4u * edges >= present {
        return;
    }
    let batch = states[tile.run].batch_rows;
    var centres = vec4u(0u);
    var neighbours = vec4u(0u);
    for (var i = 0u; i < 4u; i++) {
        let edge = 4u * edges + i;
        if edge < present {
            let example = example_of(run.first_edges, batch, edge);
            let first = integer(run.first_items, example);
            let count = integer(run.first_items, example + 1u) - first;
            let degree = min(run.neighbours, count - 1u);
            let local = edge - integer(run.first_edges, example);
            let centre = local / degree;
            let item = data[run.table_offsets + integer(run.table_rows, example)] + centre;
            let place = run.table_lists + item * run.neighbours + local % degree;
            let here = vec4u(0u, 1u, 2u, 3u) == vec4u(i);
            centres = select(centres, vec4u(first + centre), here);
            neighbours = select(neighbours, vec4u(first + data[place]), here);
        }
    }
    put_integers(run.centres, edges, centres);
    put_integers(run.edge_neighbours, edges, neighbours);
}
