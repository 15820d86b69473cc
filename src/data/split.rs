//! Training, validation and test rows.

use crate::data::names::number_text;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::permute;
use crate::error::Result;
use crate::input_error;

/// The rows of one run, as indices into its dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Training rows.
    pub train: Vec<u32>,
    /// Validation rows, which early stopping looks at.
    pub validation: Vec<u32>,
}

/// One fixed test set and, per seed, nested subsets of the remaining pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    test: Vec<u32>,
    pool: Vec<u32>,
    seed: u64,
}

impl Pool {
    /// Sets `test` of `rows` rows aside, chosen by the study's seed alone; `test` may be 0.
    ///
    /// # Errors
    /// The test set leaves no row, or there are more rows than a u32 counts.
    pub fn new(rows: usize, test: usize, seed: u64) -> Result<Self> {
        if test >= rows {
            return Err(input_error!(
                "a test set of {test} leaves nothing of {rows} simulations; choose a smaller one"
            ));
        }
        let count = u32::try_from(rows).map_err(|_| {
            input_error!("there are {rows} simulations; at most {} can be used", u32::MAX)
        })?;
        let key = key(seed, Stream::TestRows, 0);
        let mut order: Vec<u32> = (0..count).map(|index| permute(key, 0, count, index)).collect();
        let mut pool = order.split_off(test);
        // In the file's order, because people look at it; `subset` shuffles the pool anyway.
        order.sort_unstable();
        pool.sort_unstable();
        Ok(Self { test: order, pool, seed })
    }

    /// The rows of the test set, ascending.
    pub fn test(&self) -> &[u32] {
        &self.test
    }

    /// All rows that are not in the test set, ascending.
    pub fn pool(&self) -> &[u32] {
        &self.pool
    }

    /// The first `size` rows of the pool in the order of `seed`, split into training and validation
    /// rows: row i is for validation if floor((i + 1) f) > floor(i f), f the fraction. So the
    /// training rows of a smaller subset are training rows of a larger one, and likewise its
    /// validation rows.
    ///
    /// # Errors
    /// The pool has fewer rows; the fraction is not between 0 and 1; a part has no row.
    pub fn subset(&self, size: usize, validation: f64, seed: u32) -> Result<Split> {
        if !(validation > 0.0 && validation < 1.0) {
            return Err(input_error!(
                "the validation fraction is {}; it must lie between 0 and 1, as 0.2",
                number_text(validation)
            ));
        }
        let mut split = Split { train: Vec::new(), validation: Vec::new() };
        for (index, row) in self.first(size, seed)?.enumerate() {
            let due = |rows: usize| (rows as f64 * validation).floor();
            let validates = due(index + 1) > due(index);
            if validates { &mut split.validation } else { &mut split.train }.push(row);
        }
        if split.train.is_empty() || split.validation.is_empty() {
            return Err(input_error!(
                "a subset of {size} simulations with the validation fraction {} has {} training \
                 and {} validation rows; take at least {} simulations",
                number_text(validation),
                split.train.len(),
                split.validation.len(),
                number_text((1.0 / validation).ceil())
            ));
        }
        Ok(split)
    }

    /// The first `size` rows of the pool in the order of `seed`, split into training, validation
    /// and test rows by the fractions of the latter two. Each part of a smaller subset lies inside
    /// the same part of a larger one. Of n rows floor(n `validation`) are for validation and
    /// floor(n `test` + 1/2) for the test; where both fall due on one row, the test row is the
    /// next.
    ///
    /// # Errors
    /// The pool has fewer rows; a fraction is not between 0 and 1, or both leave no training row; a
    /// part has no row.
    pub fn subset_with_test(
        &self,
        size: usize,
        validation: f64,
        test: f64,
        seed: u32,
    ) -> Result<(Split, Vec<u32>)> {
        if !(validation > 0.0 && test > 0.0 && validation + test < 1.0) {
            return Err(input_error!(
                "the validation fraction is {} and the test fraction {}; both must be above 0, \
                 and together below 1",
                number_text(validation),
                number_text(test)
            ));
        }
        let (mut train, mut validate, mut tests) = (vec![], vec![], vec![]);
        for (index, row) in self.first(size, seed)?.enumerate() {
            let so_far = (index + 1) as f64;
            // half a row apart, so that equal parts do not fall due on the same row
            let part = match () {
                () if (validate.len() as f64) < (so_far * validation).floor() => &mut validate,
                () if (tests.len() as f64) < (so_far * test + 0.5).floor() => &mut tests,
                () => &mut train,
            };
            part.push(row);
        }
        if train.is_empty() || validate.is_empty() || tests.is_empty() {
            return Err(input_error!(
                "{size} simulations with the validation fraction {} and the test fraction {} have \
                 {} training, {} validation and {} test rows; take at least {} simulations",
                number_text(validation),
                number_text(test),
                train.len(),
                validate.len(),
                tests.len(),
                number_text((1.0 / validation.min(test).min(1.0 - validation - test)).ceil())
            ));
        }
        Ok((Split { train, validation: validate }, tests))
    }

