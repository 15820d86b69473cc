//! The options of every subcommand.

use clap::Args;

use shoal::engine::choice::Choice;
use shoal::engine::device::Device;
use shoal::engine::precision::Precision;
use shoal::engine::threads;
use shoal::engine::tile::TileSet;
use shoal::{Error, Result};

use super::output::Output;

/// Options of every subcommand.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The device to train on
    ///
    /// `auto` is a hardware GPU if there is one, else the CPU; a study is timed on both for a
    /// moment, and trains on the one expected to finish it sooner. `gpu` is the best adapter, a
    /// software rasterizer if there is no other; `cpu` the CPU; `gpu:0` the first adapter that
    /// `shoal devices` lists; `gpu:NAME`, or NAME, the one with this in its name. Several train a
    /// study together: `gpu:0,gpu:1`, `cpu,gpu:0`, `gpu:all`, or `all` GPUs and the CPU, but for
    /// software rasterizers, which would take its cores.
    #[arg(
        long,
        global = true,
        value_name = "auto|gpu|cpu|gpu:NUMBER|gpu:NAME|gpu:all|all",
        value_delimiter = ',',
        default_value = "auto"
    )]
    pub device: Vec<Choice>,
    /// How kernels are cut into workgroups [default: by the adapter]
    ///
    /// `hardware` gives matrix products small tiles where a dispatch has few workgroups, else large
    /// ones; `small` and `large` give them one kind. `resident`, the default on GPUs but with DX12,
    /// is `hardware` with whole steps of small perceptrons by one workgroup each. `hardware-split`
    /// has separate kernels for AdamW and the last layer, the default on software rasterizers.
    /// study.json names it. Results do not depend on it, but for the last bits of `hardware-split`.
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
        let mut devices = self.find()?;
        if devices.len() > 1 {
            let count = devices.len();
            return Err(Error::Input(format!("--device: {count} devices are given; give one")));
        }
        check(&devices, output, precision)?;
        Ok(devices.remove(0))
    }

    /// Opens the requested devices, unchecked.
    pub fn find(&self) -> Result<Vec<Device>> {
        Device::open_all(&self.device, self.tiles)
    }
}

/// Checks devices in a precision, and prints their names.
pub fn check(devices: &[Device], output: &Output, precision: Precision) -> Result<()> {
    for device in devices {
        shoal::engine::measure::self_check::self_check(device, precision)?;
        output.say(&format!("device: {}", device.name()));
        let count = threads::count();
        if let Some(fewer) = device.threads().filter(|own| *own < count) {
            output.say(&format!(
                "only {fewer} of {count} threads can be started here (a limit of processes, as of \
                 ulimit -u)"
            ));
        }
    }
    Ok(())
}
