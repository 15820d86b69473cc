//! `shoal import`: a dataset from the files people have.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use shoal::Result;
use shoal::cosmology::CONVENTIONS;
use shoal::data::{Decimal, Import};

use super::help::{folders, formats};
use crate::cli::common::check_output;
use crate::cli::common::decimal;
use crate::cli::common::range;
use crate::cli::common::save;
use crate::cli::output::Output;

/// Makes a dataset (.npz) from arrays, text, or a folder with one folder per simulation
///
/// Everything is checked: numbers of rows, names, values that are not finite, targets outside their
/// range. The dataset notes the path and the SHA-256 of each file.
#[derive(Args, Debug)]
#[command(after_long_help = reference())]
pub struct ImportArgs {
    /// Inputs: a file with one row per simulation, or a folder with the folders 0, 1, 2, ...; not
    /// needed with --items
    #[arg(long, value_name = "FILE|DIR", required_unless_present_any = ["items", "files"])]
    x: Option<PathBuf>,
    /// Targets: a file with one row per simulation, in the same order [default: the file of x]
    #[arg(long, value_name = "FILE")]
    y: Option<PathBuf>,
    /// Files whose rows follow each other, separated by commas, such as signal and background;
    /// paths of other options that begin with : are parts of each, as in --x :Events
    #[arg(long, value_name = "FILES", value_delimiter = ',', conflicts_with = "axis")]
    files: Option<Vec<PathBuf>>,
    /// A target that is the same in all rows of a file: a number for each of --files
    #[arg(long, value_name = "NAME=NUMBERS", value_parser = label, requires = "files",
        allow_hyphen_values = true)]
    label: Vec<(String, Vec<f64>)>,
    /// Where each input lies, as its wavenumber: one number per column of x [default: 0, 1, 2, ...]
    #[arg(long, value_name = "FILE")]
    axis: Option<PathBuf>,
    /// What the axis is, with its unit, as in 'k [h/Mpc]' [default: the name of its file]
    #[arg(long, value_name = "NAME", verbatim_doc_comment)]
    axis_name: Option<String>,
    /// Names of all columns of y, separated by commas [default: those in its header, else y0, y1,
    /// ...]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    target_names: Option<Vec<String>>,
    /// Targets to keep, in this order, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// Column of y or x with the weight of each simulation [default: all weights are 1]
    #[arg(long, value_name = "NAME")]
    weights: Option<String>,
    /// Column with the number of the group of each simulation, as of its event: a study never
    /// divides a group between training, validation and test
    #[arg(long, value_name = "NAME")]
    groups: Option<String>,
    /// Keep the rows that meet a condition on columns, as 'pt > 20 and abs(eta) < 2.5'
    #[arg(long = "where", value_name = "CONDITION", verbatim_doc_comment)]
    condition: Option<String>,
    /// A column computed from others, once for each, as 'px = pt * cos(phi)': of the items if one
    /// of those is a column of the items, else an input
    #[arg(long, value_name = "NAME=EXPRESSION", value_parser = definition, verbatim_doc_comment)]
    define: Vec<(String, String)>,
    /// Range of a target that is scaled to [0, 1], once for each target [default: the prior of a
    /// well-known parameter, else the range of the values]
    #[arg(long, value_name = "NAME=LOW:HIGH", value_parser = range, allow_hyphen_values = true)]
    range: Vec<(String, [f64; 2])>,
    /// Inputs to keep, in this order, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    inputs: Option<Vec<String>>,
    /// Whether the first line of x, in text, is names although it is numbers [default: asks where
    /// it is 0, 1, 2, ...]
    #[arg(long, value_name = "yes|no", value_parser = clap::builder::BoolishValueParser::new())]
    x_header: Option<bool>,
    /// The same of y
    #[arg(long, value_name = "yes|no", value_parser = clap::builder::BoolishValueParser::new())]
    y_header: Option<bool>,
    /// Decimal mark of text files, point or comma [default: the one that fits]
    #[arg(long, value_name = "MARK", value_parser = decimal)]
    decimal: Option<Decimal>,
    /// In a folder: the number in the name of the first simulation's folder [default: 0]
    #[arg(long, value_name = "NUMBER")]
    first: Option<u32>,
    /// In a folder: the file of each simulation [default: as below]
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
    /// In a folder: leave out simulations without a file
    #[arg(long)]
    skip_missing: bool,
    /// Keep this many of the first inputs [default: all]
    #[arg(long, value_name = "COUNT")]
    bins: Option<usize>,
    /// Keep the first inputs up to this place on the axis [default: all]
    #[arg(long, value_name = "NUMBER", conflicts_with = "bins")]
    max_k: Option<f64>,
    /// Items of sets: arrays (.npy, or file.npz:name) separated by commas, whose columns stand side
    /// by side; padded, of shape (simulations, places, columns), or of shape (items, columns)
    #[arg(long, value_name = "FILES", value_delimiter = ',')]
    items: Option<Vec<PathBuf>>,
    /// Names of the columns of the items, separated by commas [default: i0, i1, ...]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    item_names: Option<Vec<String>>,
    /// Columns of the items to keep, in this order, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    item_columns: Option<Vec<String>>,
    /// The number of items of each simulation, of items that are not padded
    #[arg(long, value_name = "FILE")]
    counts: Option<PathBuf>,
    /// The first item of each simulation and the number of all, in place of --counts
    #[arg(long, value_name = "FILE")]
    offsets: Option<PathBuf>,
    /// The number that all columns of the first array have at a place without an item
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    fill: Option<f64>,
    /// An array that is 0 at places without an item, in place of --fill
    #[arg(long, value_name = "FILE")]
    mask: Option<PathBuf>,
    /// A column of the items with class numbers, which becomes a column for each of so many
    /// classes; once for each column
    #[arg(long, value_name = "NAME=COUNT", value_parser = count)]
    one_hot: Vec<(String, usize)>,
    /// The dataset to write
    #[arg(short, long, value_name = "FILE.npz")]
    output: PathBuf,
}

