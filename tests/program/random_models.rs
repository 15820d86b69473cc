//! Models of every architecture, op, activation and preparation of columns, with raw data for them.
//! All numbers are integers divided by powers of two, the same on every machine.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use shoal::data::{Matrix, Scaling, write_numbers};
use shoal::engine::architectures::Ends;
use shoal::engine::graph::{Attributes, Node, Op, Source};
use shoal::engine::loss::Predicts;
use shoal::engine::ops;
use shoal::study::sizes::Edges;
use shoal::study::store::model::{About, Model};
use shoal::study::transfer::Start;
use shoal::{Activation, Graph, Hidden, Reduction, Shape};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::random_columns::{Numbers, Prepared};

/// Networks that read and predict the same, and raw data for them.
pub struct Case {
    pub models: Vec<Model>,
    /// Shape (rows, inputs).
    pub inputs: Matrix,
    /// Shape (items, columns), with the number of items of each row.
    pub items: Option<(Matrix, Vec<f64>)>,
}

pub const KINDS: [&str; 5] = ["perceptron", "deep-set", "edge-graph", "transformer", "layers"];
const ROWS: usize = 23;

/// The case of this number; its kind is that of the number in [`KINDS`].
pub fn case(id: usize) -> Case {
    let mut numbers = Numbers(id as u64);
    let (kind, predicts) = (KINDS[id % KINDS.len()], PREDICTS[id / KINDS.len() % PREDICTS.len()]);
    let items = if kind == "perceptron" { 0 } else { 3 };
    let columns = if items > 0 && numbers.below(3) == 0 { 0 } else { 1 + numbers.below(6) };
    let beside = Prepared::new(&mut numbers, columns);
    let of_items = Prepared::new(&mut numbers, items);
    let targets = 2 + numbers.below(3);
    let each = predicts.outputs_per_target();
    let ends = Ends {
        items: of_items.mean.len(),
        columns: beside.mean.len(),
        outputs: each * (targets + numbers.below(2)),
    };
    let network = network(&mut numbers, kind, ends);
    let range = |numbers: &mut Numbers| match predicts.is_class() {
        true => [0.0, 1.0],
        false => [100.0 * numbers.signed(), 100.0 + 100.0 * numbers.signed().abs()],
    };
    let target_ranges: Vec<[f64; 2]> = (0..targets).map(|_| range(&mut numbers)).collect();
    let names = |letter: char, count: usize| (0..count).map(|at| format!("{letter}{at}")).collect();
    let edges = network.has_edges().then(|| Edges {
        neighbours: 1 + numbers.below(5),
        near: vec![("i0".to_owned(), None), ("i1".to_owned(), Some(of_items.unit[1]))],
    });
    let about = About {
        scaling: Scaling {
            log10: false,
            mean: beside.mean.clone(),
            deviation: beside.deviation.clone(),
            target_ranges,
            item_mean: of_items.mean.clone(),
            item_deviation: of_items.deviation.clone(),
        },
        columns: beside.columns.clone(),
        input_names: names('x', beside.mean.len()),
        axis_name: "input".to_owned(),
        axis: (0..beside.mean.len()).map(|at| at as f64).collect(),
        item_names: names('i', of_items.mean.len()),
        item_columns: of_items.columns.clone(),
        edges,
        target_names: names('y', targets),
        study: format!("random {id}"),
        strategy: "scratch".to_owned(),
        simulations: 100,
        seed: 1,
        predicts,
        validation_loss: None,
        shoal: "0.1.0".to_owned(),
    };
    let count = if id % 3 == 2 { 3 } else { 1 };
    let mut model = |_| Model {
        start: Start { parameters: parameters(&network, &mut numbers), network: network.clone() },
        about: about.clone(),
    };
    let models = (0..count).map(&mut model).collect();
    let inputs = beside.data(&mut numbers, ROWS);
    let items = (items > 0).then(|| {
        let counts: Vec<usize> = (0..ROWS).map(|row| [0, 1, 2, 9, 4][row % 5]).collect();
        let items = of_items.data(&mut numbers, counts.iter().sum());
        (items, counts.into_iter().map(|count| count as f64).collect())
    });
    Case { models, inputs, items }
}

const PREDICTS: [Predicts; 5] = [
    Predicts::Value,
    Predicts::Probability,
    Predicts::LogVariance,
    Predicts::Classes,
    Predicts::Deviation,
];

/// Parameters of deviation about 1 / sqrt(inputs).
fn parameters(network: &Graph, numbers: &mut Numbers) -> Vec<f32> {
    let mut parameters = vec![0.0; network.parameter_len()];
    for matrix in network.matrices() {
        let width = 2f64.powi(-((matrix.rows as f64).sqrt().log2().round() as i32));
        for row in parameters[matrix.range()].chunks_mut(matrix.stride) {
            row[..matrix.columns].fill_with(|| (1.5 * width * numbers.signed()) as f32);
        }
    }
    parameters
}

