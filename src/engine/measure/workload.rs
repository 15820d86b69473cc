//! The workloads of benchmarks: perceptrons 79-W-W-6, as for power spectra, on a table of 2,000
//! rows, and networks on sets.

use std::str::FromStr;
use std::sync::Arc;

use crate::engine::activation::Activation;
use crate::engine::graph::Graph;
use crate::engine::measure::cost::Cost;
use crate::engine::measure::sets;
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::precision::Precision;
use crate::engine::random::{pcg4d, unit};
use crate::engine::run::{Run, Training};
use crate::engine::scale::InputScale;
use crate::engine::shape::BatchRows;
use crate::engine::table::Table;
use crate::error::{Error, Result};
use crate::input_error;

/// Inputs of every network: the bins of a spectrum.
const INPUTS: usize = 79;
/// Outputs of every network.
const TARGETS: usize = 6;
/// Rows of the table.
const ROWS: usize = 2000;
/// Training rows; the others are validation rows.
const TRAINING_ROWS: usize = 1600;
/// Examples in a minibatch.
pub const BATCH: usize = 32;
/// Networks of the mixed workload.
const MIXED: usize = 64;
/// Widths of the mixed workload.
const MIXED_WIDTHS: [usize; 2] = [4, 500];
/// Largest number of hidden layers in the mixed workload.
const MIXED_LAYERS: usize = 3;
/// Largest width and largest number of runs of a workload.
const MOST: [usize; 2] = [4096, 100_000];

/// A set of networks that train together.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Its name on the command line: `24x128` or `mixed`.
    pub name: String,
    /// The networks.
    pub networks: Vec<Graph>,
    /// The precision in which they train.
    pub precision: Precision,
    data: Data,
}

/// What a workload trains on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Data {
    /// Rows as wide as a spectrum.
    Spectra,
    /// Sets with numbers of items between these two.
    Sets([usize; 2]),
}

/// Numbers of items of the sets where none are given, and the most.
const ITEMS: [usize; 2] = [4, 32];
const MOST_ITEMS: usize = 512;

impl FromStr for Workload {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if name == "mixed" {
            return Ok(Self::mixed(MIXED));
        }
        if let Some(workload) = Self::of_sets(name)? {
            return Ok(workload);
        }
        let numbers = name.split_once('x').and_then(|(runs, width)| {
            Some((runs.parse::<usize>().ok()?, width.parse::<usize>().ok()?))
        });
        let Some((runs, width)) = numbers else {
            let kinds = sets::KINDS.map(|(kind, _)| kind).join(", ");
            return Err(input_error!(
                "--workload {name}: give RUNSxWIDTH, as in 24x128, mixed, or one of {kinds} and {}",
                sets::MIXED
            ));
        };
        let [widest, most] = MOST;
        if !(1..=widest).contains(&width) || !(1..=most).contains(&runs) {
            return Err(input_error!(
                "--workload {name}: {runs} runs of width {width}; give 1 to {most} runs of a \
                 width of 1 to {widest}"
            ));
        }
        Ok(Self::alike(runs, width))
    }
}

impl Workload {
    /// The default workloads of `shoal bench`.
    pub fn usual() -> Vec<Self> {
        let alike = [(24, 128), (24, 256), (96, 64), (24, 512), (1, 256), (1000, 32)];
        let mut all: Vec<Self> =
            alike.into_iter().map(|(runs, width)| Self::alike(runs, width)).collect();
        all.push(Self::mixed(MIXED));
        all
    }

    /// `runs` networks with two hidden layers of one width.
    pub fn alike(runs: usize, width: usize) -> Self {
        Self::on_spectra(format!("{runs}x{width}"), vec![network(&[width, width]); runs])
    }

    fn on_spectra(name: String, networks: Vec<Graph>) -> Self {
        Self { name, networks, precision: Precision::F32, data: Data::Spectra }
    }

    /// The networks on sets of this name, such as `deep-sets` or `deep-sets:16-64`, with the least
    /// and the largest number of items of an example; `None` for another name.
    fn of_sets(name: &str) -> Result<Option<Self>> {
        let (kind, counts) = name.split_once(':').map_or((name, None), |(kind, counts)| {
            let pair = counts.split_once('-').unwrap_or_default();
            (kind, Some([pair.0, pair.1].map(|number| number.parse().unwrap_or(0))))
        });
        let Some(networks) = sets::networks(kind) else { return Ok(None) };
        let [least, most] = counts.unwrap_or(ITEMS);
        if !(1 <= least && least <= most && most <= MOST_ITEMS) {
            return Err(input_error!(
                "--workload {name}: give 1 to {MOST_ITEMS} items of an example, as in {kind}:16-64"
            ));
        }
        let (precision, data) = (Precision::F32, Data::Sets([least, most]));
        Ok(Some(Self { name: name.into(), networks, precision, data }))
    }

