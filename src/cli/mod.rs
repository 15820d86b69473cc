//! The command line: one file per subcommand, each what was typed and what it does.

mod devices;
mod explain;
mod import;
mod inspect;
mod output;
mod predict;
mod study;

use clap::{Args, Parser, Subcommand};

use shoal::Result;
use shoal::device::{Choice, Device};

pub use output::Output;

/// Trains hundreds of different small networks at once on any GPU, and tells how many simulations pre-training saves.
#[derive(Parser, Debug)]
#[command(version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    pub global: Global,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 2 something given cannot be used (a file, an option, a number); \
3 the device is missing or failed; 4 results could not be written; 130 stopped by Ctrl-C. \
Whatever was finished stays on disk. NO_COLOR turns colours off.";

/// Options of every subcommand.
#[derive(Args, Debug)]
pub struct Global {
    /// Who trains: `gpu` (a software rasterizer if there is no other), `cpu`, `auto` (a hardware GPU if there is one, else the
    /// cpu), or a part of an adapter's name as `shoal devices` prints it
    #[arg(
        long,
        global = true,
        value_name = "gpu|cpu|auto|NAME",
        default_value = "auto"
    )]
    device: Choice,
    /// Says more: each run as it finishes
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Prints events as JSON, one a line, on the standard output
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    Study(study::Typed),
    Import(import::Typed),
    Predict(predict::Typed),
    Explain(explain::Typed),
    Devices(devices::Typed),
    Inspect(inspect::Typed),
}

/// Runs what was typed.
pub fn run(arguments: Arguments, output: &Output) -> Result<()> {
    let global = &arguments.global;
    match arguments.command {
        Command::Study(typed) => study::run(&typed, global, output),
        Command::Import(typed) => import::run(typed, output),
        Command::Predict(typed) => predict::run(&typed, output),
        Command::Explain(typed) => explain::run(&typed, output),
        Command::Devices(typed) => devices::run(&typed, output),
        Command::Inspect(typed) => inspect::run(&typed, output),
    }
}

impl Global {
    /// Opens the device that was asked for, checks it, and says what it is.
    fn open(&self, output: &Output) -> Result<Device> {
        let device = Device::open(&self.device)?;
        shoal::check::self_check(&device)?;
        output.say(&format!("device: {}", device.name()));
        Ok(device)
    }
}
