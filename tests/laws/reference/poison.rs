//! What a call writes without reading it first, found with its reference.

use std::ops::Range;

use shoal::engine::memory::Memory;
use shoal::engine::precision;
use shoal::engine::step::Call;

use super::bounds::vectors;
use super::case::{Case, run_reference, widen};
use crate::common::*;

/// The vectors of a memory that [`vectors`] lists, without the moments, the parameters and their
/// average: those are updated in place.
const WRITTEN: [usize; 4] = [1, 2, 5, 6];
const WORK: usize = 6;

impl Case {
    /// Fills with NaN what the call must write. `reference` is the memory after the call.
    pub fn poison(
        &self,
        call: Call,
        start: &Memory<f32>,
        reference: &Memory<f64>,
        poisoned: &mut Memory<f32>,
    ) {
        let written = self.written(call, start);
        for vector in WRITTEN {
            let all = &written[vector];
            let whole = self.is_only_written(call, start, reference, vector, all);
            let single = |range: &&Range<usize>| {
                let range = std::slice::from_ref(*range);
                vector == WORK && self.is_only_written(call, start, reference, vector, range)
            };
            let ranges: Vec<Range<usize>> = match whole {
                true => all.clone(),
                false => all.iter().filter(single).cloned().collect(),
            };
            let numbers = [
                &mut poisoned.parameters,
                &mut poisoned.weights,
                &mut poisoned.gradients,
                &mut poisoned.first_moment,
                &mut poisoned.second_moment,
                &mut poisoned.best,
                &mut poisoned.work,
            ];
            let numbers = numbers.into_iter().nth(vector).expect("a vector");
            ranges.into_iter().for_each(|range| numbers[range].fill(f32::NAN));
        }
    }

    /// What the call changes of each vector, from two memories without the zeros of padding: in f16
    /// a random number may be what the call writes.
    pub fn written(&self, call: Call, start: &Memory<f32>) -> [Vec<Range<usize>>; 8] {
        let [mut once, mut again] = [99, 100].map(|key| self.changes(call, start, key));
        for (changes, others) in once.iter_mut().zip(&mut again) {
            changes.append(others);
            changes.sort_unstable();
            changes.dedup();
        }
        once.map(|places| ranges(&places))
    }

    /// The places that the call changes in each vector of a memory of random numbers.
    fn changes(&self, call: Call, start: &Memory<f32>, key: u32) -> [Vec<usize>; 8] {
        let mut numbers = Numbers::new(key);
        let mut probe = start.clone();
        let constants = self.prepared.layout.x;
        let random = numbers.many(probe.work.len() - constants);
        probe.work[constants..].copy_from_slice(&random);
        precision::round(self.prepared.precision(), &mut probe.work[constants..]);
        self.restore_index(call, start, &mut probe);
        probe.best = numbers.many(probe.best.len()).into();
        probe.average = numbers.many(probe.average.len()).into();
        probe.weights = numbers.many(probe.weights.len()).into();
        probe.gradients = numbers.many(probe.gradients.len()).into();
        copy_by_unit(&self.prepared, &mut probe);
        let mut before = widen(&probe);
        let mut after = before.clone();
        run_reference(&self.prepared, call, &mut after);
        let pairs = vectors(&mut before).into_iter().zip(vectors(&mut after));
        let changed = pairs.map(|(before, after)| {
            let differs = |at: &usize| before[*at].to_bits() != after[*at].to_bits();
            (0..before.len()).filter(differs).collect::<Vec<_>>()
        });
        changed.collect::<Vec<_>>().try_into().expect("eight vectors")
    }

    /// Restores the index of the sets of the batch, except for what the call writes.
    fn restore_index(&self, call: Call, start: &Memory<f32>, probe: &mut Memory<f32>) {
        let index = &self.prepared.layout.index;
        let end = match call.kernel.name {
            "sets" => index.table_rows,
            "gather_items" => index.examples,
            "gather_edges" => index.centres,
            _ => self.prepared.layout.len,
        };
        let range = index.table_rows..end;
        probe.work[range.clone()].copy_from_slice(&start.work[range]);
    }

    /// Whether the call gives the same memory when these numbers are NaN before it.
    fn is_only_written(
        &self,
        call: Call,
        start: &Memory<f32>,
        reference: &Memory<f64>,
        vector: usize,
        ranges: &[Range<usize>],
    ) -> bool {
        let (mut memory, mut reference) = (widen(start), reference.clone());
        for range in ranges {
            vectors(&mut memory)[vector][range.clone()].fill(f64::NAN);
        }
        run_reference(&self.prepared, call, &mut memory);
        let same = |(one, other): (&mut [f64], &mut [f64])| {
            one.iter().zip(other).all(|(one, other)| one.to_bits() == other.to_bits())
        };
        vectors(&mut memory).into_iter().zip(vectors(&mut reference)).all(same)
            && format!("{:?}", memory.state) == format!("{:?}", reference.state)
    }
}

/// The ranges of consecutive places.
fn ranges(places: &[usize]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for place in places {
        match found.last_mut() {
            Some(range) if range.end == *place => range.end += 1,
            _ => found.push(*place..*place + 1),
        }
    }
    found
}
