//! What happens in a study while it runs, for views and event files.

use crate::engine::queue::Epoch;
use crate::engine::queue::Progress;
use crate::engine::run::Run;
use crate::error::Error;
use crate::study::plan::Plan;
use crate::study::search::trial::State;
use crate::study::store::run::{GroupName, RunKey, RunRecord};

/// What happens in a study.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// It begins.
    Started {
        /// Its settings.
        plan: &'a Plan,
    },
    /// Once after that, if there is anything: what is probably not as it was meant.
    Noticed {
        /// [`Study::notices`](crate::study::datasets::Study::notices).
        notices: &'a [String],
    },
    /// How far a group is: at the beginning, and when it opens.
    Group {
        /// Which group.
        group: GroupName,
        /// Its trials; without a search, its runs.
        planned: usize,
        /// Optimiser steps of each that was finished before.
        finished_steps: &'a [u64],
        /// The best validation loss among those.
        best: Option<f64>,
    },
    /// A run begins to train.
    Begun {
        /// Which.
        key: &'a RunKey,
        /// Its network and how it is trained, in a search until a pruner looks at it.
        run: &'a Run,
        /// Epochs if nothing stops it before.
        max_epochs: u32,
    },
    /// A run has trained on.
    Trained {
        /// Which.
        key: &'a RunKey,
        /// Optimiser steps so far.
        steps: u32,
        /// Losses of the epochs since the last event, as many as the device reports.
        epochs: &'a [Epoch],
    },
    /// A run has stopped training.
    Ended {
        /// Which.
        key: &'a RunKey,
    },
    /// A run of a finished trial of a search is recorded.
    Trial {
        /// Number of the trial.
        trial: u32,
        /// What became of the trial.
        state: State,
        /// The run.
        row: &'a RunRecord,
    },
    /// The study was begun before, and is resumed.
    Resumed {
        /// Runs that are finished.
        finished: usize,
        /// The device that trained them, if it is not this one; bits are promised for one device
        /// only.
        other_device: Option<String>,
        /// What was wrong with the journal and was repaired.
        repaired: Option<String>,
        /// Networks that train again, since their files are missing or damaged.
        restored: usize,
    },
    /// One of several devices has failed; the others go on.
    DeviceFailed {
        /// Why.
        error: &'a Error,
        /// Its unfinished runs, which begin again on other devices.
        runs: usize,
    },
    /// A pre-training is recorded.
    Pretrained(&'a RunRecord),
    /// A fine-tuning is recorded.
    Finished(&'a RunRecord),
    /// Several times a second.
    Progress {
        /// Of the training.
        progress: Progress,
        /// Finished runs.
        done: usize,
        /// Runs that wait.
        waiting: usize,
    },
}
