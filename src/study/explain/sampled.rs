//! Shapley values estimated from random orders of the inputs.

use crate::engine::evaluate::Evaluator;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::permute;
use crate::engine::real::Real;

use crate::study::explain::Subject;
use crate::study::explain::passes::on_all_cores;
use crate::study::explain::values::Attributions;

/// An unbiased estimate of the Shapley values of `rows`, shape (rows, inputs), for the value
/// function of [`exact_shapley`](crate::study::explain::shapley::exact_shapley).
///
/// Starting from each background row, the inputs are replaced one by one with those of the
/// explained row, in `pairs` random orders (Castro et al. 2009, Computers & Operations Research 36,
/// 1726) and their reverses (Mitchell et al. 2022, JMLR 23, 43). The attribution of an input is the
/// mean change of the output when that input is replaced. The changes along an order add up to the
/// whole change, so the additivity gap is rounding.
///
/// An order depends only on the seed, the row, the background row and the pair.
///
/// # Panics
/// If there is no row, background row, target or pair, or if a length is not a multiple of the
/// number of inputs.
pub fn sampled_shapley<F: Real>(
    subject: &Subject<F>,
    rows: &[F],
    pairs: usize,
    seed: u64,
) -> Attributions<F> {
    subject.check(rows);
    assert!(pairs > 0, "sampled shapley: pairs must be at least 1");
    let inputs = subject.network.inputs();
    let count = 2 * pairs * subject.background.len() / inputs;
    let of_row = |row: &[F], number: usize| {
        let key = key(seed, Stream::InputOrders, number as u32);
        let mut values = vec![F::zero(); subject.targets.len() * inputs];
        let mut evaluator = Evaluator::new(subject.network, subject.parameters, inputs + 1);
        for (place, reference) in subject.background.chunks_exact(inputs).enumerate() {
            for pair in 0..pairs {
                let epoch = (place * pairs + pair) as u32;
                let turn = |turn: usize| permute(key, epoch, inputs as u32, turn as u32) as usize;
                let mut order: Vec<usize> = (0..inputs).map(turn).collect();
                add_order(subject, &mut evaluator, (row, reference), &order, &mut values);
                order.reverse();
                add_order(subject, &mut evaluator, (row, reference), &order, &mut values);
            }
        }
        let count = F::of(count as f64);
        values.iter_mut().for_each(|value| *value /= count);
        values
    };
    let values = on_all_cores(rows, inputs, of_row);
    Attributions::new(subject, rows, values)
}

/// Adds the changes of the output along one order to the values, shape (targets, inputs).
fn add_order<F: Real>(
    subject: &Subject<F>,
    evaluator: &mut Evaluator<F>,
    (row, reference): (&[F], &[F]),
    order: &[usize],
    values: &mut [F],
) {
    let (inputs, outputs) = (row.len(), subject.network.outputs());
    let mut point = reference.to_vec();
    let mut points = point.clone();
    for input in order {
        point[*input] = row[*input];
        points.extend(&point);
    }
    let predicted = evaluator.predict(&points);
    for (turn, input) in order.iter().enumerate() {
        let [before, after] = [turn, turn + 1].map(|turn| &predicted[turn * outputs..][..outputs]);
        for (place, target) in subject.targets.iter().enumerate() {
            values[place * inputs + input] += after[*target] - before[*target];
        }
    }
}
