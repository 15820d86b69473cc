//! The test of a trained network on the test rows, on the thread that trained it.

use std::sync::Arc;

use crate::data::matrix::Matrix;
use crate::data::scaling::Scaling;
use crate::engine::evaluate;
use crate::engine::graph::Graph;
use crate::engine::queue::Test;
use crate::study::metric;

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
    /// The test of this network on these rows: every metric of every target, shape (metrics,
    /// targets).
    pub fn test(self, network: Graph) -> Test {
        Box::new(move |parameters| self.scores(&network, parameters))
    }

    /// # Panics
    /// If the network has fewer outputs than there are targets, or other inputs.
    fn scores(&self, network: &Graph, parameters: &[f32]) -> Vec<f64> {
        let (rows, columns) = (self.features.rows, self.features.columns);
        let mut inputs = vec![0.0; rows * columns];
        for (row, scaled) in inputs.chunks_exact_mut(columns).enumerate() {
            self.scaling.feature(self.features.row(row), scaled);
        }
        let predicted = evaluate::predict(network, parameters, &inputs);
        let targets = self.targets.columns;
        let (mut predictions, mut truth) =
            (vec![Vec::with_capacity(rows); targets], vec![Vec::with_capacity(rows); targets]);
        let mut scaled = vec![0.0; targets];
        for (row, predicted) in predicted.chunks_exact(network.outputs()).enumerate() {
            self.scaling.target(self.targets.row(row), &mut scaled);
            for target in 0..targets {
                predictions[target].push(f64::from(predicted[target]));
                truth[target].push(scaled[target]);
            }
        }
        metric::evaluate(&predictions, &truth)
    }
}
