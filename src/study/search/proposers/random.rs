//! Random search.

use std::sync::Arc;

use crate::engine::random::pcg4d;
use crate::error::Result;
use crate::study::config::search::SearchConfig;
use crate::study::search::proposer::{Proposer, ProposerEntry};
use crate::study::search::space::Space;
use crate::study::search::trial::Trial;

/// Proposes uniform values, on the axis of each parameter.
#[derive(Clone, Copy, Debug)]
pub struct Random;

impl Random {
    /// In the list of proposers.
    pub const ENTRY: ProposerEntry = ProposerEntry {
        name: "random",
        summary: "uniform values, on a logarithmic axis where the range has one",
        build: Self::build,
    };

    fn build(_config: &SearchConfig) -> Result<Arc<dyn Proposer>> {
        Ok(Arc::new(Self))
    }
}

impl Proposer for Random {
    fn propose(&self, seed: u64, space: &Space, _: &[Trial], number: u32) -> Vec<Option<f64>> {
        let mut values = Vec::new();
        for (index, parameter) in space.parameters().iter().enumerate() {
            let value = space.applies(index, &values).then(|| {
                let only = parameter.distribution.only();
                only.unwrap_or_else(|| {
                    let quantile = ParameterDraws::new(seed, number, &parameter.name).draw(0)[0];
                    parameter.distribution.uniform(quantile)
                })
            });
            values.push(value);
        }
        values
    }
}

/// The random numbers of one parameter of one trial.
pub struct ParameterDraws([u32; 4]);

impl ParameterDraws {
    /// By the seed of the search, the number of the trial and the name of the parameter.
    pub fn new(seed: u64, trial: u32, parameter: &str) -> Self {
        // FNV-1a (Fowler, Noll & Vo): the name counts, not the place in the space
        let name = parameter
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self(pcg4d([seed as u32, (seed >> 32) as u32, trial, name]))
    }

    /// Two uniform numbers in (0, 1).
    pub fn draw(&self, index: u32) -> [f64; 2] {
        let [a, b, c, d] = self.0;
        let words = pcg4d([a, b, c, d.wrapping_add(index)]);
        [uniform(words[0], words[1]), uniform(words[2], words[3])]
    }
}

/// The middle of one of 2^52 equal cells of (0, 1).
fn uniform(high: u32, low: u32) -> f64 {
    let cell = (u64::from(high) << 20) | u64::from(low >> 12);
    (cell as f64 + 0.5) / (1u64 << 52) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_independent_and_uniform() {
        let mut sums = [0.0; 3];
        for trial in 0..10_000 {
            let [a, b] = ParameterDraws::new(1, trial, "units_1").draw(3);
            sums = [sums[0] + a, sums[1] + b, sums[2] + (a - 0.5) * (b - 0.5)];
        }
        // five standard errors: sqrt(1/12) and 1/12 over 10,000 numbers
        assert!((sums[0] / 1e4 - 0.5).abs() < 5.0 * (1.0f64 / 12.0).sqrt() / 100.0, "{sums:?}");
        assert!((sums[1] / 1e4 - 0.5).abs() < 5.0 * (1.0f64 / 12.0).sqrt() / 100.0, "{sums:?}");
        assert!((sums[2] / 1e4).abs() < 5.0 / 12.0 / 100.0, "{sums:?}");
        let first = |seed, trial, name| ParameterDraws::new(seed, trial, name).draw(0);
        assert_ne!(first(1, 2, "units_1"), first(1, 2, "units_2"));
        assert_ne!(first(1, 2, "units_1"), first(2, 2, "units_1"));
    }
}
