//! How the study file splits simulations into training, validation and test sets.

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
    let rows = finetune.targets.rows;
    match test {
        TestSet::Shared(test) => {
            let pool = Pool::new(rows, test, config.seed)?;
            for size in sizes {
                pool.subset(*size, validation, 0)?;
            }
            Ok(pool)
        }
        TestSet::Fraction(test) => {
            let pool = Pool::new(rows, 0, config.seed)?;
            for size in sizes {
                pool.subset_with_test(*size, validation, test, 0)
                    .map_err(|error| prefix(error, "sizes and [split]"))?;
            }
            Ok(pool)
        }
    }
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
