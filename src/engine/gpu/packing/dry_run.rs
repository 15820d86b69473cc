//! Packing without training: determines which runs would train together, and in how many bytes.

use std::sync::Arc;

use crate::engine::buffer::Buffer;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::packing::shoal::Limits;
use crate::engine::gpu::packing::shoal::Shoal;
use crate::engine::layout::DeviceTile;
use crate::engine::precision::Precision;
use crate::engine::queue::RunQueue;
use crate::engine::table::Table;
use crate::error::Result;

/// A shoal whose buffers are allocated as for a training, but never written or executed on.
pub struct DryRun<'a> {
    shoal: Shoal<'a>,
}

impl<'a> DryRun<'a> {
    /// An empty shoal.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the tables are larger than the device can hold.
    pub fn new(
        gpu: &'a Gpu,
        tables: Arc<[Table]>,
        limits: Limits,
        precision: Precision,
    ) -> Result<Self> {
        let mut shoal = Shoal::new(gpu, tables, limits, precision)?;
        shoal.is_dry_run = true;
        Ok(Self { shoal })
    }

    /// Packs waiting runs while there is memory for them, as a training does.
    ///
    /// # Errors
    /// As [`crate::engine::train::train`].
    pub fn admit(&mut self, work: &mut dyn RunQueue) -> Result<()> {
        self.shoal.admit(work)?;
        let (tiles, _) = self.shoal.tile_table();
        let bytes = tiles.len() * size_of::<DeviceTile>();
        self.shoal.store.reserve(Buffer::Tiles, bytes as u64)?;
        Ok(())
    }

    /// The [`crate::engine::run::Run::id`]s of the packed runs.
    pub fn packed(&self) -> Vec<usize> {
        self.shoal.packed().map(|(_, packed)| packed.run.id).collect()
    }

    /// Removes runs and frees their ranges.
    pub fn leave(&mut self, ids: &[usize]) {
        for slot in 0..self.shoal.slots.len() {
            let leaves =
                |packed: &crate::engine::gpu::packing::packed::Packed| ids.contains(&packed.run.id);
            if self.shoal.slots[slot].as_ref().is_some_and(leaves) {
                let packed = self.shoal.slots[slot].take().expect("dry run: a slot");
                self.shoal.release(&packed.run, &packed.bases);
            }
        }
    }

    /// Total size of all buffers, in bytes. Buffers never shrink, so at the end it is the peak.
    pub fn bytes(&self) -> u64 {
        self.shoal.store.total()
    }
}
