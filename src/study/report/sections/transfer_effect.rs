//! Where transfer helps and hurts: the ratio of test scores, by target and size.

use maud::{Markup, html};

use crate::study::metric::{Better, Metric};
use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Cell, Chart, Grid, Layer, Marks, Panel};
use crate::study::report::chart::style::{BAD, GOOD, Look, Series};
use crate::study::report::chart::text::width_of;
use crate::study::report::html::{figure, numbers, table};
use crate::study::report::sections::differences;
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::stats::sentences::losses;
use crate::study::stats::words::{p_text, three};
use crate::study::store::degeneracy::Degeneracy;
use crate::study::store::negative_transfer::{LEVEL, Transfer};
use crate::study::store::run::Curve;
use crate::study::transfer::BASELINE;

/// A ratio of this or its inverse has the full colour.
const FULL: f64 = 2.0;
/// The full colour still lets the number on it be read.
const OPAQUE: f64 = 0.7;
/// The height of a cell, its least and its largest width, and the most room for a name.
const CELL: (f64, f64, f64) = (28.0, 44.0, 62.0);
const NAME: f64 = 120.0;
/// The mean over all targets stands apart by this share of a cell.
const APART: f64 = 0.25;

/// The sentences and the figure.
pub(crate) fn section(findings: &Findings, shown: &[Series]) -> Markup {
    let Some(chart) = chart(findings, shown) else {
        return html! { p { "No strategy shares a size with " (BASELINE) "." } };
    };
    let tested = findings.transfers.iter().any(|one| one.p.is_some());
    let (test, remark) = match findings.scatter {
        Scatter::Seeds => ("paired t test", "Runs of one seed have the same simulations."),
        Scatter::Trials => (
            "Welch's t test",
            "All trials of a size have the same simulations and the best were chosen among many, \
             so the test covers hyper-parameters and random initialisation, not other \
             simulations; for those, run several seeds without a search.",
        ),
    };
    html! {
        @for sentence in &findings.domain_gap { p { (sentence) } }
        @for sentence in losses(&findings.transfers) { p { (sentence) } }
        @for sentence in findings.by_degeneracy() { p { (sentence) } }
        @if let Some(chart) = differences::chart(findings, shown) { (figure(&chart)) }
        p {
            "The " (findings.metric().test_title()) " of a strategy divided by that of " (BASELINE) " on \
                 the same simulations: "
            (keys(findings.metric()))
            @if tested {
                " Bold and framed: the difference is significant " (findings.scatter.over()) " (" (test)
                ", p < " (LEVEL) " after Holm's correction for all comparisons of its kind). "
                    (remark)
            } @else {
                " With a single run of each setting no difference can be tested."
            }
        }
        (figure(&chart))
        @if !findings.degeneracies.is_empty() {
            (numbers("what pre-trained networks take new targets for", degeneracies(findings)))
        }
    }
}

/// How far estimates of pre-trained networks move with each new target.
fn degeneracies(findings: &Findings) -> Markup {
    let heading = [
        "new target",
        "taken for",
        "shift for one deviation of the new target",
        "the same by the Fisher matrix",
        "correlation of errors by the Fisher matrix",
    ];
    let row = |one: &Degeneracy| {
        let interval =
            one.interval.map(|[low, high]| format!(" ({} to {})", three(low), three(high)));
        let [shift, correlation] = [one.fisher_shift, one.fisher_correlation]
            .map(|number| number.map_or("-".to_owned(), three));
        vec![
            one.new.clone(),
            one.shared.clone(),
            three(one.shift) + &interval.unwrap_or_default(),
            shift,
            correlation,
        ]
    };
    html! {
        p {
            "The change of the mean estimate of pre-trained networks, in units of the range of the \
             target, with its 95 % interval over networks."
        }
        (table(&heading, &findings.degeneracies.iter().map(row).collect::<Vec<_>>()))
    }
}

/// What the colours mean.
pub(crate) fn keys(metric: &Metric) -> Markup {
    let (good, bad) = match metric.better {
        Better::Lower => ("below 1", "above 1"),
        Better::Higher => ("above 1", "below 1"),
    };
    html! { span.key.good { (good) } " transfer helps, " span.key.bad { (bad) } " it hurts." }
}

