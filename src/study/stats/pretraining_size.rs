//! The effect of a larger pre-training: the test score against the simulations of the pre-training.

use std::collections::{BTreeMap, BTreeSet};

use crate::study::stats::statistics::mean_interval;
use crate::study::store::pretraining_size::PretrainingSize;
use crate::study::store::run::{Curve, RunRecord};
use crate::study::store::summary::Spread;
use crate::study::transfer::BASELINE;

/// The effect of the pre-training size, strategies by name, sizes and pre-training sizes rising;
/// empty unless the runs have several pre-training sizes.
pub fn pretraining_sizes(runs: &[RunRecord]) -> Vec<PretrainingSize> {
    let (strategies, sizes) = (strategies(runs), all(runs, |run| Some(run.key.simulations)));
    let mut found = Vec::new();
    let Some(largest) = pretrained(runs).last().copied().filter(|largest| *largest > 0) else {
        return found;
    };
    for strategy in &strategies {
        for &simulations in &sizes {
            let here: Vec<&RunRecord> =
                (runs.iter()).filter(|run| run.key.simulations == simulations).collect();
            for &count in &pretrained(runs) {
                found.extend(one(&here, strategy, (simulations, count), largest));
            }
        }
    }
    found
}

/// One line of the table, from the runs of its size; absent if no seed has a test score.
fn one(
    here: &[&RunRecord],
    strategy: &str,
    (simulations, count): (usize, usize),
    largest: usize,
) -> Option<PretrainingSize> {
    let own = of(here, strategy, count);
    let values: Vec<f64> = own.values().map(|value| value.exp()).collect();
    let mean = Spread::new(values.iter().copied().map(Some)).mean?;
    let ratios = match count == largest {
        true => vec![],
        false => differences(&own, &of(here, strategy, largest)),
    };
    Some(PretrainingSize {
        metric: here.first()?.metric(),
        strategy: strategy.to_owned(),
        simulations,
        pretraining_simulations: count,
        seeds: values.len(),
        mean,
        interval: mean_interval(&values),
        ratio: (!ratios.is_empty()).then(|| average(&ratios).exp()),
        ratio_interval: mean_interval(&ratios).map(|interval| interval.map(f64::exp)),
    })
}

/// One sentence for each strategy: the test score after the smallest pre-training relative to the
/// largest, over all sizes, and its share of the gain over the baseline. Empty unless the runs have
/// several pre-training sizes.
pub fn pretraining_size_verdict(runs: &[RunRecord]) -> Vec<String> {
    let counts: Vec<usize> = pretrained(runs).into_iter().filter(|count| *count > 0).collect();
    let [smallest, .., largest] = counts[..] else {
        return vec![];
    };
    let sizes = all(runs, |run| Some(run.key.simulations)).len();
    let metric = runs[0].metric();
    let sign = metric.better.sign();
    let sentence = |strategy: &String| {
        let apart = over_sizes(runs, strategy, smallest, largest);
        let gain = over_sizes(runs, strategy, 0, largest);
        let Some([low, high]) = mean_interval(&apart) else {
            return format!(
                "{strategy}: with fewer than two seeds, the effect of the pre-training size \
                 cannot be tested."
            );
        };
        let over = match sizes {
            1 => String::new(),
            _ => format!(", geometric mean over {sizes} sizes"),
        };
        let percent = |logarithm: f64| 100.0 * (logarithm.exp() - 1.0);
        let mean = average(&apart);
        let mut text = format!(
            "{strategy}: pre-trained on {smallest} simulations in place of {largest}, it has \
             {:.2} times the test {} (95 % interval of the change {:+.1} to {:+.1} %{over})",
            mean.exp(),
            metric.title,
            percent(low),
            percent(high)
        );
        // without a significant gain the share has no meaning
        if mean_interval(&gain).is_some_and(|ends| ends.iter().all(|end| sign * end > 0.0)) {
            let share = 100.0 * (1.0 - mean / average(&gain));
            let title = metric.title;
            text += &format!(", and {share:.0} % of the gain over {BASELINE} in log test {title}");
        }
        text + "."
    };
    strategies(runs).iter().map(sentence).collect()
}

/// The logarithm of the ratio of test scores after two pre-trainings, mean over sizes, for each
/// seed that has both at every size.
fn over_sizes(runs: &[RunRecord], strategy: &str, count: usize, other: usize) -> Vec<f64> {
    let sizes = all(runs, |run| Some(run.key.simulations));
    let mut sums: BTreeMap<u32, (f64, usize)> = BTreeMap::new();
    for size in &sizes {
        let here: Vec<&RunRecord> =
            runs.iter().filter(|run| run.key.simulations == *size).collect();
        let (ours, theirs) = (of(&here, strategy, count), of(&here, strategy, other));
        for (seed, our) in ours {
            if let Some(their) = theirs.get(&seed) {
                let sum = sums.entry(seed).or_default();
                *sum = (sum.0 + our - their, sum.1 + 1);
            }
        }
    }
    let whole = sums.into_values().filter(|(_, count)| *count == sizes.len());
    whole.map(|(sum, count)| sum / count as f64).collect()
}

/// The logarithms of the test scores by seed; of the baseline where there is no pre-training.
fn of(here: &[&RunRecord], strategy: &str, count: usize) -> BTreeMap<u32, f64> {
    let curve = match count {
        0 => Curve::of(BASELINE),
        _ => Curve { strategy: strategy.to_owned(), pretraining_simulations: Some(count) },
    };
    let value = |run: &&RunRecord| {
        let logarithm = run.score()?.ln();
        logarithm.is_finite().then_some((run.key.seed, logarithm))
    };
    here.iter().filter(|run| run.key.curve == curve).filter_map(value).collect()
}

fn differences(ours: &BTreeMap<u32, f64>, theirs: &BTreeMap<u32, f64>) -> Vec<f64> {
    let pairs = ours.iter();
    pairs.filter_map(|(seed, our)| Some(our - theirs.get(seed)?)).collect()
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

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
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
        let found = pretraining_sizes(&study());
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
        let [sentence] = &pretraining_size_verdict(&study())[..] else { panic!("one strategy") };
        let begin = "dummy-node: pre-trained on 2000 simulations in place of 8000, it has 1.10 \
             times the test MSE";
        assert!(sentence.starts_with(begin), "{sentence}");
        // ln 1.1 of ln 2 is missing
        assert!(sentence.contains("86 % of the gain over scratch"), "{sentence}");
        assert!(sentence.contains("over 2 sizes"), "{sentence}");
        let worse = [runs("scratch", 0, 1.0), runs("a", 2000, 1.5), runs("a", 8000, 1.2)];
        let sentences = pretraining_size_verdict(&worse.concat());
        assert!(!sentences[0].contains("gain"), "{sentences:?}");
        let one_seed = study().into_iter().filter(|run| run.key.seed == 1);
        let sentences = pretraining_size_verdict(&one_seed.collect::<Vec<_>>());
        assert!(sentences[0].contains("fewer than two seeds"), "{sentences:?}");
    }

    #[test]
    fn a_study_with_one_pretraining_has_no_such_effect() {
        let mut runs = study();
        runs.iter_mut().for_each(|run| run.key.curve.pretraining_simulations = None);
        assert!(pretraining_sizes(&runs).is_empty() && pretraining_size_verdict(&runs).is_empty());
    }
}
