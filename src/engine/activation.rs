//! Activation functions and their derivatives. `shaders/activation.wgsl` computes the same on the
//! device.

use crate::engine::cpu::vectors::{fuses, widest};
use crate::engine::onnx::nodes::{Nodes, number};
use crate::engine::real::Real;

/// An activation function, applied to each unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// z
    Identity,
    /// max(z, 0)
    Relu,
    /// z where z > 0, else `slope` z
    LeakyRelu {
        /// The slope below zero.
        slope: f32,
    },
    /// tanh(z)
    Tanh,
    /// 1 / (1 + exp(-z))
    Sigmoid,
    /// z sigmoid(z)
    Silu,
    /// z Phi(z), with the normal distribution function Phi in its exact form (Hendrycks & Gimpel,
    /// arXiv 1606.08415)
    Gelu,
}

impl Activation {
    /// Every activation, with the usual slope of 0.01 for the leaky one.
    pub const ALL: [Activation; 7] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.01 },
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Silu,
        Activation::Gelu,
    ];

    /// The name, as PyTorch's `torch.nn.functional` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Identity => "identity",
            Activation::Relu => "relu",
            Activation::LeakyRelu { .. } => "leaky_relu",
            Activation::Tanh => "tanh",
            Activation::Sigmoid => "sigmoid",
            Activation::Silu => "silu",
            Activation::Gelu => "gelu",
        }
    }

    /// Adds its nodes of ONNX; returns the name of the output.
    pub(crate) fn onnx(self, nodes: &mut Nodes, z: &str) -> String {
        match self {
            Activation::Identity => z.to_owned(),
            Activation::Relu => nodes.add("Relu", &[z]),
            Activation::LeakyRelu { slope } => {
                nodes.add_with("LeakyRelu", &[z], vec![number("alpha", slope)])
            }
            Activation::Tanh => nodes.add("Tanh", &[z]),
            Activation::Sigmoid => nodes.add("Sigmoid", &[z]),
            Activation::Silu => {
                let sigmoid = nodes.add("Sigmoid", &[z]);
                nodes.add("Mul", &[z, &sigmoid])
            }
            Activation::Gelu => {
                let [root, one, half] =
                    [std::f32::consts::FRAC_1_SQRT_2, 1.0, 0.5].map(|x| nodes.scalar(x));
                let x = nodes.add("Mul", &[z, &root]);
                let erf = nodes.add("Erf", &[&x]);
                let sum = nodes.add("Add", &[&erf, &one]);
                let product = nodes.add("Mul", &[z, &sum]);
                nodes.add("Mul", &[&product, &half])
            }
        }
    }

    /// Its expression in PyTorch.
    pub(crate) fn torch(self, z: &str) -> String {
        match self {
            Activation::Identity => z.to_owned(),
            Activation::LeakyRelu { slope } => format!("F.leaky_relu({z}, {slope})"),
            other => format!("F.{}({z})", other.name()),
        }
    }

    /// The activation of that name; `slope` is used by `leaky_relu` alone.
    pub fn named(name: &str, slope: f32) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|activation| activation.name() == name)?;
        Some(match found {
            Activation::LeakyRelu { .. } => Activation::LeakyRelu { slope },
            other => other,
        })
    }

    /// Its number in WGSL: its index in [`Activation::ALL`].
    pub fn code(self) -> u32 {
        let place = Self::ALL.iter().position(|other| other.name() == self.name());
        place.expect("activation: not in ALL") as u32
    }

    /// The gain of the initial weights, which keeps the variance from node to node (He et al.,
    /// arXiv 1502.01852, eq. 15): gain^2 = 2 / (1 + slope^2) for the ReLU family, 1 for the others.
    pub fn gain(self) -> f64 {
        match self {
            Activation::Relu | Activation::LeakyRelu { .. } => {
                (2.0 / (1.0 + f64::from(self.slope()).powi(2))).sqrt()
            }
            _ => 1.0,
        }
    }

    /// The slope below zero of a piecewise linear activation, 0 for every other one.
    pub(crate) fn slope_below(self) -> f64 {
        if self == Activation::Identity { 1.0 } else { f64::from(self.slope()) }
    }

    /// The slope of a leaky ReLU, 0 for every other activation.
    pub fn slope(self) -> f32 {
        match self {
            Activation::LeakyRelu { slope } => slope,
            _ => 0.0,
        }
    }
}

#[inline(always)]
fn sigmoid<F: Real, const FUSED: bool>(z: F) -> F {
    F::one() / (F::one() + (-z).vector_exp::<FUSED>())
}

#[inline(always)]
fn normal_distribution<F: Real, const FUSED: bool>(z: F) -> F {
    let x = z * F::of(std::f64::consts::FRAC_1_SQRT_2);
    F::of(0.5) * (F::one() + x.vector_erf::<FUSED>())
}

