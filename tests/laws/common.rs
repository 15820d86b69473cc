//! The runs and the device that the laws are tested with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shoal::Result;
use shoal::engine::activation::Activation;
use shoal::engine::gpu::{Adapter, Gpu, Options, adapters};
use shoal::engine::graph::{Attributes, Graph, Node, Op, Reduction, Source};
use shoal::engine::kernel::Kernel;
use shoal::engine::loss::{LOSSES, Loss, Predicts};
use shoal::engine::memory::Memory;
use shoal::engine::ops::{OPS, aggregate, dense, edge, pool};
use shoal::engine::optim::schedule::{Cosine, Schedule};
use shoal::engine::optim::update_scale::UpdateScale;
use shoal::engine::precision::Precision;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::queue::Progress;
use shoal::engine::queue::RunQueue;
use shoal::engine::random::pcg4d;
use shoal::engine::random::unit;
use shoal::engine::real::Real;
use shoal::engine::run::Outcome;
use shoal::engine::run::Run;
use shoal::engine::run::{StopLoss, Training};
use shoal::engine::scale::InputScale;
use shoal::engine::sets::Sets;
use shoal::engine::shape::{Rows, Shape};
use shoal::engine::step::Call;
use shoal::engine::step::kernels;
use shoal::engine::step::step_of;
use shoal::engine::table::Table;
use shoal::engine::tile;
use shoal::engine::tile::TileSet;

/// One test at a time on the adapter: a software rasterizer uses every core anyway.
static TURN: Mutex<()> = Mutex::new(());

pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The adapter under test. A law that claims to test the GPU fails without one.
pub fn adapter() -> Adapter {
    adapters().into_iter().next().expect(
        "no Vulkan, Metal or DX12 adapter: these tests need one; on Debian or Ubuntu \
         `apt-get install mesa-vulkan-drivers libvulkan1` brings a software rasterizer",
    )
}

/// The tile sets with other matrix products.
pub const KERNEL_SETS: [TileSet; 2] = [tile::SMALL, tile::LARGE];

/// The tile sets with other steps.
pub const STEP_SETS: [TileSet; 2] = [tile::HARDWARE, tile::HARDWARE_SPLIT];

pub fn gpu_with(tiles: Option<TileSet>) -> Gpu {
    let options = Options { tiles, checks: true, ..Options::default() };
    Gpu::open(adapter(), options).expect("the adapter opens")
}

pub fn gpu() -> Gpu {
    gpu_with(None)
}

/// A perceptron, its hidden widths between those of input and output.
pub fn perceptron(
    inputs: usize,
    hidden: &[usize],
    outputs: usize,
    activation: Activation,
    output_activation: Activation,
    dropout: f32,
) -> Graph {
    let mlp = Graph::mlp(&[&[inputs], hidden, &[outputs]].concat()).activation(activation);
    mlp.output_activation(output_activation).dropout(dropout).build().expect("a perceptron")
}

/// A dense node as tests look at it.
#[derive(Clone, Copy, Debug)]
pub struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    pub activation: Activation,
    /// Where weights and bias start, and from one row of the weights to the next.
    pub weights: usize,
    pub bias: usize,
    pub stride: usize,
}

/// The nodes of a graph, all of them dense.
pub fn dense(graph: &Graph) -> Vec<Dense> {
    let node = |id: usize| {
        let [weights, bias] = [0, 1].map(|matrix| graph.parameters(id)[matrix]);
        Dense {
            inputs: weights.rows,
            outputs: weights.columns,
            activation: graph.nodes()[id].attributes.activation,
            weights: weights.at,
            bias: bias.at,
            stride: weights.stride,
        }
    };
    (0..graph.nodes().len()).map(node).collect()
}

/// A kernel of a whole run.
pub fn of_run(name: &str) -> Call {
    Call { kernel: kernel(name), level: None }
}

/// A kernel of the nodes of a level.
pub fn of_level(name: &str, level: usize) -> Call {
    Call { kernel: kernel(name), level: Some(level) }
}

