//! Savings with intervals, and negative transfer with its significance, on runs with known answers.

use shoal::engine::normals::normal_pair;
use shoal::engine::random::pcg4d;
use shoal::study::stats::bootstrap::Bootstrap;
use shoal::study::stats::savings::savings;
use shoal::study::stats::scatter::Scatter;
use shoal::study::stats::sentences::strategy_sentences;
use shoal::study::stats::summary::summarize;
use shoal::study::stats::transfers::transfers;
use shoal::study::store::negative_transfer::Transfer;
use shoal::study::store::run::{Curve, RunKey, RunRecord, StopReason};
use shoal::study::store::savings::{Bound, Saving};

/// A run whose targets have these test MSEs.
fn run(strategy: &str, simulations: usize, seed: u32, targets: [f64; 2]) -> RunRecord {
    let key = RunKey { curve: Curve::of(strategy), simulations, seed, ..RunKey::default() };
    let mut run = RunRecord { stopped: StopReason::Patience, ..RunRecord::untrained(key, 2) };
    run.set_test(&targets);
    run
}

fn saved(runs: &[RunRecord], scatter: Scatter, samples: (usize, u64)) -> Vec<Saving> {
    savings(&summarize(&names(), runs), &Bootstrap::new(runs, &[], scatter, samples))
}

fn compared(runs: &[RunRecord], scatter: Scatter) -> Vec<Transfer> {
    transfers(&names(), runs, scatter, &Bootstrap::new(runs, &[], scatter, (200, 1)))
}

fn names() -> Vec<String> {
    ["Om", "M_nu"].map(str::to_owned).to_vec()
}

const SIZES: [usize; 5] = [50, 100, 200, 400, 800];

/// Errors fall as 1 / sqrt(simulations), with transfer as if there were `worth` times as many. They
/// scatter by `scatter`, half of it common to all strategies of a seed. The second target is `hurt`
/// times worse with transfer.
fn runs(worth: f64, scatter: f64, hurt: f64, seeds: u32) -> Vec<RunRecord> {
    let normal = |words: [u32; 4]| normal_pair(pcg4d(words)[0], pcg4d(words)[1])[0];
    let mut runs = Vec::new();
    for (number, strategy) in ["scratch", "dummy-node"].into_iter().enumerate() {
        for simulations in SIZES {
            for seed in 0..seeds {
                let size = simulations as u32;
                let noise = 1.0
                    + scatter
                        * (normal([seed, size, 0, 9]) + normal([seed, size, number as u32, 1]))
                        / 2.0;
                let worth = if number == 1 { worth } else { 1.0 };
                let mse = noise / (simulations as f64 * worth).sqrt();
                runs.push(run(
                    strategy,
                    simulations,
                    seed,
                    [mse, mse * if number == 1 { hurt } else { 1.0 }],
                ));
            }
        }
    }
    runs
}

#[test]
fn a_known_saving_is_found_inside_its_interval() {
    let found = saved(&runs(4.0, 0.05, 1.0, 8), Scatter::Seeds, (500, 1));
    assert_eq!(found.len(), SIZES.len());
    for one in &found[..2] {
        assert_eq!(one.bound, Bound::Exact);
        let (low, high) = (one.low.unwrap(), one.high.unwrap());
        assert!(low < 4.0 && 4.0 < high && low < one.factor && one.factor < high, "{one:?}");
        assert!(low > 3.0 && high < 5.5, "{one:?}");
    }
    // 800 with transfer are worth 3,200, which the baseline did not run
    let last = &found[4];
    assert_eq!((last.bound, last.factor, last.high), (Bound::MoreThanLargest, 1.0, None));
    assert!(
        last.low == Some(1.0) && last.is_told(),
        "it saves, if nobody knows how much: {last:?}"
    );
    assert_eq!(
        found,
        saved(&runs(4.0, 0.05, 1.0, 8), Scatter::Seeds, (500, 1)),
        "same seed, same numbers"
    );
}

