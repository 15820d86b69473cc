//! Scenarios side by side: which networks are best, and which gain most from transfer.

use maud::{Markup, html};

use crate::study::report::html::table;
use crate::study::stats::findings::Findings;
use crate::study::stats::words::three;
use crate::study::store::negative_transfer::Transfer;
use crate::study::store::run::Curve;
use crate::study::store::savings::Saving;
use crate::study::transfer::BASELINE;

/// A scenario at one size.
struct Scenario<'a> {
    name: &'a str,
    baseline: f64,
    /// The best strategy that transfers and its score.
    best: (&'a Curve, f64),
    /// Its difference from the baseline.
    transfer: Option<&'a Transfer>,
    saving: Option<&'a Saving>,
}

/// A sentence and a table for the smallest and the largest size; nothing where metrics differ.
pub(crate) fn section(all: &[(&str, &Findings)]) -> Markup {
    let Some((_, first)) = all.first() else { return html! {} };
    let metric = first.metric();
    if all.iter().any(|(_, findings)| findings.metric() != metric) {
        return html! {};
    }
    let mut sizes: Vec<usize> = all.iter().flat_map(|(_, one)| one.summary.sizes()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let ends = [sizes.first(), sizes.last().filter(|_| sizes.len() > 1)];
    html! { @for size in ends.into_iter().flatten() {
        @let scenarios: Vec<Scenario> =
            all.iter().filter_map(|(name, findings)| scenario(name, findings, *size)).collect();
        @if scenarios.len() > 1 {
            p { (sentence(&scenarios, *size)) }
            (table(
                &["scenario", &format!("{}, {BASELINE}", metric.title), "best transfer",
                    metric.title, "difference", "simulations saved"],
                &scenarios.iter().map(row).collect::<Vec<_>>(),
            ))
        }
    } }
}

fn scenario<'a>(name: &'a str, findings: &'a Findings, size: usize) -> Option<Scenario<'a>> {
    let sign = findings.metric().better.sign();
    let rows = findings.summary.rows.iter().filter(|row| row.simulations == size);
    let scores = rows.filter_map(|row| Some((&row.curve, row.score().mean?)));
    let (baseline, others): (Vec<_>, Vec<_>) =
        scores.partition(|(curve, _)| curve.strategy == BASELINE);
    let best = others.into_iter().min_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)))?;
    let transfer = |one: &&Transfer| one.curve == *best.0 && one.simulations == size;
    Some(Scenario {
        name,
        baseline: baseline.first()?.1,
        best,
        transfer: findings.transfers.iter().filter(|one| one.target.is_none()).find(transfer),
        saving: (findings.savings.iter())
            .find(|one| one.curve == *best.0 && one.simulations == size),
    })
}

/// Which scenario is best, and which gains most.
fn sentence(scenarios: &[Scenario], size: usize) -> String {
    let gains = scenarios.iter().filter_map(|one| Some((one, one.transfer?)));
    let metric = gains.clone().next().map(|(_, transfer)| transfer.metric);
    let Some(metric) = metric else { return String::new() };
    let sign = metric.better.sign();
    let value = |one: &Scenario| {
        if metric.better.is_better(one.best.1, one.baseline) { one.best.1 } else { one.baseline }
    };
    let best = scenarios.iter().min_by(|a, b| (sign * value(a)).total_cmp(&(sign * value(b))));
    let most = gains.min_by(|a, b| (sign * a.1.difference).total_cmp(&(sign * b.1.difference)));
    let (Some(best), Some((gainer, transfer))) = (best, most) else { return String::new() };
    format!(
        "With {size} simulations {} is best (test {} {}), and {} gains most from transfer ({} with \
         {}).",
        best.name,
        metric.title,
        three(value(best)),
        gainer.name,
        difference(transfer),
        gainer.best.0.label()
    )
}

fn row(one: &Scenario) -> Vec<String> {
    vec![
        one.name.to_owned(),
        three(one.baseline),
        one.best.0.label(),
        three(one.best.1),
        one.transfer.map_or("-".to_owned(), difference),
        one.saving.map_or("-".to_owned(), super::savings::text),
    ]
}

fn difference(one: &Transfer) -> String {
    let ends = one
        .interval
        .map_or(String::new(), |[low, high]| format!(" ({} to {})", three(low), three(high)));
    format!("{}{ends}", three(one.difference))
}
