//! `shoal merge`: the parts of a study as one.

use std::path::PathBuf;

use clap::Args;

use shoal::study::{Study, check_joined, part, parts};
use shoal::{Error, Result};

use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::{signals, study};

/// Joins the parts of a study, and analyses it
///
/// DIR has the tables, networks, predictions and report of a study that one machine trained; the
/// lines of the journal are group by group. Parts of another study, and parts that are missing or
/// unfinished, are an error.
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct MergeArgs {
    /// Folder for the results
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Folders of the parts, or folders with parts/ in them [default: DIR]
    #[arg(value_name = "PARTS")]
    parts: Vec<PathBuf>,
    /// The study file, where it is not where the parts found it
    #[arg(long, value_name = "FILE")]
    study: Option<PathBuf>,
}

const REFERENCE: &str = "\
Examples:
  shoal study my.toml -o results --part 1/2    on one machine
  shoal study my.toml -o results --part 2/2    on another one
  shoal merge results                          with a file system in common
  shoal merge all from-a from-b --study my.toml    without

Networks whose files are missing train again, on --device; nothing else trains.

Events (--json): those of shoal study";

/// Merges.
pub fn run(args: &MergeArgs, global: &Global, output: &Output) -> Result<()> {
    let given = [args.folder.clone()];
    let given = if args.parts.is_empty() { &given[..] } else { &args.parts };
    let folders = parts::folders(given);
    if args.parts.is_empty() && part::Part::folders(&args.folder).is_empty() {
        return Err(Error::Input(format!(
            "{} has no parts/; name the folders of the parts after it",
            args.folder.display()
        )));
    }
    let file = parts::study_file(&folders)?;
    let file = args.study.clone().unwrap_or(file);
    let devices = global.find()?;
    let mut studies: Vec<Study> = study::read(&file, output)?;
    check_joined(&args.folder)?;
    signals::doing("the same command merges the parts again", output.json());
    parts::join(&mut studies, &args.folder, &folders)?;
    study::complete(studies, &devices, (&args.folder, None), output)
}
