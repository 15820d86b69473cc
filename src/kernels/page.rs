//! The pages of WGSL that shaders share.

use super::tile::{Lanes, ProductTile, Quads, TileSet};
use crate::run::Precision;

pub const LAYOUT: &str = include_str!("../../shaders/layout.wgsl");
pub const RANDOM: &str = include_str!("../../shaders/random.wgsl");
pub const ACTIVATION: &str = include_str!("../../shaders/activation.wgsl");

pub const ADAMW_RULE: &str = include_str!("../../shaders/adamw_rule.wgsl");

pub fn quads(set: &TileSet) -> &'static str {
    match set.quads {
        Quads::Plain => include_str!("../../shaders/quad_plain.wgsl"),
        Quads::Pairs => include_str!("../../shaders/quad_pairs.wgsl"),
    }
}

pub fn lanes(set: &TileSet) -> &'static str {
    match set.lanes {
        Lanes::Plain => include_str!("../../shaders/lanes_plain.wgsl"),
        Lanes::Shuffle => include_str!("../../shaders/lanes_shuffle.wgsl"),
    }
}

/// The sums of a layer's gradient, for the kernels that store or use them.
pub fn weights_tile(set: &TileSet) -> &'static str {
    match set.products {
        ProductTile::Gpu => concat!(
            include_str!("../../shaders/weights_tile.wgsl"),
            include_str!("../../shaders/weights_tile_gpu.wgsl")
        ),
        ProductTile::Software => concat!(
            include_str!("../../shaders/weights_tile.wgsl"),
            include_str!("../../shaders/weights_tile_software.wgsl")
        ),
    }
}

pub fn packed(set: &TileSet) -> &'static str {
    match (set.precision, set.quads) {
        (Precision::F32, _) => include_str!("../../shaders/packed_single.wgsl"),
        (Precision::F16, Quads::Plain) => concat!(
            include_str!("../../shaders/half.wgsl"),
            include_str!("../../shaders/packed_words.wgsl")
        ),
        (Precision::F16, Quads::Pairs) => concat!(
            include_str!("../../shaders/half.wgsl"),
            include_str!("../../shaders/packed_long.wgsl")
        ),
    }
}
