//! Counter-based random numbers: each is a pure function of a key and an index, so both backends,
//! in any order and on any number of threads, get the same integers. `shaders/random.wgsl` computes
//! the same on the device.

/// Hashes four words to four words: `pcg4d` of Jarzynski & Olano, "Hash Functions for GPU
/// Rendering", Journal of Computer Graphics Techniques 9(3), 2020.
#[inline(always)]
pub fn pcg4d(mut v: [u32; 4]) -> [u32; 4] {
    for word in &mut v {
        *word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    }
    mix(&mut v);
    for word in &mut v {
        *word ^= *word >> 16;
    }
    mix(&mut v);
    v
}

#[inline(always)]
fn mix(v: &mut [u32; 4]) {
    v[0] = v[0].wrapping_add(v[1].wrapping_mul(v[3]));
    v[1] = v[1].wrapping_add(v[2].wrapping_mul(v[0]));
    v[2] = v[2].wrapping_add(v[0].wrapping_mul(v[1]));
    v[3] = v[3].wrapping_add(v[1].wrapping_mul(v[2]));
}

/// The purposes of random numbers: every random key of the project belongs to one of these streams.
///
/// A key is [`key`]`(seed, stream, index)`; each variant documents its seed and its index. Labels
/// are part of all results and never change. Two streams may share a label if they never have the
/// same seed and index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Rows of the test set. Seed of the study; index 0.
    TestRows,
    /// Order of the rows of the pool from which a subset takes the first. Seed of the study; the
    /// index is itself a key of [`Stream::FineTuningRows`] or [`Stream::PretrainingRows`].
    SubsetRows,
    /// Rows of a fine-tuning. Seed of the study; index: seed of the run, from 1.
    FineTuningRows,
    /// Initial parameters of a network that starts from scratch. As [`Stream::FineTuningRows`].
    FineTuningParameters,
    /// Shuffles and dropout of a fine-tuning. As [`Stream::FineTuningRows`].
    FineTuningSteps,
    /// Rows of a pre-training. As [`Stream::FineTuningRows`].
    PretrainingRows,
    /// Initial parameters of a pre-training. As [`Stream::FineTuningRows`].
    PretrainingParameters,
    /// Shuffles and dropout of a pre-training. As [`Stream::FineTuningRows`].
    PretrainingSteps,
    /// Initial parameters of the new nodes of a network that starts from a pre-trained one. As
    /// [`Stream::FineTuningRows`].
    TransferParameters,
    /// Trials of the pre-training's search. Seed of the study; index 0.
    PretrainingTrials,
    /// Trials of a strategy's search, by the number of the strategy. Seed of the study; index:
    /// simulations.
    FineTuningTrials(u32),
    /// Background and explained rows of an explanation. Seed of the explanation; index 0.
    ExplainedRows,
    /// Points of expected gradients. Seed of the explanation; index: row.
    GradientPoints,
    /// Orders of inputs in sampled Shapley values. Seed of the explanation; index: row.
    InputOrders,
    /// Bootstrap samples of savings. Seed of the analysis; index: sample.
    BootstrapSamples,
    /// Digital shift of a Sobol sequence. Seed of the scenario; index: dimension.
    SobolShift,
    /// Slices of a Latin hypercube. Seed of the scenario; index: dimension.
    HypercubeSlices,
    /// Points within the slices of a Latin hypercube. Seed of the scenario; index: dimension.
    HypercubePoints,
    /// Replacements for points that are not a valid cosmology. Seed of the scenario; index:
    /// dimension.
    SparePoints,
    /// Scatter of simulated boxes. Seed of the scenario; index 0.
    BoxNoise,
    /// Word of the hash for the scatter of a bin, under a key of [`Stream::BoxNoise`].
    BinNoise,
    /// Word of the hash for the scatter that bins share, under a key of [`Stream::BoxNoise`].
    SharedNoise,
    /// Upper 32 bits of a scenario's seed. Seed of the request; index: number of the scenario.
    ScenarioHigh,
    /// Lower 32 bits of a scenario's seed. As [`Stream::ScenarioHigh`].
    ScenarioLow,
    /// Simulated collisions. Seed of the request; index 0. The words after the key are those of the
    /// collision, the attempt and the block.
    Collisions,
}

impl Stream {
    /// The word of the stream in the hash.
    pub const fn label(self) -> u32 {
        match self {
            Stream::TestRows | Stream::FineTuningRows => 1,
            Stream::SubsetRows | Stream::FineTuningParameters => 2,
            Stream::FineTuningSteps => 3,
            Stream::PretrainingRows => 4,
            Stream::PretrainingParameters => 5,
            Stream::PretrainingSteps => 6,
            Stream::TransferParameters => 7,
            Stream::PretrainingTrials => 8,
            Stream::FineTuningTrials(strategy) => 16 + strategy,
            Stream::ExplainedRows => 40,
            Stream::GradientPoints => 41,
            Stream::InputOrders => 42,
            Stream::BootstrapSamples => 43,
            Stream::SobolShift => 101,
            Stream::HypercubeSlices => 102,
            Stream::HypercubePoints => 103,
            Stream::SparePoints => 104,
            Stream::BoxNoise => 111,
            Stream::BinNoise => 112,
            Stream::SharedNoise => 113,
            Stream::ScenarioHigh => 121,
            Stream::ScenarioLow => 122,
            Stream::Collisions => 131,
        }
    }
}

