//! A figure as SVG.
//!
//! Attributes hold the colours of a light page, so that the text stands alone; classes let a style
//! sheet replace them. There is no script, and the only fonts are names.

use maud::{Markup, html};

use crate::study::report::chart::layout::{
    Frame, HEADING, LEGEND, Layout, NAME, Place, SAMPLE, TICK, sample_width,
};
use crate::study::report::chart::model::{Arrow, Cell, Chart, Key, Layer, Marks, Point, Sample};
use crate::study::report::chart::shapes::{
    Font, area, clean, line, marker, painted, polyline, px, text, upright,
};
use crate::study::report::chart::style::{INK, Look, PAPER, RULE, SOFT};
use crate::study::report::chart::text::width_of;
use crate::study::report::chart::ticks::Tick;

/// The width of figures in files and on a wide page.
pub(crate) const WIDE: f64 = 1000.0;
/// The width of figures on a narrow page.
pub(crate) const NARROW: f64 = 380.0;

/// Metrics alike: the font of the PNG, and one that most systems have.
const FONTS: &str = "DejaVu Sans, Verdana, sans-serif";

impl Chart {
    /// The figure as one element, `width` pixels wide unless it is scaled. The narrow one, for
    /// screens without a pointer, leaves out the texts that a pointer shows.
    pub(crate) fn svg(&self, width: f64) -> Markup {
        let layout = Layout::new(self, width);
        let (width, height) = layout.size;
        let pen = Pen { titles: width > NARROW };
        html! {
            svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img"
                aria-label=(clean(&self.label)) viewBox={ "0 0 " (width) " " (height) }
                width=(width) height=(height) font-family=(FONTS) {
                rect class=(PAPER.class) fill=(PAPER.light) stroke="none" width="100%"
                    height="100%" {}
                @if let Some((at, title)) = &layout.heading {
                    (text(*at, Font { size: HEADING, bold: true, ..Font::START }, title))
                }
                @for (at, key) in &layout.legend { (entry(*at, key)) }
                @for frame in &layout.frames { (pen.frame(frame)) }
                @for (at, line) in &layout.note { (text(*at, Font::START.soft(TICK), line)) }
            }
        }
    }

    /// The figure of a file.
    pub fn file_svg(&self) -> String {
        self.svg(WIDE).into_string()
    }
}

/// An entry of the legend, its middle at the height of a place.
fn entry((x, y): Place, key: &Key) -> Markup {
    let ends = [(x, y), (x + SAMPLE, y)];
    let sample = match key.sample {
        Sample::Area => {
            area(&[(x, y - 6.0), (x + 18.0, y - 6.0), (x + 18.0, y + 6.0), (x, y + 6.0)], 0.5)
        }
        Sample::Line => polyline(&ends, &key.look, 2.0),
        Sample::Marker => html! {
            (polyline(&ends, &key.look, 2.0)) (marker((x + SAMPLE / 2.0, y), &key.look, 4.8))
        },
    };
    let at = (x + sample_width(key) + 7.0, y + 5.0);
    let font = Font { size: LEGEND, ..Font::START };
    html! { (painted(key.look.paint, sample)) (text(at, font, &key.name)) }
}

/// What is drawn in panels.
struct Pen {
    /// Whether marks carry the texts that a pointer shows.
    titles: bool,
}

impl Pen {
    fn title(&self, text: &str) -> Markup {
        html! { @if self.titles && !text.is_empty() { title { (clean(text)) } } }
    }

    fn frame(&self, frame: &Frame) -> Markup {
        let ((left, _), (bottom, top)) = (frame.x.pixels, frame.y.pixels);
        let title = Font { bold: true, ..Font::START };
        let panel = frame.panel;
        let (above, below) = match panel.subtitle.is_empty() {
            true => (top - 9.0, top),
            false => (top - 24.0, top - 8.0),
        };
        html! {
            @if !frame.is_table() { (lines(frame)) }
            @for tick in &frame.y_ticks {
                @if let Some(label) = &tick.label {
                    (text((left - 6.0, tick.pixel + 4.2), Font::END.soft(TICK), label))
                }
            }
            @for tick in &frame.x_ticks {
                @if let Some(label) = &tick.label {
                    (text((tick.pixel, bottom + 15.0), Font::MIDDLE.soft(TICK), label))
                }
            }
            @for layer in &panel.layers { (painted(layer.look.paint, self.layer(frame, layer))) }
            @if !panel.title.is_empty() {
                g {
                    (text((left, above), title, &frame.title))
                    @if frame.title != panel.title { (self.title(&panel.title)) }
                }
            }
            @if !panel.subtitle.is_empty() {
                (text((left, below), Font::START.soft(TICK), &frame.subtitle))
            }
            @if let Some(at) = frame.x_name { (text(at, Font::MIDDLE.soft(NAME), &panel.x.name)) }
            @if let Some(at) = frame.y_name { (upright(at, &panel.y.name)) }
            @if panel.layers.is_empty() {
                (text(frame.middle(), Font::MIDDLE.soft(NAME), "no finished run"))
            }
        }
    }

