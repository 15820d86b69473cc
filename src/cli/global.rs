//! The options of every subcommand.

use clap::Args;

use shoal::Result;
use shoal::engine::device::{Choice, Device};
use shoal::engine::precision::Precision;
use shoal::engine::threads;
use shoal::engine::tile::TileSet;

use super::output::Output;

/// Options of every subcommand.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The device to train on
    ///
    /// `auto` is a hardware GPU if there is one, else the CPU; a study is timed on both for a moment,
    /// and trains on the one expected to finish it sooner. `gpu` is the best adapter, a software
    /// rasterizer if there is no other; `cpu` the CPU; `gpu:0` the first adapter that `shoal
    /// devices` lists; `gpu:NAME`, or NAME, the one with this in its name.
    #[arg(
        long,
        global = true,
        value_name = "auto|gpu|cpu|gpu:NUMBER|gpu:NAME",
        default_value = "auto"
    )]
    pub device: Choice,
    /// How kernels are cut into workgroups [default: by the adapter]
    ///
    /// `hardware` gives matrix products small tiles where a dispatch has few workgroups, else large
    /// ones; `small` and `large` give them one kind; `hardware-split` has AdamW in a kernel of its
    /// own, the default on software rasterizers. study.json names it. Results do not depend on it,
    /// but for the last bits of `hardware-split`.
    #[arg(long, global = true, value_name = "NAME")]
    pub tiles: Option<TileSet>,
    /// Threads that train on the CPU, simulate and explain [default: one for each hardware thread]
    ///
    /// Results do not depend on it. Where a job may start fewer, as many as it may. The threads of
    /// a software rasterizer are its driver's: LP_NUM_THREADS sets those of Mesa's.
    #[arg(long, global = true, value_name = "NUMBER",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print each run as it finishes
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Print events as JSON, one a line, on the standard output
    #[arg(long, global = true)]
    pub json: bool,
}

impl Global {
    /// Sets what holds for the whole process.
    pub fn apply(&self) {
        if let Some(threads) = self.threads {
            threads::set_count(threads.into());
        }
    }

    /// Opens the requested device, checks it in a precision, and prints its name.
    pub fn open(&self, output: &Output, precision: Precision) -> Result<Device> {
        let device = self.find()?;
        check(&device, output, precision)?;
        Ok(device)
    }

    /// Opens the requested device, unchecked.
    pub fn find(&self) -> Result<Device> {
        Device::open(&self.device, self.tiles)
    }
}

/// Checks a device in a precision, and prints its name.
pub fn check(device: &Device, output: &Output, precision: Precision) -> Result<()> {
    shoal::engine::measure::self_check::self_check(device, precision)?;
    output.say(&format!("device: {}", device.name()));
    if let Device::Cpu(cpu) = device
        && cpu.threads < threads::count()
    {
        output.say(&format!(
            "only {} of {} threads can be started here (a limit of processes, as of ulimit -u)",
            cpu.threads,
            threads::count()
        ));
    }
    Ok(())
}
