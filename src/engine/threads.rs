//! Threads that compute on the CPU: how many, and as many of them as the system gives.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Builder, scope};

/// The requested number; 0 for one per hardware thread.
static REQUESTED: AtomicUsize = AtomicUsize::new(0);

/// Sets how many threads train, simulate and explain in this process.
pub fn set_count(threads: usize) {
    REQUESTED.store(threads, Ordering::Relaxed);
}

/// How many threads train, simulate and explain: as set, else one per hardware thread that this
/// process may use.
pub fn count() -> usize {
    match REQUESTED.load(Ordering::Relaxed) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

/// How many threads, at most `wanted`, can run at one time here, the calling one among them. A
/// system may limit the threads of a user or of a job.
pub fn available(wanted: usize) -> usize {
    let gate = Mutex::new(());
    let closed = gate.lock();
    scope(|scope| {
        let wait = || drop(gate.lock());
        let start = |_| Builder::new().spawn_scoped(scope, wait).ok();
        let started: Vec<_> = (1..wanted).map_while(start).collect();
        drop(closed);
        let count = 1 + started.len();
        // the scope does not wait for their ends, but the system counts them until then
        started.into_iter().for_each(|thread| drop(thread.join()));
        count
    })
}

/// Runs `work` on the calling thread and on `threads - 1` others, or as many as can be started.
pub fn on_threads(threads: usize, work: impl Fn() + Sync) {
    scope(|scope| {
        let start = |_| Builder::new().spawn_scoped(scope, &work).ok();
        let started: Vec<_> = (1..threads).map_while(start).collect();
        work();
        for thread in started {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
}

/// The values of `of_index` for 0 to `count`, in order, computed on up to `threads` threads.
///
/// # Errors
/// That of the smallest index that has one, whatever the number of threads.
pub fn try_map<T: Send, E: Send>(
    (threads, count): (usize, usize),
    of_index: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (found, failure) = (Mutex::new(Vec::with_capacity(count)), Mutex::new(None::<(usize, E)>));
    on_threads(threads.min(count), || {
        let mut own = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            // indices are handed out in order: all before a failure are computed too
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            match of_index(index) {
                Ok(value) => own.push((index, value)),
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    let mut failure = failure.lock().expect("threads: one panicked");
                    if failure.as_ref().is_none_or(|(first, _)| index < *first) {
                        *failure = Some((index, error));
                    }
                }
            }
        }
        found.lock().expect("threads: one panicked").extend(own);
    });
    if let Some((_, error)) = failure.into_inner().expect("threads: one panicked") {
        return Err(error);
    }
    let mut found = found.into_inner().expect("threads: one panicked");
    found.sort_unstable_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_order_and_the_first_error_counts() {
        for threads in [1, 2, 7] {
            let squares = try_map((threads, 100), |index| Ok::<_, ()>(index * index));
            assert_eq!(squares, Ok((0..100).map(|index| index * index).collect()));
            let odd = |index: usize| if index % 40 == 39 { Err(index) } else { Ok(index) };
            assert_eq!(try_map((threads, 100), odd), Err(39), "{threads}");
            assert_eq!(try_map((threads, 0), odd), Ok(vec![]));
        }
        assert!((1..=3).contains(&available(3)));
    }
}
