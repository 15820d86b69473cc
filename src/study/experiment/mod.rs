//! The experiment: groups of trials that train together.
//!
//! A [`group::Group`] holds the trials that compete: those of a pre-training, or of a strategy and
//! size. A proposer gives each trial its setting, a pruner may stop it. A study without a search is
//! the same with a fixed setting and a trial for each seed. Every group proposes its next
//! generation as soon as its last one is finished and waits for no other group, so that the
//! generations of all groups train side by side. What a group proposes and stops follows from the
//! study's seed and its own earlier generations: the trials are the same on any number of threads,
//! whatever trains together, and after any interruption.
//!
//! [`scheduler`] hands out runs and takes outcomes, [`resume`] begins with what an earlier process
//! left, [`records`] makes rows, models and tables of outcomes, [`transfers`] passes pre-trained
//! networks on to the groups that fine-tune them.
//!
//! A finished trial is in the journal once its networks are on disk; a trial that is not there
//! begins again. Networks whose files were lost are trained again, to the same bits.

pub(crate) mod group;
pub(crate) mod records;
pub(crate) mod resume;
pub(crate) mod scheduler;
pub(crate) mod transfers;

pub use scheduler::execute;