fn kernel(name: &str) -> &'static Kernel {
    let found = kernels().into_iter().find(|kernel| kernel.name == name);
    found.unwrap_or_else(|| panic!("no kernel '{name}'"))
}

/// The calls of a step of one run.
pub fn step(run: &PreparedRun, fuses_update: bool) -> Vec<Call> {
    step_of(run, fuses_update).into_iter().map(|(call, _)| call).collect()
}

/// A stream of numbers for tests.
pub struct Numbers {
    key: u32,
    next: u32,
}

impl Numbers {
    pub fn new(key: u32) -> Self {
        Self { key, next: 0 }
    }

    pub fn word(&mut self) -> u32 {
        self.next += 1;
        pcg4d([self.key, self.next, 77, 3])[1]
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.word() as usize % count
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Uniform in (-1, 1).
    pub fn signed(&mut self) -> f32 {
        (2.0 * unit(self.word()) - 1.0) as f32
    }

    pub fn many(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.signed()).collect()
    }
}

/// A table of random inputs and smooth targets in (0, 1).
pub fn table(rows: usize, inputs: usize, targets: usize) -> Table {
    let mut numbers = Numbers::new((rows * 7 + inputs * 3 + targets) as u32);
    let x = numbers.many(rows * inputs);
    let y = (0..rows * targets)
        .map(|place| {
            let (row, target) = (place / targets, place % targets);
            let row = &x[row * inputs..][..inputs];
            let sum: f32 =
                row.iter().enumerate().map(|(k, v)| v * ((k + target) as f32).cos()).sum();
            0.5 + 0.4 * (1.5 * sum / (inputs as f32).sqrt()).tanh()
        })
        .collect();
    let counts: Vec<usize> = (0..rows).map(|_| numbers.below(6)).collect();
    let items = numbers.many(counts.iter().sum::<usize>() * inputs);
    let sets = Sets::new(items, inputs, &counts).and_then(|sets| sets.with_edges(3, &[(0, None)]));
    let table = Table::unscaled(x, inputs, y, targets);
    table.and_then(|table| table.with_sets(sets?)).unwrap()
}

/// The table with weights: every fourth row has a negative one, unless the loss cannot have that.
pub fn weighted(table: Table, loss: &Loss) -> Table {
    let mut numbers = Numbers::new(table.rows as u32);
    let negative = if loss.predicts == Predicts::Deviation { 0.2 } else { -0.2 };
    let weights = (0..table.rows).map(|row| match row % 4 {
        3 => negative,
        _ => 0.5 + numbers.signed().abs(),
    });
    let weights = weights.collect();
    table.weights(weights)
}

/// A parameter of a loss that is not its default.
pub fn unusual_parameter(loss: &Loss) -> Option<f64> {
    loss.parameter.map(|parameter| 0.2 * parameter.default + 0.1)
}

pub fn training() -> Training {
    Training {
        weight_decay: 1e-4,
        beta1: 0.5,
        max_epochs: 12,
        patience: 5,
        min_delta: 1e-6,
        ..Training::default()
    }
}

/// Schedules for `epochs` epochs: constant, with a warm-up, with a cosine, with both.
pub fn schedules(epochs: u32) -> [Schedule; 4] {
    let cosine = |final_fraction: f64| Some(Cosine { epochs, final_fraction });
    let schedule = |warmup: f64, cosine: Option<Cosine>| Schedule { warmup, cosine };
    [
        Schedule::default(),
        schedule(0.7, None),
        schedule(0.0, cosine(0.0)),
        schedule(0.7, cosine(0.1)),
    ]
}

