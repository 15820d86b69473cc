//! What several subcommands share.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use shoal::data::Dataset;
use shoal::{Error, Result};

use super::output::Output;

/// Parses a range, NAME=LOW:HIGH.
pub fn range(argument: &str) -> std::result::Result<(String, [f64; 2]), String> {
    let parse = || {
        let (name, numbers) = argument.split_once('=')?;
        let (low, high) = numbers.split_once(':')?;
        Some((name.to_owned(), [low.parse().ok()?, high.parse().ok()?]))
    };
    parse().ok_or_else(|| "a range is written NAME=LOW:HIGH, as in Omega_m=0.1:0.5".to_owned())
}

/// A flag that Ctrl-C or a request to terminate sets; a second one ends the process at once.
pub fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|e| Error::Input(format!("Ctrl-C cannot be caught: {e}")))?;
    Ok(stop)
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
    dataset.save(path)?;
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