#[test]
fn a_strategy_that_is_worse_from_the_start_has_an_upper_bound() {
    let found = saved(&runs(0.25, 0.01, 1.0, 6), Scatter::Seeds, (200, 1));
    assert_eq!(
        (found[0].bound, found[0].factor, found[0].low),
        (Bound::LessThanSmallest, 1.0, None)
    );
    assert!((found[4].factor - 0.25).abs() < 0.02, "{:?}", found[4]);
}

#[test]
fn without_scatter_the_interval_has_no_width() {
    let found = saved(&runs(2.0, 0.0, 1.0, 3), Scatter::Seeds, (50, 1));
    let one = &found[1];
    assert!((one.factor - 2.0).abs() < 1e-9, "{one:?}");
    assert!((one.low.unwrap() - 2.0).abs() < 1e-9 && (one.high.unwrap() - 2.0).abs() < 1e-9);
}

fn of<'a>(all: &'a [Transfer], target: Option<&str>, simulations: usize) -> &'a Transfer {
    let found =
        all.iter().find(|one| one.target.as_deref() == target && one.simulations == simulations);
    found.unwrap()
}

#[test]
fn a_target_that_transfer_hurts_is_distinguished_from_one_that_gains() {
    let all = compared(&runs(2.0, 0.05, 2.0, 8), Scatter::Seeds);
    assert_eq!(all.len(), SIZES.len() * 3);
    for size in SIZES {
        let (gains, hurt) = (of(&all, Some("Om"), size), of(&all, Some("M_nu"), size));
        assert!(gains.is_positive() && (gains.ratio - 0.707).abs() < 0.05, "{gains:?}");
        assert!(hurt.is_negative() && (hurt.ratio - 1.414).abs() < 0.1, "{hurt:?}");
        assert_eq!((hurt.runs, hurt.p_signed_rank), (8, Some(2.0 / 256.0)));
        assert!(hurt.p_corrected > hurt.p);
    }
    let verdict = strategy_sentences(&[], &all, Scatter::Seeds);
    assert_eq!(verdict.len(), 1);
    assert!(
        verdict[0].contains("Negative transfer for M_nu (1.") && !verdict[0].contains("Om ("),
        "{verdict:?}"
    );
}

#[test]
fn scatter_alone_is_called_negative_in_one_study_of_twenty_at_most() {
    // no effect at all: with Holm's correction, the probability of any claim in a study is at most
    // 5 %
    let studies = 400;
    let mut claimed = 0;
    for study in 0..studies {
        let mut noise = Vec::new();
        for (number, strategy) in ["scratch", "dummy-node"].into_iter().enumerate() {
            for simulations in SIZES {
                for seed in 0..6 {
                    let words = pcg4d([study, simulations as u32, seed, number as u32]);
                    let pair = normal_pair(words[0], words[1]);
                    noise.push(run(strategy, simulations, seed, pair.map(|z| 1.0 + 0.1 * z)));
                }
            }
        }
        let all = compared(&noise, Scatter::Seeds);
        let any = all
            .iter()
            .filter(|one| one.target.is_some())
            .any(|one| one.is_negative() || one.is_positive());
        claimed += usize::from(any);
    }
    // 5 % of 400 with five standard deviations of a binomial number: 20 + 5 sqrt(19)
    assert!(claimed <= 41, "{claimed} of {studies}");
    assert!(claimed > 0, "a level of 5 % that is never reached is not one of 5 %");
}

#[test]
fn one_seed_gives_no_significance() {
    let all = compared(&runs(2.0, 0.05, 2.0, 1), Scatter::Seeds);
    assert!(all.iter().all(|one| one.p.is_none() && !one.is_negative()));
    let sentences = strategy_sentences(&[], &all, Scatter::Seeds);
    assert!(sentences[0].contains("with a single seed"), "{sentences:?}");
    assert!(compared(&[], Scatter::Seeds).is_empty());
    assert!(strategy_sentences(&[], &[], Scatter::Seeds).is_empty());
}

