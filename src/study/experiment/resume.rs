//! The beginning of a study: what an earlier process left, and what is still to do.

use crate::engine::device::Description;
use crate::error::Result;
use crate::study::event::Event;
use crate::study::experiment::scheduler::Scheduler;
use crate::study::store::run::RunRecord;

impl Scheduler<'_> {
    /// Opens the groups that can begin, with the trials that are finished already.
    pub(crate) fn resume(&mut self) -> Result<()> {
        self.results.write_provenance(&self.provenance)?;
        (self.observe)(&Event::Started { plan: &self.study.plan });
        if !self.study.notices.is_empty() {
            (self.observe)(&Event::Noticed { notices: &self.study.notices });
        }
        for group in 0..self.groups.len() {
            match self.can_open(&self.groups[group].key) {
                true => self.open(group)?,
                false => self.report_group(group),
            }
        }
        if !self.study.plan.is_search() {
            self.begin_tables()?;
        }
        let open: Vec<usize> = (0..self.groups.len()).filter(|g| self.groups[*g].is_open).collect();
        for group in open {
            if self.groups[group].key.is_pretraining() && !self.study.plan.is_search() {
                let finished: Vec<u32> = self.groups[group].rows.keys().copied().collect();
                finished.into_iter().try_for_each(|trial| self.publish(group, trial))?;
            }
            self.advance(group)?;
        }
        self.journal.force()?;
        self.report_resumed();
        Ok(())
    }

    /// Begins the tables with the runs that are finished already.
    fn begin_tables(&mut self) -> Result<()> {
        let rows = |pretraining: bool| -> Vec<RunRecord> {
            let groups = self.groups.iter().filter(|one| one.key.is_pretraining() == pretraining);
            groups.flat_map(|group| group.rows.values().flatten().cloned()).collect()
        };
        let (runs, pretraining) = (rows(false), rows(true));
        self.results.begin_tables(runs, pretraining, !self.devices.is_empty())
    }

    /// Reports how many trials of a group are finished.
    pub(crate) fn report_group(&mut self, group: usize) {
        let (plan, group) = (&self.study.plan, &self.groups[group]);
        let steps = |rows: &Vec<RunRecord>| rows.iter().map(|row| u64::from(row.steps)).sum();
        let steps: Vec<u64> = group.rows.values().map(steps).collect();
        let losses = group.rows.values().flatten().filter_map(|row| row.validation_loss);
        (self.observe)(&Event::Group {
            group: plan.group_name(&group.key),
            planned: plan.trials.count as usize,
            finished_steps: &steps,
            best: losses.min_by(f64::total_cmp),
        });
    }

    /// Reports that a study is resumed, if anything of it was there.
    fn report_resumed(&mut self) {
        let finished = self.provenance.runs_finished;
        let repaired = self.journal.repaired();
        if finished == 0 && repaired.is_none() {
            return;
        }
        let before = self.provenance.earlier.last().map(|process| &process.device);
        let here = &self.provenance.device;
        let trains = finished < self.provenance.runs_planned || !self.restore.is_empty();
        let other = before.filter(|before| trains && !before.has_same_bits(here));
        let name = |device: &Description| match &device.tiles {
            Some(tiles) => format!("{} ({tiles} tiles)", device.name),
            None => device.name.clone(),
        };
        (self.observe)(&Event::Resumed {
            finished,
            other_device: other.map(name),
            repaired: repaired.map(Into::into),
            copied: self.results.before().is_none(),
            restored: self.restore.len(),
        });
    }
}
