//! The test of a network on rows that were kept aside: done where it holds up nobody.

use std::sync::Arc;

use crate::data::matrix::Matrix;
use crate::data::scaling::Scaling;
use crate::engine::cpu::backend;
use crate::engine::graph::Network;
use crate::engine::train::Test;

/// Rows that were kept aside, and how a network reads them.
pub struct HeldOut {
    /// Their [`crate::data::scaling::features`], shape (rows, inputs).
    pub features: Arc<Matrix>,
    /// Their targets in physical units, shape (rows, targets).
    pub targets: Arc<Matrix>,
    /// How the network's inputs and targets are scaled.
    pub scaling: Scaling,
}

impl HeldOut {
    /// The test of this network on these rows.
    pub fn test(self, network: Network) -> Test {
        Box::new(move |parameters| self.errors(&network, parameters))
    }

    /// Mean squared error of each scaled target over the rows, shape (targets).
    ///
    /// # Panics
    /// If the network has fewer outputs than there are targets, or other inputs.
    fn errors(&self, network: &Network, parameters: &[f32]) -> Vec<f64> {
        let (rows, columns) = (self.features.rows, self.features.columns);
        let mut inputs = vec![0.0; rows * columns];
        for (row, scaled) in inputs.chunks_exact_mut(columns).enumerate() {
            self.scaling.feature(self.features.row(row), scaled);
        }
        let predicted = backend::predict(network, parameters, &inputs);
        let targets = self.targets.columns;
        let mut errors = vec![0.0; targets];
        let mut truth = vec![0.0; targets];
        for (row, predicted) in predicted.chunks_exact(network.outputs()).enumerate() {
            self.scaling.target(self.targets.row(row), &mut truth);
            let predicted = &predicted[..targets];
            for ((error, truth), predicted) in errors.iter_mut().zip(&truth).zip(predicted) {
                *error += (f64::from(*predicted) - truth).powi(2) / rows as f64;
            }
        }
        errors
    }
}
