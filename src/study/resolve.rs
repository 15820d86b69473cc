//! From a study file to studies that can run: every setting is checked here, and the data are read.

use std::path::Path;
use std::sync::Arc;

use crate::data::columns::Columns;
use crate::data::dataset::Dataset;
use crate::data::scaling::{Features, features};
use crate::data::split::Pool;
use crate::engine::graph::{Graph, Node};
use crate::engine::loss::{LOSSES, Loss};
use crate::engine::ops::{self, OPS};
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::precision::Precision;
use crate::engine::run::Training;
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::classes;
use crate::study::columns::{InputColumns, input_columns, missing};
use crate::study::config::checks::{
    MAX_LAYERS, MAX_RUNS, MAX_WIDTH, check_batch, check_dropout, check_hidden, check_steps, prefix,
};
use crate::study::config::data::DatasetConfig;
use crate::study::config::scenario::Scenario;
use crate::study::config::study::{ScenarioConfig, StrategyTable, StudyConfig, TrainingConfig};
use crate::study::datasets::{Datasets, LoadedDataset, Study};
use crate::study::defaults::{check_varies, set_ranges, standardize};
use crate::study::hyperparameters::Hyperparameters;
use crate::study::loss::{calibrates, loss, metrics, objective, stop_on};
use crate::study::networks::{network, own_dropout};
use crate::study::notices::columns::sentinels;
use crate::study::notices::notices;
use crate::study::objective::Objective;
use crate::study::plan::{NetworkPlan, Plan, PretrainingPlan, StrategyPlan, TrialsPlan};
use crate::study::pretraining::{models, pretraining, pretraining_data};
use crate::study::search::distribution::{Choice, Distribution};
use crate::study::search::proposers::fixed::Fixed;
use crate::study::search::proposers::proposer;
use crate::study::search::pruner::Off;
use crate::study::search::pruners::pruner;
use crate::study::search::space;
use crate::study::search::space::{Space, Stage};
use crate::study::sources::{Simulate, Sources};
use crate::study::split::{pool, pretraining_pool, split};
use crate::study::transfer::{Parts, Reads, Strategy};

/// Networks for each size and strategy unless the study file says.
const SEEDS: u32 = 6;

impl Study {
    /// Reads a study file and everything that it names; paths are relative to the file. There is a
    /// study for each `[[scenario]]` and seed, or one. Datasets that are simulated are made by
    /// `simulate`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for everything that a user can get wrong; the errors of `simulate`.
    pub fn read(path: &Path, simulate: Simulate) -> Result<Vec<Self>> {
        let (file, scenarios) = StudyConfig::read(path)?;
        let base = path.parent().unwrap_or(Path::new("."));
        check_scenarios(&file, &scenarios)?;
        let mut sources = Sources::new(base, scenarios.len() > 1, simulate);
        let mut studies = Vec::new();
        for Scenario { config, name, series } in &scenarios {
            sources.set_nan_inputs(missing(config)?.nan);
            let study = (config.data.finetune.as_ref())
                .ok_or_else(|| {
                    input_error!(
                        "data.finetune is missing; name the simulations to fine-tune on, or give \
                         [[scenario]] tables"
                    )
                })
                .and_then(|finetune| Self::new(config, finetune, &mut sources));
            let mut study = study.map_err(|error| match name {
                Some(name) => prefix(error, &format!("scenario {name}")),
                None => error,
            })?;
            study.plan.scenario.clone_from(name);
            study.plan.place = name.as_ref().map(|_| studies.len());
            study.plan.series.clone_from(series);
            studies.iter().for_each(|other: &Self| study.data.share(&other.data));
            studies.push(study);
        }
        (scenarios.iter()).try_for_each(|one| sources.check_ranges(&one.config.data.ranges))?;
        Ok(studies)
    }

