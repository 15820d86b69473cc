//! Activations, their derivatives and the dropout mask: the references of
//! `shaders/activation.wgsl`.

use crate::engine::cpu::vectors::widest;
use crate::engine::graph::Activation;
use crate::engine::memory::{PreparedRun, Real};
use crate::engine::random::pcg4d;

/// The number of an activation in WGSL: its place in [`Activation::ALL`].
pub fn code(activation: Activation) -> u32 {
    let name = activation.name();
    let place = Activation::ALL.iter().position(|other| other.name() == name);
    place.expect("activation: not in ALL") as u32
}

fn sigmoid<F: Real>(z: F) -> F {
    F::one() / (F::one() + (-z).exp())
}

fn normal_distribution<F: Real>(z: F) -> F {
    F::of(0.5) * (F::one() + (z * F::of(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

widest! {
    /// activation(z), each number of `z` to the same place in `a`.
    pub fn activate<F: Real>(activation: Activation, z: &[F], a: &mut [F]) {
        let zero = F::zero();
        let mut map = |f: &dyn Fn(F) -> F| a.iter_mut().zip(z).for_each(|(a, z)| *a = f(*z));
        match activation {
            Activation::Identity => a.copy_from_slice(z),
            Activation::Relu | Activation::LeakyRelu { .. } => {
                // written out so that the compiler makes vectors of it
                let slope = F::of(f64::from(activation.slope()));
                for (a, z) in a.iter_mut().zip(z) {
                    *a = if *z > zero { *z } else { slope * *z };
                }
            }
            Activation::Tanh => map(&|z| z.tanh()),
            Activation::Sigmoid => map(&sigmoid),
            Activation::Silu => map(&|z| z * sigmoid(z)),
            Activation::Gelu => map(&|z| z * normal_distribution(z)),
        }
    }
}

widest! {
    /// `delta *= d activation / d z`, number by number.
    pub fn times_derivative<F: Real>(activation: Activation, z: &[F], delta: &mut [F]) {
        let (zero, one) = (F::zero(), F::one());
        let mut map = |f: &dyn Fn(F) -> F| delta.iter_mut().zip(z).for_each(|(d, z)| *d *= f(*z));
        match activation {
            Activation::Identity => {}
            Activation::Relu | Activation::LeakyRelu { .. } => {
                let slope = F::of(f64::from(activation.slope()));
                for (d, z) in delta.iter_mut().zip(z) {
                    *d *= if *z > zero { one } else { slope };
                }
            }
            Activation::Tanh => map(&|z| one - z.tanh().powi(2)),
            Activation::Sigmoid => map(&|z| sigmoid(z) * (one - sigmoid(z))),
            Activation::Silu => map(&|z| sigmoid(z) * (one + z * (one - sigmoid(z)))),
            Activation::Gelu => map(&|z| {
                let density = F::of(1.0 / std::f64::consts::TAU.sqrt()) * (-F::of(0.5) * z * z).exp();
                normal_distribution(z) + z * density
            }),
        }
    }
}

/// `matrix *= mask` for the batch of a layer, shape (batch, units): 0 where a unit is dropped, else
/// 1 / (1 - dropout). Four examples of a unit share a hash.
pub fn times_mask<F: Real>(run: &PreparedRun, step: u32, layer: usize, matrix: &mut [F]) {
    let threshold = run.drop_threshold(layer);
    let scale = F::of(run.keep_scale(layer));
    let stride = run.places[layer].stride;
    let key = (layer as u32) << 16;
    for (group, rows) in (0..).zip(matrix.chunks_exact_mut(4 * stride)) {
        times_mask_of_group([run.seed, step, key, group], threshold, scale, rows);
    }
}

widest! {
    /// Four examples, one after another; `key` is that of their first unit.
    fn times_mask_of_group<F: Real>(key: [u32; 4], threshold: u32, scale: F, rows: &mut [F]) {
        let (above, below) = rows.split_at_mut(rows.len() / 2);
        let (first, second) = above.split_at_mut(above.len() / 2);
        let (third, fourth) = below.split_at_mut(below.len() / 2);
        let pairs = first.iter_mut().zip(second).zip(third.iter_mut().zip(fourth));
        let [seed, step, units, group] = key;
        for (unit, ((first, second), (third, fourth))) in (units..).zip(pairs) {
            let hashed = pcg4d([seed, step, unit, group]);
            let factor = |hash: u32| if hash >= threshold { scale } else { F::zero() };
            *first *= factor(hashed[0]);
            *second *= factor(hashed[1]);
            *third *= factor(hashed[2]);
            *fourth *= factor(hashed[3]);
        }
    }
}