#[test]
fn the_sentences_of_a_strategy_claim_what_is_significant_and_no_more() {
    let say = |runs: &[RunRecord], scatter| {
        let found = saved(runs, scatter, (200, 1));
        strategy_sentences(&found, &compared(runs, scatter), scatter)
    };
    let gains = say(&runs(4.0, 0.02, 1.0, 6), Scatter::Seeds);
    assert!(
        gains[0].starts_with("dummy-node: its test MSE is 50 %")
            && gains[0].contains(
                " % lower than that of scratch at 5 of 5 sizes (corrected p < 0.05, over seeds); \
                 with "
            )
            && gains[0].ends_with("No significant negative transfer for any target."),
        "{gains:?}"
    );
    let costs = say(&runs(0.25, 0.02, 1.0, 6), Scatter::Seeds);
    assert!(
        costs[0].contains(
            " % higher than that of scratch at 5 of 5 sizes (corrected p < 0.05, over seeds)."
        ) && costs[0].contains("Negative transfer for M_nu (")
            && costs[0].contains(" and Om ("),
        "{costs:?}"
    );
    let nothing = say(&runs(1.0, 0.3, 1.0, 6), Scatter::Seeds);
    assert_eq!(
        nothing,
        ["dummy-node: its test MSE does not differ significantly from that of scratch at any \
             of 5 sizes (over seeds). No significant negative transfer for any target."]
    );
    let trials = say(&runs(4.0, 0.02, 1.0, 6), Scatter::Trials);
    assert!(
        trials[0].contains("(corrected p < 0.05, over the best trials)")
            && !trials[0].contains("seed"),
        "{trials:?}"
    );
}

#[test]
fn trials_are_not_paired_by_their_rank() {
    // the ranks of both rise together, so that each strategy scatters far more than their
    // difference
    let ranked = |strategy: &str, factor: f64| -> Vec<RunRecord> {
        let run = |rank: u32| {
            let mse = factor * (1.0 + 0.1 * f64::from(rank));
            run(strategy, 50, rank, [mse, mse])
        };
        (1..=10).map(run).collect()
    };
    let both = [ranked("scratch", 1.0), ranked("dummy-node", 0.97)].concat();
    let by_seed = compared(&both, Scatter::Seeds);
    let by_trial = compared(&both, Scatter::Trials);
    assert!(of(&by_seed, None, 50).is_positive());
    let apart = of(&by_trial, None, 50);
    assert!(!apart.is_positive() && apart.p.unwrap() > 0.5, "{apart:?}");
    assert_eq!((apart.runs, apart.p_signed_rank), (10, None));
    assert!((apart.ratio - 0.97).abs() < 1e-12);
    // trials are not paired in the samples of the interval either: it is wider
    let width = |scatter| {
        let found = saved(&curves(0.8), scatter, (500, 1));
        let one = found.iter().find(|one| one.simulations == 100).unwrap();
        one.high.unwrap() / one.low.unwrap()
    };
    // paired, the ratio of the curves is the same in every sample; unpaired, their means scatter by
    // 2 % each, N by twice that
    assert!(width(Scatter::Seeds) < 1.001 && width(Scatter::Trials) > 1.1);
}

/// Errors that fall as 1 / sqrt(simulations) and grow with the rank.
fn curves(factor: f64) -> Vec<RunRecord> {
    let mut all = Vec::new();
    for (strategy, factor) in [("scratch", 1.0), ("dummy-node", factor)] {
        for simulations in SIZES {
            for rank in 1..=10u32 {
                let mse = factor * (1.0 + 0.02 * f64::from(rank)) / (simulations as f64).sqrt();
                all.push(run(strategy, simulations, rank, [mse, mse]));
            }
        }
    }
    all
}
