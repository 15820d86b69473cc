//! Tile sets: how large a piece of a run one workgroup takes. A small fixed choice, by class of adapter.

use super::{Kernel, learn};
use crate::run::{Precision, Training};

/// How large a piece of work one workgroup takes, for each kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSet {
    /// Its name in result files and on the command line.
    pub name: &'static str,
    /// Threads of the clock, one run each.
    pub clock_threads: u32,
    /// Threads that share the columns of a gathered batch.
    pub gather_threads: u32,
    /// Blocks of units (in the weights' gradient: of inputs) in a tile of a matrix product.
    pub product_threads: u32,
    /// What a thread of the forward kernel and of the weights' gradient computes.
    pub products: ProductTile,
    /// How four numbers lie in storage.
    pub quads: Quads,
    /// How lanes come by what all of them need.
    pub lanes: Lanes,
    /// How numbers are stored that are only multiplied and added up.
    pub precision: Precision,
    /// Threads of the loss of one run.
    pub loss_threads: u32,
    /// Threads that share a block of gradients for their norm.
    pub norm_threads: u32,
    /// Whether runs whose parameters need no other gradient than their own learn layer by layer.
    pub at_once: bool,
    /// Threads of an AdamW tile.
    pub adamw_threads: u32,
    /// Pairs of quads that each of them takes.
    pub adamw_repeats: u32,
}

/// For software rasterizers: a workgroup is one vector of eight lanes, and long loops hide what a workgroup costs.
pub const SOFTWARE: TileSet = TileSet {
    name: "software",
    clock_threads: 8,
    gather_threads: 1,
    product_threads: 1,
    products: ProductTile::Software,
    quads: Quads::Pairs,
    lanes: Lanes::Shuffle,
    precision: Precision::F32,
    loss_threads: 8,
    norm_threads: 8,
    // the tiles of a gradient are short strips of each row, and a third slower to go through than whole rows
    at_once: false,
    adamw_threads: 8,
    adamw_repeats: 128,
};

/// For software rasterizers without 64-bit integers, or whose subgroups are not eight lanes.
pub const SOFTWARE_32: TileSet = TileSet {
    name: "software-32",
    quads: Quads::Plain,
    lanes: Lanes::Plain,
    ..SOFTWARE
};

/// For GPUs: whole warps, and enough workgroups to fill the machine.
pub const HARDWARE: TileSet = TileSet {
    name: "hardware",
    clock_threads: 64,
    gather_threads: 16,
    product_threads: 8,
    products: ProductTile::Gpu,
    quads: Quads::Plain,
    lanes: Lanes::Plain,
    precision: Precision::F32,
    loss_threads: 64,
    norm_threads: 64,
    at_once: true,
    adamw_threads: 256,
    adamw_repeats: 1,
};

/// For GPUs, with AdamW in a kernel of its own for all runs: to measure what it gains that it is not.
pub const HARDWARE_SPLIT: TileSet = TileSet {
    name: "hardware-split",
    at_once: false,
    ..HARDWARE
};

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

    /// Whether runs that are trained like this learn layer by layer, so that their gradients are stored nowhere.
    pub fn learns(&self, training: &Training) -> bool {
        self.at_once && learn::serves(training)
    }

    /// Whether any run of this precision plays a kernel under this tile set.
    pub fn plays(&self, kernel: &Kernel) -> bool {
        kernel.name != learn::KERNEL.name || (self.at_once && self.precision == Precision::F32)
    }
}

/// The sums of one thread of the product kernels, each with a shader text of its own: how many pay differs too much.
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
pub enum Quads {
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
        Self {
            i: count(i),
            j: count(j),
        }
    }

    /// The tiles in the order in which workgroups serve them.
    pub fn tiles(self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.i).flat_map(move |i| (0..self.j).map(move |j| (i, j)))
    }
}
