//! The figure of attributions: how much each input matters for each target, with its sign, and
//! where the sign differs from that of another model.

use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Cell, Chart, Grid, Key, Layer, Marks, Panel, Sample};
use crate::study::report::chart::style::{Look, SOFT};
use crate::study::stats::words::three;

/// What all panels have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared<'a> {
    /// What the inputs are a function of, with its unit.
    pub axis_name: &'a str,
    /// Where each input lies on it.
    pub axis: &'a [f64],
    /// What the grey area is, if there is one.
    pub area: Option<&'a str>,
}

/// One target; all slices have one number for each input.
#[derive(Clone, Debug)]
pub(crate) struct Target<'a> {
    pub title: String,
    pub subtitle: String,
    /// Signed attributions of another model, drawn as a grey area.
    pub area: Option<&'a [f64]>,
    pub lines: Vec<Attributions<'a>>,
}

/// Signed attributions of a model, drawn as a line.
#[derive(Clone, Debug)]
pub(crate) struct Attributions<'a> {
    pub name: String,
    pub look: Look,
    pub signed: &'a [f64],
    /// Their standard errors, drawn as a band.
    pub errors: Option<&'a [f64]>,
    /// Inputs where the sign is opposite to that of the area.
    pub flips: &'a [usize],
}

/// An axis whose widest step is more than this many times its narrowest is logarithmic.
const UNEVEN: f64 = 3.0;
/// The height of the marks of opposite signs, as a share of the span of a panel.
const FLIPS: f64 = 0.045;

/// A panel for each target, with a scale of its own.
///
/// # Panics
/// If there is no input, or a target has not one number for each.
pub(crate) fn attribution_chart(shared: &Shared, targets: &[Target]) -> Chart {
    let lines = targets.iter().max_by_key(|target| target.lines.len());
    let lines = lines.map_or(&[][..], |target| &target.lines);
    let key = |line: &Attributions| Key {
        name: line.name.clone(),
        look: line.look.solid(),
        sample: Sample::Line,
    };
    let area = shared.area.map(|name| Key {
        name: name.to_owned(),
        look: Look::plain(SOFT),
        sample: Sample::Area,
    });
    Chart {
        label: format!("attributions against {}", shared.axis_name),
        legend: lines.iter().map(key).chain(area).collect(),
        grids: vec![Grid {
            panels: targets.iter().map(|target| panel(shared, target)).collect(),
            least: 280.0,
            most: 480.0,
            height: 180.0,
        }],
        ..Chart::default()
    }
}

fn panel(shared: &Shared, target: &Target) -> Panel {
    let (x, edges) = inputs(shared);
    let steps = |values: &[f64]| -> Vec<(f64, f64)> {
        assert_eq!(values.len(), shared.axis.len(), "attributions of {}", target.title);
        let step =
            |(input, value): (usize, &f64)| [(edges[input], *value), (edges[input + 1], *value)];
        values.iter().enumerate().flat_map(step).collect()
    };
    let flipped = || target.lines.iter().filter(|line| !line.flips.is_empty());
    let (low, high) = span(target);
    let unit = FLIPS * (high - low);
    let floor = low - unit * flipped().count() as f64;
    let mut layers = vec![];
    let area = target.area.map(|values| Marks::Area(steps(values)));
    layers.extend(area.map(|marks| Layer::new(Look::plain(SOFT), marks)));
    let zero = Marks::Line(vec![(x.ends.0, 0.0), (x.ends.1, 0.0)], 1.0);
    layers.push(Layer::new(Look::plain(SOFT), zero));
    for line in &target.lines {
        let values = steps(line.signed);
        let band = line.errors.map(|errors| {
            let both = values.iter().zip(steps(errors));
            both.map(|((x, y), (_, error))| (*x, y - error, y + error)).collect()
        });
        layers.extend(band.map(|band| Layer::new(line.look, Marks::Band(band))));
        layers.push(Layer::new(line.look.solid(), Marks::Line(values, 1.4)));
    }
    for (row, line) in flipped().enumerate() {
        let bottom = floor + unit * row as f64;
        let cell = |input: &usize| Cell {
            x: (edges[*input], edges[input + 1]),
            y: (bottom + 0.15 * unit, bottom + 0.85 * unit),
            opacity: 1.0,
            ..Cell::default()
        };
        layers.push(Layer::new(line.look, Marks::Cells(line.flips.iter().map(cell).collect())));
    }
    let column = |input: usize| Cell {
        x: (edges[input], edges[input + 1]),
        y: (floor, high),
        title: values(shared, target, input),
        ..Cell::default()
    };
    let columns = (0..shared.axis.len()).map(column).collect();
    layers.push(Layer::new(Look::plain(SOFT), Marks::Cells(columns)));
    Panel {
        title: target.title.clone(),
        subtitle: target.subtitle.clone(),
        x,
        y: Axis::linear("signed attribution", (floor, high)),
        layers,
    }
}