    /// The study of a study file, to fine-tune on one dataset.
    fn new(config: &StudyConfig, finetune: &DatasetConfig, sources: &mut Sources) -> Result<Self> {
        if config.name.contains(char::is_control) {
            return Err(input_error!(
                "name = \"{}\": a title has no control characters",
                config.name.escape_debug()
            ));
        }
        let training = training(&config.training)?;
        let standardizes = config.data.standardizes(training.loss)?;
        let network = network(&config.network, training.loss, standardizes)?;
        let metrics = metrics(config, training.loss)?;
        let calibrates = calibrates(config.training.calibrate, training.loss)?;
        let strategies = strategies(config, &training, &network)?;
        let sizes = sizes(config)?;
        let (validation, test) = split(config)?;
        let mut finetune = sources.read(finetune)?;
        set_ranges("data.finetune", &mut finetune, &config.data.ranges)?;
        let mut finetune = classes::targets(finetune, training.loss, "data.finetune")?;
        network.check_reads("data.finetune", &finetune)?;
        let pool = pool(config, &sizes, &finetune, (validation, test))?;
        let mut notices = Vec::new();
        let models = models(config, sources.base)?;
        let mut pretraining = match strategies.iter().any(|one| one.strategy.transfers()) {
            true => {
                let (dataset, found) =
                    pretraining_data(config, training.loss, &mut finetune, (sources, &models))?;
                notices.extend(found);
                // networks that are there need no rows to pre-train on
                let (pool, found) = match models.is_empty() {
                    true => pretraining_pool(config.seed(), &dataset, (&finetune, &pool, test))?,
                    false => (Pool::new(dataset.targets.rows, 0, config.seed())?, None),
                };
                notices.extend(found);
                let (of_both, of_rows) = ((&dataset, &finetune), (pool, models));
                let (plan, pool) = pretraining(config, (&training, &network), of_both, of_rows)?;
                Some((plan, dataset, pool))
            }
            false => None,
        };
        if standardizes {
            let of_pretraining = pretraining.as_mut();
            let of_pretraining =
                of_pretraining.map(|(plan, dataset, _)| (dataset, plan.models.is_empty()));
            standardize(of_pretraining, &mut finetune, &config.data.ranges)?;
        }
        let of_pretraining = pretraining.as_ref().map(|(_, dataset, _)| dataset);
        let InputColumns { log10, columns, item_columns, notices: found } =
            match (input_columns(config, of_pretraining, &finetune)?, &pretraining) {
                (own, Some((PretrainingPlan { models, .. }, ..))) if !models.is_empty() => {
                    models[0].columns(config, own)?
                }
                (own, _) => own,
            };
        notices.extend(found);
        let of_each = [("data.pretrain", of_pretraining), ("data.finetune", Some(&finetune))];
        notices.extend(sentinels(&of_each, &missing(config)?));
        let apply = |dataset: Dataset, name: &str| -> Result<Dataset> {
            let mut dataset = match &columns {
                Some(columns) => columns.apply(dataset, name)?,
                None => dataset,
            };
            if let (Some(columns), Some(items)) = (&item_columns, dataset.items.take()) {
                dataset.items = Some(columns.of_items(items, name)?);
            }
            Ok(dataset)
        };
        if columns.is_some() || item_columns.is_some() {
            finetune = apply(finetune, "data.finetune")?;
            pretraining = pretraining
                .map(|(plan, dataset, pool)| {
                    Ok::<_, Error>((plan, apply(dataset, "data.pretrain")?, pool))
                })
                .transpose()?;
        }
        let flags_of =
            |columns: &Option<Columns>| columns.as_ref().map_or_else(Vec::new, Columns::flags);
        let with_flags =
            |features: Features| features.with_flags(flags_of(&columns), flags_of(&item_columns));
        let fine_features = with_flags(features(&finetune, log10, "data.finetune")?);
        check_varies(&finetune, &fine_features)?;
        let (pretraining, data) = pretraining
            .map(|(plan, dataset, pool)| {
                let features = features(&dataset, log10, "data.pretrain")?;
                let mut features = with_flags(features);
                features.borrow_widths(&fine_features);
                let (dataset, features) = (Arc::new(dataset), Arc::new(features));
                Ok((plan, LoadedDataset { dataset, features, pool }))
            })
            .transpose()?
            .unzip();
        let trials = trials(config, (&training, &network), pretraining.as_ref())?;
        let plan = Plan {
            name: config.name.clone(),
            scenario: None,
            place: None,
            series: None,
            seed: config.seed(),
            seeds: match &trials.search {
                Some(_) => trials.seeds,
                None => trials.count,
            },
            sizes,
            validation,
            test,
            save_models: config.save_models,
            log10,
            columns,
            item_columns,
            pretraining,
            strategies,
            metrics,
            network,
            calibrates,
            trials,
            share: None,
        };
        let (dataset, features) = (Arc::new(finetune), Arc::new(fine_features));
        let finetune = LoadedDataset { dataset, features, pool };
        let data = Datasets::with_edges(finetune, data, plan.network.sizes.edges().as_ref())?;
        notices.append(&mut sources.notices);
        let pre = data.pretraining.as_ref().filter(|_| plan.models().is_empty());
        notices.extend(self::notices((&data.fine_tuning, pre), plan.test));
        let study = Self { plan, data, notices };
        study.check_models()?;
        study.check_strategies()?;
        study.check_counts(&training)?;
        study.check_weights()?;
        Ok(study)
    }
}

