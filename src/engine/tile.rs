//! Tile sets: how much of a run one workgroup computes in each kernel. There is a fixed list,
//! chosen from by the class of the adapter or by name.

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
    /// Blocks in a tile of a matrix product, eight threads each. A block covers units of several
    /// examples; in the gradient of the weights, units of several inputs.
    pub product_threads: u32,
    /// The accumulators of one thread of the product kernels.
    pub products: ProductTile,
    /// The type of four numbers in storage buffers.
    pub vec4s: Vec4Storage,
    /// How lanes obtain vectors that all of them need.
    pub lanes: Lanes,
    /// The order of the tiles in a dispatch.
    pub order: Order,
    /// The precision of numbers that are only multiplied and added.
    pub precision: Precision,
    /// Threads that count the items of a batch.
    pub sets_threads: u32,
    /// Threads of an attention, at least the 16 vec4s of the widest head.
    pub attention_threads: u32,
    /// Vec4s of k, and of v, that they share; at least the 64 of four rows of the widest head.
    pub attention_tile: u32,
    /// Threads of the loss of one run.
    pub loss_threads: u32,
    /// Threads that share a block of gradients for their norm.
    pub norm_threads: u32,
    /// Whether gradient and update are one kernel for runs whose updates are independent.
    pub fused_update: bool,
    /// Threads of an AdamW tile.
    pub adamw_threads: u32,
    /// Pairs of vec4s that each of them updates.
    pub adamw_repeats: u32,
}

/// For software rasterizers: a workgroup is one vector of eight lanes, and long loops amortise the
/// cost of a workgroup.
pub const SOFTWARE: TileSet = TileSet {
    name: "software",
    clock_threads: 8,
    gather_threads: 1,
    product_threads: 1,
    products: ProductTile::Software,
    vec4s: Vec4Storage::Pairs,
    lanes: Lanes::Shuffle,
    order: Order::Mixed,
    precision: Precision::F32,
    sets_threads: 8,
    attention_threads: 16,
    attention_tile: 64,
    loss_threads: 8,
    norm_threads: 8,
    // the tiles of a gradient are short strips of each row; AdamW is a quarter slower on them than
    // on whole rows
    fused_update: false,
    adamw_threads: 8,
    adamw_repeats: 128,
};

/// For software rasterizers without 64-bit integers, or whose subgroups are not eight lanes.
pub const SOFTWARE_32: TileSet =
    TileSet { name: "software-32", vec4s: Vec4Storage::Plain, lanes: Lanes::Plain, ..SOFTWARE };

/// For GPUs: whole warps, and enough workgroups to fill the machine.
pub const HARDWARE: TileSet = TileSet {
    name: "hardware",
    clock_threads: 64,
    gather_threads: 16,
    // 32 threads: in batches of 32 all of them are busy from 128 units on, half of them at 64
    product_threads: 4,
    products: ProductTile::Gpu,
    vec4s: Vec4Storage::Plain,
    lanes: Lanes::Plain,
    order: Order::LongestFirst,
    precision: Precision::F32,
    sets_threads: 64,
    attention_threads: 64,
    // 15.5 KiB of workgroup memory in the backward pass
    attention_tile: 80,
    loss_threads: 64,
    norm_threads: 64,
    fused_update: true,
    adamw_threads: 256,
    adamw_repeats: 1,
};

/// For GPUs, with AdamW as a separate kernel for all runs: to measure the gain of the fused update.
pub const HARDWARE_SPLIT: TileSet =
    TileSet { name: "hardware-split", fused_update: false, ..HARDWARE };

/// Every tile set.
pub const ALL: [TileSet; 4] = [SOFTWARE, SOFTWARE_32, HARDWARE, HARDWARE_SPLIT];

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

    /// The tiles of a product with this many examples and units, in blocks of `block` units. On a
    /// GPU the blocks are numbered, so that a tile of a narrow node continues with the next
    /// examples.
    pub fn blocks(&self, examples: usize, units: usize, block: usize) -> Grid {
        let (down, across) = (examples.div_ceil(self.products.rows()), units.div_ceil(block));
        match self.products {
            ProductTile::Gpu => {
                Grid::new((down * across).div_ceil(self.product_threads as usize), 1)
            }
            ProductTile::Software => Grid::new(down, across),
        }
    }
}

/// The accumulators of one thread of the product kernels. Each variant has its own shaders, because
/// the number of accumulators that is fastest differs too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductTile {
    /// As many as fit the registers of a GPU.
    Gpu,
    /// Twice to four times as many, on the stack of a CPU.
    Software,
}

impl ProductTile {
    /// Units of one thread of the forward kernel; the gradient kernels always have eight.
    pub fn units(self) -> usize {
        match self {
            Self::Gpu => 8,
            Self::Software => 16,
        }
    }

    /// Examples of one thread; in the gradient of the weights, inputs.
    pub fn rows(self) -> usize {
        match self {
            Self::Gpu => 16,
            Self::Software => 32,
        }
    }
}

/// The type of four numbers in storage buffers, in f32 or f16. The bytes are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vec4Storage {
    /// A vec4f, or two words in f16.
    Plain,
    /// Two 64-bit words, or one in f16; needs 64-bit integers in shaders.
    Pairs,
}

/// How the eight lanes of a product's workgroup obtain vectors that all of them need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// Each lane loads all of them.
    Plain,
    /// Each lane loads an eighth and shuffles share them; needs subgroups of eight lanes.
    Shuffle,
}

/// The order of the tiles of different runs in a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The longest first: workgroups are scheduled one by one, so the last ones are short.
    LongestFirst,
    /// Long and short tiles alternate, so that every half, quarter and so on of the list takes
    /// about the same time: llvmpipe assigns such a part to each of its threads in advance.
    Mixed,
}

impl Order {
    /// Sorts items by their lengths; items of equal length keep their order.
    pub fn arrange<T>(self, items: &mut Vec<T>, length: impl Fn(&T) -> usize) {
        if items.windows(2).all(|pair| length(&pair[0]) == length(&pair[1])) {
            return;
        }
        items.sort_by_cached_key(|one| std::cmp::Reverse(length(one)));
        if self == Order::Mixed {
            // the van der Corput sequence
            let mut placed: Vec<(u32, T)> =
                (0u32..).map(u32::reverse_bits).zip(items.drain(..)).collect();
            placed.sort_by_key(|(place, _)| *place);
            items.extend(placed.into_iter().map(|(_, one)| one));
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_sorted_by_length_or_spread_evenly() {
        let lengths: Vec<usize> = (0..64).map(|place| place * 37 % 64).collect();
        let mut sorted = lengths.clone();
        Order::LongestFirst.arrange(&mut sorted, |length| *length);
        assert!(sorted.is_sorted_by(|one, next| one >= next));
        let mut mixed = lengths;
        Order::Mixed.arrange(&mut mixed, |length| *length);
        let whole: usize = mixed.iter().sum();
        for parts in [2, 4, 8] {
            for part in mixed.chunks(64 / parts) {
                let share = (part.iter().sum::<usize>() * parts) as f64 / whole as f64;
                assert!((share - 1.0).abs() < 0.15, "{share} of a part in {parts}");
            }
        }
        let mut alike = vec!["one", "two", "six"];
        Order::Mixed.arrange(&mut alike, |one| one.len());
        assert_eq!(alike, ["one", "two", "six"]);
    }
}
