//! What a study tells while it runs, for whoever draws or writes it.

use crate::engine::queue::Epoch;
use crate::engine::queue::Progress;
use crate::engine::run::Run;
use crate::study::store::run::{Curve, RunRecord};

pub use crate::study::transfer::PRETRAINING;

/// A part of a study: its pre-training, or a strategy with a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// The strategy's name, or [`PRETRAINING`].
    pub strategy: &'static str,
    /// Simulations, training and validation together.
    pub simulations: usize,
    /// Simulations of the pre-training that it starts from, where there are several numbers of
    /// them.
    pub pretrained: Option<usize>,
}

impl Part {
    /// Its learning curve.
    pub fn curve(&self) -> Curve {
        Curve { strategy: self.strategy.to_owned(), pretraining_simulations: self.pretrained }
    }

    /// Whether a row is of this part.
    pub fn has(&self, run: &RunRecord) -> bool {
        let curve = &run.key.curve;
        (self.strategy, self.simulations, self.pretrained)
            == (curve.strategy.as_str(), run.key.simulations, curve.pretraining_simulations)
    }
}

/// Which run of a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The part that it belongs to.
    pub part: Part,
    /// The trial that it scores, in a search.
    pub trial: Option<u32>,
    /// Its seed, from 1.
    pub seed: u32,
}

/// What happens in a study, for whoever draws it.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// It begins.
    Started {
        /// Pre-trainings.
        pretrainings: usize,
        /// Fine-tunings.
        finetunings: usize,
    },
    /// It begins, with searches.
    Searching {
        /// Searches: the pre-training's, and one for each strategy and size.
        searches: usize,
        /// Trials of each.
        trials: u32,
    },
    /// A part of it: the pre-training, or a strategy and size; again when more is known of it.
    Part {
        /// Which.
        part: Part,
        /// Its trials, of a search; its runs, of other studies.
        planned: usize,
        /// Optimiser steps of each of them that was over before.
        over: &'a [u64],
        /// The best validation loss among those.
        best: Option<f64>,
    },
    /// A run begins to train.
    Begun {
        /// Which.
        name: Name,
        /// Its network and how it is trained.
        run: &'a Run,
    },
    /// A run has trained on.
    Trained {
        /// Which.
        name: Name,
        /// Optimiser steps so far.
        steps: u32,
        /// Losses of the epochs that it has done since this was told last, as many as the device
        /// told.
        epochs: &'a [Epoch],
    },
    /// A run trains no more.
    Ended {
        /// Which.
        name: Name,
    },
    /// A run of a trial is booked.
    Trial {
        /// Number of the trial.
        trial: u32,
        /// What became of the trial: `complete`, `pruned` or `failed`.
        state: &'a str,
        /// The run.
        row: &'a RunRecord,
    },
    /// It was begun before, and goes on.
    Continued {
        /// Runs that are over already.
        finished: usize,
        /// The device that trained them, if it is not this one; bits are promised for one device
        /// only.
        other_device: Option<String>,
        /// What was wrong with the journal and was put right.
        repaired: Option<String>,
    },
    /// A pre-training is booked.
    Pretrained(&'a RunRecord),
    /// A fine-tuning is booked.
    Finished(&'a RunRecord),
    /// Several times a second.
    Progress {
        /// Of the training.
        progress: Progress,
        /// Runs that are over.
        done: usize,
        /// Runs that wait.
        waiting: usize,
    },
}
