//! What comes of trials: rows, networks of the best ones, and the tables at the end.

use crate::engine::run::Outcome;
use crate::error::Result;
use crate::study::evaluation;
use crate::study::searches::one::{Over, Search, Stage, Trained, mean};
use crate::study::searches::rows::TrialRow;
use crate::study::searches::{InTraining, Searching};
use crate::study::stats::summary::Summary;
use crate::study::store::model::Model;
use crate::study::store::results::Results;
use crate::study::store::runs::RunRow;
use crate::study::transfer::Start;

/// Trials whose mean counts, as in the paper (arXiv 2510.19168).
const BEST: usize = 10;

/// The word for a run that a pruner stopped.
const PRUNED: &str = "pruned";

impl Searching<'_> {
    /// What came out of a run of a trial.
    pub(crate) fn over(&self, run: InTraining, outcome: Outcome) -> Over {
        let pruned = self.is_pruned(&run);
        let mut row = TrialRow {
            trial: run.trial,
            seed: run.seed,
            state: String::new(),
            validation_mse: outcome.validation_loss,
            test_mse: None,
            target_mse: vec![],
            epochs: outcome.epochs,
            steps: outcome.steps,
            stopped: if pruned { PRUNED } else { outcome.stopped.name() }.into(),
        };
        let usable = outcome.validation_loss.is_some() && !pruned;
        let trained = usable.then_some(Trained {
            seed: run.seed,
            start: Start { network: run.network, parameters: outcome.parameters },
            scaling: run.scaling,
        });
        if let Some(errors) = outcome.test_errors {
            row.test_mse = mean(errors.iter().copied().map(Some));
            row.target_mse = errors.into_iter().map(Some).collect();
        }
        Over { row, trained }
    }

    /// Whether a run is that of a trial which a pruner stopped.
    pub(crate) fn is_pruned(&self, run: &InTraining) -> bool {
        run.seed == 1 && self.searches[run.search].pruned.contains(&run.trial)
    }

    pub(crate) fn model(&self, search: &Search, row: &TrialRow, trained: &Trained) -> Model {
        let row = RunRow { seed: trained.seed, ..self.run_row(search, &[row], String::new()) };
        let mut scaling = trained.scaling.clone();
        let mut names = &self.plan.finetune.target_names;
        if search.stage == Stage::Pretraining {
            let dataset = &self.pretraining().dataset;
            (names, scaling.target_ranges) = (&dataset.target_names, dataset.target_ranges.clone());
        }
        evaluation::model(self.plan, &row, trained.start.clone(), scaling, names)
    }

    /// A trial as a row of `runs.csv`: means over its networks.
    pub(crate) fn run_row(&self, search: &Search, rows: &[&TrialRow], model: String) -> RunRow {
        let targets = match search.stage {
            Stage::Pretraining => self.pretraining().dataset.target_names.len(),
            Stage::Finetuning { .. } => self.plan.finetune.target_names.len(),
        };
        let target = |target: usize| {
            mean(rows.iter().map(|row| row.target_mse.get(target).copied().flatten()))
        };
        RunRow {
            strategy: search.strategy.into(),
            simulations: search.simulations,
            seed: rows[0].seed,
            validation_mse: mean(rows.iter().map(|row| row.validation_mse)),
            test_mse: mean(rows.iter().map(|row| row.test_mse)),
            target_mse: (0..targets).map(target).collect(),
            epochs: rows.iter().map(|row| row.epochs).max().unwrap_or(0),
            steps: rows.iter().map(|row| row.steps).sum(),
            stopped: rows[0].stopped.clone(),
            model,
            // a plan with a search has one pre-training
            pretraining_simulations: None,
        }
    }

    /// Saves the networks of the best trial, before the journal says that it is over.
    pub(crate) fn save_best(&mut self, place: usize) {
        let search = &self.searches[place];
        let (_, trial) = search.best.expect("search: no best trial");
        let mut models = Vec::new();
        for trained in &search.networks {
            let rows = search.rows_of(trial);
            let row = rows.into_iter().find(|row| row.seed == trained.seed);
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
    pub(crate) fn finish(self) -> Result<Summary> {
        let (mut runs, mut pretraining) = (vec![], vec![]);
        for search in &self.searches {
            if search.stage == Stage::Pretraining {
                let best = search.best.map(|(_, trial)| trial);
                for row in best.into_iter().flat_map(|trial| search.rows_of(trial)) {
                    pretraining.push(self.run_row(
                        search,
                        &[row],
                        self.saved(search, row.trial, row.seed),
                    ));
                }
                continue;
            }
            for (rank, trial) in (1..).zip(search.ranked().into_iter().take(BEST)) {
                let model = if rank == 1 { self.saved(search, trial, 1) } else { String::new() };
                let row = self.run_row(search, &search.rows_of(trial), model);
                runs.push(RunRow { seed: rank, ..row });
            }
        }
        let mut results = self.results;
        results.begin_tables(self.plan, runs, pretraining)?;
        results.finish(self.plan)
    }

    /// The path of a network of a best trial, as a row has it.
    fn saved(&self, search: &Search, trial: u32, seed: u32) -> String {
        match self.plan.save_models {
            true => Results::model_path(&file_stem(search, trial, seed)),
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
