//! The command line: one file per subcommand.

mod analyse;
mod bench;
mod choose;
mod common;
mod completions;
mod devices;
mod explain;
mod export;
mod global;
mod help;
mod import;
mod inspect;
mod live;
mod man;
mod memory;
mod merge;
mod output;
mod plan;
mod predict;
mod signals;
mod simulate;
mod study;
mod study_file;
mod submit;

use clap::{CommandFactory, Parser, Subcommand};
use shoal::Result;

use global::Global;
pub use output::{Output, print};
pub use signals::install as install_signals;

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
  NO_COLOR        no colours, if it is set and not empty
  TERM=dumb       progress in lines, not in a table
  LP_NUM_THREADS  threads of Mesa's software rasterizer, which --threads does
                  not set

Exit codes:
    0  done
    2  an argument, a file or a number cannot be used
    3  the device is missing, failed, or computes wrong results
    4  results cannot be written, or what belongs on the standard output
  130  stopped by Ctrl-C or by a request to terminate
  Whatever is finished by then stays on disk. Messages that cannot be printed,
  as in a terminal that is gone, are dropped, and a reader that leaves, as head
  does, is no error. A second Ctrl-C ends at once.";

#[derive(Subcommand, Debug)]
enum Command {
    Study(study::StudyArgs),
    Merge(merge::MergeArgs),
    Submit(submit::SubmitArgs),
    Analyse(analyse::AnalyseArgs),
    Simulate(simulate::SimulateArgs),
    Import(Box<import::ImportArgs>),
    Predict(predict::PredictArgs),
    Explain(explain::ExplainArgs),
    Export(export::ExportArgs),
    Devices(devices::DevicesArgs),
    Bench(bench::BenchArgs),
    Inspect(inspect::InspectArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs a command.
pub fn run(arguments: Arguments, output: &Output) -> Result<()> {
    let global = &arguments.global;
    global.apply();
    match arguments.command {
        Command::Study(args) => study::run(&args, global, output),
        Command::Submit(args) => submit::run(&args, global, output),
        Command::Merge(args) => merge::run(&args, global, output),
        Command::Analyse(args) => analyse::run(&args, output),
        Command::Simulate(args) => simulate::run(args, output),
        Command::Import(args) => import::run(*args, output),
        Command::Predict(args) => predict::run(&args, output),
        Command::Explain(args) => explain::run(&args, output),
        Command::Export(args) => export::run(&args, output),
        Command::Devices(args) => devices::run(&args, global, output),
        Command::Bench(args) => bench::run(&args, global, output),
        Command::Inspect(args) => inspect::run(&args, output),
        Command::Completions(args) => completions::run(&args, Arguments::command(), output),
        Command::Man(args) => man::run(&args, Arguments::command(), output),
    }
}

#[cfg(test)]
mod tests {
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
