//! Rows of a dataset on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::error::{Error, Result};

/// Hands row after row to whichever thread is free. Of several errors the one of the first row is
/// told, whatever the threads.
pub(crate) fn in_parallel<'a>(
    rows: impl Iterator<Item = (usize, (&'a mut [f64], &'a mut [f64]))> + Send,
    threads: Option<usize>,
    observe: &(dyn Fn(usize) + Sync),
    stop: &AtomicBool,
    row: impl Fn(usize, &mut [f64], &mut [f64]) -> Result<()> + Sync,
) -> Result<()> {
    let (rows, done) = (Mutex::new(rows), AtomicUsize::new(0));
    let (failed, failure) = (AtomicBool::new(false), Mutex::new(None::<(usize, Error)>));
    let work = || {
        while !failed.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
            let next = rows.lock().expect("simulate: a thread panicked").next();
            let Some((index, (inputs, outputs))) = next else {
                return;
            };
            match row(index, inputs, outputs) {
                Ok(()) => observe(done.fetch_add(1, Ordering::Relaxed) + 1),
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    let mut first = failure.lock().expect("simulate: a thread panicked");
                    if first.as_ref().is_none_or(|(other, _)| index < *other) {
                        *first = Some((index, error));
                    }
                }
            }
        }
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.unwrap_or_else(cores).max(1);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    if let Some((_, error)) = failure.into_inner().expect("simulate: a thread panicked") {
        return Err(error);
    }
    match stop.load(Ordering::Relaxed) {
        true => Err(Error::Interrupted(format!(
            "stopped as asked after {} spectra; none were written",
            done.into_inner()
        ))),
        false => Ok(()),
    }
}