/// Parses the classes of a column, NAME=COUNT.
fn count(argument: &str) -> std::result::Result<(String, usize), String> {
    let parse = || {
        let (name, count) = argument.rsplit_once('=')?;
        Some((name.to_owned(), count.parse().ok()?))
    };
    parse().ok_or_else(|| "the classes of a column are written NAME=COUNT, as class=6".to_owned())
}

/// Parses the definition of a column, NAME=EXPRESSION.
fn definition(argument: &str) -> std::result::Result<(String, String), String> {
    let parts = argument.split_once('=').map(|(name, text)| (name.trim(), text.trim()));
    match parts.filter(|(name, text)| !name.is_empty() && !text.is_empty()) {
        Some((name, text)) => Ok((name.to_owned(), text.to_owned())),
        None => Err("a column is defined as NAME=EXPRESSION, as 'px = pt * cos(phi)'".to_owned()),
    }
}

/// Parses the targets of files, NAME=NUMBER,NUMBER,...
fn label(argument: &str) -> std::result::Result<(String, Vec<f64>), String> {
    let parse = || {
        let (name, numbers) = argument.split_once('=')?;
        let numbers: Option<Vec<f64>> = numbers.split(',').map(|one| one.parse().ok()).collect();
        Some((name.to_owned(), numbers?))
    };
    parse().ok_or_else(|| "the targets of files are written NAME=NUMBERS, as signal=1,0".to_owned())
}

