//! How simulations are divided in a plan: what tests, validates and trains, and how many pre-train.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::data::dataset::Dataset;
use crate::data::split::{Pool, Split};
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::error::Result;
use crate::input_error;
use crate::study::config::{NetworkTable, PretrainingTable, StudyFile};
use crate::study::plan::{DEEPEST, Plan, WIDEST, check_fraction, prefix};
use crate::study::transfer::Strategy;

impl Plan {
    /// Simulations that networks are pre-trained on, rising; empty if no strategy transfers.
    pub fn pretraining_sizes(&self) -> &[usize] {
        (self.pretraining.as_ref()).map_or(&[], |pretraining| &pretraining.simulations)
    }

    /// The same for the networks that a strategy starts from: 0 alone if it starts from none.
    pub fn pretraining_sizes_of(&self, strategy: Strategy) -> &[usize] {
        match strategy.transfers() {
            true => self.pretraining_sizes(),
            false => &[0],
        }
    }

    /// Whether networks are pre-trained on several numbers of simulations, so that runs must say on
    /// how many.
    pub fn has_pretraining_sizes(&self) -> bool {
        self.pretraining_sizes().len() > 1
    }

    /// The rows of a subset, the same for every strategy: to learn from and validate on, and to
    /// test on.
    ///
    /// # Errors
    /// None for the plan's own sizes.
    pub fn rows(&self, simulations: usize, seed: u32) -> Result<(Split, Vec<u32>)> {
        let mut drawn = self.drawn.lock().expect("plan: a thread panicked");
        if let Some(rows) = drawn.get(&(simulations, seed)) {
            return Ok(rows.clone());
        }
        let rows = self.draw(simulations, seed)?;
        drawn.insert((simulations, seed), rows.clone());
        Ok(rows)
    }

    fn draw(&self, simulations: usize, seed: u32) -> Result<(Split, Vec<u32>)> {
        let seed = key(self.seed, Stream::FineTuningRows, seed);
        match self.test_part {
            Some(test) => self.pool.subset_with_test(simulations, self.validation, test, seed),
            None => {
                let split = self.pool.subset(simulations, self.validation, seed)?;
                Ok((split, self.pool.test().to_vec()))
            }
        }
    }
}

/// Rows of subsets that were drawn before, by size and seed: all strategies and trials have the
/// same ones.
pub type Drawn = Arc<Mutex<HashMap<(usize, u32), (Split, Vec<u32>)>>>;

/// What part of each size is for what.
#[derive(Clone, Copy)]
pub struct Parts {
    /// The part that is validated on.
    pub validation: f64,
    /// The part that is tested on; absent where the same simulations test every size.
    pub test: Option<f64>,
}

/// The parts that were typed.
///
/// # Errors
/// [`crate::Error::Input`] for parts that leave nothing, and for keys that cannot stand together.
pub fn parts(typed: &StudyFile) -> Result<Parts> {
    let Some(split) = &typed.split else {
        let validation = typed.validation.unwrap_or(0.2);
        check_fraction("validation", validation)?;
        return Ok(Parts { validation, test: None });
    };
    let beside = [
        ("test", typed.test.map(|test| test.to_string())),
        ("validation", typed.validation.map(|part| part.to_string())),
    ];
    if let Some((key, value)) = (beside.into_iter()).find_map(|(key, value)| Some((key, value?))) {
        return Err(input_error!(
            "{key} = {value} beside [split]: each size is divided as [split] says, with split.{key} = {}; remove one of them",
            if key == "test" { split.test } else { split.validation }
        ));
    }
    let all = [split.training, split.validation, split.test];
    let sum: f64 = all.iter().sum();
    if all.iter().any(|part| *part <= 0.0 || !part.is_finite()) || (sum - 1.0).abs() > 1e-6 {
        return Err(input_error!(
            "split.training = {}, split.validation = {} and split.test = {} add up to {sum}; give three parts above 0 that \
             add up to 1, as 0.7, 0.15 and 0.15 do",
            all[0],
            all[1],
            all[2]
        ));
    }
    Ok(Parts { validation: split.validation, test: Some(split.test) })
}

/// The rows to test on and the rest, enough of them for every size.
pub fn pool(typed: &StudyFile, sizes: &[usize], finetune: &Dataset, parts: Parts) -> Result<Pool> {
    let rows = finetune.inputs.rows;
    let Some(test) = parts.test else {
        let pool = Pool::new(rows, test_rows(typed)?, typed.seed)?;
        for size in sizes {
            pool.subset(*size, parts.validation, 0)?;
        }
        return Ok(pool);
    };
    let pool = Pool::new(rows, 0, typed.seed)?;
    for size in sizes {
        pool.subset_with_test(*size, parts.validation, test, 0)
            .map_err(|error| prefix(error, "sizes and [split]"))?;
    }
    Ok(pool)
}

/// How many simulations test every size.
fn test_rows(typed: &StudyFile) -> Result<usize> {
    match typed.test {
        Some(0) => Err(input_error!("test = 0: keep at least one simulation aside to test on")),
        Some(test) => Ok(test),
        None => Err(input_error!(
            "test is missing: say how many simulations to keep aside to test every size on, or give [split], with which each \
             size has a test set of its own"
        )),
    }
}

/// The numbers of simulations to pre-train on, rising.
pub fn pretraining_sizes(
    table: &PretrainingTable,
    pool: &Pool,
    validation: f64,
) -> Result<Vec<usize>> {
    let typed = (table.simulations.clone()).unwrap_or_else(|| vec![pool.pool().len()]);
    let mut sizes = typed.clone();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.is_empty() || sizes.len() != typed.len() {
        return Err(input_error!(
            "pretraining.simulations = {typed:?}: give at least one number, each once"
        ));
    }
    for size in &sizes {
        let subset = pool.subset(*size, validation, 0);
        subset.map_err(|error| prefix(error, "pretraining.simulations"))?;
    }
    Ok(sizes)
}

/// The width of the last hidden layer of pre-trained networks, if they have one more than others.
pub fn bottleneck(table: &PretrainingTable, network: &NetworkTable) -> Result<Option<usize>> {
    let Some(width) = table.bottleneck else {
        return Ok(None);
    };
    if !(1..=WIDEST).contains(&width) {
        return Err(input_error!(
            "pretraining.bottleneck = {width}: it is the width of a hidden layer; widths are 1 to {WIDEST}"
        ));
    }
    let layers = network.hidden.len();
    if layers == DEEPEST {
        return Err(input_error!(
            "pretraining.bottleneck = {width} is one hidden layer more than the {layers} of network.hidden, and there are at \
             most {DEEPEST}; take one away"
        ));
    }
    Ok(Some(width))
}