/// A panel for each strategy; absent if none can be compared.
pub(crate) fn chart(findings: &Findings, shown: &[Series]) -> Option<Chart> {
    let others = shown.iter().filter(|one| !one.is_baseline());
    let panels: Vec<Panel> = others.filter_map(|one| panel(findings, &one.curve)).collect();
    let sizes = panels.iter().map(|panel| panel.x.ends.1).fold(0.0, f64::max);
    let rows = findings.targets.len() as f64 + 1.0 + APART;
    let names = findings.targets.iter().map(|name| width_of(name, 12.0));
    let name = names.fold(20.0, f64::max).min(NAME) + 18.0;
    (!panels.is_empty()).then(|| Chart {
        label: format!(
            "{} relative to {BASELINE}, by target and number of simulations",
            findings.metric().test_title()
        ),
        grids: vec![Grid {
            panels,
            least: name + CELL.1 * sizes,
            most: name + CELL.2 * sizes.max(2.0),
            height: CELL.0 * rows,
        }],
        ..Chart::default()
    })
}

fn panel(findings: &Findings, curve: &Curve) -> Option<Panel> {
    let own: Vec<&Transfer> = findings.transfers.iter().filter(|one| one.curve == *curve).collect();
    let mut sizes: Vec<usize> = own.iter().map(|one| one.simulations).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let names = findings.targets.iter().map(Some).chain([None]);
    let rows: Vec<(f64, Option<&String>)> = names
        .enumerate()
        .map(|(row, target)| {
            let apart = if target.is_none() { 0.0 } else { APART };
            ((findings.targets.len() - row) as f64 + apart, target)
        })
        .collect();
    let cell = |one: &&Transfer| {
        let column = sizes.iter().position(|size| *size == one.simulations)? as f64;
        let row = rows.iter().find(|row| row.1 == one.target.as_ref())?.0;
        Some((
            one.metric.better.is_better(1.0, one.ratio),
            cell(one, findings.scatter, (column, row)),
        ))
    };
    let (bad, good): (Vec<_>, Vec<_>) = own.iter().filter_map(cell).partition(|(bad, _)| *bad);
    let layer = |paint, cells: Vec<(bool, Cell)>| {
        Layer::new(Look::plain(paint), Marks::Cells(cells.into_iter().map(|it| it.1).collect()))
    };
    let middle = |(row, name): &(f64, Option<&String>)| {
        (row + 0.5, name.map_or("all", String::as_str).to_owned())
    };
    let column = |(index, size): (usize, &usize)| (index as f64 + 0.5, size.to_string());
    (!own.is_empty()).then(|| Panel {
        title: curve.label(),
        subtitle: String::new(),
        x: Axis::names(
            "",
            (0.0, sizes.len() as f64),
            sizes.iter().enumerate().map(column).collect(),
        ),
        y: Axis::names("", (0.0, rows[0].0 + 1.0), rows.iter().map(middle).collect()),
        layers: vec![layer(GOOD, good), layer(BAD, bad)],
    })
}

fn cell(one: &Transfer, scatter: Scatter, (column, row): (f64, f64)) -> Cell {
    let share = (one.ratio.ln().abs() / FULL.ln()).clamp(0.0, 1.0);
    let p = match (one.p, one.p_corrected) {
        (Some(p), Some(corrected)) => {
            format!(", p = {}, corrected {}", p_text(p), p_text(corrected))
        }
        _ => String::new(),
    };
    let rank = one.p_signed_rank.map_or(String::new(), |p| format!(", signed rank {}", p_text(p)));
    Cell {
        x: (column, column + 1.0),
        y: (row, row + 1.0),
        opacity: OPAQUE * share,
        framed: one.is_negative() || one.is_positive(),
        text: match one.ratio {
            ratio if ratio < 9.995 => format!("{ratio:.2}"),
            ratio => format!("{ratio:.0}"),
        },
        title: format!(
            "{}, {}, {} simulations: {:.3}x the {} of {BASELINE}{p}{rank} ({} {})",
            one.curve.label(),
            one.target.as_deref().unwrap_or("all targets"),
            one.simulations,
            one.ratio,
            one.metric.test_title(),
            one.runs,
            scatter.noun()
        ),
    }
}