impl Study {
    /// Checks that the pre-trained networks have what the strategies need.
    fn check_strategies(&self) -> Result<()> {
        let (plan, shared) = (&self.plan, self.shared_targets());
        let has = |strategy: Strategy| plan.strategies.iter().find(|own| own.strategy == strategy);
        let targets = &self.data.fine_tuning.dataset.target_names;
        if let (Some(_), Some(new)) = (has(Strategy::Applied), targets.get(shared)) {
            return Err(input_error!(
                "strategies.applied: no pre-trained network predicts the target '{new}', which \
                 data.pretrain does not have; leave the strategy out, or the target with `targets`"
            ));
        }
        let Some(own) = has(Strategy::AttachHead) else { return Ok(()) };
        let network = Hyperparameters::of_plan(plan, None).smallest(plan).base_network(self);
        match own.reads.node(&network) {
            Some(_) => Ok(()),
            None => Err(input_error!(
                "strategies.attach-head.reads = {}: the pre-trained network has no such layer; its \
                 layers are {}",
                own.reads.describe(),
                layers(&network)
            )),
        }
    }

    /// Checks that the networks to start from fit the data and `[network]`.
    fn check_models(&self) -> Result<()> {
        let Some(first) = self.plan.models().first() else { return Ok(()) };
        let own = Hyperparameters::of_plan(&self.plan, None).base_network(self);
        let LoadedDataset { features, dataset, .. } = &self.data.fine_tuning;
        first.check(features, dataset, &own)?;
        let mut rest = self.plan.models()[1..].iter();
        rest.try_for_each(|other| other.check_network(&own))
    }

    /// Checks that batches fit the data, and that runs and steps can be counted. `general` are the
    /// settings of `[training]`.
    fn check_counts(&self, general: &Training) -> Result<()> {
        let (plan, rows) = (&self.plan, self.data.fine_tuning.dataset.targets.rows);
        check_runs(plan)?;
        let searched = match &plan.trials.search {
            Some(search) => {
                let architecture = plan.network.architecture;
                search.space.space_of(architecture, Stage::Fresh)?.bounds(space::BATCH)
            }
            None => None,
        };
        let key = |table: &str, name: &str, is_general: bool| match is_general {
            true => format!("training.{name}"),
            false => format!("{table}.{name}"),
        };
        let check = |table: &str, training: &Training, rows: usize, dataset: &str| {
            let (batch_key, [smallest, largest]) = match searched {
                Some(bounds) => ("search.space.batch".into(), bounds),
                None => (key(table, "batch", training.batch == general.batch), [training.batch; 2]),
            };
            check_batch(&batch_key, largest, rows, dataset)?;
            let epochs = key(table, "epochs", training.max_epochs == general.max_epochs);
            check_steps(&epochs, training.max_epochs, smallest, rows)
        };
        for own in &plan.strategies {
            let table = format!("strategies.{}", own.strategy.name());
            check(&table, &own.training, rows, "data.finetune")?;
        }
        match (&plan.pretraining, &self.data.pretraining) {
            (Some(own), Some(data)) => {
                check("pretraining", &own.training, data.dataset.targets.rows, "data.pretrain")
            }
            _ => Ok(()),
        }
    }
}

