//! What several subcommands share.

use std::path::Path;

use serde_json::json;
use shoal::data::Dataset;
use shoal::{Error, Result};

use super::output::Output;
use super::signals;

/// Parses a range, NAME=LOW:HIGH.
pub fn range(argument: &str) -> std::result::Result<(String, [f64; 2]), String> {
    let parse = || {
        let (name, numbers) = argument.split_once('=')?;
        let (low, high) = numbers.split_once(':')?;
        Some((name.to_owned(), [low.parse().ok()?, high.parse().ok()?]))
    };
    parse().ok_or_else(|| "a range is written NAME=LOW:HIGH, as in Omega_m=0.1:0.5".to_owned())
}

/// Checks that a dataset can have this name.
pub fn check_npz(path: &Path) -> Result<()> {
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
pub fn save(
    dataset: &Dataset,
    path: &Path,
    [rows, columns]: [&str; 2],
    event: &str,
    output: &Output,
) -> Result<()> {
    // a file that is being written is finished
    signals::gracefully(|_| dataset.save(path))?;
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
