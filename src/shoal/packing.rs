//! The GPU's way to train: runs are packed side by side, play chunks of steps together, leave when they are done and
//! make room for those that wait.

mod rehearsal;

use std::mem::offset_of;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::allocator::Allocator;
use super::{CHUNK, Epoch, Progress, Work};
use crate::device::gpu::{Chunk, Dispatch, Footprint, Gpu, Store};
use crate::error::{Error, Result};
use crate::input_error;
use crate::kernels::layout::{
    DeviceCall, DeviceLayer, DeviceRun, DeviceTile, State, phase, stopped,
};
use crate::kernels::memory::Bases;
use crate::kernels::{Buffer, Call, Prepared, Tables, calls};
use crate::run::{Precision, Run, Table};

pub use rehearsal::Rehearsal;

/// How much is packed at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Runs at most.
    pub runs: usize,
    /// Bytes of all buffers at most, unless a single run needs more.
    pub bytes: u64,
}

impl Default for Limits {
    /// 4,096 runs in 2 GiB.
    fn default() -> Self {
        Self {
            runs: 4096,
            bytes: 2 << 30,
        }
    }
}

/// A run in its slot.
struct Packed {
    run: Prepared,
    bases: Bases,
    /// The first chunk that plays it.
    since: u64,
    /// The first chunk that plays it with the epochs that it has now.
    goes_on: u64,
    /// Ticks that its clock must show after the last chunk looked at.
    ticks: u32,
    state: State<f32>,
}

/// The runs that train together.
struct Shoal<'a> {
    gpu: &'a Gpu,
    store: Store<'a>,
    limits: Limits,
    precision: Precision,
    tables: Tables,
    table_bases: Vec<(usize, usize)>,
    slots: Vec<Option<Packed>>,
    waiting: Option<Prepared>,
    parameters: Allocator,
    gradients: Allocator,
    work: Allocator,
    rows: Allocator,
    layers: Allocator,
    chunks: u64,
    retired_steps: u64,
    /// How long chunks were surely in flight.
    device: Duration,
    /// How long the host waited for the chunk that it looked at last.
    waited: Duration,
    stale: bool,
    /// Whether runs take their places and nothing is written.
    rehearses: bool,
}

/// Trains everything that `work` has.
pub fn train(gpu: &Gpu, tables: Arc<[Table]>, work: &mut dyn Work, limits: Limits) -> Result<()> {
    let start = Instant::now();
    let Some(first) = work.next() else {
        return Ok(());
    };
    let precision = first.training.precision;
    let mut shoal = Shoal::new(gpu, tables, limits, precision)?;
    shoal.waiting = Some(Prepared::new(first, shoal.tables.clone()));
    let mut in_flight: Option<Chunk> = None;
    let (mut steps, mut looked) = (1, Instant::now());
    loop {
        shoal.admit(work)?;
        if shoal.alive() == 0 {
            return Ok(());
        }
        shoal.write_step()?;
        let next = shoal.play(steps)?;
        let submitting = next.submitting;
        let Some(chunk) = in_flight.replace(next) else {
            continue;
        };
        // the device works on the next chunk while the host reads this one
        shoal.look(&chunk, work)?;
        shoal.count_device(looked.elapsed(), submitting);
        let took = looked.elapsed().as_secs_f64();
        looked = Instant::now();
        let wanted = f64::from(chunk.steps) * CHUNK.as_secs_f64() / took.max(1e-6);
        steps = (wanted as u32)
            .clamp(1, 2 * chunk.steps)
            .min(shoal.steps_ahead());
        work.progress(&shoal.progress(start))?;
    }
}

