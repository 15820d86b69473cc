//! Gradients: those of the CPU references equal central differences of the loss, in f64.
//!
//! The difference quotient D(h) = (L(p + h) - L(p - h)) / 2h is off by h^2 L'''/6 + O(h^4), and
//! D(2h) by four times as much, so |D(2h) - D(h)| is three times the truncation of D(h). Rounding:
//! L is a sum of squares, each of a chain of at most (inputs + 2) operations a layer; it is off by
//! at most that many epsilons of itself and of the chain's magnitude, and the quotient by that over
//! h. The tolerance is the sum of both.

mod case;

use shoal::engine::activation::Activation;
use shoal::engine::graph::{Attributes, Graph};
use shoal::engine::layout::phase;
use shoal::engine::loss::LOSSES;
use shoal::engine::memory::Memory;
use shoal::engine::ops::{OPS, attention};
use shoal::engine::prepared::PreparedRun;
use shoal::engine::run::Run;
use shoal::engine::run::Training;
use shoal::engine::sets::Sets;
use shoal::engine::shape::Shape;
use shoal::engine::table::Table;

use self::case::Case;
use crate::common::*;

fn small(batch: usize) -> Training {
    Training { batch, max_epochs: 100, patience: 100, ..training() }
}

#[test]
fn gradients_equal_differences_for_every_activation() {
    let table = table(30, 5, 3);
    for hidden in Activation::ALL {
        for output in Activation::ALL {
            let network = perceptron(5, &[7, 6], 3, hidden, output, 0.0);
            let name = format!("{}, {}", hidden.name(), output.name());
            Case::new(&name, run(3, network, &table, 30, small(8)), &table, 8).check();
        }
    }
}

#[test]
fn gradients_equal_differences_for_every_op_and_loss() {
    for (kernels, loss) in OPS.into_iter().flat_map(|op| LOSSES.map(|loss| (op, loss))) {
        let table = weighted(table(30, 5, 3), loss);
        let outputs = 3 * loss.predicts.outputs_per_target();
        for number in 0..3 {
            let graph = chain(kernels.op, &[5, 8, 7, 6, outputs], number);
            let graph = graph.edited(|nodes| {
                // the loss takes outputs as they are
                nodes.last_mut().expect("a node").attributes.dropout = 0.0;
            });
            let graph = graph.expect("the same shapes");
            let name = format!("{}, {}, {number}", kernels.op.name, loss.name);
            let loss_parameter = unusual_parameter(loss);
            let training = Training { loss, loss_parameter, ..small(8) };
            let run = run(6, graph, &table, 30, training);
            let loss_weights = run.loss_weights.iter().zip([1.0, 0.5, 2.0, 1.0, 1.0, 1.0]);
            let loss_weights = loss_weights.map(|(weight, by)| weight * by).collect();
            Case::new(&name, Run { loss_weights, ..run }, &table, 8).check();
        }
    }
}

#[test]
fn gradients_equal_differences_for_awkward_runs() {
    use Activation::{Gelu, Identity, Sigmoid, Silu, Tanh};
    let table = table(30, 5, 3);
    let leaky = Activation::LeakyRelu { slope: 0.2 };
    let network = |hidden: &[usize], outputs: usize, activation: Activation, dropout: f32| {
        perceptron(5, hidden, outputs, activation, Sigmoid, dropout)
    };
    let check = |name: &str, network: Graph, batch: usize, present: usize| {
        let run = run(4, network, &table, 30, small(batch));
        Case::new(name, run, &table, present).check();
    };
    check("no hidden layer", network(&[], 3, Tanh, 0.0), 8, 8);
    check("width 1", network(&[1, 1, 1], 3, Tanh, 0.0), 8, 8);
    check("partial last batch", network(&[9], 3, Silu, 0.0), 7, 3);
    check("batch 1", network(&[9, 4], 3, Gelu, 0.0), 1, 1);
    check("batch larger than the rows", network(&[9, 4], 3, leaky, 0.0), 64, 24);
    check("dummy outputs", network(&[9, 4], 5, leaky, 0.0), 8, 8);
    check("dropout", network(&[12, 10], 3, Tanh, 0.3), 8, 8);
    check("dropout, kinks, partial batch", network(&[12, 10], 3, leaky, 0.5), 7, 3);
    check("frozen", frozen_below(&network(&[9, 8, 7], 3, Gelu, 0.0), 1), 8, 8);
    check("all but one frozen", frozen_below(&network(&[9, 8, 7], 3, leaky, 0.0), 3), 8, 8);
    let all = frozen_below(&network(&[9, 8, 7], 5, Silu, 0.25), 2);
    check("frozen, dropout, dummies, partial batch", all, 7, 3);

    let weighted = Run {
        loss_weights: vec![1.0, 0.5, 2.0],
        ..run(5, perceptron(5, &[6], 3, Tanh, Identity, 0.0), &table, 30, small(8))
    };
    Case::new("loss weights", weighted, &table, 8).check();
}

