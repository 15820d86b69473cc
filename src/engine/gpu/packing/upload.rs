//! Uploads the tables of a training to the device.

use crate::engine::buffer::Buffer;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::store::Store;
use crate::engine::precision::Precision;
use crate::engine::prepared::TableBases;
use crate::engine::sets::Sets;
use crate::engine::table::Tables;
use crate::error::Result;
use crate::input_error;

/// Uploads the tables and returns the offsets of each.
pub(crate) fn upload(
    gpu: &Gpu,
    store: &mut Store,
    tables: &Tables,
    precision: Precision,
) -> Result<Vec<TableBases>> {
    let (mut len, width) = (0, precision.bytes());
    let mut bases = Vec::new();
    for table in tables.iter() {
        let sets = table.sets.as_ref();
        // whole words, the unit of writes to the device
        let mut take = |numbers: usize| {
            let at = len;
            len += numbers.next_multiple_of(2);
            at
        };
        let (x, y) = (take(table.x.len()), take(table.y.len()));
        let items = take(sets.map_or(0, |sets| sets.x.len()));
        let mut words = |list: &[u32]| take(list.len() * 4 / width) * width / 4;
        let [offsets, lists, incoming_offsets, incoming] =
            sets.map_or([&[][..]; 4], Sets::lists).map(&mut words);
        bases.push(TableBases { x, y, items, offsets, lists, incoming_offsets, incoming });
    }
    if !store.reserve(Buffer::Data, (width * len) as u64)? {
        return Err(input_error!(
            "the tables have {} bytes, but {} binds at most {}; use fewer rows or --device cpu",
            width * len,
            gpu.adapter().name(),
            gpu.binding_limit()
        ));
    }
    for (table, at) in bases.iter().enumerate() {
        let numbers = [at.x, at.y, at.items].map(|at| width * at);
        let words = [at.offsets, at.lists, at.incoming_offsets, at.incoming].map(|at| 4 * at);
        for (at, bytes) in numbers.into_iter().chain(words).zip(tables.bytes(table, precision)) {
            store.write(Buffer::Data, at, &bytes);
        }
    }
    Ok(bases)
}
