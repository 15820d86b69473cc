//! The search for hyper-parameters: which trials to train next, and which of them to stop early.
//!
//! `table` is what was typed; `resolve` turns it into a `space`, the parameters that a trial has;
//! `distribution` is what one of them may be. [`Tpe`] proposes trials with two `parzen` estimators,
//! whose `kernels` rest on the normals of `gaussian`; [`Pruner`] stops trials.
//!
//! # Generations
//!
//! A study trains many trials at once. How many fit on a device must not decide which trials there
//! are, so trials come in generations of a size that the study file sets. The proposals of a
//! generation see the results of the generations before it, and of its own members only that they
//! are running. They are functions of the seed, the trial's number, the parameter's name and those
//! results: the same study proposes the same trials on every device, in whatever order runs finish,
//! and after any interruption. For the same reason a pruner should be shown the trials of earlier
//! generations only; those are complete.

pub(crate) mod distribution;
pub(crate) mod gaussian;
pub(crate) mod kernels;
pub(crate) mod parzen;
pub(crate) mod pruning;
pub(crate) mod space;
pub(crate) mod tpe;
pub(crate) mod trial;

use crate::study::config::search as table;

pub use distribution::{Choice, Distribution, Range};
pub use kernels::{Kernels, Normal};
pub use parzen::Parzen;
pub use pruning::{Halving, Median, Pruner};
pub use space::{Condition, Parameter, Setting, Space, Stage};
pub use table::{Dimension, PruningTable, RangeTable, SearchTable, SpaceTable};
pub use tpe::Tpe;
pub use trial::{State, Trial};
