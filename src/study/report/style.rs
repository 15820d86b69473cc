//! How the strategies are told apart.

use kuva::render::color::Color;

use crate::study::store::run::Curve;
use crate::study::store::summary::Summary;
use crate::study::transfer::BASELINE;

/// The shape of a marker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Up,
    Diamond,
    Down,
}

/// How one strategy is drawn: colour, marker and dashes all differ, so that a grey print still
/// tells them apart.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub color: Color,
    pub marker: Marker,
    /// Lengths in pixels of the drawn and the left-out pieces in turn; empty for a solid line.
    pub dashes: &'static [f64],
}

/// The style of the baseline.
const BASELINE_STYLE: Style =
    Style { color: Color::Rgb(0, 0, 0), marker: Marker::Circle, dashes: &[] };

/// Red, green and blue of the other strategies, by their order: the colours of Wong, Nature Methods
/// 8, 441 (2011), which people with colour-blindness can tell apart; his yellow is left out because
/// it is too pale on white.
pub(crate) const COLORS: [(u8, u8, u8); 6] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233)];

/// The style of the other strategies, by their order.
fn style_of(index: usize) -> Style {
    const MARKERS: [Marker; 5] =
        [Marker::Square, Marker::Up, Marker::Diamond, Marker::Down, Marker::Circle];
    const DASHES: [&[f64]; 4] = [&[9.0, 4.0], &[2.5, 3.0], &[10.0, 3.0, 2.5, 3.0], &[]];
    let (red, green, blue) = COLORS[index % COLORS.len()];
    let color = Color::Rgb(red, green, blue);
    Style { color, marker: MARKERS[index % MARKERS.len()], dashes: DASHES[index % DASHES.len()] }
}

/// Every strategy with its style.
pub(crate) fn styles(summary: &Summary) -> Vec<(Curve, Style)> {
    let mut others = 0;
    let style = |curve: &Curve| {
        if curve.strategy == BASELINE {
            return (curve.clone(), BASELINE_STYLE);
        }
        others += 1;
        (curve.clone(), style_of(others - 1))
    };
    summary.curves.iter().map(style).collect()
}
