//! A study as it is meant: datasets read, every setting checked, nothing that could still be
//! invalid.

use std::path::Path;
use std::sync::Arc;

use crate::data::dataset::Dataset;
use crate::data::matrix::Matrix;
use crate::data::scaling::features;
use crate::data::split::Pool;
use crate::engine::graph::Activation;
use crate::engine::optim::schedule::Schedule;
use crate::engine::run::{Precision, Training};
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::config::schedule::Keys;
use crate::study::config::search_plan::SearchPlan;
use crate::study::config::source::DataSource;
use crate::study::config::sources::{Simulate, Sources, check_inputs, check_targets};
use crate::study::config::{HeadTable, NetworkTable, StrategyTable, StudyFile, TrainingTable};
use crate::study::split::{Drawn, bottleneck, parts, pool, pretraining_sizes};
use crate::study::transfer::{Reads, Strategy};

/// A study that can run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Title.
    pub name: String,
    /// Which of several scenarios; its results have a folder of this name.
    pub scenario: Option<String>,
    /// Names everything random.
    pub seed: u64,
    /// Networks per size and strategy.
    pub seeds: u32,
    /// Simulations of each fine-tuning, rising.
    pub sizes: Vec<usize>,
    /// The part of each size that is validated on.
    pub validation: f64,
    /// The part of each size that is tested on, where each size has a test set of its own and
    /// `pool` has none.
    pub test_part: Option<f64>,
    /// Whether every network is saved.
    pub save_models: bool,
    /// Whether inputs are taken as log10.
    pub log10: bool,
    /// The data to fine-tune on: the shared targets first, then the new ones.
    pub finetune: Dataset,
    /// Its inputs, or their logarithms, as scalings begin from them, shape (simulations, inputs).
    pub features: Arc<Matrix>,
    /// Which of its rows are for testing, and the rest.
    pub pool: Pool,
    /// The rows that [`Plan::rows`] told before.
    pub drawn: Drawn,
    /// The pre-training, if a strategy transfers.
    pub pretraining: Option<Pretraining>,
    /// The strategies to compare.
    pub strategies: Vec<StrategyPlan>,
    /// Hidden layers and activations.
    pub shape: Shape,
    /// The search for hyper-parameters, if there is one; `seeds` is then how many networks score a
    /// trial.
    pub search: Option<SearchPlan>,
}

/// How networks are pre-trained.
#[derive(Clone, Debug)]
pub struct Pretraining {
    /// The data.
    pub dataset: Dataset,
    /// Its inputs, or their logarithms, as scalings begin from them, shape (simulations, inputs).
    pub features: Arc<Matrix>,
    /// All its rows.
    pub pool: Pool,
    /// Simulations used, rising; each number has its own networks.
    pub simulations: Vec<usize>,
    /// The part that is validated on.
    pub validation: f64,
    /// Units of a last hidden layer that only pre-trained networks have.
    pub bottleneck: Option<usize>,
    /// Outputs that the loss ignores.
    pub dummies: usize,
    /// How they are trained.
    pub training: Training,
}

/// One strategy and what differs in it.
#[derive(Clone, Debug)]
pub struct StrategyPlan {
    /// Which.
    pub strategy: Strategy,
    /// How its runs are trained.
    pub training: Training,
    /// Its dropout.
    pub dropout: f32,
    /// What a head reads.
    pub reads: Reads,
    /// Hidden widths of a head.
    pub head: Vec<usize>,
}

/// Hidden layers and activations of the networks of a study.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Their activation.
    pub activation: Activation,
    /// Activation of the outputs.
    pub output: Activation,
    /// Dropout after each hidden layer.
    pub dropout: f32,
}

/// Networks per size and strategy unless the study file says.
const SEEDS: u32 = 6;
/// Widest layer.
pub const WIDEST: usize = 4096;
/// Most hidden layers.
pub const DEEPEST: usize = 6;

impl Plan {
    /// How numbers are stored, in every run of the study.
    pub fn precision(&self) -> Precision {
        (self.strategies.first()).map_or(Precision::default(), |how| how.training.precision)
    }

    /// Reads a study file and everything that it names; paths are relative to the file. There is a
    /// plan for each `[[scenario]]`, or one. Whatever is to be simulated is handed to `simulate`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for everything that a user can get wrong; the errors of `simulate`.
    pub fn read(path: &Path, simulate: Simulate) -> Result<Vec<Self>> {
        let typed = StudyFile::read(path)?;
        let base = path.parent().unwrap_or(Path::new("."));
        let mut sources = Sources::new(base, simulate);
        if typed.scenario.is_empty() {
            let Some(finetune) = &typed.data.finetune else {
                return Err(input_error!(
                    "data.finetune is missing; name the simulations to fine-tune on, or give [[scenario]] tables"
                ));
            };
            return Ok(vec![Self::new(&typed, finetune, &mut sources)?]);
        }
        check_scenarios(&typed)?;
        (typed.scenario.iter())
            .map(|scenario| {
                let of_scenario = StudyFile {
                    name: format!("{}: {}", typed.name, scenario.name),
                    sizes: scenario.sizes.clone().unwrap_or(typed.sizes.clone()),
                    test: scenario.test.or(typed.test),
                    ..typed.clone()
                };
                let plan = Self::new(&of_scenario, &scenario.finetune, &mut sources)
                    .map_err(|error| prefix(error, &format!("scenario {}", scenario.name)))?;
                Ok(Self { scenario: Some(scenario.name.clone()), ..plan })
            })
            .collect()
    }

