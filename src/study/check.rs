//! Whether a study can run: strategies, networks to start from, counts, and scenarios.

use crate::engine::graph::{Graph, Node};
use crate::engine::run::Training;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{MAX_RUNS, check_batch, check_steps};
use crate::study::config::scenario::Scenario;
use crate::study::config::study::{ScenarioConfig, StudyConfig};
use crate::study::datasets::{LoadedDataset, Study};
use crate::study::hyperparameters::Hyperparameters;
use crate::study::plan::Plan;
use crate::study::search::space;
use crate::study::search::space::Stage;
use crate::study::transfer::Strategy;

impl Study {
    /// Checks that the pre-trained networks have what the strategies need.
    pub(crate) fn check_strategies(&self) -> Result<()> {
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
    pub(crate) fn check_models(&self) -> Result<()> {
        let Some(first) = self.plan.models().first() else { return Ok(()) };
        let own = Hyperparameters::of_plan(&self.plan, None).base_network(self);
        let LoadedDataset { features, dataset, .. } = &self.data.fine_tuning;
        first.check(features, dataset, &own)?;
        let mut rest = self.plan.models()[1..].iter();
        rest.try_for_each(|other| other.check_network(&own))
    }

    /// Checks that batches fit the data, and that runs and steps can be counted. `general` are the
    /// settings of `[training]`.
    pub(crate) fn check_counts(&self, general: &Training) -> Result<()> {
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

pub(crate) fn check_scenarios(config: &StudyConfig, all: &[Scenario]) -> Result<()> {
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
