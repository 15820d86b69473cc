//! Training, validation and test rows.

use std::collections::HashMap;

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

/// One fixed test set and, per seed, nested subsets of the remaining pool. Rows of one group, such
/// as those of one event, are never divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    test: Vec<u32>,
    pool: Groups,
    seed: u64,
}

/// Rows, those of one group side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Groups {
    rows: Vec<u32>,
    /// Where each group begins and, at the end, the number of rows.
    starts: Vec<u32>,
}

impl Groups {
    /// The rows that have the same number, in the order of the first of each.
    fn new(numbers: &[f64]) -> Self {
        let mut known: HashMap<u64, usize> = HashMap::new();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for (row, number) in (0..).zip(numbers) {
            // -0 is 0
            let group = *known.entry((number + 0.0).to_bits()).or_insert(groups.len());
            if group == groups.len() {
                groups.push(vec![]);
            }
            groups[group].push(row);
        }
        let mut all = Self { rows: vec![], starts: vec![0] };
        groups.iter().for_each(|group| all.push(group));
        all
    }

    fn push(&mut self, group: &[u32]) {
        self.rows.extend(group);
        self.starts.push(self.rows.len() as u32);
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn group(&self, group: usize) -> &[u32] {
        &self.rows[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    /// The groups that are kept.
    fn filter(&self, keeps: impl Fn(usize) -> bool) -> Self {
        let mut kept = Self { rows: vec![], starts: vec![0] };
        let groups = (0..self.len()).filter(|group| keeps(*group));
        groups.for_each(|group| kept.push(self.group(group)));
        kept
    }
}

impl Pool {
    /// Sets `test` of `rows` rows aside, chosen by the study's seed alone; `test` may be 0.
    ///
    /// # Errors
    /// The test set leaves no row, or there are more rows than a u32 counts.
    pub fn new(rows: usize, test: usize, seed: u64) -> Result<Self> {
        let count = u32::try_from(rows).map_err(|_| {
            input_error!("there are {rows} simulations; at most {} can be used", u32::MAX)
        })?;
        let alone = Groups { rows: (0..count).collect(), starts: (0..=count).collect() };
        Self::of(&alone, test, seed)
    }

    /// The same of rows with groups, shape (rows): a number for each, finite. Of the last group of
    /// the test set, rows beyond `test` are not used at all.
    ///
    /// # Errors
    /// As [`Pool::new`].
    pub fn grouped(groups: &[f64], test: usize, seed: u64) -> Result<Self> {
        Self::of(&Groups::new(groups), test, seed)
    }

    fn of(groups: &Groups, test: usize, seed: u64) -> Result<Self> {
        let rows = groups.rows.len();
        let key = key(seed, Stream::TestRows, 0);
        let count = groups.len() as u32;
        let mut order = (0..count).map(|index| permute(key, 0, count, index) as usize);
        let (mut tested, mut is_tested) = (Vec::new(), vec![false; groups.len()]);
        while tested.len() < test
            && let Some(group) = order.next()
        {
            tested.extend(groups.group(group));
            is_tested[group] = true;
        }
        tested.truncate(test);
        let pool = groups.filter(|group| !is_tested[group]);
        if test >= rows || pool.rows.is_empty() {
            return Err(input_error!(
                "a test set of {test} leaves nothing of {rows} simulations; choose a smaller one"
            ));
        }
        // In the file's order, because people look at it; `subset` shuffles the pool anyway.
        tested.sort_unstable();
        Ok(Self { test: tested, pool, seed })
    }

    /// The same without the groups that have one of these rows.
    pub fn without(&self, is_left_out: impl Fn(u32) -> bool) -> Self {
        let keeps = |group| !self.pool.group(group).iter().any(|row| is_left_out(*row));
        Self { pool: self.pool.filter(keeps), ..self.clone() }
    }

    /// The rows of the test set, ascending.
    pub fn test(&self) -> &[u32] {
        &self.test
    }

    /// All rows that are not in the test set, ascending; those of a group after its first one.
    pub fn pool(&self) -> &[u32] {
        &self.pool.rows
    }

    /// The first `size` rows of the pool in the order of `seed`, split into training and validation
    /// rows: row i is for validation if floor((i + 1) f) > floor(i f), f the fraction; a group is
    /// if that many rows are due with all of it. So the training rows of a smaller subset are
    /// training rows of a larger one, and likewise its validation rows.
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
        for (so_far, group) in self.first(size, seed)? {
            let due = (so_far as f64 * validation).floor();
            let validates = (split.validation.len() as f64) < due;
            if validates { &mut split.validation } else { &mut split.train }.extend(group);
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
        for (so_far, group) in self.first(size, seed)? {
            let so_far = so_far as f64;
            // half a row apart, so that equal parts do not fall due on the same row
            let part = match () {
                () if (validate.len() as f64) < (so_far * validation).floor() => &mut validate,
                () if (tests.len() as f64) < (so_far * test + 0.5).floor() => &mut tests,
                () => &mut train,
            };
            part.extend(group);
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

    /// The groups with the first `size` rows of the pool in the order of `seed`, each with the
    /// number of rows up to its end. The last one may be cut.
    fn first(&self, size: usize, seed: u32) -> Result<Vec<(usize, &[u32])>> {
        let available = self.pool.rows.len();
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
        let count = self.pool.len() as u32;
        let (mut groups, mut begin) = (Vec::new(), 0);
        for index in 0..count {
            if begin >= size {
                break;
            }
            let group = self.pool.group(permute(key, 0, count, index) as usize);
            let end = begin + group.len();
            groups.push((end, &group[..group.len().min(size - begin)]));
            begin = end;
        }
        Ok(groups)
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

    /// 300 rows of groups of 1 to 5, in no order.
    fn groups() -> Vec<f64> {
        let sizes = (0..100).flat_map(|group| vec![f64::from(group); 1 + group as usize % 5]);
        let rows: Vec<f64> = sizes.collect();
        (0..300).map(|row| rows[row * 7 % 300]).collect()
    }

    #[test]
    fn rows_of_a_group_are_never_divided() {
        let groups = groups();
        let of = |rows: &[u32]| -> BTreeSet<u64> {
            rows.iter().map(|row| groups[*row as usize].to_bits()).collect()
        };
        let mut cut = 0;
        for seed in 0..20 {
            let pool = Pool::grouped(&groups, 61, seed).unwrap();
            assert_eq!(pool.test().len(), 61);
            assert!(of(pool.test()).is_disjoint(&of(pool.pool())));
            cut += 300 - 61 - pool.pool().len();
            let mut smaller = Split { train: Vec::new(), validation: Vec::new() };
            for size in [20, 50, 101, 200] {
                let split = pool.subset(size, 0.2, 3).unwrap();
                assert!(of(&split.train).is_disjoint(&of(&split.validation)), "{size}");
                assert!(of(pool.test()).is_disjoint(&of(&split.train)), "{size}");
                assert_eq!(split.train.len() + split.validation.len(), size);
                assert!((split.validation.len() as f64 - 0.2 * size as f64).abs() <= 5.0, "{size}");
                assert!(split.train.starts_with(&smaller.train), "{size}");
                assert!(split.validation.starts_with(&smaller.validation), "{size}");
                smaller = split;
                let (split, tests) = pool.subset_with_test(size, 0.2, 0.2, 3).unwrap();
                let parts = [of(&split.train), of(&split.validation), of(&tests)];
                let all: BTreeSet<u64> = parts.iter().flatten().copied().collect();
                assert_eq!(all.len(), parts.iter().map(BTreeSet::len).sum::<usize>(), "{size}");
            }
        }
        // the rest of the last group of a test set belongs to no part
        assert!(cut > 0);
        assert!(Pool::grouped(&[1.0; 10], 5, 1).is_err());
    }

    #[test]
    fn groups_of_one_row_are_no_groups() {
        let alone: Vec<f64> = (0..500).rev().map(f64::from).collect();
        assert_eq!(Pool::grouped(&alone, 100, 7).unwrap(), Pool::new(500, 100, 7).unwrap());
        let pool = Pool::new(10, 0, 1).unwrap().without(|row| row % 2 == 0);
        assert_eq!(pool.pool(), [1, 3, 5, 7, 9]);
        let groups = [1.0, 2.0, -0.0, 2.0, 0.0];
        let pool = Pool::grouped(&groups, 0, 1).unwrap();
        assert_eq!(pool.pool(), [0, 1, 3, 2, 4]);
        assert_eq!(pool.without(|row| row == 4).pool(), [0, 1, 3]);
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
