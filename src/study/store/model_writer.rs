//! A thread that writes trained networks, so that training does not wait for the disk.
//!
//! All networks in the queue are written, then forced to disk together: forcing the first makes the
//! others cheap. A record that names a network is written when [`ModelWriter::durable`] counts it,
//! not before.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

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
}

/// Writes networks in a thread of its own.
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
        Self {
            networks: Some(sender),
            thread: Some(std::thread::spawn(move || write(&receiver, &mine))),
            shared,
            queued: 0,
        }
    }
}

impl ModelWriter {
    /// Queues a network, and returns its number, from 1. Waits while the queue is full.
    pub fn queue(&mut self, path: PathBuf, model: Model) -> usize {
        let networks = self.networks.as_ref().expect("models: the writer has ended");
        // the thread ends before the last network only after a failure, which `check` returns
        let _ = networks.send((path, model));
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
        let files: Vec<(PathBuf, Vec<u8>)> =
            all.map(|(path, model)| (path, model.bytes())).collect();
        let written = write_all(&files);
        let mut state = shared.state();
        let failed = written.is_err();
        match written {
            Ok(()) => state.durable += files.len(),
            Err(error) => state.failure = Some(error),
        }
        shared.changed.notify_all();
        if failed {
            return;
        }
    }
}
