//! Verdicts over several studies that differ in their seed alone, which draws the rows to test on,
//! the subsets and the pre-trainings: what holds is beyond the luck of one such draw.

use std::collections::BTreeMap;

use crate::study::stats::degeneracy::{Worth, new_targets, sentence as of_new_target, worth};
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::mean;
use crate::study::stats::statistics::mean_interval;
use crate::study::stats::words::joined;
use crate::study::store::degeneracy::Degeneracy;
use crate::study::store::negative_transfer::Transfer;
use crate::study::store::run::Curve;
use crate::study::store::savings::{Bound, Saving};
use crate::study::store::study_seeds::{Estimate, OverStudySeeds};
use crate::study::transfer::BASELINE;

/// Studies that differ in their seed alone, and what holds over them.
#[derive(Clone, Debug)]
pub struct SeedSeries<'a> {
    /// The title that they share.
    pub title: &'a str,
    /// The studies, in the order in which they come.
    pub members: Vec<&'a Findings>,
    /// Every curve, size and target.
    pub all: Vec<OverStudySeeds>,
    /// A sentence for each strategy that transfers: what it saves, and where it hurts; and one for
    /// each new target, whether degeneracies predict that.
    pub sentences: Vec<String>,
}

impl<'a> SeedSeries<'a> {
    fn new(title: &'a str, members: Vec<&'a Findings>) -> Self {
        let all = over_study_seeds(title, &members);
        Self { title, sentences: sentences(&members, &all), members, all }
    }

    /// What the title ends with: the name of the scenario, if it is one.
    pub fn scenario(&self) -> &str {
        self.title.rsplit_once(": ").map_or(self.title, |(_, scenario)| scenario)
    }
}

/// The series of some studies, in the order in which they come; studies without one are left out.
pub fn seed_series(all: &[Findings]) -> Vec<SeedSeries<'_>> {
    let mut found: Vec<(&str, Vec<&Findings>)> = Vec::new();
    for one in all {
        let Some(title) = one.provenance.as_ref().and_then(|study| study.series.as_deref()) else {
            continue;
        };
        match found.iter_mut().find(|(known, _)| *known == title) {
            Some((_, members)) => members.push(one),
            None => found.push((title, vec![one])),
        }
    }
    found.into_iter().map(|(title, members)| SeedSeries::new(title, members)).collect()
}

/// Every curve, size and target of a series: sizes and curves in the order of the first study, the
/// mean over all targets first.
fn over_study_seeds(name: &str, members: &[&Findings]) -> Vec<OverStudySeeds> {
    let Some(first) = members.first() else { return vec![] };
    let mut found = Vec::new();
    for size in first.summary.sizes() {
        for curve in &first.summary.curves {
            let targets = first.targets.iter().map(Some);
            for target in std::iter::once(None).chain(targets) {
                found.extend(one(name, members, (curve, size, target)));
            }
        }
    }
    found
}

type Key<'a> = (&'a Curve, usize, Option<&'a String>);

/// One line; absent if no study has a test score.
fn one(name: &str, members: &[&Findings], key: Key) -> Option<OverStudySeeds> {
    let (curve, simulations, target) = key;
    let scores: Vec<f64> = members.iter().filter_map(|one| score(one, key)).collect();
    if scores.is_empty() {
        return None;
    }
    let ratios: Vec<f64> = members.iter().filter_map(|one| ratio(one, key)).collect();
    let saving = |of: &&Findings| {
        let same = |one: &&Saving| one.curve == *curve && one.simulations == simulations;
        of.savings.iter().find(same).cloned().filter(|_| target.is_none())
    };
    let savings: Vec<Saving> = members.iter().filter_map(saving).collect();
    let factors: Vec<f64> = savings.iter().map(|one| one.factor).collect();
    let has = |bound: Bound| savings.iter().any(|one| one.bound == bound);
    let bounds = [has(Bound::LessThanSmallest), has(Bound::MoreThanLargest)];
    Some(OverStudySeeds {
        series: name.to_owned(),
        metric: members.first()?.metric(),
        curve: curve.clone(),
        simulations,
        target: target.cloned(),
        seeds: scores.len(),
        score: Estimate { interval: mean_interval(&scores), mean: mean(&scores) },
        ratio: geometric(&ratios),
        saving: geometric(&factors).map(|saving| opened(saving, bounds)),
        bound: match bounds {
            [_, true] => Bound::MoreThanLargest,
            [true, false] => Bound::LessThanSmallest,
            [false, false] => Bound::Exact,
        },
    })
}

/// An interval with bounds in it, from above or from below, has one end; with both it has none.
fn opened(saving: Estimate, [above, below]: [bool; 2]) -> Estimate {
    let interval = saving.interval.filter(|_| !(above && below)).map(|[low, high]| {
        [if above { 0.0 } else { low }, if below { f64::INFINITY } else { high }]
    });
    Estimate { interval, ..saving }
}

/// The mean test score of a study.
fn score(of: &Findings, (curve, simulations, target): Key) -> Option<f64> {
    let row = of.summary.row(curve, simulations)?;
    let spread = match target {
        None => row.score(),
        Some(target) => row.target_score(of.targets.iter().position(|one| one == target)?),
    };
    spread.mean
}

/// The test score relative to the baseline of a study.
fn ratio(of: &Findings, (curve, simulations, target): Key) -> Option<f64> {
    let mut all = of.transfers.iter();
    let same = |one: &&Transfer| {
        one.curve == *curve && one.simulations == simulations && one.target.as_ref() == target
    };
    all.find(same).map(|one| one.ratio).filter(|ratio| *ratio > 0.0)
}

