//! What a study leaves behind: the table of runs, its statistics, and the figure.
//!
//! ```text
//! RunRow ── RunsFile ──> runs.csv        one row per finished run, safe against a killed process
//!    └───── Summary ───> summary.csv     mean and scatter over seeds per strategy and size
//!              ├───────> text_table      the same for a terminal or for Markdown
//!              ├───────> savings         how many simulations scratch needs for the same test MSE
//!              └───────> study_figure    the same as a picture, SVG and PNG
//! ```
//!
//! [`attribution_figure`] draws what a network reads, which [`crate::analysis`] computes.
//!
//! Nothing here trains, and nothing here prints. Mean squared errors (MSE) are those of targets scaled to [0, 1],
//! so that they have no unit and targets can be compared.

mod attributions;
mod axis;
mod bins;
mod fields;
mod ink;
mod layout;
mod linear;
mod panel;
mod plot;
mod runs;
mod savings;
mod style;
mod summary;
mod table;
mod ticks;

pub use attributions::{AttributionFigure, AttributionPanel, attribution_figure};
pub(crate) use axis::Axis;
pub(crate) use bins::Bins;
pub(crate) use fields::{csv_text, number_text};
pub(crate) use ink::{fitted, width_of};
pub(crate) use linear::Linear;
pub use plot::{Figure, study_figure, write_figure};
pub use runs::{RunRow, RunsFile, labelled, read_runs, write_runs};
pub use savings::{Bound, Saving, savings};
pub(crate) use style::{COLORS, Marker, Style, styles};
pub use summary::{Spread, Summary, SummaryRow};
pub use table::{aligned, text_table};
pub(crate) use ticks::Tick;

/// The table of fine-tunings in a study's folder, one row each.
pub const RUNS_FILE: &str = "runs.csv";
/// The table of trials, where there was a search.
pub const TRIALS_FILE: &str = "trials.csv";
/// Where the results come from.
pub const STUDY_FILE: &str = "study.json";

/// The name of the strategy that the others are measured against: training without a pre-trained network.
pub const BASELINE: &str = "scratch";
