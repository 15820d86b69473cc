//! The runs that are packed together on a device: their slots, their step and their states.

use std::mem::offset_of;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::buffer::Buffer;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::allocator::Allocator;
use crate::engine::gpu::store::{Chunk, Store};
use crate::engine::layout::{DeviceRun, State, phase, stopped};
use crate::engine::precision::Precision;
use crate::engine::prepared::{PreparedRun, TableBases};
use crate::engine::queue::{Epoch, Progress, RunQueue};
use crate::engine::step::Fusion;
use crate::engine::table::{Table, Tables};
use crate::error::{Error, Result};

use crate::engine::gpu::packing::packed::Packed;
use crate::engine::gpu::packing::upload::upload;

/// Limits of a shoal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest number of runs.
    pub runs: usize,
    /// Largest total size of the buffers in bytes, unless a single run needs more. If runs that
    /// store their gradients follow runs that do not and that reached this size, the total can be
    /// up to a quarter larger: buffers never shrink, and fewer runs at a time would cost more.
    pub bytes: u64,
}

impl Default for Limits {
    /// 4,096 runs in 2 GiB.
    fn default() -> Self {
        Self { runs: 4096, bytes: 2 << 30 }
    }
}

/// The runs that train together.
pub(crate) struct Shoal<'a> {
    pub(crate) gpu: &'a Gpu,
    pub(crate) store: Store<'a>,
    pub(crate) limits: Limits,
    pub(crate) precision: Precision,
    pub(crate) tables: Tables,
    pub(crate) table_bases: Vec<TableBases>,
    pub(crate) slots: Vec<Option<Packed>>,
    pub(crate) waiting: Option<PreparedRun>,
    pub(crate) parameters: Allocator,
    pub(crate) gradients: Allocator,
    pub(crate) work: Allocator,
    pub(crate) rows: Allocator,
    pub(crate) nodes: Allocator,
    pub(crate) chunks: u64,
    pub(crate) retired_steps: u64,
    /// A lower bound of the time in which chunks were in flight.
    pub(crate) device: Duration,
    /// Time that the host waited for the last chunk that it read.
    pub(crate) waited: Duration,
    pub(crate) stale: bool,
    /// Whether ranges are allocated but nothing is written, in a dry run.
    pub(crate) is_dry_run: bool,
}

impl<'a> Shoal<'a> {
    pub(crate) fn new(
        gpu: &'a Gpu,
        tables: Arc<[Table]>,
        limits: Limits,
        precision: Precision,
    ) -> Result<Self> {
        gpu.prepare(precision)?;
        let mut store = Store::new(gpu, precision);
        let tables = Tables::from(tables);
        let table_bases = upload(gpu, &mut store, &tables, precision)?;
        Ok(Self {
            gpu,
            store,
            limits,
            precision,
            tables,
            table_bases,
            slots: Vec::new(),
            waiting: None,
            parameters: Allocator::default(),
            gradients: Allocator::default(),
            work: Allocator::default(),
            rows: Allocator::default(),
            nodes: Allocator::default(),
            chunks: 0,
            retired_steps: 0,
            device: Duration::ZERO,
            waited: Duration::ZERO,
            stale: false,
            is_dry_run: false,
        })
    }

    /// Whether a run uses the fused update.
    pub(crate) fn fuses_update(&self, run: &PreparedRun) -> bool {
        self.gpu.tiles().fuses_update(&run.graph, &run.training)
    }

    /// Whether one workgroup executes whole steps of a run.
    pub(crate) fn is_resident(&self, run: &PreparedRun) -> bool {
        Fusion::of(self.gpu.tiles(), &run.graph, &run.training).resident
    }

    pub(crate) fn packed(&self) -> impl Iterator<Item = (usize, &Packed)> {
        self.slots.iter().enumerate().filter_map(|(slot, packed)| Some((slot, packed.as_ref()?)))
    }

    pub(crate) fn alive(&self) -> usize {
        self.packed().count()
    }

    /// Adds to the device time for the interval since the last chunk was read, in which the host
    /// submitted a chunk and waited for another one. If it had to wait, the device was busy all the
    /// time. Some drivers execute chunks during submission (lavapipe).
    pub(crate) fn count_device(&mut self, since: Duration, submitting: Duration) {
        self.device += match self.waited > since / 50 && self.chunks > 2 {
            true => since,
            false => self.waited + submitting,
        };
    }

    pub(crate) fn progress(&self, start: Instant) -> Progress {
        let alive: u64 = self.packed().map(|(_, packed)| u64::from(packed.state.steps)).sum();
        Progress {
            alive: self.alive(),
            run_steps: self.retired_steps + alive,
            elapsed: start.elapsed(),
            bytes: self.store.total(),
            host: Duration::ZERO,
            device: self.device,
        }
    }

