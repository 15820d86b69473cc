//! Mistakes that look like data: what is probably not as it was meant, one sentence each.
//!
//! None is an error, since each can be meant. The limits are wide, so that a sound study has no
//! notice.

pub(crate) mod columns;
pub(crate) mod rows;

use crate::study::datasets::LoadedDataset;
use crate::study::plan::TestSet;

/// The notices of the data to fine-tune on and to pre-train on.
pub(crate) fn notices(
    (fine, pre): (&LoadedDataset, Option<&LoadedDataset>),
    test: TestSet,
) -> Vec<String> {
    let mut notices = Vec::new();
    for (name, one) in [("data.pretrain", pre), ("data.finetune", Some(fine))] {
        if let Some(one) = one {
            notices.extend(columns::index_columns(name, &one.dataset));
            notices.extend(columns::lost_digits(name, &one.dataset));
            notices.extend(columns::targets(name, &one.dataset));
        }
    }
    let said = |notice: &String| notice.replacen("data.pretrain", "data.finetune", 1);
    let all: Vec<String> = notices.clone();
    // what holds for both datasets is said once
    notices.retain(|notice| said(notice) == *notice || !all.contains(&said(notice)));
    notices.extend(columns::constant_inputs("data.finetune", fine));
    if let Some(pre) = pre {
        notices.extend(columns::newly_varying(pre, fine));
        notices.extend(columns::far_outside(pre, fine));
        notices.extend(columns::far_items(pre, fine));
        notices.extend(rows::pretrained(pre, fine, test));
    }
    notices.extend(rows::repeated(fine, test));
    notices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::Dataset;
    use crate::data::matrix::Matrix;
    use crate::data::scaling::features;
    use crate::data::split::Pool;

    fn wave(row: usize, k: usize) -> f64 {
        ((row * (3 * k + 2) + k) as f64 * 0.618).sin()
    }

    /// 40 rows of three inputs and two targets, without a fault.
    fn sound(first: usize) -> Dataset {
        let rows = || first..first + 40;
        let x = rows().flat_map(|row| (0..3).map(move |k| 5.0 + wave(row, k)));
        let y = rows().flat_map(|row| (3..5).map(move |k| wave(row, k)));
        let names = ["mass", "tilt"].map(String::from).to_vec();
        let dataset =
            Dataset::new(Matrix::new(40, 3, x.collect()), Matrix::new(40, 2, y.collect()), names);
        Dataset { target_ranges: vec![[-1.0, 1.0]; 2], ..dataset.unwrap() }
    }

    /// The notices after a change of the data to fine-tune on, or to pre-train on.
    fn found(change: impl Fn(&mut Dataset, &mut Dataset)) -> Vec<String> {
        let (mut pre, mut fine) = (sound(100), sound(0));
        change(&mut pre, &mut fine);
        let loaded = |dataset: Dataset, test: usize| LoadedDataset {
            features: features(&dataset, false, "x").unwrap().into(),
            pool: Pool::new(dataset.inputs.rows, test, 1).unwrap(),
            dataset: dataset.into(),
        };
        notices((&loaded(fine, 10), Some(&loaded(pre, 0))), TestSet::Shared(10))
    }

    fn set(dataset: &mut Dataset, column: usize, value: impl Fn(usize, f64) -> f64) {
        let columns = dataset.inputs.columns;
        for row in 0..dataset.inputs.rows {
            let x = &mut dataset.inputs.values[row * columns + column];
            *x = value(row, *x);
        }
    }

    /// Exactly one notice, with all these words.
    fn one(notices: &[String], words: &[&str]) {
        assert_eq!(notices.len(), 1, "{notices:?}");
        for word in words {
            assert!(notices[0].contains(word), "'{word}' is missing in: {}", notices[0]);
        }
    }

    #[test]
    fn sound_data_have_no_notice() {
        assert_eq!(found(|_, _| ()), Vec::<String>::new());
        // physics that differs by some deviations, and other whole numbers, are sound
        let shifted = found(|_, fine| set(fine, 1, |_, x| x + 4.0));
        assert_eq!(shifted, Vec::<String>::new());
        let whole = found(|pre, fine| {
            set(pre, 1, |row, _| (row * row % 7) as f64);
            set(fine, 1, |row, _| (row * row % 11) as f64);
        });
        assert_eq!(whole, Vec::<String>::new());
    }

    #[test]
    fn rows_that_are_tested_and_trained_on_are_noticed() {
        let pool = Pool::new(40, 10, 1).unwrap();
        let (tested, trained) = (pool.test()[2] as usize, pool.pool()[4] as usize);
        let copy = |from: &Dataset, row: usize, to: &mut Dataset, place: usize| {
            let (x, y) = (from.inputs.row(row).to_vec(), from.targets.row(row).to_vec());
            to.inputs.values[place * 3..][..3].copy_from_slice(&x);
            to.targets.values[place * 2..][..2].copy_from_slice(&y);
        };
        let inside = found(|_, fine| copy(&fine.clone(), trained, fine, tested));
        let rows = format!("row {tested} of data.finetune equals row {trained} ");
        one(&inside, &["1 of 10 rows to test on", &rows]);
        let before = found(|pre, fine| copy(fine, tested, pre, 17));
        one(&before, &["1 of 10", "pre-train", &format!("row {tested} of"), "row 17 of"]);
        // also where one of the files is in f32
        let narrow = found(|pre, fine| {
            copy(fine, tested, pre, 17);
            let numbers = pre.inputs.values.iter_mut().chain(&mut pre.targets.values);
            numbers.for_each(|x| *x = f64::from(*x as f32));
        });
        one(&narrow, &["1 of 10", "row 17 of"]);
        // the same inputs with other targets are another row
        let other = found(|pre, fine| {
            copy(fine, tested, pre, 17);
            pre.targets.values[34] += 1e-3;
        });
        assert_eq!(other, Vec::<String>::new());
    }

    #[test]
    fn other_units_and_inputs_far_outside_are_noticed() {
        for unit in [1e-3, 1e3, 1e8] {
            let found = found(|_, fine| set(fine, 1, |_, x| x * unit));
            one(&found, &["1 of 3 inputs of data.finetune", "'x1'", "units"]);
        }
        let far = found(|_, fine| set(fine, 2, |_, x| x + 50.0));
        one(&far, &["'x2'", "far outside"]);
        let wide = found(|_, fine| set(fine, 2, |_, x| (x - 5.0) * 100.0 + 5.0));
        one(&wide, &["'x2'"]);
    }

    #[test]
    fn constants_and_row_numbers_are_noticed() {
        let both = |value: fn(usize, f64) -> f64| {
            found(move |pre, fine| {
                set(pre, 0, value);
                set(fine, 0, value);
            })
        };
        let constant = both(|_, _| 2.5);
        one(&constant, &["data.finetune: the input 'x0' is the same in every row"]);
        let index = both(|row, _| row as f64 + 1.0);
        one(&index, &["data.finetune: the input 'x0' is 1, 2, 3, ..."]);
        let new = found(|pre, _| set(pre, 0, |_, _| 2.5));
        one(&new, &["pre-trained networks have learned nothing from it"]);
    }

    #[test]
    fn numbers_without_digits_name_the_column_and_the_cure() {
        let both = |value: fn(usize, f64) -> f64| {
            found(move |pre, fine| {
                set(pre, 0, value);
                set(fine, 0, value);
            })
        };
        assert_eq!(both(|_, x| x + 1e8), Vec::<String>::new());
        for lost in [both(|_, x| x + 1e16), both(|_, x| f64::from((x + 1e7) as f32))] {
            assert_eq!(lost.len(), 2, "{lost:?}");
            assert!(lost[1].contains("the input 'x0' varies so little"), "{lost:?}");
            assert!(lost[1].contains("subtract the constant part"), "{lost:?}");
        }
        // nothing at all is left
        let gone = both(|_, x| x + 1e30);
        one(&gone, &["'x0'", "subtract the constant part, 1e30"]);
    }

    #[test]
    fn targets_without_extent_and_wide_ranges_are_noticed() {
        let constant = found(|_, fine| {
            (0..40).for_each(|row| fine.targets.values[2 * row] = 0.25);
        });
        one(&constant, &["data.finetune: the target 'mass' is 0.25 in every row"]);
        let wide = found(|_, fine| fine.target_ranges[1] = [-100.0, 100.0]);
        one(&wide, &["the target 'tilt'", "[-100.0, 100.0]", "times as wide"]);
        let foreign = found(|_, fine| {
            fine.target_names[0] = "h".into();
            fine.target_ranges[0] = [-1.0, 1.0];
        });
        one(&foreign, &["the target 'h'", "[0.5, 0.9]"]);
    }
}