    /// The first `size` rows of the pool in the order of `seed`.
    fn first(&self, size: usize, seed: u32) -> Result<impl Iterator<Item = u32>> {
        let available = self.pool.len();
        if size > available {
            let beside = match self.test.len() {
                0 => String::new(),
                test => format!(" beside the {test} of the test set"),
            };
            return Err(input_error!(
                "a subset of {size} simulations is too large: there are {available}{beside}; \
                 choose a smaller one"
            ));
        }
        let key = key(self.seed, Stream::SubsetRows, seed);
        let place = move |index| permute(key, 0, available as u32, index as u32) as usize;
        Ok((0..size).map(move |index| self.pool[place(index)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn test_and_pool_are_all_rows_once() {
        for (rows, test) in [(1, 0), (2, 1), (100, 20), (1800, 400)] {
            let pool = Pool::new(rows, test, 5).unwrap();
            assert_eq!(pool.test().len(), test);
            let all: BTreeSet<u32> = pool.test().iter().chain(pool.pool()).copied().collect();
            assert_eq!((all.len(), pool.pool().len()), (rows, rows - test));
            assert_eq!(all.last(), Some(&(rows as u32 - 1)));
        }
    }

    #[test]
    fn the_test_set_depends_on_the_seed_of_the_study_only() {
        let pool = Pool::new(500, 100, 7).unwrap();
        assert_eq!(pool, Pool::new(500, 100, 7).unwrap());
        assert_ne!(pool.test(), Pool::new(500, 100, 8).unwrap().test());
        let (a, b) = (pool.subset(50, 0.2, 0).unwrap(), pool.subset(50, 0.2, 1).unwrap());
        assert_ne!(a, b);
        let test: BTreeSet<_> = pool.test().iter().collect();
        assert!(a.train.iter().chain(&b.train).chain(&a.validation).all(|row| !test.contains(row)));
    }

    #[test]
    fn smaller_subsets_lie_inside_larger_ones() {
        let pool = Pool::new(1800, 400, 1).unwrap();
        for fraction in [0.1, 0.15, 0.2, 0.5, 0.8] {
            let mut smaller = Split { train: Vec::new(), validation: Vec::new() };
            for size in [50, 100, 101, 400, 1400] {
                let split = pool.subset(size, fraction, 3).unwrap();
                assert!(split.train.starts_with(&smaller.train), "{fraction} {size}");
                assert!(split.validation.starts_with(&smaller.validation), "{fraction} {size}");
                assert_eq!(split.train.len() + split.validation.len(), size);
                let expected = (size as f64 * fraction).floor() as usize;
                assert_eq!(split.validation.len(), expected, "{fraction} {size}");
                let all: BTreeSet<_> = split.train.iter().chain(&split.validation).collect();
                assert_eq!(all.len(), size);
                smaller = split;
            }
        }
    }

    #[test]
    fn every_fifth_row_validates() {
        let split = Pool::new(10, 0, 1).unwrap().subset(10, 0.2, 0).unwrap();
        assert_eq!((split.train.len(), split.validation.len()), (8, 2));
    }

    #[test]
    fn subsets_with_a_test_have_three_parts_and_smaller_ones_lie_inside_larger_ones() {
        let pool = Pool::new(1800, 0, 1).unwrap();
        for (validation, test) in [(0.15, 0.15), (0.2, 0.1), (0.4, 0.35), (0.1, 0.1)] {
            let (mut smaller, mut tested) = pool.subset_with_test(20, validation, test, 3).unwrap();
            for size in [21, 50, 101, 200, 400, 1600, 1800] {
                let (split, tests) = pool.subset_with_test(size, validation, test, 3).unwrap();
                assert!(split.train.starts_with(&smaller.train), "{size}");
                assert!(split.validation.starts_with(&smaller.validation), "{size}");
                assert!(tests.starts_with(&tested), "{size}");
                let all: BTreeSet<_> =
                    (split.train.iter()).chain(&split.validation).chain(&tests).collect();
                assert_eq!(all.len(), size);
                let expected = (size as f64 * validation).floor() as usize;
                assert_eq!(split.validation.len(), expected, "{size}");
                assert!((tests.len() as f64 - size as f64 * test).abs() <= 1.0, "{size}");
                (smaller, tested) = (split, tests);
            }
        }
        // the numbers of arXiv 2510.19168: 70, 15 and 15 %
        for (size, parts) in [(200, [140, 30, 30]), (1600, [1120, 240, 240])] {
            let (split, tests) = pool.subset_with_test(size, 0.15, 0.15, 1).unwrap();
            assert_eq!([split.train.len(), split.validation.len(), tests.len()], parts);
        }
    }

    #[test]
    fn impossible_splits_with_a_test_name_the_numbers() {
        let pool = Pool::new(100, 0, 1).unwrap();
        let says = |size, validation, test, parts: &[&str]| {
            let error = pool.subset_with_test(size, validation, test, 0).unwrap_err().to_string();
            parts.iter().for_each(|part| assert!(error.contains(part), "{error} lacks {part}"));
        };
        says(101, 0.15, 0.15, &["101", "there are 100;"]);
        says(3, 0.15, 0.15, &["3 simulations", "0 validation", "at least 7"]);
        says(50, 0.5, 0.5, &["the validation fraction is 0.5", "together below 1"]);
        says(50, 0.0, 0.5, &["above 0"]);
    }

    #[test]
    fn impossible_splits_name_the_numbers() {
        let pool = Pool::new(100, 20, 1).unwrap();
        let says = |size, fraction, parts: &[&str]| {
            let error = pool.subset(size, fraction, 0).unwrap_err().to_string();
            parts.iter().for_each(|part| assert!(error.contains(part), "{error} lacks {part}"));
        };
        says(81, 0.2, &["81", "there are 80", "beside the 20 of the test set"]);
        says(4, 0.2, &["4 simulations", "0 validation", "at least 5"]);
        says(0, 0.2, &["0 training"]);
        says(1, 0.9, &["0 validation", "at least 2"]);
        for fraction in [0.0, 1.0, -0.1, f64::NAN] {
            says(50, fraction, &["between 0 and 1"]);
        }
        let error = Pool::new(100, 100, 1).unwrap_err().to_string();
        assert!(error.contains("100"), "{error}");
        assert!(Pool::new(0, 0, 1).is_err());
    }
}
