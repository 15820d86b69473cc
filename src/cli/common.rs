//! What several subcommands share.

use std::path::Path;

use clap::Args;
use serde_json::json;
use shoal::data::{Dataset, Decimal, TextOptions};
use shoal::{Error, Result, check_not_an_input, check_writable};

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

/// Parses a decimal mark.
pub fn decimal(argument: &str) -> std::result::Result<Decimal, String> {
    match argument {
        "point" => Ok(Decimal::Point),
        "comma" => Ok(Decimal::Comma),
        _ => Err("a decimal mark is point or comma".to_owned()),
    }
}

/// How a text file is read where it can mean two things.
#[derive(Args, Clone, Copy, Debug)]
pub struct TextArgs {
    /// Whether the first line of a text file is names although it is numbers [default: asks where
    /// it is 0, 1, 2, ...]
    #[arg(long, value_name = "yes|no", value_parser = clap::builder::BoolishValueParser::new())]
    header: Option<bool>,
    /// Decimal mark of a text file, point or comma [default: the one that fits]
    #[arg(long, value_name = "MARK", value_parser = decimal)]
    decimal: Option<Decimal>,
}

impl TextArgs {
    /// As the reader takes them.
    pub fn options(self) -> TextOptions {
        TextOptions { header: self.header, decimal: self.decimal }
    }
}

/// The format of a file to write, one of `formats`, by the end of its name; and checks that it can
/// be written and is none of the files that are read. All of it before any work is done.
pub fn check_output<'a>(
    path: &Path,
    what: &str,
    formats: &[&'static str],
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<&'static str> {
    let given = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = formats.iter().find(|format| format.eq_ignore_ascii_case(given));
    // what is no file has no format: numbers are text there
    let special = path.exists() && !path.is_file() && !path.is_dir();
    let Some(format) = format.or(formats.last().filter(|_| special)) else {
        let all: Vec<String> = formats.iter().map(|format| format!(".{format}")).collect();
        return Err(Error::Input(format!(
            "-o {}: {what} written as {}; give a name that ends so",
            path.display(),
            all.join(" or ")
        )));
    };
    check_not_an_input(path, inputs)?;
    check_writable(path)?;
    Ok(format)
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
    dataset.notes().iter().for_each(|note| output.notice(note));
    // a file that is being written is finished
    signals::gracefully(|_| dataset.save(path))?;
    let items = dataset.items.as_ref().map_or(String::new(), |items| {
        format!(", {} items of {} columns", items.values.rows, items.values.columns)
    });
    output.result(&format!(
        "{}: {} {rows}, {} {columns}{items}, targets {}",
        path.display(),
        dataset.targets.rows,
        dataset.inputs.columns,
        dataset.target_names.join(" ")
    ));
    let mut value = json!({
        "file": path.display().to_string(),
        "simulations": dataset.targets.rows,
        "inputs": dataset.inputs.columns,
        "targets": dataset.target_names,
    });
    if let Some(items) = &dataset.items {
        value["items"] = items.values.rows.into();
        value["item_names"] = json!(items.names);
    }
    output.event(event, value);
    Ok(())
}
