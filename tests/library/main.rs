//! The library through its public interface: data, cosmology, search, attributions, statistics and
//! reports. No test here needs a GPU; those that do are in `tests/laws`.

#[path = "../fuzz/allocations.rs"]
mod allocations;
mod collider;
mod common;
mod cosmology;
mod data;
mod diagnostics;
mod explain;
mod fuzz;
mod groups;
mod metrics;
mod missing_momentum;
mod report;
mod round_trips;
mod search;
mod stats;
mod tau_pairs;
