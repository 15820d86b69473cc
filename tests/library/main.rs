//! The library through its public interface: data, cosmology, search, attributions, statistics and
//! reports. No test here needs a GPU; those that do are in `tests/laws`.

mod common;
mod cosmology;
mod data;
mod explain;
mod metrics;
mod report;
mod search;
mod stats;
