//! What the outputs of a network say of the targets.

use crate::engine::loss::Predicts;

/// Scaled predictions of some rows, in columns of shape (targets, rows).
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Values, means or probabilities.
    pub values: Vec<Vec<f64>>,
    /// Standard deviations; empty if the network has none.
    pub deviations: Vec<Vec<f64>>,
}

impl Prediction {
    /// From outputs of shape (rows, `width`), the first of which belong to the targets; the others
    /// are dummies.
    pub fn new(predicts: Predicts, outputs: &[f32], width: usize, targets: usize) -> Self {
        let columns = || vec![Vec::with_capacity(outputs.len() / width); targets];
        let mut values = columns();
        let mut deviations = match predicts.outputs_per_target() {
            1 => vec![],
            _ => columns(),
        };
        for row in outputs.chunks_exact(width) {
            let output = |place: usize| f64::from(row[place]);
            for target in 0..targets {
                let (value, deviation) = match predicts {
                    Predicts::Value => (output(target), None),
                    Predicts::Probability => (sigmoid(output(target)), None),
                    Predicts::Classes => (softmax(&row[..targets], target), None),
                    Predicts::LogVariance => {
                        (output(2 * target), Some((0.5 * output(2 * target + 1)).exp()))
                    }
                    Predicts::Deviation => (output(2 * target), Some(output(2 * target + 1).abs())),
                };
                values[target].push(value);
                deviation.into_iter().for_each(|one| deviations[target].push(one));
            }
        }
        Self { values, deviations }
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

fn softmax(logits: &[f32], place: usize) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let power = |logit: f32| f64::from(logit - most).exp();
    power(logits[place]) / logits.iter().copied().map(power).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_become_predictions_without_the_dummies() {
        let of = |predicts, targets| Prediction::new(predicts, &[0.5, -2.0, 1.0, 3.0], 4, targets);
        let close = |one: &[Vec<f64>], other: &[f64]| {
            assert_eq!(one.len(), other.len());
            one.iter().zip(other).for_each(|(one, other)| assert!((one[0] - other).abs() < 1e-7));
        };
        close(&of(Predicts::Value, 2).values, &[0.5, -2.0]);
        close(&of(Predicts::Probability, 2).values, &[0.62245933, 0.11920292]);
        close(&of(Predicts::Classes, 3).values, &[0.36619222, 0.03005889, 0.60374890]);
        let [gaussian, moments] =
            [Predicts::LogVariance, Predicts::Deviation].map(|predicts| of(predicts, 2));
        close(&gaussian.values, &[0.5, 1.0]);
        close(&gaussian.deviations, &[0.36787944, 4.48168907]);
        close(&moments.deviations, &[2.0, 3.0]);
    }
}
