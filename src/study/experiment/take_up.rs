//! The beginning of a study: what an earlier process left, and what is still to do.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::Value;

use crate::engine::device::Device;
use crate::error::Result;
use crate::study::evaluation::Tests;
use crate::study::event::{Event, Part};
use crate::study::experiment::Execution;
use crate::study::jobs;
use crate::study::jobs::{How, Job, Prepared, Pretrained};
use crate::study::plan::Plan;
use crate::study::store::folder::StudyFolder;
use crate::study::store::model::Model;
use crate::study::store::pace::Pace;
use crate::study::store::provenance::Provenance;
use crate::study::store::record::Record;
use crate::study::store::run::RunRecord;

impl<'a> Execution<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        device: &Device,
        stop: &'a AtomicBool,
        observe: &'a mut (dyn FnMut(&Event) + Send),
        results: StudyFolder,
        record: Record,
    ) -> Self {
        let jobs = jobs::jobs(plan);
        let provenance = Provenance::new(plan, device.describe(), jobs.len(), results.before());
        Self {
            plan,
            stop,
            observe,
            jobs,
            waiting: VecDeque::new(),
            training: HashMap::new(),
            pretrained: HashMap::new(),
            results,
            record,
            tests: Tests::new(plan),
            over: vec![],
            noted: vec![],
            pace: Pace::default(),
            provenance,
            failure: None,
        }
    }

    /// Takes up what is over already, and queues the rest.
    pub(crate) fn take_up(&mut self, device: &Device) -> Result<()> {
        self.results.write_provenance(&self.provenance)?;
        self.record.begin(self.plan, &self.jobs)?;
        let (mut rows, mut pretraining, mut networks) = (vec![], vec![], vec![]);
        for (id, job) in self.jobs.iter().enumerate() {
            match (job, self.record.row(id)?) {
                (_, None) => self.waiting.push_back(id),
                (Job::Finetune { .. }, Some(row)) => rows.push(row),
                (Job::Pretrain { simulations, seed }, Some(row)) => {
                    networks.push((id, (*simulations, *seed), row.clone()));
                    pretraining.push(row);
                }
            }
        }
        let finished = rows.len() + pretraining.len();
        let steps = rows.iter().chain(&pretraining).map(|row| u64::from(row.steps));
        (self.provenance.runs_finished, self.provenance.run_steps) = (finished, steps.sum());
        self.results.begin_tables(rows, pretraining)?;
        (self.observe)(&Event::Started {
            pretrainings: self.jobs.len() - self.plan.runs(),
            finetunings: self.plan.runs(),
        });
        self.tell_parts()?;
        if let Some(event) = continued(&self.provenance, device, finished, self.record.repaired()) {
            (self.observe)(&event);
        }
        for (id, which, row) in networks.into_iter().rev() {
            self.take_up_pretrained(id, which, &row)?;
        }
        Ok(())
    }

    /// Tells of the parts, and of what is over of each.
    fn tell_parts(&mut self) -> Result<()> {
        let mut parts: Vec<(Part, Vec<RunRecord>)> = Vec::new();
        for id in 0..self.jobs.len() {
            let part = self.name(id).part;
            // runs of a part follow one another
            if parts.last().is_none_or(|(last, _)| *last != part) {
                parts.push((part, vec![]));
            }
            let (_, rows) = parts.last_mut().expect("study: a part just begun");
            rows.extend(self.record.row(id)?);
        }
        for (part, rows) in parts {
            let over: Vec<u64> = rows.iter().map(|row| u64::from(row.steps)).collect();
            (self.observe)(&Event::Part {
                part,
                planned: self.plan.seeds as usize,
                over: &over,
                best: lowest(rows.iter().map(|row| row.validation_loss)),
            });
        }
        Ok(())
    }

    /// A pre-trained network of an earlier process; one that is needed and has no file is trained
    /// again, to the same bits.
    fn take_up_pretrained(
        &mut self,
        id: usize,
        which: (usize, u32),
        row: &RunRecord,
    ) -> Result<()> {
        if row.validation_loss.is_none() {
            self.pretrained.insert(which, None);
            return Ok(());
        }
        let mine = |id: &usize| {
            matches!(self.jobs[*id], Job::Finetune { strategy, pretrained, seed, .. }
            if (pretrained, seed) == which && self.plan.strategies[strategy].strategy.transfers())
        };
        if !self.waiting.iter().any(mine) {
            return Ok(());
        }
        let pretraining = self.plan.pretraining.as_ref().expect("study: no pre-training");
        let Prepared { run, scaling } = jobs::pretrain(
            self.plan,
            pretraining,
            &How::of_pretraining(self.plan, pretraining),
            id,
            which,
        )?;
        let model = (!row.model.is_empty()).then(|| Model::load(&self.results.path(&row.model)));
        match model {
            Some(Ok(model)) if model.start.network == run.network => {
                let pretrained = Pretrained { start: model.start, scaling };
                self.pretrained.insert(which, Some(Arc::new(pretrained)));
            }
            _ => self.waiting.push_front(id),
        }
        Ok(())
    }
}

/// The lowest of those that are there.
pub fn lowest(losses: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    losses.flatten().min_by(f64::total_cmp)
}

/// That a study goes on, if anything of it was there.
pub fn continued(
    provenance: &Provenance,
    device: &Device,
    finished: usize,
    repaired: Option<&str>,
) -> Option<Event<'static>> {
    if finished == 0 && repaired.is_none() {
        return None;
    }
    let before = provenance.earlier.last().map(|process| &process.device);
    let other = before.filter(|before| !same_bits(before, &device.describe()));
    let name = |device: &Value| {
        let name = device["name"].as_str().unwrap_or("another");
        let tiles = device["tiles"].as_str();
        tiles.map_or(name.to_owned(), |tiles| format!("{name} ({tiles} tiles)"))
    };
    Some(Event::Continued {
        finished,
        other_device: other.map(name),
        repaired: repaired.map(Into::into),
    })
}

/// Whether two devices give the same bits: the number of threads makes no difference.
fn same_bits(one: &Value, other: &Value) -> bool {
    let keys = ["kind", "name", "backend", "driver", "tiles", "rounds_once"];
    keys.into_iter().all(|key| one[key] == other[key])
}
