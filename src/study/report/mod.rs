//! Results for readers: tables, figures, and a page with everything.
//!
//! ```text
//! Summary  ──> text_table    a table for a terminal, also Markdown
//! Findings ──> sections ──> page ──> report.html, test-<metric>.svg and .png
//!                 │         joined ──> report.html of several scenarios
//!                 └──> chart ──> SVG and PNG
//! ```
//!
//! Nothing here trains, and nothing here prints.

pub(crate) mod attribution_chart;
pub(crate) mod card;
pub(crate) mod chart;
pub(crate) mod html;
pub(crate) mod joined;
pub(crate) mod page;
pub(crate) mod sections;
pub(crate) mod table;

pub use card::write_card;
pub(crate) use card::{CARD_FILE, CARD_TITLE};
pub use chart::model::Chart;
pub use joined::write_joined_report;
pub use page::{report_html, write_report};
pub use sections::files::FILES;
pub use sections::test_error::test_error_chart;
pub use table::{aligned, text_table};

pub use crate::study::store::foreign::REPORT_FILE;
