//! The options of every subcommand.

use clap::Args;

use shoal::Result;
use shoal::engine::device::{Choice, Device};
use shoal::engine::precision::Precision;
use shoal::engine::tile::TileSet;

use super::output::Output;

/// Options of every subcommand.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The device to train on
    ///
    /// `auto` is a hardware GPU if there is one, else the CPU; `gpu` the best adapter, a software
    /// rasterizer if there is no other; `cpu` the CPU; `gpu:0` the first adapter that `shoal devices`
    /// lists; `gpu:NAME`, or NAME, the one with this in its name.
    #[arg(
        long,
        global = true,
        value_name = "auto|gpu|cpu|gpu:NUMBER|gpu:NAME",
        default_value = "auto"
    )]
    pub device: Choice,
    /// How kernels are cut into workgroups [default: by the adapter]
    ///
    /// `hardware`, `hardware-split` (AdamW in a kernel of its own), `software`, or `software-32`
    /// (without 64-bit integers). Results depend on it in their last bits, so study.json names it.
    #[arg(long, global = true, value_name = "NAME")]
    pub tiles: Option<TileSet>,
    /// Print each run as it finishes
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Print events as JSON, one a line, on the standard output
    #[arg(long, global = true)]
    pub json: bool,
}

impl Global {
    /// Opens the requested device, checks it in a precision, and prints its name.
    pub fn open(&self, output: &Output, precision: Precision) -> Result<Device> {
        let device = Device::open(&self.device, self.tiles)?;
        shoal::engine::measure::self_check::self_check(&device, precision)?;
        output.say(&format!("device: {}", device.name()));
        Ok(device)
    }
}