/// A plain run of a network on the first rows of a table.
pub fn run(id: usize, network: Graph, table: &Table, rows: usize, training: Training) -> Run {
    let validation = (rows / 5).max(1);
    let inputs = table.inputs;
    let mut loss_weights = vec![1.0; network.outputs()];
    loss_weights[table.targets..].fill(0.0);
    Run {
        id,
        parameters: network.initial_parameters(id as u32 + 100),
        training,
        seed: id as u32 * 31 + 5,
        table: 0,
        training_rows: (0..(rows - validation) as u32).collect(),
        validation_rows: ((rows - validation) as u32..rows as u32).collect(),
        scale: InputScale {
            centre: (0..inputs).map(|k| 0.01 * k as f64).collect(),
            width: vec![1.0 / 1.7; inputs],
        },
        item_scale: table.item_moments(&[0, 1, 2]),
        loss_weights,
        updates: UpdateScale::all(&network),
        graph: network,
    }
}

/// Update scales of the matrices of a graph: all 1, mixed, every third matrix untrained, or vectors
/// alone trained.
pub fn update_scales(graph: &Graph, number: usize) -> Vec<UpdateScale> {
    UpdateScale::each(graph, |matrix| {
        let trained = match number % 4 {
            2 => matrix.index % 3 != 0,
            3 => matrix.is_vector,
            _ => true,
        };
        let scales = match number % 4 {
            0 => [(1.0, 1.0); 3],
            _ => [(1.0, 0.0), (0.5, 1.0), (0.25, 0.75)],
        };
        let (rate, decay) = scales[matrix.index % 3];
        if trained { UpdateScale { rate, decay } } else { UpdateScale::UNTRAINED }
    })
}

pub fn any_activation(numbers: &mut Numbers) -> Activation {
    match numbers.pick(&Activation::ALL) {
        Activation::LeakyRelu { .. } => Activation::LeakyRelu { slope: 0.2 },
        other => other,
    }
}

/// A chain with these widths, the input first: dense layers, and between two of them the op.
/// Activations and dropout depend on `number`. An op that cannot have the width gets that of its
/// input; an op with several inputs reads the last nodes.
pub fn chain(op: &'static Op, widths: &[usize], number: usize) -> Graph {
    if op != &dense::OP {
        return around(op, widths, number);
    }
    let input = Shape::examples(widths[0]);
    let mut nodes: Vec<Node> = Vec::new();
    for (layer, width) in widths[1..].iter().enumerate() {
        let last = layer + 2 == widths.len();
        let op = if layer % 2 == 0 || last { &dense::OP } else { op };
        let before = (0..op.inputs).map(|back| match layer.checked_sub(1 + back) {
            Some(node) => Source::Node(node),
            None => Source::Input,
        });
        let attributes = Attributes {
            width: *width,
            activation: match Activation::ALL[(number + layer) % Activation::ALL.len()] {
                Activation::LeakyRelu { .. } => Activation::LeakyRelu { slope: 0.2 },
                other => other,
            },
            dropout: if (number + layer) % 3 == 1 && !last { 0.3 } else { 0.0 },
            ..Attributes::default()
        };
        nodes.push(Node { op, attributes, inputs: before.collect(), frozen: false });
        if first_nodes(input, &nodes).is_err() {
            let below = nodes.len() - 1;
            nodes[below].attributes.width =
                first_nodes(input, &nodes[..below]).map_or(widths[0], |graph| graph.outputs());
        }
    }
    Graph::new(input, nodes).expect("a chain of the op and dense layers")
}

