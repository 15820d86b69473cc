//! The test of a trained network on the test rows, on the thread that trained it.

use std::sync::Arc;

use crate::data::matrix::Matrix;
use crate::data::scaling::Scaling;
use crate::engine::evaluate;
use crate::engine::graph::Graph;
use crate::engine::loss::Predicts;
use crate::engine::scale::InputScale;
use crate::engine::table::Table;
use crate::study::calibration;
use crate::study::metric::{self, Metric};
use crate::study::prediction::Prediction;
use crate::study::tested::Tested;

/// Rows of the data to fine-tune on, for networks that read items.
#[derive(Clone)]
pub struct TableRows {
    /// The tables of the study.
    pub tables: Arc<[Table]>,
    /// Which of them.
    pub table: usize,
    /// Its rows.
    pub rows: Arc<[u32]>,
}

/// Rows that were kept aside, and how a network reads them.
pub struct HeldOut {
    /// Their [`crate::data::scaling::features`], shape (rows, inputs).
    pub features: Arc<Matrix>,
    /// The rows in their table, if they have items.
    pub sets: Option<TableRows>,
    /// Their targets in physical units, shape (rows, targets).
    pub targets: Arc<Matrix>,
    /// Weight of each row, shape (rows), if rows have weights.
    pub weights: Option<Arc<Vec<f64>>>,
    /// How the network's inputs and targets are scaled.
    pub scaling: Scaling,
    /// What the outputs of the network are.
    pub predicts: Predicts,
    /// The metrics.
    pub metrics: Vec<&'static Metric>,
}

impl HeldOut {
    /// Every metric of every target, shape (metrics, targets).
    ///
    /// # Panics
    /// If the network has fewer outputs than there are targets, or other inputs.
    pub fn scores(&self, network: &Graph, parameters: &[f32]) -> Vec<f64> {
        metric::evaluate(&self.metrics, &self.tested(network, parameters))
    }

    /// Multiplies predicted deviations in the parameters of the output layer so that they are right
    /// on these rows, see [`crate::study::calibration`].
    pub fn calibrate(&self, network: &Graph, parameters: &mut [f32]) {
        let factors = calibration::factors(&self.tested(network, parameters));
        calibration::scale(network, self.predicts, &factors, parameters);
    }

    /// What a network predicts of these rows.
    ///
    /// # Panics
    /// As [`HeldOut::scores`].
    pub fn tested(&self, network: &Graph, parameters: &[f32]) -> Tested {
        let rows = self.targets.rows;
        let predicted = match &self.sets {
            Some(sets) => self.of_sets(sets, network, parameters),
            None => self.of_features(network, parameters),
        };
        let targets = self.targets.columns;
        let predicted = Prediction::new(self.predicts, &predicted, network.outputs(), targets);
        let mut truth = vec![Vec::with_capacity(rows); targets];
        let mut scaled = vec![0.0; targets];
        for row in 0..rows {
            self.scaling.target(self.targets.row(row), &mut scaled);
            truth.iter_mut().zip(&scaled).for_each(|(column, value)| column.push(*value));
        }
        Tested {
            predicts: self.predicts,
            predictions: predicted.values,
            deviations: predicted.deviations,
            truth,
            weights: self.weights.clone(),
        }
    }

    fn of_features(&self, network: &Graph, parameters: &[f32]) -> Vec<f32> {
        let (rows, columns) = (self.features.rows, self.features.columns);
        let mut inputs = vec![0.0; rows * columns];
        for (row, scaled) in inputs.chunks_exact_mut(columns).enumerate() {
            self.scaling.feature(self.features.row(row), scaled);
        }
        evaluate::predict(network, parameters, &inputs)
    }

    fn of_sets(&self, sets: &TableRows, network: &Graph, parameters: &[f32]) -> Vec<f32> {
        let TableRows { tables, table, rows } = sets;
        let Scaling { mean, deviation, item_mean, item_deviation, .. } = &self.scaling;
        let scales = [(mean, deviation), (item_mean, item_deviation)]
            .map(|(centre, width)| InputScale { centre: centre.clone(), width: width.clone() });
        evaluate::predict_rows(network, parameters, scales, (tables.clone(), *table), rows)
    }
}
