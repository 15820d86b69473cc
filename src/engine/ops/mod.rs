//! The kernels of a training step, one file each, named as the shader beside it in `shaders/`: what
//! it binds, how many threads it asks for, and its reference on the CPU. The step itself is a list
//! of [`Call`]s that either executor plays.
//!
//! The CPU's alone are [`product`] and [`transpose`], compiled for every set of vectors by
//! [`widest`], [`Aligned`], the vectors of its memory, and [`frozen`], which finds once what frozen
//! layers make of a run's rows.

pub mod activation;
pub mod dense;

use crate::engine::cpu::aligned;
use crate::engine::ops::dense::{backward_input, backward_weights, forward};
use crate::engine::optim::{adamw, clip, clock, fused_update, gradient_norm as norm};
use crate::engine::{buffer, gather, loss, memory, table as tables, tile};

pub use aligned::Aligned;
pub use buffer::{Access, Buffer};
pub use memory::{Memory, PreparedRun, Real};
pub use tables::Tables;

use crate::engine::run::Training;

/// One kernel of a step, for one layer where a kernel has layers. Layers count from the input up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Books the last step and decides what this one is.
    Clock,
    /// Brings the batch.
    Gather,
    /// z and a of a layer.
    Forward(usize),
    /// The batch's loss, and delta of the last layer.
    Loss,
    /// dW and db of a layer.
    BackwardWeights(usize),
    /// Delta of the layer below this one.
    BackwardInput(usize),
    /// dW and db of a layer, and its update in one: instead of [`Call::BackwardWeights`] and
    /// [`Call::Adamw`].
    FusedUpdate(usize),
    /// The squares of the gradients, block by block; only of runs that ask for their norm.
    Norm,
    /// The norm of the gradients, and what they are scaled with; only of runs that ask for it.
    Clip,
    /// Updates the parameters, keeps the best.
    Adamw,
}

/// The step of a shoal whose deepest network has `layers` layers, however many runs there are: what
/// runs that uses the fused update play and what others do. A call that serves no run is not
/// dispatched, so 3 layers + 2 dispatches are left where all learn layer by layer, and 3 layers + 3
/// where none does and none clips its gradients.
pub fn calls(layers: usize) -> Vec<Call> {
    let mut calls = vec![Call::Clock, Call::Gather];
    calls.extend((0..layers).map(Call::Forward));
    calls.push(Call::Loss);
    for layer in (0..layers).rev() {
        calls.push(Call::BackwardWeights(layer));
        if layer > 0 {
            calls.push(Call::BackwardInput(layer));
        }
        // from here on nothing in this step reads the layer's weights
        calls.push(Call::FusedUpdate(layer));
    }
    calls.extend([Call::Norm, Call::Clip, Call::Adamw]);
    calls
}

/// The step of one run of so many layers, which [uses the fused update](fused_update::suits) or
/// not.
pub fn step(layers: usize, fuses_update: bool) -> Vec<Call> {
    let mut calls = calls(layers);
    calls.retain(|call| call.belongs(fuses_update));
    calls
}

/// Dispatches of a step of runs of at most so many layers that are trained like these, under a tile
/// set.
pub fn dispatches<'a>(
    layers: usize,
    trainings: impl Iterator<Item = &'a Training>,
    set: &tile::TileSet,
) -> usize {
    let (mut learn, mut store, mut clip) = (false, false, false);
    for training in trainings {
        let fuses_update = set.fuses_update(training);
        (learn, store) = (learn || fuses_update, store || !fuses_update);
        clip |= training.clip_norm.is_some();
    }
    let mut calls = calls(layers);
    calls.retain(|call| match call {
        Call::Norm | Call::Clip => clip,
        _ => (learn && call.belongs(true)) || (store && call.belongs(false)),
    });
    calls.len()
}

/// A shader and what it binds: group 0 holds `bindings` in their order, group 1 the `Call`.
#[derive(Debug)]
pub struct Kernel {
    /// Its name: `shaders/<name>.wgsl`, `src/kernels/<name>.rs`.
    pub name: &'static str,
    /// The pages of its WGSL source under a tile set, those that it shares with others first.
    pub pages: fn(&tile::TileSet) -> Vec<&'static str>,
    /// Its buffers, in the order of their binding numbers.
    pub bindings: &'static [(Buffer, Access)],
    /// Its `override` constants under a tile set.
    pub constants: fn(&tile::TileSet) -> Vec<(&'static str, f64)>,
}

impl Kernel {
    /// Its whole WGSL source under a tile set.
    pub fn source(&self, set: &tile::TileSet) -> String {
        (self.pages)(set).concat()
    }
}

/// Every kernel, in the order in which a step first calls them.
pub static ALL: [&Kernel; 10] = [
    &clock::KERNEL,
    &gather::KERNEL,
    &forward::KERNEL,
    &loss::KERNEL,
    &backward_weights::KERNEL,
    &backward_input::KERNEL,
    &fused_update::KERNEL,
    &norm::KERNEL,
    &clip::KERNEL,
    &adamw::KERNEL,
];

impl Call {
    /// Whether a run plays it that uses the fused update, or that does not.
    pub fn belongs(self, fuses_update: bool) -> bool {
        match self {
            Call::FusedUpdate(_) => fuses_update,
            Call::BackwardWeights(_) | Call::Norm | Call::Clip | Call::Adamw => !fuses_update,
            _ => true,
        }
    }

