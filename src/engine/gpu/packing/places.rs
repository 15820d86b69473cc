//! Admits runs to the shoal and allocates their ranges in the buffers.

use crate::engine::buffer::Buffer;
use crate::engine::gpu::footprint::Footprint;
use crate::engine::gpu::packing::packed::Packed;
use crate::engine::gpu::packing::shoal::Shoal;
use crate::engine::layout::{
    DeviceNode, DeviceRun, RESIDENT_CLIPPED, RESIDENT_FUSED, RESIDENT_STORED, State,
};
use crate::engine::precision::Precision;
use crate::engine::prepared::{Bases, PreparedRun};
use crate::engine::queue::RunQueue;
use crate::error::{Error, Result};

impl Shoal<'_> {
    /// Packs waiting runs while there is memory for them.
    pub(crate) fn admit(&mut self, work: &mut dyn RunQueue) -> Result<()> {
        while self.alive() < self.limits.runs {
            let run = match self.waiting.take() {
                Some(run) => run,
                None => match work.next() {
                    Some(run) => PreparedRun::new(run, self.tables.clone()),
                    None => return Ok(()),
                },
            };
            assert_eq!(
                run.precision(),
                self.precision,
                "run {}: its precision differs from that of the runs before it",
                run.id
            );
            let footprint = self.footprint(&run);
            footprint.check(self.gpu.binding_limit(), self.gpu.adapter().name())?;
            match self.place(&run, footprint)? {
                Some(bases) => {
                    work.started(&run);
                    self.settle(run, bases)?;
                }
                None if self.alive() == 0 => {
                    return Err(Error::Device(format!(
                        "{}: not enough memory for a run of {} bytes; use smaller layers or \
                         --device cpu",
                        self.gpu.adapter().name(),
                        footprint.bytes(self.fuses_update(&run))
                    )));
                }
                None => {
                    self.waiting = Some(run);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The memory that a run needs here.
    pub(crate) fn footprint(&self, run: &PreparedRun) -> Footprint {
        let has_own_gradients = self.is_resident(run) && !self.fuses_update(run);
        Footprint { has_own_gradients, ..Footprint::of(&run.graph, run.most, &run.training) }
    }

    /// Allocates ranges in all buffers for a run, or none and returns `None`.
    pub(crate) fn place(
        &mut self,
        run: &PreparedRun,
        footprint: Footprint,
    ) -> Result<Option<Bases>> {
        let capacity = (self.store.size(Buffer::Parameters) / 4) as usize;
        let fuses_update = self.fuses_update(run);
        if self.store.total() + footprint.bytes(fuses_update) > self.limits.bytes
            && self.alive() > 0
            && self.parameters.is_full(footprint.parameter_numbers(), capacity)
        {
            return Ok(None);
        }
        let limit = (self.gpu.binding_limit() / 4) as usize;
        let rows = run.row_words().count();
        let nodes = run.graph.nodes().len();
        let parameters = self.parameters.take(footprint.parameter_numbers(), limit);
        let gradients = match (fuses_update, footprint.has_own_gradients) {
            (true, _) => parameters,
            (_, true) => parameters.map(|at| at + footprint.own_gradients()),
            _ => self.gradients.take(footprint.parameters, limit),
        };
        let has_own_gradients = footprint.has_own_gradients;
        let work_limit = (self.gpu.binding_limit() as usize) / self.precision.bytes();
        let work = self.work.take(footprint.work, work_limit);
        let rows_at = self.rows.take(rows, limit);
        let nodes_at = self.nodes.take(nodes, 4 * limit / size_of::<DeviceNode>());
        if let (Some(parameters), Some(gradients), Some(work), Some(rows), Some(nodes)) =
            (parameters, gradients, work, rows_at, nodes_at)
            && self.reserve()?
        {
            let table = self.table_bases[run.table];
            let resident = match self.is_resident(run) {
                false => 0,
                true if fuses_update => RESIDENT_FUSED,
                true if run.clips() => RESIDENT_CLIPPED,
                true => RESIDENT_STORED,
            };
            return Ok(Some(Bases { nodes, rows, parameters, gradients, work, table, resident }));
        }
        parameters.inspect(|at| self.parameters.give(*at, footprint.parameter_numbers()));
        let stored = gradients.filter(|_| !fuses_update && !has_own_gradients);
        stored.inspect(|at| self.gradients.give(*at, footprint.parameters));
        work.inspect(|at| self.work.give(*at, footprint.work));
        rows_at.inspect(|at| self.rows.give(*at, rows));
        nodes_at.inspect(|at| self.nodes.give(*at, nodes));
        Ok(None)
    }

    pub(crate) fn reserve(&mut self) -> Result<bool> {
        let sizes = [
            (Buffer::Parameters, 4 * self.parameters.len()),
            (Buffer::Gradients, 4 * self.gradients.len()),
            (Buffer::Work, self.precision.bytes() * self.work.len()),
            (Buffer::Rows, 4 * self.rows.len()),
            (Buffer::Nodes, size_of::<DeviceNode>() * self.nodes.len()),
        ];
        for (buffer, bytes) in sizes {
            if !self.store.reserve(buffer, bytes as u64)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn release(&mut self, run: &PreparedRun, bases: &Bases) {
        let footprint = self.footprint(run);
        self.parameters.give(bases.parameters, footprint.parameter_numbers());
        if !self.fuses_update(run) && !footprint.has_own_gradients {
            self.gradients.give(bases.gradients, run.parameters.len());
        }
        self.work.give(bases.work, run.layout.len);
        self.rows.give(bases.rows, run.row_words().count());
        self.nodes.give(bases.nodes, run.graph.nodes().len());
    }

    /// Writes a run to its ranges.
    pub(crate) fn settle(&mut self, run: PreparedRun, bases: Bases) -> Result<()> {
        let slot = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        let state = run.fresh_state();
        let count = self.slots.len();
        let room = self.store.reserve(Buffer::Runs, (count * size_of::<DeviceRun>()) as u64)?
            && self.store.reserve(Buffer::States, (count * size_of::<State<f32>>()) as u64)?;
        assert!(room, "shoal: not enough memory for the run table");
        if self.is_dry_run {
            self.slots[slot] = Some(Packed::new(run, bases, self.chunks, state));
            return Ok(());
        }
        let store = &self.store;
        let rows: Vec<u32> = run.row_words().collect();
        store.write(
            Buffer::Runs,
            slot * size_of::<DeviceRun>(),
            bytemuck::bytes_of(&run.device_run(&bases)),
        );
        store.write(Buffer::States, slot * size_of::<State<f32>>(), bytemuck::bytes_of(&state));
        store.write(
            Buffer::Nodes,
            bases.nodes * size_of::<DeviceNode>(),
            bytemuck::cast_slice(&run.device_nodes(&bases)),
        );
        store.write(Buffer::Rows, 4 * bases.rows, bytemuck::cast_slice(&rows));
        store.write(Buffer::Work, self.precision.bytes() * bases.work, &run.constant_bytes());
        let parameters = run.parameter_numbers();
        let parameters: &[u8] = bytemuck::cast_slice(&parameters);
        store.write(Buffer::Parameters, 4 * bases.parameters, parameters);
        if self.precision == Precision::F16 {
            // they come with the weights that products read; in f32 there are only gradients, which
            // are written before they are read
            let (buffer, bytes) = match bases.resident {
                0 => (Buffer::Gradients, run.gradient_bytes()),
                _ => (Buffer::Parameters, bytemuck::cast_slice(&run.gradient_numbers()).to_vec()),
            };
            store.write(buffer, 4 * bases.gradients, &bytes);
        }
        self.slots[slot] = Some(Packed::new(run, bases, self.chunks, state));
        self.stale = true;
        Ok(())
    }
}
