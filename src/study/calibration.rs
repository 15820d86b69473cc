//! Calibrates the standard deviations that a network predicts.

use crate::engine::graph::Graph;
use crate::engine::loss::Predicts;
use crate::engine::ops::dense;
use crate::study::tested::Tested;

/// The part of a normal distribution within one standard deviation of its mean.
const ONE_SIGMA: f64 = 0.682_689_492_137_086;

/// Multiplies the predicted deviation of each target by its factor, in the parameters of the output
/// layer.
///
/// # Panics
/// If the output layer is not dense.
pub(crate) fn scale(network: &Graph, predicts: Predicts, factors: &[f64], parameters: &mut [f32]) {
    let last = network.output_node();
    assert!(*network.nodes()[last].op == dense::OP, "calibration: the output layer is dense");
    let [weights, bias] = [0, 1].map(|place| network.parameters(last)[place]);
    for (target, factor) in factors.iter().enumerate() {
        let output = 2 * target + 1;
        match predicts {
            Predicts::LogVariance => parameters[bias.at + output] += (2.0 * factor.ln()) as f32,
            Predicts::Deviation => {
                for matrix in [weights, bias] {
                    for row in parameters[matrix.range()].chunks_exact_mut(matrix.stride) {
                        row[output] *= *factor as f32;
                    }
                }
            }
            _ => unreachable!("calibration: outputs have deviations"),
        }
    }
}

/// The factor of each target with which as much of these rows as of a normal distribution is within
/// one predicted deviation: the quantile of |prediction - truth| / deviation with the correction
/// for a finite number of rows, as in split conformal prediction (Angelopoulos & Bates, arXiv
/// 2107.07511, section 1). A factor that is not a positive number becomes 1.
pub(crate) fn factors(test: &Tested) -> Vec<f64> {
    let of_target = |target: usize| {
        let deviations = &test.deviations[target];
        let pulls = test.rows(target).zip(deviations).map(|((prediction, truth, weight), one)| {
            ((prediction - truth).abs() / one, weight.max(0.0))
        });
        let factor = quantile(pulls.collect());
        if factor.is_finite() && factor > 0.0 { factor } else { 1.0 }
    };
    (0..test.deviations.len()).map(of_target).collect()
}

/// Values lie at the sums of the weights up to them; between them the quantile is interpolated.
fn quantile(mut weighted: Vec<(f64, f64)>) -> f64 {
    weighted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let place = ONE_SIGMA * total * (1.0 + 1.0 / weighted.len() as f64);
    let (mut sum, mut below) = (0.0, 0.0);
    for (value, weight) in weighted {
        if weight > 0.0 && sum + weight >= place {
            return below + (value - below) * (place - sum) / weight;
        }
        (sum, below) = (sum + weight, value);
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::activation::Activation;
    use crate::engine::normals::normals;
    use crate::engine::shape::Shape;
    use crate::study::measures::coverage;
    use crate::study::prediction::Prediction;

    const ROWS: usize = 4000;

    fn tested(predicts: Predicts, outputs: &[f32], truth: &[f64]) -> Tested {
        let Prediction { values, deviations } = Prediction::new(predicts, outputs, 4, 2);
        let truth = vec![truth.to_vec(); 2];
        Tested { predicts, predictions: values, deviations, truth, weights: None }
    }

    /// The first target's deviations are 3 times too large, the second one's 3 times too small.
    #[test]
    fn scaled_deviations_cover_one_sigma_with_either_loss() {
        let mut truth = vec![0.0; ROWS];
        normals([1, 2, 3], &mut truth);
        let network = Graph::builder(Shape::examples(1)).dense(4, Activation::Identity, 0.0);
        let network = network.build().unwrap();
        for (predicts, outputs) in [
            (Predicts::LogVariance, [0.0, 2.0 * 3f32.ln(), 0.0, -2.0 * 3f32.ln()]),
            (Predicts::Deviation, [0.0, -3.0, 0.0, 1.0 / 3.0]),
        ] {
            let mut parameters = vec![0.0; network.parameter_count()];
            let [weights, bias] = [0, 1].map(|place| network.parameters(0)[place]);
            // with an input of 1 both count
            for (output, value) in outputs.iter().enumerate() {
                parameters[weights.at + output] = value - 0.5;
                parameters[bias.at + output] = 0.5;
            }
            let predicted = |parameters: &[f32]| -> Vec<f32> {
                let of_row: Vec<f32> = (0..4)
                    .map(|output| parameters[weights.at + output] + parameters[bias.at + output])
                    .collect();
                of_row.repeat(ROWS)
            };
            let before = tested(predicts, &predicted(&parameters), &truth);
            scale(&network, predicts, &factors(&before), &mut parameters);
            let after = tested(predicts, &predicted(&parameters), &truth);
            for target in 0..2 {
                assert!((coverage(&before, target) - ONE_SIGMA).abs() > 0.2);
                assert!((coverage(&after, target) - ONE_SIGMA).abs() < 1e-3);
                assert_eq!(after.predictions[target], before.predictions[target]);
            }
        }
    }

    /// `numpy.quantile(values, 0.682689492137086, method="weibull")`
    #[test]
    fn the_quantile_is_that_of_numpy() {
        let values = [0.3, 0.1, 0.7, 0.2, 1.1, 0.9, 0.4];
        let even = quantile(values.map(|value| (value, 1.0)).into());
        assert!((even - 0.792_303_187_419_337_6).abs() < 1e-12, "{even}");
        // a row of weight 0 does not count but for the correction
        assert_eq!(quantile(vec![(2.0, 1.0)]), 2.0);
    }

    #[test]
    fn rows_that_say_nothing_leave_deviations_as_they_are() {
        let exact = tested(Predicts::LogVariance, &[0.5; 8], &[0.5; 2]);
        assert_eq!(factors(&exact), [1.0, 1.0]);
    }
}
