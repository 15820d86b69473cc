//! The figure of a study: test MSE against the number of simulations, in total and for each target.

use std::path::Path;

use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;

use crate::data::files::write_bytes;
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::report::ink;
use crate::study::report::ink::{Font, width_of};
use crate::study::report::layout::{grid, target_panels, total_panel};
use crate::study::report::style::{Style, styles};
use crate::study::store::run::Curve;
use crate::study::store::summary::Summary;

/// All lengths are in pixels of the SVG, which is this wide.
const WIDTH: f64 = 1200.0;
/// Free space around everything.
const MARGIN: f64 = 28.0;
/// What the panels share in height, unless many rows of targets need more.
const PANELS: f64 = 490.0;
/// The least height of a row of target panels.
const ROW: f64 = 150.0;
/// Where the legend starts, and the height of its rows.
const LEGEND: f64 = 74.0;
const LEGEND_ROW: f64 = 26.0;
/// The length of a line in the legend.
const SAMPLE: f64 = 46.0;

/// A finished drawing, ready to be written as SVG or PNG.
pub struct Figure {
    scene: Scene,
}

impl Figure {
    pub(crate) fn new(scene: Scene) -> Self {
        Self { scene }
    }

    /// The drawing as SVG text. It names common sans-serif fonts and embeds none.
    pub fn svg(&self) -> String {
        let text = SvgBackend::new().render_scene(&self.scene);
        // kuva leaves out the view box, without which a browser cannot scale the picture to a
        // slide.
        let (width, height) = (self.scene.width, self.scene.height);
        text.replacen("<svg ", &format!("<svg viewBox=\"0 0 {width} {height}\" "), 1)
    }

    /// The drawing as PNG bytes, with `scale` device pixels per pixel of the SVG. The font comes
    /// with the program.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] when the scale is not between 0.1 and 10.
    pub fn png(&self, scale: f32) -> Result<Vec<u8>> {
        if !(0.1..=10.0).contains(&scale) {
            return Err(input_error!(
                "the scale of a figure must be between 0.1 and 10, but it is {scale}"
            ));
        }
        let drawn = RasterBackend::new().with_scale(scale).render_scene(&self.scene);
        drawn.map_err(|problem| {
            Error::Output(format!("the figure could not be drawn as PNG: {problem}"))
        })
    }
}

/// Writes `<stem>.svg` and `<stem>.png` into a folder, each atomically; the PNG is 2400 pixels
/// wide.
///
/// # Errors
///
/// [`Error::Output`] with the path of the file that cannot be written.
pub fn write_figure(folder: &Path, stem: &str, figure: &Figure) -> Result<()> {
    write_bytes(&folder.join(format!("{stem}.svg")), figure.svg().as_bytes())?;
    write_bytes(&folder.join(format!("{stem}.png")), &figure.png(2.0)?)
}

/// Draws a study: one large panel for the test MSE over all targets, one small panel per target,
/// both axes logarithmic, one line per strategy.
///
/// Points are means over seeds and bars their standard errors. A size at which no run has a test
/// MSE leaves a gap in its line.
///
/// # Errors
///
/// [`Error::Input`] when there is no finished run at all.
pub fn study_figure(title: &str, summary: &Summary) -> Result<Figure> {
    if summary.rows.is_empty() {
        return Err(input_error!(
            "there is no finished run to draw; train first, then draw the figure"
        ));
    }
    let (columns, rows) = grid(summary.targets.len());
    let series = styles(summary);
    let (legend, legend_rows) = legend_places(&series);
    let top = LEGEND + LEGEND_ROW * legend_rows as f64;
    let bottom = top + PANELS.max(ROW * rows as f64);
    let mut scene = Scene::new(WIDTH, bottom + 88.0);
    // All three are about as wide as the font inside the PNG.
    scene.font_family = Some("DejaVu Sans, Verdana, sans-serif".to_owned());
    let heading = ink::fitted(title, 24, WIDTH - 2.0 * MARGIN);
    ink::words(&mut scene, (MARGIN, 42.0), Font::new(22).bold(), &heading);
    draw_legend(&mut scene, &series, &legend);
    let middle = if columns == 0 { WIDTH - MARGIN } else { 0.46 * WIDTH };
    total_panel(&mut scene, summary, &series, (MARGIN, middle, top, bottom));
    if columns > 0 {
        target_panels(&mut scene, summary, &series, (middle + 24.0, WIDTH - MARGIN, top, bottom));
    }
    ink::words(&mut scene, (MARGIN, bottom + 72.0), Font::new(13).grey(), &remark(summary));
    Ok(Figure { scene })
}

/// Where the sample line of each legend entry starts, and how many rows they fill.
fn legend_places(series: &[(Curve, Style)]) -> (Vec<(f64, f64)>, usize) {
    let (mut x, mut row) = (MARGIN, 0);
    let mut places = Vec::new();
    for (name, _) in series {
        let width = SAMPLE + 8.0 + width_of(&name.label(), 16) + 30.0;
        if x > MARGIN && x + width > WIDTH - MARGIN {
            (x, row) = (MARGIN, row + 1);
        }
        places.push((x, LEGEND + LEGEND_ROW * row as f64));
        x += width;
    }
    (places, row + 1)
}

fn draw_legend(scene: &mut Scene, series: &[(Curve, Style)], places: &[(f64, f64)]) {
    for ((name, style), &(x, y)) in series.iter().zip(places) {
        ink::styled_line(scene, &[(x, y), (x + SAMPLE, y)], style, 2.4);
        ink::marker(scene, (x + SAMPLE / 2.0, y), style, 6.0);
        let text = ink::fitted(&name.label(), 16, WIDTH - 2.0 * MARGIN - SAMPLE - 8.0);
        ink::words(scene, (x + SAMPLE + 8.0, y + 5.5), Font::new(16), &text);
    }
}

/// The line at the bottom: what points and bars are, and what is missing.
fn remark(summary: &Summary) -> String {
    let runs = summary.rows.iter().map(|row| row.runs);
    let (fewest, most) = (runs.clone().min().unwrap_or(0), runs.clone().max().unwrap_or(0));
    let mut text = match (fewest, most) {
        (_, 1) => "One seed per point, so the scatter is unknown.".to_owned(),
        (fewest, most) if fewest == most => format!("Mean and standard error over {most} seeds."),
        (fewest, most) => format!("Mean and standard error over {fewest} to {most} seeds."),
    };
    let diverged: usize = summary.rows.iter().map(|row| row.diverged).sum();
    if diverged > 0 {
        text.push_str(&format!(" {diverged} of {} runs diverged.", runs.sum::<usize>()));
    }
    if summary.curves.len() > 1 {
        text.push_str(" Points of one size stand side by side.");
    }
    text
}
