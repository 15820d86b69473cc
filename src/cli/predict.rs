//! `shoal predict`: predictions of a trained model.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use shoal::Result;
use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, is_dataset, read_matrix, write_csv, write_npy, write_npz};
use shoal::study::store::model::Model;

use crate::cli::common::check_output;
use crate::cli::output::Output;

/// Predicts targets, in physical units, with a model of a study
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct PredictArgs {
    /// A model: a .safetensors file of a study
    model: PathBuf,
    /// Raw inputs, one row per simulation (.npy or text), or a dataset (.npz)
    input: PathBuf,
    /// File for the predictions, shape (simulations, targets): .csv has the names of the targets
    /// above them, .npy is an f64 array, .npz has it as y, and target_names
    #[arg(short, long, value_name = "FILE.csv|npy|npz")]
    output: PathBuf,
}

const REFERENCE: &str = "\
Inputs are raw, as in the dataset that the model was trained on: the model file
has the scaling of inputs and targets, and log10 where the study took it.

Examples:
  shoal predict scratch-400-1.safetensors x.npy -o y.npy
  shoal predict scratch-400-1.safetensors expensive.npz -o y.csv

Events (--json):
  predicted  file, simulations, columns";

/// Formats of predictions; a pipe or a device gets the last one.
const FORMATS: [&str; 3] = ["npy", "npz", "csv"];

/// Predicts.
pub fn run(args: &PredictArgs, output: &Output) -> Result<()> {
    let read = [args.model.as_path(), &args.input];
    let format = check_output(&args.output, "predictions are", &FORMATS, read)?;
    let model = Model::load(&args.model)?;
    let inputs = match is_dataset(&args.input) {
        true => Dataset::load(&args.input, &CONVENTIONS)?.inputs,
        false => read_matrix(&args.input)?,
    };
    let predicted = model.predict(&inputs, &args.input.display().to_string())?;
    let names = &model.about.target_names;
    match format {
        "npy" => write_npy(&args.output, &predicted)?,
        "npz" => write_npz(&args.output, &predicted, names)?,
        _ => write_csv(&args.output, &predicted, names)?,
    }
    output.result(&format!(
        "{}: {} simulations, columns {}",
        args.output.display(),
        predicted.rows,
        names.join(" ")
    ));
    output.event(
        "predicted",
        json!({ "file": args.output.display().to_string(), "simulations": predicted.rows, "columns": names }),
    );
    Ok(())
}