/// The layers of a network, such as `0 dense, 1 dense`.
fn layers(network: &Graph) -> String {
    let layer = |(number, node): (usize, &Node)| format!("{number} {}", node.op.name);
    network.nodes().iter().enumerate().map(layer).collect::<Vec<_>>().join(", ")
}

/// Checks that the runs of a study can be counted and kept.
fn check_runs(plan: &Plan) -> Result<()> {
    let (groups, trials) = (plan.groups().len(), &plan.trials);
    let runs = groups as u128 * u128::from(trials.count) * u128::from(trials.seeds);
    if runs <= MAX_RUNS as u128 {
        return Ok(());
    }
    let (key, count) = match &trials.search {
        Some(_) => ("search.trials", format!("{} of {} networks", trials.count, trials.seeds)),
        None => ("seeds", trials.count.to_string()),
    };
    Err(input_error!(
        "{key} = {count}: for {groups} pairs of a strategy and a size these are {runs} runs; a \
         study has at most {MAX_RUNS}"
    ))
}

fn check_scenarios(config: &StudyConfig, all: &[Scenario]) -> Result<()> {
    let has_own = |one: &ScenarioConfig| one.keys.contains_key("finetune");
    if config.data.finetune.is_some()
        && config.scenario.iter().all(has_own)
        && !config.scenario.is_empty()
    {
        return Err(input_error!(
            "there is data.finetune and there are [[scenario]] tables, which have their own; \
             leave one of them out"
        ));
    }
    for (place, scenario) in config.scenario.iter().enumerate() {
        let name = &scenario.name;
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(input_error!(
                "scenario.name = \"{name}\": it names a folder; use letters, digits, - and _"
            ));
        }
        if config.scenario[..place].iter().any(|other| other.name == *name) {
            return Err(input_error!(
                "scenario.name = \"{name}\" is there twice; each scenario has its own folder of \
                 results"
            ));
        }
    }
    for (place, Scenario { name, .. }) in all.iter().enumerate() {
        if let Some(name) =
            name.as_ref().filter(|_| all[..place].iter().any(|one| one.name == *name))
        {
            return Err(input_error!(
                "the folder {name} would hold the results of two studies, of a scenario of this \
                 name and of a seed of another one; rename one of the scenarios"
            ));
        }
    }
    Ok(())
}

fn sizes(config: &StudyConfig) -> Result<Vec<usize>> {
    let mut sizes = config.sizes.clone();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.is_empty() || sizes.len() != config.sizes.len() {
        return Err(input_error!("sizes = {:?}: give at least one size, each once", config.sizes));
    }
    if config.seeds == Some(0) {
        return Err(input_error!("seeds = 0: train at least one network per size and strategy"));
    }
    Ok(sizes)
}

