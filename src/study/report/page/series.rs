//! How strategies are told apart on the page: a class of the style sheet for the colour, a mark and
//! dashes.

use std::fmt::Write;

use crate::study::report::style::{COLORS, Style, styles};
use crate::study::store::run::Curve;
use crate::study::store::summary::Summary;
use crate::study::transfer::BASELINE;

use crate::study::report::page::svg::{Svg, escape};

/// A strategy with its looks.
pub struct Series {
    /// Which curve.
    pub curve: Curve,
    /// Its name.
    pub name: String,
    /// The class that gives the colour.
    pub class: String,
    /// Its mark and dashes; the colour in it is that of figures on white.
    pub style: Style,
}

/// Every strategy of a study, in the order of the summary.
pub fn series(summary: &Summary) -> Vec<Series> {
    let mut others = 0;
    let looks = |(curve, style): (Curve, Style)| {
        let class = match curve.strategy == BASELINE {
            true => "base".to_owned(),
            false => {
                others += 1;
                format!("s{}", (others - 1) % COLORS.len())
            }
        };
        Series { name: curve.label(), curve, class, style }
    };
    styles(summary).into_iter().map(looks).collect()
}

/// Looks for names of another kind, as numbers of simulations.
pub fn looks(names: &[String]) -> Vec<Series> {
    series(&Summary {
        curves: names.iter().map(|name| Curve::of(name)).collect(),
        ..Summary::default()
    })
}

/// The same hues on a dark page, light enough to read.
const ON_DARK: [(u8, u8, u8); COLORS.len()] = [
    (90, 174, 238),
    (240, 132, 66),
    (48, 196, 152),
    (226, 152, 196),
    (240, 180, 60),
    (158, 212, 245),
];

/// The variables of the colours, on a light page and on a dark one.
pub fn variables() -> String {
    let list = |colors: &[(u8, u8, u8)]| {
        let mut text = String::new();
        for (number, (red, green, blue)) in colors.iter().enumerate() {
            write!(text, "--s{number}:rgb({red},{green},{blue});").expect("text in memory");
        }
        text
    };
    let classes: String =
        (0..COLORS.len()).map(|number| format!(".s{number}{{color:var(--s{number})}}")).collect();
    let (light, dark) = (list(&COLORS), list(&ON_DARK));
    format!(
        ":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}.base{{color:var(--ink)}}{classes}"
    )
}

/// The names of the strategies beside their line and mark.
pub fn legend<'a>(shown: impl Iterator<Item = &'a Series>) -> String {
    let entry = |one: &Series| {
        let mut sample = Svg::new(40.0, 14.0);
        sample.begin(&one.class);
        sample.path("curve", &[(1.0, 7.0), (39.0, 7.0)], one.style.dashes);
        sample.marker(&one.style, (20.0, 7.0), 4.5, "");
        sample.end();
        format!("<li>{}{}</li>", sample.finish("sample", &one.name), escape(&one.name))
    };
    format!("<ul class=\"legend\">{}</ul>", shown.map(entry).collect::<String>())
}
