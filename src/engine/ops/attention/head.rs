//! One head of an attention on the CPU.

use std::ops::Range;

use crate::engine::cpu::product::{Shape as Matrix, product};
use crate::engine::cpu::sums::LANES as LANES_OF_SUMS;
use crate::engine::cpu::transpose::transpose_part;
use crate::engine::dropout::Dropout;
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

    /// Multiplies numbers of pairs of these items, a key per row, rows `stride` apart, by 0 or
    /// 1 / (1 - dropout). Four keys of a query, their numbers in the batch a multiple of four and
    /// the next ones, share a hash.
    pub(crate) fn apply<F: Real>(self, items: &Range<usize>, stride: usize, pairs: &mut [F]) {
        let ([seed, step, node], scale) = (self.key, F::of(self.dropout.scale));
        for query in items.clone() {
            for quad in items.start / 4..items.end.div_ceil(4) {
                let place = quad - items.start / 4;
                let part = node + ((place >> 8) * self.heads + self.head) as u32;
                let hash = pcg4d([seed, step, part, (query | (place & 255) << 24) as u32]);
                for (key, hash) in (4 * quad..).zip(hash).filter(|(key, _)| items.contains(key)) {
                    let kept = hash >= self.dropout.threshold;
                    let place = (key - items.start) * stride + query - items.start;
                    pairs[place] *= if kept { scale } else { F::zero() };
                }
            }
        }
    }
}

/// The items of an example in the matrix of q, k and v on the CPU, and its heads.
///
/// Scores are stored a key per row, so that a vector has the scores of many queries: sums over keys
/// are sums of vectors.
#[derive(Clone, Copy)]
pub(crate) struct Items {
    /// Items.
    pub(crate) count: usize,
    /// Heads.
    pub(crate) heads: usize,
    /// Columns of a head.
    pub(crate) width: usize,
}

impl Items {
    /// The items of an example with the columns of this node.
    pub(crate) fn new(run: &PreparedRun, node: NodeId, count: usize) -> Self {
        let heads = run.graph.nodes()[node].attributes.heads;
        Self { count, heads, width: run.graph.shape(node).width / heads }
    }

    /// One over the root of the width.
    pub(crate) fn scale<F: Real>(self) -> F {
        F::of(1.0 / (self.width as f64).sqrt())
    }

    /// Distance between the rows of q, k and v.
    pub(crate) fn stride(self) -> usize {
        3 * self.heads * self.width
    }

    /// Distance between the rows of scores: the queries in whole vectors.
    pub(crate) fn queries(self) -> usize {
        self.count.next_multiple_of(LANES_OF_SUMS)
    }

    /// The columns of a head in an array with this distance between rows.
    pub(crate) fn rows(self, stride: usize) -> Matrix {
        Matrix::by_rows(self.count, self.width, stride)
    }

    /// The scores, a key per row.
    pub(crate) fn by_key(self) -> Matrix {
        Matrix::by_rows(self.count, self.count, self.queries())
    }

    /// Fills `transposed`, shape (heads * width, queries), from rows that are `stride` apart.
    /// Beyond the last item it is 0.
    pub(crate) fn transpose<F: Real>(self, from: &[F], stride: usize, transposed: &mut Vec<F>) {
        let (columns, queries) = (self.heads * self.width, self.queries());
        transposed.clear();
        transposed.resize(columns * queries, F::zero());
        transpose_part([self.count, columns], (from, stride), (transposed, queries));
    }

    /// The products of the rows of a head, `stride` apart, with every column of a transposed
    /// matrix: fills `products`, shape (items, queries).
    pub(crate) fn products<F: Real>(
        self,
        head: usize,
        (rows, stride): (&[F], usize),
        transposed: &[F],
        products: &mut Vec<F>,
    ) {
        let queries = self.queries();
        products.resize(self.count * queries, F::zero());
        product(
            (&mut products[..], Matrix::by_rows(self.count, queries, queries)),
            (rows, self.rows(stride)),
            (
                &transposed[head * self.width * queries..],
                Matrix::by_rows(self.width, queries, queries),
            ),
        );
    }
}
