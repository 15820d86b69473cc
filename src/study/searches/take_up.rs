//! The beginning of searches: what an earlier process left, and what waits for the pre-training.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::engine::device::Device;
use crate::error::Result;
use crate::study::config::search_plan::SearchPlan;
use crate::study::evaluation::Tests;
use crate::study::event::{Event, Part};
use crate::study::experiment::take_up::{continued, lowest};
use crate::study::jobs::Prepared;
use crate::study::plan::Plan;
use crate::study::searches::one::{Search, Stage, Trained};
use crate::study::searches::over::file_stem;
use crate::study::searches::{Searching, nothing_to_fine_tune};
use crate::study::store::folder::StudyFolder;
use crate::study::store::model::Model;
use crate::study::store::pace::Pace;
use crate::study::store::provenance::Provenance;
use crate::study::store::record::Record;
use crate::study::transfer::PRETRAINING;

impl<'a> Searching<'a> {
    pub(crate) fn new(
        (plan, search): (&'a Plan, &'a SearchPlan),
        device: &Device,
        stop: &'a AtomicBool,
        observe: &'a mut (dyn FnMut(&Event) + Send),
        (results, record): (StudyFolder, Record),
    ) -> Self {
        let provenance =
            Provenance::new(plan, device.describe(), search.runs(plan), results.before());
        Self {
            plan,
            search,
            stop,
            observe,
            results,
            journal: record.into_journal(),
            searches: vec![],
            closed: vec![],
            training: HashMap::new(),
            again: vec![],
            pretrained: vec![],
            tests: Tests::new(plan),
            rows: vec![],
            better: BTreeSet::new(),
            pace: Pace::default(),
            next_id: 0,
            written: Instant::now(),
            provenance,
            failure: None,
        }
    }

    /// Opens the searches that can begin, with all trials that are over already.
    pub(crate) fn take_up(&mut self, device: &Device) -> Result<()> {
        self.results.write_provenance(&self.provenance)?;
        let (sizes, strategies) = (self.plan.sizes.len(), self.plan.strategies.len());
        let mut stages = Vec::new();
        for size in 0..sizes {
            stages.extend((0..strategies).map(|strategy| Stage::Finetuning { strategy, size }));
        }
        (self.observe)(&Event::Searching {
            searches: stages.len() + usize::from(self.plan.pretraining.is_some()),
            trials: self.search.table.trials,
        });
        if self.plan.pretraining.is_some() {
            self.open(Stage::Pretraining)?;
        }
        for stage in &stages {
            let part = self.part(*stage);
            (self.observe)(&Event::Part {
                part,
                planned: self.search.table.trials as usize,
                over: &[],
                best: None,
            });
        }
        let (waiting, open): (Vec<Stage>, Vec<Stage>) =
            stages.into_iter().partition(|stage| self.transfers(*stage));
        self.closed.extend(waiting);
        for stage in open {
            self.open(stage)?;
        }
        // last, because it opens the others if it is over
        (0..self.searches.len()).try_for_each(|place| self.advance(place))?;
        self.journal.force()?;
        let finished = self.provenance.runs_finished;
        let event = continued(&self.provenance, device, finished, self.journal.repaired());
        if let Some(event) = event {
            (self.observe)(&event);
        }
        Ok(())
    }

    /// Hidden layers of the pre-trained networks that a search chose, and whose dropout it chooses
    /// again.
    fn searched_layers(&self) -> usize {
        let hidden = self.pretrained[0].start.network.layers().len() - 1;
        hidden - usize::from(self.pretraining().bottleneck.is_some())
    }

    fn transfers(&self, stage: Stage) -> bool {
        match stage {
            Stage::Pretraining => false,
            Stage::Finetuning { strategy, .. } => {
                self.plan.strategies[strategy].strategy.transfers()
            }
        }
    }

    fn open(&mut self, stage: Stage) -> Result<()> {
        let (name, simulations, space, what) = match stage {
            Stage::Pretraining => {
                let simulations = self.pretraining().simulations[0];
                (PRETRAINING, simulations, self.search.fresh(), None)
            }
            Stage::Finetuning { strategy, size } => {
                let strategy = self.plan.strategies[strategy].strategy;
                let simulations = self.plan.sizes[size];
                let space = match strategy.gives_layers() {
                    true => self.search.fine_tuning(self.searched_layers()),
                    false => self.search.fresh(),
                };
                (strategy.name(), simulations, space, Some((strategy, simulations)))
            }
        };
        let tpe = self.search.tpe(what);
        let search = Search::open(&mut self.journal, (stage, name, simulations), space, tpe)?;
        let over = search.rows.iter().filter(|row| row.key.seed == 1).count();
        self.provenance.runs_finished += over * self.search.table.seeds as usize;
        self.provenance.run_steps +=
            search.rows.iter().map(|row| u64::from(row.steps)).sum::<u64>();
        self.tell_part(&search);
        self.searches.push(search);
        Ok(())
    }

    /// Tells what is over of a search.
    fn tell_part(&mut self, search: &Search) {
        let mut over = BTreeMap::new();
        for row in &search.rows {
            *over.entry(row.key.trial).or_insert(0) += u64::from(row.steps);
        }
        let over: Vec<u64> = over.into_values().collect();
        let part = self.part(search.stage);
        (self.observe)(&Event::Part {
            part,
            planned: self.search.table.trials as usize,
            over: &over,
            best: lowest(search.rows.iter().map(|row| row.validation_loss)),
        });
    }

    /// The part of the study that a search is.
    pub(crate) fn part(&self, stage: Stage) -> Part {
        match stage {
            Stage::Pretraining => Part {
                strategy: PRETRAINING,
                simulations: self.pretraining().simulations[0],
                pretrained: None,
            },
            Stage::Finetuning { strategy, size } => Part {
                strategy: self.plan.strategies[strategy].strategy.name(),
                simulations: self.plan.sizes[size],
                pretrained: None,
            },
        }
    }

    /// Opens the searches that waited for the pre-training, once its networks are there.
    pub(crate) fn open_closed(&mut self, place: usize) -> Result<()> {
        let (_, best) = self.searches[place].best.ok_or_else(nothing_to_fine_tune)?;
        let seeds = self.search.table.seeds;
        for seed in 1..=seeds {
            let there =
                |search: &Search| search.networks.iter().any(|trained| trained.seed == seed);
            if there(&self.searches[place]) {
                continue;
            }
            let Prepared { run, scaling } = self.prepare(place, best, seed, 0)?;
            let path = StudyFolder::model_path(&file_stem(&self.searches[place], best, seed));
            match Model::load(&self.results.path(&path)) {
                Ok(model) if model.start.network == run.network => {
                    let start = model.start;
                    self.searches[place].networks.push(Trained { seed, start, scaling });
                }
                _ => self.again.push((best, seed)),
            }
        }
        if !self.again.is_empty() {
            return Ok(());
        }
        self.pretrained = self.searches[place].pretrained();
        for stage in std::mem::take(&mut self.closed) {
            self.open(stage)?;
            self.advance(self.searches.len() - 1)?;
        }
        Ok(())
    }

    /// A network of the best trial of the pre-training, whose file was lost.
    pub(crate) fn trained_again(
        &mut self,
        place: usize,
        trial: u32,
        trained: Trained,
    ) -> Result<()> {
        self.searches[place].networks.push(trained);
        if self.plan.save_models {
            self.better.insert(place);
        }
        let all = self.searches[place].networks.len() == self.search.table.seeds as usize;
        assert!(self.searches[place].best.is_some_and(|(_, best)| best == trial));
        if all { self.open_closed(place) } else { Ok(()) }
    }
}
