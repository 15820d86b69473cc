//! The effect of a larger pre-training: the test score against the simulations of the pre-training.

use std::collections::{BTreeMap, BTreeSet};

use crate::study::stats::scatter::{Scatter, mean};
use crate::study::stats::statistics::{Group, mean_interval, welch_interval};
use crate::study::store::pretraining_size::PretrainingSize;
use crate::study::store::run::{Curve, RunRecord};
use crate::study::store::summary::Spread;
use crate::study::transfer::BASELINE;

/// The effect of the pre-training size, strategies by name, sizes and pre-training sizes rising;
/// empty unless the runs have several pre-training sizes.
pub fn pretraining_sizes(runs: &[RunRecord], scatter: Scatter) -> Vec<PretrainingSize> {
    let mut found = Vec::new();
    let Some(largest) = pretrained(runs).last().copied().filter(|largest| *largest > 0) else {
        return found;
    };
    for strategy in &strategies(runs) {
        for size in sizes(runs) {
            for &count in &pretrained(runs) {
                found.extend(one((runs, scatter), strategy, (size, count), largest));
            }
        }
    }
    found
}

/// One line of the table; absent if no run has a test score.
fn one(
    (runs, scatter): (&[RunRecord], Scatter),
    strategy: &str,
    (simulations, count): (usize, usize),
    largest: usize,
) -> Option<PretrainingSize> {
    let values = of(runs, strategy, (simulations, count));
    let values: Vec<f64> = values.into_values().map(f64::exp).collect();
    let mean = Spread::new(values.iter().copied().map(Some)).mean?;
    let change = match count == largest {
        true => None,
        false => change((runs, scatter), strategy, [count, largest], &[simulations]),
    };
    Some(PretrainingSize {
        metric: runs.first()?.metric(),
        strategy: strategy.to_owned(),
        simulations,
        pretraining_simulations: count,
        seeds: values.len(),
        mean,
        interval: mean_interval(&values),
        ratio: change.map(|change| change.mean.exp()),
        ratio_interval: change.and_then(|change| change.interval).map(|ends| ends.map(f64::exp)),
    })
}

/// One sentence for each strategy: the test score after the smallest pre-training relative to the
/// largest, over all sizes, and its share of the gain over the baseline. Empty unless the runs have
/// several pre-training sizes.
pub fn pretraining_size_verdict(runs: &[RunRecord], scatter: Scatter) -> Vec<String> {
    let counts: Vec<usize> = pretrained(runs).into_iter().filter(|count| *count > 0).collect();
    let [smallest, .., largest] = counts[..] else {
        return vec![];
    };
    let sizes = sizes(runs);
    let metric = runs[0].metric();
    let sign = metric.better.sign();
    let sentence = |strategy: &String| {
        let change_to = |count| change((runs, scatter), strategy, [count, largest], &sizes);
        let apart = change_to(smallest).and_then(|change| Some((change.mean, change.interval?)));
        let Some((mean, [low, high])) = apart else {
            return format!(
                "{strategy}: with fewer than two {}, the effect of the pre-training size cannot \
                 be tested.",
                scatter.noun()
            );
        };
        let over = match sizes.len() {
            1 => String::new(),
            sizes => format!(", geometric mean over {sizes} sizes"),
        };
        let percent = |logarithm: f64| 100.0 * (logarithm.exp() - 1.0);
        let mut text = format!(
            "{strategy}: pre-trained on {smallest} simulations in place of {largest}, it has \
             {:.2} times the test {} (95 % interval of the change {:+.1} to {:+.1} %{over})",
            mean.exp(),
            metric.title,
            percent(low),
            percent(high)
        );
        // without a significant gain the share has no meaning
        let gain = change_to(0).filter(|gain| {
            gain.interval.is_some_and(|ends| ends.iter().all(|end| sign * end > 0.0))
        });
        if let Some(gain) = gain {
            let share = 100.0 * (1.0 - mean / gain.mean);
            let title = metric.title;
            text += &format!(", and {share:.0} % of the gain over {BASELINE} in log test {title}");
        }
        text + "."
    };
    strategies(runs).iter().map(sentence).collect()
}

