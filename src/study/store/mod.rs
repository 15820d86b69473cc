//! The files of a study: one format a file here, writer and reader together.

pub(crate) mod columns;
pub(crate) mod fields;
pub(crate) mod folder;
pub mod journal;
pub mod model;
pub(crate) mod pace;
pub(crate) mod predictions;
pub(crate) mod results;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod trials;
pub(crate) mod writer;

pub use runs::{RUNS_FILE, RunRow, RunsFile, labelled, read_runs, write_runs};
pub use settings::STUDY_FILE;
pub use trials::TRIALS_FILE;
