//! Notices about rows that occur more than once.

use std::collections::HashMap;

use crate::data::dataset::Dataset;
use crate::study::datasets::LoadedDataset;
use crate::study::plan::TestSet;

/// Rows of the data to fine-tune on that are there twice, so that a network may be tested on what
/// it has trained on.
pub(crate) fn repeated(fine: &LoadedDataset, test: TestSet) -> Option<String> {
    let targets = fine.dataset.target_names.len();
    let bits = |row: u32| key(&fine.dataset, row, targets, false);
    match test {
        TestSet::Shared(count) => {
            let known: HashMap<Vec<u64>, u32> =
                fine.pool.pool().iter().map(|row| (bits(*row), *row)).collect();
            let twice = |row: &u32| known.get(&bits(*row)).map(|other| (*row, *other));
            let found: Vec<(u32, u32)> = fine.pool.test().iter().filter_map(twice).collect();
            let (row, other) = *found.first()?;
            Some(format!(
                "{} of {count} rows to test on are also rows to train on: row {row} of \
                 data.finetune equals row {other} (counting from 0). Test errors come out too \
                 small; leave one of each pair out",
                found.len()
            ))
        }
        TestSet::Fraction(_) => {
            let mut known: HashMap<Vec<u64>, u32> = HashMap::new();
            let mut found = Vec::new();
            for row in 0..fine.dataset.targets.rows as u32 {
                match known.get(&bits(row)) {
                    Some(other) => found.push((row, *other)),
                    None => drop(known.insert(bits(row), row)),
                }
            }
            let (row, other) = *found.first()?;
            Some(format!(
                "{} rows of data.finetune are there before: row {row} equals row {other} (counting \
                 from 0). A network may train on one and be tested on the other; leave one of each \
                 pair out",
                found.len()
            ))
        }
    }
}

/// Rows to test on that networks are pre-trained on.
pub(crate) fn pretrained(
    pre: &LoadedDataset,
    fine: &LoadedDataset,
    test: TestSet,
) -> Option<String> {
    let shared = pre.dataset.target_names.len();
    // one of the two may have been stored in f32
    let is_narrow = [pre, fine].map(|data| is_narrow(&data.dataset));
    let round = is_narrow[0] != is_narrow[1];
    let rows = pre.pool.pool().iter();
    let known: HashMap<Vec<u64>, u32> =
        rows.map(|row| (key(&pre.dataset, *row, shared, round), *row)).collect();
    let tested: Vec<u32> = match test {
        TestSet::Shared(_) => fine.pool.test().to_vec(),
        TestSet::Fraction(_) => fine.pool.pool().to_vec(),
    };
    let twice =
        |row: &u32| known.get(&key(&fine.dataset, *row, shared, round)).map(|other| (*row, *other));
    let found: Vec<(u32, u32)> = tested.iter().filter_map(twice).collect();
    let (row, other) = *found.first()?;
    Some(format!(
        "{} of {} rows to test on are also rows to pre-train on: row {row} of data.finetune equals \
         row {other} of data.pretrain (counting from 0). Test errors of pre-trained networks come \
         out too small; leave these rows out of data.pretrain",
        found.len(),
        tested.len()
    ))
}

/// The inputs, the first targets and the items of a row, as bits.
fn key(dataset: &Dataset, row: u32, targets: usize, round: bool) -> Vec<u64> {
    let row = row as usize;
    let items = dataset.items.iter().flat_map(|items| {
        let (of, columns) = (items.of(row), items.values.columns);
        &items.values.values[of.start * columns..of.end * columns]
    });
    let numbers = dataset.inputs.row(row).iter().chain(&dataset.targets.row(row)[..targets]);
    let numbers = numbers.chain(items);
    // -0 is 0
    let bits = |x: f64| (x + 0.0).to_bits();
    numbers.map(|x| bits(if round { f64::from(*x as f32) } else { *x })).collect()
}

/// Whether every number is an f32.
fn is_narrow(dataset: &Dataset) -> bool {
    let items = dataset.items.iter().flat_map(|items| &items.values.values);
    let numbers = dataset.inputs.values.iter().chain(&dataset.targets.values).chain(items);
    numbers.copied().all(|x| f64::from(x as f32) == x)
}
