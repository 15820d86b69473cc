//! Training on the GPU: runs are packed into shared buffers and execute chunks of steps together;
//! finished runs leave and waiting runs take their place.

pub(crate) mod dispatches;
pub mod dry_run;
pub(crate) mod packed;
pub(crate) mod places;
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

/// Trains all runs of `work`.
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
    let (mut steps, mut read) = (1, Instant::now());
    loop {
        shoal.admit(work)?;
        if shoal.alive() == 0 {
            return Ok(());
        }
        shoal.write_step()?;
        let next = shoal.submit(steps)?;
        let submitting = next.submitting;
        let Some(chunk) = in_flight.replace(next) else {
            continue;
        };
        // the device works on the next chunk while the host reads this one
        shoal.read_states(&chunk, work)?;
        shoal.count_device(read.elapsed(), submitting);
        let took = read.elapsed().as_secs_f64();
        read = Instant::now();
        let wanted = f64::from(chunk.steps) * CHUNK.as_secs_f64() / took.max(1e-6);
        steps = (wanted as u32).clamp(1, 2 * chunk.steps).min(shoal.steps_ahead());
        work.progress(&shoal.progress(start))?;
    }
}
