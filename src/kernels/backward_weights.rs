//! Gradient of one layer's weights and bias. See `shaders/backward_weights.wgsl`.

use super::layout::{TILE_INPUTS, TILE_UNITS, phase};
use super::product::{Shape, product};
use super::tile::{Grid, TileSet};
use super::{Access, Buffer, Kernel, Memory, Prepared, Real};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "backward_weights",
    source: |_| {
        concat!(
            include_str!("../../shaders/layout.wgsl"),
            include_str!("../../shaders/backward_weights.wgsl")
        )
    },
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Layers, Access::Read),
        (Buffer::Work, Access::Read),
        (Buffer::Gradients, Access::ReadWrite),
    ],
    constants: |set| vec![("PRODUCT_THREADS", f64::from(set.product_threads))],
};

/// i: 16 inputs for each product thread; j: 64 units each.
pub fn tiles(run: &Prepared, layer: usize, set: &TileSet) -> Grid {
    let shape = run.network.layers()[layer];
    let inputs = shape
        .inputs
        .div_ceil(TILE_INPUTS * set.product_threads as usize);
    Grid::new(inputs, shape.outputs.div_ceil(TILE_UNITS))
}

/// Fills the layer's gradients.
pub fn twin<F: Real>(run: &Prepared, layer: usize, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (shape, place, at) = (
        run.network.layers()[layer],
        run.places[layer],
        run.layout.layers[layer],
    );
    let stride = run.layout.stride;
    let delta = &memory.work[at.delta..][..place.stride * stride];
    let (weights, bias) = memory.gradients[place.weights..]
        [..place.bias - place.weights + place.stride]
        .split_at_mut(place.bias - place.weights);
    product(
        (
            weights,
            Shape::by_rows(shape.inputs, place.stride, place.stride),
        ),
        (
            &memory.work[at.input..],
            Shape::by_rows(shape.inputs, stride, stride),
        ),
        (
            delta,
            Shape::by_rows(place.stride, stride, stride).transposed(),
        ),
    );
    for (bias, row) in bias.iter_mut().zip(delta.chunks_exact(stride)) {
        *bias = row.iter().fold(F::zero(), |sum, delta| sum + *delta);
    }
}
