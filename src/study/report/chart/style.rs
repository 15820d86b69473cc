//! Colours, markers and dashes.
//!
//! An SVG carries the colours of a light page in its attributes. Classes of the same names let the
//! style sheet of a page replace them on a dark one.

use crate::study::store::run::Curve;
use crate::study::transfer::BASELINE;

/// A colour of figures: its class, and its value on a light and on a dark page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Paint {
    pub class: &'static str,
    pub light: &'static str,
    pub dark: &'static str,
}

const fn paint(class: &'static str, light: &'static str, dark: &'static str) -> Paint {
    Paint { class, light, dark }
}

/// The background.
pub(crate) const PAPER: Paint = paint("paper", "#ffffff", "#15171b");
/// Text, and the baseline.
pub(crate) const INK: Paint = paint("ink", "#1c1d20", "#eceef2");
/// Labels and remarks.
pub(crate) const SOFT: Paint = paint("soft", "#5a5e66", "#a6acb8");
/// Grid lines.
pub(crate) const RULE: Paint = paint("rule", "#e3e5e9", "#30343c");
/// Transfer helps.
pub(crate) const GOOD: Paint = paint("good", "#0072b2", "#1476b8");
/// Transfer hurts.
pub(crate) const BAD: Paint = paint("bad", "#d55e00", "#be4e00");

/// The colours of the strategies other than the baseline: those of Wong, Nature Methods 8, 441
/// (2011), which people with colour-blindness can tell apart; his yellow is left out because it is
/// too pale on white.
pub(crate) const SERIES: [Paint; 6] = [
    paint("s0", "#0072b2", "#5aaeee"),
    paint("s1", "#d55e00", "#f08442"),
    paint("s2", "#009e73", "#30c498"),
    paint("s3", "#cc79a7", "#e298c4"),
    paint("s4", "#e69f00", "#f0b43c"),
    paint("s5", "#56b4e9", "#9ed4f5"),
];

/// Every colour.
pub(crate) fn paints() -> impl Iterator<Item = Paint> {
    [PAPER, INK, SOFT, RULE, GOOD, BAD].into_iter().chain(SERIES)
}

/// The shape of a marker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
}

/// How marks are drawn. Strategies differ in colour, marker and dashes, so that a grey print still
/// tells them apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    pub paint: Paint,
    pub marker: Marker,
    /// Lengths in pixels of dashes and gaps in turn; empty for a solid line.
    pub dashes: &'static [f64],
}

impl Look {
    /// Solid lines and round markers.
    pub const fn plain(paint: Paint) -> Self {
        Self { paint, marker: Marker::Circle, dashes: &[] }
    }

    /// The same in dots.
    pub const fn dotted(self) -> Self {
        Self { dashes: &[1.5, 4.0], ..self }
    }

    /// The same in solid lines.
    pub const fn solid(self) -> Self {
        Self { dashes: &[], ..self }
    }

    /// The look of a series that is not the baseline, by its number.
    pub fn series(number: usize) -> Self {
        const MARKERS: [Marker; 5] =
            [Marker::Square, Marker::Up, Marker::Diamond, Marker::Down, Marker::Circle];
        const DASHES: [&[f64]; 4] = [&[9.0, 4.0], &[2.5, 3.0], &[10.0, 3.0, 2.5, 3.0], &[]];
        Self {
            paint: SERIES[number % SERIES.len()],
            marker: MARKERS[number % MARKERS.len()],
            dashes: DASHES[number % DASHES.len()],
        }
    }
}

/// A learning curve with its look.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub curve: Curve,
    pub look: Look,
}

impl Series {
    pub fn name(&self) -> String {
        self.curve.label()
    }

    pub fn is_baseline(&self) -> bool {
        self.curve.strategy == BASELINE
    }
}

/// Looks for curves; that of the baseline is always the same.
pub(crate) fn series<'a>(curves: impl IntoIterator<Item = &'a Curve>) -> Vec<Series> {
    let mut others = 0..;
    let mut look = |curve: &Curve| match curve.strategy == BASELINE {
        true => Look::plain(INK),
        false => Look::series(others.next().expect("style: a number for every series")),
    };
    curves.into_iter().map(|curve| Series { look: look(curve), curve: curve.clone() }).collect()
}