fn network(numbers: &mut Numbers, kind: &str, ends: Ends) -> Graph {
    let activation = match numbers.pick(&Activation::ALL) {
        Activation::LeakyRelu { .. } => Activation::LeakyRelu { slope: 0.125 },
        other => other,
    };
    let layers = Hidden { activation, dropout: 0.0 };
    let mut widths = |least: usize, most: usize| -> Vec<usize> {
        (0..least + numbers.below(most)).map(|_| 1 + numbers.below(12)).collect()
    };
    match kind {
        "perceptron" => {
            let widths = [vec![ends.columns], widths(0, 4), vec![ends.outputs]].concat();
            Graph::mlp(&widths).activation(activation).build()
        }
        "deep-set" => {
            let (items, hidden) = (widths(1, 3), widths(0, 3));
            let reduction = numbers.pick(&Reduction::ALL);
            Graph::deep_set_between(ends, &items, reduction, &hidden, layers)
        }
        "edge-graph" => {
            let (blocks, hidden) = ([widths(1, 3), widths(1, 2)], widths(0, 2));
            Graph::edge_graph_between(ends, &blocks, &hidden, layers)
        }
        "transformer" => {
            let hidden = widths(0, 2);
            let (heads, blocks) = (1 + numbers.below(3), 1 + numbers.below(2));
            let sizes = [4 * heads * (1 + numbers.below(2)), heads, blocks, 1 + numbers.below(16)];
            Graph::transformer_between(ends, sizes, &hidden, layers)
        }
        _ => Ok(own(numbers, activation, ends)),
    }
    .unwrap()
}

/// A graph with the ops that no architecture has, and every reduction.
fn own(numbers: &mut Numbers, activation: Activation, ends: Ends) -> Graph {
    let mut nodes: Vec<Node> = Vec::new();
    let mut add = |op: &str, inputs: &[Source], attributes: Attributes| {
        let op: &'static Op = ops::named(op).unwrap();
        nodes.push(Node { op, attributes, inputs: inputs.to_vec(), frozen: false });
        Source::Node(nodes.len() - 1)
    };
    let plain = Attributes::default();
    let dense = |width| Attributes { width, activation, ..plain };
    let reducing = |reduction| Attributes { reduction, ..plain };
    let [of_edges, of_items] = [0, 1].map(|_| numbers.pick(&Reduction::ALL));
    let [a, b] = [0, 1].map(|_| add("dense", &[Source::Input], dense(8)));
    let product = add("multiply", &[a, b], plain);
    let normed = add("rms_norm", &[product], plain);
    let weight = add("dense", &[Source::Input], dense(1));
    let weighted = add("multiply", &[normed, weight], plain);
    let [u, v] = [0, 1].map(|_| add("dense", &[weighted], dense(5)));
    let edges = add("edge", &[u, v], Attributes { activation, ..plain });
    let edges = add("norm", &[edges], plain);
    let near = add("aggregate", &[edges], reducing(of_edges));
    let all = add("concat", &[weighted, near], plain);
    let mut last = add("pool", &[all], reducing(of_items));
    if ends.columns > 0 {
        let row = add("dense", &[Source::Columns], dense(6));
        let each = add("spread", &[row], plain);
        let both = add("concat", &[near, each], plain);
        let queries = add("dense", &[both], Attributes { width: 24, ..plain });
        let seen = add("attention", &[queries], Attributes { heads: 2, ..plain });
        let pooled = add("pool", &[seen], reducing(Reduction::Sum));
        last = add("concat", &[last, pooled], plain);
    }
    let [one, other] = [0, 1].map(|_| add("dense", &[last], dense(7)));
    let sum = add("add", &[one, other], plain);
    add("dense", &[sum], Attributes { width: ends.outputs, ..plain });
    Graph::with_columns(Shape::items(ends.items), ends.columns, nodes).unwrap()
}

impl Case {
    /// Writes the models, `NAME-0.safetensors` and so on, and the data, `NAME.npz`; returns the
    /// files of the models.
    pub fn save(&self, folder: &Path, name: &str) -> Vec<String> {
        let array = |shape: &[usize], values: &[f64]| {
            let (mut bytes, shape) = (Vec::new(), shape.iter().map(|size| *size as u64));
            write_numbers(&mut bytes, &shape.collect::<Vec<u64>>(), values).unwrap();
            bytes
        };
        let matrix = |of: &Matrix| array(&[of.rows, of.columns], &of.values);
        let mut members = vec![("x.npy", matrix(&self.inputs))];
        if let Some((items, counts)) = &self.items {
            members.push(("items.npy", matrix(items)));
            members.push(("counts.npy", array(&[counts.len()], counts)));
        }
        let file = File::create(folder.join(format!("{name}.npz"))).unwrap();
        let mut file = ZipWriter::new(file);
        for (name, bytes) in members {
            file.start_file(name, SimpleFileOptions::default()).unwrap();
            file.write_all(&bytes).unwrap();
        }
        file.finish().unwrap();
        let save = |(place, model): (usize, &Model)| {
            let file = format!("{name}-{place}.safetensors");
            model.save(&folder.join(&file)).unwrap();
            file
        };
        self.models.iter().enumerate().map(save).collect()
    }
}
