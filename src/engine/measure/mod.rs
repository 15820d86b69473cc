//! What a device can do at most, what it does on given workloads, and what bounds it there.
//!
//! `ceilings` measures the rate of multiply-adds, the bandwidth of memory and the cost of a
//! dispatch, `cores` does so on the CPU; `cost` says what a step of a run computes and moves;
//! `workload` has the trainings that other programs are compared on, and `timing` times them;
//! `bound` puts these together.

pub(crate) mod bound;
pub mod ceiling;
pub(crate) mod ceilings;
pub(crate) mod cores;
pub(crate) mod cost;
pub mod self_check;
pub(crate) mod timing;
pub mod triad;
pub(crate) mod workload;

pub use bound::{Bound, Floors};
pub use ceilings::{Ceilings, Meter};
pub use cost::{Cost, call_flops};
pub use timing::{Pace, Timing, steady, whole};
pub use workload::{BATCH, Workload};

/// The middle of some numbers, the mean of the two middle ones.
///
/// # Panics
/// If there are none, or one is not a number.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).expect("median: not a number"));
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => (sorted[middle - 1] + sorted[middle]) / 2.0,
        _ => sorted[middle],
    }
}
