//! The report of a study: one page of HTML with everything in it, to look at, to print and to hand
//! on.
//!
//! ```text
//! Findings ──> document ──> report.html
//!                ├── curves        test MSE against the number of simulations, in all and for each target
//!                ├── savings       how many simulations transfer saves, with intervals
//!                ├── heat          where transfer helps and hurts, target by target
//!                ├── pretraining   what a larger pre-training is worth
//!                ├── history       how a search went on
//!                ├── attributions  what each input does to each target, before and after fine-tuning
//!                ├── scatter       truth against prediction
//!                └── provenance    where it all comes from
//! ```
//!
//! Figures are SVG that `svg` writes into the page; there is no script, and nothing is loaded. A
//! title on every mark says its values when a pointer rests on it, and what matters is in a table
//! too. Colours are variables of the style sheet, which has them for light and for dark. Every text
//! that comes from a file goes through `svg::escape`.

pub(crate) mod attribution_panel;
pub(crate) mod attributions;
pub(crate) mod curves;
pub(crate) mod document;
pub(crate) mod frame;
pub(crate) mod heat;
pub(crate) mod history;
pub(crate) mod joined;
pub(crate) mod pretraining;
pub(crate) mod provenance;
pub(crate) mod savings;
pub(crate) mod scatter;
pub(crate) mod series;
pub(crate) mod svg;

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::stats::findings::Findings;

pub use joined::write_joined;

/// What the page is called.
pub const FILE: &str = "report.html";

/// Writes `report.html` into the folder of the findings, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write(findings: &Findings) -> Result<()> {
    write_bytes(&findings.folder.join(FILE), html(findings).as_bytes())
}

/// The page as text.
pub fn html(findings: &Findings) -> String {
    document::page(&findings.name, &document::body(findings))
}