fn reference() -> String {
    format!(
        "\
Files:
{}
  The first bytes of a file tell its format, not its name. If the rows of x and
  y have names (a first column such as LH_0, or the index of a data frame), rows
  are matched by them.

Folders:
{}
  Each file is text with two columns: where an input lies, and its value.
  The first column must be the same in all of them. Folders are named after the
  rows of y: by their names if they have some, else 0, 1, 2, ..., also LH_0 or
  0000; --first 1 if they begin with 1.

Dataset (.npz), as np.savez writes one too; only y, and x or items, are needed:
  x              inputs, shape (simulations, inputs), raw and in physical units
  items          items of all simulations, shape (items, columns), beside x or
                 alone
  counts         the number of items of each simulation, shape (simulations), or
  offsets        the first item of each and the number of all (simulations + 1)
  item_names     one name per column of the items
  y              targets, shape (simulations, targets), in physical units
  axis           where each input lies, shape (inputs); also called k
  axis_name      what the axis is, with its unit
  input_names    one name per input
  target_names   one name per target
  target_ranges  low and high, scaled to 0 and 1, shape (targets, 2)
  weights        weight of each row in losses and metrics, also negative ones
  groups         number of the group of each row, as of its event
  provenance     JSON: where the numbers come from

Examples:
  shoal import --x pk.npy --y theta.txt --axis k.npy -o mine.npz
  shoal import --x all.npz:pk --y all.npz:theta --targets y0,y3 -o mine.npz
  shoal import --x Pk/latin_hypercube --y theta.txt --bins 79 -o quijote.npz
  shoal import --items jets.npz:constituents,jets.npz:charge --fill 0 \\
      --item-names pt,d_eta,d_phi,charge --y jets.npz:label -o jets-ragged.npz
  shoal import --items jets.npz:constituents --item-names pt,eta,phi --fill 0 \\
      --define 'px = pt * cos(phi)' --y jets.npz:label -o jets-px.npz
  shoal import --x events.parquet --targets label --weights weight \\
      --where 'PRI_jet_num >= 2' --groups event -o events.npz

A study file can import in place of a file, with the same options (with _ in
place of -, target_ranges in place of --range, true and false for yes and no,
lists and tables such as one_hot = {{ class = 6 }}):
  finetune = {{ x = \"pk.npy\", y = \"theta.txt\", targets = [\"Omega_m\"] }}

Events (--json):
  imported  file, simulations, inputs, targets; of sets items and item_names",
        formats(),
        folders()
    )
}

/// Imports.
pub fn run(args: ImportArgs, output: &Output) -> Result<()> {
    let inputs = [args.x.as_ref(), args.y.as_ref(), args.axis.as_ref()];
    let more = [args.counts.as_ref(), args.offsets.as_ref(), args.mask.as_ref()];
    let inputs = inputs.into_iter().chain(more).flatten().chain(args.items.iter().flatten());
    let inputs = inputs.chain(args.files.iter().flatten());
    let inputs = inputs.map(PathBuf::as_path);
    check_output(&args.output, "a dataset is", &["npz"], inputs)?;
    let ranges: BTreeMap<_, _> = args.range.into_iter().collect();
    let import = Import {
        x: args.x.unwrap_or_default(),
        y: args.y.unwrap_or_default(),
        files: args.files,
        label: (!args.label.is_empty()).then(|| args.label.into_iter().collect()),
        axis: args.axis,
        axis_name: args.axis_name,
        input_names: None,
        target_names: args.target_names,
        target_ranges: (!ranges.is_empty()).then_some(ranges),
        targets: args.targets,
        weights: args.weights,
        file: args.file,
        first: args.first,
        x_header: args.x_header,
        y_header: args.y_header,
        decimal: args.decimal,
        inputs: args.inputs,
        skip_missing: args.skip_missing.then_some(true),
        bins: args.bins,
        max_k: args.max_k,
        items: args.items,
        item_names: args.item_names,
        item_columns: args.item_columns,
        counts: args.counts,
        offsets: args.offsets,
        mask: args.mask,
        fill: args.fill,
        one_hot: (!args.one_hot.is_empty()).then(|| args.one_hot.into_iter().collect()),
        define: (!args.define.is_empty()).then(|| args.define.into_iter().collect()),
        condition: args.condition,
        groups: args.groups,
    };
    let dataset = import.read(std::path::Path::new(""), &CONVENTIONS)?;
    save(&dataset, &args.output, ["simulations", "inputs"], "imported", output)
}
