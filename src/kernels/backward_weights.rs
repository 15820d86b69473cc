//! Gradient of one layer's weights and bias. See `shaders/backward_weights.wgsl`.

use super::layout::{LANES, NARROW_GROUPS, TILE_UNITS, phase};
use super::product::{Shape, product};
use super::tile::{Grid, ProductTile, TileSet};
use super::{Access, Buffer, Kernel, Memory, Prepared, Real, page, precision};
use crate::run::Precision;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "backward_weights",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::quads(set),
            page::lanes(set),
            page::packed(set),
            include_str!("../../shaders/backward_weights.wgsl"),
            match set.products {
                ProductTile::Gpu => include_str!("../../shaders/backward_weights_gpu.wgsl"),
                ProductTile::Software => {
                    include_str!("../../shaders/backward_weights_software.wgsl")
                }
            },
        ]
    },
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::ReadWrite),
        (Buffer::Tiles, Access::Read),
        (Buffer::Layers, Access::Read),
        (Buffer::Work, Access::Read),
        (Buffer::Gradients, Access::ReadWrite),
    ],
    constants: |set| {
        vec![
            ("PRODUCT_THREADS", f64::from(set.product_threads)),
            ("THREAD_INPUTS", (set.products.rows() / 4) as f64),
        ]
    },
};

/// i: inputs, for each product thread; j: units. Where a thread holds all units, the lanes too take inputs.
pub fn tiles(run: &Prepared, layer: usize, set: &TileSet) -> Grid {
    let shape = run.network.layers()[layer];
    let block = set.products.rows() * set.product_threads as usize;
    if shape.outputs.div_ceil(4) <= NARROW_GROUPS {
        return Grid::new(shape.inputs.div_ceil(block * LANES), 1);
    }
    Grid::new(
        shape.inputs.div_ceil(block),
        shape.outputs.div_ceil(TILE_UNITS),
    )
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
    let (rows, stride) = (run.layout.stride, place.stride);
    let delta = &memory.work[at.delta..][..rows * stride];
    let gradients = &mut memory.gradients[place.weights..place.bias + stride];
    let (weights, bias) = gradients.split_at_mut(place.bias - place.weights);
    let input = Shape::by_rows(rows, shape.inputs, shape.inputs.next_multiple_of(4));
    product(
        (weights, Shape::by_rows(shape.inputs, stride, stride)),
        (&memory.work[at.input..], input.transposed()),
        (delta, Shape::by_rows(rows, stride, stride)),
    );
    bias.fill(F::zero());
    for row in delta.chunks_exact(stride) {
        bias.iter_mut()
            .zip(row)
            .for_each(|(bias, delta)| *bias += *delta);
    }
    if run.precision() == Precision::F16 {
        precision::round(Precision::F16, gradients);
        if gradients.iter().any(|gradient| !gradient.is_finite()) {
            memory.state.overflow = 1;
        }
    }
}
