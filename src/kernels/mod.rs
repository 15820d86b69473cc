//! The kernels of a training step, one file each, named as the shader beside it in `shaders/`: what it binds, how many
//! threads it asks for, and its twin on the CPU. The step itself is a list of [`Call`]s that either player plays.

pub mod activation;
pub mod adamw;
pub mod backward_input;
pub mod backward_weights;
pub mod ceiling;
pub mod clock;
pub mod forward;
pub mod gather;
pub mod layout;
pub mod loss;
pub mod memory;
pub mod product;
pub mod tile;
pub mod widest;

pub use memory::{Memory, Prepared, Real};

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
    /// Updates the parameters, keeps the best.
    Adamw,
}

/// The step of a shoal whose deepest network has `layers` layers. Its length, 3 layers + 3, does not depend on how many
/// runs there are.
pub fn step(layers: usize) -> Vec<Call> {
    let mut calls = vec![Call::Clock, Call::Gather];
    calls.extend((0..layers).map(Call::Forward));
    calls.push(Call::Loss);
    for layer in (0..layers).rev() {
        calls.push(Call::BackwardWeights(layer));
        if layer > 0 {
            calls.push(Call::BackwardInput(layer));
        }
    }
    calls.push(Call::Adamw);
    calls
}

/// A buffer of the device; a kernel binds some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Buffer {
    /// `array<Run>`
    Runs,
    /// `array<Layer>`
    Layers,
    /// `array<State>`
    States,
    /// `array<Tile>`
    Tiles,
    /// `array<u32>`: each run's row numbers
    Rows,
    /// `array<f32>`: the tables
    Data,
    /// `array<Quad>`
    Parameters,
    /// `array<Quad>`
    Gradients,
    /// `array<Quad>`
    Moments,
    /// `array<Quad>`
    Best,
    /// `array<Quad>`
    Work,
}

impl Buffer {
    /// Every buffer.
    pub const ALL: [Buffer; 11] = [
        Buffer::Runs,
        Buffer::Layers,
        Buffer::States,
        Buffer::Tiles,
        Buffer::Rows,
        Buffer::Data,
        Buffer::Parameters,
        Buffer::Gradients,
        Buffer::Moments,
        Buffer::Best,
        Buffer::Work,
    ];

    /// The name of its variable in every shader.
    pub fn name(self) -> &'static str {
        match self {
            Buffer::Runs => "runs",
            Buffer::Layers => "layers",
            Buffer::States => "states",
            Buffer::Tiles => "tiles",
            Buffer::Rows => "rows",
            Buffer::Data => "data",
            Buffer::Parameters => "parameters",
            Buffer::Gradients => "gradients",
            Buffer::Moments => "moments",
            Buffer::Best => "best",
            Buffer::Work => "work",
        }
    }
}

/// What a kernel does with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only reads it.
    Read,
    /// Writes it, and may read it.
    ReadWrite,
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

/// The pages that shaders share.
mod page {
    use super::tile::{Quads, TileSet};

    pub const LAYOUT: &str = include_str!("../../shaders/layout.wgsl");
    pub const RANDOM: &str = include_str!("../../shaders/random.wgsl");
    pub const ACTIVATION: &str = include_str!("../../shaders/activation.wgsl");

    pub fn quads(set: &TileSet) -> &'static str {
        match set.quads {
            Quads::Plain => include_str!("../../shaders/quad_plain.wgsl"),
            Quads::Pairs => include_str!("../../shaders/quad_pairs.wgsl"),
        }
    }
}

/// Every kernel, in the order in which a step first calls them.
pub static ALL: [&Kernel; 7] = [
    &clock::KERNEL,
    &gather::KERNEL,
    &forward::KERNEL,
    &loss::KERNEL,
    &backward_weights::KERNEL,
    &backward_input::KERNEL,
    &adamw::KERNEL,
];

impl Call {
    /// The kernel that is called.
    pub fn kernel(self) -> &'static Kernel {
        match self {
            Call::Clock => &clock::KERNEL,
            Call::Gather => &gather::KERNEL,
            Call::Forward(_) => &forward::KERNEL,
            Call::Loss => &loss::KERNEL,
            Call::BackwardWeights(_) => &backward_weights::KERNEL,
            Call::BackwardInput(_) => &backward_input::KERNEL,
            Call::Adamw => &adamw::KERNEL,
        }
    }

    /// The layer of a run that is meant: its own where a call names one, the last for the loss.
    pub fn layer(self, run: &Prepared) -> usize {
        match self {
            Call::Forward(layer) | Call::BackwardWeights(layer) | Call::BackwardInput(layer) => {
                layer
            }
            _ => run.network.layers().len() - 1,
        }
    }

    /// The tiles (i, j) that serve one run; none where the run has no such layer, or it is frozen.
    pub fn tiles(self, run: &Prepared, set: &tile::TileSet) -> tile::Grid {
        let layers = run.network.layers();
        let trained = run.network.first_trained();
        match self {
            Call::Clock => clock::tiles(),
            Call::Gather => gather::tiles(run),
            Call::Forward(layer) if layer < layers.len() => forward::tiles(run, layer, set),
            Call::Loss => loss::tiles(run),
            Call::BackwardWeights(layer) if (trained..layers.len()).contains(&layer) => {
                backward_weights::tiles(run, layer, set)
            }
            Call::BackwardInput(layer) if (trained + 1..layers.len()).contains(&layer) => {
                backward_input::tiles(run, layer, set)
            }
            Call::Adamw => adamw::tiles(run, set),
            _ => tile::Grid::EMPTY,
        }
    }

    /// The same on the CPU: one run, in its own memory.
    pub fn twin<F: Real>(self, run: &Prepared, memory: &mut Memory<F>) {
        let layers = run.network.layers();
        let trained = run.network.first_trained();
        match self {
            Call::Clock => clock::twin(run, &mut memory.state),
            Call::Gather => gather::twin(run, memory),
            Call::Forward(layer) if layer < layers.len() => forward::twin(run, layer, memory),
            Call::Loss => loss::twin(run, memory),
            Call::BackwardWeights(layer) if (trained..layers.len()).contains(&layer) => {
                backward_weights::twin(run, layer, memory);
            }
            Call::BackwardInput(layer) if (trained + 1..layers.len()).contains(&layer) => {
                backward_input::twin(run, layer, memory);
            }
            Call::Adamw => adamw::twin(run, memory),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_three_calls_a_layer_and_three_more() {
        for layers in 1..=14 {
            assert_eq!(step(layers).len(), 3 * layers + 3);
        }
    }
}
