// Rows of a batch. A kernel that imports this page binds `states`.

#import layout
#import state_{kept}

// Rows of a kind in the batch of a run.
fn present_rows(tile: Tile, kind: u32) -> u32 {
    switch kind {
        case ITEMS: { return state_of(tile.run).batch_items; }
        case EDGES: { return state_of(tile.run).batch_edges; }
        default: { return state_of(tile.run).batch_rows; }
    }
}

// The vec4s in which they are stored by unit.
fn present_vec4s(tile: Tile, kind: u32) -> u32 {
    return (present_rows(tile, kind) + 3u) / 4u;
}