    /// `runs` networks with 1 to 3 hidden layers of 4 to 500 units, drawn uniformly with a fixed
    /// seed.
    pub fn mixed(runs: usize) -> Self {
        let draw = |words: [u32; 4], low: usize, high: usize| {
            low + (unit(pcg4d(words)[0]) * (high - low + 1) as f64) as usize
        };
        let one = |run: u32| {
            let layers = draw([run, 0, 5, 6], 1, MIXED_LAYERS);
            let [low, high] = MIXED_WIDTHS;
            let hidden: Vec<usize> =
                (0..layers as u32).map(|layer| draw([run, 1 + layer, 5, 6], low, high)).collect();
            network(&hidden)
        };
        Self::on_spectra("mixed".into(), (0..runs as u32).map(one).collect())
    }

    /// The same number of equal networks, with the width whose flops are closest to those of this
    /// workload.
    pub fn with_the_same_flops(&self) -> Self {
        let wanted = self.cost(false).flops / self.networks.len() as f64;
        let off = |width: &usize| {
            let cost = self.cost_of(&network(&[*width, *width]), false);
            (cost.flops - wanted).abs()
        };
        let nearest = (1..=MOST[0]).min_by(|one, other| off(one).total_cmp(&off(other)));
        let nearest = nearest.expect("workload: widths");
        Self::alike(self.networks.len(), nearest).in_precision(self.precision)
    }

    /// The workload in another precision.
    pub fn in_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Whether all networks are equal.
    pub fn is_alike(&self) -> bool {
        self.networks.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Examples in a minibatch.
    pub fn batch(&self) -> usize {
        match self.data {
            Data::Spectra => BATCH,
            Data::Sets(_) => sets::BATCH,
        }
    }

    /// The mean number of rows of a minibatch.
    pub fn mean_rows(&self, graph: &Graph) -> BatchRows {
        match self.data {
            Data::Spectra => BATCH.into(),
            Data::Sets(counts) => sets::mean_rows(graph, TRAINING_ROWS, counts),
        }
    }

    /// Training steps per epoch.
    pub fn steps_per_epoch(&self) -> usize {
        TRAINING_ROWS.div_ceil(self.batch())
    }

    /// The cost of one training step of every run, with its share of the validation at the end of
    /// an epoch, with or without the fused update.
    pub fn cost(&self, fuses_update: bool) -> Cost {
        self.networks
            .iter()
            .map(|network| self.cost_of(network, fuses_update))
            .fold(Cost::default(), |sum, cost| sum + cost)
    }

    fn cost_of(&self, graph: &Graph, fuses_update: bool) -> Cost {
        let (rows, batch) = (self.mean_rows(graph), self.batch() as f64);
        let validations = (ROWS - TRAINING_ROWS) as f64 / batch / self.steps_per_epoch() as f64;
        Cost::training(graph, rows, self.precision, fuses_update)
            + Cost::validation(graph, rows, self.precision) * validations
    }

    /// Depth of its deepest network: hidden layers and the output.
    pub fn depth(&self) -> usize {
        let layers = self.networks.iter().map(|network| network.depth());
        layers.max().unwrap_or(0)
    }

    /// Its runs, with one epoch each.
    pub fn runs(&self) -> Vec<Run> {
        let (training, networks) = (self.training(), self.networks.iter().enumerate());
        if self.data == Data::Spectra {
            return networks.map(|(id, network)| run(id, network, training)).collect();
        }
        let table = &self.tables()[0];
        let of_network = |(id, network): (usize, &Graph)| {
            let run = Run::new(network.clone(), table).training(training).seed(id as u32);
            Run { id, ..run.rows(table, training_rows(), validation_rows()) }
        };
        networks.map(of_network).collect()
    }

    /// The hyper-parameters of each run.
    pub fn training(&self) -> Training {
        Training {
            batch: self.batch(),
            weight_decay: 1e-4,
            beta1: 0.5,
            max_epochs: 1,
            patience: 1,
            precision: self.precision,
            ..Training::default()
        }
    }

    /// The table of its runs: random numbers.
    pub fn tables(&self) -> Arc<[Table]> {
        if let Data::Sets(counts) = self.data {
            return Arc::from([sets::table(ROWS, counts)]);
        }
        let number = |place: usize, salt: u32| unit(pcg4d([place as u32, salt, 1, 2])[0]) as f32;
        let x = (0..ROWS * INPUTS).map(|place| number(place, 3)).collect();
        let y = (0..ROWS * TARGETS).map(|place| number(place, 4)).collect();
        Arc::from([Table::unscaled(x, INPUTS, y, TARGETS).expect("workload: a table")])
    }
}

fn network(hidden: &[usize]) -> Graph {
    let leaky = Activation::LeakyRelu { slope: 0.2 };
    let widths = [&[INPUTS], hidden, &[TARGETS]].concat();
    let graph = Graph::mlp(&widths).activation(leaky).output_activation(Activation::Sigmoid);
    graph.dropout(0.2).build().expect("workload: a perceptron")
}

fn training_rows() -> Vec<u32> {
    (0..TRAINING_ROWS as u32).collect()
}

fn validation_rows() -> Vec<u32> {
    (TRAINING_ROWS as u32..ROWS as u32).collect()
}

fn run(id: usize, graph: &Graph, training: Training) -> Run {
    Run {
        id,
        parameters: graph.initial_parameters(id as u32),
        training,
        seed: id as u32,
        table: 0,
        training_rows: training_rows(),
        validation_rows: validation_rows(),
        scale: InputScale { centre: vec![0.5; INPUTS], width: vec![1.0 / 3.5; INPUTS] },
        item_scale: InputScale::default(),
        loss_weights: vec![1.0; TARGETS],
        updates: UpdateScale::all(graph),
        graph: graph.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu::backend::Executor;
    use crate::engine::cpu::vectors::Vectors;
    use crate::engine::cpu::vectors::tests::with_each;
    use crate::engine::prepared::PreparedRun;

    #[test]
    fn a_workload_is_parsed_from_its_name() {
        let workload: Workload = "3x17".parse().unwrap();
        assert_eq!((workload.networks.len(), workload.depth()), (3, 3));
        assert_eq!(workload.networks[2].shape(1).width, 17);
        let sets: Workload = "deep-sets:16-64".parse().unwrap();
        assert_eq!((sets.networks.len(), sets.runs()[0].training.batch), (24, 64));
        assert_eq!("mixed-sets".parse::<Workload>().unwrap().networks.len(), 96);
        for wrong in ["deep-sets:", "deep-sets:0-4", "transformers:8-4", "deep-sets:4-1000"] {
            let error = wrong.parse::<Workload>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("give 1 to 512"), "{error}");
        }
        for wrong in ["24", "24x", "x128", "0x8", "4x0", "4x5000", "24x128x3", "Mixed"] {
            let error = wrong.parse::<Workload>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("give"), "{error}");
        }
    }

