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
//! [`attribution_figure`] draws what a network reads, which [`crate::study::stats`] computes.
//!
//! Nothing here trains, and nothing here prints. Mean squared errors (MSE) are those of targets
//! scaled to [0, 1], so that they have no unit and targets can be compared.

pub(crate) mod attributions;
pub(crate) mod axis;
pub(crate) mod bins;
pub(crate) mod ink;
pub(crate) mod layout;
pub(crate) mod linear;
pub mod page;
pub(crate) mod panel;
pub(crate) mod plot;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod ticks;

pub use attributions::{AttributionFigure, AttributionPanel, attribution_figure};
pub use plot::{Figure, study_figure, write_figure};
pub use table::{aligned, text_table};
