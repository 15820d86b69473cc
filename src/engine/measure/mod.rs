//! Measures the ceilings of a device and its speed on given workloads, and computes which ceiling
//! bounds a workload.
//!
//! `ceilings` measures the rate of multiply-adds, the memory bandwidth and the cost of a dispatch,
//! `cores` the former two on the CPU; `cost` computes the arithmetic and the traffic of a step;
//! `workload` defines the trainings of benchmarks, and `timing` times them; `bound` combines
//! ceilings and costs.

pub(crate) mod bound;
pub mod ceiling;
pub(crate) mod ceilings;
pub(crate) mod cores;
pub(crate) mod cost;
pub mod self_check;
pub(crate) mod sets;
pub(crate) mod timing;
pub mod triad;
pub(crate) mod workload;

pub use bound::{Bound, Floors};
pub use ceilings::{Ceilings, Meter};
pub use cost::{Cost, call_flops};
pub use timing::{Pace, Timing, steady, whole};
pub use workload::{BATCH, Workload};

/// The median of numbers; for an even count the mean of the two middle ones.
///
/// # Panics
/// If `numbers` is empty or contains NaN.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).expect("median: not a number"));
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => (sorted[middle - 1] + sorted[middle]) / 2.0,
        _ => sorted[middle],
    }
}
