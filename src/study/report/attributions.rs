//! The figure of attributions: what each input does to each target, with its sign, for one model or
//! two.

use kuva::render::color::Color;
use kuva::render::render::{Primitive, Scene};

use crate::error::Result;
use crate::input_error;
use crate::study::report::bins::Bins;
use crate::study::report::ink;
use crate::study::report::ink::{DARK, Font, PALE, width_of};
use crate::study::report::layout::grid;
use crate::study::report::linear::Linear;
use crate::study::report::plot::Figure;

/// One target of the figure; all slices have one number for each input.
#[derive(Clone, Copy, Debug)]
pub struct AttributionPanel<'a> {
    /// The target's name.
    pub target: &'a str,
    /// Attributions with their sign, drawn as bars.
    pub bars: &'a [f64],
    /// Their standard errors, drawn as whiskers.
    pub errors: Option<&'a [f64]>,
    /// Those of another model, drawn as a line; absent where it does not have the target.
    pub line: Option<&'a [f64]>,
    /// Inputs where the sign differs between the two.
    pub flips: &'a [usize],
}

/// What all panels have in common.
#[derive(Clone, Copy, Debug)]
pub struct AttributionFigure<'a> {
    /// The heading.
    pub title: &'a str,
    /// What the line is, if there is one.
    pub line: Option<&'a str>,
    /// What the inputs are a function of, with its unit.
    pub axis_name: &'a str,
    /// Where each input lies on it.
    pub axis: &'a [f64],
    /// The line at the bottom.
    pub remark: &'a str,
}

/// All lengths are in pixels of the SVG, which is this wide.
const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 28.0;
/// Where the panels begin.
const TOP: f64 = 112.0;
/// A panel with its name above it and the room below it.
const ROW: f64 = 208.0;
const NAME: f64 = 26.0;
const BELOW: f64 = 14.0;
/// Between columns.
const APART: f64 = 26.0;
/// For the numbers left of a panel.
const NUMBERS: f64 = 58.0;
const FONT: u32 = 13;

/// Blue and vermillion of Wong, Nature Methods 8, 441 (2011), which people with colour-blindness
/// can tell apart.
const UP: Color = Color::Rgb(0, 114, 178);
const DOWN: Color = Color::Rgb(213, 94, 0);
/// Behind inputs whose sign flips.
const FLIP: Color = Color::Rgb(0xF7, 0xE3, 0x9B);

const WHISKER: Color = Color::Rgb(0x55, 0x55, 0x55);

/// Left, right, top and bottom of a panel's frame.
type Frame = (f64, f64, f64, f64);

/// Draws attributions against the axis of the inputs, a panel for each target with a scale of its
/// own.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) when there is no target or no input.
///
/// # Panics
/// If a panel has not one number for each input.
pub fn attribution_figure(
    figure: &AttributionFigure,
    panels: &[AttributionPanel],
) -> Result<Figure> {
    if panels.is_empty() || figure.axis.is_empty() {
        return Err(input_error!(
            "there are {} targets and {} inputs to draw; a figure of attributions needs at least one of each",
            panels.len(),
            figure.axis.len()
        ));
    }
    let (columns, rows) = grid(panels.len());
    let bottom = TOP + ROW * rows as f64;
    let mut scene = Scene::new(WIDTH, bottom + 76.0);
    scene.font_family = Some("DejaVu Sans, Verdana, sans-serif".to_owned());
    let heading = ink::fitted(figure.title, 24, WIDTH - 2.0 * MARGIN);
    ink::words(&mut scene, (MARGIN, 42.0), Font::new(22).bold(), &heading);
    draw_legend(&mut scene, figure, panels);
    let left = MARGIN + 22.0;
    let width = (WIDTH - MARGIN - left + APART) / columns as f64;
    for (number, panel) in panels.iter().enumerate() {
        let start = left + width * (number % columns) as f64;
        let top = TOP + ROW * (number / columns) as f64;
        let frame = (start + NUMBERS, start + width - APART, top + NAME, top + ROW - BELOW);
        draw_panel(&mut scene, figure.axis, panel, frame, number + columns >= panels.len());
    }
    let beside = (MARGIN + 8.0, (TOP + bottom) / 2.0);
    let text = "mean |attribution|, with its sign (target scaled to [0, 1])";
    ink::words(&mut scene, beside, Font::new(15).middle().upright(), text);
    let below = ((left + NUMBERS + WIDTH - MARGIN) / 2.0, bottom + 30.0);
    ink::words(&mut scene, below, Font::new(15).middle(), figure.axis_name);
    let remark = ink::fitted(figure.remark, FONT, WIDTH - 2.0 * MARGIN);
    ink::words(&mut scene, (MARGIN, bottom + 60.0), Font::new(FONT).grey(), &remark);
    Ok(Figure::new(scene))
}

