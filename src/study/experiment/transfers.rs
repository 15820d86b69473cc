//! Pre-trained networks: from the trials of a pre-training to the groups that fine-tune them.
//!
//! Without a search, a fine-tuning starts from the pre-trained network of its own seed as soon as
//! that is there. A search fine-tunes the networks of the best trial of the pre-training, when all
//! of its trials are finished.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::run::Outcome;
use crate::error::Result;
use crate::input_error;
use crate::study::experiment::records::stem;
use crate::study::experiment::scheduler::{RunInTraining, Scheduler};
use crate::study::plan::GroupKey;
use crate::study::prepare::Pretrained;
use crate::study::search::space::Stage;
use crate::study::store::folder::StudyFolder;
use crate::study::store::model::Model;
use crate::study::store::run::RunRecord;
use crate::study::transfer::Start;

impl Scheduler<'_> {
    /// Keeps the networks of a finished trial of a pre-training.
    pub(crate) fn keep_networks(
        &mut self,
        group: usize,
        trial: u32,
        networks: BTreeMap<u32, Pretrained>,
        is_best: bool,
    ) -> Result<()> {
        let is_search = self.study.plan.is_search();
        if !self.groups[group].key.is_pretraining() || (is_search && !is_best) {
            return Ok(());
        }
        self.groups[group].networks = networks;
        if is_search { Ok(()) } else { self.publish(group, trial) }
    }

    /// Passes on the networks of a finished pre-training of a search.
    pub(crate) fn group_finished(&mut self, group: usize) -> Result<()> {
        if !self.study.plan.is_search() || !self.groups[group].key.is_pretraining() {
            return Ok(());
        }
        let Some((_, best)) = self.groups[group].best else {
            return Err(input_error!(
                "no trial of the pre-training has a {} that is a number, so there is nothing to \
                 fine-tune; lower search.space.learning_rate.high, or give more trials",
                self.study.plan.trials.objective.title()
            ));
        };
        self.publish(group, best)
    }

    /// Passes on the networks of a trial of a pre-training. Those of an earlier process are loaded;
    /// where a file was lost, the network trains again, to the same bits.
    pub(crate) fn publish(&mut self, group: usize, trial: u32) -> Result<()> {
        let (simulations, rows) =
            (self.groups[group].key.simulations, self.groups[group].rows[&trial].clone());
        for row in rows {
            let seed = row.key.seed;
            if row.validation_loss.is_none() {
                self.pretrained.insert((simulations, seed), None);
            } else if let Some(network) = self.groups[group].networks.remove(&seed) {
                self.pretrained.insert((simulations, seed), Some(Arc::new(network)));
            } else if self.is_needed(simulations, seed) {
                match self.load(group, trial, &row)? {
                    Some(network) => {
                        self.pretrained.insert((simulations, seed), Some(Arc::new(network)));
                    }
                    None => self.restore(group, trial, seed),
                }
            }
        }
        self.open_groups()
    }

    /// Trains a network again, for its file.
    fn restore(&mut self, group: usize, trial: u32, seed: u32) {
        if !self.restore.contains(&(group, trial, seed)) {
            self.restore.push((group, trial, seed));
        }
    }

    /// Trains the networks of a group again whose files are gone or damaged: of a search those of
    /// the best trial so far.
    fn restore_lost(&mut self, group: usize) {
        let (plan, of) = (&self.study.plan, &self.groups[group]);
        if !plan.save_models {
            return;
        }
        let kept = |trial: &u32| !plan.is_search() || of.best.is_some_and(|best| best.1 == *trial);
        let rows = of.rows.iter().filter(|(trial, _)| kept(trial));
        let rows = rows.flat_map(|(trial, rows)| rows.iter().map(move |row| (*trial, row)));
        let lost = |(trial, row): &(u32, &RunRecord)| {
            row.validation_loss.is_some() && !self.is_saved(&of.key, *trial, row)
        };
        let lost = rows.filter(lost).map(|(trial, row)| (trial, row.key.seed));
        for (trial, seed) in lost.collect::<Vec<_>>() {
            self.restore(group, trial, seed);
        }
    }

    /// Whether the file of a network is whole, and of this run.
    fn is_saved(&self, key: &GroupKey, trial: u32, row: &RunRecord) -> bool {
        let stem = stem(&self.study.plan, key, trial, row.key.seed);
        let model = Model::load(&self.results.path(&StudyFolder::model_path(&stem)));
        model.is_ok_and(|model| {
            let about = &model.about;
            (about.simulations, about.seed, about.validation_loss)
                == (row.key.simulations, row.key.seed, row.validation_loss)
        })
    }

    /// Whether an unfinished fine-tuning starts from a pre-trained network, or one that trains
    /// again.
    fn is_needed(&self, simulations: usize, seed: u32) -> bool {
        let restored = |(group, _, of): &(usize, u32, u32)| {
            self.groups[*group].key.pretrained == Some(simulations) && *of == seed
        };
        if self.restore.iter().any(restored) {
            return true;
        }
        let trials = &self.study.plan.trials;
        let starts = self.groups.iter().filter(|group| group.key.pretrained == Some(simulations));
        let mut starts = starts.filter(|group| !group.is_finished(trials));
        starts.any(|group| {
            let finished = group.rows.values().flatten().any(|row| row.key.seed == seed);
            self.study.plan.is_search() || !finished
        })
    }

    /// The network of a pre-training that an earlier process saved, if its file is there, and not
    /// that of another run.
    fn load(&self, group: usize, trial: u32, row: &RunRecord) -> Result<Option<Pretrained>> {
        let seed = row.key.seed;
        if !self.is_saved(&self.groups[group].key, trial, row) {
            return Ok(None);
        }
        let (run, scaling) =
            self.prepare(group, trial, seed, 0)?.expect("transfers: a pre-training has no base");
        let stem = stem(&self.study.plan, &self.groups[group].key, trial, seed);
        let model = Model::load(&self.results.path(&StudyFolder::model_path(&stem)));
        let same = model.ok().filter(|model| model.start.network == run.graph);
        Ok(same.map(|model| Pretrained { start: model.start, scaling }))
    }

    /// A network whose file was lost has trained again.
    pub(crate) fn restored(&mut self, run: RunInTraining, outcome: Outcome) -> Result<()> {
        let start = Start { network: run.network, parameters: outcome.parameters };
        let network = Pretrained { start, scaling: run.scaling };
        let rows = &self.groups[run.group].rows[&run.trial];
        let row = rows.iter().find(|row| row.key.seed == run.key.seed);
        let row = row.expect("transfers: a pre-training without a row").clone();
        self.save_network(run.group, run.trial, &row, &network);
        let key = &self.groups[run.group].key;
        if !key.is_pretraining() {
            return Ok(());
        }
        self.pretrained.insert((key.simulations, run.key.seed), Some(Arc::new(network)));
        self.open_groups()
    }

    /// Opens the groups of a search whose pre-trained networks are all there.
    pub(crate) fn open_groups(&mut self) -> Result<()> {
        for group in 0..self.groups.len() {
            if !self.groups[group].is_open && self.can_open(&self.groups[group].key) {
                self.open(group)?;
                self.advance(group)?;
            }
        }
        Ok(())
    }

    /// Opens a group with the trials that are in the journal.
    pub(crate) fn open(&mut self, group: usize) -> Result<()> {
        let plan = &self.study.plan;
        let space = plan.trials.space(self.stage(&self.groups[group].key));
        self.groups[group].open(&mut self.journal, space, &plan.trials)?;
        let rows = &self.groups[group].rows;
        self.provenance.runs_finished += rows.len() * plan.trials.seeds as usize;
        let steps = rows.values().flatten().map(|row| u64::from(row.steps));
        self.provenance.run_steps += steps.sum::<u64>();
        self.report_group(group);
        self.restore_lost(group);
        Ok(())
    }

    /// Whether the search space of a group is known: that of a fine-tuning depends on the
    /// pre-trained network.
    pub(crate) fn can_open(&self, key: &GroupKey) -> bool {
        let plan = &self.study.plan;
        let Some(simulations) = key.pretrained.filter(|_| plan.is_search()) else {
            return true;
        };
        (1..=plan.trials.seeds).all(|seed| self.pretrained.contains_key(&(simulations, seed)))
    }

    fn stage(&self, key: &GroupKey) -> Stage {
        let plan = &self.study.plan;
        let (strategy, base) = match (key.strategy, key.pretrained) {
            (Some(strategy), Some(base)) if plan.is_search() && strategy.gives_layers() => {
                (strategy, base)
            }
            _ => return Stage::Fresh,
        };
        if !strategy.trains_body() {
            return Stage::FineTuning { layers: 0 };
        }
        let base =
            self.pretrained[&(base, 1)].as_ref().expect("transfers: a best trial that diverged");
        let hidden = base.start.network.nodes().len() - 1;
        let bottleneck = plan.pretraining.as_ref().and_then(|settings| settings.bottleneck);
        Stage::FineTuning { layers: hidden - usize::from(bottleneck.is_some()) }
    }
}
