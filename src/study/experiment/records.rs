//! What outcomes become: rows, models, and the tables at the end.

use crate::engine::run::Outcome;
use crate::error::Result;
use crate::study::evaluation;
use crate::study::event::Event;
use crate::study::experiment::group::{FinishedRun, FinishedTrial, Group};
use crate::study::experiment::scheduler::{RunInTraining, Scheduler};
use crate::study::plan::{GroupKey, Plan};
use crate::study::prepare::Pretrained;
use crate::study::search::distribution::Distribution;
use crate::study::stats::searches::BEST;
use crate::study::store::folder::StudyFolder;
use crate::study::store::results::StudyResults;
use crate::study::store::run::{RunRecord, StopReason};
use crate::study::store::trials::{TRIALS_FILE, TrialRuns, write_trials};
use crate::study::transfer::Start;

impl Scheduler<'_> {
    /// The record of a run that never began: of a fine-tuning whose pre-training diverged.
    pub(crate) fn untrained_row(&self, group: &GroupKey, trial: u32, seed: u32) -> RunRecord {
        let key = self.study.plan.run_key(group, trial, seed);
        let plan = &self.study.plan;
        RunRecord::untrained(key, self.targets(group).len())
            .with_metrics(&plan.metrics)
            .with_objective(plan.trials.objective)
    }

    fn targets(&self, key: &GroupKey) -> &[String] {
        match key.is_pretraining() {
            true => &self.study.pretraining_data().dataset.target_names,
            false => &self.study.data.fine_tuning.dataset.target_names,
        }
    }

    /// The row and the network of a finished run.
    pub(crate) fn finished_run(&self, run: RunInTraining, outcome: Outcome) -> FinishedRun {
        let (plan, group) = (&self.study.plan, &self.groups[run.group]);
        let pruned = group.is_pruned(run.trial);
        let mut row = RunRecord {
            validation_loss: outcome.validation_loss,
            epochs: outcome.epochs,
            steps: outcome.steps,
            stopped: if pruned { StopReason::Pruned } else { outcome.stopped.into() },
            device: run.device,
            ..RunRecord::untrained(run.key, self.targets(&group.key).len())
                .with_metrics(&plan.metrics)
                .with_objective(plan.trials.objective)
        };
        if let Some(mut scores) = outcome.test_errors {
            // the last one is the objective of the search
            if let Some(objective) = &mut row.objective {
                objective.total = scores.pop();
            }
            row.set_test(&scores);
        }
        let usable = outcome.validation_loss.is_some() && !pruned;
        if usable && plan.save_models && !plan.is_search() {
            row.model = StudyFolder::model_path(&row.key.stem(plan.has_pretraining_sizes()));
        }
        let network = usable.then_some(Pretrained {
            start: Start { network: run.network, parameters: outcome.parameters },
            scaling: run.scaling,
        });
        FinishedRun { row, network }
    }

    /// Saves the networks of a finished trial: of a search those of the best trial so far.
    pub(crate) fn save(&mut self, group: usize, trial: u32, ended: &FinishedTrial) {
        if self.study.plan.is_search() && !ended.is_best {
            return;
        }
        for row in &ended.rows {
            if let Some(network) = ended.networks.get(&row.key.seed) {
                self.save_network(group, trial, row, network);
            }
        }
    }

    /// Saves a network, if networks are saved.
    pub(crate) fn save_network(
        &mut self,
        group: usize,
        trial: u32,
        row: &RunRecord,
        network: &Pretrained,
    ) {
        let (study, key) = (self.study, &self.groups[group].key);
        if !study.plan.save_models {
            return;
        }
        let mut scaling = network.scaling.clone();
        if key.is_pretraining() {
            scaling.target_ranges.clone_from(&study.pretraining_data().dataset.target_ranges);
        }
        let start = network.start.clone();
        let model = evaluation::model(study, row, start, scaling, self.targets(key));
        self.results.save(&stem(&study.plan, key, trial, row.key.seed), row, model);
    }

    /// Reports a run that is recorded, and adds it to the tables.
    pub(crate) fn report(&mut self, group: usize, trial: u32, row: RunRecord) -> Result<()> {
        let group = &self.groups[group];
        if self.study.plan.is_search() {
            let state = group.trials[trial as usize].state;
            (self.observe)(&Event::Trial { trial, state, row: &row });
            return Ok(());
        }
        match group.key.is_pretraining() {
            true => {
                (self.observe)(&Event::Pretrained(&row));
                self.results.append_pretraining(row)
            }
            false => {
                (self.observe)(&Event::Finished(&row));
                self.results.append(row)
            }
        }
    }

    /// Writes `trials.csv`, of a search.
    pub(crate) fn write_trials(&self) -> Result<()> {
        if !self.study.plan.is_search() {
            return Ok(());
        }
        let targets = &self.study.data.fine_tuning.dataset.target_names;
        let trials: Vec<TrialRuns> = self.groups.iter().flat_map(trial_runs).collect();
        // spaces with fewer layers come in any order
        let parameters = self.groups.iter().flat_map(|group| group.space.parameters());
        let mut names: Vec<String> = parameters.map(|one| one.name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        write_trials(&self.results.path(TRIALS_FILE), targets, &names, &trials)
    }

    /// Writes the tables at the end. Of a search they have the best trials of each group; all are
    /// in `trials.csv`.
    pub(crate) fn finish(mut self) -> Result<StudyResults> {
        let is_search = self.study.plan.is_search();
        if is_search {
            let (mut runs, mut pretraining) = (vec![], vec![]);
            for group in &self.groups {
                match group.key.is_pretraining() {
                    true => pretraining.extend(self.best_runs(group)),
                    false => runs.extend(self.best_trials(group)),
                }
                self.remove_other_models(group);
            }
            self.results.begin_tables(runs, pretraining, !self.devices.is_empty())?;
        }
        let trials = self.groups.iter().filter(|_| is_search).flat_map(trial_runs).collect();
        self.results.finish(self.study, self.provenance, trials)
    }

    /// The runs of the best trial.
    fn best_runs(&self, group: &Group) -> Vec<RunRecord> {
        let Some((_, best)) = group.best else {
            return vec![];
        };
        let run = |row: &RunRecord| {
            let mut run = row.clone();
            run.model = self.saved(group, best, row.key.seed);
            run.key.trial = None;
            run
        };
        group.rows[&best].iter().map(run).collect()
    }

    /// The best trials, means over their networks, with their ranks as seeds.
    fn best_trials(&self, group: &Group) -> Vec<RunRecord> {
        let run = |(rank, trial): (u32, u32)| {
            let mut run = RunRecord::mean(&group.rows[&trial].iter().collect::<Vec<_>>());
            (run.key.trial, run.key.seed) = (None, rank);
            if rank == 1 {
                run.model = self.saved(group, trial, 1);
            }
            run
        };
        (1..).zip(group.ranked().into_iter().take(BEST)).map(run).collect()
    }

    /// The path of a network of a best trial, as a row has it.
    fn saved(&self, group: &Group, trial: u32, seed: u32) -> String {
        let plan = &self.study.plan;
        match plan.save_models {
            true => StudyFolder::model_path(&stem(plan, &group.key, trial, seed)),
            false => String::new(),
        }
    }

    /// Removes the networks of trials that were the best ones before.
    fn remove_other_models(&self, group: &Group) {
        let plan = &self.study.plan;
        let stem = |trial, seed| stem(plan, &group.key, trial, seed);
        let of_best = |(_, best)| (1..=plan.trials.seeds).map(move |seed| stem(best, seed));
        let keeps: Vec<String> = group.best.into_iter().flat_map(of_best).collect();
        let begin = plan.group_name(&group.key).stem(plan.has_pretraining_sizes());
        self.results.remove_models(&format!("{begin}-trial"), &keeps);
    }
}

/// The finished trials of a group.
fn trial_runs(group: &Group) -> impl Iterator<Item = TrialRuns> {
    group.rows.iter().map(|(number, rows)| {
        let trial = &group.trials[*number as usize];
        let parameters = group.space.parameters().iter().zip(&trial.parameters);
        let parameters = parameters.filter_map(|(parameter, value)| {
            let text = match (&parameter.distribution, (*value)?) {
                (Distribution::Range(_), value) => value.to_string(),
                (Distribution::Choices(choices), value) => choices[value as usize].to_string(),
            };
            Some((parameter.name.clone(), text))
        });
        let parameters = parameters.collect();
        TrialRuns { state: trial.state, parameters, runs: rows.clone() }
    })
}

/// The name of the file of a network, without its ending.
pub(crate) fn stem(plan: &Plan, key: &GroupKey, trial: u32, seed: u32) -> String {
    plan.run_key(key, trial, seed).stem(plan.has_pretraining_sizes())
}