    /// The plan of what was typed, to fine-tune on one dataset.
    fn new(typed: &StudyFile, finetune: &DataSource, sources: &mut Sources) -> Result<Self> {
        let shape = shape(&typed.network)?;
        let training = training(&typed.training)?;
        let strategies = strategies(typed, &training, &shape)?;
        let sizes = sizes(typed)?;
        let parts = parts(typed)?;
        let mut finetune = sources.read(finetune)?;
        let pool = pool(typed, &sizes, &finetune, parts)?;
        let pretraining = match strategies.iter().any(|plan| plan.strategy.transfers()) {
            true => Some(pretraining(typed, &training, &mut finetune, sources)?),
            false => None,
        };
        let features = features(&finetune, typed.log10, "data.finetune")?;
        let search = search(typed, pretraining.as_ref())?;
        Ok(Self {
            name: typed.name.clone(),
            scenario: None,
            seed: typed.seed,
            seeds: match &search {
                Some(search) => search.table.seeds,
                None => typed.seeds.unwrap_or(SEEDS),
            },
            sizes,
            validation: parts.validation,
            test_part: parts.test,
            save_models: typed.save_models,
            log10: typed.log10,
            finetune,
            features: Arc::new(features),
            pool,
            drawn: Drawn::default(),
            pretraining,
            strategies,
            shape,
            search,
        })
    }

    /// Targets that pre-training knows.
    pub fn shared(&self) -> usize {
        self.pretraining.as_ref().map_or(0, |pretraining| pretraining.dataset.target_names.len())
    }

    /// Runs of all kinds, if no trial of a search stops early.
    pub fn planned_runs(&self) -> usize {
        match &self.search {
            Some(search) => search.runs(self),
            None => self.runs() + self.pretraining_sizes().len() * self.seeds as usize,
        }
    }

    /// Fine-tunings without a search.
    pub fn runs(&self) -> usize {
        let starts = |plan: &StrategyPlan| self.pretraining_sizes_of(plan.strategy).len();
        let starts: usize = self.strategies.iter().map(starts).sum();
        self.sizes.len() * starts * self.seeds as usize
    }
}

/// Puts `prefix: ` before an input error.
pub fn prefix(error: Error, prefix: &str) -> Error {
    match error {
        Error::Input(text) => Error::Input(format!("{prefix}: {text}")),
        other => other,
    }
}

fn check_scenarios(typed: &StudyFile) -> Result<()> {
    if typed.data.finetune.is_some() {
        return Err(input_error!(
            "there is data.finetune and there are [[scenario]] tables, which have their own; leave one of them out"
        ));
    }
    for (place, scenario) in typed.scenario.iter().enumerate() {
        let name = &scenario.name;
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(input_error!(
                "scenario.name = \"{name}\": it names a folder; use letters, digits, - and _"
            ));
        }
        if typed.scenario[..place].iter().any(|other| other.name == *name) {
            return Err(input_error!(
                "scenario.name = \"{name}\" is there twice; each scenario has its own folder of results"
            ));
        }
    }
    Ok(())
}

fn sizes(typed: &StudyFile) -> Result<Vec<usize>> {
    let mut sizes = typed.sizes.clone();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.is_empty() || sizes.len() != typed.sizes.len() {
        return Err(input_error!("sizes = {:?}: give at least one size, each once", typed.sizes));
    }
    if typed.seeds == Some(0) {
        return Err(input_error!("seeds = 0: train at least one network per size and strategy"));
    }
    Ok(sizes)
}

