//! The frame of a panel: two logarithmic axes, their ticks and names.

use crate::study::report::axis::Axis;
use crate::study::report::ink::width_of;
use crate::study::report::ticks::Tick;

use crate::study::report::page::svg::{Anchor, Svg};

/// The height of tick labels in pixels.
pub const FONT: u32 = 12;

/// Two axes and their ticks.
pub struct Frame {
    /// Sizes, in pixels from the left.
    pub x: Axis,
    /// Values, in pixels from the top.
    pub y: Axis,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
}

/// What is written around a panel.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below it.
    pub x: &'a str,
    /// Beside it.
    pub y: &'a str,
}

impl Frame {
    /// A frame in a drawing of this size, over sizes and values; with room for the names that are
    /// not empty.
    pub fn new(
        (width, height): (f64, f64),
        names: Names,
        sizes: &[usize],
        values: &[f64],
        least: f64,
    ) -> Self {
        let top = if names.title.is_empty() { 10.0 } else { 28.0 };
        let bottom = height - if names.x.is_empty() { 24.0 } else { 44.0 };
        let y = Axis::over(values.iter().copied(), 0.06, least, (bottom, top));
        let y_ticks = y.value_ticks(24.0);
        let labels = y_ticks.iter().filter_map(|tick| tick.label.as_deref());
        let label = labels.map(|label| width_of(label, FONT)).fold(0.0, f64::max);
        let left = label + if names.y.is_empty() { 10.0 } else { 30.0 };
        let x = Axis::over(sizes.iter().map(|size| *size as f64), 0.07, 3.0, (left, width - 8.0));
        Self { x_ticks: x.size_ticks(sizes, FONT), x, y, y_ticks }
    }

    /// Draws ticks, lines and names.
    pub fn draw(&self, svg: &mut Svg, names: Names) {
        let ((left, right), (bottom, top)) = (self.x.pixels(), self.y.pixels());
        for tick in &self.y_ticks {
            let y = self.y.place(tick.value);
            if let Some(label) = &tick.label {
                svg.line("grid", (left, y), (right, y));
                svg.text("tick", Anchor::End, (left - 6.0, y + 4.0), label);
            }
        }
        for tick in &self.x_ticks {
            let x = self.x.place(tick.value);
            svg.line("grid", (x, top), (x, bottom));
            svg.line("axis", (x, bottom), (x, bottom + 4.0));
            if let Some(label) = &tick.label {
                svg.text("tick", Anchor::Middle, (x, bottom + 17.0), label);
            }
        }
        svg.line("axis", (left, bottom), (right, bottom));
        let middle = (left + right) / 2.0;
        svg.text("name", Anchor::Middle, (middle, bottom + 37.0), names.x);
        if !names.y.is_empty() {
            svg.upright("name", (12.0, (top + bottom) / 2.0), names.y);
        }
        let title = (names.title, right - left);
        svg.fitted("title", Anchor::Start, (left, top - 11.0), title);
    }
}
