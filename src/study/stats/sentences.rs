//! The answer of a study strategy by strategy.

use std::collections::BTreeSet;

use crate::study::transfer::BASELINE;

use crate::study::stats::headline::{most_saved, ranked};
use crate::study::stats::negative_transfer::Transfer;
use crate::study::stats::saved::Saved;
use crate::study::stats::scatter::Scatter;
use crate::study::stats::words::{above, at_sizes, joined, p_text, plural, worth};

/// What each strategy saves or costs and which targets it makes worse, the best strategy first: of
/// a strategy one sentence or two. They claim what
/// [`crate::study::stats::negative_transfer::transfers`] finds significant, and so never contradict
/// the answer in two sentences.
pub fn strategy_sentences(
    saved: &[Saved],
    transfers: &[Transfer],
    scatter: Scatter,
) -> Vec<String> {
    let sentences = |strategy: &str| {
        let own = transfers.iter().filter(|one| one.strategy == strategy);
        let (totals, targets): (Vec<&Transfer>, Vec<&Transfer>) =
            own.partition(|one| one.target.is_none());
        if totals.iter().chain(&targets).all(|one| one.p.is_none()) {
            let one = scatter.noun().trim_end_matches('s');
            return format!(
                "{strategy}: with a single {one} no difference from {BASELINE} can be told from chance."
            );
        }
        let total = total(&totals, saved, (strategy, scatter));
        format!("{strategy}: {total} {}", hurt(&targets))
    };
    ranked(transfers).into_iter().map(sentences).collect()
}

/// The sentence about the mean over all targets.
fn total(totals: &[&Transfer], saved: &[Saved], (strategy, scatter): (&str, Scatter)) -> String {
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
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let most = most_saved(saved, strategy, &better).filter(|_| !better.is_empty());
    let most =
        most.map_or(String::new(), |one| format!("; with {} it {}", one.simulations, worth(one)));
    format!("its test MSE is {}, beyond {}{most}.", joined(&parts), scatter.words())
}

/// The sentence about single targets.
fn hurt(targets: &[&Transfer]) -> String {
    let names: BTreeSet<&str> = (targets.iter()).filter_map(|one| one.target.as_deref()).collect();
    let worst = names.into_iter().filter_map(|target| {
        let negative = (targets.iter())
            .filter(|one| one.target.as_deref() == Some(target) && one.is_negative());
        negative.max_by(|a, b| a.ratio.total_cmp(&b.ratio))
    });
    let list: Vec<String> = worst.map(|one| describe(one)).collect();
    match list.is_empty() {
        true => "It makes no target worse beyond the scatter.".to_owned(),
        false => {
            let list: Vec<&str> = list.iter().map(String::as_str).collect();
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