fn search(typed: &StudyFile, pretraining: Option<&Pretraining>) -> Result<Option<SearchPlan>> {
    let Some(table) = &typed.search else {
        return Ok(None);
    };
    if let Some(several) = pretraining.filter(|pretraining| pretraining.simulations.len() > 1) {
        return Err(input_error!(
            "pretraining.simulations = {:?} beside [search]: a search fine-tunes the best networks of one pre-training; give one \
             number and a study for each of the {}, or remove [search]",
            several.simulations,
            several.simulations.len()
        ));
    }
    if let Some(seeds) = typed.seeds {
        return Err(input_error!(
            "seeds = {seeds} beside [search]: the networks of a search are its trials; give search.seeds, how many networks \
             score a trial, and remove seeds"
        ));
    }
    let search = SearchPlan::new(table, typed.seed)?;
    let width = pretraining.and_then(|pretraining| pretraining.bottleneck);
    match (width, search.most_layers()) {
        (Some(width), DEEPEST) => Err(input_error!(
            "pretraining.bottleneck = {width} is one hidden layer more than search.space.layers, which goes up to {DEEPEST}, and \
             there are at most {DEEPEST}; lower search.space.layers.high"
        )),
        _ => Ok(Some(search)),
    }
}

/// Checks a part to validate on.
///
/// # Errors
/// [`crate::Error::Input`] unless it lies between 0 and 1.
pub fn check_fraction(key: &str, value: f64) -> Result<()> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(input_error!(
        "{key} = {value}: the part of the simulations to validate on lies between 0 and 1"
    ))
}

fn activation(key: &str, name: &str, slope: f32) -> Result<Activation> {
    Activation::named(name, slope).ok_or_else(|| {
        let names: Vec<&str> = Activation::ALL.iter().map(|activation| activation.name()).collect();
        input_error!(
            "network.{key} = \"{name}\": no such activation; there are {}",
            names.join(", ")
        )
    })
}

fn shape(typed: &NetworkTable) -> Result<Shape> {
    check_hidden("network.hidden", &typed.hidden)?;
    check_dropout("network.dropout", typed.dropout)?;
    Ok(Shape {
        hidden: typed.hidden.clone(),
        activation: activation("activation", &typed.activation, typed.slope)?,
        output: activation("output", &typed.output, typed.slope)?,
        dropout: typed.dropout,
    })
}

fn check_hidden(key: &str, hidden: &[usize]) -> Result<()> {
    if hidden.is_empty() || hidden.len() > DEEPEST {
        return Err(input_error!("{key} has {} layers; give 1 to {DEEPEST} widths", hidden.len()));
    }
    match hidden.iter().find(|width| !(1..=WIDEST).contains(*width)) {
        Some(width) => {
            Err(input_error!("{key} = {hidden:?}: a width of {width}; widths are 1 to {WIDEST}"))
        }
        None => Ok(()),
    }
}

fn check_dropout(key: &str, dropout: f32) -> Result<()> {
    if (0.0..1.0).contains(&dropout) {
        return Ok(());
    }
    Err(input_error!("{key} = {dropout}: a probability of at least 0 and below 1"))
}

fn training(typed: &TrainingTable) -> Result<Training> {
    let betas = typed.betas.unwrap_or([0.5, 0.999]);
    let training = Training {
        batch: typed.batch.unwrap_or(32),
        learning_rate: typed.learning_rate.unwrap_or(1e-3),
        weight_decay: typed.weight_decay.unwrap_or(1e-4),
        beta1: betas[0],
        beta2: betas[1],
        epsilon: typed.epsilon.unwrap_or(1e-8),
        max_epochs: typed.epochs.unwrap_or(1000),
        patience: typed.patience.unwrap_or(50),
        min_delta: typed.min_delta.unwrap_or(1e-6),
        precision: precision(typed.precision.as_deref())?,
        clip_norm: None,
        schedule: Schedule::default(),
    };
    check_training("training", &training)?;
    Keys::from(typed).apply("training", training)
}

fn precision(typed: Option<&str>) -> Result<Precision> {
    let Some(typed) = typed else {
        return Ok(Precision::default());
    };
    typed.parse().map_err(|known: String| input_error!("training.precision = \"{typed}\": {known}"))
}

fn check_training(table: &str, training: &Training) -> Result<()> {
    let bad = |key: &str, value: &dyn std::fmt::Display, need: &str| {
        Err(input_error!("{table}.{key} = {value}: {need}"))
    };
    let t = training;
    let number = |value: f64| value.is_finite() && value >= 0.0;
    match () {
        () if t.batch == 0 => bad("batch", &t.batch, "a minibatch has at least one example"),
        () if t.max_epochs == 0 => bad("epochs", &t.max_epochs, "train for at least one epoch"),
        () if t.patience == 0 => bad("patience", &t.patience, "wait for at least one epoch"),
        () if !(number(t.learning_rate) && t.learning_rate > 0.0) => {
            bad("learning_rate", &t.learning_rate, "a number above 0")
        }
        () if !number(t.weight_decay) => {
            bad("weight_decay", &t.weight_decay, "a number of at least 0")
        }
        () if !(0.0..1.0).contains(&t.beta1) => {
            bad("betas", &t.beta1, "each at least 0 and below 1")
        }
        () if !(0.0..1.0).contains(&t.beta2) => {
            bad("betas", &t.beta2, "each at least 0 and below 1")
        }
        () if !(number(t.epsilon) && t.epsilon > 0.0) => {
            bad("epsilon", &t.epsilon, "a number above 0")
        }
        () if !number(t.min_delta) => bad("min_delta", &t.min_delta, "a number of at least 0"),
        () => Ok(()),
    }
}

