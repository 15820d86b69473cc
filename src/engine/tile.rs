//! Tile sets: how much of a run one workgroup computes in each kernel. There is a fixed list,
//! chosen from by name.

use crate::engine::graph::Graph;
use crate::engine::precision::Precision;
use crate::engine::run::Training;

/// How much work one workgroup does, for each kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSet {
    /// Its name in result files and on the command line.
    pub name: &'static str,
    /// Threads of the clock, one run each.
    pub clock_threads: u32,
    /// Threads that share the columns of a gathered batch.
    pub gather_threads: u32,
    /// Threads of the matrix products.
    pub product_threads: u32,
    /// What each of them computes.
    pub products: Products,
    /// Workgroups of a dispatch from which on it has the large products instead; 0: always.
    pub large_from: u32,
    /// The precision of numbers that are only multiplied and added.
    pub precision: Precision,
    /// Threads that count the items of a batch.
    pub sets_threads: u32,
    /// Threads of an attention, at least the 16 vec4s of the widest head.
    pub attention_threads: u32,
    /// Vec4s of k, and of v, that they share; at least the 64 of four rows of the widest head.
    pub attention_tile: u32,
    /// Threads of the loss of one run, a power of two.
    pub loss_threads: u32,
    /// Threads that share a block of gradients for their norm.
    pub norm_threads: u32,
    /// Whether gradient and update are one kernel for runs whose updates are independent.
    pub fused_update: bool,
    /// Whether output, loss and gradient of a last dense node with few outputs are one kernel.
    pub fused_last: bool,
    /// Whether one workgroup executes whole steps of the runs that fit.
    pub resident: bool,
    /// Threads of an AdamW tile.
    pub adamw_threads: u32,
    /// Pairs of vec4s that each of them updates.
    pub adamw_repeats: u32,
}

/// The products of a dispatch are large where it has many workgroups, else small.
pub const HARDWARE: TileSet = TileSet {
    name: "hardware",
    clock_threads: 64,
    gather_threads: 16,
    product_threads: 32,
    products: SMALL_PRODUCTS,
    // a discrete GPU has 100 to 600 places for 32 threads, and needs several workgroups in each
    large_from: 1024,
    precision: Precision::F32,
    sets_threads: 64,
    attention_threads: 64,
    // 15.5 KiB of workgroup memory in the backward pass
    attention_tile: 80,
    loss_threads: 64,
    norm_threads: 64,
    fused_update: true,
    fused_last: true,
    resident: false,
    adamw_threads: 256,
    adamw_repeats: 1,
};

/// Whole steps of small runs by one workgroup each, without launches between them: see
/// [`crate::engine::resident`].
pub const RESIDENT: TileSet = TileSet { name: "resident", resident: true, ..HARDWARE };

/// With a kernel for each part of a step: to measure the gain of the fused ones.
pub const HARDWARE_SPLIT: TileSet =
    TileSet { name: "hardware-split", fused_update: false, fused_last: false, ..HARDWARE };

/// Small products in every dispatch. All sets but `hardware-split` give the same bits.
pub const SMALL: TileSet = TileSet { name: "small", large_from: u32::MAX, ..HARDWARE };

/// Large products in every dispatch.
pub const LARGE: TileSet =
    TileSet { name: "large", products: LARGE_PRODUCTS, large_from: 0, ..HARDWARE };

/// Every tile set.
pub const ALL: [TileSet; 5] = [RESIDENT, HARDWARE, HARDWARE_SPLIT, SMALL, LARGE];

impl std::str::FromStr for TileSet {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let named = ALL.into_iter().find(|set| set.name == name);
        named.ok_or_else(|| {
            let known = ALL.map(|set| set.name).join(", ");
            format!("the tile sets are {known}")
        })
    }
}

impl TileSet {
    /// The same tiles in a precision.
    pub fn with(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Whether runs with this graph and training use the fused update, so that their gradients are
    /// not stored.
    pub fn fuses_update(&self, graph: &Graph, training: &Training) -> bool {
        self.fused_update && graph.fuses_update() && training.updates_are_independent()
    }

    /// Whether any run of this precision uses the fused update.
    pub fn fuses_updates(&self) -> bool {
        self.fused_update && self.precision == Precision::F32
    }

    /// The sets with the products that a dispatch may have.
    pub fn choices(&self) -> Vec<Self> {
        match self.large_from {
            0 | u32::MAX => vec![*self],
            _ => vec![*self, self.large()],
        }
    }

    /// The same with large products.
    pub fn large(self) -> Self {
        Self { products: LARGE_PRODUCTS, ..self }
    }

    /// The tiles of a product with these sums, where each thread computes `tile`.
    pub fn product_tiles(&self, tile: ProductTile, rows: usize, units: usize) -> Grid {
        let down = rows.div_ceil(4 * tile.rows as usize);
        let across = units.div_ceil(4 * tile.units as usize);
        Grid::new((down * across).div_ceil(self.product_threads as usize), 1)
    }
}

/// What a thread computes of a matrix product. Tiles of every size add the terms of a sum in the
/// same order, so they give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProductTile {
    /// Rows, in vec4s: of a batch or, in the gradient of weights, of the weights.
    pub rows: u32,
    /// Units, in vec4s.
    pub units: u32,
    /// Terms that are loaded before the first is added.
    pub terms: u32,
}

/// The tiles of the matrix products. On no GPU do they need more registers than there are
/// (`benches/hardware/instruction-sets.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Products {
    /// Of the forward kernel.
    pub forward: ProductTile,
    /// Of the gradient at the input.
    pub backward_input: ProductTile,
    /// Of the gradient of the weights, if it is stored.
    pub weights: ProductTile,
}

/// One block of sums and many terms at a time: few threads wait less for memory.
pub const SMALL_PRODUCTS: Products = {
    let tile = ProductTile { rows: 1, units: 1, terms: 8 };
    Products { forward: tile, backward_input: tile, weights: tile }
};

/// More sums for each load: many threads hide how long memory takes.
pub const LARGE_PRODUCTS: Products = Products {
    forward: ProductTile { rows: 2, units: 2, terms: 1 },
    backward_input: ProductTile { rows: 2, units: 1, terms: 4 },
    weights: ProductTile { rows: 2, units: 2, terms: 1 },
};

/// The tiles of one kernel call on one run: all (i, j) below these counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Tiles along i.
    pub i: u32,
    /// Tiles along j.
    pub j: u32,
}

impl Grid {
    /// No tiles.
    pub const EMPTY: Grid = Grid { i: 0, j: 0 };

    /// `i` by `j` tiles.
    pub fn new(i: usize, j: usize) -> Self {
        let count = |n: usize| u32::try_from(n).expect("tile: more than 2^32 tiles");
        Self { i: count(i), j: count(j) }
    }

    /// The tiles in the order in which workgroups serve them.
    pub fn tiles(self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.i).flat_map(move |i| (0..self.j).map(move |j| (i, j)))
    }
}
