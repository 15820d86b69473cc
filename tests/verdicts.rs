//! Savings with intervals, and negative transfer with its significance, on runs whose answer is known.

use shoal::analysis::{Transfer, negative_transfer_verdict, saved_simulations, transfers};
use shoal::random::{normal_pair, pcg4d};
use shoal::report::{Bound, RunRow};

/// A run whose targets have these test MSEs.
fn run(strategy: &str, simulations: usize, seed: u32, targets: [f64; 2]) -> RunRow {
    RunRow {
        strategy: strategy.to_owned(),
        simulations,
        seed,
        validation_mse: None,
        test_mse: Some((targets[0] + targets[1]) / 2.0),
        target_mse: targets.map(Some).to_vec(),
        epochs: 1,
        steps: 1,
        stopped: "patience".to_owned(),
        model: String::new(),
        pretraining_simulations: None,
    }
}

fn names() -> Vec<String> {
    ["Om", "M_nu"].map(str::to_owned).to_vec()
}

const SIZES: [usize; 5] = [50, 100, 200, 400, 800];

/// Errors fall as 1 / sqrt(simulations), a strategy's as if it had `worth` times as many; scatter of `scatter`, half of it common
/// to all strategies of a seed; the second target is `hurt` times worse with the strategy.
fn runs(worth: f64, scatter: f64, hurt: f64, seeds: u32) -> Vec<RunRow> {
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
    let saved = saved_simulations(&names(), &runs(4.0, 0.05, 1.0, 8), 500, 1);
    assert_eq!(saved.len(), SIZES.len());
    for one in &saved[..2] {
        assert_eq!(one.bound, Bound::Exact);
        let (low, high) = (one.low.unwrap(), one.high.unwrap());
        assert!(
            low < 4.0 && 4.0 < high && low < one.factor && one.factor < high,
            "{one:?}"
        );
        assert!(low > 3.0 && high < 5.5, "{one:?}");
    }
    // 800 with transfer are worth 3,200, which the baseline did not run
    let last = &saved[4];
    assert_eq!(
        (last.bound, last.factor, last.high),
        (Bound::MoreThanLargest, 1.0, None)
    );
    assert_eq!(
        saved,
        saved_simulations(&names(), &runs(4.0, 0.05, 1.0, 8), 500, 1),
        "same seed, same numbers"
    );
}

#[test]
fn a_strategy_that_is_worse_from_the_start_has_an_upper_bound() {
    let saved = saved_simulations(&names(), &runs(0.25, 0.01, 1.0, 6), 200, 1);
    assert_eq!(
        (saved[0].bound, saved[0].factor, saved[0].low),
        (Bound::LessThanSmallest, 1.0, None)
    );
    assert!((saved[4].factor - 0.25).abs() < 0.02, "{:?}", saved[4]);
}

#[test]
fn without_scatter_the_interval_has_no_width() {
    let saved = saved_simulations(&names(), &runs(2.0, 0.0, 1.0, 3), 50, 1);
    let one = &saved[1];
    assert!((one.factor - 2.0).abs() < 1e-9, "{one:?}");
    assert!((one.low.unwrap() - 2.0).abs() < 1e-9 && (one.high.unwrap() - 2.0).abs() < 1e-9);
}

fn of<'a>(all: &'a [Transfer], target: Option<&str>, simulations: usize) -> &'a Transfer {
    let found = all
        .iter()
        .find(|one| one.target.as_deref() == target && one.simulations == simulations);
    found.unwrap()
}

#[test]
fn a_target_that_is_hurt_is_told_from_one_that_gains() {
    let all = transfers(&names(), &runs(2.0, 0.05, 2.0, 8));
    assert_eq!(all.len(), SIZES.len() * 3);
    for size in SIZES {
        let (gains, hurt) = (of(&all, Some("Om"), size), of(&all, Some("M_nu"), size));
        assert!(
            gains.is_positive() && (gains.ratio - 0.707).abs() < 0.05,
            "{gains:?}"
        );
        assert!(
            hurt.is_negative() && (hurt.ratio - 1.414).abs() < 0.1,
            "{hurt:?}"
        );
        assert_eq!((hurt.seeds, hurt.p_signed_rank), (8, Some(2.0 / 256.0)));
        assert!(hurt.p_corrected > hurt.p);
    }
    let verdict = negative_transfer_verdict(&all);
    assert_eq!(verdict.len(), 1);
    assert!(
        verdict[0].contains("negative transfer for M_nu (1.") && !verdict[0].contains("Om ("),
        "{verdict:?}"
    );
}

#[test]
fn scatter_alone_is_called_negative_in_one_study_of_twenty_at_most() {
    // no effect at all: with Holm's correction, the probability of any claim in a study is at most 5 %
    let studies = 400;
    let mut claimed = 0;
    for study in 0..studies {
        let mut noise = Vec::new();
        for (number, strategy) in ["scratch", "dummy-node"].into_iter().enumerate() {
            for simulations in SIZES {
                for seed in 0..6 {
                    let words = pcg4d([study, simulations as u32, seed, number as u32]);
                    let pair = normal_pair(words[0], words[1]);
                    noise.push(run(
                        strategy,
                        simulations,
                        seed,
                        pair.map(|z| 1.0 + 0.1 * z),
                    ));
                }
            }
        }
        let all = transfers(&names(), &noise);
        let any = all
            .iter()
            .filter(|one| one.target.is_some())
            .any(|one| one.is_negative() || one.is_positive());
        claimed += usize::from(any);
    }
    // 5 % of 400 with five standard deviations of a binomial number: 20 + 5 sqrt(19)
    assert!(claimed <= 41, "{claimed} of {studies}");
    assert!(
        claimed > 0,
        "a level of 5 % that is never reached is not one of 5 %"
    );
}

#[test]
fn one_seed_can_tell_nothing() {
    let all = transfers(&names(), &runs(2.0, 0.05, 2.0, 1));
    assert!(all.iter().all(|one| one.p.is_none() && !one.is_negative()));
    assert!(negative_transfer_verdict(&all)[0].contains("fewer than two seeds"));
    assert!(transfers(&names(), &[]).is_empty());
}
