//! What metrics are computed from.

use std::sync::Arc;

use crate::engine::loss::Predicts;

/// Predictions of the test rows and the truth, in columns of shape (targets, rows). Targets are
/// scaled to [0, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// What the outputs of the network are.
    pub predicts: Predicts,
    /// Predicted values, means or probabilities.
    pub predictions: Vec<Vec<f64>>,
    /// Predicted standard deviations; empty if there are none.
    pub deviations: Vec<Vec<f64>>,
    /// The truth.
    pub truth: Vec<Vec<f64>>,
    /// Weight of each row, shape (rows); all are 1 if there are none.
    pub weights: Option<Arc<Vec<f64>>>,
}

impl Tested {
    /// (prediction, truth, weight) of each row.
    pub fn rows(&self, target: usize) -> impl Iterator<Item = (f64, f64, f64)> + Clone {
        let pairs = self.predictions[target].iter().zip(&self.truth[target]).enumerate();
        pairs.map(|(row, (prediction, truth))| (*prediction, *truth, self.weight(row)))
    }

    /// The weight of a row.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }
}
