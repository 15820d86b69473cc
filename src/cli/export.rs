//! `shoal export`: networks for other programs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use shoal::study::export;
use shoal::study::store::model::Model;
use shoal::{Error, Result, check_writable, write_atomically};

use crate::cli::common::check_output;
use crate::cli::output::Output;
use crate::cli::signals;

/// Writes models for other programs: ONNX, or a module of PyTorch
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct ExportArgs {
    /// Models: .safetensors files of a study. Of several that read and predict the same, such as
    /// the seeds of one strategy and size, ONNX predicts the mean and the spread
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,
    /// The file to write
    #[arg(short, long, value_name = "FILE.onnx|safetensors")]
    output: PathBuf,
    /// What is written [default: torch for .safetensors, onnx for .onnx]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Onnx,
    Torch,
}

const REFERENCE: &str = "\
An exported network reads raw inputs and predicts targets in physical units, as
shoal predict does: missing numbers, logarithms, scaling and the scaling of the
targets are inside. Rows that shoal predict refuses are NaN.

ONNX, operators of version 17, any number of rows:
  inputs       f64 (rows, inputs): in the order of the training data
  items        f64 (rows, places, columns): of networks on items, padded
  mask         bool (rows, places): whether there is an item; what stands in
               the other places does not matter
  predictions  f64 (rows, targets): of classes, their probabilities
  deviations   f64 (rows, targets): standard deviations, of networks that
               predict them; of several networks the root of the mean variance
  spread       f64 (rows, targets): of several networks, the standard deviation
               of their predictions
Nearest neighbours are computed inside. The metadata has the names of inputs,
items and targets, as JSON.

PyTorch: the same for one network, with the inputs as arguments: net.safetensors
is its state_dict, net.py beside it the module, and README.md a model card for
the Hugging Face Hub.

Examples:
  shoal export scratch-400-1.safetensors -o net.onnx
  shoal export results/models/scratch-400-*.safetensors -o mean.onnx
  shoal export scratch-400-1.safetensors -o hub/model.safetensors --format torch

Events (--json):
  exported  files, networks, inputs, items, targets";

/// Exports.
pub fn run(args: &ExportArgs, output: &Output) -> Result<()> {
    let formats: &[&str] = match args.format {
        Some(Format::Onnx) => &["onnx"],
        Some(Format::Torch) => &["safetensors"],
        // a pipe or a device gets the last one
        None => &["safetensors", "onnx"],
    };
    let paths = args.models.iter().map(PathBuf::as_path);
    let format = check_output(&args.output, "networks are", formats, paths)?;
    let is_torch = format == "safetensors";
    if is_torch {
        check_torch(args)?;
    }
    let load = |path: &PathBuf| Ok((path.display().to_string(), Model::load(path)?));
    let models = args.models.iter().map(load).collect::<Result<Vec<(String, Model)>>>()?;
    export::check(&models)?;
    let models: Vec<&Model> = models.iter().map(|(_, model)| model).collect();
    let files = match is_torch {
        true => torch(args, models[0]),
        false => vec![(args.output.clone(), export::onnx(&models))],
    };
    let write =
        |(path, bytes): &(PathBuf, Vec<u8>)| write_atomically(path, |file| file.write_all(bytes));
    signals::gracefully(|_| files.iter().try_for_each(write))?;
    let about = &models[0].about;
    let files: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    let networks = if models.len() == 1 { "network" } else { "networks" };
    output.result(&format!(
        "{}: {} {networks}, {} inputs, targets {}",
        files.join(", "),
        models.len(),
        about.raw_names().len(),
        about.target_names.join(" ")
    ));
    output.event(
        "exported",
        json!({
            "files": files,
            "networks": models.len(),
            "inputs": about.raw_names(),
            "items": about.raw_item_names(),
            "targets": about.target_names,
        }),
    );
    Ok(())
}

/// The module and the card beside a file of parameters.
fn beside(state: &Path) -> [PathBuf; 2] {
    [state.with_extension("py"), state.with_file_name("README.md")]
}

/// Checks that there is one network, and that the files beside its parameters can be written and
/// are of no one else.
fn check_torch(args: &ExportArgs) -> Result<()> {
    let (state, count) = (&args.output, args.models.len());
    if count > 1 {
        return Err(Error::Input(format!(
            "{count} models: a module of PyTorch is one network; export them one by one, or all of \
             them as .onnx"
        )));
    }
    if state.exists() && !state.is_file() {
        return Err(Error::Input(format!(
            "-o {}: a network in PyTorch is three files; name a file, as hub/model.safetensors",
            state.display()
        )));
    }
    for (path, mark) in beside(state).iter().zip([export::MARK, export::TAGS]) {
        let there = fs::read(path).unwrap_or_default();
        if !there.is_empty() && !String::from_utf8_lossy(&there).contains(mark) {
            return Err(Error::Input(format!(
                "{} is not of shoal export, and is left as it is; choose another folder with -o, \
                 as hub/model.safetensors",
                path.display()
            )));
        }
        check_writable(path)?;
    }
    Ok(())
}

/// The files of a network in PyTorch.
fn torch(args: &ExportArgs, model: &Model) -> Vec<(PathBuf, Vec<u8>)> {
    let (module, state) = export::torch(model);
    let name = args.output.file_name().unwrap_or_default().to_string_lossy();
    let card = export::card(model, &args.models[0], &name);
    let [module_path, card_path] = beside(&args.output);
    let beside = [(module_path, module.into_bytes()), (card_path, card.into_bytes())];
    [(args.output.clone(), state)].into_iter().chain(beside).collect()
}
