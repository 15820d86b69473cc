//! The search for hyper-parameters: which trials to train next, and which of them to stop early.
//!
//! A trial has the parameters of a [`Space`], each with a [`Distribution`]. A [`Proposer`] chooses
//! their values, a [`Pruner`] stops trials; [`PROPOSERS`] and [`PRUNERS`] list them.
//!
//! # Generations
//!
//! Many trials train at once. How many fit on a device must not decide which trials there are, so
//! trials come in generations of a size that the study file sets. The proposals of a generation see
//! the results of the generations before it, and of its own members only that they are running.
//! They are functions of the seed, the trial's number, the parameter's name and those results: the
//! same study proposes the same trials on every device, in whatever order runs finish, and after
//! any interruption. For the same reason a pruner sees the trials of earlier generations only.

pub(crate) mod distribution;
pub(crate) mod gaussian;
pub(crate) mod kernels;
pub(crate) mod parzen;
pub(crate) mod proposer;
pub(crate) mod proposers;
pub(crate) mod pruner;
pub(crate) mod pruners;
pub(crate) mod space;
pub(crate) mod trial;

pub use distribution::{Choice, Distribution, Range};
pub use kernels::{Kernels, Normal};
pub use parzen::Parzen;
pub use proposer::{Proposer, ProposerEntry, generation};
pub use proposers::fixed::Fixed;
pub use proposers::random::Random;
pub use proposers::tpe::Tpe;
pub use proposers::{PROPOSERS, proposer};
pub use pruner::{Off, Pruner, PrunerEntry, PrunerKey};
pub use pruners::halving::Halving;
pub use pruners::median::Median;
pub use pruners::{PRUNERS, pruner};
pub use space::{Condition, Parameter, Setting, Space, Stage};
pub use trial::{State, Trial};