fn draw_panel(
    scene: &mut Scene,
    axis: &[f64],
    panel: &AttributionPanel,
    frame: Frame,
    numbered: bool,
) {
    assert_eq!(panel.bars.len(), axis.len(), "figure: bars of {}", panel.target);
    assert!(
        panel.line.is_none_or(|line| line.len() == axis.len()),
        "figure: line of {}",
        panel.target
    );
    let (left, right, top, bottom) = frame;
    let bins = Bins::new(axis, (left, right));
    let error = |input: usize| panel.errors.map_or(0.0, |errors| errors[input]);
    let bars = panel.bars.iter().enumerate();
    let ends = bars.flat_map(|(input, value)| [value - error(input), value + error(input)]);
    let values = ends.chain(panel.line.unwrap_or_default().iter().copied());
    let (low, high) =
        values.fold((0.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let room = 0.08 * (high - low);
    let y = Linear::new((low - room, high + room), (bottom, top));
    for flip in panel.flips {
        rectangle(scene, (bins.edges[*flip], bins.edges[*flip + 1]), (top, bottom), FLIP);
    }
    draw_scales(scene, &bins, &y, frame, numbered);
    for (input, value) in panel.bars.iter().enumerate() {
        let (from, to) = (bins.edges[input], bins.edges[input + 1]);
        let gap = (0.12 * (to - from)).min(1.0);
        let color = if *value < 0.0 { DOWN } else { UP };
        let ends = (y.place(value.max(0.0)), y.place(value.min(0.0)));
        rectangle(scene, (from + gap, to - gap), ends, color);
    }
    draw_whiskers(scene, &bins, &y, panel);
    ink::line(scene, &[(left, y.place(0.0)), (right, y.place(0.0))], &DARK, 1.0);
    if let Some(line) = panel.line {
        let steps = line.iter().enumerate().flat_map(|(input, value)| {
            [bins.edges[input], bins.edges[input + 1]].map(|x| (x, y.place(*value)))
        });
        ink::line(scene, &steps.collect::<Vec<_>>(), &DARK, 1.5);
    }
    let corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)];
    ink::line(scene, &corners, &DARK, 1.0);
    let name = ink::fitted(panel.target, FONT + 2, right - left);
    ink::words(scene, (left, top - 8.0), Font::new(FONT + 1).bold(), &name);
}

fn draw_scales(scene: &mut Scene, bins: &Bins, y: &Linear, frame: Frame, numbered: bool) {
    let (left, right, _, bottom) = frame;
    for tick in y.ticks(26.0) {
        let place = y.place(tick.value);
        ink::line(scene, &[(left, place), (right, place)], &PALE, 1.0);
        let at = (left - 6.0, place + f64::from(FONT) * 0.36);
        ink::words(scene, at, Font::new(FONT).end(), &tick.label.unwrap_or_default());
    }
    for (x, label) in &bins.ticks {
        ink::line(scene, &[(*x, bottom), (*x, bottom - 5.0)], &DARK, 1.0);
        if let (true, Some(label)) = (numbered, label) {
            let at = (*x, bottom + f64::from(FONT) + 5.0);
            ink::words(scene, at, Font::new(FONT).middle(), label);
        }
    }
}

fn draw_whiskers(scene: &mut Scene, bins: &Bins, y: &Linear, panel: &AttributionPanel) {
    for (input, error) in panel.errors.unwrap_or_default().iter().enumerate() {
        let x = (bins.edges[input] + bins.edges[input + 1]) / 2.0;
        let ends = [-error, *error].map(|step| (x, y.place(panel.bars[input] + step)));
        ink::line(scene, &ends, &WHISKER, 1.1);
    }
}

fn rectangle(scene: &mut Scene, (left, right): (f64, f64), (top, bottom): (f64, f64), fill: Color) {
    scene.add(Primitive::Rect {
        x: left,
        y: top,
        width: right - left,
        height: bottom - top,
        fill,
        stroke: None,
        stroke_width: None,
        opacity: None,
    });
}

fn draw_legend(scene: &mut Scene, figure: &AttributionFigure, panels: &[AttributionPanel]) {
    let mut x = MARGIN;
    let mut entry = |scene: &mut Scene, color: Option<Color>, text: &str| {
        let y = 78.0;
        let indent = if color.is_some() { 23.0 } else { 31.0 };
        match color {
            Some(color) => rectangle(scene, (x, x + 16.0), (y - 12.0, y + 2.0), color),
            None => ink::line(scene, &[(x, y - 5.0), (x + 24.0, y - 5.0)], &DARK, 1.5),
        }
        let start = x + indent;
        let text = ink::fitted(text, 15, (WIDTH - MARGIN - start).max(60.0));
        ink::words(scene, (start, y), Font::new(15), &text);
        x = start + width_of(&text, 15) + 26.0;
    };
    entry(scene, Some(UP), "a larger input raises the target");
    entry(scene, Some(DOWN), "lowers it");
    if let Some(line) = figure.line {
        entry(scene, None, line);
    }
    if panels.iter().any(|panel| !panel.flips.is_empty()) {
        entry(scene, Some(FLIP), "the sign flips");
    }
}