/// A change of the logarithm of the test score, with its 95 % interval.
#[derive(Clone, Copy)]
struct Change {
    mean: f64,
    interval: Option<[f64; 2]>,
}

/// The change from the second pre-training to the first, mean over sizes. Seeds that have both at
/// every size are paired; the best trials of a search are not.
fn change(
    (runs, scatter): (&[RunRecord], Scatter),
    strategy: &str,
    [count, other]: [usize; 2],
    sizes: &[usize],
) -> Option<Change> {
    let both =
        sizes.iter().map(|size| [count, other].map(|count| of(runs, strategy, (*size, count))));
    let both: Vec<[BTreeMap<u32, f64>; 2]> = both.collect();
    if both.iter().flatten().any(BTreeMap::is_empty) {
        return None;
    }
    match scatter {
        Scatter::Seeds => {
            let difference = |seed: &u32| -> Option<f64> {
                let at = |[ours, theirs]: &[BTreeMap<u32, f64>; 2]| {
                    Some(ours.get(seed)? - theirs.get(seed)?)
                };
                both.iter().map(at).sum::<Option<f64>>().map(|sum| sum / both.len() as f64)
            };
            let apart: Vec<f64> = both[0][0].keys().filter_map(difference).collect();
            (!apart.is_empty())
                .then(|| Change { mean: mean(&apart), interval: mean_interval(&apart) })
        }
        Scatter::Trials => {
            let group = |values: &BTreeMap<u32, f64>| Group::new(values.values().copied());
            let pairs: Vec<(Group, Group)> =
                both.iter().map(|[ours, theirs]| (group(ours), group(theirs))).collect();
            let apart: Vec<f64> =
                pairs.iter().map(|(ours, theirs)| ours.mean - theirs.mean).collect();
            Some(Change { mean: mean(&apart), interval: welch_interval(&pairs) })
        }
    }
}

/// The logarithms of the test scores by seed; of the baseline where there is no pre-training.
fn of(
    runs: &[RunRecord],
    strategy: &str,
    (simulations, count): (usize, usize),
) -> BTreeMap<u32, f64> {
    let curve = match count {
        0 => Curve::of(BASELINE),
        _ => Curve { strategy: strategy.to_owned(), pretraining_simulations: Some(count) },
    };
    let value = |run: &RunRecord| {
        let logarithm = run.score()?.ln();
        logarithm.is_finite().then_some((run.key.seed, logarithm))
    };
    let own = runs.iter();
    let own = own.filter(|run| run.key.simulations == simulations && run.key.curve == curve);
    own.filter_map(value).collect()
}

fn sizes(runs: &[RunRecord]) -> Vec<usize> {
    all(runs, |run| Some(run.key.simulations))
}

fn strategies(runs: &[RunRecord]) -> Vec<String> {
    all(runs, |run| run.key.curve.pretraining_simulations.map(|_| run.key.curve.strategy.clone()))
}

/// The pre-training sizes, 0 for the baseline among them.
fn pretrained(runs: &[RunRecord]) -> Vec<usize> {
    all(runs, |run| match run.key.curve.strategy == BASELINE {
        true => Some(0),
        false => run.key.curve.pretraining_simulations,
    })
}

