//! `<figure>.csv`: curves of networks on their test rows, such as `roc.csv`.

use std::path::Path;

use crate::error::Result;
use crate::study::store::run::GroupName;
use crate::study::store::table::{columns, number_text, write_curves};

/// A curve of the networks of a group: its mean and scatter over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// The networks.
    pub group: GroupName,
    /// The panel of the figure.
    pub panel: &'static str,
    /// The target, or the two targets of a vector.
    pub target: String,
    /// The class of the rows, where each class has a curve.
    pub class: Option<&'static str>,
    /// x and y, means over seeds; and the standard deviation of y over seeds, absent for one seed.
    pub points: Vec<(f64, f64, Option<f64>)>,
}

/// Writes the curves of a figure, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_bands(path: &Path, bands: &[Band]) -> Result<()> {
    let rest = columns(&["simulations", "panel", "target", "class", "x", "y", "deviation"]);
    let lines = bands.iter().flat_map(|band| {
        band.points.iter().map(|(x, y, deviation)| {
            let words = [
                band.group.simulations.to_string(),
                band.panel.to_owned(),
                band.target.clone(),
                band.class.unwrap_or_default().to_owned(),
            ];
            let numbers = [Some(*x), Some(*y), *deviation].map(number_text);
            (&band.group.curve, words.into_iter().chain(numbers).collect())
        })
    });
    write_curves(path, &rest, lines)
}
