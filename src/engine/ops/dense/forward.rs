//! One layer forward: product, bias, activation, dropout. See `shaders/forward*.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::cpu::product::{Shape, product};
use crate::engine::cpu::vectors::widest;
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::{Memory, PreparedRun, Real};
use crate::engine::ops::{Kernel, activation};
use crate::engine::run::Precision;
use crate::engine::tile::{Grid, ProductTile, TileSet};
use crate::engine::{page, precision};

/// The shaders and their bindings.
pub static KERNEL: Kernel = Kernel {
    name: "forward",
    pages: |set| {
        vec![
            page::LAYOUT,
            page::vec4_page(set),
            page::lanes(set),
            page::packed(set),
            page::RANDOM,
            page::ACTIVATION,
            include_str!("../../../../shaders/dense_forward.wgsl"),
            match set.products {
                ProductTile::Gpu => include_str!("../../../../shaders/dense_forward_gpu.wgsl"),
                ProductTile::Software => {
                    include_str!("../../../../shaders/dense_forward_software.wgsl")
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

/// i: examples; j: units, for each product thread.
pub fn tiles(run: &PreparedRun, layer: usize, set: &TileSet) -> Grid {
    let units = run.network.layers()[layer].outputs;
    set.blocks(run.layout.stride, units, set.products.units() * LANES)
}

/// Fills z and the output of the layer.
pub fn reference<F: Real>(run: &PreparedRun, layer: usize, memory: &mut Memory<F>) {
    let state = memory.state;
    if state.phase == phase::DONE {
        return;
    }
    let (shape, place, at) =
        (run.network.layers()[layer], run.places[layer], run.layout.layers[layer]);
    let rows = run.rows(&state);
    let size = rows * place.stride;
    // z and the output lie after everything that is read, one after the other
    let weights = match run.precision() {
        Precision::F32 => &memory.parameters,
        Precision::F16 => &memory.weights,
    };
    let (before, after) = memory.work.split_at_mut(at.sum);
    let (z, after) = after.split_at_mut(at.output - at.sum);
    let (z, output) = (&mut z[..size], &mut after[..size]);

    let input_stride = shape.inputs.next_multiple_of(4);
    product(
        (&mut *z, Shape::by_rows(rows, place.stride, place.stride)),
        (&before[at.input..], Shape::by_rows(rows, shape.inputs, input_stride)),
        (
            &weights[place.weights..place.bias],
            Shape::by_rows(shape.inputs, place.stride, place.stride),
        ),
    );
    let bias = &weights[place.bias..][..place.stride];
    add_to_rows(bias, z);
    precision::round(run.precision(), z);
    activation::activate(shape.activation, z, output);
    if state.phase == phase::TRAIN && run.drop_threshold(layer) > 0 {
        activation::times_mask(run, state.steps, layer, output);
    }
    precision::round(run.precision(), output);
}

widest! {
    fn add_to_rows<F: Real>(row: &[F], matrix: &mut [F]) {
        for numbers in matrix.chunks_exact_mut(row.len()) {
            for (number, more) in numbers.iter_mut().zip(row) {
                *number += *more;
            }
        }
    }
}
