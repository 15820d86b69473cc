//! The dropout mask. `shaders/activation.wgsl` computes the same on the device.

use crate::engine::cpu::vectors::widest;
use crate::engine::random::pcg4d;
use crate::engine::real::Real;

/// The dropout of a node as integer threshold and factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// A number is dropped where its hash is below this threshold; 0: no dropout.
    pub threshold: u32,
    /// Factor of the other numbers: 1 / (1 - dropout).
    pub scale: f64,
}

impl Dropout {
    /// Dropout with this probability.
    pub fn new(probability: f32) -> Self {
        let probability = f64::from(probability);
        Self {
            threshold: (probability * 4_294_967_296.0).round() as u32,
            scale: 1.0 / (1.0 - probability),
        }
    }

    /// Multiplies rows of a batch, shape (rows, stride), by the mask of a step: 0 where a number is
    /// dropped, otherwise the scale. Four rows of a unit share a hash; `first` is the first of the
    /// rows, a multiple of four. `key` is the seed, the step and the key of the node.
    pub fn apply<F: Real>(
        self,
        [seed, step, node]: [u32; 3],
        stride: usize,
        first: usize,
        matrix: &mut [F],
    ) {
        let scale = F::of(self.scale);
        for (examples, rows) in (first as u32 / 4..).zip(matrix.chunks_exact_mut(4 * stride)) {
            mask_four_examples([seed, step, node, examples], self.threshold, scale, rows);
        }
    }
}

widest! {
    /// Multiplies four consecutive rows by their mask; `key` is that of their first unit.
    fn mask_four_examples<F: Real>(key: [u32; 4], threshold: u32, scale: F, rows: &mut [F]) {
        let (above, below) = rows.split_at_mut(rows.len() / 2);
        let (first, second) = above.split_at_mut(above.len() / 2);
        let (third, fourth) = below.split_at_mut(below.len() / 2);
        let pairs = first.iter_mut().zip(second).zip(third.iter_mut().zip(fourth));
        let [seed, step, units, examples] = key;
        for (unit, ((first, second), (third, fourth))) in (units..).zip(pairs) {
            let hashed = pcg4d([seed, step, unit, examples]);
            let factor = |hash: u32| if hash >= threshold { scale } else { F::zero() };
            *first *= factor(hashed[0]);
            *second *= factor(hashed[1]);
            *third *= factor(hashed[2]);
            *fourth *= factor(hashed[3]);
        }
    }
}
