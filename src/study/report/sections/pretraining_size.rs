//! The effect of the pre-training size: the test metric against the simulations that networks were
//! pre-trained on.

use maud::{Markup, html};

use crate::study::metric::MSE;
use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Chart, Grid, Layer, Marks, Panel, Point};
use crate::study::report::chart::style::{Series, series};
use crate::study::report::html::{figure, keys, numbers, table};
use crate::study::stats::findings::Findings;
use crate::study::stats::words::three;
use crate::study::store::pretraining_size::PretrainingSize;
use crate::study::store::run::Curve;
use crate::study::transfer::BASELINE;

/// The largest pre-training of a study that has several.
pub(crate) fn largest(findings: &Findings) -> Option<usize> {
    let counts = findings.pretraining_sizes.iter();
    counts.map(|one| one.pretraining_simulations).max()
}

/// The sentences, the figure and the table.
pub(crate) fn section(findings: &Findings) -> Markup {
    let all = &findings.pretraining_sizes;
    html! {
        ul { @for sentence in &findings.pretraining_size_verdict { li { (sentence) } } }
        (figure(&chart(all)))
        (numbers("effect of the pre-training size", sizes_table(all)))
    }
}

fn test_title(all: &[PretrainingSize]) -> String {
    all.first().map_or(MSE, |one| one.metric).test_title()
}

/// A panel for each strategy, with a line for each number of simulations to fine-tune on.
fn chart(all: &[PretrainingSize]) -> Chart {
    let (mut strategies, mut sizes): (Vec<&str>, Vec<usize>) = (vec![], vec![]);
    for one in all {
        if !strategies.contains(&one.strategy.as_str()) {
            strategies.push(&one.strategy);
        }
        if !sizes.contains(&one.simulations) {
            sizes.push(one.simulations);
        }
    }
    let names = sizes.iter().map(|size| Curve::of(&format!("{size} simulations")));
    let lines = series(&names.collect::<Vec<_>>());
    let panel = |strategy: &&str| panel(all, strategy, &sizes, &lines);
    Chart {
        label: format!("{} against the number of simulations to pre-train on", test_title(all)),
        legend: keys(&lines),
        grids: vec![Grid {
            panels: strategies.iter().map(panel).collect(),
            least: 280.0,
            most: 480.0,
            height: 210.0,
        }],
        note: format!(
            "Mean over seeds, error bars: 95 % intervals (Student's t). Dotted: {BASELINE} with \
             the same simulations."
        ),
        ..Chart::default()
    }
}

fn panel(all: &[PretrainingSize], strategy: &str, sizes: &[usize], lines: &[Series]) -> Panel {
    let own = || all.iter().filter(|one| one.strategy == strategy);
    let mut counts: Vec<usize> =
        own().map(|one| one.pretraining_simulations).filter(|count| *count > 0).collect();
    counts.sort_unstable();
    counts.dedup();
    // A bar that nearly reaches zero would stretch a logarithmic axis without end.
    let ends = own().flat_map(|one| {
        let [low, high] = one.interval.unwrap_or([one.mean; 2]);
        [low.max(one.mean / 2.0), high, one.mean]
    });
    let x = Axis::sizes("simulations to pre-train on", &counts);
    let y = Axis::log(&test_title(all), ends, 0.06, 1.5);
    let mut layers = vec![];
    for (index, (size, line)) in sizes.iter().zip(lines).enumerate() {
        let (before, after): (Vec<&PretrainingSize>, Vec<&PretrainingSize>) = own()
            .filter(|one| one.simulations == *size)
            .partition(|one| one.pretraining_simulations == 0);
        let level = |one: &&PretrainingSize| vec![(x.ends.0, one.mean), (x.ends.1, one.mean)];
        let levels = before.iter().map(|one| Marks::Line(level(one), 1.6));
        layers.extend(levels.map(|marks| Layer::new(line.look.dotted(), marks)));
        let means = after.iter().map(|one| (one.pretraining_simulations as f64, one.mean));
        for marks in [
            Marks::Line(means.collect(), 2.0),
            Marks::Points(after.iter().map(|one| point(one)).collect()),
        ] {
            layers.push(Layer::dodged(line.look, (index, lines.len()), marks));
        }
    }
    Panel { title: strategy.to_owned(), subtitle: String::new(), x, y, layers }
}

fn point(one: &PretrainingSize) -> Point {
    Point {
        x: one.pretraining_simulations as f64,
        y: one.mean,
        bar: one.interval.map(|[low, high]| (low, high)),
        arrow: None,
        title: format!(
            "{}, {} simulations, pre-trained on {}: {}{}",
            one.strategy,
            one.simulations,
            one.pretraining_simulations,
            three(one.mean),
            interval(one.interval)
        ),
    }
}

fn interval(ends: Option<[f64; 2]>) -> String {
    ends.map_or(String::new(), |[low, high]| format!(" ({} to {})", three(low), three(high)))
}

/// Every mean with its interval, and its ratio to the largest pre-training.
fn sizes_table(all: &[PretrainingSize]) -> Markup {
    let heading =
        ["strategy", "simulations", "pre-trained on", &test_title(all), "relative to the largest"];
    let row = |one: &PretrainingSize| {
        vec![
            one.strategy.clone(),
            one.simulations.to_string(),
            match one.pretraining_simulations {
                0 => format!("none ({BASELINE})"),
                count => count.to_string(),
            },
            three(one.mean) + &interval(one.interval),
            one.ratio.map_or("-".to_owned(), three) + &interval(one.ratio_interval),
        ]
    };
    table(&heading, &all.iter().map(row).collect::<Vec<_>>())
}