/// A graph in which dense layers compute the inputs of the op, from a value that all of them read,
/// and others follow it. The inputs have the kinds of rows that the op takes.
fn around(op: &'static Op, widths: &[usize], number: usize) -> Graph {
    let kinds = [Rows::Examples, Rows::Items, Rows::Edges];
    let width = widths[1];
    let tuples = (0..3usize.pow(op.inputs as u32)).map(|tuple| {
        (0..op.inputs).map(|place| kinds[tuple / 3usize.pow(place as u32) % 3]).collect::<Vec<_>>()
    });
    let attributes = |heads: usize| Attributes {
        width,
        heads,
        reduction: Reduction::ALL[number % 3],
        dropout: if op.drops_inside { [0.3, 0.0][number / 2 % 2] } else { 0.0 },
        ..Attributes::default()
    };
    // of every other graph the second input has one column, where the op takes it
    let shapes = |rows: &[Rows], times: usize, is_narrow: bool| -> Vec<Shape> {
        let width = |place: usize| if is_narrow && place == 1 { 1 } else { times * width };
        rows.iter().enumerate().map(|(at, rows)| Shape { rows: *rows, width: width(at) }).collect()
    };
    let narrow = [number % 2 == 1, false];
    let settings = [(1, 4), (1, 2), (1, 1), (3, 4), (3, 2), (3, 1)];
    let settings = narrow.map(|narrow| settings.map(|(times, heads)| (times, narrow, heads)));
    let mut all = tuples.flat_map(|rows| {
        let with = |(times, narrow, heads)| (shapes(&rows, times, narrow), heads);
        settings.concat().into_iter().map(with).collect::<Vec<_>>()
    });
    let chosen = all.find(|(shapes, heads)| (op.shape)(shapes, &attributes(*heads)).is_ok());
    let Some((shapes, heads)) = chosen else {
        let mut wider = widths.to_vec();
        wider[1] = (width + 1).next_multiple_of(4).min(128);
        assert_ne!(wider, widths, "{}: no inputs that the op takes", op.name);
        return around(op, &wider, number);
    };

    let layer = |width: usize, place: usize| Attributes {
        width,
        activation: Activation::ALL[(number + place) % Activation::ALL.len()],
        dropout: [0.0, 0.3][(number + place) / 2 % 2],
        ..Attributes::default()
    };
    let dense_widths = [widths[0], widths[widths.len() / 2], widths[widths.len() - 1]];
    enclosed(op, attributes(heads), &shapes, dense_widths, layer).0
}

/// The graph of a node between others, and its number: the node reads values of these shapes, which
/// dense layers compute from another one. The widths are those of the input, of that layer and of
/// the output; `layer` has the attributes of a layer of a width and a place.
pub fn enclosed(
    op: &'static Op,
    attributes: Attributes,
    shapes: &[Shape],
    [columns, base, outputs]: [usize; 3],
    layer: impl Fn(usize, usize) -> Attributes,
) -> (Graph, usize) {
    let mut shape = (op.shape)(shapes, &attributes).expect("it fits");
    let items = shapes.iter().chain([&shape]).any(|shape| shape.rows != Rows::Examples);
    let input = if items { Shape::items(columns) } else { Shape::examples(columns) };
    let mut nodes: Vec<Node> = Vec::new();
    let mut add = |op: &'static Op, inputs: &[Source], attributes: Attributes| {
        nodes.push(Node { op, attributes, inputs: inputs.to_vec(), frozen: false });
        Source::Node(nodes.len() - 1)
    };
    let plain = Attributes { reduction: attributes.reduction, ..Attributes::default() };
    let base = add(&dense::OP, &[Source::Input], layer(base, 0));
    let mut inputs = Vec::new();
    for (place, Shape { rows, width }) in shapes.iter().enumerate() {
        let below = add(&dense::OP, &[base], layer(*width, 1 + place));
        inputs.push(match rows {
            Rows::Examples if items => add(&pool::OP, &[below], plain),
            Rows::Edges => {
                let other = add(&dense::OP, &[base], layer(*width, 3));
                add(&edge::OP, &[below, other], layer(*width, 4))
            }
            _ => below,
        });
    }
    let mut last = add(op, &inputs, attributes);
    let Source::Node(number) = last else { unreachable!("a node") };
    if shape.rows == Rows::Edges {
        last = add(&aggregate::OP, &[last], plain);
        shape.rows = Rows::Items;
    }
    if shape.rows == Rows::Items {
        last = add(&pool::OP, &[last], plain);
    }
    let output = Attributes { dropout: 0.0, ..layer(outputs, 5) };
    add(&dense::OP, &[last], output);
    let graph = Graph::new(input, nodes).unwrap_or_else(|error| panic!("{}: {error}", op.name));
    (graph, number)
}

/// The graph of the first nodes of a chain: its last node may not drop outputs.
fn first_nodes(input: Shape, nodes: &[Node]) -> std::result::Result<Graph, String> {
    let mut nodes = nodes.to_vec();
    nodes.iter_mut().for_each(|node| node.attributes.dropout = 0.0);
    Graph::new(input, nodes)
}

