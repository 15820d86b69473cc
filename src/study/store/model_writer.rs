//! A thread that writes trained networks, so that training does not wait for the disk.
//!
//! All networks in the queue are written, then forced to disk together: forcing the first makes the
//! others cheap. A record that names a network is written when [`ModelWriter::durable`] counts it,
//! not before.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{Builder, JoinHandle};

use crate::data::files::write_all;
use crate::error::{Error, Result};
use crate::study::store::model::Model;

/// Length of the queue: more networks than finish while the disk is forced once, few enough for the
/// memory.
const WAITING: usize = 256;

/// Progress of the thread.
#[derive(Default)]
struct State {
    /// Networks that are on disk.
    durable: usize,
    /// Why no more will be.
    failure: Option<Error>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("models: the writer panicked")
    }

    /// Writes networks; whether that and all before succeeded.
    fn write(&self, networks: &[(PathBuf, Model)]) -> bool {
        if self.state().failure.is_some() {
            return false;
        }
        let files = networks.iter().map(|(path, model)| (path.clone(), model.bytes()));
        let written = write_all(&files.collect::<Vec<_>>());
        let mut state = self.state();
        match written {
            Ok(()) => state.durable += networks.len(),
            Err(error) => state.failure = Some(error),
        }
        self.changed.notify_all();
        state.failure.is_none()
    }
}

/// Writes networks in a thread of its own, or at once where no thread can be started.
pub struct ModelWriter {
    networks: Option<SyncSender<(PathBuf, Model)>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    queued: usize,
}

impl Default for ModelWriter {
    fn default() -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        let shared = Arc::new(Shared::default());
        let mine = shared.clone();
        let thread = Builder::new().spawn(move || write(&receiver, &mine)).ok();
        Self { networks: thread.is_some().then_some(sender), thread, shared, queued: 0 }
    }
}

impl ModelWriter {
    /// Queues a network, and returns its number, from 1. Waits while the queue is full.
    pub fn queue(&mut self, path: PathBuf, model: Model) -> usize {
        match &self.networks {
            // the thread ends before the last network only after a failure, which `check` returns
            Some(networks) => _ = networks.send((path, model)),
            None => _ = self.shared.write(&[(path, model)]),
        }
        self.queued += 1;
        self.queued
    }

    /// How many networks were queued.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// How many of them are on disk: those with numbers up to this one.
    pub fn durable(&self) -> usize {
        self.shared.state().durable
    }

    /// Checks that no write failed.
    ///
    /// # Errors
    /// [`Error::Output`] with the path of the first network that could not be written; those after
    /// it are not written either.
    pub fn check(&self) -> Result<()> {
        self.shared.state().failure.clone().map_or(Ok(()), Err)
    }

    /// Waits until all queued networks are on disk.
    ///
    /// # Errors
    /// As [`ModelWriter::check`].
    pub fn wait(&self) -> Result<()> {
        let waits = |state: &mut State| state.durable < self.queued && state.failure.is_none();
        let state = self.shared.state();
        let state = self.shared.changed.wait_while(state, waits);
        drop(state.expect("models: the writer panicked"));
        self.check()
    }
}

impl Drop for ModelWriter {
    /// Ends the thread once the queue is empty.
    fn drop(&mut self) {
        drop(self.networks.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes the queue until it is closed, or a write fails.
fn write(networks: &Receiver<(PathBuf, Model)>, shared: &Shared) {
    while let Ok(first) = networks.recv() {
        let all = std::iter::once(first).chain(networks.try_iter().take(WAITING));
        if !shared.write(&all.collect::<Vec<_>>()) {
            return;
        }
    }
}
