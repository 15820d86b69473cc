//! `shoal import`: a dataset from the files people have.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use shoal::Result;
use shoal::cosmology::CONVENTIONS;
use shoal::data::Import;

use super::Output;
use super::check_npz;
use super::described;
use super::range;

/// Makes a dataset (.npz) from arrays or text, or from a Quijote folder tree
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// Inputs, one row a simulation: .npy, .npz, text or CSV; or a folder with one folder per
    /// simulation (0, 1, 2, ...)
    #[arg(long, value_name = "FILE|DIR")]
    x: PathBuf,
    /// Targets, one row a simulation, in the same order
    #[arg(long, value_name = "FILE")]
    y: PathBuf,
    /// Where each input lies: one number per column of x
    #[arg(long, value_name = "FILE")]
    axis: Option<PathBuf>,
    /// What the axis is, with its unit
    #[arg(long, value_name = "NAME", help = "What the axis is, with its unit, as in 'k [h/Mpc]'")]
    axis_name: Option<String>,
    /// Names of all columns of y, separated by commas; by default those in its header line
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    target_names: Option<Vec<String>>,
    /// Targets to keep, in this order; by default all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// Range from which a target is scaled to [0, 1]; by default the well-known prior of its name,
    /// else its extent. Can be given for each target
    #[arg(long, value_name = "NAME=LOW:HIGH", value_parser = range, allow_hyphen_values = true)]
    range: Vec<(String, [f64; 2])>,
    /// In a folder tree: the file of each simulation [default: Pk_m_z=0.txt]
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
    /// In a folder tree: leave simulations without a file out
    #[arg(long)]
    skip_missing: bool,
    /// Keep this many of the first inputs
    #[arg(long, value_name = "COUNT")]
    bins: Option<usize>,
    /// Keep the first inputs up to this place on the axis (for spectra in h/Mpc)
    #[arg(long, value_name = "NUMBER", conflicts_with = "bins")]
    max_k: Option<f64>,
    /// The dataset to write
    #[arg(short, long, value_name = "FILE.npz")]
    output: PathBuf,
}

/// Imports.
pub fn run(args: ImportArgs, output: &Output) -> Result<()> {
    check_npz(&args.output)?;
    let ranges: BTreeMap<_, _> = args.range.into_iter().collect();
    let import = Import {
        x: args.x,
        y: args.y,
        axis: args.axis,
        axis_name: args.axis_name,
        input_names: None,
        target_names: args.target_names,
        target_ranges: (!ranges.is_empty()).then_some(ranges),
        targets: args.targets,
        file: args.file,
        skip_missing: args.skip_missing.then_some(true),
        bins: args.bins,
        max_k: args.max_k,
    };
    let dataset = import.read(std::path::Path::new(""), &CONVENTIONS)?;
    dataset.save(&args.output)?;
    output.result(&format!(
        "{}: {} simulations, {} inputs, targets {}",
        args.output.display(),
        dataset.inputs.rows,
        dataset.inputs.columns,
        dataset.target_names.join(" ")
    ));
    output.event("imported", described(&args.output, &dataset));
    Ok(())
}
