//! The metrics that trained networks are tested by. A new metric is one more entry of [`METRICS`]:
//! columns, figures, sentences and help texts take their names from it. Each is a function of all
//! predictions, targets and weights of the test rows.

use crate::engine::loss::Predicts;
use crate::study::measures as m;
use crate::study::tested::Tested;

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
#[derive(Debug)]
pub struct Metric {
    /// The name in columns, `test_<name>` and `test_<name>_<target>`, and in study files.
    pub name: &'static str,
    /// The name in text, after `test`.
    pub title: &'static str,
    /// One line for documentation.
    pub description: &'static str,
    /// Which direction is better.
    pub better: Better,
    /// Whether strategies can be compared by it. Numbers that should have a certain value, such as
    /// coverage, only describe them.
    pub compares: bool,
    /// What outputs must be for it.
    pub needs: Needs,
    /// The metric of one target; NaN where it is not defined.
    pub of_target: fn(test: &Tested, target: usize) -> f64,
}

/// What the outputs of a network must be for a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any prediction of a target.
    Values,
    /// Predictions with a standard deviation.
    Deviations,
    /// Probabilities.
    Probabilities,
}

impl Needs {
    /// In a message.
    pub fn words(self) -> &'static str {
        match self {
            Needs::Values => "predictions",
            Needs::Deviations => "predicted deviations",
            Needs::Probabilities => "probabilities",
        }
    }

    /// Whether a network with such outputs has the metric.
    pub fn are_met_by(self, predicts: Predicts) -> bool {
        match self {
            Needs::Values => true,
            Needs::Deviations => predicts.outputs_per_target() == 2,
            Needs::Probabilities => predicts.is_class(),
        }
    }
}

/// All metrics. Study files name them in `metrics`; without that, those of [`of_outputs`].
pub static METRICS: [Metric; 14] = [
    Metric {
        name: "mse",
        title: "MSE",
        description: "mean squared error of the targets, each scaled to [0, 1]",
        better: Better::Lower,
        compares: true,
        needs: Needs::Values,
        of_target: m::mean_squared_error,
    },
    Metric {
        name: "mae",
        title: "mean absolute error",
        description: "mean of |prediction - truth|, targets scaled to [0, 1]",
        better: Better::Lower,
        compares: true,
        needs: Needs::Values,
        of_target: |test, target| {
            m::mean(test, target, |prediction, truth| (prediction - truth).abs())
        },
    },
    Metric {
        name: "r2",
        title: "R²",
        description: "1 - squared errors / squared deviations of the truth from its mean",
        better: Better::Higher,
        compares: true,
        needs: Needs::Values,
        of_target: m::r_squared,
    },
    Metric {
        name: "resolution",
        title: "resolution",
        description: "standard deviation of prediction - truth, targets scaled to [0, 1]",
        better: Better::Lower,
        compares: true,
        needs: Needs::Values,
        of_target: m::resolution,
    },
    Metric {
        name: "bias",
        title: "bias",
        description: "size of the mean of prediction - truth, targets scaled to [0, 1]",
        better: Better::Lower,
        compares: true,
        needs: Needs::Values,
        of_target: m::bias,
    },
    Metric {
        name: "auc",
        title: "AUC",
        description: "area under the ROC curve, ties count half",
        better: Better::Higher,
        compares: true,
        needs: Needs::Probabilities,
        of_target: m::area_under_curve,
    },
    Metric {
        name: "log_loss",
        title: "log loss",
        description: "mean of -ln of the probability of the right class",
        better: Better::Lower,
        compares: true,
        needs: Needs::Probabilities,
        of_target: m::log_loss,
    },
    Metric {
        name: "accuracy",
        title: "accuracy",
        description: "fraction of rows whose most probable class is the right one",
        better: Better::Higher,
        compares: true,
        needs: Needs::Probabilities,
        of_target: m::accuracy,
    },
    Metric {
        name: "rejection_30",
        title: "rejection at 30 % efficiency",
        description: "1 / fraction of the background that passes where 30 % of the signal does",
        better: Better::Higher,
        compares: true,
        needs: Needs::Probabilities,
        of_target: |test, target| m::rejection(test, target, 0.3),
    },
    Metric {
        name: "rejection_50",
        title: "rejection at 50 % efficiency",
        description: "1 / fraction of the background that passes where 50 % of the signal does",
        better: Better::Higher,
        compares: true,
        needs: Needs::Probabilities,
        of_target: |test, target| m::rejection(test, target, 0.5),
    },
    Metric {
        name: "ams",
        title: "AMS",
        description: "approximate median significance of the HiggsML challenge at its best cut; \
                      weights are expected events",
        better: Better::Higher,
        compares: true,
        needs: Needs::Probabilities,
        of_target: m::median_significance,
    },
    Metric {
        name: "coverage",
        title: "coverage",
        description: "fraction of rows within one predicted deviation of the truth; .683 is right",
        better: Better::Higher,
        compares: false,
        needs: Needs::Deviations,
        of_target: m::coverage,
    },
    Metric {
        name: "chi_squared",
        title: "χ²",
        description: "mean of ((prediction - truth) / predicted deviation)²; 1 is right",
        better: Better::Lower,
        compares: false,
        needs: Needs::Deviations,
        of_target: m::chi_squared,
    },
    Metric {
        name: "nll",
        title: "negative log-likelihood",
        description: "mean of ln(deviation) + ((prediction - truth) / deviation)² / 2",
        better: Better::Lower,
        // it is negative for small errors, so strategies have no ratio
        compares: false,
        needs: Needs::Deviations,
        of_target: m::negative_log_likelihood,
    },
];

