//! One head of an attention on the CPU.

use crate::engine::cpu::product::{Shape as Matrix, product};
use crate::engine::graph::NodeId;
use crate::engine::layout::LANES;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::tile::{Grid, TileSet};

/// Largest width of a head.
pub const MOST_WIDTH: usize = 64;

/// i: 32 items; j: heads.
pub(crate) fn tiles(run: &PreparedRun, node: NodeId, _set: &TileSet) -> Grid {
    let heads = run.graph.nodes()[node].attributes.heads;
    Grid::new(run.layout.rows.items.div_ceil(4 * LANES), heads)
}

/// Terms of a score and of a sum over the items.
pub(crate) fn terms(run: &PreparedRun, node: NodeId) -> usize {
    let width = run.graph.shape(node).width / run.graph.nodes()[node].attributes.heads;
    width + run.most.items.div_ceil(run.most.examples)
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
