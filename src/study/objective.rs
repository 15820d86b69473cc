//! What a search looks for: the lowest validation loss, or the best value of a metric of the best
//! network on the validation rows. The test rows are never used for a choice.

use crate::study::metric::{Better, Metric};

/// The name of the validation loss in study files and tables.
pub const VALIDATION_LOSS: &str = "validation_loss";

/// What a search looks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// The lowest validation loss.
    #[default]
    ValidationLoss,
    /// The best value of a metric on the validation rows, the mean over all targets.
    Metric(&'static Metric),
}

impl Objective {
    /// Its metric; none for the validation loss.
    pub fn metric(self) -> Option<&'static Metric> {
        match self {
            Objective::ValidationLoss => None,
            Objective::Metric(metric) => Some(metric),
        }
    }

    /// Which direction is better.
    pub fn better(self) -> Better {
        self.metric().map_or(Better::Lower, |metric| metric.better)
    }

    /// The column of the table of trials.
    pub fn column(self) -> String {
        self.metric().map_or(VALIDATION_LOSS.into(), |metric| format!("validation_{}", metric.name))
    }

    /// The name in text, such as `validation AUC`.
    pub fn title(self) -> String {
        let name = self.metric().map_or("loss", |metric| metric.title);
        format!("validation {name}")
    }

    /// The best in text, such as `highest validation AUC`.
    pub fn best(self) -> String {
        let word = match self.better() {
            Better::Lower => "lowest",
            Better::Higher => "highest",
        };
        format!("{word} {}", self.title())
    }
}
