// The places of the examples of the next batch among the training rows of a run, which threads find
// that have nothing else to do: a permutation takes long. A kernel that imports this page binds
// `runs`.

#import layout
#import batch
#import products
#import random
#import state_workgroup

// Most examples of a batch; at most half of the threads.
override MOST_BATCH: u32;

// Of the batch of training rows that begins at `found.y` in epoch `found.x`.
var<workgroup> places: array<u32, MOST_BATCH>;
var<workgroup> found: vec2u;

// Whether the next step trains, and the epoch and the cursor of its batch if it does.
fn next_batch(run: Run) -> vec3u {
    let trains = current.phase == PHASE_TRAIN;
    let rows = select(run.validation_rows, run.training_rows, trains);
    let next = current.cursor + current.batch_rows;
    if trains {
        return vec3u(select(0u, 1u, next < rows), current.epoch, next);
    }
    return vec3u(select(1u, 0u, next < rows), current.epoch + 1u, 0u);
}

// Finds them by the last MOST_BATCH threads of a workgroup, one each: a small layer leaves them
// idle.
fn find_places(slot: u32, thread: u32) {
    let run = runs[slot];
    let batch = next_batch(run);
    if thread + MOST_BATCH < THREADS || batch.x == 0u {
        return;
    }
    let example = thread + MOST_BATCH - THREADS;
    if example < min(run.batch, run.training_rows - batch.z) {
        places[example] = permute(run.seed, batch.y, run.training_rows, batch.z + example);
    }
    if example == 0u {
        found = batch.yz;
    }
}

// The place of an example of this batch.
fn place_of(tile: Tile, example: u32) -> u32 {
    if current.phase == PHASE_TRAIN && all(found == vec2u(current.epoch, current.cursor)) {
        return places[example];
    }
    return position(tile, example);
}
