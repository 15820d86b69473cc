//! SVG as text: lines, marks and words at places in pixels, each with a class of the style sheet.

use std::fmt::Write;

use crate::study::report::ink::fitted;
use crate::study::report::style::{Marker, Style};

/// Text as HTML and SVG may contain it, in an attribute too: without control characters, which SVG
/// does not allow.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars().filter(|sign| !sign.is_control()) {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            sign => escaped.push(sign),
        }
    }
    escaped
}

/// A drawing of a size in pixels.
pub struct Svg {
    size: (f64, f64),
    body: String,
}

/// A place in pixels.
pub type Place = (f64, f64);

/// Where a text stands relative to its place.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// It starts there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

impl Svg {
    /// An empty drawing.
    pub fn new(width: f64, height: f64) -> Self {
        Self { size: (width, height), body: String::new() }
    }

    fn add(&mut self, element: std::fmt::Arguments) {
        self.body.write_fmt(element).expect("svg: text in memory");
    }

    /// Everything until [`Svg::end`] has these classes.
    pub fn begin(&mut self, class: &str) {
        self.add(format_args!("<g class=\"{class}\">"));
    }

    /// Ends what [`Svg::begin`] began.
    pub fn end(&mut self) {
        self.body.push_str("</g>");
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, from: Place, to: Place) {
        self.add(format_args!(
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line through places, dashed as a style is.
    pub fn path(&mut self, class: &str, places: &[Place], dashes: &[f64]) {
        if places.len() < 2 {
            return;
        }
        let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dashes: Vec<String> = dashes.iter().map(f64::to_string).collect();
        let dashes = match dashes.is_empty() {
            true => String::new(),
            false => format!(" stroke-dasharray=\"{}\"", dashes.join(" ")),
        };
        self.add(format_args!(
            "<polyline class=\"{class}\" points=\"{}\"{dashes}/>",
            points.join(" ")
        ));
    }

    /// A small dot with its title.
    pub fn dot(&mut self, class: &str, (x, y): Place, title: &str) {
        let title = escape(title);
        self.add(format_args!(
            "<path class=\"{class}\" d=\"M{x:.1} {y:.1}h0\"><title>{title}</title></path>"
        ));
    }

    /// The area between a line of steps and a base line; empty without places.
    pub fn area(&mut self, class: &str, places: &[Place], base: f64) {
        let (Some(first), Some(last)) = (places.first(), places.last()) else {
            return;
        };
        let line: String = places.iter().map(|(x, y)| format!("L{x:.1} {y:.1}")).collect();
        self.add(format_args!(
            "<path class=\"{class}\" d=\"M{:.1} {base:.1}{line}L{:.1} {base:.1}Z\"/>",
            first.0, last.0
        ));
    }

    /// Small dots, all in one element.
    pub fn dots(&mut self, class: &str, places: &[Place]) {
        if places.is_empty() {
            return;
        }
        let moves: String = places.iter().map(|(x, y)| format!("M{x:.1} {y:.1}h0")).collect();
        self.add(format_args!("<path class=\"{class}\" d=\"{moves}\"/>"));
    }

    /// The mark of a style, about `radius` wide and high, with what it says when a pointer rests on
    /// it or near it.
    pub fn marker(&mut self, style: &Style, (x, y): Place, radius: f64, title: &str) {
        let shape = match style.marker {
            Marker::Circle => {
                format!("<circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>")
            }
            Marker::Square => {
                outline(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)], (x, y), radius)
            }
            Marker::Up => outline(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)], (x, y), radius),
            Marker::Down => outline(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)], (x, y), radius),
            Marker::Diamond => {
                outline(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)], (x, y), radius)
            }
        };
        if title.is_empty() {
            self.body.push_str(&shape);
            return;
        }
        let title = escape(title);
        self.add(format_args!(
            "<g class=\"point\"><title>{title}</title><circle class=\"near\" cx=\"{x:.1}\" cy=\"{y:.1}\" \
             r=\"{:.1}\"/>{shape}</g>",
            2.2 * radius
        ));
    }

    /// A rectangle with its title; `opacity` of its fill between 0 and 1.
    pub fn cell(
        &mut self,
        class: &str,
        (left, top): Place,
        (width, height): (f64, f64),
        opacity: f64,
        title: &str,
    ) {
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill-opacity=\"{opacity:.2}\"><title>{}</title></rect>",
            escape(title)
        ));
    }

    /// A rectangle without a title.
    pub fn block(&mut self, class: &str, (left, top): Place, (width, height): (f64, f64)) {
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        ));
    }

    /// A text whose base line is at a place.
    pub fn text(&mut self, class: &str, anchor: Anchor, (x, y): Place, text: &str) {
        let anchor = anchor.name();
        let text = escape(text);
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    /// A text that is cut to a width if need be, for 14 pixels of height; the whole of it shows
    /// when a pointer rests on it.
    pub fn fitted(
        &mut self,
        class: &str,
        anchor: Anchor,
        place: Place,
        (text, width): (&str, f64),
    ) {
        // bold letters are wider than those that the measure is of
        let room = if class == "title" { width / 1.15 } else { width };
        let cut = fitted(text, 14, room);
        if cut == text {
            return self.text(class, anchor, place, text);
        }
        self.body.push_str("<g>");
        self.text(class, anchor, place, &cut);
        self.add(format_args!("<title>{}</title></g>", escape(text)));
    }

    /// A text from bottom to top, centred at a place.
    pub fn upright(&mut self, class: &str, (x, y): Place, text: &str) {
        let text = escape(text);
        self.add(format_args!(
            "<text class=\"{class}\" text-anchor=\"middle\" transform=\"translate({x:.1} {y:.1}) rotate(-90)\">{text}</text>"
        ));
    }

    /// The element; `label` says what it is to who cannot see it.
    pub fn finish(self, class: &str, label: &str) -> String {
        let (width, height) = self.size;
        format!(
            "<svg class=\"figure {class}\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\">{}</svg>",
            escape(label),
            self.body
        )
    }
}

fn outline(corners: &[(f64, f64)], (x, y): Place, radius: f64) -> String {
    let points: Vec<String> = corners
        .iter()
        .map(|corner| format!("{:.1},{:.1}", x + radius * corner.0, y + radius * corner.1))
        .collect();
    format!("<polygon class=\"mark\" points=\"{}\"/>", points.join(" "))
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_element_or_attribute() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&\u{7}\n"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;"
        );
        let mut svg = Svg::new(10.0, 10.0);
        svg.text("name", Anchor::End, (1.0, 2.0), "</text><script>");
        svg.cell("good", (0.0, 0.0), (1.0, 1.0), 0.5, "</title>");
        let text = svg.finish("wide", "\"><script>");
        assert!(!text.contains("<script>") && text.matches("</title>").count() == 1, "{text}");
    }
}
