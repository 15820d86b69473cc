//! The result of a study in two sentences: the best saving, and negative transfer.

use std::collections::{BTreeMap, BTreeSet};

use crate::study::metric::{MSE, Metric};
use crate::study::stats::scatter::{Scatter, contrast, mean};
use crate::study::stats::words::{at_sizes, joined, p_text, plural, ratio_text, worth};
use crate::study::store::negative_transfer::{LEVEL, Transfer};
use crate::study::store::run::{Curve, RunRecord};
use crate::study::store::savings::Saving;
use crate::study::transfer::BASELINE;

/// With fewer runs than this only large differences are significant.
const MANY: usize = 6;

const UNTESTED: &str = "Negative transfer cannot be tested either.";

/// The sentences about the best saving and about negative transfer.
pub(crate) fn headline(
    (runs, scatter): (&[RunRecord], Scatter),
    savings: &[Saving],
    transfers: &[Transfer],
) -> [String; 2] {
    let ranked = ranked(transfers);
    let Some(best) = ranked.first() else {
        let same = match scatter {
            Scatter::Seeds => "the same seed and size",
            Scatter::Trials => "the same size",
        };
        return [
            format!(
                "No other strategy has a finished run with {same} as one of {BASELINE}, so there \
                 is nothing to compare."
            ),
            UNTESTED.to_owned(),
        ];
    };
    if transfers.iter().all(|one| one.p.is_none()) {
        let cure = match scatter {
            Scatter::Seeds => "run at least three seeds",
            Scatter::Trials => "give the search more trials",
        };
        let one = scatter.noun().trim_end_matches('s');
        return [
            format!("With a single {one}, differences from {BASELINE} cannot be tested; {cure}."),
            UNTESTED.to_owned(),
        ];
    }
    let gain = gain((runs, scatter), best, &ranked[1..], savings, transfers);
    [gain, loss(&ranked, transfers, scatter)]
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
    let sign = metric(transfers).better.sign();
    ranked.sort_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)));
    ranked.into_iter().map(|(curve, _)| curve).collect()
}

/// The metric of comparisons.
fn metric(transfers: &[Transfer]) -> &'static Metric {
    transfers.first().map_or(MSE, |one| one.metric)
}

fn gain(
    (runs, scatter): (&[RunRecord], Scatter),
    best: &Curve,
    rest: &[&Curve],
    savings: &[Saving],
    transfers: &[Transfer],
) -> String {
    let totals: Vec<&Transfer> =
        (transfers.iter()).filter(|one| one.curve == *best && one.target.is_none()).collect();
    let better: Vec<&Transfer> = (totals.iter().copied()).filter(|one| one.is_positive()).collect();
    // over all sizes together; corrected because the best of several strategies is tested
    let over_sizes = contrast(runs, (best, &Curve::of(BASELINE)), scatter);
    let p = over_sizes.and_then(|found| found.p);
    let p = p.map_or(1.0, |p| (p * (1 + rest.len()) as f64).min(1.0));
    let ratio = over_sizes.map_or(1.0, |found| found.mean.exp());
    let metric = metric(transfers);
    let (name, title) = (best.label(), metric.title);
    if better.is_empty() && (p >= LEVEL || !metric.better.is_better(ratio, 1.0)) {
        let few = match over_sizes.map_or(0, |found| found.runs) {
            few if few < MANY => {
                format!("; with {few} {} only large differences are significant", scatter.noun())
            }
            _ => String::new(),
        };
        return format!(
            "No significant saving: {name}, the best strategy, has {ratio:.2} times the test \
             {title} of {BASELINE} (geometric mean over sizes, corrected p = {}{few}).",
            p_text(p)
        );
    }
    let difference = match better.is_empty() {
        true => format!(
            "{:.0} % {} than that of {BASELINE} in the geometric mean over sizes (corrected p = \
             {}), but not significantly at any single size ({})",
            100.0 * (ratio - 1.0).abs(),
            metric.better.word(),
            p_text(p),
            scatter.over()
        ),
        false => at_sizes(&better, totals.len(), metric.better, scatter),
    };
    let tied = |other: &&Curve| {
        let between = contrast(runs, (best, other), scatter).and_then(|found| found.p);
        between.is_none_or(|p| p >= LEVEL)
    };
    let ties: Vec<String> = rest.iter().copied().filter(tied).map(Curve::label).collect();
    let ties = match ties.is_empty() {
        true => String::new(),
        false => format!("; the difference from {} is not significant", joined(&ties)),
    };
    match most_saved(savings, best, &better) {
        Some(one) if !one.is_told() => format!(
            "Transfer helps: the test {title} of {name} is {difference}{ties}. How many \
             simulations that saves cannot be told from these runs."
        ),
        Some(one) => format!(
            "Transfer saves simulations: {name} with {} simulations {}. Its test {title} is \
             {difference}{ties}.",
            one.simulations,
            worth(one)
        ),
        None => format!("Transfer helps: the test {title} of {name} is {difference}{ties}."),
    }
}

/// The largest saving, compared by the lower end of the interval, which is robust to an outlier at
/// one size. Only sizes where the strategy is significantly better count, or all if there are none.
pub(crate) fn most_saved<'a>(
    savings: &'a [Saving],
    curve: &Curve,
    better: &[&Transfer],
) -> Option<&'a Saving> {
    let is_better = |one: &&Saving| {
        let same = |total: &&Transfer| total.simulations == one.simulations;
        one.curve == *curve && one.factor > 1.0 && (better.is_empty() || better.iter().any(same))
    };
    let low = |one: &Saving| one.low.unwrap_or(0.0);
    let all = savings.iter().filter(is_better);
    all.max_by(|a, b| low(a).total_cmp(&low(b)))
}

