//! What comes of trials: rows, networks of the best ones, and the tables at the end.

use crate::engine::run::Outcome;
use crate::error::Result;
use crate::study::evaluation;
use crate::study::searches::one::{Over, Search, Stage, Trained};
use crate::study::searches::rows;
use crate::study::searches::{InTraining, Searching};
use crate::study::stats::searches::BEST;
use crate::study::store::folder::StudyFolder;
use crate::study::store::model::Model;
use crate::study::store::results::StudyResults;
use crate::study::store::run::{Curve, RunKey, RunRecord, StopReason};
use crate::study::transfer::Start;

impl Searching<'_> {
    /// What came out of a run of a trial.
    pub(crate) fn over(&self, run: InTraining, outcome: Outcome) -> Over {
        let pruned = self.is_pruned(&run);
        let search = &self.searches[run.search];
        let key = RunKey {
            scenario: self.plan.scenario.clone(),
            curve: Curve::of(search.strategy),
            simulations: search.simulations,
            trial: Some(run.trial),
            seed: run.seed,
        };
        let mut row = RunRecord {
            validation_loss: outcome.validation_loss,
            epochs: outcome.epochs,
            steps: outcome.steps,
            stopped: if pruned { StopReason::Pruned } else { outcome.stopped.into() },
            ..RunRecord::untrained(key, self.targets(search.stage).len())
        };
        let usable = outcome.validation_loss.is_some() && !pruned;
        let trained = usable.then_some(Trained {
            seed: run.seed,
            start: Start { network: run.network, parameters: outcome.parameters },
            scaling: run.scaling,
        });
        if let Some(errors) = outcome.test_errors {
            row.set_test(&errors);
        }
        Over { row, trained }
    }

    /// Whether a run is that of a trial which a pruner stopped.
    pub(crate) fn is_pruned(&self, run: &InTraining) -> bool {
        run.seed == 1 && self.searches[run.search].pruned.contains(&run.trial)
    }

    pub(crate) fn model(&self, search: &Search, row: &RunRecord, trained: &Trained) -> Model {
        let mut scaling = trained.scaling.clone();
        if search.stage == Stage::Pretraining {
            scaling.target_ranges.clone_from(&self.pretraining().dataset.target_ranges);
        }
        let names = self.targets(search.stage);
        evaluation::model(self.plan, row, trained.start.clone(), scaling, names)
    }

    /// The targets that the networks of a search predict.
    fn targets(&self, stage: Stage) -> &[String] {
        match stage {
            Stage::Pretraining => &self.pretraining().dataset.target_names,
            Stage::Finetuning { .. } => &self.plan.finetune.target_names,
        }
    }

    /// Saves the networks of the best trial, before the journal says that it is over.
    pub(crate) fn save_best(&mut self, place: usize) {
        let search = &self.searches[place];
        let (_, trial) = search.best.expect("search: no best trial");
        let mut models = Vec::new();
        for trained in &search.networks {
            let rows = search.rows_of(trial);
            let row = rows.into_iter().find(|row| row.key.seed == trained.seed);
            let model = self.model(search, row.expect("search: a network without a row"), trained);
            models.push((file_stem(search, trial, trained.seed), model));
        }
        for (stem, model) in models {
            self.results.save(&stem, model);
        }
    }

    pub(crate) fn remove_models_but_best(&self, place: usize) {
        let search = &self.searches[place];
        let stem = stem(search);
        let keeps: Vec<String> = (search.best.iter())
            .flat_map(|(_, trial)| {
                (1..=self.search.table.seeds).map(|seed| file_stem(search, *trial, seed))
            })
            .collect();
        self.results.remove_models(&format!("{stem}-trial"), &keeps);
    }

    /// Trials that were worse than the best ones are in `trials.csv` alone.
    pub(crate) fn finish(self) -> Result<StudyResults> {
        let (mut runs, mut pretraining) = (vec![], vec![]);
        for search in &self.searches {
            if search.stage == Stage::Pretraining {
                let best = search.best.map(|(_, trial)| trial);
                for row in best.into_iter().flat_map(|trial| search.rows_of(trial)) {
                    let mut run = row.clone();
                    run.model = self.saved(search, best.unwrap_or(0), run.key.seed);
                    run.key.trial = None;
                    pretraining.push(run);
                }
                continue;
            }
            for (rank, trial) in (1..).zip(search.ranked().into_iter().take(BEST)) {
                let mut run = RunRecord::mean(&search.rows_of(trial));
                (run.key.trial, run.key.seed) = (None, rank);
                if rank == 1 {
                    run.model = self.saved(search, trial, 1);
                }
                runs.push(run);
            }
        }
        let trials = rows::trials(&self.searches);
        let mut results = self.results;
        results.begin_tables(runs, pretraining)?;
        results.finish(self.plan, self.provenance, trials)
    }

    /// The path of a network of a best trial, as a row has it.
    fn saved(&self, search: &Search, trial: u32, seed: u32) -> String {
        match self.plan.save_models {
            true => StudyFolder::model_path(&file_stem(search, trial, seed)),
            false => String::new(),
        }
    }
}

/// What the files of a search's networks begin with.
fn stem(search: &Search) -> String {
    match search.stage {
        Stage::Pretraining => search.strategy.to_owned(),
        Stage::Finetuning { .. } => format!("{}-{}", search.strategy, search.simulations),
    }
}

/// The name of the file of a trial's network, without its ending.
pub(crate) fn file_stem(search: &Search, trial: u32, seed: u32) -> String {
    format!("{}-trial{trial}-{seed}", stem(search))
}
