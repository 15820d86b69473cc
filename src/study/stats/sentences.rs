//! The answer of a study strategy by strategy.

use std::collections::BTreeSet;

use crate::study::stats::headline::{most_saved, ranked, worst};
use crate::study::stats::scatter::Scatter;
use crate::study::stats::words::{above, at_sizes, joined, p_text, plural, worth};
use crate::study::store::negative_transfer::Transfer;
use crate::study::store::run::Curve;
use crate::study::store::savings::Saving;
use crate::study::transfer::BASELINE;

/// What each strategy saves or costs and which targets it makes worse, the best strategy first: of
/// a strategy one sentence or two. They claim what
/// [`transfers`](crate::study::stats::transfers::transfers) finds significant, and so never contradict
/// the answer in two sentences.
pub fn strategy_sentences(
    saved: &[Saving],
    transfers: &[Transfer],
    scatter: Scatter,
) -> Vec<String> {
    let sentences = |curve: &Curve| {
        let strategy = curve.label();
        let own = transfers.iter().filter(|one| one.curve == *curve);
        let (totals, targets): (Vec<&Transfer>, Vec<&Transfer>) =
            own.partition(|one| one.target.is_none());
        if totals.iter().chain(&targets).all(|one| one.p.is_none()) {
            let one = scatter.noun().trim_end_matches('s');
            return format!(
                "{strategy}: with a single {one} no difference from {BASELINE} can be told from chance."
            );
        }
        let total = total(&totals, saved, (curve, scatter));
        format!("{strategy}: {total} {}", hurt(&targets))
    };
    ranked(transfers).into_iter().map(sentences).collect()
}

/// The sentence about the mean over all targets.
fn total(totals: &[&Transfer], saved: &[Saving], (curve, scatter): (&Curve, Scatter)) -> String {
    let sizes = format!("{} {}", totals.len(), plural(totals.len(), "size"));
    let those = |wanted: fn(&Transfer) -> bool| -> Vec<&Transfer> {
        (totals.iter().copied()).filter(|one| wanted(one)).collect()
    };
    let (better, worse) = (those(Transfer::is_positive), those(Transfer::is_negative));
    let mut parts = Vec::new();
    if !better.is_empty() {
        parts.push(format!("{} at {} of {sizes}", at_sizes(&better), better.len()));
    }
    if !worse.is_empty() {
        parts.push(format!("{} at {} of {sizes}", above(&worse), worse.len()));
    }
    if parts.is_empty() {
        return format!(
            "its test MSE differs from that of {BASELINE} within {} at all {sizes}.",
            scatter.words()
        );
    }
    let most = most_saved(saved, curve, &better).filter(|_| !better.is_empty());
    let most =
        most.map_or(String::new(), |one| format!("; with {} it {}", one.simulations, worth(one)));
    format!("its test MSE is {}, beyond {}{most}.", joined(&parts), scatter.words())
}

/// The sentence about single targets.
fn hurt(targets: &[&Transfer]) -> String {
    let names: BTreeSet<&str> = (targets.iter()).filter_map(|one| one.target.as_deref()).collect();
    let found = names.into_iter().filter_map(|target| {
        let negative = (targets.iter())
            .filter(|one| one.target.as_deref() == Some(target) && one.is_negative());
        worst(negative.copied())
    });
    let list: Vec<String> = found.map(describe).collect();
    match list.is_empty() {
        true => "It makes no target worse beyond the scatter.".to_owned(),
        false => {
            format!("Negative transfer for {}.", joined(&list))
        }
    }
}

fn describe(one: &Transfer) -> String {
    format!(
        "{} ({:.2}x the test MSE of {BASELINE} at {} simulations, corrected p = {})",
        one.target.as_deref().unwrap_or_default(),
        one.ratio,
        one.simulations,
        p_text(one.p_corrected.unwrap_or(1.0)),
    )
}