    /// The kernel that is called.
    pub fn kernel(self) -> &'static Kernel {
        match self {
            Call::Clock => &clock::KERNEL,
            Call::Gather => &gather::KERNEL,
            Call::Forward(_) => &forward::KERNEL,
            Call::Loss => &loss::KERNEL,
            Call::BackwardWeights(_) => &backward_weights::KERNEL,
            Call::BackwardInput(_) => &backward_input::KERNEL,
            Call::FusedUpdate(_) => &fused_update::KERNEL,
            Call::Norm => &norm::KERNEL,
            Call::Clip => &clip::KERNEL,
            Call::Adamw => &adamw::KERNEL,
        }
    }

    /// The layer of a run that is meant: its own where a call names one, the last for the loss.
    pub fn layer(self, run: &PreparedRun) -> usize {
        match self {
            Call::Forward(layer)
            | Call::BackwardWeights(layer)
            | Call::BackwardInput(layer)
            | Call::FusedUpdate(layer) => layer,
            _ => run.network.layers().len() - 1,
        }
    }

    /// The tiles (i, j) that serve one run; none where the run has no such layer, it is frozen, or
    /// the run does not play the call.
    pub fn tiles(self, run: &PreparedRun, set: &tile::TileSet) -> tile::Grid {
        if !self.belongs(set.fuses_update(&run.training)) {
            return tile::Grid::EMPTY;
        }
        let layers = run.network.layers();
        let trained = run.network.first_trained();
        match self {
            Call::Clock => clock::tiles(),
            Call::Gather => gather::tiles(run),
            Call::Forward(layer) if layer < layers.len() => forward::tiles(run, layer, set),
            Call::Loss => loss::tiles(run),
            Call::BackwardWeights(layer) | Call::FusedUpdate(layer)
                if (trained..layers.len()).contains(&layer) =>
            {
                backward_weights::tiles(run, layer, set)
            }
            Call::BackwardInput(layer) if (trained + 1..layers.len()).contains(&layer) => {
                backward_input::tiles(run, layer, set)
            }
            Call::Norm => norm::tiles(run),
            Call::Clip => clip::tiles(run),
            Call::Adamw => adamw::tiles(run, set),
            _ => tile::Grid::EMPTY,
        }
    }

    /// What tells how long a tile of a run takes beside one of another run: the terms of its sums,
    /// where it has sums.
    pub fn terms(self, run: &PreparedRun) -> usize {
        let layer = run.network.layers()[self.layer(run)];
        match self {
            Call::Forward(_) => layer.inputs,
            Call::BackwardInput(_) => layer.outputs,
            Call::BackwardWeights(_) | Call::FusedUpdate(_) => run.training.batch,
            _ => 0,
        }
    }

    /// Tiles that one workgroup serves.
    pub fn tiles_per_group(self, set: &tile::TileSet) -> u32 {
        match self {
            Call::Clock | Call::Clip => set.clock_threads,
            _ => 1,
        }
    }

    /// The same on the CPU: one run, in its own memory.
    pub fn reference<F: Real>(self, run: &PreparedRun, memory: &mut Memory<F>) {
        let layers = run.network.layers();
        let trained = run.network.first_trained();
        match self {
            Call::Clock => clock::reference(run, &mut memory.state),
            Call::Gather => gather::reference(run, memory),
            // gather brought what they make of the batch
            Call::Forward(layer) if layer < trained && !memory.features.is_empty() => {}
            Call::Forward(layer) if layer < layers.len() => forward::reference(run, layer, memory),
            Call::Loss => loss::reference(run, memory),
            Call::BackwardWeights(layer) if (trained..layers.len()).contains(&layer) => {
                backward_weights::reference(run, layer, memory);
            }
            Call::BackwardInput(layer) if (trained + 1..layers.len()).contains(&layer) => {
                backward_input::reference(run, layer, memory);
            }
            Call::FusedUpdate(layer) if (trained..layers.len()).contains(&layer) => {
                fused_update::reference(run, layer, memory);
            }
            Call::Norm => norm::reference(run, memory),
            Call::Clip => clip::reference(run, memory),
            Call::Adamw => adamw::reference(run, memory),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_three_calls_a_layer_and_a_few_more() {
        for layers in 1..=14 {
            assert_eq!(step(layers, false).len(), 3 * layers + 5);
            assert_eq!(step(layers, true).len(), 3 * layers + 2);
        }
    }
}
