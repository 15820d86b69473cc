//! Figures: what they show, and how that becomes SVG and PNG.
//!
//! ```text
//! Chart ──> layout ──> svg ──> report.html, *.svg
//!   │         │         └────> png
//!   └ axis    └ text
//! ```
//!
//! A [`model::Chart`] holds data coordinates only. One renderer draws it, at any width; the PNG is
//! the SVG rasterised, so that the figures of a folder and of a page cannot disagree.

pub(crate) mod axis;
pub(crate) mod layout;
pub(crate) mod model;
pub(crate) mod png;
pub(crate) mod shapes;
pub(crate) mod style;
pub(crate) mod svg;
pub(crate) mod text;
pub(crate) mod ticks;
