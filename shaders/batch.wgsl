// The examples of a batch. A kernel that imports this page binds `runs` and `states`.

#import layout
#import random
#import state_{kept}

// The place of an example of the batch among the rows of its run: training rows, which each epoch
// shuffles, then validation rows.
fn position(tile: Tile, example: u32) -> u32 {
    let run = runs[tile.run];
    let place = state_of(tile.run).cursor + example;
    if state_of(tile.run).phase == PHASE_TRAIN {
        return permute(run.seed, state_of(tile.run).epoch, run.training_rows, place);
    }
    return run.training_rows + place;
}
