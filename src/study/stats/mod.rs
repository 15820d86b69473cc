//! What the results of a study say: where transfer saves simulations and where it hurts.
//!
//! [`Findings`] has all that follows from a study's results: [`saved_simulations`] and
//! [`transfers`] compare strategies over seeds or trials, [`agreement`] compares predictions with
//! the truth, [`searches`] sums up trials, [`pretraining_sizes`] says what a larger pre-training is
//! worth.

pub(crate) mod agreement;
pub(crate) mod findings;
pub(crate) mod headline;
pub(crate) mod negative_transfer;
pub(crate) mod pretraining_size;
pub(crate) mod saved;
pub(crate) mod savings;
pub(crate) mod scatter;
pub(crate) mod sentences;
pub(crate) mod statistics;
pub(crate) mod summary;
pub(crate) mod words;
pub(crate) mod written;

use crate::study::store::{predictions, trials};

pub use agreement::{Agreement, agreement, mean_of_best};
pub use findings::{Findings, PREDICTIONS_FILE};
pub use negative_transfer::{LEVEL, Transfer, transfers};
pub use predictions::{Predictions, read_predictions, write_predictions};
pub use pretraining_size::{PretrainingSize, pretraining_size_verdict, pretraining_sizes};
pub use saved::{Saved, saved_simulations};
pub use scatter::Scatter;
pub use sentences::strategy_sentences;
pub use statistics::{holm, mean_interval, paired_t, signed_rank};
pub use trials::{BEST, Search, Trial, read_trials, searches};

pub use savings::{Bound, Saving, savings};
pub use summary::{Spread, Summary, SummaryRow};