/// The trials of a group: those of the search, or a fixed setting for each seed.
fn trials(
    config: &StudyConfig,
    (training, network): (&Training, &NetworkPlan),
    pretraining: Option<&PretrainingPlan>,
) -> Result<TrialsPlan> {
    let architecture = network.architecture;
    let Some(search) = &config.search else {
        let count = config.seeds.unwrap_or(SEEDS);
        return Ok(TrialsPlan {
            count,
            generation: count,
            seeds: 1,
            objective: Objective::default(),
            proposer: Arc::new(Fixed),
            pruner: Arc::new(Off),
            architecture,
            search: None,
        });
    };
    if let Some(seeds) = config.seeds {
        return Err(input_error!(
            "seeds = {seeds} beside [search]: the networks of a search are its trials; give \
             search.seeds, how many networks score a trial, and remove seeds"
        ));
    }
    search.check()?;
    let fresh = search.space.space_of(architecture, Stage::Fresh)?;
    search.space.space_of(architecture, Stage::FineTuning { layers: 1 })?;
    architecture.check_space(&network.sizes, &fresh)?;
    let objective = objective(search, training.loss)?;
    let pruner = pruner(&search.pruning)?;
    let losses = losses_of_search(&fresh, training)?;
    let comparable =
        training.stop_on.is_some() || (objective != Objective::ValidationLoss && !pruner.prunes());
    if losses > 1 && !comparable {
        return Err(input_error!(
            "search.space.loss has {losses} choices, whose values cannot be compared: give \
             training.stop_on, a loss that is the same for all, or let the search look for a \
             metric (search.minimise or search.maximise) and do not prune ([search.pruning] rule = \
             \"off\")"
        ));
    }
    let limits = [("layers", MAX_LAYERS), ("units_1", MAX_WIDTH)];
    for (name, limit) in
        limits.into_iter().chain([("items_layers", MAX_LAYERS), ("items_units_1", MAX_WIDTH)])
    {
        if let Some(most) = fresh.largest(name).filter(|most| *most > limit) {
            let key = name.trim_end_matches("_1");
            return Err(input_error!(
                "search.space.{key} goes up to {most}; there are at most {limit}"
            ));
        }
    }
    let width = pretraining.and_then(|pretraining| pretraining.bottleneck);
    if let (Some(width), Some(MAX_LAYERS)) = (width, fresh.largest("layers")) {
        return Err(input_error!(
            "pretraining.bottleneck = {width} is one hidden layer more than search.space.layers, \
             which goes up to {MAX_LAYERS}, and there are at most {MAX_LAYERS}; lower \
             search.space.layers.high"
        ));
    }
    Ok(TrialsPlan {
        count: search.trials,
        generation: search.generation,
        seeds: search.seeds,
        objective,
        proposer: proposer(search)?,
        pruner,
        architecture,
        search: Some(search.clone()),
    })
}

/// Number of losses of a search, whose networks must have the outputs of those of `[training]`.
fn losses_of_search(space: &Space, training: &Training) -> Result<usize> {
    let parameter = space.parameters().iter().find(|parameter| parameter.name == space::LOSS);
    let Some(Distribution::Choices(choices)) = parameter.map(|one| &one.distribution) else {
        return Ok(1);
    };
    let names = choices.iter().map(Choice::to_string);
    let losses: Vec<&Loss> = names.filter_map(|name| Loss::named(&name)).collect();
    match losses.iter().find(|loss| loss.predicts != training.loss.predicts) {
        None => Ok(losses.len()),
        Some(other) => {
            let same = LOSSES.iter().filter(|loss| loss.predicts == training.loss.predicts);
            let same: Vec<&str> = same.map(|loss| loss.name).collect();
            Err(input_error!(
                "search.space.loss has \"{}\", whose outputs are not those of training.loss = \
                 \"{}\"; the same outputs have {}",
                other.name,
                training.loss.name,
                same.join(", ")
            ))
        }
    }
}

fn training(config: &TrainingConfig) -> Result<Training> {
    let precision = match config.precision.as_deref() {
        None => Precision::default(),
        Some(name) => (name.parse())
            .map_err(|known: String| input_error!("training.precision = \"{name}\": {known}"))?,
    };
    let (loss, loss_parameter) = loss("training.loss", config.loss.as_ref())?;
    // as in arXiv 2510.19168
    let default = Training {
        weight_decay: 1e-4,
        beta1: 0.5,
        min_delta: 1e-6,
        precision,
        loss,
        loss_parameter,
        balance_classes: config.balance_classes.unwrap_or(false),
        stop_on: stop_on(config.stop_on.as_ref(), loss)?,
        ..Training::default()
    };
    config.overrides().apply("training", &default)
}

