//! The answer of a study in two sentences.

use std::collections::{BTreeMap, BTreeSet};

use crate::study::metric::PRIMARY;
use crate::study::stats::scatter::{Scatter, contrast, mean};
use crate::study::stats::words::{at_sizes, joined, p_text, plural, worth};
use crate::study::store::negative_transfer::{LEVEL, Transfer};
use crate::study::store::run::{Curve, RunRecord};
use crate::study::store::savings::Saving;
use crate::study::transfer::BASELINE;

/// Runs of a side from which a test can tell more than large differences.
const MANY: usize = 6;

/// What transfer saves, and where it hurts.
pub(crate) fn headline(
    (runs, scatter): (&[RunRecord], Scatter),
    saved: &[Saving],
    transfers: &[Transfer],
) -> [String; 2] {
    let ranked = ranked(transfers);
    let Some(best) = ranked.first() else {
        let beside = match scatter {
            Scatter::Seeds => "with the same seed and size",
            Scatter::Trials => "of the same size",
        };
        return [
            format!(
                "No other strategy has a finished run beside one of {BASELINE} {beside}, so nothing can be compared."
            ),
            "Where transfer hurts cannot be told either.".to_owned(),
        ];
    };
    if transfers.iter().all(|one| one.p.is_none()) {
        let (one, others) = match scatter {
            Scatter::Seeds => ("seed", "run at least three seeds"),
            Scatter::Trials => ("trial", "give the search more trials"),
        };
        return [
            format!(
                "With a single {one} no difference from {BASELINE} can be told from chance; {others}."
            ),
            "For the same reason nothing can be said about negative transfer.".to_owned(),
        ];
    }
    [gain((runs, scatter), best, &ranked[1..], saved, transfers), loss(&ranked, transfers, scatter)]
}

/// The curves, by the mean over sizes of the logarithm of their test score relative to the
/// baseline's, the best first.
pub(crate) fn ranked(transfers: &[Transfer]) -> Vec<&Curve> {
    let mut logarithms: BTreeMap<&Curve, Vec<f64>> = BTreeMap::new();
    for one in transfers.iter().filter(|one| one.target.is_none()) {
        logarithms.entry(&one.curve).or_default().push(one.ratio.ln());
    }
    let mut ranked: Vec<(&Curve, f64)> =
        logarithms.into_iter().map(|(curve, values)| (curve, mean(&values))).collect();
    let sign = PRIMARY.better.sign();
    ranked.sort_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)));
    ranked.into_iter().map(|(curve, _)| curve).collect()
}

fn gain(
    (runs, scatter): (&[RunRecord], Scatter),
    best: &Curve,
    rest: &[&Curve],
    saved: &[Saving],
    transfers: &[Transfer],
) -> String {
    let totals: Vec<&Transfer> =
        (transfers.iter()).filter(|one| one.curve == *best && one.target.is_none()).collect();
    let better: Vec<&Transfer> = (totals.iter().copied()).filter(|one| one.is_positive()).collect();
    // over all sizes together; corrected because the best of so many strategies is looked at
    let over_sizes = contrast(runs, (best, &Curve::of(BASELINE)), scatter);
    let p = over_sizes.and_then(|found| found.p);
    let p = p.map_or(1.0, |p| (p * (1 + rest.len()) as f64).min(1.0));
    let ratio = over_sizes.map_or(1.0, |found| found.mean.exp());
    let name = best.label();
    if better.is_empty() && (p >= LEVEL || !PRIMARY.better.is_better(ratio, 1.0)) {
        let few = over_sizes.map_or(0, |found| found.runs);
        let few = match few < MANY {
            true => format!("; {few} {} can tell only large differences", scatter.noun()),
            false => String::new(),
        };
        return format!(
            "Transfer saves nothing that can be told from chance: {name}, the best strategy, has {ratio:.2}x the test MSE of \
             {BASELINE} in the geometric mean over sizes (corrected p = {}{few}).",
            p_text(p)
        );
    }
    let tied = |other: &&Curve| {
        let between = contrast(runs, (best, other), scatter).and_then(|found| found.p);
        between.is_none_or(|p| p >= LEVEL)
    };
    let ties: Vec<String> = rest.iter().copied().filter(tied).map(Curve::label).collect();
    let alike = match ties.is_empty() {
        true => String::new(),
        false => format!(" ({} cannot be told apart from it)", joined(&ties)),
    };
    let lower = match better.is_empty() {
        true => format!(
            "a test MSE {:.0} % lower in the geometric mean over sizes (corrected p = {}), though at no single size beyond {}",
            100.0 * (1.0 - ratio),
            p_text(p),
            scatter.words()
        ),
        false => format!(
            "a test MSE {}, beyond {}, at {} of {} {}",
            at_sizes(&better),
            scatter.words(),
            better.len(),
            totals.len(),
            plural(totals.len(), "size")
        ),
    };
    match most_saved(saved, best, &better) {
        Some(one) => format!(
            "Transfer saves simulations: {name} with {}{alike} {}, and has {lower}.",
            one.simulations,
            worth(one)
        ),
        None => format!("Transfer helps: {name}{alike} has {lower}."),
    }
}

