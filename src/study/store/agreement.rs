//! `agreement.csv`: how predictions agree with the truth.

use std::path::Path;

use crate::error::Result;
use crate::study::store::predictions::Predictions;
use crate::study::store::table::{columns, number_text, write_curves};

/// The file in a study's folder.
pub(crate) const AGREEMENT_FILE: &str = "agreement.csv";

/// How the predictions of one target agree with the truth. In the target's units where not said
/// otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// The coefficient of determination, 1 - sum (prediction - truth)^2 / sum (truth - mean)^2: 1
    /// is perfect, 0 no better than the mean, below 0 worse. Absent if the truth is the same in all
    /// rows.
    pub r_squared: Option<f64>,
    /// The mean of prediction - truth.
    pub bias: f64,
    /// The root of the mean squared error.
    pub rms_error: f64,
    /// Calibration: the slope of the truth regressed on the prediction. 1 for calibrated
    /// predictions, below 1 for overconfident ones, which lie further from the mean than the truth
    /// does. Absent if all predictions are the same.
    pub slope: Option<f64>,
    /// Calibration in groups of equally many rows, by the prediction ascending: means of the
    /// prediction and of the truth.
    pub groups: Vec<[f64; 2]>,
}

/// Writes `agreement.csv`, one line for each network and target, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_agreement(
    path: &Path,
    targets: &[String],
    all: &[(Predictions, Vec<Agreement>)],
) -> Result<()> {
    let rest =
        columns(&["simulations", "seed", "target", "r_squared", "bias", "rms_error", "slope"]);
    let lines = all.iter().flat_map(|(network, agreements)| {
        targets.iter().zip(agreements).map(|(target, found)| {
            let names = [network.simulations.to_string(), network.seed.to_string(), target.clone()];
            let numbers = [found.r_squared, Some(found.bias), Some(found.rms_error), found.slope];
            (&network.curve, names.into_iter().chain(numbers.map(number_text)).collect())
        })
    });
    write_curves(path, &rest, lines)
}