#[test]
fn a_dropout_mask_is_a_function_of_seed_and_step() {
    let table = table(30, 5, 3);
    let network = perceptron(5, &[64, 64], 3, Activation::Tanh, Activation::Identity, 0.3);
    let case = Case::new("dropout", run(4, network, &table, 30, small(8)), &table, 8);
    let mask = |seed: u32, steps: u32| {
        let run = PreparedRun::new(Run { seed, ..(*case.run).clone() }, tables(&table));
        let mut memory = case.memory.clone();
        memory.state.steps = steps;
        // the batch is the same: only the mask may change
        of_run("gather").reference(&case.run, &mut memory);
        of_level("dense_forward", 0).reference(&run, &mut memory);
        let at = case.run.layout.nodes[0].output;
        memory.work[at..][..64 * 8].iter().map(|a| *a == 0.0).collect::<Vec<bool>>()
    };
    assert_eq!(mask(1, 5), mask(1, 5));
    assert_ne!(mask(1, 5), mask(1, 6));
    assert_ne!(mask(1, 5), mask(2, 5));
    // 20 masks of 512 units: 0.3 of them within five deviations
    let dropped: usize = (0..20).map(|step| mask(9, step).iter().filter(|d| **d).count()).sum();
    let (count, expected) = (20.0 * 512.0, 0.3f64);
    let deviation = (expected * (1.0 - expected) / count).sqrt();
    assert!((dropped as f64 / count - expected).abs() < 5.0 * deviation, "{dropped} of {count}");
}

/// With queries of 0 the probabilities of an attention are equal, and with v the unit matrix its
/// output is these, times the mask.
#[test]
fn an_attention_drops_probabilities_in_training() {
    const ITEMS: usize = 16;
    let counts = [3, ITEMS, 1];
    let sets = Sets::new(vec![0.0; counts.iter().sum()], 1, &counts).unwrap();
    let table = Table::of_sets(sets, vec![0.0; 3], 1).unwrap();
    let attributes =
        Attributes { width: 2 * ITEMS, heads: 2, dropout: 0.3, ..Attributes::default() };
    let layer = |width: usize, _| Attributes { width, ..Attributes::default() };
    let shapes = [Shape::items(6 * ITEMS)];
    let (graph, node) = enclosed(&attention::OP, attributes, &shapes, [1, 1, 1], layer);
    let run = Run::new(graph, &table).rows(&table, vec![0, 1, 2], vec![0, 1, 2]);
    let probabilities = |seed: u32, steps: u32, in_phase: u32| {
        let training = Training { batch: 3, ..training() };
        let run = Run { seed, ..run.clone() }.training(training);
        let run = PreparedRun::new(run, tables(&table));
        let mut memory = Memory::<f64>::new(&run);
        memory.state.phase = phase::VALIDATE;
        memory.state.batch_rows = 3;
        for name in ["sets", "gather_items"] {
            of_run(name).reference(&run, &mut memory);
        }
        (memory.state.phase, memory.state.steps) = (in_phase, steps);
        let (input, output) = (run.layout.nodes[node].input, run.layout.nodes[node].output);
        memory.work[input..][..20 * 6 * ITEMS].fill(0.0);
        for (item, head) in (0..ITEMS).flat_map(|item| [(item, 0), (item, 1)]) {
            memory.work[input + (3 + item) * 6 * ITEMS + (4 + head) * ITEMS + item] = 1.0;
        }
        of_level("attention_forward", run.graph.level(node)).reference(&run, &mut memory);
        let rows = memory.work[output + 3 * 2 * ITEMS..][..ITEMS * 2 * ITEMS].chunks(ITEMS);
        let of_head = |head: usize| rows.clone().skip(head).step_by(2).flatten().copied();
        [0, 1].map(|head| of_head(head).collect::<Vec<f64>>())
    };
    let (equal, kept) = (1.0 / ITEMS as f64, 1.0 / (1.0 - f64::from(0.3f32)));
    for head in probabilities(1, 5, phase::VALIDATE) {
        assert!(head.iter().all(|p| (p - equal).abs() < 1e-12), "{head:?}");
    }
    let [one, other] = probabilities(1, 5, phase::TRAIN);
    let whole = |p: &f64| *p == 0.0 || (p - equal * kept).abs() < 1e-12;
    assert!(one.iter().chain(&other).all(whole), "{one:?} {other:?}");
    assert_eq!([&one, &other], probabilities(1, 5, phase::TRAIN).each_ref());
    assert_ne!(one, other, "heads have masks of their own");
    assert_ne!(one, probabilities(1, 6, phase::TRAIN)[0]);
    assert_ne!(one, probabilities(2, 5, phase::TRAIN)[0]);
    // 0.3 of 20 masks of 512 pairs, within five deviations
    let masks = (0..20).flat_map(|step| probabilities(9, step, phase::TRAIN));
    let dropped = masks.flatten().filter(|p| *p == 0.0).count() as f64;
    let count = 20.0 * 2.0 * (ITEMS * ITEMS) as f64;
    let deviation = (0.3 * 0.7 / count).sqrt();
    assert!((dropped / count - 0.3).abs() < 5.0 * deviation, "{dropped} of {count}");
}
