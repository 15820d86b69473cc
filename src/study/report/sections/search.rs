//! The search for hyper-parameters: the best value of the objective so far against the trial.

use maud::{Markup, html};

use crate::study::metric::Better;
use crate::study::objective::Objective;
use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Chart, Grid, Layer, Marks, Panel};
use crate::study::report::chart::style::{INK, Look, Series};
use crate::study::report::html::{figure, keys, table};
use crate::study::stats::findings::Findings;
use crate::study::stats::searches::{BEST, history};
use crate::study::stats::words::three;
use crate::study::store::run::Curve;
use crate::study::store::trials::SearchSummary;
use crate::study::transfer::PRETRAINING;

/// The sentences, the figure and the means of the best trials.
pub(crate) fn section(findings: &Findings, shown: &[Series]) -> Markup {
    let (before, after): (Vec<&SearchSummary>, Vec<&SearchSummary>) =
        findings.searches.iter().partition(|one| one.curve.strategy == PRETRAINING);
    let mut sizes: Vec<usize> = after.iter().map(|one| one.simulations).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let of_size = |size: &usize| {
        let own = after.iter().copied().filter(|one| one.simulations == *size);
        panel(&own.collect::<Vec<_>>(), shown, &format!("{size} simulations"))
    };
    let pretraining = before.iter().map(|one| {
        panel(&[*one], shown, &format!("{PRETRAINING}, {} simulations", one.simulations))
    });
    let objective = findings.objective();
    let chart = Chart {
        label: format!("{} so far against the trial", objective.best()),
        legend: keys(shown),
        grids: vec![Grid {
            panels: pretraining.chain(sizes.iter().map(of_size)).collect(),
            least: 280.0,
            most: 480.0,
            height: 190.0,
        }],
        note: format!(
            "Lines: {} so far. Dots: single trials; {}. The worst quarter of the trials lies \
             outside the panels.",
            objective.best(),
            match objective {
                Objective::ValidationLoss =>
                    "pruned trials have the validation loss at which they were stopped",
                Objective::Metric(_) => "pruned trials have none",
            }
        ),
        ..Chart::default()
    };
    html! {
        (figure(&chart))
        h3 { "Mean " (findings.metric().test_title()) " of the " (BEST) " trials with the "
             (objective.best()) }
        (best(findings, &sizes))
    }
}

fn panel(own: &[&SearchSummary], shown: &[Series], title: &str) -> Panel {
    let objective = own.first().map_or_else(Objective::default, |one| one.objective);
    let better = objective.better();
    let mut values: Vec<f64> =
        own.iter().flat_map(|one| one.trials.iter().filter_map(|trial| trial.1)).collect();
    values.sort_by(|a, b| (better.sign() * a).total_cmp(&(better.sign() * b)));
    // Trials that went astray would press all others to the edge.
    values.truncate((values.len() * 3).div_ceil(4));
    let worst = values.last().copied().unwrap_or(better.sign() * f64::INFINITY);
    let last = own.iter().filter_map(|one| Some(one.trials.last()?.0)).max().unwrap_or(1);
    let mut layers = vec![];
    for one in own {
        let series = shown.iter().find(|series| series.curve == one.curve);
        let look = series.map_or(Look::plain(INK), |series| series.look);
        let dot = |trial: &(u32, Option<f64>, Option<f64>)| {
            let value = trial.1.filter(|value| !better.is_better(worst, *value))?;
            let title = format!("{}, trial {}: {}", one.curve.label(), trial.0, three(value));
            Some((f64::from(trial.0), value, title))
        };
        layers.push(Layer::new(look, Marks::Dots(one.trials.iter().filter_map(dot).collect())));
        let mut steps: Vec<(f64, f64)> = Vec::new();
        for (trial, value) in history(one) {
            steps.extend(steps.last().map(|before| (f64::from(trial), before.1)));
            steps.push((f64::from(trial), value));
        }
        layers.push(Layer::new(look, Marks::Line(steps, 2.0)));
    }
    Panel {
        title: title.to_owned(),
        subtitle: String::new(),
        x: Axis::linear("trial", (0.0, f64::from(last.max(1)))),
        y: axis(objective, values),
        layers,
    }
}

/// Losses and other errors span decades; scores do not.
fn axis(objective: Objective, values: Vec<f64>) -> Axis {
    let title = objective.title();
    if objective.better() == Better::Lower {
        return Axis::log(&title, values, 0.06, 1.5);
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let margin = (0.06 * (high - low)).max(1e-3 * high.abs()).max(1e-9);
    Axis::linear(&title, (low - margin, high + margin))
}

fn best(findings: &Findings, sizes: &[usize]) -> Markup {
    let curves = &findings.summary.curves;
    let row = |size: &usize| {
        let cell = |curve: &Curve| {
            let mut searches = findings.searches.iter();
            let found = searches.find(|one| one.curve == *curve && one.simulations == *size);
            found.and_then(|one| one.best).map_or("-".to_owned(), three)
        };
        [size.to_string()].into_iter().chain(curves.iter().map(cell)).collect()
    };
    let names = curves.iter().map(Curve::label);
    let heading: Vec<String> = ["simulations".to_owned()].into_iter().chain(names).collect();
    table(&heading, &sizes.iter().map(row).collect::<Vec<_>>())
}
