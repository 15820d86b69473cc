//! How many simulations transfer saves, with intervals.

use maud::{Markup, html};

use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Arrow, Chart, Grid, Layer, Marks, Panel, Point};
use crate::study::report::chart::style::{Look, SOFT, Series};
use crate::study::report::html::{figure, keys, numbers, table};
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::store::run::Curve;
use crate::study::store::savings::{Bound, Saving};
use crate::study::transfer::BASELINE;

const SIZES: &str = "number of simulations";
const FACTOR: &str = "simulations saved (factor)";

/// The sentences, the figure and the table.
pub(crate) fn section(findings: &Findings, shown: &[Series]) -> Markup {
    if findings.savings.is_empty() {
        return html! {
            p { "There are no finished runs of " (BASELINE) " and of another strategy to compare." }
        };
    }
    let chart = Chart {
        note: format!(
            "Error bars: 95 % bootstrap intervals. Arrows mark bounds: up where {BASELINE} never \
             gets as good, down where it is better with its fewest simulations. Whether anything is \
             saved cannot be told where an interval has 1 in it and is open, or wider than 4 times."
        ),
        ..joined(&[("", findings)], shown)
    };
    let noun = findings.scatter.noun();
    html! {
        p {
            "The number of simulations that " (BASELINE) " needs for the " (findings.metric().test_title()) " of \
                 a strategy, divided by the number that the strategy has. The curve of " (BASELINE) " is \
                      interpolated between its sizes. Bootstrap samples are drawn over "
            (noun) " and test rows"
            @if findings.scatter == Scatter::Trials {
                ", separately for each strategy and size; they do not include the scatter over \
                 other simulations"
            }
            "."
            @match findings.most_runs() {
                1 => { " With one run of each setting intervals are only over test rows." }
                few @ 2..6 => { " With " (few) " " (noun) " the intervals are too narrow." }
                _ => {}
            }
        }
        (figure(&chart))
        (numbers("simulations saved", savings_table(findings)))
    }
}

/// The savings of several studies, a panel each.
pub(crate) fn joined(all: &[(&str, &Findings)], shown: &[Series]) -> Chart {
    let others: Vec<&Series> = shown.iter().filter(|one| !one.is_baseline()).collect();
    let panels: Vec<Panel> =
        all.iter().map(|(name, findings)| panel(findings, &others, name)).collect();
    let (least, most, height) =
        if all.len() == 1 { (320.0, 0.0, 270.0) } else { (300.0, 480.0, 230.0) };
    Chart {
        label: format!("simulations saved relative to {BASELINE}, against the {SIZES}"),
        legend: keys(others),
        grids: vec![Grid { panels, least, most, height }],
        ..Chart::default()
    }
}

fn panel(findings: &Findings, shown: &[&Series], title: &str) -> Panel {
    let values = findings.savings.iter().flat_map(|one| [Some(one.factor), one.low, one.high]);
    let y = Axis::log(FACTOR, values.flatten().chain([1.0]), 0.12, 2.0);
    let x = Axis::sizes(SIZES, &findings.summary.sizes());
    let even = Marks::Line(vec![(x.ends.0, 1.0), (x.ends.1, 1.0)], 1.4);
    let mut layers = vec![Layer::new(Look::plain(SOFT), even)];
    for (index, series) in shown.iter().enumerate() {
        let own = findings.savings.iter().filter(|one| one.curve == series.curve);
        let points = Marks::Points(own.map(point).collect());
        layers.push(Layer::dodged(series.look, (index, shown.len()), points));
    }
    Panel { title: title.to_owned(), subtitle: String::new(), x, y, layers }
}

fn point(one: &Saving) -> Point {
    Point {
        x: one.simulations as f64,
        y: one.factor,
        bar: Some((one.low.unwrap_or(one.factor), one.high.unwrap_or(one.factor))),
        arrow: match one.bound {
            Bound::Exact => None,
            Bound::MoreThanLargest => Some(Arrow::Up),
            Bound::LessThanSmallest => Some(Arrow::Down),
        },
        title: format!("{}, {} simulations: {}", one.curve.label(), one.simulations, text(one)),
    }
}

/// `4.20x (3.10 to 5.00)`, `> 1.10x (from 0.90)`, `cannot be told (0.20 to 6.00)`; an end outside
/// the sizes of the baseline is open.
pub(crate) fn text(one: &Saving) -> String {
    let sign = match one.bound {
        Bound::Exact => "",
        Bound::MoreThanLargest => "> ",
        Bound::LessThanSmallest => "< ",
    };
    let interval = match (one.low, one.high) {
        (Some(low), Some(high)) => format!("({low:.2} to {high:.2})"),
        (Some(low), None) => format!("(from {low:.2})"),
        (None, Some(high)) => format!("(up to {high:.2})"),
        (None, None) => "(open)".to_owned(),
    };
    match one.is_told() {
        true => format!("{sign}{:.2}x {interval}", one.factor),
        false => format!("cannot be told {interval}"),
    }
}

fn savings_table(findings: &Findings) -> Markup {
    let curves = findings.summary.curves.iter().filter(|curve| curve.strategy != BASELINE);
    let curves: Vec<&Curve> = curves.collect();
    let row = |simulations: usize| {
        let cell = |curve: &&Curve| {
            let mut saved = findings.savings.iter();
            let same = |one: &&Saving| one.curve == **curve && one.simulations == simulations;
            saved.find(same).map_or("-".to_owned(), text)
        };
        [simulations.to_string()].into_iter().chain(curves.iter().map(cell)).collect()
    };
    let rows: Vec<Vec<String>> = findings.summary.sizes().into_iter().map(row).collect();
    let names = curves.iter().map(|curve| curve.label());
    table(&["simulations".to_owned()].into_iter().chain(names).collect::<Vec<_>>(), &rows)
}
