//! The metrics that trained networks are tested by. A new metric is one more entry of [`METRICS`]:
//! columns, figures, sentences and help texts take their names from it.

/// Whether a larger or a smaller value of a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Errors.
    Lower,
    /// Scores.
    Higher,
}

impl Better {
    /// 1 if lower is better, -1 if higher is: a value times this sorts from best to worst.
    pub fn sign(self) -> f64 {
        match self {
            Better::Lower => 1.0,
            Better::Higher => -1.0,
        }
    }

    /// Whether `value` is better than `other`.
    pub fn is_better(self, value: f64, other: f64) -> bool {
        self.sign() * value < self.sign() * other
    }

    /// The word for a better value: `lower` or `higher`.
    pub fn word(self) -> &'static str {
        match self {
            Better::Lower => "lower",
            Better::Higher => "higher",
        }
    }

    /// The opposite direction.
    pub fn reverse(self) -> Self {
        match self {
            Better::Lower => Better::Higher,
            Better::Higher => Better::Lower,
        }
    }
}

/// A metric on the test set, computed for each target.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name in columns: `test_<name>` and `test_<name>_<target>`.
    pub name: &'static str,
    /// The name in text, after `test`.
    pub title: &'static str,
    /// One line for documentation.
    pub description: &'static str,
    /// Which direction is better.
    pub better: Better,
    /// The metric of one target from its predictions and its true values, both scaled to [0, 1],
    /// shape (rows).
    pub of_target: fn(predictions: &[f64], truth: &[f64]) -> f64,
}

/// All metrics. Strategies are compared by the first one.
pub const METRICS: [Metric; 1] = [Metric {
    name: "mse",
    title: "MSE",
    description: "mean squared error of the targets, each scaled to [0, 1]",
    better: Better::Lower,
    of_target: mean_squared_error,
}];

/// The metric that strategies are compared by.
pub const PRIMARY: &Metric = &METRICS[0];

impl Metric {
    /// The column of the mean over all targets.
    pub fn column(&self) -> String {
        format!("test_{}", self.name)
    }

    /// The column of one target.
    pub fn target_column(&self, target: &str) -> String {
        format!("test_{}_{target}", self.name)
    }

    /// The name in text, such as `test MSE`.
    pub fn test_title(&self) -> String {
        format!("test {}", self.title)
    }

    /// The file of the figure, without its ending, such as `test-mse`.
    pub fn figure(&self) -> String {
        format!("test-{}", self.name)
    }
}

/// Every metric of every target, shape (metrics, targets), from columns of shape (targets, rows).
pub fn evaluate(predictions: &[Vec<f64>], truth: &[Vec<f64>]) -> Vec<f64> {
    let of_metric = |metric: &Metric| {
        let columns = predictions.iter().zip(truth);
        columns.map(|(predictions, truth)| (metric.of_target)(predictions, truth)).collect()
    };
    METRICS.iter().flat_map(|metric| -> Vec<f64> { of_metric(metric) }).collect()
}

fn mean_squared_error(predictions: &[f64], truth: &[f64]) -> f64 {
    let rows = truth.len() as f64;
    let pairs = predictions.iter().zip(truth);
    pairs.fold(0.0, |sum, (prediction, truth)| sum + (prediction - truth).powi(2) / rows)
}
