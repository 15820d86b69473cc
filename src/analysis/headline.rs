//! The answer of a study in two sentences.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{BASELINE, Bound, RunRow};

use super::statistics::paired_t;
use super::{LEVEL, Saved, Transfer};

/// What transfer saves, and where it hurts.
pub(super) fn headline(runs: &[RunRow], saved: &[Saved], transfers: &[Transfer]) -> [String; 2] {
    let ranked = ranked(transfers);
    let Some(best) = ranked.first() else {
        return [
            format!(
                "No other strategy has a finished run beside one of {BASELINE} with the same seed and size, so nothing can be \
                 compared."
            ),
            "Where transfer hurts cannot be told either.".to_owned(),
        ];
    };
    if transfers.iter().all(|one| one.p.is_none()) {
        let others = "run at least three seeds";
        return [
            format!(
                "With a single seed no difference from {BASELINE} can be told from chance; {others}."
            ),
            "For the same reason nothing can be said about negative transfer.".to_owned(),
        ];
    }
    [
        gain(runs, best, &ranked[1..], saved, transfers),
        loss(&ranked, transfers),
    ]
}

/// The strategies, by the mean over sizes of the logarithm of their test MSE relative to the baseline's, the lowest first.
fn ranked(transfers: &[Transfer]) -> Vec<&str> {
    let mut logarithms: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for one in transfers.iter().filter(|one| one.target.is_none()) {
        logarithms
            .entry(&one.strategy)
            .or_default()
            .push(one.ratio.ln());
    }
    let mut ranked: Vec<(&str, f64)> = logarithms
        .into_iter()
        .map(|(name, values)| (name, mean(&values)))
        .collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    ranked.into_iter().map(|(name, _)| name).collect()
}

fn gain(
    runs: &[RunRow],
    best: &str,
    rest: &[&str],
    saved: &[Saved],
    transfers: &[Transfer],
) -> String {
    let totals: Vec<&Transfer> = (transfers.iter())
        .filter(|one| one.strategy == best && one.target.is_none())
        .collect();
    let better: Vec<&&Transfer> = totals.iter().filter(|one| one.is_positive()).collect();
    // over all sizes together; corrected because the best of so many strategies is looked at
    let over_sizes = differences(runs, best, BASELINE);
    let p = paired_t(&over_sizes).map_or(1.0, |p| (p * (1 + rest.len()) as f64).min(1.0));
    let ratio = mean(&over_sizes).exp();
    if better.is_empty() && (p >= LEVEL || ratio >= 1.0) {
        let seeds = match over_sizes.len() {
            few @ 0..6 => format!("; {few} seeds can tell only large differences"),
            _ => String::new(),
        };
        return format!(
            "Transfer saves nothing that can be told from chance: {best}, the best strategy, has {ratio:.2}x the test MSE of \
             {BASELINE} in the geometric mean over sizes (corrected p = {}{seeds}).",
            p_text(p)
        );
    }
    // of all sizes the one whose interval promises the most, so that luck of one size is not what is told
    let is_better = |one: &&Saved| {
        let told = |total: &&&Transfer| total.simulations == one.simulations;
        one.strategy == best && one.factor > 1.0 && (better.is_empty() || better.iter().any(told))
    };
    let promises = |one: &Saved| one.low.unwrap_or(0.0);
    let most = saved
        .iter()
        .filter(is_better)
        .max_by(|a, b| promises(a).total_cmp(&promises(b)));
    let ties: Vec<&str> = rest
        .iter()
        .copied()
        .filter(|other| tied(runs, best, other))
        .collect();
    let alike = match ties.is_empty() {
        true => String::new(),
        false => format!(" ({} cannot be told apart from it)", joined(&ties)),
    };
    let lower = match better.is_empty() {
        true => format!(
            "a test MSE {:.0} % lower in the geometric mean over sizes (corrected p = {}), though at no single size beyond the \
             scatter over seeds",
            100.0 * (1.0 - ratio),
            p_text(p)
        ),
        false => at_sizes(&better, totals.len()),
    };
    match most {
        Some(one) => format!(
            "Transfer saves simulations: {best} with {}{alike} {}, and has {lower}.",
            one.simulations,
            worth(one)
        ),
        None => format!("Transfer helps: {best}{alike} has {lower}."),
    }
}

/// By how much the test MSE is lower at the sizes where it is so beyond the scatter.
fn at_sizes(better: &[&&Transfer], sizes: usize) -> String {
    let gains = better.iter().map(|one| 100.0 * (1.0 - one.ratio));
    let (low, high) = gains.fold((f64::INFINITY, 0.0f64), |(low, high), gain| {
        (low.min(gain), high.max(gain))
    });
    let (low, high) = (format!("{low:.0}"), format!("{high:.0}"));
    let range = if low == high {
        high
    } else {
        format!("{low} to {high}")
    };
    format!(
        "a test MSE {range} % lower, beyond the scatter over seeds, at {} of {sizes} {}",
        better.len(),
        plural(sizes, "size")
    )
}