fn strategies(
    config: &StudyConfig,
    training: &Training,
    network: &NetworkPlan,
) -> Result<Vec<StrategyPlan>> {
    let all = || {
        let tables = Strategy::ALL.into_iter();
        tables.filter_map(|strategy| Some((strategy, config.strategies.table(strategy)?)))
    };
    let chosen: Vec<(Strategy, StrategyTable)> = match all().next() {
        Some(_) => all().collect(),
        None => Strategy::DEFAULT.map(|strategy| (strategy, StrategyTable::default())).into(),
    };
    let plan = |(strategy, table)| strategy_plan(strategy, &table, training, network);
    chosen.into_iter().map(plan).collect()
}

fn strategy_plan(
    strategy: Strategy,
    table: &StrategyTable,
    training: &Training,
    network: &NetworkPlan,
) -> Result<StrategyPlan> {
    let key = format!("strategies.{}", strategy.name());
    let training = table.overrides.apply(&key, training)?;
    let dropout = table.dropout.unwrap_or(network.dropout);
    check_dropout(&format!("{key}.dropout"), dropout)?;
    let is_head = strategy == Strategy::AttachHead;
    if network.architecture.keeps_dropout && table.dropout.is_some() && !is_head {
        return Err(own_dropout(&format!("{key}.dropout")));
    }
    let reads = table.reads.as_ref().map_or(Ok(Reads::Outputs), |given| reads(&key, given))?;
    let head = table.hidden.clone().unwrap_or_else(|| network.hidden.clone());
    if let Some(head) = &table.hidden {
        check_hidden(&format!("{key}.hidden"), head)?;
    }
    Ok(StrategyPlan { strategy, training, dropout, parts: parts(&key, table)?, reads, head })
}

/// What a head reads; whether the networks have such a layer is checked when they are known.
fn reads(key: &str, given: &toml::Value) -> Result<Reads> {
    let number = given.as_integer().and_then(|number| usize::try_from(number).ok());
    let op = given.as_str().and_then(ops::named);
    match (given.as_str(), number, op) {
        (Some("outputs"), ..) => Ok(Reads::Outputs),
        (Some("last-hidden"), ..) => Ok(Reads::LastHidden),
        (_, Some(number), _) => Ok(Reads::Layer(number)),
        (.., Some(op)) => Ok(Reads::Op(op)),
        _ => {
            let ops = OPS.iter().map(|kernels| kernels.op.name).collect::<Vec<_>>().join(", ");
            Err(input_error!(
                "{key}.reads = {given}: a head reads \"outputs\" or \"last-hidden\", or a layer by \
                 its number, from 0, or by its op, the last one of them: {ops}"
            ))
        }
    }
}

/// The factors of the learning rate and the weight decay of body and head.
fn parts(key: &str, table: &StrategyTable) -> Result<Parts> {
    for (name, factor) in &table.parts {
        if let Some(factor) = factor.filter(|factor| !(factor.is_finite() && *factor >= 0.0)) {
            return Err(input_error!("{key}.{name} = {factor}: a factor of at least 0"));
        }
    }
    let [body_rate, body_decay, head_rate, head_decay] =
        table.parts.map(|(_, factor)| factor.unwrap_or(1.0));
    if body_rate == 0.0 && head_rate == 0.0 {
        return Err(input_error!(
            "{key}: body_rate and head_rate are 0, so nothing trains; \"applied\" is that strategy"
        ));
    }
    Ok(Parts {
        body: UpdateScale { rate: body_rate, decay: body_decay },
        head: UpdateScale { rate: head_rate, decay: head_decay },
    })
}
