//! How the search for hyper-parameters went on.

use crate::study::report::axis::Axis;
use crate::study::report::ink::width_of;
use crate::study::report::linear::Linear;
use crate::study::stats::findings::Findings;
use crate::study::stats::searches;
use crate::study::stats::searches::BEST;
use crate::study::store::run::Curve;
use crate::study::store::trials::SearchSummary;
use crate::study::transfer::PRETRAINING;

use crate::study::report::page::curves::{table, three};
use crate::study::report::page::series::{Series, legend};
use crate::study::report::page::svg::{Anchor, Place, Svg, escape};

const SIZE: (f64, f64) = (360.0, 280.0);

/// A panel for each size: the lowest validation MSE so far against the number of the trial. And the
/// mean of the best trials.
pub fn history(findings: &Findings, series: &[Series]) -> String {
    let (before, after): (Vec<&SearchSummary>, Vec<&SearchSummary>) =
        (findings.searches.iter()).partition(|one| one.curve.strategy == PRETRAINING);
    let mut sizes: Vec<usize> = after.iter().map(|one| one.simulations).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let of_size = |size: &usize| {
        let own: Vec<&SearchSummary> =
            (after.iter().copied()).filter(|one| one.simulations == *size).collect();
        panel(&own, series, &format!("{size} simulations"))
    };
    let pretrained = before.iter().map(|one| {
        let title = format!("{PRETRAINING}, {} simulations", one.simulations);
        panel(&[*one], series, &title)
    });
    let panels: String = pretrained.chain(sizes.iter().map(of_size)).collect();
    format!(
        "<p>The lowest validation error so far in each search. Dots are single trials, pruned ones with the error that they had \
         when they were stopped; the highest quarter lies outside the panels.</p>\
         {}<div class=\"panels\">{panels}</div><h3>Mean test MSE of the {BEST} best trials</h3><p class=\"remark\">Best by their \
         validation error, as arXiv 2510.19168 plots it.</p>{}",
        legend(series.iter()),
        numbers(findings, &sizes)
    )
}

fn panel(own: &[&SearchSummary], series: &[Series], title: &str) -> String {
    let mut values: Vec<f64> =
        own.iter().flat_map(|one| one.trials.iter().filter_map(|trial| trial.1)).collect();
    values.sort_by(f64::total_cmp);
    // trials that went astray would press all others to the bottom
    values.truncate((values.len() * 3).div_ceil(4));
    let highest = values.last().copied().unwrap_or(f64::INFINITY);
    let last = own.iter().filter_map(|one| Some(one.trials.last()?.0)).max().unwrap_or(1);
    let bottom = SIZE.1 - 44.0;
    let y = Axis::over(values.iter().copied(), 0.06, 1.5, (bottom, 28.0));
    let ticks = y.value_ticks(24.0);
    let labels = ticks.iter().filter_map(|tick| tick.label.as_deref());
    let left = labels.map(|label| width_of(label, 12)).fold(0.0, f64::max) + 30.0;
    let x = Linear::new((0.0, f64::from(last.max(1))), (left, SIZE.0 - 10.0));
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    for tick in ticks {
        let (Some(label), at) = (&tick.label, y.place(tick.value)) else {
            continue;
        };
        svg.line("grid", (left, at), (SIZE.0 - 10.0, at));
        svg.text("tick", Anchor::End, (left - 6.0, at + 4.0), label);
    }
    for tick in x.ticks(40.0) {
        svg.text(
            "tick",
            Anchor::Middle,
            (x.place(tick.value), bottom + 17.0),
            tick.label.as_deref().unwrap_or_default(),
        );
    }
    svg.line("axis", (left, bottom), (SIZE.0 - 10.0, bottom));
    for one in own {
        let looks = series.iter().find(|series| series.curve == one.curve);
        svg.begin(looks.map_or("base", |looks| &looks.class));
        let trials = one
            .trials
            .iter()
            .filter_map(|trial| Some((trial.0, trial.1.filter(|value| *value <= highest)?)));
        for (trial, value) in trials {
            let at = (x.place(f64::from(trial)), y.place(value));
            let title = format!("{}, trial {trial}: {}", one.curve.label(), three(value));
            svg.dot("seed", at, &title);
        }
        let mut steps: Vec<Place> = Vec::new();
        for (trial, value) in searches::history(one) {
            let at = (x.place(f64::from(trial)), y.place(value));
            steps.extend(steps.last().map(|before| (at.0, before.1)));
            steps.push(at);
        }
        svg.path("curve", &steps, looks.map_or(&[][..], |looks| looks.style.dashes));
        svg.end();
    }
    svg.text("title", Anchor::Start, (left, 17.0), title);
    svg.text("name", Anchor::Middle, ((left + SIZE.0) / 2.0, bottom + 37.0), "trial");
    svg.upright("name", (12.0, (28.0 + bottom) / 2.0), "validation MSE");
    svg.finish("", &format!("lowest validation MSE so far, {title}"))
}

fn numbers(findings: &Findings, sizes: &[usize]) -> String {
    let curves = &findings.summary.curves;
    let heading = std::iter::once("simulations".to_owned())
        .chain(curves.iter().map(|curve| escape(&curve.label())));
    let row = |size: &usize| {
        let cell = |curve: &Curve| {
            let mut searches = findings.searches.iter();
            let found = searches.find(|one| one.curve == *curve && one.simulations == *size);
            found.and_then(|one| one.best).map_or("-".to_owned(), three)
        };
        std::iter::once(size.to_string()).chain(curves.iter().map(cell)).collect()
    };
    table(&heading.collect::<Vec<_>>(), &sizes.iter().map(row).collect::<Vec<Vec<_>>>())
}
