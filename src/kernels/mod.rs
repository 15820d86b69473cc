//! The kernels of a training step, one file each, named as the shader beside it in `shaders/`: what it binds, how many
//! threads it asks for, and its twin on the CPU. The step itself is a list of [`Call`]s that either player plays.
//!
//! The CPU's alone are [`product`] and [`transpose`], compiled for every set of vectors by [`widest`], [`Aligned`], the vectors of its
//! memory, and [`frozen`], which finds once what frozen layers make of a run's rows.

pub mod activation;
pub mod adamw;
mod aligned;
pub mod backward_input;
pub mod backward_weights;
mod buffer;
pub mod ceiling;
pub mod clip;
pub mod clock;
pub mod forward;
pub mod frozen;
pub mod gather;
pub mod layout;
pub mod learn;
pub mod loss;
pub mod memory;
pub mod norm;
mod page;
pub mod precision;
pub mod product;
pub mod tables;
pub mod tile;
pub mod transpose;
pub mod triad;
pub mod widest;

pub use aligned::Aligned;
pub use buffer::{Access, Buffer};
pub use memory::{Memory, Prepared, Real};
pub use tables::Tables;

use crate::run::Training;

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
    /// dW and db of a layer, and its update in one: instead of [`Call::BackwardWeights`] and [`Call::Adamw`].
    Learn(usize),
    /// The squares of the gradients, block by block; only of runs that ask for their norm.
    Norm,
    /// The norm of the gradients, and what they are scaled with; only of runs that ask for it.
    Clip,
    /// Updates the parameters, keeps the best.
    Adamw,
}

/// The step of a shoal whose deepest network has `layers` layers, however many runs there are: what runs that learn layer by layer
/// play and what others do. A call that serves no run is not dispatched, so 3 layers + 2 dispatches are left where all learn layer
/// by layer, and 3 layers + 3 where none does and none clips its gradients.
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
        calls.push(Call::Learn(layer));
    }
    calls.extend([Call::Norm, Call::Clip, Call::Adamw]);
    calls
}

/// The step of one run of so many layers, which [learns layer by layer](learn::suits) or not.
pub fn step(layers: usize, learns: bool) -> Vec<Call> {
    let mut calls = calls(layers);
    calls.retain(|call| call.belongs(learns));
    calls
}

/// Dispatches of a step of runs of at most so many layers that are trained like these, under a tile set.
pub fn dispatches<'a>(
    layers: usize,
    trainings: impl Iterator<Item = &'a Training>,
    set: &tile::TileSet,
) -> usize {
    let (mut learn, mut store, mut clip) = (false, false, false);
    for training in trainings {
        let learns = set.learns(training);
        (learn, store) = (learn || learns, store || !learns);
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
    &learn::KERNEL,
    &norm::KERNEL,
    &clip::KERNEL,
    &adamw::KERNEL,
];

impl Call {
    /// Whether a run plays it that learns layer by layer, or that does not.
    pub fn belongs(self, learns: bool) -> bool {
        match self {
            Call::Learn(_) => learns,
            Call::BackwardWeights(_) | Call::Norm | Call::Clip | Call::Adamw => !learns,
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
            Call::Learn(_) => &learn::KERNEL,
            Call::Norm => &norm::KERNEL,
            Call::Clip => &clip::KERNEL,
            Call::Adamw => &adamw::KERNEL,
        }
    }

    /// The layer of a run that is meant: its own where a call names one, the last for the loss.
    pub fn layer(self, run: &Prepared) -> usize {
        match self {
            Call::Forward(layer)
            | Call::BackwardWeights(layer)
            | Call::BackwardInput(layer)
            | Call::Learn(layer) => layer,
            _ => run.network.layers().len() - 1,
        }
    }

    /// The tiles (i, j) that serve one run; none where the run has no such layer, it is frozen, or the run does not play the call.
    pub fn tiles(self, run: &Prepared, set: &tile::TileSet) -> tile::Grid {
        if !self.belongs(set.learns(&run.training)) {
            return tile::Grid::EMPTY;
        }
        let layers = run.network.layers();
        let trained = run.network.first_trained();
        match self {
            Call::Clock => clock::tiles(),
            Call::Gather => gather::tiles(run),
            Call::Forward(layer) if layer < layers.len() => forward::tiles(run, layer, set),
            Call::Loss => loss::tiles(run),
            Call::BackwardWeights(layer) | Call::Learn(layer)
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

    /// What tells how long a tile of a run takes beside one of another run: the terms of its sums, where it has sums.
    pub fn terms(self, run: &Prepared) -> usize {
        let layer = run.network.layers()[self.layer(run)];
        match self {
            Call::Forward(_) => layer.inputs,
            Call::BackwardInput(_) => layer.outputs,
            Call::BackwardWeights(_) | Call::Learn(_) => run.training.batch,
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
    pub fn twin<F: Real>(self, run: &Prepared, memory: &mut Memory<F>) {
        let layers = run.network.layers();
        let trained = run.network.first_trained();
        match self {
            Call::Clock => clock::twin(run, &mut memory.state),
            Call::Gather => gather::twin(run, memory),
            // gather brought what they make of the batch
            Call::Forward(layer) if layer < trained && !memory.features.is_empty() => {}
            Call::Forward(layer) if layer < layers.len() => forward::twin(run, layer, memory),
            Call::Loss => loss::twin(run, memory),
            Call::BackwardWeights(layer) if (trained..layers.len()).contains(&layer) => {
                backward_weights::twin(run, layer, memory);
            }
            Call::BackwardInput(layer) if (trained + 1..layers.len()).contains(&layer) => {
                backward_input::twin(run, layer, memory);
            }
            Call::Learn(layer) if (trained..layers.len()).contains(&layer) => {
                learn::twin(run, layer, memory);
            }
            Call::Norm => norm::twin(run, memory),
            Call::Clip => clip::twin(run, memory),
            Call::Adamw => adamw::twin(run, memory),
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
