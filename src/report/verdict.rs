//! The answer of a study in sentences.

use super::BASELINE;
use super::savings::{Bound, Saving, falling_curve, savings};
use super::summary::{Spread, Summary, SummaryRow};

/// A difference counts when it exceeds this many combined standard errors; with six seeds, chance alone does so at
/// about one size in fourteen (Student's t with ten degrees of freedom), with three seeds at one in nine.
const CLEAR: f64 = 2.0;

/// How a strategy compares with the baseline at one size.
struct Comparison {
    simulations: usize,
    /// The strategy's mean divided by the baseline's.
    ratio: f64,
    /// Beyond the scatter, and so worth telling.
    clear: bool,
}

impl Comparison {
    /// Absent where a side has fewer than two seeds: then nobody knows the scatter.
    fn new(simulations: usize, strategy: &Spread, baseline: &Spread) -> Option<Self> {
        let difference = strategy.mean? - baseline.mean?;
        let combined = strategy.standard_error?.hypot(baseline.standard_error?);
        let ratio = strategy.mean? / baseline.mean?;
        ratio.is_finite().then_some(Self {
            simulations,
            ratio,
            clear: difference.abs() > CLEAR * combined,
        })
    }

    fn better(&self) -> bool {
        self.clear && self.ratio < 1.0
    }

    fn worse(&self) -> bool {
        self.clear && self.ratio > 1.0
    }
}

/// Compares `value` of a strategy with the baseline's at every size that both have, sizes ascending.
fn compare(
    summary: &Summary,
    strategy: &str,
    value: impl Fn(&SummaryRow) -> &Spread,
) -> Vec<Comparison> {
    summary
        .of(strategy)
        .filter_map(|row| {
            let baseline = summary.row(BASELINE, row.simulations)?;
            Comparison::new(row.simulations, value(row), value(baseline))
        })
        .collect()
}

/// The answer of a study in plain sentences, one to three per strategy: what it saves, where it costs, and which
/// targets it makes worse.
///
/// A gain or a loss is claimed only where the mean test MSEs differ by more than twice their combined standard
/// error; otherwise the sentence says that the difference is within the scatter over seeds.
pub fn verdict(summary: &Summary) -> Vec<String> {
    let strategies = summary.strategies.iter();
    let others: Vec<&String> = strategies.filter(|name| *name != BASELINE).collect();
    if !others.is_empty() && falling_curve(summary, BASELINE).is_empty() {
        return vec![format!(
            "No {BASELINE} run finished, so there is nothing to compare the other strategies with."
        )];
    }
    let savings = savings(summary, BASELINE);
    let sentences = others.into_iter().map(|strategy| {
        let own: Vec<&Saving> = (savings.iter())
            .filter(|saving| saving.strategy == *strategy)
            .collect();
        sentences(summary, strategy, &own)
    });
    sentences.flatten().collect()
}

fn sentences(summary: &Summary, strategy: &str, savings: &[&Saving]) -> Vec<String> {
    let comparisons = compare(summary, strategy, |row| &row.test);
    if comparisons.is_empty() {
        return vec![silence(summary, strategy)];
    }
    let total = if comparisons.iter().any(|comparison| comparison.clear) {
        let gain = gain(summary, strategy, savings, &comparisons);
        gain.into_iter()
            .chain(loss(strategy, &comparisons))
            .collect()
    } else {
        vec![format!(
            "{strategy}: the difference from {BASELINE} is within the scatter over seeds {}.",
            range(&comparisons)
        )]
    };
    total
        .into_iter()
        .chain(worse_targets(summary, strategy, &comparisons))
        .collect()
}

/// Why a strategy cannot be compared at any size.
fn silence(summary: &Summary, strategy: &str) -> String {
    let finished = |name: &str, size: usize| {
        let row = summary.row(name, size);
        row.is_some_and(|row| row.test.mean.is_some())
    };
    let mut sizes = summary.sizes().into_iter();
    if sizes.any(|size| finished(strategy, size) && finished(BASELINE, size)) {
        format!(
            "{strategy}: with a single seed nobody knows the scatter, so no difference from {BASELINE} can be claimed; \
             run at least three seeds."
        )
    } else {
        format!("{strategy} and {BASELINE} share no number of simulations with a finished run.")
    }
}