/// Runs on one table that differ in ops, widths, depth, activations, dropout, rows, batch, loss,
/// hyper-parameters, frozen layers, update scales, averages, dummy outputs, stopping, clipping,
/// schedule and seed.
pub fn different_runs(count: usize, table: &Table, widest: usize) -> Vec<Run> {
    let mut numbers = Numbers::new(2026);
    (0..count)
        .map(|id| {
            let hidden: Vec<usize> =
                (0..1 + numbers.below(4)).map(|_| 1 + numbers.below(widest)).collect();
            let loss = LOSSES[id % LOSSES.len()];
            let per_target = loss.predicts.outputs_per_target();
            let outputs = per_target * table.targets + numbers.below(3);
            let dropout = numbers.pick(&[0.0, 0.0, 0.2, 0.5]);
            let output = numbers.pick(&[Activation::Sigmoid, Activation::Identity]);
            let hidden_activation = any_activation(&mut numbers);
            let mut network =
                perceptron(table.inputs, &hidden, outputs, hidden_activation, output, dropout);
            let op = OPS[id % OPS.len()].op;
            if op != &dense::OP {
                let widths = [&[table.inputs], &hidden[..], &[outputs]].concat();
                network = chain(op, &widths, id);
            }
            if numbers.below(4) == 0 {
                network = frozen_below(&network, 1);
            }
            let training = Training {
                batch: numbers.pick(&[1, 5, 8, 31, 32, 33, 64]),
                learning_rate: numbers.pick(&[1e-4, 1e-3, 1e-2]),
                weight_decay: numbers.pick(&[0.0, 1e-4, 1e-1]),
                beta1: numbers.pick(&[0.0, 0.5, 0.9]),
                max_epochs: 1 + numbers.below(9) as u32,
                patience: 1 + numbers.below(4) as u32,
                // clip no step, every step, some steps
                clip_norm: [None, Some(1e-3), Some(0.1)][id % 3],
                average: [None, Some(0.9), None, Some(0.5)][id / 3 % 4],
                decay_biases: id % 7 > 0,
                loss,
                loss_parameter: unusual_parameter(loss).filter(|_| id % 4 < 2),
                balance_classes: loss.predicts == Predicts::Classes && id % 4 % 3 == 0,
                stop_on: stop_loss(loss, id).filter(|_| id % 5 < 2),
                ..training()
            };
            let training =
                Training { schedule: schedules(training.max_epochs)[id / 3 % 4], ..training };
            let rows = 6 + numbers.below(table.rows - 5);
            let updates = update_scales(&network, id / 2);
            run(id, network, table, rows, training).updates(updates)
        })
        .collect()
}

/// The same with perceptrons, most of them small enough for one workgroup: of one to four layers,
/// with dropout, frozen layers, averages and clipping.
pub fn small_runs(count: usize, table: &Table) -> Vec<Run> {
    let small = |run: Run| {
        let id = run.id;
        let hidden: Vec<usize> = (0..id % 4).map(|layer| 1 + (7 * id + 11 * layer) % 80).collect();
        let mut numbers = Numbers::new(id as u32);
        let activation = any_activation(&mut numbers);
        let output = numbers.pick(&[Activation::Sigmoid, Activation::Identity]);
        let dropout = if hidden.is_empty() { 0.0 } else { [0.0, 0.3][id / 2 % 2] };
        let outputs = run.graph.outputs();
        let mut graph = perceptron(table.inputs, &hidden, outputs, activation, output, dropout);
        if id % 5 == 1 && !hidden.is_empty() {
            graph = frozen_below(&graph, 1);
        }
        Run {
            parameters: graph.initial_parameters(id as u32 + 100),
            updates: update_scales(&graph, id / 2),
            graph,
            ..run
        }
    };
    different_runs(count, table, 8).into_iter().map(small).collect()
}

