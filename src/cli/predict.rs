//! `shoal predict`: targets from spectra.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Args;
use npyz::WriterBuilder;
use serde_json::json;

use shoal::Result;
use shoal::data::{Dataset, Matrix, read_matrix};
use shoal::study::store::model::Model;

use super::Output;

/// Predicts targets, in physical units, with a model of a study
#[derive(Args, Debug)]
pub struct PredictArgs {
    /// A model: a .safetensors file of a study
    model: PathBuf,
    /// Raw inputs, one row a simulation (.npy or text), or a dataset (.npz)
    input: PathBuf,
    /// Array to write, shape (simulations, targets), f64
    #[arg(short, long, value_name = "FILE.npy")]
    output: PathBuf,
}

/// Predicts.
pub fn run(args: &PredictArgs, output: &Output) -> Result<()> {
    let model = Model::load(&args.model)?;
    let inputs = match args.input.extension().is_some_and(|extension| extension == "npz") {
        true => Dataset::load(&args.input)?.inputs,
        false => read_matrix(&args.input)?,
    };
    let predicted = model.predict(&inputs, &args.input.display().to_string())?;
    write(&args.output, &predicted)?;
    let names = &model.about.target_names;
    output.result(&format!(
        "{}: {} simulations, columns {}",
        args.output.display(),
        predicted.rows,
        names.join(" ")
    ));
    output.event(
        "predicted",
        json!({ "file": args.output, "simulations": predicted.rows, "columns": names }),
    );
    Ok(())
}

fn write(path: &Path, matrix: &Matrix) -> Result<()> {
    shoal::write_atomically(path, |file| {
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&[matrix.rows as u64, matrix.columns as u64])
            .writer(BufWriter::new(file))
            .begin_nd()?;
        writer.extend(matrix.values.iter())?;
        writer.finish()
    })
}