    #[test]
    fn the_mixed_one_is_as_wide_and_deep_as_it_says_and_its_equal_has_its_flops() {
        let mixed = Workload::mixed(MIXED);
        let layers: Vec<usize> = mixed.networks.iter().map(|one| one.depth()).collect();
        assert!([2, 3, 4].iter().all(|depth| layers.contains(depth)));
        let hidden = |one: &Graph| (0..one.depth() - 1).map(|node| one.shape(node).width).collect();
        let widths: Vec<usize> = mixed.networks.iter().flat_map::<Vec<_>, _>(hidden).collect();
        assert!(widths.iter().all(|width| (4..=500).contains(width)));
        assert!(widths.iter().any(|width| *width < 50) && widths.iter().any(|width| *width > 450));
        assert!(!mixed.is_alike());
        let alike = mixed.with_the_same_flops();
        assert!(alike.is_alike());
        let ratio = alike.cost(false).flops / mixed.cost(false).flops;
        assert!((ratio - 1.0).abs() < 0.01, "{ratio}");
    }

    #[test]
    fn trainings_give_the_same_bits_in_vectors_of_any_width_and_nearly_the_same_without() {
        for hidden in [7, 64, 130] {
            let workload = Workload::alike(1, hidden);
            let mut run = workload.runs().remove(0);
            run.training_rows.truncate(150);
            run.validation_rows.truncate(40);
            run.training.max_epochs = 3;
            let tables = workload.tables();
            let found = with_each(|| {
                let prepared = PreparedRun::new(run.clone(), Arc::clone(&tables));
                let mut executor = Executor::<f32>::new(prepared);
                while !executor.done() {
                    executor.step();
                }
                executor.outcome()
            });
            let (_, first) = &found[0];
            for (vectors, other) in &found[1..] {
                let off = |(a, b): (&f32, &f32)| (a - b).abs();
                let furthest =
                    first.parameters.iter().zip(&other.parameters).map(off).fold(0.0, f32::max);
                match vectors {
                    Vectors::Plain => assert!(furthest < 1e-4, "{hidden} units: {furthest}"),
                    _ => assert_eq!(furthest, 0.0, "{hidden} units, {vectors:?}"),
                }
            }
        }
    }
}
