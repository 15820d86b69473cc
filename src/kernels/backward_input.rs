//! Gradient at the layer below. See `shaders/backward_input.wgsl`.

use super::layout::{TILE_EXAMPLES, TILE_UNITS, phase};
use super::product::{Shape, product};
use super::tile::{Grid, TileSet};
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, activation};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "backward_input",
    source: |_| {
        concat!(
            include_str!("../../shaders/layout.wgsl"),
            include_str!("../../shaders/random.wgsl"),
            include_str!("../../shaders/activation.wgsl"),
            include_str!("../../shaders/backward_input.wgsl")
        )
    },
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Layers, Access::Read),
        (Buffer::Parameters, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("PRODUCT_THREADS", f64::from(set.product_threads))],
};

/// i: 16 examples each; j: 64 units below for each product thread.
pub fn tiles(run: &Prepared, layer: usize, set: &TileSet) -> Grid {
    let units = run.network.layers()[layer].inputs;
    Grid::new(
        run.layout.stride.div_ceil(TILE_EXAMPLES),
        units.div_ceil(TILE_UNITS * set.product_threads as usize),
    )
}

/// Fills delta of the layer below `layer`.
pub fn twin<F: Real>(run: &Prepared, layer: usize, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (shape, place) = (run.network.layers()[layer], run.places[layer]);
    let (at, below) = (run.layout.layers[layer], run.layout.layers[layer - 1]);
    let activation = run.network.layers()[layer - 1].activation;
    let stride = run.layout.stride;
    let size = run.places[layer - 1].stride * stride;
    // what is written lies before the delta that is read, after the z that is read
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let (z, below_delta) = before.split_at_mut(below.delta);
    let (filled, padding) = below_delta[..size].split_at_mut(shape.inputs * stride);

    product(
        (&mut *filled, Shape::by_rows(shape.inputs, stride, stride)),
        (
            &memory.parameters[place.weights..place.bias],
            Shape::by_rows(shape.inputs, place.stride, place.stride),
        ),
        (&*delta, Shape::by_rows(place.stride, stride, stride)),
    );
    padding.fill(F::zero());
    let z = &z[below.sum..][..filled.len()];
    activation::times_derivative(activation, z, filled);
    if run.drop_threshold(layer - 1) > 0 {
        for (unit, row) in filled.chunks_exact_mut(stride).enumerate() {
            activation::times_mask(run, memory.state.steps, layer - 1, unit, row);
        }
    }
}
