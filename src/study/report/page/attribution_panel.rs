//! One target's attributions: grey what was read before fine-tuning, lines what is read after,
//! blocks where signs flip.

use crate::study::report::bins::Bins;
use crate::study::report::ink::width_of;
use crate::study::report::linear::Linear;
use crate::study::store::attributions::Profile;
use crate::study::store::attributions::Usage;

use crate::study::report::page::curves::three;
use crate::study::report::page::series::Series;
use crate::study::report::page::svg::{Anchor, Place, Svg};

const SIZE: (f64, f64) = (360.0, 290.0);
const TOP: f64 = 28.0;
/// Below the panel: the numbers of the axis and its name.
const BELOW: f64 = 44.0;
/// A row of blocks where signs flip.
const BLOCKS: f64 = 7.0;

/// What pre-trained networks read.
pub struct Before<'a> {
    /// For the target, or for one that is most alike.
    pub profile: &'a Profile,
    /// How alike, of another target.
    pub cosine: Option<f64>,
}

/// What the networks of a strategy read.
pub struct Line<'a> {
    /// For the target.
    pub profile: &'a Profile,
    /// Colour and name of the strategy.
    pub looks: &'a Series,
    /// Inputs where the sign is not that of the pre-trained networks.
    pub flips: &'a [usize],
}

/// The panel of a target; `usage` has the inputs.
pub fn panel(target: &str, usage: &Usage, before: Option<&Before>, lines: &[Line]) -> String {
    let flipped: Vec<&Line> = (lines.iter()).filter(|line| !line.flips.is_empty()).collect();
    let bottom = SIZE.1 - BELOW;
    let floor = bottom - BLOCKS * flipped.len() as f64;
    let y = scale(before, lines, (floor - 2.0, TOP));
    let ticks = y.ticks(26.0);
    let texts = ticks.iter().filter_map(|tick| tick.label.as_deref());
    let left = texts.map(|text| width_of(text, 12)).fold(0.0, f64::max) + 10.0;
    let right = SIZE.0 - 8.0;
    let bins = Bins::new(&usage.axis, (left, right));
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    for tick in &ticks {
        let at = y.place(tick.value);
        svg.line("grid", (left, at), (right, at));
        let text = tick.label.as_deref().unwrap_or_default();
        svg.text("tick", Anchor::End, (left - 6.0, at + 4.0), text);
    }
    for (x, text) in &bins.ticks {
        svg.line("axis", (*x, bottom), (*x, bottom + 4.0));
        let text = text.as_deref().unwrap_or_default();
        svg.text("tick", Anchor::Middle, (*x, bottom + 17.0), text);
    }
    if let Some(before) = before {
        let line = steps(&before.profile.signed, &bins, &y);
        svg.area("before", &line, y.place(0.0));
    }
    svg.line("axis", (left, y.place(0.0)), (right, y.place(0.0)));
    for line in lines {
        svg.begin(&line.looks.class);
        let places = steps(&line.profile.signed, &bins, &y);
        svg.path("curve thin", &places, &[]);
        svg.end();
    }
    for (row, line) in flipped.iter().enumerate() {
        blocks(&mut svg, line, &bins, floor + BLOCKS * row as f64);
    }
    svg.line("axis", (left, bottom), (right, bottom));
    for input in 0..usage.axis.len() {
        let (from, to) = (bins.edges[input], bins.edges[input + 1]);
        let title = values(usage, input, before, lines);
        let size = (to - from, bottom - TOP);
        svg.cell("column", (from, TOP), size, 0.0, &title);
    }
    let title = match before {
        Some(Before { profile, cosine: Some(cosine) }) => {
            format!("{target} (grey: {}, cosine {cosine:+.2})", profile.target)
        }
        _ => target.to_owned(),
    };
    svg.fitted("title", Anchor::Start, (left, 17.0), (&title, right - left));
    let middle = ((left + right) / 2.0, SIZE.1 - 7.0);
    svg.text("name", Anchor::Middle, middle, &usage.axis_name);
    let label = format!("attributions of {target} against {}", usage.axis_name);
    svg.finish("", &label)
}

/// A scale for all that is drawn, with zero in it.
fn scale(before: Option<&Before>, lines: &[Line], pixels: (f64, f64)) -> Linear {
    let profiles = (lines.iter().map(|line| line.profile)).chain(before.map(|one| one.profile));
    let values = profiles.flat_map(|profile| &profile.signed);
    let (low, high) =
        values.fold((0.0f64, 0.0f64), |(low, high), value| (low.min(*value), high.max(*value)));
    let room = 0.06 * (high - low);
    Linear::new((low - room, high + room), pixels)
}

/// Where the signs of a strategy flip.
fn blocks(svg: &mut Svg, line: &Line, bins: &Bins, top: f64) {
    svg.begin(&line.looks.class);
    for flip in line.flips {
        let (from, to) = (bins.edges[*flip], bins.edges[flip + 1]);
        svg.block("flip", (from, top + 1.0), (to - from, BLOCKS - 2.0));
    }
    svg.end();
}

/// A line of steps, each as wide as its input.
fn steps(values: &[f64], bins: &Bins, y: &Linear) -> Vec<Place> {
    let step = |(input, value): (usize, &f64)| {
        [bins.edges[input], bins.edges[input + 1]].map(|x| (x, y.place(*value)))
    };
    values.iter().enumerate().flat_map(step).collect()
}

/// All values at one input, in words.
fn values(usage: &Usage, input: usize, before: Option<&Before>, lines: &[Line]) -> String {
    let mut text = format!("{} = {}", usage.axis_name, three(usage.axis[input]));
    if let Some(Before { profile, .. }) = before {
        let value = three(profile.signed[input]);
        text.push_str(&format!("; pre-trained, {}: {value}", profile.target));
    }
    for line in lines {
        let value = three(line.profile.signed[input]);
        let flip = match line.flips.contains(&input) {
            true => ", the sign flips",
            false => "",
        };
        text.push_str(&format!("; {}: {value}{flip}", line.looks.name));
    }
    text
}
