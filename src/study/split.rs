//! How the study file splits simulations into training, validation and test sets.

use std::collections::HashSet;

use crate::data::dataset::Dataset;
use crate::data::split::Pool;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{check_fraction, prefix};
use crate::study::config::study::{PretrainingConfig, StudyConfig};
use crate::study::plan::TestSet;

/// The fraction to validate on, and what to test on.
///
/// # Errors
/// [`crate::Error::Input`] for fractions that leave nothing, and for keys that exclude each other.
pub fn split(config: &StudyConfig) -> Result<(f64, TestSet)> {
    let Some(split) = &config.split else {
        let validation = config.validation.unwrap_or(0.2);
        check_fraction("validation", validation)?;
        return Ok((validation, TestSet::Shared(test_rows(config)?)));
    };
    let beside = [
        ("test", config.test.map(|test| test.to_string())),
        ("validation", config.validation.map(|part| part.to_string())),
    ];
    if let Some((key, value)) = (beside.into_iter()).find_map(|(key, value)| Some((key, value?))) {
        return Err(input_error!(
            "{key} = {value} beside [split]: each size is divided as [split] says, with \
             split.{key} = {}; remove one of them",
            if key == "test" { split.test } else { split.validation }
        ));
    }
    let all = [split.training, split.validation, split.test];
    let sum: f64 = all.iter().sum();
    if all.iter().any(|part| *part <= 0.0 || !part.is_finite()) || (sum - 1.0).abs() > 1e-6 {
        return Err(input_error!(
            "split.training = {}, split.validation = {} and split.test = {} add up to {sum}; give \
             three parts above 0 that add up to 1, as 0.7, 0.15 and 0.15 do",
            all[0],
            all[1],
            all[2]
        ));
    }
    Ok((split.validation, TestSet::Fraction(split.test)))
}

/// Simulations of the test set that all sizes share.
fn test_rows(config: &StudyConfig) -> Result<usize> {
    match config.test {
        Some(0) => Err(input_error!("test = 0: keep at least one simulation aside to test on")),
        Some(test) => Ok(test),
        None => Err(input_error!(
            "test is missing: say how many simulations to keep aside to test every size on, or \
             give [split], with which each size has a test set of its own"
        )),
    }
}

/// The rows of the data to fine-tune on, enough of them for every size.
///
/// # Errors
/// [`crate::Error::Input`] for a size that the data cannot give.
pub fn pool(
    config: &StudyConfig,
    sizes: &[usize],
    finetune: &Dataset,
    (validation, test): (f64, TestSet),
) -> Result<Pool> {
    match test {
        TestSet::Shared(test) => {
            let pool = pool_of(finetune, test, config.seed())?;
            for size in sizes {
                pool.subset(*size, validation, 0)?;
            }
            Ok(pool)
        }
        TestSet::Fraction(test) => {
            let pool = pool_of(finetune, 0, config.seed())?;
            for size in sizes {
                pool.subset_with_test(*size, validation, test, 0)
                    .map_err(|error| prefix(error, "sizes and [split]"))?;
            }
            Ok(pool)
        }
    }
}

fn pool_of(dataset: &Dataset, test: usize, seed: u64) -> Result<Pool> {
    match &dataset.groups {
        Some(groups) => Pool::grouped(groups, test, seed),
        None => Pool::new(dataset.targets.rows, test, seed),
    }
}

/// The rows to pre-train on: all but those of groups that networks are tested on. Also what the
/// user should know.
///
/// # Errors
/// [`crate::Error::Input`] if none is left, or if each size has a test set of its own and the
/// datasets share groups.
pub fn pretraining_pool(
    seed: u64,
    pretrain: &Dataset,
    (finetune, pool, test): (&Dataset, &Pool, TestSet),
) -> Result<(Pool, Option<String>)> {
    let all = pool_of(pretrain, 0, seed)?;
    let (Some(own), Some(others)) = (&pretrain.groups, &finetune.groups) else {
        let [with, without] = match (&pretrain.groups, &finetune.groups) {
            (Some(_), None) => ["data.pretrain", "data.finetune"],
            (None, Some(_)) => ["data.finetune", "data.pretrain"],
            _ => return Ok((all, None)),
        };
        let notice = format!(
            "{with} has groups but {without} has none, so rows of one group may be pre-trained on \
             and tested on; give both `groups`"
        );
        return Ok((all, Some(notice)));
    };
    let bits = |number: f64| (number + 0.0).to_bits();
    let of = |rows: &[u32]| rows.iter().map(|row| bits(others[*row as usize])).collect();
    let tested: HashSet<u64> = match test {
        TestSet::Shared(_) => of(pool.test()),
        TestSet::Fraction(_) => of(pool.pool()),
    };
    let is_tested = |row: u32| tested.contains(&bits(own[row as usize]));
    let kept = all.without(is_tested);
    let (rows, left_out) = (all.pool().len(), all.pool().len() - kept.pool().len());
    if left_out > 0 && matches!(test, TestSet::Fraction(_)) {
        return Err(input_error!(
            "{left_out} of {rows} rows of data.pretrain are of groups that data.finetune has too, \
             and with [split] each of them is in some test set; give `test`, one test set for all \
             sizes, in place of [split]"
        ));
    }
    if kept.pool().is_empty() {
        return Err(input_error!(
            "all {rows} rows of data.pretrain are of groups that networks are tested on, so none \
             is left to pre-train on; lower `test`"
        ));
    }
    let notice = (left_out > 0).then(|| {
        format!(
            "{left_out} of {rows} rows of data.pretrain are of groups that networks are tested on; \
             they are not used"
        )
    });
    Ok((kept, notice))
}

/// The numbers of simulations to pre-train on, ascending.
///
/// # Errors
/// [`crate::Error::Input`] for a number that the data cannot give.
pub fn pretraining_sizes(
    config: &PretrainingConfig,
    pool: &Pool,
    validation: f64,
) -> Result<Vec<usize>> {
    let all = config.simulations.clone().unwrap_or_else(|| vec![pool.pool().len()]);
    let mut sizes = all.clone();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.is_empty() || sizes.len() != all.len() {
        return Err(input_error!(
            "pretraining.simulations = {all:?}: give at least one number, each once"
        ));
    }
    for size in &sizes {
        let subset = pool.subset(*size, validation, 0);
        subset.map_err(|error| prefix(error, "pretraining.simulations"))?;
    }
    Ok(sizes)
}
