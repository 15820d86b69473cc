//! Attributions against `shap` and against enumeration, and the axioms of each method.

use shoal::engine::activation::Activation;
use shoal::engine::graph::Graph;
use shoal::engine::graph::Node;
use shoal::engine::graph::Shape;
use shoal::engine::normals::normal_pair;
use shoal::engine::random::pcg4d;
use shoal::engine::real::Real;
use shoal::study::explain::{Attributions, Subject, exact_shapley, sampled_shapley};
use shoal::study::explain::{deep_shap, expected_gradients};

use crate::common::{dense, member, path, perceptron};

/// The networks of `tests/reference/shap`: hidden and output activation.
const NETWORKS: [(&str, Activation, Activation); 7] = [
    ("relu", Activation::Relu, Activation::Identity),
    ("leaky_relu", LEAKY, Activation::Sigmoid),
    ("tanh", Activation::Tanh, Activation::Tanh),
    ("sigmoid", Activation::Sigmoid, Activation::Identity),
    ("gelu", Activation::Gelu, Activation::Sigmoid),
    ("silu", Activation::Silu, Activation::Identity),
    ("deep", LEAKY, Activation::Sigmoid),
];
const LEAKY: Activation = Activation::LeakyRelu { slope: 0.2 };

/// A network with numbers, and rows to explain against a background.
struct Case {
    network: Graph,
    parameters: Vec<f64>,
    background: Vec<f64>,
    rows: Vec<f64>,
    targets: Vec<usize>,
}

impl Case {
    /// Everything drawn from normal distributions, keyed by `seed`.
    fn new(network: Graph, seed: u32) -> Self {
        let normal = |what: u32| {
            move |at: usize| {
                normal_pair(
                    pcg4d([seed, what, at as u32, 0])[0],
                    pcg4d([seed, what, at as u32, 1])[0],
                )[0]
            }
        };
        let parameters = network.initial_parameters(seed).into_iter().map(f64::from).collect();
        let numbers =
            |what: u32, rows: usize| (0..rows * network.inputs()).map(normal(what)).collect();
        Self {
            parameters,
            background: numbers(1, 9),
            rows: numbers(2, 5),
            targets: (0..network.outputs()).collect(),
            network,
        }
    }

    fn subject(&self) -> Subject<'_, f64> {
        Subject {
            network: &self.network,
            parameters: &self.parameters,
            background: &self.background,
            targets: &self.targets,
        }
    }

    fn weight(&mut self, layer: usize, input: usize, output: usize) -> &mut f64 {
        let place = dense(&self.network)[layer];
        &mut self.parameters[place.weights + input * place.stride + output]
    }

    fn deep_shap(&self) -> Attributions<f64> {
        deep_shap(&self.subject(), &self.rows)
    }

    fn exact(&self) -> Attributions<f64> {
        exact_shapley(&self.subject(), &self.rows)
    }

    fn expected_gradients(&self, alphas: usize, seed: u64) -> Attributions<f64> {
        expected_gradients(&self.subject(), &self.rows, alphas, seed)
    }
}

/// Numbers of one array of the stored file, if it has that array.
fn stored(name: &str) -> Option<Vec<f64>> {
    let array = member(&path("tests/reference/shap/shap.npz"), name)?;
    let kind = array.dtype().descr();
    Some(match kind.contains("i8") {
        true => array.into_vec::<i64>().unwrap().into_iter().map(|value| value as f64).collect(),
        false => array.into_vec::<f64>().unwrap(),
    })
}

fn reference(name: &str, hidden: Activation, output: Activation) -> Case {
    let get = |member: &str| stored(&format!("{name}_{member}")).expect("a member");
    let widths: Vec<usize> = get("widths").into_iter().map(|width| width as usize).collect();
    let last = widths.len() - 1;
    let network = perceptron(widths[0], &widths[1..last], widths[last], hidden, output, 0.0);
    let mut parameters = vec![0.0; network.parameter_len()];
    for (number, layer) in dense(&network).into_iter().enumerate() {
        for (at, weight) in get(&format!("w{number}")).into_iter().enumerate() {
            let place = layer.weights + at % layer.inputs * layer.stride + at / layer.inputs;
            parameters[place] = weight;
        }
        parameters[layer.bias..][..layer.outputs].copy_from_slice(&get(&format!("b{number}")));
    }
    Case {
        targets: (0..network.outputs()).collect(),
        network,
        parameters,
        background: get("background"),
        rows: get("rows"),
    }
}

