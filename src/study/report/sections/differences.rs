//! The test score of each strategy minus that of the baseline, with intervals.

use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Chart, Grid, Layer, Marks, Panel, Point};
use crate::study::report::chart::style::{Look, SOFT, Series};
use crate::study::report::html::keys;
use crate::study::stats::findings::Findings;
use crate::study::stats::words::three;
use crate::study::store::negative_transfer::Transfer;
use crate::study::transfer::BASELINE;

/// The figure; absent without intervals.
pub(crate) fn chart(findings: &Findings, shown: &[Series]) -> Option<Chart> {
    let drawn = |one: &&Transfer| one.target.is_none() && one.interval.is_some();
    let all: Vec<&Transfer> = findings.transfers.iter().filter(drawn).collect();
    if all.is_empty() {
        return None;
    }
    let others: Vec<&Series> = shown.iter().filter(|one| !one.is_baseline()).collect();
    let metric = findings.metric();
    let ends = all.iter().flat_map(|one| one.interval.into_iter().flatten()).chain([0.0]);
    let (low, high) = ends.fold((0.0f64, 0.0f64), |(low, high), end| (low.min(end), high.max(end)));
    let room = 0.06 * (high - low);
    let name = format!("{} minus that of {BASELINE}", metric.title);
    let x = Axis::sizes("number of simulations", &findings.summary.sizes());
    let zero = Marks::Line(vec![(x.ends.0, 0.0), (x.ends.1, 0.0)], 1.4);
    let mut layers = vec![Layer::new(Look::plain(SOFT), zero)];
    for (index, series) in others.iter().enumerate() {
        let own = all.iter().filter(|one| one.curve == series.curve);
        let points = Marks::Points(own.map(|one| point(one)).collect());
        layers.push(Layer::dodged(series.look, (index, others.len()), points));
    }
    let y = Axis::linear(&name, (low - room, high + room));
    let panel = Panel { title: String::new(), subtitle: String::new(), x, y, layers };
    Some(Chart {
        label: format!("{name}, against the number of simulations"),
        legend: keys(others),
        grids: vec![Grid { panels: vec![panel], least: 320.0, most: 0.0, height: 230.0 }],
        note: format!(
            "Error bars: 95 % bootstrap intervals {} and test rows. On the {} side of the line \
             transfer helps.",
            findings.scatter.over(),
            metric.better.word()
        ),
        ..Chart::default()
    })
}

fn point(one: &Transfer) -> Point {
    let text = one
        .interval
        .map_or(String::new(), |[low, high]| format!(" ({} to {})", three(low), three(high)));
    Point {
        x: one.simulations as f64,
        y: one.difference,
        bar: one.interval.map(|[low, high]| (low, high)),
        arrow: None,
        title: format!(
            "{}, {} simulations: {}{text}",
            one.curve.label(),
            one.simulations,
            three(one.difference)
        ),
    }
}