/// Writes activation(z) of an activation that is not piecewise linear.
#[inline(always)]
fn activate_smoothly<F: Real, const FUSED: bool>(activation: Activation, z: &[F], a: &mut [F]) {
    #[inline(always)]
    fn map<F: Real>(z: &[F], a: &mut [F], f: impl Fn(F) -> F) {
        a.iter_mut().zip(z).for_each(|(a, z)| *a = f(*z));
    }
    match activation {
        Activation::Tanh => map(z, a, |z| z.vector_tanh::<FUSED>()),
        Activation::Sigmoid => map(z, a, |z| sigmoid::<F, FUSED>(z)),
        Activation::Silu => map(z, a, |z| z * sigmoid::<F, FUSED>(z)),
        Activation::Gelu => map(z, a, |z| z * normal_distribution::<F, FUSED>(z)),
        _ => unreachable!("activation: piecewise linear"),
    }
}

/// Multiplies delta by the derivative of such an activation.
#[inline(always)]
fn times_smooth_derivative<F: Real, const FUSED: bool>(
    activation: Activation,
    z: &[F],
    delta: &mut [F],
) {
    #[inline(always)]
    fn map<F: Real>(z: &[F], delta: &mut [F], f: impl Fn(F) -> F) {
        delta.iter_mut().zip(z).for_each(|(d, z)| *d *= f(*z));
    }
    let one = F::one();
    match activation {
        Activation::Tanh => map(z, delta, |z| one - z.vector_tanh::<FUSED>().powi(2)),
        Activation::Sigmoid => map(z, delta, |z| {
            let s = sigmoid::<F, FUSED>(z);
            s * (one - s)
        }),
        Activation::Silu => map(z, delta, |z| {
            let s = sigmoid::<F, FUSED>(z);
            s * (one + z * (one - s))
        }),
        Activation::Gelu => map(z, delta, |z| {
            let exponential = (-F::of(0.5) * z * z).vector_exp::<FUSED>();
            let density = F::of(1.0 / std::f64::consts::TAU.sqrt()) * exponential;
            normal_distribution::<F, FUSED>(z) + z * density
        }),
        _ => unreachable!("activation: piecewise linear"),
    }
}

widest! {
    /// Writes activation(z), each number of `z` to the same place in `a`.
    pub(crate) fn activate<F: Real>(activation: Activation, z: &[F], a: &mut [F]) {
        let zero = F::zero();
        match activation {
            Activation::Identity => a.copy_from_slice(z),
            Activation::Relu | Activation::LeakyRelu { .. } => {
                let slope = F::of(f64::from(activation.slope()));
                for (a, z) in a.iter_mut().zip(z) {
                    *a = if *z > zero { *z } else { slope * *z };
                }
            }
            _ if fuses(BITS) => activate_smoothly::<F, true>(activation, z, a),
            _ => activate_smoothly::<F, false>(activation, z, a),
        }
    }
}

widest! {
    /// Adds a row to each row of `z`.
    pub(crate) fn add_to_rows<F: Real>(row: &[F], z: &mut [F]) {
        for z in z.chunks_exact_mut(row.len()) {
            z.iter_mut().zip(row).for_each(|(z, more)| *z += *more);
        }
    }
}

widest! {
    /// Adds a row to each row of `a` and applies a piecewise linear activation of this slope below
    /// zero, in one pass.
    pub(crate) fn add_and_activate<F: Real>(slope: F, row: &[F], a: &mut [F]) {
        let zero = F::zero();
        for a in a.chunks_exact_mut(row.len()) {
            for (a, more) in a.iter_mut().zip(row) {
                let z = *a + *more;
                *a = if z > zero { z } else { slope * z };
            }
        }
    }
}

widest! {
    /// `delta *= d activation / d z`, number by number.
    pub(crate) fn times_derivative<F: Real>(activation: Activation, z: &[F], delta: &mut [F]) {
        let (zero, one) = (F::zero(), F::one());
        match activation {
            Activation::Identity => {}
            Activation::Relu | Activation::LeakyRelu { .. } => {
                let slope = F::of(f64::from(activation.slope()));
                for (d, z) in delta.iter_mut().zip(z) {
                    *d *= if *z > zero { one } else { slope };
                }
            }
            _ if fuses(BITS) => times_smooth_derivative::<F, true>(activation, z, delta),
            _ => times_smooth_derivative::<F, false>(activation, z, delta),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_are_found_by_their_names() {
        for activation in Activation::ALL {
            assert_eq!(Activation::named(activation.name(), activation.slope()), Some(activation));
        }
        assert_eq!(Activation::named("softmax", 0.0), None);
    }
}
