//! Curves as functions of a few parameters: sums of Gaussians around the points where the curves
//! are known.

use crate::data::npy::matrix;
use crate::data::npz::Archive;

/// A smooth function from coordinates to curves, as `data/transfer/fit.py` made it.
pub struct Surrogate {
    low: Vec<f64>,
    high: Vec<f64>,
    /// The widths of the Gaussians, along each coordinate scaled to [-1, 1].
    lengths: Vec<f64>,
    /// Shape (points, coordinates), scaled.
    points: Vec<Vec<f64>>,
    /// Shape (points, curves).
    weights: Vec<Vec<f64>>,
    /// Shape (curves + 1, values of a curve); the first is the mean.
    curves: Vec<Vec<f64>>,
}

/// A member of an npz that comes with the crate, row by row.
///
/// # Panics
/// If it is missing or damaged: it is a part of the crate.
pub fn member(archive: &mut Archive, name: &str) -> Vec<Vec<f64>> {
    let read = archive.member(name).and_then(|bytes| matrix(&bytes));
    let values = read.unwrap_or_else(|error| panic!("transfer.npz: {error}"));
    (0..values.rows).map(|row| values.row(row).to_vec()).collect()
}

impl Surrogate {
    /// Reads the members that begin with `name`.
    pub fn read(archive: &mut Archive, name: &str) -> Self {
        let mut get = |what: &str| member(archive, &format!("{name}_{what}"));
        let surrogate = Surrogate {
            low: get("low").concat(),
            high: get("high").concat(),
            lengths: get("lengths").concat(),
            points: get("points"),
            weights: get("weights"),
            curves: get("curves"),
        };
        let coordinates = surrogate.low.len();
        assert!(surrogate.points.iter().all(|point| point.len() == coordinates));
        assert_eq!(surrogate.points.len(), surrogate.weights.len());
        assert_eq!(surrogate.weights[0].len() + 1, surrogate.curves.len());
        surrogate
    }

    /// The curve at the coordinates; those outside the points' range are an extrapolation, which
    /// the caller forbids.
    pub fn at(&self, coordinates: &[f64]) -> Vec<f64> {
        assert_eq!(coordinates.len(), self.low.len(), "surrogate: coordinates");
        let scaled: Vec<f64> = (coordinates.iter().zip(&self.low).zip(&self.high))
            .map(|((value, low), high)| 2.0 * (value - low) / (high - low) - 1.0)
            .collect();
        let mut amplitudes = vec![0.0; self.curves.len() - 1];
        for (point, weights) in self.points.iter().zip(&self.weights) {
            let distance: f64 = (point.iter().zip(&scaled).zip(&self.lengths))
                .map(|((a, b), length)| ((a - b) / length).powi(2))
                .sum();
            let near = (-0.5 * distance).exp();
            for (amplitude, weight) in amplitudes.iter_mut().zip(weights) {
                *amplitude += near * weight;
            }
        }
        let mut curve = self.curves[0].clone();
        for (amplitude, shape) in amplitudes.iter().zip(&self.curves[1..]) {
            for (value, part) in curve.iter_mut().zip(shape) {
                *value += amplitude * part;
            }
        }
        curve
    }
}
