//! The command line: one file per subcommand.

mod analyse;
mod bench;
mod devices;
mod explain;
mod help;
mod import;
mod inspect;
mod live;
mod output;
mod plan;
mod predict;
mod simulate;
mod study;
mod study_file;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Parser, Subcommand};
use serde_json::json;

use shoal::data::Dataset;
use shoal::engine::device::Choice;
use shoal::engine::device::Device;
use shoal::engine::precision::Precision;
use shoal::engine::tile::TileSet;
use shoal::{Error, Result};

pub use output::Output;

/// Trains hundreds of different small networks at once on any GPU, and measures how many
/// simulations pre-training saves
///
/// A study pre-trains networks on many cheap simulations, fine-tunes them on few expensive ones in
/// several ways, and compares their errors with those of networks that start from scratch. It is
/// described in a TOML file.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100, after_long_help = REFERENCE)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    pub global: Global,
}

const REFERENCE: &str = "\
Examples:
  shoal study data/studies/demo.toml -o results   a first study, without files
  shoal study my.toml --plan --device gpu         what it takes, not training
  shoal study my.toml -o results --device gpu     trains; again to resume it
  shoal import --x x.npy --y y.txt -o mine.npz    a dataset from other files
  shoal predict MODEL.safetensors x.npy -o y.npy  targets from new inputs
Each command has a reference of its own, as shoal study --help.

Output:
  Results go to the standard output; messages and progress go to the standard
  error. With --json, the standard output has one JSON object a line, and its
  `event` names its kind. A command that fails ends with
  {\"event\": \"error\", \"text\": ..., \"exit_code\": ...}.

Environment variables:
  NO_COLOR           no colours, if it is set and not empty
  TERM=dumb          progress in lines, not in a table
  RAYON_NUM_THREADS  threads of simulations, one for each core by default;
                     results do not depend on it

Exit codes:
    0  done
    2  an argument, a file or a number cannot be used
    3  the device is missing, failed, or computes wrong results
    4  results cannot be written
  130  stopped by Ctrl-C or by a request to terminate
  Whatever is finished by then stays on disk.";

/// Options of every subcommand.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The device to train on
    ///
    /// `auto` is a hardware GPU if there is one, else the CPU; `gpu` the best adapter, a software
    /// rasterizer if there is no other; `cpu` the CPU; NAME a part of an adapter's name as `shoal
    /// devices` prints it.
    #[arg(long, global = true, value_name = "auto|gpu|cpu|NAME", default_value = "auto")]
    device: Choice,
    /// How kernels are cut into workgroups [default: by the adapter]
    ///
    /// `hardware`, `hardware-split` (AdamW in a kernel of its own), `software`, or `software-32`
    /// (without 64-bit integers). Results depend on it in their last bits, so study.json names it.
    #[arg(long, global = true, value_name = "NAME")]
    tiles: Option<TileSet>,
    /// Print each run as it finishes
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Print events as JSON, one a line, on the standard output
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

/// Runs a command.
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

/// Parses a range, NAME=LOW:HIGH.
fn range(argument: &str) -> std::result::Result<(String, [f64; 2]), String> {
    let parse = || {
        let (name, numbers) = argument.split_once('=')?;
        let (low, high) = numbers.split_once(':')?;
        Some((name.to_owned(), [low.parse().ok()?, high.parse().ok()?]))
    };
    parse().ok_or_else(|| "a range is written NAME=LOW:HIGH, as in Omega_m=0.1:0.5".to_owned())
}

/// A flag that Ctrl-C or a request to terminate sets; a second one ends the process at once.
fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|e| Error::Input(format!("Ctrl-C cannot be caught: {e}")))?;
    Ok(stop)
}

/// Checks that a dataset can have this name.
fn check_npz(path: &Path) -> Result<()> {
    match path.extension().is_some_and(|extension| extension == "npz") {
        true => Ok(()),
        false => Err(Error::Input(format!(
            "-o {}: a dataset is written as .npz; give a name that ends so",
            path.display()
        ))),
    }
}

/// Saves a dataset and describes it, as an event of this kind too. `rows` and `columns` are what
/// its numbers are called.
fn save(
    dataset: &Dataset,
    path: &Path,
    [rows, columns]: [&str; 2],
    event: &str,
    output: &Output,
) -> Result<()> {
    dataset.save(path)?;
    output.result(&format!(
        "{}: {} {rows}, {} {columns}, targets {}",
        path.display(),
        dataset.inputs.rows,
        dataset.inputs.columns,
        dataset.target_names.join(" ")
    ));
    let value = json!({
        "file": path,
        "simulations": dataset.inputs.rows,
        "inputs": dataset.inputs.columns,
        "targets": dataset.target_names,
    });
    output.event(event, value);
    Ok(())
}

impl Global {
    /// Opens the requested device, checks it in a precision, and prints its name.
    fn open(&self, output: &Output, precision: Precision) -> Result<Device> {
        let device = Device::open(&self.device, self.tiles)?;
        shoal::engine::measure::self_check::self_check(&device, precision)?;
        output.say(&format!("device: {}", device.name()));
        Ok(device)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_has_a_reference_of_80_columns() {
        let command = Arguments::command();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            let name = command.get_name();
            let reference = command.get_after_long_help();
            let text = reference.unwrap_or_else(|| panic!("{name}: no reference")).to_string();
            for line in text.lines() {
                assert!(line.len() <= 80, "{name}: {line}");
            }
        }
    }
}
