//! Shapes and texts of SVG, at places in pixels.

use maud::{Markup, html};

use crate::study::report::chart::layout::{NAME, Place, TITLE};
use crate::study::report::chart::style::{INK, Look, Marker, PAPER, Paint, SOFT};

/// How a text is set.
#[derive(Clone, Copy)]
pub(crate) struct Font {
    pub size: f64,
    pub anchor: &'static str,
    pub bold: bool,
    pub paint: Paint,
}

impl Font {
    pub const START: Self = Self { size: TITLE, anchor: "start", bold: false, paint: INK };
    pub const MIDDLE: Self = Self { anchor: "middle", ..Self::START };
    pub const END: Self = Self { anchor: "end", ..Self::START };

    pub fn soft(self, size: f64) -> Self {
        Self { paint: SOFT, size, ..self }
    }
}

/// A text without the control characters that XML does not allow.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// A length with the digits that can be seen.
pub(crate) fn px(length: f64) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A text with its base line at a place.
pub(crate) fn text((x, y): Place, font: Font, content: &str) -> Markup {
    html! {
        text class=(font.paint.class) fill=(font.paint.light) stroke="none" x=(px(x)) y=(px(y))
            font-size=(font.size) text-anchor=(font.anchor)
                font-weight=[font.bold.then_some("bold")] {
            (clean(content))
        }
    }
}

/// A text that reads from bottom to top, centred at a place.
pub(crate) fn upright((x, y): Place, content: &str) -> Markup {
    html! {
        text class=(SOFT.class) fill=(SOFT.light) stroke="none" font-size=(NAME)
            text-anchor="middle"
            transform={ "translate(" (px(x)) " " (px(y)) ") rotate(-90)" } { (clean(content)) }
    }
}

/// Everything in it has this colour unless it says otherwise.
pub(crate) fn painted(paint: Paint, content: Markup) -> Markup {
    html! { g class=(paint.class) fill=(paint.light) stroke=(paint.light) { (content) } }
}

pub(crate) fn line((x1, y1): Place, (x2, y2): Place) -> Markup {
    html! { line x1=(px(x1)) y1=(px(y1)) x2=(px(x2)) y2=(px(y2)) {} }
}

/// A line of this width through places, in the dashes of a look.
pub(crate) fn polyline(places: &[Place], look: &Look, width: f64) -> Markup {
    let points: Vec<String> =
        places.iter().map(|(x, y)| format!("{},{}", px(*x), px(*y))).collect();
    let dashes: Vec<String> = look.dashes.iter().map(f64::to_string).collect();
    html! {
        @if places.len() > 1 {
            polyline class="line" points=(points.join(" ")) fill="none" stroke-width=(width)
                stroke-linejoin="round" stroke-dasharray=[(!dashes.is_empty()).then(||
                    dashes.join(" "))] {}
        }
    }
}

/// The area within places.
pub(crate) fn area(places: &[Place], opacity: f64) -> Markup {
    let points: Vec<String> =
        places.iter().map(|(x, y)| format!("{},{}", px(*x), px(*y))).collect();
    html! {
        @if places.len() > 2 {
            polygon class="area" points=(points.join(" ")) stroke="none" fill-opacity=(opacity) {}
        }
    }
}

/// A marker with a thin rim, which keeps overlapping ones apart.
pub(crate) fn marker((x, y): Place, look: &Look, radius: f64) -> Markup {
    let corners: &[(f64, f64)] = match look.marker {
        Marker::Circle => &[],
        Marker::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        Marker::Up => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        Marker::Down => &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
        Marker::Diamond => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
    };
    let corner = |(right, down): &(f64, f64)| {
        format!("{},{}", px(x + right * radius), px(y + down * radius))
    };
    html! {
        @if corners.is_empty() {
            circle class="mark" stroke=(PAPER.light) stroke-width="0.8" cx=(px(x)) cy=(px(y))
                r=(radius) {}
        } @else {
            polygon class="mark" stroke=(PAPER.light) stroke-width="0.8"
                points=(corners.iter().map(corner).collect::<Vec<_>>().join(" ")) {}
        }
    }
}
