//! Gradient of one layer's weights and bias. See `shaders/dense_backward_weights.wgsl`.

use std::ops::Range;

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape, product};
use crate::engine::cpu::vectors::widest;
use crate::engine::layout::{LANES, NARROW_VEC4S, TILE_UNITS, phase};
use crate::engine::memory::{Memory, PreparedRun, Real};
use crate::engine::ops::Kernel;
use crate::engine::run::Precision;
use crate::engine::tile::{Grid, TileSet};
use crate::engine::{page, precision};

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "backward_weights",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::vec4_page(set),
            page::lanes(set),
            page::packed(set),
            page::weights_tile(set),
            include_str!("../../../../shaders/dense_backward_weights.wgsl"),
        ]
    },
    bindings: &[
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

/// i: inputs, for each product thread; j: units. Where a thread holds all units, the lanes too take
/// inputs.
pub fn tiles(run: &PreparedRun, layer: usize, set: &TileSet) -> Grid {
    let shape = run.network.layers()[layer];
    let block = set.products.rows() * set.product_threads as usize;
    if shape.outputs.div_ceil(4) <= NARROW_VEC4S {
        return Grid::new(shape.inputs.div_ceil(block * LANES), 1);
    }
    Grid::new(shape.inputs.div_ceil(block), shape.outputs.div_ceil(TILE_UNITS))
}

/// Fills the layer's gradients.
pub fn reference<F: Real>(run: &PreparedRun, layer: usize, memory: &mut Memory<F>) {
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let place = run.places[layer];
    let gradients = &mut memory.gradients[place.weights..place.bias + place.stride];
    let (of_weights, of_bias) = gradients.split_at_mut(place.bias - place.weights);
    let inputs = 0..run.network.layers()[layer].inputs;
    let batch = (memory.state.batch_rows as usize, &memory.work[..]);
    weights(run, layer, inputs, batch, of_weights);
    bias(run, layer, batch, of_bias);
    if run.precision() == Precision::F16 {
        precision::round(Precision::F16, gradients);
        if gradients.iter().any(|gradient| !gradient.is_finite()) {
            memory.state.overflow = 1;
        }
    }
}

/// Gradients of the weights of some inputs, shape (inputs, units), of so many examples.
pub(crate) fn weights<F: Real>(
    run: &PreparedRun,
    layer: usize,
    inputs: Range<usize>,
    (present, work): (usize, &[F]),
    gradients: &mut [F],
) {
    let (stride, at) = (run.places[layer].stride, run.layout.layers[layer]);
    let input_stride = run.network.layers()[layer].inputs.next_multiple_of(4);
    let input = Shape::by_rows(present, inputs.len(), input_stride);
    product(
        (gradients, Shape::by_rows(inputs.len(), stride, stride)),
        (&work[at.input + inputs.start..], input.transposed()),
        (&work[at.delta..], Shape::by_rows(present, stride, stride)),
    );
}

/// Gradients of the bias, shape (units).
pub(crate) fn bias<F: Real>(
    run: &PreparedRun,
    layer: usize,
    (present, work): (usize, &[F]),
    gradients: &mut [F],
) {
    let delta = &work[run.layout.layers[layer].delta..][..present * gradients.len()];
    sum_rows(delta, gradients);
}

widest! {
    fn sum_rows<F: Real>(matrix: &[F], sums: &mut [F]) {
        sums.fill(F::zero());
        for row in matrix.chunks_exact(sums.len()) {
            for (sum, number) in sums.iter_mut().zip(row) {
                *sum += *number;
            }
        }
    }
}