/// The least and the largest value that is drawn, zero among them, with some room.
fn span(target: &Target) -> (f64, f64) {
    let of_line = |line: &Attributions| -> Vec<f64> {
        let errors = |input: usize| line.errors.map_or(0.0, |errors| errors[input]);
        let ends = |(input, value): (usize, &f64)| [value - errors(input), value + errors(input)];
        line.signed.iter().enumerate().flat_map(ends).collect()
    };
    let values = target.lines.iter().flat_map(of_line);
    let values = values.chain(target.area.unwrap_or_default().iter().copied());
    let (low, high) =
        values.fold((0.0f64, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let room = if low < high { 0.06 * (high - low) } else { 1.0 };
    (low - room, high + room)
}

/// The axis of the inputs, and the ends of each on it: at their value if they are evenly spaced, as
/// bins in k are; at its logarithm if the steps grow; side by side if they do not ascend.
fn inputs(shared: &Shared) -> (Axis, Vec<f64>) {
    let Shared { axis, axis_name, .. } = *shared;
    let steps: Vec<f64> = axis.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let least = steps.iter().copied().fold(f64::INFINITY, f64::min);
    let most = steps.iter().copied().fold(0.0, f64::max);
    if axis.len() >= 2 && least > 0.0 && axis[0] > 0.0 && most > UNEVEN * least {
        let logarithms: Vec<f64> = axis.iter().map(|value| value.log10()).collect();
        let edges: Vec<f64> = edges(&logarithms).iter().map(|edge| 10f64.powf(*edge)).collect();
        let ends = [edges[0], edges[axis.len()]];
        return (Axis::log(axis_name, ends, 0.0, 1.0001), edges);
    }
    let numbers: Vec<f64> = (0..axis.len()).map(|number| number as f64).collect();
    let edges = edges(if axis.len() >= 2 && least > 0.0 { axis } else { &numbers });
    (Axis::linear(axis_name, (edges[0], edges[axis.len()])), edges)
}

/// The middles between neighbours, and as far beyond the first and the last.
fn edges(places: &[f64]) -> Vec<f64> {
    let last = places.len() - 1;
    let half = |a: usize, b: usize| {
        if last == 0 { 0.5 } else { (places[b] - places[a]) / 2.0 }
    };
    let inner = places.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    std::iter::once(places[0] - half(0, 1.min(last)))
        .chain(inner)
        .chain([places[last] + half(last.saturating_sub(1), last)])
        .collect()
}

/// All values at one input, in words.
fn values(shared: &Shared, target: &Target, input: usize) -> String {
    let mut text = format!("{} = {}", shared.axis_name, three(shared.axis[input]));
    if let Some((name, values)) = shared.area.zip(target.area) {
        text.push_str(&format!("; {name}: {}", three(values[input])));
    }
    for line in &target.lines {
        let flip = if line.flips.contains(&input) { " (opposite sign)" } else { "" };
        text.push_str(&format!("; {}: {}{flip}", line.name, three(line.signed[input])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_has_room_of_its_own() {
        let shells: Vec<f64> = (1..=79).map(|i| 0.0063 * f64::from(i)).collect();
        let grows: Vec<f64> = (0..20).map(|i| 0.01 * 1.3f64.powi(i)).collect();
        for axis in [&shells[..], &grows, &[5.0], &[3.0, 1.0, 2.0], &[-1.0, 0.0]] {
            let (x, edges) = inputs(&Shared { axis_name: "k", axis, area: None });
            assert_eq!(edges.len(), axis.len() + 1);
            let placed = x.between((10.0, 510.0));
            let pixels: Vec<f64> = edges.iter().filter_map(|edge| placed.place(*edge)).collect();
            assert!(pixels.windows(2).all(|pair| pair[0] < pair[1]), "{pixels:?}");
            assert!((pixels[0] - 10.0).abs() < 1e-6);
            assert!((pixels[axis.len()] - 510.0).abs() < 1e-6);
            assert!(!placed.horizontal_ticks(12.0).is_empty());
        }
    }
}