fn loss(ranked: &[&Curve], transfers: &[Transfer], scatter: Scatter) -> String {
    let metric = metric(transfers);
    let tested: Vec<&Transfer> = (transfers.iter())
        .filter(|one| one.target.is_some() && one.p_corrected.is_some())
        .collect();
    let negative: Vec<&Transfer> = tested.iter().copied().filter(|one| one.is_negative()).collect();
    let Some(worst) = worst(negative.iter().copied()) else {
        return format!(
            "No significant negative transfer: in none of {} comparisons of strategies, sizes and \
             targets is the test {} significantly {} than that of {BASELINE} (corrected p < \
             {LEVEL}, {}).",
            tested.len(),
            metric.title,
            metric.better.reverse().word(),
            scatter.over()
        );
    };
    let hurt = |curve: &Curve| -> BTreeSet<&str> {
        let own = negative.iter().filter(|one| one.curve == *curve);
        own.filter_map(|one| one.target.as_deref()).collect()
    };
    let targets: BTreeSet<&str> = tested.iter().filter_map(|one| one.target.as_deref()).collect();
    let (others, harmless): (Vec<&Curve>, Vec<&Curve>) = (ranked.iter().copied())
        .filter(|curve| **curve != worst.curve)
        .partition(|curve| !hurt(curve).is_empty());
    let mut text = format!(
        "Negative transfer with {}: the test {} is significantly {} than that of {BASELINE} for \
         {} of {} {} at some size, most for {}",
        worst.curve.label(),
        metric.title,
        metric.better.reverse().word(),
        hurt(&worst.curve).len(),
        targets.len(),
        plural(targets.len(), "target"),
        ratio_text(worst)
    );
    for other in others {
        let targets: Vec<&str> = hurt(other).into_iter().collect();
        text.push_str(&format!("; also with {} for {}", other.label(), joined(&targets)));
    }
    if !harmless.is_empty() {
        let names: Vec<String> = harmless.iter().map(|curve| curve.label()).collect();
        text.push_str(&format!("; not with {}", joined(&names)));
    }
    text + "."
}

/// The comparison with the worst ratio.
pub(crate) fn worst<'a>(all: impl Iterator<Item = &'a Transfer>) -> Option<&'a Transfer> {
    let key = |one: &Transfer| one.metric.better.sign() * one.ratio;
    all.max_by(|a, b| key(a).total_cmp(&key(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::stats::bootstrap::Bootstrap;
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
        let bootstrap = Bootstrap::new(&runs, &[], scatter, (200, 1));
        headline(
            (&runs, scatter),
            &savings(&summarize(&targets, &runs), &bootstrap),
            &transfers(&targets, &runs, scatter, &bootstrap),
        )
    }

    const SCRATCH: [(usize, [f64; 2]); 3] = [(100, [0.04; 2]), (200, [0.02; 2]), (400, [0.01; 2])];

    #[test]
    fn savings_come_first_and_negative_transfer_second() {
        let scratch = runs("scratch", &SCRATCH);
        let good = runs("good", &[(100, [0.02, 0.02]), (200, [0.011, 0.011])]);
        let mixed = runs("mixed", &[(100, [0.02, 0.06]), (200, [0.01, 0.04])]);
        let [gain, loss] = say(&[scratch.clone(), good, mixed]);
        assert!(
            gain.starts_with(
                "Transfer saves simulations: good with 100 simulations matches scratch with about \
                 200, 2.0 times as many"
            ),
            "{gain}"
        );
        assert!(gain.contains("at 2 of 2 sizes"), "{gain}");
        assert!(
            loss.starts_with(
                "Negative transfer with mixed: the test MSE is significantly higher than that of \
                 scratch for 1 of 2 targets at some size, most for M_nu (2.00 times the test MSE \
                 of scratch at 200 simulations"
            ),
            "{loss}"
        );
        assert!(loss.ends_with("; not with good."), "{loss}");
    }

    #[test]
    fn differences_within_the_scatter_are_not_claimed() {
        let scratch = runs("scratch", &SCRATCH);
        let same = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 1.0001)));
        let [gain, loss] = say(&[scratch.clone(), runs("same", &same)]);
        assert!(gain.starts_with("No significant saving: same, the best strategy"), "{gain}");
        assert!(
            loss.starts_with("No significant negative transfer: in none of 6 comparisons"),
            "{loss}"
        );
        let better = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 0.7)));
        let like = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 0.701)));
        let [gain, _] = say(&[scratch.clone(), runs("better", &better), runs("ally", &like)]);
        assert!(gain.contains("the difference from ally is not significant"), "{gain}");
        let first = |runs: Vec<RunRecord>| {
            runs.into_iter().filter(|run| run.key.seed == 1).collect::<Vec<_>>()
        };
        let [gain, _] = say(&[first(scratch.clone()), first(runs("better", &better))]);
        assert!(gain.starts_with("With a single seed"), "{gain}");
        let [gain, _] = say(&[scratch]);
        assert!(gain.starts_with("No other strategy"), "{gain}");
    }
}
