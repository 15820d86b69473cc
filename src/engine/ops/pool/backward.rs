//! The gradient at the items of each example. See `shaders/pool_backward.wgsl`.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::{NodeId, Reduction};
use crate::engine::kernel::{Kernel, Update, no_terms, one_tile, reference};
use crate::engine::layout::{LANES, phase};
use crate::engine::memory::Memory;
use crate::engine::ops::contribute::{self, give};
use crate::engine::ops::sets::{ranges, whole};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::shape::{Rows, padded};
use crate::engine::tile::Grid;

/// The shader and its bindings.
pub static KERNEL: Kernel = Kernel {
    name: "pool_backward",
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    constants: |_| Vec::new(),
    update: Update::Any,
    serves: |graph, _, node| graph.contribution(node, 0).is_some(),
    // i: 32 items; j: columns, in vec4s
    tiles: |run, node, _| {
        let width = run.graph.shape(node).width;
        Grid::new(run.layout.rows.items.div_ceil(4 * LANES), width.div_ceil(4))
    },
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: reference!(compute),
};

/// Fills, or adds to, delta of the node below.
pub fn compute<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    let Some(contribution) = run.graph.contribution(node, 0) else { return };
    if memory.state.phase != phase::TRAIN {
        return;
    }
    let (at, index) = (run.layout.nodes[node], run.layout.index);
    let reduction = run.graph.nodes()[node].attributes.reduction;
    let stride = padded(run.graph.shape(node).width);
    let examples = memory.present(Rows::Examples);
    let (before, firsts) = memory.work.split_at_mut(index.first_items);
    let (before, own) = before.split_at_mut(at.saved);
    let below = &mut before[run.layout.nodes[contribution.below].delta..];
    for (example, range) in ranges(firsts, examples).enumerate() {
        let delta = &own[at.delta - at.saved + example * stride..][..stride];
        let places = &own[example * stride..][..stride];
        let share = match reduction {
            Reduction::Mean => F::of(1.0 / range.len() as f64),
            _ => F::one(),
        };
        for (local, item) in range.enumerate() {
            let place = whole::<F>(local);
            let gradients = delta.iter().zip(places).map(|(delta, largest)| match reduction {
                Reduction::Max if *largest != place => F::zero(),
                _ => share * *delta,
            });
            give(contribution, gradients, &mut below[item * stride..][..stride]);
        }
    }
    contribute::finish(run, contribution, memory);
}
