//! Uploads the tables of a training to the device.

use crate::engine::buffer::Buffer;
use crate::engine::gpu::Gpu;
use crate::engine::gpu::store::Store;
use crate::engine::precision::Precision;
use crate::engine::table::Tables;
use crate::error::Result;
use crate::input_error;

/// Uploads the tables and returns the offsets of x and y of each.
pub(crate) fn upload(
    gpu: &Gpu,
    store: &mut Store,
    tables: &Tables,
    precision: Precision,
) -> Result<Vec<(usize, usize)>> {
    let (mut len, width) = (0, precision.bytes());
    let mut bases = Vec::new();
    for table in tables.iter() {
        // whole words, the unit of writes to the device
        let y = len + table.x.len().next_multiple_of(2);
        bases.push((len, y));
        len = y + table.y.len().next_multiple_of(2);
    }
    if !store.reserve(Buffer::Data, (width * len) as u64)? {
        return Err(input_error!(
            "the tables have {} bytes, but {} binds at most {}; use fewer rows or --device cpu",
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
