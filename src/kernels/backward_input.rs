//! Gradient at the layer below. See `shaders/backward_input*.wgsl`.

use super::layout::{TILE_UNITS, phase};
use super::product::{Shape, product};
use super::tile::{Grid, ProductTile, TileSet};
use super::widest::widest;
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, activation, page, precision};
use crate::run::Precision;

/// The shaders and their bindings.
pub static KERNEL: Kernel = Kernel {
    name: "backward_input",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::quads(set),
            page::lanes(set),
            page::packed(set),
            page::RANDOM,
            page::ACTIVATION,
            include_str!("../../shaders/backward_input.wgsl"),
            match set.products {
                ProductTile::Gpu => include_str!("../../shaders/backward_input_gpu.wgsl"),
                ProductTile::Software => include_str!("../../shaders/backward_input_software.wgsl"),
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
pub fn tiles(run: &Prepared, layer: usize, set: &TileSet) -> Grid {
    let units = run.network.layers()[layer].inputs;
    Grid::new(
        run.layout.stride.div_ceil(set.products.rows()),
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
    let (rows, stride) = (run.layout.stride, run.places[layer - 1].stride);
    // what is written lies before the delta that is read, after the z that is read
    let (before, delta) = memory.work.split_at_mut(at.delta);
    let (z, below_delta) = before.split_at_mut(below.delta);
    let below_delta = &mut below_delta[..rows * stride];

    let weights = match run.precision() {
        Precision::F32 => &memory.parameters,
        Precision::F16 => &memory.weights,
    };
    // unit by unit the product finds the weights in rows, and need not copy them; the batch is small beside them
    let by_unit = &mut memory.scratch[..shape.inputs * rows];
    product(
        (&mut *by_unit, Shape::by_rows(shape.inputs, rows, rows)),
        (
            &weights[place.weights..place.bias],
            Shape::by_rows(shape.inputs, place.stride, place.stride),
        ),
        (
            &*delta,
            Shape::by_rows(rows, place.stride, place.stride).transposed(),
        ),
    );
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

widest! {
    /// From rows of `width` numbers to columns; zeros in the columns beyond.
    fn transpose<F: Real>(width: usize, from: &[F], to: &mut [F]) {
        let stride = to.len() / width;
        let count = from.len() / width;
        for (row, to) in to.chunks_exact_mut(stride).enumerate() {
            for (to, from) in to.iter_mut().zip(from[row..].iter().step_by(width)) {
                *to = *from;
            }
            to[count..].fill(F::zero());
        }
    }
}
