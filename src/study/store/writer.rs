//! A thread that writes trained networks, so that training does not wait for the disk.
//!
//! All networks that wait at one time are written, then forced to disk together: forcing the first
//! makes the others cheap. A row that names a network is booked when [`Saving::durable`] counts it,
//! not before.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

use crate::data::files::write_all;
use crate::error::{Error, Result};
use crate::study::store::model::Model;

/// Networks that may wait: more than are over in the time of one wait for a disk, few enough to be
/// held.
const WAITING: usize = 256;

/// How far the thread is.
#[derive(Default)]
struct State {
    /// Networks that are on disk.
    durable: usize,
    /// Why no more of them will be.
    failure: Option<Error>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("saving: its thread panicked")
    }
}

/// The thread and the way to it.
pub struct Saving {
    networks: Option<SyncSender<(PathBuf, Model)>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    asked: usize,
}

impl Default for Saving {
    fn default() -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        let shared = Arc::new(Shared::default());
        let mine = shared.clone();
        Self {
            networks: Some(sender),
            thread: Some(std::thread::spawn(move || write(&receiver, &mine))),
            shared,
            asked: 0,
        }
    }
}

impl Saving {
    /// Asks for a network to be written; its number, from 1. Waits while too many are asked for.
    pub fn ask(&mut self, path: PathBuf, model: Model) -> usize {
        let networks = self.networks.as_ref().expect("saving: it has ended");
        // it ends before the last network only where one failed, which `check` tells
        let _ = networks.send((path, model));
        self.asked += 1;
        self.asked
    }

    /// How many networks have been asked for.
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// How many of them are on disk: those with numbers up to this one.
    pub fn durable(&self) -> usize {
        self.shared.state().durable
    }

    /// Whether all goes well.
    ///
    /// # Errors
    /// [`Error::Output`] with the path of a network that could not be written, nor any after it.
    pub fn check(&self) -> Result<()> {
        self.shared.state().failure.clone().map_or(Ok(()), Err)
    }

    /// Waits until all networks that were asked for are on disk.
    ///
    /// # Errors
    /// As [`Saving::check`].
    pub fn wait(&self) -> Result<()> {
        let waits = |state: &mut State| state.durable < self.asked && state.failure.is_none();
        let state = self.shared.state();
        let state = self.shared.changed.wait_while(state, waits);
        drop(state.expect("saving: its thread panicked"));
        self.check()
    }
}

impl Drop for Saving {
    /// Ends the thread after what was asked for.
    fn drop(&mut self) {
        drop(self.networks.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes what is asked for until nobody asks any more, or a network cannot be written.
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
