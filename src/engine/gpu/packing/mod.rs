//! The GPU's way to train: runs are packed side by side, play chunks of steps together, leave when
//! they are done and make room for those that wait.

pub(crate) mod packed;
pub(crate) mod places;
pub mod rehearsal;
pub mod shoal;
pub mod step;
pub(crate) mod upload;

use std::sync::Arc;
use std::time::Instant;

use crate::engine::gpu::Gpu;
use crate::engine::gpu::packing::shoal::{Limits, Shoal};
use crate::engine::gpu::store::Chunk;
use crate::engine::prepared::PreparedRun;
use crate::engine::queue::{CHUNK, RunQueue};
use crate::engine::table::Table;
use crate::error::Result;

/// Trains everything that `work` has.
pub fn train(
    gpu: &Gpu,
    tables: Arc<[Table]>,
    work: &mut dyn RunQueue,
    limits: Limits,
) -> Result<()> {
    let start = Instant::now();
    let Some(first) = work.next() else {
        return Ok(());
    };
    let precision = first.training.precision;
    let mut shoal = Shoal::new(gpu, tables, limits, precision)?;
    shoal.waiting = Some(PreparedRun::new(first, shoal.tables.clone()));
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
        steps = (wanted as u32).clamp(1, 2 * chunk.steps).min(shoal.steps_ahead());
        work.progress(&shoal.progress(start))?;
    }
}
