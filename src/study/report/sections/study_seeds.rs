//! What holds over several study seeds: sentences, what is saved, and a table.

use maud::{Markup, html};

use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Arrow, Chart, Grid, Layer, Marks, Panel, Point};
use crate::study::report::chart::style::{Look, SOFT, Series};
use crate::study::report::html::{figure, keys, numbers, table};
use crate::study::stats::study_seeds::SeedSeries;
use crate::study::stats::words::three;
use crate::study::store::savings::Bound;
use crate::study::store::study_seeds::{Estimate, OverStudySeeds};
use crate::study::transfer::BASELINE;

/// What is saved, a panel for each series.
pub(crate) fn chart(all: &[SeedSeries], shown: &[Series]) -> Chart {
    let others: Vec<&Series> = shown.iter().filter(|one| !one.is_baseline()).collect();
    Chart {
        label: format!("simulations saved relative to {BASELINE}, over study seeds"),
        legend: keys(others.iter().copied()),
        grids: vec![Grid {
            panels: all.iter().map(|one| panel(one.scenario(), &one.all, &others)).collect(),
            least: 300.0,
            most: 480.0,
            height: 230.0,
        }],
        note: format!(
            "Geometric means over study seeds with 95 % intervals (Student's t of the logarithm). \
             Arrows mark bounds in some study: up where {BASELINE} never gets as good, down where \
             it is better with its fewest simulations."
        ),
        ..Chart::default()
    }
}

/// The section of all series.
pub(crate) fn section(all: &[SeedSeries], chart: &Chart) -> Markup {
    html! {
        p {
            "Each study seed draws other rows to test on, other subsets and other pre-trainings. \
             Intervals are not corrected for the number of comparisons."
        }
        @for one in all {
            h3 { (one.scenario()) }
            ul { @for sentence in &one.sentences { li { (sentence) } } }
        }
        (figure(chart))
        @for one in all { (numbers(one.scenario(), values(&one.all))) }
    }
}

fn panel(name: &str, own: &[OverStudySeeds], shown: &[&Series]) -> Panel {
    let mut sizes: Vec<usize> = own.iter().map(|one| one.simulations).collect();
    sizes.dedup();
    let y = own.iter().filter_map(saved).flatten().chain([1.0]);
    let y = Axis::log("simulations saved (factor)", y, 0.12, 2.0);
    let x = Axis::sizes("number of simulations", &sizes);
    let even = Marks::Line(vec![(x.ends.0, 1.0), (x.ends.1, 1.0)], 1.4);
    let mut layers = vec![Layer::new(Look::plain(SOFT), even)];
    for (index, series) in shown.iter().enumerate() {
        let points = own.iter().filter(|one| one.curve == series.curve).filter_map(point);
        let points = Marks::Points(points.collect());
        layers.push(Layer::dodged(series.look, (index, shown.len()), points));
    }
    Panel { title: name.to_owned(), subtitle: String::new(), x, y, layers }
}

/// The ends of the interval of what is saved; an open one is at the mean.
fn saved(one: &OverStudySeeds) -> Option<[f64; 2]> {
    let saving = one.saving?;
    let ends = saving.interval.unwrap_or([saving.mean; 2]);
    Some(ends.map(|end| if end > 0.0 && end.is_finite() { end } else { saving.mean }))
}

fn point(one: &OverStudySeeds) -> Option<Point> {
    let saving = one.saving?;
    Some(Point {
        x: one.simulations as f64,
        y: saving.mean,
        bar: saved(one).map(|[low, high]| (low, high)),
        arrow: match one.bound {
            Bound::Exact => None,
            Bound::MoreThanLargest => Some(Arrow::Up),
            Bound::LessThanSmallest => Some(Arrow::Down),
        },
        title: format!("{}, {} simulations: {}", one.curve.label(), one.simulations, text(saving)),
    })
}

fn text(one: Estimate) -> String {
    three(one.mean) + &one.interval_text(three)
}

fn values(own: &[OverStudySeeds]) -> Markup {
    let score = own.first().map_or(String::new(), |one| one.metric.test_title());
    let ratio = format!("relative to {BASELINE}");
    let heading = ["simulations", "strategy", "target", &score, &ratio, "simulations saved"];
    let row = |one: &OverStudySeeds| {
        vec![
            one.simulations.to_string(),
            one.curve.label(),
            one.target.clone().unwrap_or_else(|| "all".to_owned()),
            text(one.score),
            one.ratio.map_or("-".to_owned(), text),
            one.saving.map_or("-".to_owned(), text),
        ]
    };
    table(&heading, &own.iter().map(row).collect::<Vec<_>>())
}
