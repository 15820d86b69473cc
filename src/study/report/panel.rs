//! One panel of the figure: frame, ticks, lines, markers and error bars.

use kuva::render::render::Scene;

use crate::study::report::axis::Axis;
use crate::study::report::ink;
use crate::study::report::ink::{DARK, Font, PALE};
use crate::study::report::style::Style;
use crate::study::report::ticks::Tick;
use crate::study::store::run::Curve;
use crate::study::store::summary::{Spread, Summary, SummaryRow};

/// What one panel shows and how big its parts are.
pub(crate) struct Panel<'a> {
    pub name: &'a str,
    pub x: Axis,
    pub y: Axis,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    /// Whether sizes are written below it.
    pub numbered: bool,
    pub font: u32,
    pub marker: f64,
}

/// Draws a panel with `value` of every row, one line per strategy.
pub(crate) fn draw_panel<'a>(
    scene: &mut Scene,
    summary: &'a Summary,
    series: &'a [(Curve, Style)],
    panel: &Panel,
    value: impl Fn(&SummaryRow) -> Spread,
) {
    draw_frame(scene, panel);
    let mut empty = true;
    for (index, (curve, style)) in series.iter().enumerate() {
        // Strategies often coincide; a step of a few pixels to the side keeps them all visible.
        let aside = (index as f64 - (series.len() as f64 - 1.0) / 2.0) * panel.marker * 0.5;
        let aside = aside.clamp(-10.0, 10.0);
        let points: Vec<Option<Point>> =
            summary.of(curve).map(|row| Point::new(panel, row, value(row), aside)).collect();
        empty &= points.iter().all(Option::is_none);
        draw_series(scene, &points, style, panel.marker);
    }
    if empty {
        let (x, y) = (panel.x.pixels(), panel.y.pixels());
        let at = ((x.0 + x.1) / 2.0, (y.0 + y.1) / 2.0);
        ink::words(scene, at, Font::new(panel.font).middle().grey(), "no finished run");
    }
}

/// A mean with its error bar, in pixels.
struct Point {
    at: (f64, f64),
    bar: Option<(f64, f64)>,
}

impl Point {
    /// Absent where there is no mean, or none that a logarithmic axis can show.
    fn new(panel: &Panel, row: &SummaryRow, spread: Spread, aside: f64) -> Option<Self> {
        let mean = spread.mean.filter(|mean| *mean > 0.0)?;
        let at = (panel.x.place(row.simulations as f64) + aside, panel.y.place(mean));
        let bar = spread
            .standard_error
            .map(|error| (panel.y.place(mean - error), panel.y.place(mean + error)));
        Some(Self { at, bar })
    }
}

fn draw_series(scene: &mut Scene, points: &[Option<Point>], style: &Style, radius: f64) {
    for run in points.split(Option::is_none) {
        let line: Vec<(f64, f64)> = run.iter().flatten().map(|point| point.at).collect();
        ink::styled_line(scene, &line, style, radius * 0.36);
    }
    for Point { at, bar } in points.iter().flatten() {
        if let Some((low, high)) = *bar {
            let cap = radius * 0.75;
            ink::line(scene, &[(at.0, low), (at.0, high)], &style.color, 1.2);
            for end in [low, high] {
                ink::line(scene, &[(at.0 - cap, end), (at.0 + cap, end)], &style.color, 1.2);
            }
        }
        ink::marker(scene, *at, style, radius);
    }
}

fn draw_frame(scene: &mut Scene, panel: &Panel) {
    let ((left, right), (bottom, top)) = (panel.x.pixels(), panel.y.pixels());
    let size = panel.font;
    for tick in &panel.x_ticks {
        let x = panel.x.place(tick.value);
        ink::line(scene, &[(x, bottom), (x, top)], &PALE, 1.0);
        ink::line(scene, &[(x, bottom), (x, bottom - 5.0)], &DARK, 1.0);
        if let (true, Some(text)) = (panel.numbered, &tick.label) {
            let at = (x, bottom + f64::from(size) + 6.0);
            ink::words(scene, at, Font::new(size).middle(), text);
        }
    }
    for tick in &panel.y_ticks {
        let y = panel.y.place(tick.value);
        let length = if tick.label.is_some() { 5.0 } else { 2.5 };
        if let Some(text) = &tick.label {
            ink::line(scene, &[(left, y), (right, y)], &PALE, 1.0);
            let at = (left - 6.0, y + f64::from(size) * 0.36);
            ink::words(scene, at, Font::new(size).end(), text);
        }
        ink::line(scene, &[(left, y), (left + length, y)], &DARK, 1.0);
    }
    ink::line(
        scene,
        &[(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)],
        &DARK,
        1.0,
    );
    let at = (left, top - 8.0);
    ink::words(scene, at, Font::new(size + 1).bold(), panel.name);
}
