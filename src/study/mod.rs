//! A whole experiment: pre-train, then sizes x strategies x seeds, or a search.
//!
//! `config` is the study file as it is parsed; `resolve` checks it and reads the data (`sources`):
//! a [`Study`] is a [`Plan`] of settings and the [`Datasets`] beside it. `experiment` trains the
//! runs that `prepare` makes of `hyperparameters`, tests them (`evaluation`), and records them in
//! the `store`. With a `[search]`, trials come from `search`. What happens is reported as an
//! `event`. `estimate` says what a study will take, before anything runs.
//!
//! Several machines train the `parts` of a study. A study can be stopped at any moment, also by a
//! kill, and resumed: finished trials are in the journal, others begin again.

pub mod architecture;
pub(crate) mod calibration;
pub(crate) mod check;
pub(crate) mod classes;
pub(crate) mod columns;
pub mod config;
pub(crate) mod datasets;
pub(crate) mod defaults;
pub(crate) mod degeneracy;
pub mod estimate;
pub(crate) mod evaluation;
pub(crate) mod event;
pub(crate) mod experiment;
pub mod explain;
pub mod export;
pub(crate) mod held_out;
pub(crate) mod hyperparameters;
pub(crate) mod loss;
pub(crate) mod measures;
pub mod metric;
pub(crate) mod networks;
pub(crate) mod notices;
pub mod objective;
pub mod own_layers;
pub mod part;
pub mod parts;
pub(crate) mod plan;
pub mod prediction;
pub(crate) mod prepare;
pub(crate) mod pretraining;
pub(crate) mod published;
pub mod report;
pub(crate) mod resolve;
pub mod search;
pub mod shared_pretraining;
pub(crate) mod simulation;
pub mod sizes;
pub(crate) mod sources;
pub(crate) mod split;
pub mod stats;
pub mod store;
pub(crate) mod strategies;
pub mod tensorboard;
pub(crate) mod test_rows;
pub mod tested;
pub mod transfer;
pub(crate) mod trials;

pub use datasets::{Datasets, LoadedDataset, Study};
pub use degeneracy::find_degeneracies;
pub use event::Event;
pub use experiment::execute;
pub use plan::{Plan, StrategyPlan};
pub use simulation::Simulation;
pub use sources::Simulate;
pub use store::foreign::{JOURNAL_FILE, check_joined, check_own, check_report};
pub use test_rows::{explain_test_rows, predict_test_rows, test_networks};
pub use transfer::PRETRAINING;
