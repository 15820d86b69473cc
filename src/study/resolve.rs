//! From a study file to studies that can run: every setting is checked here, and the data are read.

use std::path::Path;
use std::sync::Arc;

use crate::data::columns::Columns;
use crate::data::dataset::Dataset;
use crate::data::scaling::{Features, features};
use crate::data::split::Pool;
use crate::engine::precision::Precision;
use crate::engine::run::Training;
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::check::check_scenarios;
use crate::study::classes;
use crate::study::columns::{InputColumns, input_columns, missing};
use crate::study::config::checks::prefix;
use crate::study::config::data::DatasetConfig;
use crate::study::config::scenario::Scenario;
use crate::study::config::study::{StudyConfig, TrainingConfig};
use crate::study::datasets::{Datasets, LoadedDataset, Study};
use crate::study::defaults::{check_varies, set_ranges, standardize};
use crate::study::loss::{calibrates, loss, metrics, stop_on};
use crate::study::networks::network;
use crate::study::notices::columns::sentinels;
use crate::study::notices::notices;
use crate::study::plan::{Plan, PretrainingPlan};
use crate::study::pretraining::{models, pretraining, pretraining_data};
use crate::study::sources::{Simulate, Sources};
use crate::study::split::{pool, pretraining_pool, split};
use crate::study::strategies::strategies;
use crate::study::trials::trials;

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
