//! Gradient at the layer below. See `shaders/backward_input*.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape, product};
use crate::engine::cpu::transpose::transpose;
use crate::engine::layout::{TILE_UNITS, phase};
use crate::engine::memory::{Memory, PreparedRun, Real};
use crate::engine::ops::{Kernel, activation};
use crate::engine::run::Precision;
use crate::engine::tile::{Grid, ProductTile, TileSet};
use crate::engine::{page, precision};

/// The shaders and their bindings.
pub static KERNEL: Kernel = Kernel {
    name: "backward_input",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::vec4_page(set),
            page::lanes(set),
            page::packed(set),
            page::RANDOM,
            page::ACTIVATION,
            include_str!("../../../../shaders/dense_backward_input.wgsl"),
            match set.products {
                ProductTile::Gpu => {
                    include_str!("../../../../shaders/dense_backward_input_gpu.wgsl")
                }
                ProductTile::Software => {
                    include_str!("../../../../shaders/dense_backward_input_software.wgsl")
                }
            },
        ]
    },
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Layers, Access::Read),
        (Buffer::Weights, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |set| vec![("PRODUCT_THREADS", f64::from(set.product_threads))],
};

/// i: examples; j: 64 units below for each product thread.
pub fn tiles(run: &PreparedRun, layer: usize, set: &TileSet) -> Grid {
    let units = run.network.layers()[layer].inputs;
    set.blocks(run.layout.stride, units, TILE_UNITS)
}

/// Fills delta of the layer below `layer`.
pub fn reference<F: Real>(run: &PreparedRun, layer: usize, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (shape, place) = (run.network.layers()[layer], run.places[layer]);
    let (at, below) = (run.layout.layers[layer], run.layout.layers[layer - 1]);
    let activation = run.network.layers()[layer - 1].activation;
    let (rows, stride) = (run.rows(&memory.state), run.places[layer - 1].stride);
    // what is written lies before the delta that is read, after the z that is read
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let (z, below_delta) = before.split_at_mut(below.delta);
    let below_delta = &mut below_delta[..rows * stride];

    let weights = match run.precision() {
        Precision::F32 => &memory.parameters,
        Precision::F16 => &memory.weights,
    };
    // unit by unit the product finds the weights in rows, and the batch, which is small beside
    // them, is copied instead
    let (delta_by_unit, by_unit) = memory.scratch.split_at_mut(place.stride * rows);
    transpose(place.stride, &delta[..rows * place.stride], delta_by_unit);
    let by_unit = &mut by_unit[..stride * rows];
    product(
        (&mut *by_unit, Shape::by_rows(shape.inputs, rows, rows)),
        (
            &weights[place.weights..place.bias],
            Shape::by_rows(shape.inputs, shape.outputs, place.stride),
        ),
        (&*delta_by_unit, Shape::by_rows(shape.outputs, rows, rows)),
    );
    by_unit[shape.inputs * rows..].fill(F::zero());
    transpose(rows, by_unit, below_delta);
    // the sums lie in storage before they meet the derivative
    precision::round(run.precision(), below_delta);
    let z = &z[below.sum..][..below_delta.len()];
    activation::times_derivative(activation, z, below_delta);
    if run.drop_threshold(layer - 1) > 0 {
        activation::times_mask(run, memory.state.steps, layer - 1, below_delta);
    }
    precision::round(run.precision(), below_delta);
}
