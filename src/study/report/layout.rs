//! Where the panels of the figure stand, and the axes they need.

use kuva::render::render::Scene;

use crate::study::report::axis::Axis;
use crate::study::report::ink;
use crate::study::report::ink::{Font, width_of};
use crate::study::report::panel::{Panel, draw_panel};
use crate::study::report::style::Style;
use crate::study::report::ticks::Tick;
use crate::study::store::run::Curve;
use crate::study::store::summary::{Spread, Summary, SummaryRow};

/// Above each panel, for its name.
const NAME: f64 = 26.0;
/// Between the columns of target panels.
const APART: f64 = 8.0;
/// Below each row of target panels.
const BETWEEN: f64 = 12.0;
/// Columns and rows of the target panels.
pub(crate) fn grid(targets: usize) -> (usize, usize) {
    let columns = match targets {
        0 => 0,
        1 | 2 => 1,
        3..=6 => 2,
        _ => 3,
    };
    (columns, if columns == 0 { 0 } else { targets.div_ceil(columns) })
}

/// Left, right, top and bottom of a region.
pub(crate) type Region = (f64, f64, f64, f64);

/// The large panel, over all targets.
pub(crate) fn total_panel(
    scene: &mut Scene,
    summary: &Summary,
    series: &[(Curve, Style)],
    region: Region,
) {
    let (left, right, top, bottom) = region;
    let (font, marker) = (15, 6.0);
    let y = value_axis(summary.rows.iter().map(SummaryRow::score), (bottom, top + NAME));
    let y_ticks = y.value_ticks(34.0);
    let x = size_axis(summary, (left + 30.0 + label_width(&y_ticks, font), right));
    let x_ticks = x.size_ticks(&summary.sizes(), font);
    let panel = Panel { name: "all targets", x, y, x_ticks, y_ticks, numbered: true, font, marker };
    draw_panel(scene, summary, series, &panel, SummaryRow::score);
    x_label(scene, x.pixels(), bottom);
    let beside = (left + 12.0, (top + NAME + bottom) / 2.0);
    ink::words(
        scene,
        beside,
        Font::new(16).middle().upright(),
        "test MSE (targets scaled to [0, 1])",
    );
}

/// One small panel per target, in a grid.
pub(crate) fn target_panels(
    scene: &mut Scene,
    summary: &Summary,
    series: &[(Curve, Style)],
    region: Region,
) {
    let count = summary.targets.len();
    let (columns, rows) = grid(count);
    let (font, marker) = match columns {
        1 if rows == 1 => (15, 6.0),
        1 | 2 => (13, 4.6),
        _ => (12, 4.2),
    };
    let (left, right, top, bottom) = region;
    let width = (right - left + APART) / columns as f64;
    let height = (bottom - top + BETWEEN) / rows as f64;
    let axis = |target: usize| {
        let upper = top + height * (target / columns) as f64;
        let values = summary.rows.iter().map(|row| row.target_score(target));
        value_axis(values, (upper + height - BETWEEN, upper + NAME))
    };
    let axes: Vec<Axis> = (0..count).map(axis).collect();
    let ticks: Vec<Vec<Tick>> =
        axes.iter().map(|axis| axis.value_ticks(1.6 * f64::from(font))).collect();
    // One width for all, so that the panels of a column stand above each other.
    let label = 10.0 + ticks.iter().map(|ticks| label_width(ticks, font)).fold(0.0, f64::max);
    for (target, (y, y_ticks)) in axes.into_iter().zip(ticks).enumerate() {
        let start = left + width * (target % columns) as f64;
        let x = size_axis(summary, (start + label, start + width - APART));
        let x_ticks = x.size_ticks(&summary.sizes(), font);
        // Only the lowest panel of a column carries the sizes.
        let numbered = target + columns >= count;
        let name = ink::fitted(&summary.targets[target], font + 2, width - label);
        let panel = Panel { name: &name, x, y, x_ticks, y_ticks, numbered, font, marker };
        draw_panel(scene, summary, series, &panel, |row| row.target_score(target));
    }
    x_label(scene, (left + label, right), bottom);
}

fn x_label(scene: &mut Scene, (left, right): (f64, f64), bottom: f64) {
    let below = ((left + right) / 2.0, bottom + 44.0);
    ink::words(scene, below, Font::new(16).middle(), "number of simulations");
}

/// The axis of the sizes, with room for markers and error bars at both ends.
fn size_axis(summary: &Summary, pixels: (f64, f64)) -> Axis {
    Axis::over(summary.sizes().into_iter().map(|size| size as f64), 0.09, 3.0, pixels)
}

/// The axis of the test MSE, wide enough for the error bars.
fn value_axis(spreads: impl Iterator<Item = Spread>, pixels: (f64, f64)) -> Axis {
    let ends = spreads
        .filter_map(|spread| spread.mean.map(|mean| (mean, spread.standard_error.unwrap_or(0.0))));
    // A bar that nearly reaches zero would stretch a logarithmic axis without end: it may run out
    // of the panel.
    Axis::over(
        ends.flat_map(|(mean, error)| [(mean - error).max(mean / 3.0), mean + error]),
        0.06,
        1.5,
        pixels,
    )
}

fn label_width(ticks: &[Tick], font: u32) -> f64 {
    ticks
        .iter()
        .filter_map(|tick| tick.label.as_deref())
        .map(|label| width_of(label, font))
        .fold(0.0, f64::max)
}
