//! Loss functions. [`LOSSES`] lists them; the `switch` in `shaders/loss.wgsl` computes the same on
//! the device.
//!
//! The loss of a batch is the weighted mean over examples e and outputs j, `sum_ej w_j l(a_ej,
//! t_ej) / (examples * sum_j w_j)`, where the weight w_j of a dummy output is 0.

use crate::engine::real::{Real, version};

/// A loss function l(a, t) of an output and its target.
#[derive(Debug)]
pub struct Loss {
    /// Its name in study files and results.
    pub name: &'static str,
    /// A description in one line.
    pub about: &'static str,
    /// Its values and derivatives for one example.
    row: Row,
}

/// Adds `w_j l(a_j, t_j)` of one example to `sum` and fills `slopes` with `w_j d l / d a_j`.
type RowOf<F> = fn(outputs: &[F], targets: &[F], weights: &[F], slopes: &mut [F], sum: &mut F);

#[derive(Debug)]
struct Row {
    f32: RowOf<f32>,
    f64: RowOf<f64>,
}

/// Every loss. A new one is a function here, an entry in this list, and a case in
/// `shaders/loss.wgsl` under the same number.
pub static LOSSES: [&Loss; 1] = [&MSE];

/// Squared error, (a - t)^2.
pub static MSE: Loss = Loss {
    name: "mse",
    about: "squared error, (a - t)^2",
    row: Row { f32: squared_error, f64: squared_error },
};

fn squared_error<F: Real>(a: &[F], t: &[F], weights: &[F], slopes: &mut [F], sum: &mut F) {
    for (((a, t), weight), slope) in a.iter().zip(t).zip(weights).zip(slopes) {
        let miss = *a - *t;
        *slope = *weight * (miss + miss);
        *sum += *weight * miss * miss;
    }
}

impl Loss {
    /// The loss of this name.
    pub fn named(name: &str) -> Option<&'static Loss> {
        LOSSES.into_iter().find(|loss| loss.name == name)
    }

    /// Its number in WGSL: its index in [`LOSSES`].
    pub fn code(&self) -> u32 {
        let place = LOSSES.iter().position(|other| other.name == self.name);
        place.expect("loss: not in LOSSES") as u32
    }

    /// The function for one example.
    pub(crate) fn row<F: Real>(&self) -> RowOf<F> {
        version([&self.row.f32, &self.row.f64])
    }
}

impl PartialEq for Loss {
    /// Compares the names.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_found_by_their_names_and_numbered_in_order() {
        for (number, loss) in (0..).zip(LOSSES) {
            assert_eq!(Loss::named(loss.name), Some(loss));
            assert_eq!(loss.code(), number);
        }
        assert_eq!(Loss::named("hinge"), None);
    }

    #[test]
    fn slopes_are_the_derivatives_of_the_values() {
        for loss in LOSSES {
            let row = loss.row::<f64>();
            let value = |a: f64, t: f64| {
                let mut sum = 0.0;
                row(&[a], &[t], &[0.7], &mut [0.0], &mut sum);
                sum
            };
            for (a, t) in [(0.3, 0.8), (-1.2, 0.4), (2.0, 2.0)] {
                let mut slope = [0.0];
                row(&[a], &[t], &[0.7], &mut slope, &mut 0.0);
                let step = 1e-5;
                let difference = (value(a + step, t) - value(a - step, t)) / (2.0 * step);
                assert!((slope[0] - difference).abs() < 1e-8, "{}: {slope:?}", loss.name);
            }
        }
    }
}