/// Of all sizes where a strategy is better the one whose interval promises the most, so that luck
/// of one size is not what is told; of all sizes if it is better at none alone.
pub(crate) fn most_saved<'a>(
    saved: &'a [Saving],
    curve: &Curve,
    better: &[&Transfer],
) -> Option<&'a Saving> {
    let is_better = |one: &&Saving| {
        let told = |total: &&Transfer| total.simulations == one.simulations;
        one.curve == *curve && one.factor > 1.0 && (better.is_empty() || better.iter().any(told))
    };
    let promises = |one: &Saving| one.low.unwrap_or(0.0);
    let all = saved.iter().filter(is_better);
    all.max_by(|a, b| promises(a).total_cmp(&promises(b)))
}

fn loss(ranked: &[&Curve], transfers: &[Transfer], scatter: Scatter) -> String {
    let tested: Vec<&Transfer> = (transfers.iter())
        .filter(|one| one.target.is_some() && one.p_corrected.is_some())
        .collect();
    let negative: Vec<&&Transfer> = tested.iter().filter(|one| one.is_negative()).collect();
    let Some(worst) = worst(negative.iter().map(|one| **one)) else {
        return format!(
            "No strategy makes any target worse than {BASELINE} beyond {}, in {} comparisons of strategies, sizes and targets \
             (corrected for their number).",
            scatter.words(),
            tested.len()
        );
    };
    let hurt = |curve: &Curve| -> BTreeSet<&str> {
        let own = negative.iter().filter(|one| one.curve == *curve);
        own.filter_map(|one| one.target.as_deref()).collect()
    };
    let targets =
        tested.iter().filter_map(|one| one.target.as_deref()).collect::<BTreeSet<_>>().len();
    let (others, harmless): (Vec<&Curve>, Vec<&Curve>) = (ranked.iter().copied())
        .filter(|curve| **curve != worst.curve)
        .partition(|curve| !hurt(curve).is_empty());
    let count = hurt(&worst.curve).len();
    let mut text = format!(
        "Transfer hurts with {}: {} of {targets} {} {} worse at some size, {} the most ({:.2}x the test MSE of {BASELINE} at \
         {} simulations, corrected p = {})",
        worst.curve.label(),
        count,
        plural(targets, "target"),
        if count == 1 { "is" } else { "are" },
        worst.target.as_deref().unwrap_or_default(),
        worst.ratio,
        worst.simulations,
        p_text(worst.p_corrected.unwrap_or(1.0)),
    );
    for other in others {
        let targets: Vec<&str> = hurt(other).into_iter().collect();
        text.push_str(&format!("; {} hurts {}", other.label(), joined(&targets)));
    }
    if !harmless.is_empty() {
        let verb = if harmless.len() == 1 { "makes" } else { "make" };
        text.push_str(&format!(
            "; {} {verb} no target worse beyond the scatter",
            joined(&harmless.iter().map(|curve| curve.label()).collect::<Vec<_>>())
        ));
    }
    text + "."
}

