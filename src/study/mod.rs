//! A whole experiment: pre-train, then sizes x strategies x seeds.
//!
//! `typed` is what was typed in a TOML file, `source` what was typed of a dataset, `sources` reads,
//! imports or simulates datasets, `plan` is what is meant and cannot be invalid (`schedule` that of
//! the learning rate, `division` which rows are for what), `jobs` makes runs of it, `execution`
//! trains them, `evaluation` tests them (`held_out`), and `results` are written as they come:
//! networks by a thread of their own (`saving`), and `pace` says how often the disk is waited for.
//!
//! With a `[search]`, `searching` takes the place of `execution`: generations of trials that
//! `search` proposes, as `search_plan` says.
//!
//! `forecast` says what all of it will take, before anything runs.
//!
//! A study can be stopped at any moment, also by a kill, and gone on with: what is over stands in
//! the `record`, a journal, and a run that was not over begins again. `settings` tells whether a
//! `folder` is of the same study. What happens is told as an `event`; `tensorboard` writes such
//! events into files.

pub(crate) mod config;
pub mod estimate;
pub(crate) mod evaluation;
pub(crate) mod event;
pub(crate) mod experiment;
pub mod explain;
pub(crate) mod held_out;
pub(crate) mod jobs;
pub mod metric;
pub(crate) mod plan;
pub mod report;
pub mod search;
pub(crate) mod searches;
pub(crate) mod split;
pub mod stats;
pub mod store;
pub mod tensorboard;
pub(crate) mod test_rows;
pub mod transfer;

use crate::study::config::{source, sources};
use crate::study::store::record;
use crate::study::{config as typed, experiment as execution};

pub use event::{Event, Name, PRETRAINING, Part};
pub use execution::execute;
pub use plan::{Plan, StrategyPlan};
pub use record::JOURNAL_FILE;
pub use source::{DataSource, SimulateTable};
pub use sources::Simulate;
pub use test_rows::{explain_test_rows, predict_test_rows};
pub use typed::StudyFile;
