//! Bootstrap samples of mean test scores (Efron 1979): over seeds, or the best trials of a search,
//! and over test rows.
//!
//! A sample draws all seeds but one with replacement, so that means scatter as they should (Rao and
//! Wu 1988), and takes all runs of a drawn seed, of every curve and size, as often as it was drawn:
//! runs of one seed have the same simulations. It also draws test rows with replacement, the same
//! for all networks with the same test rows, and adds what that changes of a network's score. The
//! best trials of a search are not paired, so each curve and size draws its own.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use crate::engine::random::{Stream, key, pcg4d};
use crate::engine::threads;
use crate::study::metric::Metric;
use crate::study::stats::scatter::Scatter;
use crate::study::store::group_predictions::GroupPredictions;
use crate::study::store::run::{Curve, RunRecord};
use crate::study::store::summary::Spread;
use crate::study::tested::Tested;

/// The largest number of predictions in all samples together, of which there are at least so many.
const PREDICTIONS: usize = 200_000_000;
const FEWEST: usize = 200;

/// A mean test score of a curve at a size.
pub type Mean<'a> = (&'a Curve, usize, f64);

/// The means of every curve and size, in each sample.
pub struct Bootstrap<'a> {
    samples: Vec<Vec<Mean<'a>>>,
    has_scatter: bool,
}

impl<'a> Bootstrap<'a> {
    /// Samples of runs, and of what the saved ones among them predict; fewer than `samples` if
    /// these are many.
    ///
    /// # Panics
    /// If there are no samples.
    pub fn new(
        runs: &'a [RunRecord],
        tested: &[GroupPredictions],
        scatter: Scatter,
        (samples, seed): (usize, u64),
    ) -> Self {
        assert!(samples > 0, "bootstrap: no samples");
        let (networks, lists) = networks(runs, tested);
        let numbers: usize = networks.iter().map(Network::numbers).sum();
        let samples = samples.min((PREDICTIONS / numbers.max(1)).max(FEWEST));
        let groups = groups(runs);
        let seeds: BTreeSet<u32> = runs.iter().map(|run| run.key.seed).collect();
        let seeds: Vec<u32> = seeds.into_iter().collect();
        let sample = |sample: usize| {
            let key = key(seed, Stream::BootstrapSamples, sample as u32);
            let times: Vec<Vec<f64>> =
                (0..).zip(&lists).map(|(list, count)| times(key, list, *count)).collect();
            let mut changes = vec![0.0; runs.len()];
            for network in &networks {
                changes[network.run] = network.change(&times[network.list]);
            }
            let value = |run: usize| runs[run].score().map(|score| score + changes[run]);
            Ok::<_, Infallible>(match scatter {
                Scatter::Seeds => resample_seeds(&groups, &seeds, key, value),
                Scatter::Trials => resample_trials(&groups, key, value),
            })
        };
        let samples = threads::try_map((threads::count(), samples), sample);
        let has_scatter = seeds.len() > 1 || !networks.is_empty();
        Self { has_scatter, samples: samples.unwrap_or_else(|never| match never {}) }
    }

    /// Whether there are several seeds or trials, or test rows, to draw from.
    pub fn has_scatter(&self) -> bool {
        self.has_scatter
    }

    /// The means of each sample.
    pub fn samples(&self) -> impl Iterator<Item = &[Mean<'a>]> {
        self.samples.iter().map(Vec::as_slice)
    }

    /// The 95 % interval of the difference of two curves at a size; absent if a sample lacks one.
    pub fn difference(&self, one: &Curve, other: &Curve, size: usize) -> Option<[f64; 2]> {
        let of = |sample: &[Mean], curve: &Curve| {
            let same = |mean: &&Mean| mean.0 == curve && mean.1 == size;
            sample.iter().find(same).map(|mean| mean.2)
        };
        let differences = self.samples().map(|means| Some(of(means, one)? - of(means, other)?));
        let differences = differences.collect::<Option<Vec<f64>>>()?;
        (self.has_scatter && !differences.is_empty()).then(|| interval(differences))
    }
}

/// The 2.5 % and the 97.5 % quantile of values.
pub(crate) fn interval(mut values: Vec<f64>) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    [0.025, 0.975].map(|share| values[(share * (values.len() as f64 - 1.0)).round() as usize])
}

/// A network whose test rows are drawn.
struct Network {
    /// Its place in the runs.
    run: usize,
    /// Which of the lists of test rows it has.
    list: usize,
    metric: &'static Metric,
    test: Tested,
    /// The place of each row in the list.
    places: Vec<usize>,
    /// The score on all rows.
    score: f64,
}