/// The largest difference, with its place for a failed comparison.
#[track_caller]
fn near<F: Real>(what: &str, ours: &[F], theirs: &[f64], bound: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let miss = (ours.wide() - theirs).abs();
        assert!(
            miss <= bound,
            "{what}: {ours:?} at {place} is not {theirs}: off by {miss:e}, allowed {bound:e}"
        );
    }
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Rounding of a sum over background rows of products along all paths: (terms) epsilon, for values
/// of order one.
fn rounding<F: Real>(case: &Case) -> f64 {
    let widths: usize = dense(&case.network).iter().map(|layer| layer.inputs).sum();
    (widths + case.background.len()) as f64 * F::epsilon().wide()
}

#[test]
fn deep_shap_equals_the_shap_package() {
    for (name, hidden, output) in NETWORKS {
        let case = reference(name, hidden, output);
        let theirs = stored(&format!("{name}_deep_shap")).unwrap();
        near(name, &case.deep_shap().values, &theirs, rounding::<f64>(&case));
        // the threshold of shap in f32 is where a quotient has lost most digits, so this compares
        // with its f64 numbers
        let narrow =
            |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
        let (parameters, background) = (narrow(&case.parameters), narrow(&case.background));
        let subject = Subject {
            network: &case.network,
            parameters: &parameters,
            background: &background,
            targets: &case.targets,
        };
        let ours = deep_shap(&subject, &narrow(&case.rows));
        near(name, &ours.values, &theirs, 4.0 * rounding::<f32>(&case));
    }
}

#[test]
fn exact_values_equal_an_enumeration_in_numpy() {
    let mut compared = 0;
    for (name, hidden, output) in NETWORKS {
        let Some(theirs) = stored(&format!("{name}_exact")) else {
            continue;
        };
        let case = reference(name, hidden, output);
        near(name, &case.exact().values, &theirs, rounding::<f64>(&case));
        compared += 1;
    }
    assert_eq!(compared, 5);
}

#[test]
fn expected_gradients_converge_to_the_integral() {
    for (name, hidden, output) in NETWORKS {
        let case = reference(name, hidden, output);
        let theirs = stored(&format!("{name}_expected_gradients")).unwrap();
        let miss = |alphas| largest_difference(&case.expected_gradients(alphas, 3).values, &theirs);
        let (few, many) = (miss(4), miss(256));
        // stratified alphas: no worse than the variation of the gradient over alphas, which is the
        // miss with few
        assert!(many < few / 32.0, "{name}: {few:e} with 4, {many:e} with 256");
    }
}

#[test]
fn deep_shap_equals_exact_values_where_theory_says_so() {
    // a linear network of three layers
    let linear =
        Case::new(perceptron(6, &[5, 4], 3, Activation::Identity, Activation::Identity, 0.0), 1);
    near("linear", &linear.deep_shap().values, &linear.exact().values, rounding::<f64>(&linear));
    near(
        "linear",
        &linear.expected_gradients(1, 0).values,
        &linear.exact().values,
        rounding::<f64>(&linear),
    );
    // additive networks: each hidden unit sees one input, the output is linear
    for activation in Activation::ALL {
        let mut case = Case::new(perceptron(8, &[24], 2, activation, Activation::Identity, 0.0), 2);
        for input in 0..8 {
            (0..24)
                .filter(|unit| unit % 8 != input)
                .for_each(|unit| *case.weight(0, input, unit) = 0.0);
        }
        near("additive", &case.deep_shap().values, &case.exact().values, rounding::<f64>(&case));
    }
    // one input, any network
    let single =
        Case::new(perceptron(1, &[9, 7], 2, Activation::Gelu, Activation::Sigmoid, 0.0), 3);
    near("one input", &single.deep_shap().values, &single.exact().values, rounding::<f64>(&single));
    // units of the ReLU family that stay on one side for every mixture of a row and a background
    // row
    let mut sided = Case::new(perceptron(5, &[12], 3, LEAKY, Activation::Identity, 0.0), 4);
    let place = dense(&sided.network)[0];
    for unit in 0..12 {
        sided.parameters[place.bias + unit] = if unit % 2 == 0 { 50.0 } else { -50.0 };
    }
    near(
        "one side",
        &sided.deep_shap().values,
        &sided.exact().values,
        100.0 * rounding::<f64>(&sided),
    );
}

