//! `shoal predict`: predictions of a trained model.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use shoal::Result;
use shoal::data::{Matrix, Observations, write_csv, write_npy, write_npz};
use shoal::study::store::model::Model;

use crate::cli::common::{TextArgs, check_output};
use crate::cli::output::Output;
use crate::cli::signals;

/// Predicts targets, in physical units, with a model of a study
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct PredictArgs {
    /// A model: a .safetensors file of a study
    model: PathBuf,
    /// Raw inputs, one row per simulation: .npy, text, HDF5, Parquet, ROOT (file.root:tree), or a
    /// dataset (.npz), which needs no y
    input: PathBuf,
    #[command(flatten)]
    text: TextArgs,
    /// File for the predictions, shape (simulations, targets), or (simulations, 2 targets) with
    /// their standard deviations: .csv has the names of the columns above them, .npy is an f64
    /// array, .npz has it as y, and target_names
    #[arg(short, long, value_name = "FILE.csv|npy|npz")]
    output: PathBuf,
}

const REFERENCE: &str = "\
Inputs are raw, as in the dataset that the model was trained on: the model file
has the scaling of inputs and targets, the logarithms that the study took, and
the numbers that stand for missing ones.
They are matched by name if both the model and the file have names; else the
position counts. An axis must be the model's. A single column, or a 1-d array,
of as many numbers as the model has inputs is one observation.
Classes are predicted as probabilities. A network that predicts deviations, as
those of the losses gaussian and moments do, gives a column for each target,
then the standard deviation of each.

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
    let (rows, notes) = model.inputs(&observations, &args.model.display().to_string())?;
    notes.iter().for_each(|note| output.notice(note));
    let name = args.input.display().to_string();
    let (predicted, deviations) = model.predict_with_deviations(&rows, &name)?;
    let mut names = model.about.target_names.clone();
    if deviations.is_some() {
        names.extend(model.about.target_names.iter().map(|name| format!("sigma_{name}")));
    }
    let rows = (0..predicted.rows).flat_map(|row| {
        let sigmas = deviations.as_ref().map_or(&[][..], |all| all.row(row));
        predicted.row(row).iter().chain(sigmas).copied()
    });
    let values: Vec<f64> = rows.collect();
    let predicted = Matrix::new(predicted.rows, names.len(), values);
    signals::gracefully(|_| match format {
        "npy" => write_npy(&args.output, &predicted),
        "npz" => write_npz(&args.output, &predicted, &names),
        _ => write_csv(&args.output, &predicted, &names),
    })?;
    output.result(&format!(
        "{}: {} simulations, columns {}",
        args.output.display(),
        predicted.rows,
        names.join(" ")
    ));
    output.event(
        "predicted",
        json!({
            "file": args.output.display().to_string(),
            "simulations": predicted.rows,
            "columns": names,
        }),
    );
    Ok(())
}