    fn layer(&self, frame: &Frame, layer: &Layer) -> Markup {
        let (aside, look) = (frame.aside(layer.dodge), &layer.look);
        let place = |at: (f64, f64)| frame.place(at).map(|(x, y)| (x + aside, y));
        match &layer.marks {
            Marks::Line(points, width) => {
                let places: Vec<Option<Place>> = points.iter().map(|at| place(*at)).collect();
                let runs = places.split(Option::is_none);
                html! { @for run in runs {
                    (polyline(&run.iter().copied().flatten().collect::<Vec<_>>(), look, *width))
                } }
            }
            Marks::Points(points) => html! { @for point in points {
                @if let Some(at) = place((point.x, point.y)) {
                    (self.point(frame, look, point, at))
                }
            } },
            Marks::Dots(dots) => {
                // Beside the marker, which would hide them.
                let beside = if layer.dodge.1 > 0 { 0.9 * frame.radius() } else { 0.0 };
                html! { @for (x, y, title) in dots {
                    @if let Some((x, y)) = place((*x, *y)) {
                        circle class="dot" stroke="none" fill-opacity="0.45" cx=(px(x + beside))
                            cy=(px(y)) r="1.8" {
                            (self.title(title))
                        }
                    }
                } }
            }
            Marks::Cloud(dots) => {
                let places = dots.iter().filter_map(|at| place(*at));
                let path: String =
                    places.map(|(x, y)| format!("M{} {}h.1", px(x), px(y))).collect();
                html! {
                    path class="cloud" fill="none" stroke-width="2.6" stroke-linecap="round"
                        stroke-opacity="0.5" d=(path) {}
                }
            }
            Marks::Area(edge) => {
                let base = frame.y.end(0.0);
                let ends = edge.first().zip(edge.last()).map(|(a, b)| [(b.0, 0.0), (a.0, 0.0)]);
                let places = edge.iter().filter_map(|at| place(*at));
                let ends = ends.into_iter().flatten();
                let ends = ends.filter_map(|at| frame.x.place(at.0).map(|x| (x, base)));
                area(&places.chain(ends).collect::<Vec<_>>(), 0.32)
            }
            Marks::Band(band) => {
                let lower = band.iter().filter_map(|(x, low, _)| place((*x, *low)));
                let upper = band.iter().rev().filter_map(|(x, _, high)| place((*x, *high)));
                area(&lower.chain(upper).collect::<Vec<_>>(), 0.25)
            }
            Marks::Cells(cells) => html! { @for cell in cells { (self.cell(frame, cell)) } },
        }
    }

    /// A marker with its error bar or arrow. A pointer finds it within twice its radius.
    fn point(&self, frame: &Frame, look: &Look, point: &Point, (x, y): Place) -> Markup {
        let radius = frame.radius();
        let bar = point.bar.map(|(low, high)| [frame.y.end(low), frame.y.end(high)]);
        html! {
            g class="point" stroke-width="1.5" {
                @if self.titles {
                    (self.title(&point.title))
                    circle fill="none" stroke="none" pointer-events="all" cx=(px(x)) cy=(px(y))
                        r=(2.2 * radius) {}
                }
                @if let Some([low, high]) = bar { (line((x, low), (x, high))) }
                @if let Some(arrow) = point.arrow {
                    @let way = if arrow == Arrow::Up { -1.0 } else { 1.0 };
                    @let tip = y + way * 4.2 * radius;
                    (line((x, y), (x, tip)))
                    @let barb = tip - way * 5.0;
                    (polyline(&[(x - 4.0, barb), (x, tip), (x + 4.0, barb)], &look.solid(), 1.5))
                }
                (marker((x, y), look, radius))
            }
        }
    }

    /// A rectangle; without colour it only shows its text to a pointer.
    fn cell(&self, frame: &Frame, cell: &Cell) -> Markup {
        let corners = frame.place((cell.x.0, cell.y.1)).zip(frame.place((cell.x.1, cell.y.0)));
        let Some(((left, top), (right, bottom))) = corners else {
            return html! {};
        };
        let inset = if cell.text.is_empty() { 0.0 } else { 1.5 };
        let (width, height) = (right - left - 2.0 * inset, bottom - top - 2.0 * inset);
        let middle = ((left + right) / 2.0, (top + bottom) / 2.0 + 4.5);
        let (class, stroke) = match (cell.text.is_empty(), cell.framed) {
            (true, _) => ("column", "none"),
            (_, false) => ("cell", RULE.light),
            (_, true) => ("cell framed", INK.light),
        };
        let size = (NAME * width / width_of(&cell.text, NAME)).min(NAME);
        let font = Font { size: (size * 10.0).floor() / 10.0, bold: cell.framed, ..Font::MIDDLE };
        html! {
            @if self.titles || cell.opacity > 0.0 {
                rect class=(class) stroke=(stroke)
                    stroke-width=(if cell.framed { 1.8 } else { 1.0 })
                    fill-opacity=(format!("{:.2}", cell.opacity))
                    x=(px(left + inset)) y=(px(top + inset))
                    width=(px(width)) height=(px(height)) { (self.title(&cell.title)) }
            }
            @if !cell.text.is_empty() { (text(middle, font, &cell.text)) }
        }
    }
}

/// Grid lines, the two axes and their ticks.
fn lines(frame: &Frame) -> Markup {
    let ((left, right), (bottom, top)) = (frame.x.pixels, frame.y.pixels);
    let labelled = |tick: &&Tick| tick.label.is_some();
    html! {
        (painted(RULE, html! {
            @for tick in frame.y_ticks.iter().filter(labelled) {
                (line((left, tick.pixel), (right, tick.pixel)))
            }
            @for tick in frame.x_ticks.iter() { (line((tick.pixel, bottom), (tick.pixel, top))) }
        }))
        (painted(SOFT, html! {
            @for tick in &frame.y_ticks {
                @let length = if tick.label.is_some() { 4.0 } else { 2.0 };
                (line((left - length, tick.pixel), (left, tick.pixel)))
            }
            @for tick in frame.x_ticks.iter().filter(labelled) {
                (line((tick.pixel, bottom), (tick.pixel, bottom + 4.0)))
            }
            (line((left, top), (left, bottom)))
            (line((left, bottom), (right, bottom)))
        }))
    }
}