/// The networks of `runs` that are tested, and how many rows each list of test rows has.
fn networks(runs: &[RunRecord], tested: &[GroupPredictions]) -> (Vec<Network>, Vec<usize>) {
    let key = |run: &RunRecord| (run.key.group(), run.key.seed);
    let known: BTreeMap<_, usize> =
        runs.iter().enumerate().map(|(place, run)| (key(run), place)).collect();
    let mut lists: Vec<&[u32]> = Vec::new();
    let mut networks = Vec::new();
    for group in tested {
        for (place, seed) in group.seeds.iter().enumerate() {
            let Some(run) = known.get(&(group.group.clone(), *seed)) else { continue };
            let rows = &group.rows_of(place).rows[..];
            let list = lists.iter().position(|list| *list == rows).unwrap_or_else(|| {
                lists.push(rows);
                lists.len() - 1
            });
            let test = group.tested(place);
            let mut places: Vec<usize> = (0..rows.len()).collect();
            // metrics that sort rows are then quick
            if let [predictions] = &test.predictions[..] {
                places.sort_by(|a, b| predictions[*b].total_cmp(&predictions[*a]));
            }
            let (run, metric) = (*run, runs[*run].metric());
            let score = metric.of_targets(&test);
            networks.push(Network { run, list, metric, test, places, score });
        }
    }
    (networks, lists.iter().map(|list| list.len()).collect())
}

/// How often each row of a list is drawn.
fn times(key: u32, list: u32, count: usize) -> Vec<f64> {
    let mut times = vec![0.0; count];
    // seeds and trials have small numbers as the last counter
    let drawn = (0..count as u32).map(|number| draw([key, number, u32::MAX - list], count));
    drawn.for_each(|row| times[row] += 1.0);
    times
}

impl Network {
    fn numbers(&self) -> usize {
        self.places.len() * self.test.predictions.len()
    }

    /// By how much the score changes with other test rows; 0 where it is not defined.
    fn change(&self, times: &[f64]) -> f64 {
        let drawn: Vec<usize> =
            self.places.iter().copied().filter(|place| times[*place] > 0.0).collect();
        let weights = drawn.iter().map(|place| times[*place] * self.test.weight(*place));
        let select = |columns: &[Vec<f64>]| -> Vec<Vec<f64>> {
            columns.iter().map(|of| drawn.iter().map(|place| of[*place]).collect()).collect()
        };
        let test = Tested {
            predicts: self.test.predicts,
            predictions: select(&self.test.predictions),
            deviations: select(&self.test.deviations),
            truth: select(&self.test.truth),
            weights: Some(weights.collect::<Vec<f64>>().into()),
        };
        let change = self.metric.of_targets(&test) - self.score;
        if change.is_finite() { change } else { 0.0 }
    }
}

/// The seed and the place of each run of each curve and size.
type Groups<'a> = BTreeMap<(&'a Curve, usize), Vec<(u32, usize)>>;

fn groups(runs: &[RunRecord]) -> Groups<'_> {
    let mut groups = Groups::new();
    for (place, run) in runs.iter().enumerate() {
        let group = groups.entry((&run.key.curve, run.key.simulations)).or_default();
        group.push((run.key.seed, place));
    }
    groups
}

/// The means of all groups over one seed fewer than there are, drawn with replacement.
fn resample_seeds<'a>(
    groups: &Groups<'a>,
    seeds: &[u32],
    key: u32,
    value: impl Fn(usize) -> Option<f64>,
) -> Vec<Mean<'a>> {
    let chosen =
        (0..fewer(seeds.len())).map(|number| seeds[draw([key, number as u32, 0], seeds.len())]);
    let chosen: Vec<u32> = chosen.collect();
    let mean = |group: &[(u32, usize)]| {
        let of_seed = |seed: &u32| {
            let seed = *seed;
            group.iter().filter(move |run| run.0 == seed).map(|run| value(run.1))
        };
        Spread::new(chosen.iter().flat_map(of_seed)).mean
    };
    let all = groups.iter();
    all.filter_map(|((curve, size), group)| Some((*curve, *size, mean(group)?))).collect()
}

/// The means of all groups over one trial fewer than each has, drawn with replacement.
fn resample_trials<'a>(
    groups: &Groups<'a>,
    key: u32,
    value: impl Fn(usize) -> Option<f64>,
) -> Vec<Mean<'a>> {
    let mean = |place: usize, group: &[(u32, usize)]| {
        let counters = |number: usize| [key, number as u32, place as u32 + 1];
        let drawn = |number: usize| value(group[draw(counters(number), group.len())].1);
        Spread::new((0..fewer(group.len())).map(drawn)).mean
    };
    let all = groups.iter().enumerate();
    all.filter_map(|(place, ((curve, size), group))| Some((*curve, *size, mean(place, group)?)))
        .collect()
}

/// One fewer, but of one or none as many.
fn fewer(count: usize) -> usize {
    if count > 1 { count - 1 } else { count }
}

/// A number below `count`.
fn draw([key, number, place]: [u32; 3], count: usize) -> usize {
    let word = pcg4d([key, number, place, 0])[0];
    ((u64::from(word) * count as u64) >> 32) as usize
}
