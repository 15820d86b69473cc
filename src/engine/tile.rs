//! Tile sets: how large a piece of a run one workgroup takes. A small fixed choice, by class of
//! adapter or by name.

use crate::engine::precision::Precision;
use crate::engine::run::Training;

/// How large a piece of work one workgroup takes, for each kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSet {
    /// Its name in result files and on the command line.
    pub name: &'static str,
    /// Threads of the clock, one run each.
    pub clock_threads: u32,
    /// Threads that share the columns of a gathered batch.
    pub gather_threads: u32,
    /// Blocks in a tile of a matrix product, eight threads each: of units of some examples, in the
    /// weights' gradient of inputs.
    pub product_threads: u32,
    /// What a thread of the forward kernel and of the weights' gradient computes.
    pub products: ProductTile,
    /// How four numbers lie in storage.
    pub vec4s: Vec4Storage,
    /// How lanes come by what all of them need.
    pub lanes: Lanes,
    /// In which order the tiles of a dispatch come.
    pub order: Order,
    /// How numbers are stored that are only multiplied and added up.
    pub precision: Precision,
    /// Threads of the loss of one run.
    pub loss_threads: u32,
    /// Threads that share a block of gradients for their norm.
    pub norm_threads: u32,
    /// Whether gradient and update are one kernel for runs whose updates are independent.
    pub fused_update: bool,
    /// Threads of an AdamW tile.
    pub adamw_threads: u32,
    /// Pairs of vec4s that each of them takes.
    pub adamw_repeats: u32,
}

/// For software rasterizers: a workgroup is one vector of eight lanes, and long loops hide what a
/// workgroup costs.
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
    loss_threads: 8,
    norm_threads: 8,
    // the tiles of a gradient are short strips of each row, and a quarter slower to go through than
    // whole rows
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
    // 32 threads: all of them busy from 128 units on in batches of 32, half of them at 64
    product_threads: 4,
    products: ProductTile::Gpu,
    vec4s: Vec4Storage::Plain,
    lanes: Lanes::Plain,
    order: Order::LongestFirst,
    precision: Precision::F32,
    loss_threads: 64,
    norm_threads: 64,
    fused_update: true,
    adamw_threads: 256,
    adamw_repeats: 1,
};

/// For GPUs, with AdamW in a kernel of its own for all runs: to measure what it gains that it is
/// not.
pub const HARDWARE_SPLIT: TileSet =
    TileSet { name: "hardware-split", fused_update: false, ..HARDWARE };

/// Every tile set.
pub const ALL: [TileSet; 4] = [SOFTWARE, SOFTWARE_32, HARDWARE, HARDWARE_SPLIT];

impl std::str::FromStr for TileSet {
    type Err = String;
    fn from_str(typed: &str) -> Result<Self, String> {
        let named = ALL.into_iter().find(|set| set.name == typed);
        named.ok_or_else(|| {
            let known = ALL.map(|set| set.name).join(", ");
            format!("there are the tiles {known}")
        })
    }
}

impl TileSet {
    /// The same tiles in a precision.
    pub fn with(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Whether runs that are trained like this compute gradient and update in one kernel, so that
    /// gradients are not stored.
    pub fn fuses_update(&self, training: &Training) -> bool {
        self.fused_update && training.updates_are_independent()
    }

    /// Whether any run of this precision does.
    pub fn fuses_updates(&self) -> bool {
        self.fused_update && self.precision == Precision::F32
    }

    /// The tiles of a product of so many examples and units, in blocks of this many units. On a GPU
    /// the blocks are numbered, so that a tile of a narrow layer goes on with the next examples.
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

/// The sums of one thread of the product kernels, each with a shader text of its own: how many pay
/// differs too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductTile {
    /// As many as a GPU has registers for.
    Gpu,
    /// Twice to four times as many, on the stack of a CPU.
    Software,
}

impl ProductTile {
    /// Units of one thread of the forward kernel; in either gradient there are always eight.
    pub fn units(self) -> usize {
        match self {
            Self::Gpu => 8,
            Self::Software => 16,
        }
    }

    /// Examples of one thread, in the weights' gradient inputs.
    pub fn rows(self) -> usize {
        match self {
            Self::Gpu => 16,
            Self::Software => 32,
        }
    }
}

/// How shaders see four numbers in storage, halves too. The bytes are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vec4Storage {
    /// As a vec4f, or two words of halves.
    Plain,
    /// As two 64-bit words, or one of halves; the device must have them.
    Pairs,
}

/// How the eight lanes of a product's workgroup come by numbers that all of them need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// Each loads them.
    Plain,
    /// Each loads an eighth and they are handed round; the device's subgroups must be eight lanes.
    Shuffle,
}

/// In which order the tiles of different runs come in a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The longest first: who takes them one by one then ends with short ones.
    LongestFirst,
    /// Long ones and short ones in turn, so that every half, quarter and so on has its share of
    /// both: llvmpipe gives each of its threads such a part beforehand.
    Mixed,
}

impl Order {
    /// Puts what has these lengths in order; what is alike stays as it was.
    pub fn arrange<T>(self, of: &mut Vec<T>, length: impl Fn(&T) -> usize) {
        if of.windows(2).all(|pair| length(&pair[0]) == length(&pair[1])) {
            return;
        }
        of.sort_by_cached_key(|one| std::cmp::Reverse(length(one)));
        if self == Order::Mixed {
            // the van der Corput sequence: every other one, then of each half every other one
            let mut placed: Vec<(u32, T)> =
                (0u32..).map(u32::reverse_bits).zip(of.drain(..)).collect();
            placed.sort_by_key(|(place, _)| *place);
            of.extend(placed.into_iter().map(|(_, one)| one));
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
    fn tiles_come_longest_first_or_so_that_every_half_has_its_share() {
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