impl<'a> Shoal<'a> {
    fn new(
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
            layers: Allocator::default(),
            chunks: 0,
            retired_steps: 0,
            device: Duration::ZERO,
            waited: Duration::ZERO,
            stale: false,
            rehearses: false,
        })
    }

    /// Whether a run's gradients are stored nowhere.
    fn learns(&self, run: &Prepared) -> bool {
        self.gpu.tiles().learns(&run.training)
    }

    fn packed(&self) -> impl Iterator<Item = (usize, &Packed)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(slot, packed)| Some((slot, packed.as_ref()?)))
    }

    fn alive(&self) -> usize {
        self.packed().count()
    }

    /// Counts the time since the last look, in which a chunk was submitted and another one waited for. If the host had to wait for
    /// that one, the device had one in flight all the time. Some drivers play chunks while they are submitted (lavapipe).
    fn count_device(&mut self, since: Duration, submitting: Duration) {
        self.device += match self.waited > since / 50 && self.chunks > 2 {
            true => since,
            false => self.waited + submitting,
        };
    }

    fn progress(&self, start: Instant) -> Progress {
        let alive: u64 = self
            .packed()
            .map(|(_, packed)| u64::from(packed.state.steps))
            .sum();
        Progress {
            alive: self.alive(),
            run_steps: self.retired_steps + alive,
            elapsed: start.elapsed(),
            bytes: self.store.total(),
            host: Duration::ZERO,
            device: self.device,
        }
    }

    /// Steps that most runs will surely still take: a chunk beyond that is wasted on runs that are done.
    fn steps_ahead(&self) -> u32 {
        let mut ahead: Vec<u32> = self
            .packed()
            .map(|(_, packed)| packed.steps_ahead())
            .collect();
        ahead.sort_unstable();
        ahead.get(ahead.len() / 2).copied().unwrap_or(1).max(8)
    }

    /// Packs waiting runs while there is room.
    fn admit(&mut self, work: &mut dyn Work) -> Result<()> {
        while self.alive() < self.limits.runs {
            let run = match self.waiting.take() {
                Some(run) => run,
                None => match work.next() {
                    Some(run) => Prepared::new(run, self.tables.clone()),
                    None => return Ok(()),
                },
            };
            assert_eq!(
                run.precision(),
                self.precision,
                "run {}: in another precision than the runs before it",
                run.id
            );
            let footprint = Footprint::new(&run.network, run.training.batch, self.precision);
            footprint.check(self.gpu.binding_limit(), self.gpu.adapter().name())?;
            match self.place(&run, footprint)? {
                Some(bases) => {
                    work.begins(&run);
                    self.settle(run, bases)?;
                }
                None if self.alive() == 0 => {
                    return Err(Error::Device(format!(
                        "{}: no memory for a run of {} bytes; use smaller layers or --device cpu",
                        self.gpu.adapter().name(),
                        footprint.bytes(self.learns(&run))
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

    /// Finds room in every buffer, or takes nothing.
    fn place(&mut self, run: &Prepared, footprint: Footprint) -> Result<Option<Bases>> {
        let numbers = |buffer: Buffer| (self.store.size(buffer) / 4) as usize;
        let full = |allocator: &Allocator, buffer: Buffer| {
            allocator.is_full(footprint.parameters, numbers(buffer))
        };
        let learns = self.learns(run);
        if self.store.total() + footprint.bytes(learns) > self.limits.bytes
            && self.alive() > 0
            && (full(&self.parameters, Buffer::Parameters)
                || (!learns && full(&self.gradients, Buffer::Gradients)))
        {
            return Ok(None);
        }
        let limit = (self.gpu.binding_limit() / 4) as usize;
        let rows = run.training_rows.len() + run.validation_rows.len();
        let layers = run.network.layers().len();
        let parameters = self.parameters.take(footprint.parameters, limit / 2);
        let gradients = match learns {
            true => parameters,
            false => self.gradients.take(footprint.parameters, limit),
        };
        let work_limit = (self.gpu.binding_limit() as usize) / self.precision.bytes();
        let work = self.work.take(footprint.work, work_limit);
        let rows_at = self.rows.take(rows, limit);
        let layers_at = self
            .layers
            .take(layers, 4 * limit / size_of::<DeviceLayer>());
        if let (Some(parameters), Some(gradients), Some(work), Some(rows), Some(layers)) =
            (parameters, gradients, work, rows_at, layers_at)
            && self.reserve()?
        {
            let (table_x, table_y) = self.table_bases[run.table];
            return Ok(Some(Bases {
                layers,
                rows,
                parameters,
                gradients,
                work,
                table_x,
                table_y,
            }));
        }
        parameters.inspect(|at| self.parameters.give(*at, footprint.parameters));
        let stored = gradients.filter(|_| !learns);
        stored.inspect(|at| self.gradients.give(*at, footprint.parameters));
        work.inspect(|at| self.work.give(*at, footprint.work));
        rows_at.inspect(|at| self.rows.give(*at, rows));
        layers_at.inspect(|at| self.layers.give(*at, layers));
        Ok(None)
    }

    fn reserve(&mut self) -> Result<bool> {
        let sizes = [
            (Buffer::Parameters, 4 * self.parameters.len()),
            (Buffer::Gradients, 4 * self.gradients.len()),
            (Buffer::Best, 4 * self.parameters.len()),
            (Buffer::Moments, 8 * self.parameters.len()),
            (Buffer::Work, self.precision.bytes() * self.work.len()),
            (Buffer::Rows, 4 * self.rows.len()),
            (Buffer::Layers, size_of::<DeviceLayer>() * self.layers.len()),
        ];
        for (buffer, bytes) in sizes {
            if !self.store.reserve(buffer, bytes as u64)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn release(&mut self, run: &Prepared, bases: &Bases) {
        self.parameters.give(bases.parameters, run.parameters.len());
        if !self.learns(run) {
            self.gradients.give(bases.gradients, run.parameters.len());
        }
        self.work.give(bases.work, run.layout.len);
        self.rows.give(
            bases.rows,
            run.training_rows.len() + run.validation_rows.len(),
        );
        self.layers.give(bases.layers, run.network.layers().len());
    }

    /// Writes a run into the place found for it.
    fn settle(&mut self, run: Prepared, bases: Bases) -> Result<()> {
        let slot = self
            .slots
            .iter()
            .position(Option::is_none)
            .unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        let state = run.fresh_state();
        let count = self.slots.len();
        let room = self
            .store
            .reserve(Buffer::Runs, (count * size_of::<DeviceRun>()) as u64)?
            && self
                .store
                .reserve(Buffer::States, (count * size_of::<State<f32>>()) as u64)?;
        assert!(room, "shoal: no room for the run table");
        if self.rehearses {
            self.slots[slot] = Some(Packed::new(run, bases, self.chunks, state));
            return Ok(());
        }
        let store = &self.store;
        let rows = [run.training_rows.as_slice(), &run.validation_rows].concat();
        let zeros = vec![0f32; 2 * run.parameters.len()];
        store.write(
            Buffer::Runs,
            slot * size_of::<DeviceRun>(),
            bytemuck::bytes_of(&run.device_run(&bases)),
        );
        store.write(
            Buffer::States,
            slot * size_of::<State<f32>>(),
            bytemuck::bytes_of(&state),
        );
        store.write(
            Buffer::Layers,
            bases.layers * size_of::<DeviceLayer>(),
            bytemuck::cast_slice(&run.device_layers(&bases)),
        );
        store.write(Buffer::Rows, 4 * bases.rows, bytemuck::cast_slice(&rows));
        store.write(
            Buffer::Work,
            self.precision.bytes() * bases.work,
            &run.constant_bytes(),
        );
        let parameters: &[u8] = bytemuck::cast_slice(&run.parameters);
        store.write(Buffer::Parameters, 4 * bases.parameters, parameters);
        store.write(Buffer::Best, 4 * bases.parameters, parameters);
        if self.precision == Precision::F16 {
            // the weights that products read lie there; gradients alone are written before they are read
            store.write(
                Buffer::Gradients,
                4 * bases.gradients,
                &run.gradient_bytes(),
            );
        }
        store.write(
            Buffer::Moments,
            8 * bases.parameters,
            bytemuck::cast_slice(&zeros),
        );
        self.slots[slot] = Some(Packed::new(run, bases, self.chunks, state));
        self.stale = true;
        Ok(())
    }

    /// Writes the tile table and the calls of a step, if runs came or went.
    fn write_step(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.stale) {
            return Ok(());
        }
        let (tiles, dispatches) = self.tile_table();
        let bytes: &[u8] = bytemuck::cast_slice(&tiles);
        if !self.store.reserve(Buffer::Tiles, bytes.len() as u64)? {
            return Err(Error::Device(format!(
                "{}: no room for a table of {} tiles; train fewer runs at one time",
                self.gpu.adapter().name(),
                tiles.len()
            )));
        }
        self.store.write(Buffer::Tiles, 0, bytes);
        self.store.set_step(dispatches);
        Ok(())
    }

    /// Every tile of a step, call by call, and the dispatches that serve them.
    fn tile_table(&self) -> (Vec<DeviceTile>, Vec<Dispatch>) {
        let depth = self
            .packed()
            .map(|(_, packed)| packed.run.network.layers().len())
            .max();
        let (mut tiles, mut dispatches) = (Vec::new(), Vec::new());
        for call in calls(depth.unwrap_or(0)) {
            let first = tiles.len() as u32;
            let mut served: Vec<_> = self
                .packed()
                .map(|(slot, packed)| (slot, packed, call.tiles(&packed.run, self.gpu.tiles())))
                .filter(|(_, _, grid)| grid.i * grid.j > 0)
                .collect();
            let order = self.gpu.tiles().order;
            order.arrange(&mut served, |(_, packed, _)| call.terms(&packed.run));
            for (slot, packed, grid) in served {
                let layer = packed.bases.layers as u32 + call.layer(&packed.run) as u32;
                tiles.extend(grid.tiles().map(|(i, j)| DeviceTile {
                    run: slot as u32,
                    layer,
                    i,
                    j,
                }));
            }
            let count = tiles.len() as u32 - first;
            dispatches.push(Dispatch {
                kernel: call.kernel(),
                call: DeviceCall { first, count },
                tiles_per_group: call.tiles_per_group(self.gpu.tiles()),
            });
        }
        (tiles, dispatches)
    }

    fn play(&mut self, steps: u32) -> Result<Chunk> {
        self.chunks += 1;
        self.store.play(steps)
    }

    /// Looks at a chunk before the one in flight: checks its canary, retires what is done.
    fn look(&mut self, chunk: &Chunk, work: &mut dyn Work) -> Result<()> {
        let begun = Instant::now();
        let states = self.store.states(chunk)?;
        self.waited = begun.elapsed();
        let looked_at = self.chunks - 2;
        let mut done = Vec::new();
        for (slot, packed) in self.slots.iter_mut().enumerate() {
            let Some(packed) = packed.as_mut().filter(|packed| packed.since <= looked_at) else {
                continue;
            };
            let told = packed.state.epoch;
            packed.state = states[slot];
            packed.ticks += chunk.steps;
            packed.check_canary(self.gpu.adapter().name(), chunk.steps)?;
            let epochs = Epoch::after(&packed.state, told);
            work.trained(packed.run.id, packed.state.steps, epochs.as_slice());
            // a run that was given more epochs was still done in the chunk that was in flight then
            if packed.state.phase == phase::DONE && packed.goes_on <= looked_at {
                done.push(slot);
            }
        }
        let mut over = Vec::new();
        for slot in done {
            if !self.goes_on(slot, work) {
                over.push(slot);
            }
        }
        self.retire(&over, work)
    }

    /// Whether a run that is done is given more epochs; then it goes on with the next chunk.
    fn goes_on(&mut self, slot: usize, work: &mut dyn Work) -> bool {
        let packed = self.slots[slot].as_mut().expect("shoal: an empty slot");
        let Some(epochs) = super::goes_on(&packed.run, &mut packed.state, work) else {
            return false;
        };
        packed.run = super::with_epochs(&packed.run, epochs);
        packed.goes_on = self.chunks;
        // these fields alone: the chunk in flight still counts ticks
        let run = slot * size_of::<DeviceRun>() + offset_of!(DeviceRun, max_epochs);
        let state = slot * size_of::<State<f32>>();
        let fields = [
            (Buffer::Runs, run, epochs),
            (
                Buffer::States,
                state + offset_of!(State<f32>, phase),
                phase::FRESH,
            ),
            (
                Buffer::States,
                state + offset_of!(State<f32>, stopped),
                stopped::NOT,
            ),
        ];
        for (buffer, at, value) in fields {
            self.store.write(buffer, at, bytemuck::bytes_of(&value));
        }
        true
    }

    /// Reads the best parameters of runs that are done, reports them, and frees their places.
    fn retire(&mut self, done: &[usize], work: &mut dyn Work) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        let leaving: Vec<Packed> = done
            .iter()
            .filter_map(|slot| self.slots[*slot].take())
            .collect();
        let ranges: Vec<_> = leaving
            .iter()
            .map(|packed| {
                let start = 4 * packed.bases.parameters as u64;
                start..start + 4 * packed.run.parameters.len() as u64
            })
            .collect();
        let bytes = self.store.read(Buffer::Best, &ranges)?;
        let mut best: &[f32] = &bytemuck::pod_collect_to_vec(&bytes);
        self.stale = true;
        for packed in leaving {
            let (mine, rest) = best.split_at(packed.run.parameters.len());
            best = rest;
            self.retired_steps += u64::from(packed.state.steps);
            self.release(&packed.run, &packed.bases);
            let outcome = packed.run.outcome(&packed.state, mine.to_vec());
            let test = (outcome.validation_loss).and_then(|_| work.test(outcome.id));
            work.finished(super::tested(outcome, test))?;
        }
        Ok(())
    }
}

impl Packed {
    fn new(run: Prepared, bases: Bases, chunk: u64, state: State<f32>) -> Self {
        Self {
            run,
            bases,
            since: chunk,
            goes_on: chunk,
            ticks: 0,
            state,
        }
    }

    /// Steps that the run will surely still take.
    fn steps_ahead(&self) -> u32 {
        let training = &self.run.training;
        let waits = training.patience.saturating_sub(self.state.waited);
        let epochs = training
            .max_epochs
            .saturating_sub(self.state.epoch)
            .min(waits);
        epochs.saturating_mul(self.run.steps_per_epoch() as u32)
    }

    /// Whether the last kernel of the last step saw as many ticks as were asked for: some drivers report a chunk that they
    /// killed as finished.
    fn check_canary(&self, device: &str, steps: u32) -> Result<()> {
        if self.state.ticks == self.ticks && self.state.echo == self.ticks {
            return Ok(());
        }
        Err(Error::Device(format!(
            "{device}: the driver reported a chunk of {steps} steps as finished, but run {} stands at step {} (its last \
             kernel at {}) instead of {}; nothing of this chunk is used. Try --device cpu, or update the driver",
            self.run.id, self.state.ticks, self.state.echo, self.ticks
        )))
    }
}

/// Uploads the tables; where each begins, x and y.
fn upload(
    gpu: &Gpu,
    store: &mut Store,
    tables: &Tables,
    precision: Precision,
) -> Result<Vec<(usize, usize)>> {
    let (mut len, width) = (0, precision.bytes());
    let mut bases = Vec::new();
    for table in tables.iter() {
        // whole words: a device is written four bytes at a time
        let y = len + table.x.len().next_multiple_of(2);
        bases.push((len, y));
        len = y + table.y.len().next_multiple_of(2);
    }
    if !store.reserve(Buffer::Data, (width * len) as u64)? {
        return Err(input_error!(
            "the data of the study take {} bytes, but {} binds at most {}; use fewer simulations or --device cpu",
            width * len,
            gpu.adapter().name(),
            gpu.binding_limit()
        ));
    }
    for (table, (x, y)) in bases.iter().enumerate() {
        let [x_bytes, y_bytes] = tables.bytes(table, precision);
        store.write(Buffer::Data, width * x, &x_bytes);
        store.write(Buffer::Data, width * y, &y_bytes);
    }
    Ok(bases)
}

/// A step of runs that are packed together, taken apart.
pub struct Step<'a> {
    shoal: Shoal<'a>,
}

impl<'a> Step<'a> {
    /// Packs the runs and plays two steps, so that they are in training.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed or they do not fit.
    pub fn new(gpu: &'a Gpu, tables: Arc<[Table]>, runs: Vec<Run>) -> Result<Self> {
        let mut step = Self::pack(gpu, tables, runs)?;
        step.play(2)?;
        Ok(step)
    }

    /// Packs the runs before their first step; the slot of a run is its place in `runs`.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed or they do not fit.
    ///
    /// # Panics
    /// If there are none.
    pub fn pack(gpu: &'a Gpu, tables: Arc<[Table]>, runs: Vec<Run>) -> Result<Self> {
        let precision = runs[0].training.precision;
        let mut shoal = Shoal::new(gpu, tables, Limits::default(), precision)?;
        for run in runs {
            let run = Prepared::new(run, shoal.tables.clone());
            let footprint = Footprint::new(&run.network, run.training.batch, precision);
            let bases = shoal.place(&run, footprint)?;
            let bases =
                bases.ok_or_else(|| Error::Device("the runs do not fit together".into()))?;
            shoal.settle(run, bases)?;
        }
        shoal.write_step()?;
        Ok(Self { shoal })
    }

    /// Plays so many steps; the state of every slot after them.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    pub fn play(&mut self, steps: u32) -> Result<Vec<State<f32>>> {
        let chunk = self.shoal.play(steps)?;
        self.shoal.store.states(&chunk)
    }

    /// The parameters of a slot as they are now, not the best.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    ///
    /// # Panics
    /// If there is no such slot.
    pub fn parameters(&self, slot: usize) -> Result<Vec<f32>> {
        let packed = self.shoal.slots[slot]
            .as_ref()
            .expect("step: an empty slot");
        let start = 4 * packed.bases.parameters as u64;
        let range = start..start + 4 * packed.run.parameters.len() as u64;
        let bytes = self.shoal.store.read(Buffer::Parameters, &[range])?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// Dispatches of one step.
    pub fn dispatches(&self) -> usize {
        self.shoal.store.dispatches()
    }

    /// Seconds that each call takes when it is played alone, so many times; calls without tiles are left out.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    pub fn time(&mut self, times: u32) -> Result<Vec<(Call, f64)>> {
        let depth = self
            .shoal
            .packed()
            .map(|(_, packed)| packed.run.network.layers().len())
            .max();
        let (_, dispatches) = self.shoal.tile_table();
        let mut seconds = Vec::new();
        for (call, dispatch) in calls(depth.unwrap_or(0)).into_iter().zip(dispatches) {
            if call == Call::Clock || dispatch.call.count == 0 {
                continue;
            }
            self.shoal.store.set_step(vec![dispatch]);
            self.shoal.store.states(&self.shoal.store.play(1)?)?;
            let start = Instant::now();
            self.shoal.store.states(&self.shoal.store.play(times)?)?;
            seconds.push((call, start.elapsed().as_secs_f64() / f64::from(times)));
        }
        Ok(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Activation, Network};
    use crate::run::{InputScale, Schedule, Training};

    /// A run of which the host expects so many ticks, and what it reads back.
    fn packed(expected: u32, ticks: u32, echo: u32) -> Packed {
        let network = Network::perceptron(1, &[], 1, Activation::Tanh, Activation::Tanh, 0.0);
        let run = Run {
            id: 17,
            parameters: network.initial_parameters(1),
            network,
            training: Training {
                batch: 1,
                learning_rate: 1e-3,
                weight_decay: 0.0,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                max_epochs: 1,
                patience: 1,
                min_delta: 0.0,
                precision: Precision::F32,
                clip_norm: None,
                schedule: Schedule::default(),
            },
            seed: 1,
            table: 0,
            training_rows: vec![0],
            validation_rows: vec![0],
            scale: InputScale {
                mean: vec![0.0],
                inverse_deviation: vec![1.0],
            },
            loss_weights: vec![1.0],
        };
        let table = Table {
            x: vec![0.0],
            y: vec![0.0],
            rows: 1,
            inputs: 1,
            targets: 1,
        };
        let run = Prepared::new(run, Arc::from([table]));
        let state = State {
            ticks,
            echo,
            ..State::fresh()
        };
        Packed {
            run,
            bases: Bases::default(),
            since: 0,
            goes_on: 0,
            ticks: expected,
            state,
        }
    }

    #[test]
    fn a_chunk_that_stopped_early_is_an_error_that_names_device_run_and_steps() {
        assert!(packed(40, 40, 40).check_canary("Apple M9", 8).is_ok());
        // nothing of it ran; it stopped between two steps; in the middle of the last; the buffer was wiped; too many
        for (ticks, echo) in [(32, 32), (37, 37), (40, 39), (0, 0), (41, 41), (39, 40)] {
            let checked = packed(40, ticks, echo).check_canary("Apple M9", 8);
            let Err(Error::Device(message)) = checked else {
                panic!("{ticks}, {echo}: {checked:?}")
            };
            let numbers =
                format!("run 17 stands at step {ticks} (its last kernel at {echo}) instead of 40");
            for part in ["Apple M9", "8 steps", numbers.as_str()] {
                assert!(message.contains(part), "'{part}' is not in: {message}");
            }
        }
    }
}