/// The comparison with the worst ratio.
pub(crate) fn worst<'a>(all: impl Iterator<Item = &'a Transfer>) -> Option<&'a Transfer> {
    let sign = PRIMARY.better.sign();
    all.max_by(|a, b| (sign * a.ratio).total_cmp(&(sign * b.ratio)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::stats::savings::savings;
    use crate::study::stats::summary::summarize;
    use crate::study::stats::transfers::transfers;
    use crate::study::store::run::{RunKey, StopReason};

    /// Six seeds of one strategy: test MSEs of two targets by size, with a scatter of 2 %.
    fn runs(strategy: &str, curve: &[(usize, [f64; 2])]) -> Vec<RunRecord> {
        let one = |(simulations, values): (usize, [f64; 2]), seed: u32| {
            // seeds differ, and strategies differ in how
            let jitter = 1.0 + 0.01 * f64::from((seed * 7 + strategy.len() as u32 * 3) % 5) - 0.02;
            let curve = Curve::of(strategy);
            let key = RunKey { curve, simulations, seed, ..RunKey::default() };
            let mut run = RunRecord::untrained(key, 2);
            run.stopped = StopReason::Patience;
            run.set_test(&values.map(|value| value * jitter));
            run
        };
        let sizes = curve.iter();
        sizes.flat_map(|point| (1..=6).map(move |seed| one(*point, seed))).collect()
    }

    fn say(studies: &[Vec<RunRecord>]) -> [String; 2] {
        let targets = ["h", "M_nu"].map(str::to_owned);
        let runs = studies.concat();
        let scatter = Scatter::Seeds;
        headline(
            (&runs, scatter),
            &savings(&summarize(&targets, &runs), &runs, scatter, (200, 1)),
            &transfers(&targets, &runs, scatter),
        )
    }

    const SCRATCH: [(usize, [f64; 2]); 3] = [(100, [0.04; 2]), (200, [0.02; 2]), (400, [0.01; 2])];

    #[test]
    fn what_is_saved_comes_first_and_what_is_hurt_second() {
        let scratch = runs("scratch", &SCRATCH);
        let good = runs("good", &[(100, [0.02, 0.02]), (200, [0.011, 0.011])]);
        let mixed = runs("mixed", &[(100, [0.02, 0.06]), (200, [0.01, 0.04])]);
        let [gain, loss] = say(&[scratch.clone(), good, mixed]);
        assert!(
            gain.starts_with("Transfer saves simulations: good with 100 is as good as scratch with about 200, 2.0x fewer"),
            "{gain}"
        );
        assert!(gain.contains("at 2 of 2 sizes"), "{gain}");
        assert!(
            loss.starts_with(
                "Transfer hurts with mixed: 1 of 2 targets is worse at some size, M_nu the most (2.00x the test MSE of \
                 scratch at 200 simulations"
            ),
            "{loss}"
        );
        assert!(loss.ends_with("good makes no target worse beyond the scatter."), "{loss}");
    }

    #[test]
    fn what_chance_can_do_is_not_claimed() {
        let scratch = runs("scratch", &SCRATCH);
        let same = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 1.0001)));
        let [gain, loss] = say(&[scratch.clone(), runs("same", &same)]);
        assert!(gain.starts_with("Transfer saves nothing that can be told from chance"), "{gain}");
        assert!(loss.starts_with("No strategy makes any target worse"), "{loss}");
        let better = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 0.7)));
        let like = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 0.701)));
        let [gain, _] = say(&[scratch.clone(), runs("better", &better), runs("ally", &like)]);
        assert!(gain.contains("cannot be told apart from it"), "{gain}");
        let first = |runs: Vec<RunRecord>| {
            runs.into_iter().filter(|run| run.key.seed == 1).collect::<Vec<_>>()
        };
        let [gain, _] = say(&[first(scratch.clone()), first(runs("better", &better))]);
        assert!(gain.starts_with("With a single seed"), "{gain}");
        let [gain, _] = say(&[scratch]);
        assert!(gain.starts_with("No other strategy"), "{gain}");
    }
}