/// The metric of networks that predict values.
pub static MSE: &Metric = &METRICS[0];

/// The metrics of networks with such outputs, unless the study names others. Strategies are
/// compared by the first one.
pub fn of_outputs(predicts: Predicts) -> Vec<&'static Metric> {
    let names: &[&str] = match predicts {
        Predicts::Value => &["mse"],
        Predicts::Probability => {
            &["auc", "log_loss", "accuracy", "rejection_30", "rejection_50", "ams"]
        }
        Predicts::Classes => &["accuracy", "log_loss", "auc"],
        Predicts::LogVariance | Predicts::Deviation => &["mse", "coverage", "chi_squared"],
    };
    names.iter().map(|name| Metric::named(name).expect("metric: in the list")).collect()
}

impl Metric {
    /// The metric of this name.
    pub fn named(name: &str) -> Option<&'static Metric> {
        METRICS.iter().find(|metric| metric.name == name)
    }

    /// The mean of the metric over all targets.
    pub fn of_targets(&self, test: &Tested) -> f64 {
        let targets = test.predictions.len();
        (0..targets).map(|target| (self.of_target)(test, target)).sum::<f64>() / targets as f64
    }

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

impl Eq for Metric {}

impl PartialEq for Metric {
    /// Compares the names.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// These metrics of every target, shape (metrics, targets).
pub fn evaluate(metrics: &[&Metric], test: &Tested) -> Vec<f64> {
    let targets = 0..test.predictions.len();
    let of_metric = |metric: &&Metric| -> Vec<f64> {
        targets.clone().map(|target| (metric.of_target)(test, target)).collect()
    };
    metrics.iter().flat_map(of_metric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_absolute_error_is_that_of_scikit_learn() {
        // mean_absolute_error([.2, .2, .5], [.1, .4, .9], sample_weight=[1, 2, -.5])
        let test = Tested {
            predicts: Predicts::Value,
            predictions: vec![vec![0.1, 0.4, 0.9]],
            deviations: vec![],
            truth: vec![vec![0.2, 0.2, 0.5]],
            weights: Some(vec![1.0, 2.0, -0.5].into()),
        };
        let found = evaluate(&[Metric::named("mae").unwrap()], &test)[0];
        assert!((found - 0.12).abs() < 1e-15, "{found}");
    }
}
