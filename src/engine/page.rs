//! The pages of WGSL that shaders share.

use crate::engine::run::Precision;
use crate::engine::tile::{Lanes, ProductTile, TileSet, Vec4Storage};

pub const LAYOUT: &str = include_str!("../../shaders/layout.wgsl");
pub const RANDOM: &str = include_str!("../../shaders/random.wgsl");
pub const ACTIVATION: &str = include_str!("../../shaders/activation.wgsl");

pub const ADAMW_RULE: &str = include_str!("../../shaders/adamw_rule.wgsl");

pub fn vec4_page(set: &TileSet) -> &'static str {
    match set.vec4s {
        Vec4Storage::Plain => include_str!("../../shaders/vec4_plain.wgsl"),
        Vec4Storage::Pairs => include_str!("../../shaders/vec4_pairs.wgsl"),
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
    match (set.precision, set.vec4s) {
        (Precision::F32, _) => include_str!("../../shaders/packed_f32.wgsl"),
        (Precision::F16, Vec4Storage::Plain) => concat!(
            include_str!("../../shaders/f16.wgsl"),
            include_str!("../../shaders/packed_f16.wgsl")
        ),
        (Precision::F16, Vec4Storage::Pairs) => concat!(
            include_str!("../../shaders/f16.wgsl"),
            include_str!("../../shaders/packed_f16_pairs.wgsl")
        ),
    }
}
