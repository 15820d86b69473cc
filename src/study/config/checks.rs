//! Limits of what a study file may ask for, and checks of single values.

use crate::data::names::number_text;
use crate::engine::activation::Activation;
use crate::error::{Error, Result};
use crate::input_error;

/// Widest layer.
pub const MAX_WIDTH: usize = 4096;
/// Most hidden layers.
pub const MAX_LAYERS: usize = 6;
/// Most epochs of a run.
pub const MAX_EPOCHS: u32 = 10_000_000;
/// Most runs of a study.
pub const MAX_RUNS: usize = 1_000_000;
/// Largest batch that may be larger than the data are: one study file serves small and large data.
pub const SPARE_BATCH: usize = 4096;

/// Checks a fraction of the simulations.
///
/// # Errors
/// [`Error::Input`] unless it lies between 0 and 1.
pub fn check_fraction(key: &str, value: f64) -> Result<()> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(input_error!(
        "{key} = {}: the part of the simulations to validate on lies between 0 and 1",
        number_text(value)
    ))
}

/// Checks the widths of hidden layers.
///
/// # Errors
/// [`Error::Input`] for no layer, too many, or a width out of range.
pub fn check_hidden(key: &str, hidden: &[usize]) -> Result<()> {
    if hidden.is_empty() || hidden.len() > MAX_LAYERS {
        return Err(input_error!(
            "{key} has {} layers; give 1 to {MAX_LAYERS} widths",
            hidden.len()
        ));
    }
    match hidden.iter().find(|width| !(1..=MAX_WIDTH).contains(*width)) {
        Some(width) => {
            Err(input_error!("{key} = {hidden:?}: a width of {width}; widths are 1 to {MAX_WIDTH}"))
        }
        None => Ok(()),
    }
}

/// Checks a dropout probability.
///
/// # Errors
/// [`Error::Input`] unless it is at least 0 and below 1.
pub fn check_dropout(key: &str, dropout: f32) -> Result<()> {
    if (0.0..1.0).contains(&dropout) {
        return Ok(());
    }
    Err(input_error!("{key} = {dropout}: a probability of at least 0 and below 1"))
}

/// Checks the slope of leaky_relu below 0.
///
/// # Errors
/// [`Error::Input`] unless it is finite.
pub fn check_slope(key: &str, slope: f32) -> Result<()> {
    match slope.is_finite() {
        true => Ok(()),
        false => Err(input_error!("{key} = {slope}: a finite number, as 0.2")),
    }
}

/// Checks the size of a batch of `rows` simulations of a dataset.
///
/// # Errors
/// [`Error::Input`] if it is larger than they are, and larger than [`SPARE_BATCH`].
pub fn check_batch(key: &str, batch: usize, rows: usize, dataset: &str) -> Result<()> {
    match batch <= rows.max(SPARE_BATCH) {
        true => Ok(()),
        false => Err(input_error!(
            "{key} = {batch}: more examples than the {rows} simulations of {dataset}; give at most \
             {rows}"
        )),
    }
}

/// Checks that the steps of a run can be counted.
///
/// # Errors
/// [`Error::Input`] with the epochs, and those that there may be.
pub fn check_steps(key: &str, epochs: u32, batch: usize, rows: usize) -> Result<()> {
    // training and validation rows are in batches of their own
    let steps = rows.div_ceil(batch) as u64 + 1;
    let most = (u64::from(u32::MAX) / steps).min(MAX_EPOCHS.into());
    match u64::from(epochs) <= most {
        true => Ok(()),
        false => Err(input_error!(
            "{key} = {epochs}: at most {most} epochs of {steps} batches can be counted"
        )),
    }
}

/// The activation of a name.
///
/// # Errors
/// [`Error::Input`] with the known names.
pub fn activation(key: &str, name: &str, slope: f32) -> Result<Activation> {
    Activation::named(name, slope).ok_or_else(|| {
        let names: Vec<&str> = Activation::ALL.iter().map(|activation| activation.name()).collect();
        unknown(key, name, "activation", &names)
    })
}

/// The known name that is nearest to `given`, if one is near.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &&str| strsim::jaro_winkler(given, name);
    let nearest = known.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    nearest.filter(|name| near(name) > 0.7)
}

/// An error for a name that is not in a list.
pub fn unknown(key: &str, given: &str, what: &str, known: &[&str]) -> Error {
    let hint = nearest(given, known.iter().copied());
    let hint = hint.map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"));
    input_error!("{key} = \"{given}\": no such {what}; there are {}{hint}", known.join(", "))
}

/// Puts `prefix: ` before an input error.
pub fn prefix(error: Error, prefix: &str) -> Error {
    match error {
        Error::Input(text) => Error::Input(format!("{prefix}: {text}")),
        other => other,
    }
}