    /// The median of the steps that runs still take at least: a longer chunk would be wasted on
    /// finished runs.
    pub(crate) fn steps_ahead(&self) -> u32 {
        let mut ahead: Vec<u32> = self.packed().map(|(_, packed)| packed.steps_ahead()).collect();
        ahead.sort_unstable();
        ahead.get(ahead.len() / 2).copied().unwrap_or(1).max(8)
    }

    /// Writes the tile table and the calls of a step, if the set of packed runs changed.
    pub(crate) fn write_step(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.stale) {
            return Ok(());
        }
        let (tiles, dispatches) = self.tile_table();
        let bytes: &[u8] = bytemuck::cast_slice(&tiles);
        if !self.store.reserve(Buffer::Tiles, bytes.len() as u64)? {
            return Err(Error::Device(format!(
                "{}: not enough memory for a table of {} tiles; train fewer runs at one time",
                self.gpu.adapter().name(),
                tiles.len()
            )));
        }
        self.store.write(Buffer::Tiles, 0, bytes);
        self.store.set_step(dispatches);
        Ok(())
    }

    pub(crate) fn submit(&mut self, steps: u32) -> Result<Chunk> {
        self.chunks += 1;
        self.store.submit(steps)
    }

    /// Reads the states after a chunk, while the next one is in flight: checks the completion
    /// markers and retires finished runs.
    pub(crate) fn read_states(&mut self, chunk: &Chunk, work: &mut dyn RunQueue) -> Result<()> {
        let started = Instant::now();
        let states = self.store.states(chunk)?;
        self.waited = started.elapsed();
        let read_chunk = self.chunks - 2;
        let mut done = Vec::new();
        for (slot, packed) in self.slots.iter_mut().enumerate() {
            let Some(packed) = packed.as_mut().filter(|packed| packed.since <= read_chunk) else {
                continue;
            };
            let reported = packed.state.epoch;
            packed.state = states[slot];
            packed.ticks += chunk.steps;
            packed.check_completion(self.gpu.adapter().name(), chunk.steps)?;
            let epochs = Epoch::after(&packed.state, reported);
            work.trained(packed.run.id, packed.state.steps, epochs.as_slice());
            // a continued run is still done in the chunk that was in flight when it continued
            if packed.state.phase == phase::DONE && packed.goes_on <= read_chunk {
                done.push(slot);
            }
        }
        let mut finished = Vec::new();
        for slot in done {
            if !self.goes_on(slot, work) {
                finished.push(slot);
            }
        }
        self.retire(&finished, work)
    }

    /// Continues a finished run with the next chunk if the queue gives it more epochs. Returns
    /// whether it continues.
    pub(crate) fn goes_on(&mut self, slot: usize, work: &mut dyn RunQueue) -> bool {
        let packed = self.slots[slot].as_mut().expect("shoal: an empty slot");
        let Some(epochs) = crate::engine::queue::goes_on(&packed.run, &mut packed.state, work)
        else {
            return false;
        };
        packed.run = crate::engine::queue::with_epochs(&packed.run, epochs);
        packed.goes_on = self.chunks;
        // only these fields: the chunk in flight still counts ticks
        let run = slot * size_of::<DeviceRun>() + offset_of!(DeviceRun, max_epochs);
        let state = slot * size_of::<State<f32>>();
        let fields = [
            (Buffer::Runs, run, epochs),
            (Buffer::States, state + offset_of!(State<f32>, phase), phase::FRESH),
            (Buffer::States, state + offset_of!(State<f32>, stopped), stopped::NOT),
        ];
        for (buffer, at, value) in fields {
            self.store.write(buffer, at, bytemuck::bytes_of(&value));
        }
        true
    }

    /// Reads the best parameters of finished runs, reports their outcomes, and frees their ranges.
    pub(crate) fn retire(&mut self, done: &[usize], work: &mut dyn RunQueue) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        let leaving: Vec<Packed> =
            done.iter().filter_map(|slot| self.slots[*slot].take()).collect();
        let ranges: Vec<_> = leaving
            .iter()
            .map(|packed| {
                let start = 4 * packed.run.best_at(&packed.bases) as u64;
                start..start + 4 * packed.run.parameters.len() as u64
            })
            .collect();
        let bytes = self.store.read(Buffer::Parameters, &ranges)?;
        let mut best: &[f32] = &bytemuck::pod_collect_to_vec(&bytes);
        self.stale = true;
        for packed in leaving {
            let (parameters, rest) = best.split_at(packed.run.parameters.len());
            best = rest;
            self.retired_steps += u64::from(packed.state.steps);
            self.release(&packed.run, &packed.bases);
            let outcome = packed.run.outcome(&packed.state, parameters.to_vec());
            let test = (outcome.validation_loss).and_then(|_| work.test(outcome.id));
            work.finished(crate::engine::queue::tested(outcome, test))?;
        }
        Ok(())
    }
}