/// The sentence about the sizes at which the strategy is better, with its largest saving.
fn gain(
    summary: &Summary,
    strategy: &str,
    savings: &[&Saving],
    comparisons: &[Comparison],
) -> Option<String> {
    let better: Vec<&Comparison> = comparisons.iter().filter(|size| size.better()).collect();
    let first = better.first()?;
    let finished = summary.of(BASELINE).filter(|row| row.test.mean.is_some());
    let largest = finished.last()?.simulations as f64;
    let is_better =
        |saving: &Saving| (better.iter()).any(|size| size.simulations == saving.simulations);
    let best = (savings.iter())
        .filter(|saving| saving.bound != Bound::LessThanSmallest && is_better(saving))
        .map(|saving| {
            (
                saving.equivalent.unwrap_or(largest) / saving.simulations as f64,
                saving,
            )
        })
        .filter(|(factor, _)| *factor > 1.0)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let what = match best {
        Some((factor, saving)) => {
            let with = format!("{strategy} with {} simulations", saving.simulations);
            match saving.equivalent {
                Some(equivalent) => format!(
                    "{with} reaches what {BASELINE} needs about {} for ({factor:.1}x fewer)",
                    round(equivalent)
                ),
                None => format!(
                    "{with} goes below what {BASELINE} reaches with {largest} (more than {factor:.1}x fewer)"
                ),
            }
        }
        None => format!(
            "{strategy} with {} simulations has {:.2}x the test MSE of {BASELINE}",
            first.simulations, first.ratio
        ),
    };
    let (count, all) = (better.len(), comparisons.len());
    Some(format!(
        "{what}; it is better beyond the scatter at {count} of {all} sizes."
    ))
}

/// The sentence about targets that transfer hurts, at the largest size where the strategies can be compared.
///
/// A strategy that is worse in the total has said so already.
fn worse_targets(summary: &Summary, strategy: &str, comparisons: &[Comparison]) -> Option<String> {
    let last = comparisons.last().filter(|last| !last.worse())?;
    let hurt: Vec<String> = (summary.targets.iter().enumerate())
        .filter_map(|(target, name)| {
            let of_target = compare(summary, strategy, |row| &row.targets[target]);
            let same = of_target
                .into_iter()
                .find(|size| size.simulations == last.simulations)?;
            same.worse()
                .then(|| format!("{name} ({:.2}x the test MSE)", same.ratio))
        })
        .collect();
    (!hurt.is_empty()).then(|| {
        let (list, size) = (hurt.join(", "), last.simulations);
        format!("{strategy} is worse than {BASELINE} at {size} simulations for: {list}.")
    })
}

/// The sentence about the sizes at which the strategy is worse.
fn loss(strategy: &str, comparisons: &[Comparison]) -> Option<String> {
    let worse = comparisons
        .iter()
        .rev()
        .find(|comparison| comparison.worse())?;
    let is_last = comparisons
        .last()
        .is_some_and(|last| last.simulations == worse.simulations);
    let cost = format!(
        "at {} simulations its test MSE is {:.2}x that of {BASELINE}",
        worse.simulations, worse.ratio
    );
    Some(if is_last && !comparisons.iter().any(Comparison::better) {
        format!("{strategy} never catches up: {cost}.")
    } else {
        format!("{strategy} can also be worse: {cost}.")
    })
}

/// The sizes that were compared, in words.
fn range(comparisons: &[Comparison]) -> String {
    match comparisons {
        [only] => format!("at {} simulations", only.simulations),
        [first, .., last] => {
            format!(
                "at every size compared ({} to {} simulations)",
                first.simulations, last.simulations
            )
        }
        [] => String::new(),
    }
}

/// Two digits: more would promise a precision that an interpolation between scattered points does not have.
fn round(simulations: f64) -> f64 {
    let unit = 10f64.powf((simulations.log10().floor() - 1.0).max(0.0));
    (simulations / unit).round() * unit
}