fn geometric(values: &[f64]) -> Option<Estimate> {
    let logarithms: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    (!logarithms.is_empty()).then(|| Estimate {
        mean: mean(&logarithms).exp(),
        interval: mean_interval(&logarithms).map(|ends| ends.map(f64::exp)),
    })
}

fn sentences(members: &[&Findings], all: &[OverStudySeeds]) -> Vec<String> {
    let mut by_curve: BTreeMap<&Curve, Vec<&OverStudySeeds>> = BTreeMap::new();
    for one in all.iter().filter(|one| one.curve.strategy != BASELINE) {
        by_curve.entry(&one.curve).or_default().push(one);
    }
    let of_curves = by_curve.into_iter().map(|(curve, own)| sentence(curve, &own));
    of_curves.chain(degeneracy_sentences(members, all)).collect()
}

/// Whether degeneracies, means over the studies, predict what transfer hurts in all of them
/// together.
fn degeneracy_sentences(members: &[&Findings], over_seeds: &[OverStudySeeds]) -> Vec<String> {
    let Some(first) = members.first() else { return vec![] };
    if over_seeds.iter().all(|one| one.ratio.is_none_or(|ratio| ratio.interval.is_none())) {
        return vec![];
    }
    let is_hurt = |name: &str| {
        let own = |one: &&OverStudySeeds| one.target.as_deref() == Some(name);
        over_seeds.iter().filter(own).any(OverStudySeeds::is_worse)
    };
    let of_pair = |pair: &Degeneracy| {
        let same = |one: &&Degeneracy| (&one.new, &one.shared) == (&pair.new, &pair.shared);
        let of_study = |of: &&Findings| {
            let found = of.degeneracies.iter().find(same)?;
            Some((found.shift, worth(&of.summary, found)?.share))
        };
        let all: Option<Vec<(f64, f64)>> = members.iter().map(of_study).collect();
        let (shifts, shares): (Vec<f64>, Vec<f64>) = all?.into_iter().unzip();
        let ends = mean_interval(&shifts);
        let is_certain = ends.is_none_or(|[low, high]| low > 0.0 || high < 0.0);
        Some(Worth { share: mean(&shares), is_certain })
    };
    let of_new = |new| {
        let own = first.degeneracies.iter().filter(|one| one.new == new);
        let worths = own.filter_map(|one| Some((one.shared.as_str(), of_pair(one)?)));
        of_new_target(new, worths.collect(), first.summary.sizes().last().copied()?, is_hurt)
    };
    new_targets(&first.degeneracies).into_iter().filter_map(of_new).collect()
}

fn sentence(curve: &Curve, own: &[&OverStudySeeds]) -> String {
    let (name, seeds) = (curve.label(), own.iter().map(|one| one.seeds).max().unwrap_or(0));
    if seeds < 2 {
        return format!("{name}: with a single study seed nothing can be said over study seeds.");
    }
    let gain = match most_saved(own) {
        Some((one, saving, _)) => {
            let bound = if one.bound == Bound::MoreThanLargest { "at least " } else { "" };
            format!(
                "with {} simulations it needs {bound}{:.1} times fewer{}",
                one.simulations,
                saving.mean,
                saving.interval_text(|end| format!("{end:.1}")).replace('(', "(95 % interval ")
            )
        }
        None => "no saving at any size whose 95 % interval excludes 1".to_owned(),
    };
    let mut hurt: Vec<(Option<&str>, Vec<&OverStudySeeds>)> = Vec::new();
    for one in own.iter().copied().filter(|one| one.is_worse()) {
        let target = one.target.as_deref();
        match hurt.iter_mut().find(|(known, _)| *known == target) {
            Some((_, sizes)) => sizes.push(one),
            None => hurt.push((target, vec![one])),
        }
    }
    let hurt: Vec<String> = hurt.into_iter().map(|(target, own)| worse(target, &own)).collect();
    let hurt = match hurt.is_empty() {
        true => "it hurts no target".to_owned(),
        false => format!("it hurts {}", joined(&hurt)),
    };
    format!("{name}, over {seeds} study seeds: {gain}; {hurt}.")
}

/// `M_nu at 50 and 100 simulations (1.13 to 1.17 times the MSE of scratch)`.
fn worse(target: Option<&str>, own: &[&OverStudySeeds]) -> String {
    let sizes: Vec<String> = own.iter().map(|one| one.simulations.to_string()).collect();
    let ratios = || own.iter().filter_map(|one| Some(one.ratio?.mean));
    let (low, high) = (ratios().fold(f64::MAX, f64::min), ratios().fold(0.0, f64::max));
    let [low, high] = [low, high].map(|ratio| format!("{ratio:.2}"));
    let ratios = if low == high { high } else { format!("{low} to {high}") };
    format!(
        "{} at {} simulations ({ratios} times the {} of {BASELINE})",
        target.unwrap_or("the mean over all targets"),
        joined(&sizes),
        own[0].metric.title,
    )
}

/// The saving with the highest lower end, if that is above 1.
fn most_saved<'a>(own: &[&'a OverStudySeeds]) -> Option<(&'a OverStudySeeds, Estimate, [f64; 2])> {
    let told = own.iter().filter_map(|one| {
        let saving = one.saving?;
        Some((*one, saving, saving.interval.filter(|ends| ends[0] > 1.0)?))
    });
    told.max_by(|one, other| one.2[0].total_cmp(&other.2[0]))
}