fn strategies(typed: &StudyFile, training: &Training, shape: &Shape) -> Result<Vec<StrategyPlan>> {
    let tables = &typed.strategies;
    let plain = [
        (Strategy::Scratch, &tables.scratch),
        (Strategy::DummyNode, &tables.dummy_node),
        (Strategy::WarmStart, &tables.warm_start),
    ];
    let none = plain.iter().all(|(_, table)| table.is_none()) && tables.attach_head.is_none();
    let (all, head) = (StrategyTable::default(), HeadTable::default());
    let mut plans = Vec::new();
    for (strategy, table) in plain {
        if let Some(table) = table.as_ref().or(none.then_some(&all)) {
            let plain = HeadTable {
                learning_rate: table.learning_rate,
                weight_decay: table.weight_decay,
                dropout: table.dropout,
                clip_norm: table.clip_norm,
                schedule: table.schedule.clone(),
                warmup: table.warmup,
                final_fraction: table.final_fraction,
                ..HeadTable::default()
            };
            plans.push(strategy_plan(strategy, &plain, training, shape)?);
        }
    }
    if let Some(table) = tables.attach_head.as_ref().or(none.then_some(&head)) {
        plans.push(strategy_plan(Strategy::AttachHead, table, training, shape)?);
    }
    Ok(plans)
}

fn strategy_plan(
    strategy: Strategy,
    table: &HeadTable,
    training: &Training,
    shape: &Shape,
) -> Result<StrategyPlan> {
    let key = format!("strategies.{}", strategy.name());
    let training = Training {
        learning_rate: table.learning_rate.unwrap_or(training.learning_rate),
        weight_decay: table.weight_decay.unwrap_or(training.weight_decay),
        ..*training
    };
    check_training(&key, &training)?;
    let training = Keys::from(table).apply(&key, training)?;
    let dropout = table.dropout.unwrap_or(shape.dropout);
    check_dropout(&format!("{key}.dropout"), dropout)?;
    let reads = match table.reads.as_deref() {
        None | Some("outputs") => Reads::Outputs,
        Some("last-hidden") => Reads::LastHidden,
        Some(other) => {
            return Err(input_error!(
                "{key}.reads = \"{other}\": a head reads \"outputs\" or \"last-hidden\""
            ));
        }
    };
    let head = table.hidden.clone().unwrap_or_else(|| shape.hidden.clone());
    check_hidden(&format!("{key}.hidden"), &head)?;
    Ok(StrategyPlan { strategy, training, dropout, reads, head })
}

/// Reads the data to pre-train on, and puts the targets of `finetune` into its order.
fn pretraining(
    typed: &StudyFile,
    training: &Training,
    finetune: &mut Dataset,
    sources: &mut Sources,
) -> Result<Pretraining> {
    let Some(source) = &typed.data.pretrain else {
        return Err(input_error!(
            "data.pretrain is missing; name the simulations to pre-train on, or keep only [strategies.scratch]"
        ));
    };
    let dataset = sources.pretrain(source)?;
    check_inputs(&dataset, finetune)?;
    let new: Vec<String> = finetune
        .target_names
        .iter()
        .filter(|name| !dataset.target_names.contains(name))
        .cloned()
        .collect();
    check_targets(&dataset, finetune)?;
    *finetune = finetune.select_targets(&[dataset.target_names.clone(), new.clone()].concat())?;
    let features = features(&dataset, typed.log10, "data.pretrain")?;
    let table = &typed.pretraining;
    let training = Training {
        learning_rate: table.learning_rate.unwrap_or(training.learning_rate),
        weight_decay: table.weight_decay.unwrap_or(training.weight_decay),
        batch: table.batch.unwrap_or(training.batch),
        max_epochs: table.epochs.unwrap_or(training.max_epochs),
        patience: table.patience.unwrap_or(training.patience),
        ..*training
    };
    check_training("pretraining", &training)?;
    let training = Keys::from(table).apply("pretraining", training)?;
    let validation = table.validation.unwrap_or(0.15);
    check_fraction("pretraining.validation", validation)?;
    let pool = Pool::new(dataset.inputs.rows, 0, typed.seed)?;
    let simulations = pretraining_sizes(table, &pool, validation)?;
    let bottleneck = bottleneck(table, &typed.network)?;
    let dummies = table.dummies.unwrap_or(new.len());
    Ok(Pretraining {
        dataset,
        features: Arc::new(features),
        pool,
        simulations,
        validation,
        bottleneck,
        dummies,
        training,
    })
}
