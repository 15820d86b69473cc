//! A whole experiment: pre-train, then sizes x strategies x seeds.
//!
//! `typed` is what was typed in a TOML file, `source` what was typed of a dataset, `sources` reads, imports or simulates datasets,
//! `plan` is what is meant and cannot be invalid, `jobs` makes runs of it, `execution`
//! trains them and writes results as they come.

mod execution;
mod jobs;
pub mod journal;
mod plan;
mod predictions;
mod results;
pub mod search;
mod source;
mod sources;
mod typed;

pub use execution::{Event, execute};
pub use plan::{Plan, StrategyPlan};
pub use predictions::write_test_predictions;
pub use results::{Provenance, RUNS_FILE};
pub use source::{DataSource, SimulateTable};
pub use sources::Simulate;
pub use typed::StudyFile;
