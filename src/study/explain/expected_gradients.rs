//! Expected gradients: the gradient, averaged over straight lines from the background to a row.

use crate::engine::activation;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::pcg4d;
use crate::engine::random::unit;
use crate::engine::real::Real;

use crate::study::explain::Subject;
use crate::study::explain::passes::{multipliers, on_all_cores, sums};
use crate::study::explain::values::Attributions;

/// Points that are evaluated in one forward and backward pass.
const BLOCK: usize = 128;

/// Expected gradients (Erion et al. 2021, Nature Machine Intelligence 3, 620; arXiv 1906.10670) of
/// `rows`, shape (rows, inputs): the mean of (x - r) times the gradient at r + alpha (x - r), over
/// every background row r and `alphas` values of alpha in (0, 1).
///
/// The values are stratified: the i-th is uniform in (i / alphas, (i + 1) / alphas) and depends
/// only on the seed, the row, the background row and i. The result does not depend on the number of
/// cores.
///
/// # Panics
/// If there is no row, background row, target or alpha, or if a length is not a multiple of the
/// number of inputs.
pub fn expected_gradients<F: Real>(
    subject: &Subject<F>,
    rows: &[F],
    alphas: usize,
    seed: u64,
) -> Attributions<F> {
    subject.check(rows);
    assert!(alphas > 0, "expected gradients: alphas must be at least 1");
    let inputs = subject.network.inputs();
    let background = subject.background.len() / inputs;
    let count = F::of((background * alphas) as f64);
    let of_row = |row: &[F], number: usize| {
        let key = key(seed, Stream::GradientPoints, number as u32);
        let mut values = vec![F::zero(); subject.targets.len() * inputs];
        let points: Vec<(usize, usize)> = (0..background)
            .flat_map(|reference| (0..alphas).map(move |stratum| (reference, stratum)))
            .collect();
        for block in points.chunks(BLOCK) {
            add_block(subject, row, block, alphas, key, &mut values);
        }
        values.iter_mut().for_each(|value| *value /= count);
        values
    };
    let values = on_all_cores(rows, inputs, of_row);
    Attributions::new(subject, rows, values)
}

/// Adds (x - r) times the gradient at each point of a block to the values, shape (targets, inputs).
fn add_block<F: Real>(
    subject: &Subject<F>,
    row: &[F],
    block: &[(usize, usize)],
    alphas: usize,
    key: u32,
    values: &mut [F],
) {
    let inputs = row.len();
    let reference = |number: usize| &subject.background[number * inputs..][..inputs];
    let mut points = Vec::with_capacity(block.len() * inputs);
    for &(number, stratum) in block {
        let word = pcg4d([key, number as u32, stratum as u32, 0])[0];
        let alpha = F::of((stratum as f64 + unit(word)) / alphas as f64);
        let on_the_line = |(x, r): (&F, &F)| *r + alpha * (*x - *r);
        points.extend(row.iter().zip(reference(number)).map(on_the_line));
    }
    let mut factors = sums(subject.network, subject.parameters, &points);
    for (node, sums) in subject.network.nodes().iter().zip(&mut factors) {
        let mut derivatives = vec![F::one(); sums.len()];
        activation::times_derivative(node.attributes.activation, sums, &mut derivatives);
        *sums = derivatives;
    }
    let gradients = multipliers(subject, &factors);
    let of_targets = gradients.chunks_exact(points.len());
    for (values, of_target) in values.chunks_exact_mut(inputs).zip(of_targets) {
        for (gradient, &(number, _)) in of_target.chunks_exact(inputs).zip(block) {
            let reference = reference(number);
            for (input, value) in values.iter_mut().enumerate() {
                *value += gradient[input] * (row[input] - reference[input]);
            }
        }
    }
}