/// What a number of simulations is worth, with its interval.
fn worth(saved: &Saved) -> String {
    let equivalent = rounded(saved.factor * saved.simulations as f64);
    let interval = match (saved.low, saved.high) {
        (Some(low), Some(high)) => format!("95 % interval {low:.1} to {high:.1}"),
        (Some(low), None) => format!("95 % interval from {low:.1}"),
        _ => "without an interval".to_owned(),
    };
    let factor = saved.factor;
    match saved.bound {
        Bound::MoreThanLargest => {
            format!(
                "is better than {BASELINE} with {equivalent}, more than {factor:.1}x fewer ({interval})"
            )
        }
        _ => format!(
            "is as good as {BASELINE} with about {equivalent}, {factor:.1}x fewer ({interval})"
        ),
    }
}

/// The difference of two strategies in ln(test MSE), of each seed that has both the mean over the sizes that it has of both.
fn differences(runs: &[RunRow], one: &str, other: &str) -> Vec<f64> {
    let values = |strategy: &str| -> BTreeMap<(u32, usize), f64> {
        let own = runs.iter().filter(|run| run.strategy == strategy);
        let logarithm = |run: &RunRow| Some(run.test_mse.filter(|mse| *mse > 0.0)?.ln());
        own.filter_map(|run| Some(((run.seed, run.simulations), logarithm(run)?)))
            .collect()
    };
    let (ours, theirs) = (values(one), values(other));
    let mut by_seed: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (key, our) in &ours {
        if let Some(their) = theirs.get(key) {
            by_seed.entry(key.0).or_default().push(our - their);
        }
    }
    by_seed.values().map(|values| mean(values)).collect()
}

/// Whether two strategies cannot be told apart over all sizes.
fn tied(runs: &[RunRow], one: &str, other: &str) -> bool {
    paired_t(&differences(runs, one, other)).is_none_or(|p| p >= LEVEL)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn loss(ranked: &[&str], transfers: &[Transfer]) -> String {
    let tested: Vec<&Transfer> = (transfers.iter())
        .filter(|one| one.target.is_some() && one.p_corrected.is_some())
        .collect();
    let negative: Vec<&&Transfer> = tested.iter().filter(|one| one.is_negative()).collect();
    let Some(worst) = negative.iter().max_by(|a, b| a.ratio.total_cmp(&b.ratio)) else {
        return format!(
            "No strategy makes any target worse than {BASELINE} beyond the scatter over seeds, in {} comparisons of strategies, \
             sizes and targets (corrected for their number).",
            tested.len()
        );
    };
    let hurt = |strategy: &str| -> BTreeSet<&str> {
        let own = negative.iter().filter(|one| one.strategy == strategy);
        own.filter_map(|one| one.target.as_deref()).collect()
    };
    let targets = tested
        .iter()
        .filter_map(|one| one.target.as_deref())
        .collect::<BTreeSet<_>>()
        .len();
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

/// A p-value in as many digits as mean something.
pub(crate) fn p_text(p: f64) -> String {
    match p {
        p if p < 1e-3 => format!("{p:.0e}"),
        p if p < 0.1 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}

/// Two digits: more would promise a precision that an interpolation between scattered points does not have.
fn rounded(simulations: f64) -> f64 {
    let unit = 10f64.powf((simulations.log10().floor() - 1.0).max(0.0));
    (simulations / unit).round() * unit
}

fn plural(count: usize, word: &str) -> String {
    format!("{word}{}", if count == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
fn joined(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{saved_simulations, transfers};

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
        sizes
            .flat_map(|point| (1..=6).map(move |seed| one(*point, seed)))
            .collect()
    }

    fn say(studies: &[Vec<RunRow>]) -> [String; 2] {
        let targets = ["h", "M_nu"].map(str::to_owned);
        let runs = studies.concat();
        headline(
            &runs,
            &saved_simulations(&targets, &runs, 200, 1),
            &transfers(&targets, &runs),
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
        assert!(
            loss.ends_with("good makes no target worse beyond the scatter."),
            "{loss}"
        );
    }

    #[test]
    fn what_chance_can_do_is_not_claimed() {
        let scratch = runs("scratch", &SCRATCH);
        let same = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 1.0001)));
        let [gain, loss] = say(&[scratch.clone(), runs("same", &same)]);
        assert!(
            gain.starts_with("Transfer saves nothing that can be told from chance"),
            "{gain}"
        );
        assert!(
            loss.starts_with("No strategy makes any target worse"),
            "{loss}"
        );
        let better = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 0.7)));
        let like = SCRATCH.map(|(size, values)| (size, values.map(|value| value * 0.701)));
        let [gain, _] = say(&[
            scratch.clone(),
            runs("better", &better),
            runs("ally", &like),
        ]);
        assert!(gain.contains("cannot be told apart from it"), "{gain}");
        let first = |runs: Vec<RunRow>| {
            runs.into_iter()
                .filter(|run| run.seed == 1)
                .collect::<Vec<_>>()
        };
        let [gain, _] = say(&[first(scratch.clone()), first(runs("better", &better))]);
        assert!(gain.starts_with("With a single seed"), "{gain}");
        let [gain, _] = say(&[scratch]);
        assert!(gain.starts_with("No other strategy"), "{gain}");
    }

    #[test]
    fn p_values_have_the_digits_that_mean_something() {
        assert_eq!([1e-7, 0.0291, 0.5].map(p_text), ["1e-7", "0.029", "0.50"]);
    }
}
