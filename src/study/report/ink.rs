//! Lines, markers and text on a kuva scene.
//!
//! kuva draws the primitives and knows the two file formats. Three of its habits are evened out
//! here, so that PNG and SVG look alike: its rasteriser measures dashes in device pixels, starts
//! them anew at every corner, and does not embolden plain text.

use kuva::render::color::Color;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor, TextSpan};

use crate::study::report::style::{Marker, Style};

/// Near black, for text and frames.
pub(crate) const DARK: Color = Color::Rgb(0x22, 0x22, 0x22);
/// For remarks.
const GREY: Color = Color::Rgb(0x66, 0x66, 0x66);
/// For grid lines.
pub(crate) const PALE: Color = Color::Rgb(0xE6, 0xE6, 0xE6);
const WHITE: Color = Color::Rgb(0xFF, 0xFF, 0xFF);

/// How a text is set: `Font::new(16).middle()`.
#[derive(Clone, Debug)]
pub(crate) struct Font {
    size: u32,
    anchor: TextAnchor,
    color: Color,
    bold: bool,
    upright: bool,
}

impl Font {
    /// Dark text of `size` pixels that starts at its place.
    pub fn new(size: u32) -> Self {
        Self { size, anchor: TextAnchor::Start, color: DARK, bold: false, upright: false }
    }

    /// Centred on its place.
    pub fn middle(self) -> Self {
        Self { anchor: TextAnchor::Middle, ..self }
    }

    /// Ending at its place.
    pub fn end(self) -> Self {
        Self { anchor: TextAnchor::End, ..self }
    }

    /// Grey, for remarks.
    pub fn grey(self) -> Self {
        Self { color: GREY, ..self }
    }

    /// Bold; only for text that is not upright.
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Reading from bottom to top.
    pub fn upright(self) -> Self {
        Self { upright: true, ..self }
    }
}

/// The width of a text in pixels, roughly that of DejaVu Sans: kuva keeps its own measure private.
pub(crate) fn width_of(text: &str, size: u32) -> f64 {
    let share = |sign: char| match sign {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '\'' | ' ' => 0.31,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '/' => 0.39,
        'c' | 's' | 'z' | '_' => 0.53,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.93,
        'A'..='Z' => 0.71,
        _ => 0.63,
    };
    text.chars().map(share).sum::<f64>() * f64::from(size)
}

/// The text, cut to a width with an ellipsis.
pub(crate) fn fitted(text: &str, size: u32, width: f64) -> String {
    if width_of(text, size) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for sign in text.chars() {
        kept.push(sign);
        if width_of(&kept, size) + width_of("…", size) > width {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

/// The text without the control characters that SVG does not allow.
fn printable(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).collect()
}

/// The same for kuva's plain text, in which a dollar would start a formula.
fn plain(text: &str) -> String {
    printable(text).replace('$', "\\$")
}

/// Writes a text at a place in pixels, its base line there.
pub(crate) fn words(scene: &mut Scene, (x, y): (f64, f64), font: Font, text: &str) {
    let Font { size, anchor, color, bold, upright } = font;
    let color = Some(color);
    scene.add(if bold {
        // kuva's rasteriser has bold only for spans.
        let spans = vec![TextSpan { bold, ..TextSpan::plain(printable(text)) }];
        Primitive::RichText { x, y, spans, size, anchor, color }
    } else {
        let rotate = upright.then_some(-90.0);
        Primitive::Text { x, y, content: plain(text), size, anchor, rotate, bold, color }
    });
}

/// A thin solid line through points in pixels.
pub(crate) fn line(scene: &mut Scene, points: &[(f64, f64)], color: &Color, width: f64) {
    if points.len() > 1 {
        scene.add(Primitive::PolyLine {
            points: points.to_vec(),
            stroke: color.clone(),
            stroke_width: width,
            stroke_dasharray: None,
        });
    }
}

/// A line in the dashes of a style, which run on around corners.
pub(crate) fn styled_line(scene: &mut Scene, points: &[(f64, f64)], style: &Style, width: f64) {
    if style.dashes.is_empty() {
        return line(scene, points, &style.color, width);
    }
    let pieces = dashed(points, style.dashes);
    let pairs = pieces.iter().flat_map(|piece| piece.windows(2));
    let pieces: String = pairs
        .map(|pair| format!("M{:.1} {:.1}L{:.1} {:.1}", pair[0].0, pair[0].1, pair[1].0, pair[1].1))
        .collect();
    // One path instead of a line per piece keeps the SVG small.
    scene.add(Primitive::Path(Box::new(PathData {
        d: pieces,
        fill: None,
        stroke: style.color.clone(),
        stroke_width: width,
        opacity: None,
        stroke_dasharray: None,
    })));
}

/// The drawn pieces of a dashed line.
fn dashed(points: &[(f64, f64)], dashes: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let (mut pieces, mut piece) =
        (Vec::new(), points.first().copied().into_iter().collect::<Vec<_>>());
    let (mut index, mut left) = (0, dashes[0]);
    for pair in points.windows(2) {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        let length = (to_x - x).hypot(to_y - y);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let corner = (x + (to_x - x) * done / length, y + (to_y - y) * done / length);
            piece.push(corner);
            // Even pieces are ink, odd ones are gaps.
            if index % 2 == 0 {
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![corner];
            }
            index = (index + 1) % dashes.len();
            left = dashes[index];
        }
        left -= length - done;
        if index % 2 == 0 {
            piece.push((to_x, to_y));
        }
    }
    if index % 2 == 0 {
        pieces.push(piece);
    }
    pieces
}

/// A marker with a thin white rim, which keeps overlapping ones apart. `radius` is in pixels.
pub(crate) fn marker(scene: &mut Scene, at: (f64, f64), style: &Style, radius: f64) {
    let (x, y) = at;
    let corners: &[(f64, f64)] = match style.marker {
        Marker::Circle => {
            return scene.add(Primitive::Circle {
                cx: x,
                cy: y,
                r: radius,
                fill: style.color.clone(),
                fill_opacity: None,
                stroke: Some(WHITE),
                stroke_width: Some(1.0),
            });
        }
        Marker::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        Marker::Up => &[(0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)],
        Marker::Diamond => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        Marker::Down => &[(0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)],
    };
    let points: Vec<String> = corners
        .iter()
        .map(|(right, down)| format!("{:.2} {:.2}", x + right * radius, y + down * radius))
        .collect();
    scene.add(Primitive::Path(Box::new(PathData {
        d: format!("M {} Z", points.join(" L ")),
        fill: Some(style.color.clone()),
        stroke: WHITE,
        stroke_width: 1.0,
        opacity: None,
        stroke_dasharray: None,
    })));
}
