//! The command line: one file per subcommand, each what was args and what it does.

mod analyse;
mod bench;
mod devices;
mod explain;
mod import;
mod inspect;
mod live;
mod output;
mod plan;
mod predict;
mod simulate;
mod study;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};

use shoal::data::Dataset;
use shoal::engine::device::{Choice, Device};
use shoal::engine::precision::Precision;
use shoal::engine::tile::TileSet;
use shoal::{Error, Result};

pub use output::Output;

/// Trains hundreds of different small networks at once on any GPU, and tells how many simulations
/// pre-training saves.
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
    /// Who trains: `gpu` (a software rasterizer if there is no other), `cpu`, `auto` (a hardware
    /// GPU if there is one, else the cpu), or a part of an adapter's name as `shoal devices` prints
    /// it
    #[arg(long, global = true, value_name = "gpu|cpu|auto|NAME", default_value = "auto")]
    device: Choice,
    /// How work is cut for an adapter: `hardware`, `hardware-split` (AdamW in a kernel of its own),
    /// `software` or `software-32` (no 64-bit integers). By default what suits its class; result
    /// files say which. Other tiles, other roundings
    #[arg(long, global = true, value_name = "NAME")]
    tiles: Option<TileSet>,
    /// Says more: each run as it finishes
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Prints events as JSON, one a line, on the standard output
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    Study(study::StudyArgs),
    Analyse(analyse::AnalyseArgs),
    Simulate(simulate::SimulateArgs),
    Import(import::ImportArgs),
    Predict(predict::PredictArgs),
    Explain(explain::ExplainArgs),
    Devices(devices::DevicesArgs),
    Bench(bench::BenchArgs),
    Inspect(inspect::InspectArgs),
}

/// Runs what was args.
pub fn run(arguments: Arguments, output: &Output) -> Result<()> {
    let global = &arguments.global;
    match arguments.command {
        Command::Study(args) => study::run(&args, global, output),
        Command::Analyse(args) => analyse::run(&args, output),
        Command::Simulate(args) => simulate::run(args, output),
        Command::Import(args) => import::run(args, output),
        Command::Predict(args) => predict::run(&args, output),
        Command::Explain(args) => explain::run(&args, output),
        Command::Devices(args) => devices::run(&args, global, output),
        Command::Bench(args) => bench::run(&args, global, output),
        Command::Inspect(args) => inspect::run(&args, output),
    }
}

/// A range as it is args: NAME=LOW:HIGH.
fn range(args: &str) -> std::result::Result<(String, [f64; 2]), String> {
    let parse = || {
        let (name, numbers) = args.split_once('=')?;
        let (low, high) = numbers.split_once(':')?;
        Some((name.to_owned(), [low.parse().ok()?, high.parse().ok()?]))
    };
    parse().ok_or_else(|| "a range is written NAME=LOW:HIGH, as in Omega_m=0.1:0.5".to_owned())
}

/// A flag that Ctrl-C, or a request to terminate, raises; the second one ends the process at once.
fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|e| Error::Input(format!("Ctrl-C cannot be caught: {e}")))?;
    Ok(stop)
}

/// Ends with an error unless a dataset can have this name.
fn check_npz(path: &Path) -> Result<()> {
    match path.extension().is_some_and(|extension| extension == "npz") {
        true => Ok(()),
        false => Err(Error::Input(format!("-o {}: a dataset ends in .npz", path.display()))),
    }
}

/// A dataset that was written, for `--json`.
fn described(path: &Path, dataset: &Dataset) -> Value {
    json!({
        "file": path,
        "simulations": dataset.inputs.rows,
        "inputs": dataset.inputs.columns,
        "targets": dataset.target_names,
    })
}

impl Global {
    /// Opens the device that was asked for, checks it in a precision, and says what it is.
    fn open(&self, output: &Output, precision: Precision) -> Result<Device> {
        let device = Device::open(&self.device, self.tiles)?;
        shoal::engine::measure::self_check::self_check(&device, precision)?;
        output.say(&format!("device: {}", device.name()));
        Ok(device)
    }
}