/// A validation loss that fits the loss of a training.
fn stop_loss(loss: &Loss, id: usize) -> Option<StopLoss> {
    let fits = |stop: &&'static Loss| loss.predicts.gives(stop.predicts);
    let loss = LOSSES.into_iter().filter(fits).cycle().nth(id)?;
    Some(StopLoss { loss, parameter: unusual_parameter(loss) })
}

/// The same runs in f16.
pub fn in_f16(mut runs: Vec<Run>) -> Vec<Run> {
    for run in &mut runs {
        run.training.precision = Precision::F16;
    }
    runs
}

/// The network with its first layers frozen.
pub fn frozen_below(network: &Graph, count: usize) -> Graph {
    let edited = network.edited(|nodes| {
        for node in &mut nodes[..count] {
            (node.frozen, node.attributes.dropout) = (true, 0.0);
        }
    });
    edited.expect("a graph with frozen nodes")
}

/// A queue of the runs of a list; keeps the outcomes by run id.
pub struct List {
    waiting: std::vec::IntoIter<Run>,
    pub outcomes: Vec<Option<Outcome>>,
}

impl List {
    pub fn new(runs: Vec<Run>) -> Self {
        let last = runs.iter().map(|run| run.id).max().expect("some runs");
        Self { waiting: runs.into_iter(), outcomes: vec![None; last + 1] }
    }
}

impl RunQueue for List {
    fn next(&mut self) -> Option<Run> {
        self.waiting.next()
    }

    fn finished(&mut self, outcome: Outcome) -> Result<()> {
        let place = &mut self.outcomes[outcome.id];
        assert!(place.is_none(), "run {} finished twice", outcome.id);
        *place = Some(outcome);
        Ok(())
    }

    fn progress(&mut self, _progress: &Progress) -> Result<()> {
        Ok(())
    }
}

/// The outcomes of runs on a device, in the order of the runs.
pub fn outcomes(
    device: &shoal::engine::device::Device,
    table: &Table,
    runs: &[Run],
) -> Vec<Outcome> {
    let mut list = List::new(runs.to_vec());
    shoal::engine::train::train(device, tables(table), &mut list).expect("the training ends well");
    runs.iter().map(|run| list.outcomes[run.id].take().expect("every run finished")).collect()
}

/// Copies x and the outputs of the layers, of shape (batch, width), to their transposes, of shape
/// (width, batch), as the GPU does.
pub fn copy_by_unit<F: Real>(run: &PreparedRun, memory: &mut Memory<F>) {
    let (layout, graph) = (&run.layout, &run.graph);
    let mut matrices = vec![
        (layout.x, layout.x_by_unit, Shape::examples(graph.columns())),
        (layout.items, layout.items_by_unit, Shape::items(graph.item_columns())),
    ];
    let nodes = layout.nodes.iter().enumerate();
    matrices.extend(nodes.map(|(id, at)| (at.output, at.output_by_unit, graph.shape(id))));
    for (from, to, shape) in matrices {
        let (units, rows) = (shape.width.next_multiple_of(4), layout.rows.of(shape.rows));
        for place in 0..units * rows {
            let (row, unit) = (place / units, place % units);
            memory.work[to + unit * rows + row] = memory.work[from + place];
        }
    }
}

pub fn tables(table: &Table) -> Arc<[Table]> {
    Arc::from([table.clone()])
}

/// The bits of numbers, so that NaN can be compared.
pub fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Asserts that two outcomes are the same, bit for bit.
pub fn assert_same(one: &Outcome, other: &Outcome, what: &str) {
    let numbers = |outcome: &Outcome| {
        let losses = [outcome.validation_loss, outcome.training_loss];
        let losses = losses.map(|loss| loss.map(f64::to_bits));
        let counts = [outcome.steps, outcome.epochs, outcome.best_epoch];
        (outcome.id, outcome.stopped, counts, losses)
    };
    assert_eq!(numbers(one), numbers(other), "{what}: run {}", one.id);
    assert!(
        bits(&one.parameters) == bits(&other.parameters),
        "{what}: parameters of run {}",
        one.id
    );
}
