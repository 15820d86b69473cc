//! One layer forward: product, bias, activation, dropout. See `shaders/forward*.wgsl`.

use super::layout::{LANES, phase};
use super::product::{Shape, product};
use super::tile::{ForwardTile, Grid, TileSet};
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, activation};

macro_rules! source {
    ($tile:literal) => {
        concat!(
            include_str!("../../shaders/layout.wgsl"),
            include_str!("../../shaders/random.wgsl"),
            include_str!("../../shaders/activation.wgsl"),
            include_str!("../../shaders/forward.wgsl"),
            include_str!($tile)
        )
    };
}

/// The shaders and their bindings.
pub static KERNEL: Kernel = Kernel {
    name: "forward",
    source: |set| match set.forward {
        ForwardTile::Gpu => source!("../../shaders/forward_gpu.wgsl"),
        ForwardTile::Software => source!("../../shaders/forward_software.wgsl"),
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

/// i: examples; j: units, for each product thread.
pub fn tiles(run: &Prepared, layer: usize, set: &TileSet) -> Grid {
    let units = run.network.layers()[layer].outputs;
    let tile_units = set.forward.units() * LANES * set.product_threads as usize;
    Grid::new(
        run.layout.stride.div_ceil(set.forward.examples()),
        units.div_ceil(tile_units),
    )
}

/// Fills z and the output of the layer.
pub fn twin<F: Real>(run: &Prepared, layer: usize, memory: &mut Memory<F>) {
    let state = memory.state;
    if state.phase == phase::DONE {
        return;
    }
    let (shape, place, at) = (
        run.network.layers()[layer],
        run.places[layer],
        run.layout.layers[layer],
    );
    let stride = run.layout.stride;
    let size = place.stride * stride;
    // z and the output lie after everything that is read, one after the other
    let (before, after) = memory.work.split_at_mut(at.sum);
    let (z, after) = after.split_at_mut(at.output - at.sum);
    let output = &mut after[..size];

    let weights = Shape::by_rows(shape.inputs, place.stride, place.stride);
    product(
        (&mut *z, Shape::by_rows(place.stride, stride, stride)),
        (
            &memory.parameters[place.weights..place.bias],
            weights.transposed(),
        ),
        (
            &before[at.input..],
            Shape::by_rows(shape.inputs, stride, stride),
        ),
    );
    let bias = &memory.parameters[place.bias..][..place.stride];
    for (row, bias) in z.chunks_exact_mut(stride).zip(bias) {
        row.iter_mut().for_each(|z| *z += *bias);
    }
    activation::activate(shape.activation, z, output);
    if state.phase == phase::TRAIN && run.drop_threshold(layer) > 0 {
        for (unit, row) in output.chunks_exact_mut(stride).enumerate() {
            activation::times_mask(run, state.steps, layer, unit, row);
        }
    }
}
