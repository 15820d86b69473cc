//! `shoal predict`: predictions of a trained model.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use shoal::Result;
use shoal::data::{Observations, write_csv, write_npy, write_npz};
use shoal::study::store::model::Model;

use crate::cli::common::{TextArgs, check_output};
use crate::cli::output::Output;

/// Predicts targets, in physical units, with a model of a study
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct PredictArgs {
    /// A model: a .safetensors file of a study
    model: PathBuf,
    /// Raw inputs, one row per simulation: .npy, text, or a dataset (.npz), which needs no y
    input: PathBuf,
    #[command(flatten)]
    text: TextArgs,
    /// File for the predictions, shape (simulations, targets): .csv has the names of the targets
    /// above them, .npy is an f64 array, .npz has it as y, and target_names
    #[arg(short, long, value_name = "FILE.csv|npy|npz")]
    output: PathBuf,
}

const REFERENCE: &str = "\
Inputs are raw, as in the dataset that the model was trained on: the model file
has the scaling of inputs and targets, and log10 where the study took it.
They are matched by name if both the model and the file have names; else the
position counts. An axis must be the model's. A single column, or a 1-d array,
of as many numbers as the model has inputs is one observation.

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
    let observations = Observations::load(&args.input, args.text.options())?;
    let (inputs, notes) = model.inputs(&observations, &args.model.display().to_string())?;
    notes.iter().for_each(|note| output.notice(note));
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