fn all<T: Ord>(runs: &[RunRecord], of: impl Fn(&RunRecord) -> Option<T>) -> Vec<T> {
    let found: BTreeSet<T> = runs.iter().filter_map(of).collect();
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::store::run::RunKey;

    /// Four seeds that share their scatter: a run with `worth` of the baseline's test MSE.
    fn runs(strategy: &str, count: usize, worth: f64) -> Vec<RunRecord> {
        let one = |(simulations, seed): (usize, u32)| {
            let pretraining_simulations = Some(count).filter(|count| *count > 0);
            let curve = Curve { strategy: strategy.to_owned(), pretraining_simulations };
            let key = RunKey { curve, simulations, seed, ..RunKey::default() };
            let mut run = RunRecord::untrained(key, 0);
            run.test[0].total = Some(
                worth / simulations as f64
                    * (1.0 + 0.2 * f64::from(seed))
                    * (1.0 + 0.001 * f64::from((seed * count as u32) % 7)),
            );
            run
        };
        let sizes = [50, 100].into_iter();
        sizes.flat_map(|size| (1..=4).map(move |seed| one((size, seed)))).collect()
    }

    fn study() -> Vec<RunRecord> {
        [runs("scratch", 0, 1.0), runs("dummy-node", 2000, 0.55), runs("dummy-node", 8000, 0.5)]
            .concat()
    }

    #[test]
    fn every_size_stands_beside_the_baseline_and_the_largest() {
        let found = pretraining_sizes(&study(), Scatter::Seeds);
        let counts: Vec<_> =
            (found.iter()).map(|one| (one.simulations, one.pretraining_simulations)).collect();
        let expected = [50, 100].map(|size| [0, 2000, 8000].map(|count| (size, count)));
        assert_eq!(counts, expected.concat());
        assert!(found.iter().all(|one| one.seeds == 4 && one.strategy == "dummy-node"));
        let [scratch, small, large] = &found[..3] else { panic!("three rows") };
        // scatter that seeds share is in the interval of a mean, and not in that of a ratio
        let [low, high] = small.interval.unwrap();
        assert!(low < 0.8 * small.mean && high > 1.2 * small.mean, "{small:?}");
        assert!((small.ratio.unwrap() - 1.1).abs() < 0.01, "{small:?}");
        let [low, high] = small.ratio_interval.unwrap();
        assert!(low > 1.09 && high < 1.11, "{small:?}");
        assert!((scratch.ratio.unwrap() - 2.0).abs() < 0.02, "{scratch:?}");
        assert_eq!((large.ratio, large.ratio_interval), (None, None));
    }

    #[test]
    fn the_sentence_compares_the_smallest_pretraining_with_the_largest() {
        let [sentence] = &pretraining_size_verdict(&study(), Scatter::Seeds)[..] else {
            panic!("one strategy")
        };
        let begin = "dummy-node: pre-trained on 2000 simulations in place of 8000, it has 1.10 \
             times the test MSE";
        assert!(sentence.starts_with(begin), "{sentence}");
        // ln 1.1 of ln 2 is missing
        assert!(sentence.contains("86 % of the gain over scratch"), "{sentence}");
        assert!(sentence.contains("over 2 sizes"), "{sentence}");
        let worse = [runs("scratch", 0, 1.0), runs("a", 2000, 1.5), runs("a", 8000, 1.2)];
        let sentences = pretraining_size_verdict(&worse.concat(), Scatter::Seeds);
        assert!(!sentences[0].contains("gain"), "{sentences:?}");
        let one_seed = study().into_iter().filter(|run| run.key.seed == 1);
        let sentences = pretraining_size_verdict(&one_seed.collect::<Vec<_>>(), Scatter::Seeds);
        assert!(sentences[0].contains("fewer than two seeds"), "{sentences:?}");
    }

    #[test]
    fn trials_of_a_search_are_not_paired() {
        let of_seeds = pretraining_sizes(&study(), Scatter::Seeds);
        let of_trials = pretraining_sizes(&study(), Scatter::Trials);
        let width = |all: &[PretrainingSize]| all[1].ratio_interval.map(|[low, high]| high / low);
        // the scatter that seeds share does not cancel
        assert!(width(&of_seeds).unwrap() < 1.02 && width(&of_trials).unwrap() > 1.3);
        assert!((of_trials[1].ratio.unwrap() - 1.1).abs() < 0.01, "{of_trials:?}");
        let one = study().into_iter().filter(|run| run.key.seed == 1).collect::<Vec<_>>();
        let [sentence] = &pretraining_size_verdict(&one, Scatter::Trials)[..] else {
            panic!("one strategy")
        };
        assert!(sentence.contains("fewer than two trials"), "{sentence}");
    }

    #[test]
    fn a_study_with_one_pretraining_has_no_such_effect() {
        let mut runs = study();
        runs.iter_mut().for_each(|run| run.key.curve.pretraining_simulations = None);
        assert!(pretraining_sizes(&runs, Scatter::Seeds).is_empty());
        assert!(pretraining_size_verdict(&runs, Scatter::Seeds).is_empty());
    }
}
