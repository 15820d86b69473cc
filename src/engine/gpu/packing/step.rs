//! Executes single steps of packed runs, for tests and benchmarks.

use std::sync::Arc;
use std::time::Instant;

use crate::engine::buffer::Buffer;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::packing::shoal::Limits;
use crate::engine::gpu::packing::shoal::Shoal;
use crate::engine::layout::State;
use crate::engine::optim::clock;
use crate::engine::prepared::PreparedRun;
use crate::engine::run::Run;
use crate::engine::step::Call;
use crate::engine::table::Table;
use crate::error::{Error, Result};

/// Packed runs whose steps are executed one at a time.
pub struct Step<'a> {
    shoal: Shoal<'a>,
}

impl<'a> Step<'a> {
    /// Packs the runs and executes two steps, so that they are in training.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed or they do not fit.
    pub fn new(gpu: &'a Gpu, tables: Arc<[Table]>, runs: Vec<Run>) -> Result<Self> {
        let mut step = Self::pack(gpu, tables, runs)?;
        step.execute(2)?;
        Ok(step)
    }

    /// Packs the runs before their first step; the slot of a run is its index in `runs`.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed or they do not fit.
    ///
    /// # Panics
    /// If `runs` is empty.
    pub fn pack(gpu: &'a Gpu, tables: Arc<[Table]>, runs: Vec<Run>) -> Result<Self> {
        let precision = runs[0].training.precision;
        let mut shoal = Shoal::new(gpu, tables, Limits::default(), precision)?;
        for run in runs {
            let run = PreparedRun::new(run, shoal.tables.clone());
            let footprint = shoal.footprint(&run);
            let bases = shoal.place(&run, footprint)?;
            let bases =
                bases.ok_or_else(|| Error::Device("the runs do not fit together".into()))?;
            shoal.settle(run, bases)?;
        }
        shoal.write_step()?;
        Ok(Self { shoal })
    }

    /// Executes this number of steps and returns the states of all slots after them.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    pub fn execute(&mut self, steps: u32) -> Result<Vec<State<f32>>> {
        let chunk = self.shoal.submit(steps)?;
        self.shoal.store.states(&chunk)
    }

    /// The current parameters of a slot, not the best ones.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    ///
    /// # Panics
    /// If there is no such slot.
    pub fn parameters(&self, slot: usize) -> Result<Vec<f32>> {
        let packed = self.shoal.slots[slot].as_ref().expect("step: an empty slot");
        let start = 4 * packed.bases.parameters as u64;
        let range = start..start + 4 * packed.run.parameters.len() as u64;
        let bytes = self.shoal.store.read(Buffer::Parameters, &[range])?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// Number of dispatches of one step.
    pub fn dispatches(&self) -> usize {
        self.shoal.store.dispatches()
    }

    /// Seconds per execution of the calls of each dispatch, executed alone `times` times;
    /// dispatches without tiles are left out.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    pub fn time(&mut self, times: u32) -> Result<Vec<(Vec<Call>, f64)>> {
        let (_, dispatches) = self.shoal.tile_table();
        let mut seconds = Vec::new();
        for (calls, dispatch) in self.shoal.calls().into_iter().zip(dispatches) {
            if *calls[0].kernel == clock::KERNEL || dispatch.call.count == 0 {
                continue;
            }
            self.shoal.store.set_step(vec![dispatch]);
            self.shoal.store.states(&self.shoal.store.submit(1)?)?;
            let start = Instant::now();
            self.shoal.store.states(&self.shoal.store.submit(times)?)?;
            seconds.push((calls, start.elapsed().as_secs_f64() / f64::from(times)));
        }
        Ok(seconds)
    }
}
