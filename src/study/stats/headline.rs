//! The answer of a study in two sentences.

use std::collections::{BTreeMap, BTreeSet};

use crate::study::store::runs::RunRow;
use crate::study::transfer::BASELINE;

use crate::study::stats::negative_transfer::{LEVEL, Transfer};
use crate::study::stats::saved::Saved;
use crate::study::stats::scatter::{Scatter, contrast, mean};
use crate::study::stats::words::{at_sizes, joined, p_text, plural, worth};

/// Runs of a side from which a test can tell more than large differences.
const MANY: usize = 6;

/// What transfer saves, and where it hurts.
pub(crate) fn headline(
    (runs, scatter): (&[RunRow], Scatter),
    saved: &[Saved],
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

/// The strategies, by the mean over sizes of the logarithm of their test MSE relative to the
/// baseline's, the lowest first.
pub(crate) fn ranked(transfers: &[Transfer]) -> Vec<&str> {
    let mut logarithms: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for one in transfers.iter().filter(|one| one.target.is_none()) {
        logarithms.entry(&one.strategy).or_default().push(one.ratio.ln());
    }
    let mut ranked: Vec<(&str, f64)> =
        logarithms.into_iter().map(|(name, values)| (name, mean(&values))).collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    ranked.into_iter().map(|(name, _)| name).collect()
}

fn gain(
    (runs, scatter): (&[RunRow], Scatter),
    best: &str,
    rest: &[&str],
    saved: &[Saved],
    transfers: &[Transfer],
) -> String {
    let totals: Vec<&Transfer> =
        (transfers.iter()).filter(|one| one.strategy == best && one.target.is_none()).collect();
    let better: Vec<&Transfer> = (totals.iter().copied()).filter(|one| one.is_positive()).collect();
    // over all sizes together; corrected because the best of so many strategies is looked at
    let over_sizes = contrast(runs, (best, BASELINE), scatter);
    let p = over_sizes.and_then(|found| found.p);
    let p = p.map_or(1.0, |p| (p * (1 + rest.len()) as f64).min(1.0));
    let ratio = over_sizes.map_or(1.0, |found| found.mean.exp());
    if better.is_empty() && (p >= LEVEL || ratio >= 1.0) {
        let few = over_sizes.map_or(0, |found| found.runs);
        let few = match few < MANY {
            true => format!("; {few} {} can tell only large differences", scatter.noun()),
            false => String::new(),
        };
        return format!(
            "Transfer saves nothing that can be told from chance: {best}, the best strategy, has {ratio:.2}x the test MSE of \
             {BASELINE} in the geometric mean over sizes (corrected p = {}{few}).",
            p_text(p)
        );
    }
    let tied = |other: &&str| {
        let between = contrast(runs, (best, other), scatter).and_then(|found| found.p);
        between.is_none_or(|p| p >= LEVEL)
    };
    let ties: Vec<&str> = rest.iter().copied().filter(tied).collect();
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
            "Transfer saves simulations: {best} with {}{alike} {}, and has {lower}.",
            one.simulations,
            worth(one)
        ),
        None => format!("Transfer helps: {best}{alike} has {lower}."),
    }
}

/// Of all sizes where a strategy is better the one whose interval promises the most, so that luck
/// of one size is not what is told; of all sizes if it is better at none alone.
pub(crate) fn most_saved<'a>(
    saved: &'a [Saved],
    strategy: &str,
    better: &[&Transfer],
) -> Option<&'a Saved> {
    let is_better = |one: &&Saved| {
        let told = |total: &&Transfer| total.simulations == one.simulations;
        one.strategy == strategy
            && one.factor > 1.0
            && (better.is_empty() || better.iter().any(told))
    };
    let promises = |one: &Saved| one.low.unwrap_or(0.0);
    let all = saved.iter().filter(is_better);
    all.max_by(|a, b| promises(a).total_cmp(&promises(b)))
}

fn loss(ranked: &[&str], transfers: &[Transfer], scatter: Scatter) -> String {
    let tested: Vec<&Transfer> = (transfers.iter())
        .filter(|one| one.target.is_some() && one.p_corrected.is_some())
        .collect();
    let negative: Vec<&&Transfer> = tested.iter().filter(|one| one.is_negative()).collect();
    let Some(worst) = negative.iter().max_by(|a, b| a.ratio.total_cmp(&b.ratio)) else {
        return format!(
            "No strategy makes any target worse than {BASELINE} beyond {}, in {} comparisons of strategies, sizes and targets \
             (corrected for their number).",
            scatter.words(),
            tested.len()
        );
    };
    let hurt = |strategy: &str| -> BTreeSet<&str> {
        let own = negative.iter().filter(|one| one.strategy == strategy);
        own.filter_map(|one| one.target.as_deref()).collect()
    };
    let targets =
        tested.iter().filter_map(|one| one.target.as_deref()).collect::<BTreeSet<_>>().len();
    let (others, harmless): (Vec<&str>, Vec<&str>) = (ranked.iter().copied())
        .filter(|strategy| *strategy != worst.strategy)
        .partition(|strategy| !hurt(strategy).is_empty());
    let count = hurt(&worst.strategy).len();
    let mut text = format!(
        "Transfer hurts with {}: {} of {targets} {} {} worse at some size, {} the most ({:.2}x the test MSE of {BASELINE} at \
         {} simulations, corrected p = {})",
        worst.strategy,
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
        text.push_str(&format!("; {other} hurts {}", joined(&targets)));
    }
    if !harmless.is_empty() {
        let verb = if harmless.len() == 1 { "makes" } else { "make" };
        text.push_str(&format!(
            "; {} {verb} no target worse beyond the scatter",
            joined(&harmless)
        ));
    }
    text + "."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::stats::negative_transfer::transfers;
    use crate::study::stats::saved::saved_simulations;

    /// Six seeds of one strategy: test MSEs of two targets by size, with a scatter of 2 %.
    fn runs(strategy: &str, curve: &[(usize, [f64; 2])]) -> Vec<RunRow> {
        let one = |(simulations, values): (usize, [f64; 2]), seed: u32| {
            // seeds differ, and strategies differ in how
            let jitter = 1.0 + 0.01 * f64::from((seed * 7 + strategy.len() as u32 * 3) % 5) - 0.02;
            RunRow {
                strategy: strategy.to_owned(),
                simulations,
                seed,
                validation_mse: None,
                test_mse: Some((values[0] + values[1]) / 2.0 * jitter),
                target_mse: values.map(|value| Some(value * jitter)).to_vec(),
                epochs: 1,
                steps: 1,
                stopped: "patience".into(),
                model: String::new(),
                pretraining_simulations: None,
            }
        };
        let sizes = curve.iter();
        sizes.flat_map(|point| (1..=6).map(move |seed| one(*point, seed))).collect()
    }

    fn say(studies: &[Vec<RunRow>]) -> [String; 2] {
        let targets = ["h", "M_nu"].map(str::to_owned);
        let runs = studies.concat();
        let scatter = Scatter::Seeds;
        headline(
            (&runs, scatter),
            &saved_simulations(&targets, &runs, scatter, (200, 1)),
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
        let first =
            |runs: Vec<RunRow>| runs.into_iter().filter(|run| run.seed == 1).collect::<Vec<_>>();
        let [gain, _] = say(&[first(scratch.clone()), first(runs("better", &better))]);
        assert!(gain.starts_with("With a single seed"), "{gain}");
        let [gain, _] = say(&[scratch]);
        assert!(gain.starts_with("No other strategy"), "{gain}");
    }
}