#[test]
fn deep_shap_is_an_approximation_elsewhere_and_still_adds_up() {
    for activation in [LEAKY, Activation::Tanh, Activation::Gelu] {
        let case = Case::new(perceptron(8, &[16, 16], 3, activation, Activation::Sigmoid, 0.0), 5);
        let (deep, exact) = (case.deep_shap(), case.exact());
        let miss = largest_difference(&deep.values, &exact.values);
        let largest = exact.values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        assert!(miss > 1e-6 && miss < largest, "{activation:?}: {miss:e} of {largest:e}");
        for gap in [deep.gap(), exact.gap()] {
            assert!(gap.largest <= rounding::<f64>(&case) && gap.mean <= gap.largest, "{gap:?}");
        }
        let sampled = case.expected_gradients(10, 0).gap();
        assert!(sampled.largest > rounding::<f64>(&case), "{sampled:?}");
        assert!(case.expected_gradients(500, 0).gap().largest < sampled.largest / 10.0);
    }
}

#[test]
fn exact_values_obey_the_axioms() {
    let mut case =
        Case::new(perceptron(6, &[10], 2, Activation::Tanh, Activation::Sigmoid, 0.0), 6);
    for unit in 0..10 {
        *case.weight(0, 2, unit) = 0.0;
        *case.weight(0, 4, unit) = *case.weight(0, 1, unit);
    }
    for row in case.rows.chunks_exact_mut(6).chain(case.background.chunks_exact_mut(6)) {
        row[4] = row[1];
    }
    let exact = case.exact();
    for row in 0..exact.rows {
        for target in 0..exact.targets {
            let values = exact.of(row, target);
            assert_eq!(values[2], 0.0, "an input that nothing reads");
            assert!((values[1] - values[4]).abs() < 1e-14, "inputs that are alike: {values:?}");
        }
    }
}

#[test]
fn a_row_among_others_gets_the_bits_that_it_gets_alone() {
    let case = Case::new(perceptron(11, &[17, 5], 3, LEAKY, Activation::Sigmoid, 0.1), 7);
    let subject = case.subject();
    let row = &case.rows[..11];
    let of = |all: Attributions<f64>| all.values[..3 * 11].to_vec();
    assert_eq!(of(case.deep_shap()), deep_shap(&subject, row).values);
    assert_eq!(of(case.expected_gradients(7, 1)), expected_gradients(&subject, row, 7, 1).values);
    assert_ne!(case.expected_gradients(7, 1).values, case.expected_gradients(7, 2).values);
    // one target of three
    let alone = deep_shap(&Subject { targets: &[2], ..subject }, &case.rows);
    let all = case.deep_shap();
    for row in 0..all.rows {
        near("one target", alone.of(row, 0), all.of(row, 2), rounding::<f64>(&case));
    }
}

#[test]
fn networks_of_one_layer_and_of_frozen_layers_are_explained_too() {
    let one = Graph::builder(Shape::examples(4)).dense(2, Activation::Sigmoid, 0.0);
    let head = Graph::builder(Shape::examples(4))
        .dense(6, LEAKY, 0.0)
        .dense(2, Activation::Sigmoid, 0.0)
        .dense(3, LEAKY, 0.0)
        .dense(1, Activation::Sigmoid, 0.0);
    let freeze = |nodes: &mut Vec<Node>| nodes[..2].iter_mut().for_each(|node| node.frozen = true);
    let head = head.build().unwrap().edited(freeze).unwrap();
    for network in [one.build().unwrap(), head] {
        let case = Case::new(network, 8);
        assert!(case.deep_shap().gap().largest <= rounding::<f64>(&case));
    }
}

#[test]
fn sampled_values_converge_to_exact_ones() {
    for activation in [LEAKY, Activation::Tanh] {
        let network = perceptron(8, &[16, 16], 3, activation, Activation::Sigmoid, 0.0);
        let case = Case::new(network, 9);
        let exact = case.exact();
        let miss = |pairs: usize| {
            let sampled = sampled_shapley(&case.subject(), &case.rows, pairs, 4);
            assert!(sampled.gap().largest <= rounding::<f64>(&case), "orders add up");
            largest_difference(&sampled.values, &exact.values)
        };
        // the error falls as 1 / sqrt(orders): by 32 for 1,024 times as many; half of that is
        // required
        let (few, many) = (miss(1), miss(1024));
        assert!(many < few / 16.0, "{activation:?}: {few:e} {many:e}");
    }
    // all orders of two inputs are an order and its reverse
    let hidden = [7, 6];
    let two = Case::new(perceptron(2, &hidden, 2, LEAKY, Activation::Sigmoid, 0.0), 10);
    let sampled = sampled_shapley(&two.subject(), &two.rows, 1, 0);
    near("two inputs", &sampled.values, &two.exact().values, rounding::<f64>(&two));
}
