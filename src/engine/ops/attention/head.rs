//! One head of an attention on the CPU.

use std::ops::Range;

use crate::engine::activation::Dropout;
use crate::engine::cpu::product::{Shape as Matrix, product};
use crate::engine::graph::NodeId;
use crate::engine::layout::{State, phase};
use crate::engine::prepared::PreparedRun;
use crate::engine::random::pcg4d;
use crate::engine::real::Real;
use crate::engine::tile::{Grid, TileSet};

/// Largest width of a head.
pub const MOST_WIDTH: usize = 64;

/// i: blocks of items, as many as in `shaders/attention.wgsl`; j: heads.
pub(crate) fn tiles(run: &PreparedRun, node: NodeId, set: &TileSet) -> Grid {
    let heads = run.graph.nodes()[node].attributes.heads;
    let (threads, width) = (set.attention_threads as usize, run.graph.shape(node).width / heads);
    let quads = (threads / (width / 4)).min(threads / 4);
    Grid::new(run.layout.rows.items.div_ceil(4 * quads), heads)
}

/// The `override` constants.
pub(crate) fn constants(set: &TileSet) -> Vec<(&'static str, f64)> {
    vec![
        ("ATTENTION_THREADS", f64::from(set.attention_threads)),
        ("ATTENTION_TILE", f64::from(set.attention_tile)),
    ]
}

/// Terms of a score and of a sum over the items.
pub(crate) fn terms(run: &PreparedRun, node: NodeId) -> usize {
    let width = run.graph.shape(node).width / run.graph.nodes()[node].attributes.heads;
    width + run.most.items.div_ceil(run.most.examples)
}

/// The dropout of the probabilities of a head in a step.
#[derive(Clone, Copy)]
pub(crate) struct Mask {
    dropout: Dropout,
    /// The seed, the step and the key of the node.
    key: [u32; 3],
    heads: usize,
    head: usize,
}

impl Mask {
    /// That of a head; `None` without dropout and outside of training.
    pub(crate) fn new<F>(
        run: &PreparedRun,
        node: NodeId,
        state: &State<F>,
        head: usize,
    ) -> Option<Self> {
        let dropout = run.inner_dropout(node);
        let drops = state.phase == phase::TRAIN && dropout.threshold > 0;
        let heads = run.graph.nodes()[node].attributes.heads;
        drops.then(|| Self { dropout, key: run.dropout_key(state.steps, node), heads, head })
    }

    /// Multiplies numbers of pairs of these items, shape (items, items), a query per row, by 0 or
    /// 1 / (1 - dropout). Four keys of a query, their numbers in the batch a multiple of four and
    /// the next ones, share a hash.
    pub(crate) fn apply<F: Real>(self, items: &Range<usize>, pairs: &mut [F]) {
        let ([seed, step, node], scale) = (self.key, F::of(self.dropout.scale));
        for (query, row) in items.clone().zip(pairs.chunks_exact_mut(items.len())) {
            for quad in items.start / 4..items.end.div_ceil(4) {
                let place = quad - items.start / 4;
                let part = node + ((place >> 8) * self.heads + self.head) as u32;
                let hash = pcg4d([seed, step, part, (query | (place & 255) << 24) as u32]);
                for (key, hash) in (4 * quad..).zip(hash).filter(|(key, _)| items.contains(key)) {
                    let kept = hash >= self.dropout.threshold;
                    row[key - items.start] *= if kept { scale } else { F::zero() };
                }
            }
        }
    }
}

/// Columns of one head of the items of an example in the matrix of q, k and v.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    /// Items.
    pub(crate) items: usize,
    /// Columns of the head.
    pub(crate) width: usize,
    /// Distance between the rows of q, k and v.
    pub(crate) stride: usize,
}

impl Head {
    /// One over the root of the width.
    pub(crate) fn scale<F: Real>(self) -> F {
        F::of(1.0 / (self.width as f64).sqrt())
    }

    /// The columns of an array with these rows, in place.
    pub(crate) fn rows(self) -> Matrix {
        Matrix::by_rows(self.items, self.width, self.stride)
    }

    /// Fills `transposed`, shape (columns, items), from the columns that start at `from`.
    pub(crate) fn transpose<F: Real>(self, from: &[F], transposed: &mut Vec<F>) {
        transposed.clear();
        transposed.extend(
            (0..self.width).flat_map(|column| {
                (0..self.items).map(move |item| from[item * self.stride + column])
            }),
        );
    }

    /// Fills `scores`, shape (items, items), with q k^T, a query per row.
    pub(crate) fn scores<F: Real>(self, q: &[F], k: &[F], keys: &mut Vec<F>, scores: &mut Vec<F>) {
        self.transpose(k, keys);
        let square = Matrix::by_rows(self.items, self.items, self.items);
        scores.resize(self.items * self.items, F::zero());
        let keys = (&keys[..], Matrix::by_rows(self.width, self.items, self.items));
        product((&mut scores[..], square), (q, self.rows()), keys);
    }
}