/// The 32-bit key of a stream.
pub fn key(seed: u64, stream: Stream, index: u32) -> u32 {
    let v = pcg4d([seed as u32, (seed >> 32) as u32, stream.label(), index]);
    v[0] ^ v[2]
}

/// The image of `index` under the permutation of `0..count` for `key` and `epoch`.
///
/// The swap-or-not shuffle of Hoang, Morris & Rogaway ("An Enciphering Scheme Based on a Card
/// Shuffle", CRYPTO 2012, figure 1), 24 rounds: it permutes any number of elements without a
/// table and without a search.
///
/// # Panics
/// If `index >= count`.
pub fn permute(key: u32, epoch: u32, count: u32, index: u32) -> u32 {
    assert!(index < count, "permute: index {index} of {count}");
    let mut value = [index];
    permute_all(key, epoch, count, &mut value);
    value[0]
}

/// [`permute`] of many elements, each below `count`, in place. Hashes that the elements share are
/// computed once, and the loop over the elements is vectorised where the caller is compiled for
/// vector instructions.
#[inline(always)]
pub(crate) fn permute_all(key: u32, epoch: u32, count: u32, values: &mut [u32]) {
    for block in 0..ROUNDS / 4 {
        // the high bits of the third word separate the hashes of the sums from those of the coins
        let sums = pcg4d([key, epoch, SUMS + block, count]);
        for (round, sum) in (4 * block..).zip(sums) {
            let sum = sum % count;
            for value in &mut *values {
                // (sum - value) modulo count
                let wrap = if *value > sum { count } else { 0 };
                let partner = sum.wrapping_sub(*value).wrapping_add(wrap);
                let coin = pcg4d([key, epoch, round, partner.max(*value)])[0] >> 31;
                *value = if coin == 1 { partner } else { *value };
            }
        }
    }
}

/// Rounds of the shuffle.
const ROUNDS: u32 = 24;

/// Separates the hashes of the sums from those of the coins.
const SUMS: u32 = 1 << 16;

/// A uniform number in (0, 1) from a word: the middle of one of 2^32 equal cells.
pub fn unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_hits_every_element_once() {
        for count in [1, 2, 3, 4, 5, 7, 16, 17, 31, 40, 64, 65, 1021, 5000] {
            let mut seen = vec![false; count as usize];
            for index in 0..count {
                let to = permute(7, 3, count, index) as usize;
                assert!(!seen[to], "{count}: {to} twice");
                seen[to] = true;
            }
        }
    }

    #[test]
    fn permuting_many_elements_equals_permuting_each() {
        for count in [1, 2, 40, 2_000, u32::MAX] {
            let from: Vec<u32> = (0..50).map(|i| i * 7 % count).collect();
            let mut together = from.clone();
            permute_all(3, 9, count, &mut together);
            let alone: Vec<u32> = from.iter().map(|i| permute(3, 9, count, *i)).collect();
            assert_eq!(together, alone);
            assert!(together.iter().all(|to| *to < count));
        }
    }

    #[test]
    fn every_element_goes_everywhere_equally_often() {
        // chi-squared over 8,000 epochs: its mean is the degrees of freedom, its deviation sqrt(2
        // dof); 5 sigma
        for count in [2u32, 3, 4, 5, 12, 40, 101] {
            for index in (0..count).step_by(count as usize / 12 + 1) {
                let mut tally = vec![0f64; count as usize];
                let epochs = 8_000;
                for epoch in 0..epochs {
                    tally[permute(99, epoch, count, index) as usize] += 1.0;
                }
                let expected = f64::from(epochs) / f64::from(count);
                let chi: f64 = tally.iter().map(|t| (t - expected).powi(2) / expected).sum();
                let dof = f64::from(count - 1);
                assert!(chi < dof + 5.0 * (2.0 * dof).sqrt() + 5.0, "{count} {index}: {chi}");
            }
        }
    }

    #[test]
    fn neighbours_do_not_stay_together() {
        // distance from element 0 to element 1: every value equally often
        for count in [3u32, 5, 16, 40] {
            let epochs = 8_000;
            let mut tally = vec![0f64; count as usize];
            for epoch in 0..epochs {
                let [a, b] = [0, 1].map(|index| permute(5, epoch, count, index));
                tally[((b + count - a) % count) as usize] += 1.0;
            }
            assert_eq!(tally[0], 0.0);
            let expected = f64::from(epochs) / f64::from(count - 1);
            let chi: f64 = tally[1..].iter().map(|t| (t - expected).powi(2) / expected).sum();
            let dof = f64::from(count - 2);
            assert!(chi < dof + 5.0 * (2.0 * dof).sqrt() + 5.0, "{count}: {chi}");
        }
    }

    #[test]
    fn different_keys_and_epochs_differ() {
        let order = |key, epoch| (0..100).map(|i| permute(key, epoch, 100, i)).collect::<Vec<_>>();
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
        assert_eq!(order(1, 0), order(1, 0));
    }
}
