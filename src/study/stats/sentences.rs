//! The result of a study, strategy by strategy.

use std::collections::BTreeSet;

use crate::study::metric::MSE;
use crate::study::stats::headline::{most_saved, ranked, worst};
use crate::study::stats::scatter::Scatter;
use crate::study::stats::words::{at_sizes, joined, plural, ratio_text, three, worth};
use crate::study::store::negative_transfer::Transfer;
use crate::study::store::run::Curve;
use crate::study::store::savings::Saving;
use crate::study::transfer::BASELINE;

/// One or two sentences for each strategy, the best first: its saving or cost, and the targets with
/// negative transfer. As in the headline, only differences count that [`transfers`] finds
/// significant.
///
/// [`transfers`]: crate::study::stats::transfers::transfers
pub fn strategy_sentences(
    savings: &[Saving],
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
                "{strategy}: with a single {one}, differences from {BASELINE} cannot be tested."
            );
        }
        let total = total(&totals, savings, (curve, scatter));
        format!("{strategy}: {total} {}", hurt(&targets))
    };
    ranked(transfers).into_iter().map(sentences).collect()
}

/// A sentence for each curve whose mean over all targets is worse than the baseline's at some size,
/// with an interval that excludes 0; or one that there is none.
pub fn losses(transfers: &[Transfer]) -> Vec<String> {
    let compared: Vec<&Transfer> =
        transfers.iter().filter(|one| one.target.is_none() && one.interval.is_some()).collect();
    let is_worse = |one: &&&Transfer| {
        let better = one.metric.better;
        one.interval.is_some_and(|ends| ends.iter().all(|end| better.is_better(0.0, *end)))
    };
    let sentence = |curve: &Curve| {
        let own = compared.iter().filter(|one| one.curve == *curve).filter(is_worse);
        let parts: Vec<String> = own
            .map(|one| {
                let mut ends = one.interval.unwrap_or_default().map(f64::abs);
                ends.sort_by(f64::total_cmp);
                let ([low, high], size) = (ends.map(three), one.simulations);
                let by = three(one.difference.abs());
                format!("at {size} simulations by {by} (95 % interval {low} to {high})")
            })
            .collect();
        let metric = compared.first()?.metric.title;
        (!parts.is_empty()).then(|| {
            let name = curve.label();
            format!("{name} is worse than {BASELINE} in {metric} {}.", joined(&parts))
        })
    };
    let found: Vec<String> = ranked(transfers).into_iter().filter_map(sentence).collect();
    match found.is_empty() && !compared.is_empty() {
        true => vec![format!(
            "No strategy is worse than {BASELINE} at any size with a 95 % interval that excludes 0."
        )],
        false => found,
    }
}

/// The sentence about the mean over all targets.
fn total(totals: &[&Transfer], savings: &[Saving], (curve, scatter): (&Curve, Scatter)) -> String {
    let select = |wanted: fn(&Transfer) -> bool| -> Vec<&Transfer> {
        (totals.iter().copied()).filter(|one| wanted(one)).collect()
    };
    let (better, worse) = (select(Transfer::is_positive), select(Transfer::is_negative));
    let sizes = totals.len();
    let metric = totals.first().map_or(MSE, |one| one.metric);
    let direction = metric.better;
    let mut parts = Vec::new();
    if !better.is_empty() {
        parts.push(at_sizes(&better, sizes, direction, scatter));
    }
    if !worse.is_empty() {
        parts.push(at_sizes(&worse, sizes, direction.reverse(), scatter));
    }
    let title = metric.title;
    if parts.is_empty() {
        return format!(
            "its test {title} does not differ significantly from that of {BASELINE} at any of \
             {sizes} {} ({}).",
            plural(sizes, "size"),
            scatter.over()
        );
    }
    let most = most_saved(savings, curve, &better).filter(|_| !better.is_empty());
    let most = most.map_or(String::new(), |one| match one.is_told() {
        false => "; how many simulations that saves cannot be told".to_owned(),
        true => format!("; with {} simulations it {}", one.simulations, worth(one)),
    });
    format!("its test {title} is {}{most}.", joined(&parts))
}

/// The sentence about single targets.
fn hurt(targets: &[&Transfer]) -> String {
    let names: BTreeSet<&str> = (targets.iter()).filter_map(|one| one.target.as_deref()).collect();
    let found = names.into_iter().filter_map(|target| {
        let negative = (targets.iter())
            .filter(|one| one.target.as_deref() == Some(target) && one.is_negative());
        worst(negative.copied())
    });
    let list: Vec<String> = found.map(ratio_text).collect();
    match list.is_empty() {
        true => "No significant negative transfer for any target.".to_owned(),
        false => format!("Negative transfer for {}.", joined(&list)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A strategy with 1.5 times the error of the baseline.
    fn worse(interval: Option<[f64; 2]>) -> Transfer {
        Transfer {
            metric: MSE,
            curve: Curve::of("warm-start"),
            simulations: 50,
            target: None,
            runs: 2,
            ratio: 1.5,
            difference: 0.1,
            interval,
            p: None,
            p_signed_rank: None,
            p_corrected: None,
        }
    }

    #[test]
    fn losses_are_told_where_there_is_an_interval() {
        // as of a study that has just begun
        assert!(losses(&[worse(None)]).is_empty());
        let [sentence] = &losses(&[worse(None), worse(Some([0.05, 0.15]))])[..] else {
            panic!("one strategy")
        };
        let expected = "warm-start is worse than scratch in MSE at 50 simulations by 0.100 (95 % \
                        interval 0.0500 to 0.150).";
        assert_eq!(sentence, expected);
        let [none] = &losses(&[worse(Some([-0.05, 0.15]))])[..] else { panic!("one sentence") };
        assert!(none.starts_with("No strategy is worse"), "{none}");
    }
}
