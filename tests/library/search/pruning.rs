//! The pruners decide as those of Optuna, report by report.

use std::collections::BTreeMap;

use serde::Deserialize;
use shoal::study::search::{Halving, Median, Pruner, State, Trial};

use super::{Loss, reference};

#[derive(Deserialize)]
struct Stored {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    rule: String,
    #[serde(flatten)]
    numbers: BTreeMap<String, serde_json::Value>,
    trace: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    /// Trial, epoch, loss, whether it was pruned.
    Report(u32, u32, Loss, bool),
    /// The trial completed.
    End([u32; 1]),
}

impl Case {
    fn pruner(&self) -> Box<dyn Pruner> {
        let number = |key: &str| self.numbers[key].as_u64().unwrap() as u32;
        match self.rule.as_str() {
            "median" => Box::new(Median {
                startup: number("startup") as usize,
                warmup: number("warmup"),
                interval: number("interval"),
            }),
            _ => Box::new(Halving {
                first: number("first"),
                factor: number("factor"),
                delay: number("delay"),
            }),
        }
    }
}

#[test]
fn pruners_decide_as_those_of_optuna() {
    let stored: Stored = reference("pruning.json");
    assert!(stored.cases.len() >= 10);
    for case in &stored.cases {
        let (pruner, mut trials, mut pruned, mut reports) =
            (case.pruner(), Vec::<Trial>::new(), 0, 0);
        for entry in &case.trace {
            match entry {
                Entry::End([number]) => {
                    let trial = &mut trials[*number as usize];
                    let loss = trial.last().unwrap().1;
                    *trial = trial.clone().complete(loss);
                }
                Entry::Report(number, epoch, loss, stopped) => {
                    let index = *number as usize;
                    // trials are numbered as they begin, which is not the order of their first
                    // reports
                    (trials.len()..=index)
                        .for_each(|new| trials.push(Trial::running(new as u32, Vec::new())));
                    trials[index].losses.insert(*epoch, loss.number());
                    let stops = pruner.stops(&trials[index], &trials);
                    assert_eq!(stops, *stopped, "{pruner:?}: trial {number} after epoch {epoch}");
                    if stops {
                        trials[index].state = State::Pruned;
                    }
                    pruned += u32::from(stops);
                    reports += 1;
                }
            }
        }
        assert!(pruned > 5 && reports > 100, "{pruner:?}: {pruned} of {reports}");
    }
}
