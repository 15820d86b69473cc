//! Curves of the networks on their test rows: ROC, scores, calibration, AMS; bias and resolution.

use maud::{Markup, html};

use crate::study::metric::Metric;
use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Chart, Grid, Key, Layer, Marks, Panel, Sample};
use crate::study::report::chart::style::{Look, SERIES, SOFT, Series};
use crate::study::report::html::{figure, keys, numbers, table};
use crate::study::stats::diagnostics::{self, Curve, Figure};
use crate::study::stats::findings::Findings;
use crate::study::stats::words::three;
use crate::study::store;
use crate::study::store::diagnostics::Band;
use crate::study::store::summary::Spread;

/// The figures of a study that this section has, with the stems of their files.
pub(crate) fn charts(findings: &Findings, shown: &[Series]) -> Vec<(&'static str, Chart)> {
    let of =
        |(figure, bands): &(&'static Figure, Vec<Band>)| (figure.stem, chart(figure, bands, shown));
    findings.diagnostics.iter().map(of).collect()
}

/// The sentences, the figures and the table of all metrics.
pub(crate) fn section(findings: &Findings, shown: &[Series]) -> Markup {
    let simulations = findings.diagnostics.first().and_then(|(_, bands)| bands.first());
    let simulations = simulations.map_or(0, |band| band.group.simulations);
    html! {
        p {
            "Networks with " (simulations) " simulations on the test set. Lines are means over \
             seeds, bands the standard deviation over seeds; the numbers are in the file below \
             each heading."
        }
        @for (of, bands) in &findings.diagnostics {
            h3 { (of.title) }
            p { (of.about) " " a href={ (of.stem) ".csv" } { (of.stem) ".csv" } }
            (figure(&chart(of, bands, shown)))
        }
        (numbers("metrics at this size", metrics(findings)))
    }
}

/// A figure of a study.
fn chart(of: &'static Figure, bands: &[Band], shown: &[Series]) -> Chart {
    let mut targets: Vec<&str> = Vec::new();
    for band in bands {
        if !targets.contains(&band.target.as_str()) {
            targets.push(&band.target);
        }
    }
    let by_class = of.panels.iter().any(|panel| matches!(panel.curve, Curve::EachClass(_)));
    let mut panels = Vec::new();
    for target in &targets {
        let suffix = if targets.len() > 1 { format!(", {target}") } else { String::new() };
        for panel in of.panels {
            let own = |band: &&Band| band.target == *target && band.panel == panel.title;
            let own: Vec<&Band> = bands.iter().filter(own).collect();
            match by_class {
                false => {
                    panels.push(drawn(panel, &own, &format!("{}{suffix}", panel.title), shown))
                }
                true => panels.extend(shown.iter().map(|series| {
                    let one = own.iter().copied().filter(|band| band.group.curve == series.curve);
                    let title = format!("{}{suffix}", series.name());
                    drawn(panel, &one.collect::<Vec<_>>(), &title, shown)
                })),
            }
        }
    }
    let class = |name: &str| Key { name: name.into(), look: look_of(name), sample: Sample::Line };
    Chart {
        label: format!("{} of the networks on the test set", of.title),
        legend: match by_class {
            true => vec![class("signal"), class("background")],
            false => {
                let key = |key: Key| Key { sample: Sample::Line, ..key };
                keys(shown).into_iter().map(key).collect()
            }
        },
        // two panels of a target stand side by side
        grids: vec![Grid {
            panels,
            least: if of.panels.len() == 2 { 340.0 } else { 300.0 },
            most: 480.0,
            height: 230.0,
        }],
        ..Chart::default()
    }
}

/// The look of the rows of a class.
fn look_of(class: &str) -> Look {
    Look::plain(SERIES[usize::from(class == "background")])
}

/// A panel with the bands of some networks.
fn drawn(of: &diagnostics::Panel, bands: &[&Band], title: &str, shown: &[Series]) -> Panel {
    let points = || bands.iter().flat_map(|band| &band.points);
    let ends = |values: &mut dyn Iterator<Item = f64>| {
        let finite = values.filter(|value| value.is_finite());
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let y_values = || {
        let band = |point: &(f64, f64, Option<f64>)| {
            let deviation = point.2.unwrap_or(0.0);
            [point.1 - deviation, point.1 + deviation]
        };
        points().flat_map(band).chain(of.ideal.into_iter().flatten())
    };
    let y = match of.is_log {
        true => Axis::log("", points().map(|point| point.1), 0.04, 2.0),
        false => {
            let (low, high) = ends(&mut y_values());
            let room = 0.04 * (high - low);
            // what cannot be negative begins at 0
            Axis::linear("", (if low >= 0.0 { 0.0 } else { low - room }, high + room))
        }
    };
    let x_ends = match of.curve {
        Curve::Class(_) | Curve::EachClass(_) => (0.0, 1.0),
        Curve::Value(_) | Curve::Vector(_) => ends(&mut points().map(|point| point.0)),
    };
    let x = Axis::linear(of.x, x_ends);
    let mut layers = Vec::new();
    if let Some([left, right]) = of.ideal {
        let line = vec![(x.ends.0, left), (x.ends.1, right)];
        layers.push(Layer::new(Look::plain(SOFT), Marks::Line(line, 1.0)));
    }
    for band in bands {
        let series = shown.iter().find(|series| series.curve == band.group.curve);
        let Some(look) = band.class.map(look_of).or(series.map(|series| series.look)) else {
            continue;
        };
        let area = band.points.iter().filter_map(|(x, y, deviation)| {
            let high = y + (*deviation)?;
            Some((*x, if of.is_log { y * y / high } else { y - (*deviation)? }, high))
        });
        layers.push(Layer::new(look, Marks::Band(area.collect())));
        let line = band.points.iter().map(|(x, y, _)| (*x, *y)).collect();
        layers.push(Layer::new(look, Marks::Line(line, 1.8)));
    }
    Panel { title: title.to_owned(), subtitle: String::new(), x, y, layers }
}

/// Every metric that the outputs allow, mean ± standard deviation over seeds.
fn metrics(findings: &Findings) -> Markup {
    let all = &findings.test_metrics;
    let names = all.first().map_or(&[][..], |(_, values)| values);
    let heading: Vec<&str> =
        std::iter::once("strategy").chain(names.iter().map(|(metric, _)| metric.title)).collect();
    let text = |spread: &Spread| {
        let deviation = spread.deviation.map(|deviation| format!(" ± {}", three(deviation)));
        spread.mean.map_or("-".into(), |mean| three(mean) + &deviation.unwrap_or_default())
    };
    let row = |(curve, values): &(store::run::Curve, Vec<(&Metric, Spread)>)| {
        let cells = values.iter().map(|(_, spread)| text(spread));
        std::iter::once(curve.label()).chain(cells).collect()
    };
    table(&heading, &all.iter().map(row).collect::<Vec<_>>())
}
