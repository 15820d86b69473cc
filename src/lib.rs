//! shoal trains hundreds of *different* small networks at once on any GPU, and on that tells how
//! many expensive simulations pre-training saves, which transfer strategy is best and where
//! transfer hurts.
//!
//! # The idea
//!
//! A training step is a short list of kernels, [`kernels::step`]: clock, gather, forward for each
//! layer, loss, backward for each layer, the norm of the gradients where a run clips it, AdamW.
//! Where no parameter waits for the gradients of others, a layer's gradient and its update are one
//! kernel ([`kernels::learn`]) and the gradients are stored nowhere. Runs never touch each other's
//! memory, so two backends may play the same list in two orders:
//!
//! - [`device::gpu`] plays one step across all runs: one dispatch per kernel and layer, 3 layers +
//!   2 in all (on software rasterizers, and of halves, + 3; more where a run clips), for one run or
//!   for four thousand. Which run and which tile a workgroup serves stands in a table that the host
//!   wrote.
//! - [`device::cpu`] plays one run across all steps, each thread its own. Its matrix products are
//!   our own ([`kernels::product`]): crates for them copy both factors before they multiply, which
//!   batches of 32 never earn back.
//!
//! All that changes from step to step lives beside the run: step, epoch, cursor, losses, patience,
//! `done` ([`kernels::layout::State`]). The clock comes first in a step: it books what the last
//! step computed and decides whether this one is a training batch, a validation batch or nothing.
//! Shuffles and dropout masks are functions of counters ([`random`]), so nothing is stored or
//! uploaded for them. The host ([`shoal`]) submits chunks of about 50 ms, reads the states of one
//! chunk while the next one runs, takes the best parameters of runs that are done and packs waiting
//! runs into their places. A run may be given more epochs when it has done those that it has
//! ([`shoal::Work::reached`]); so searches stop trials early.
//!
//! Matrices lie example by example: a row is an example, its columns are units, four to a vec4.
//! What the forward product reads lies there a second time, unit by unit, so that every product
//! finds both of its factors in rows. Rows are padded to whole vec4s with zeros that stay zero.
//!
//! In half precision ([`run::Precision`]) all that is only multiplied and added up lies in storage
//! as IEEE 754 halves: tables, activations, deltas, gradients, and a copy of the weights for
//! products to read. Sums, parameters and moments are f32. The same kernels play it; two pages,
//! `shaders/packed_*.wgsl`, say how four numbers lie. Deltas are scaled up so that small ones are
//! not lost; the scale is part of a run's state, and the clock halves and doubles it.
//!
//! # The modules, in the order in which they depend on each other
//!
//! | module | one sentence |
//! |---|---|
//! | [`error`] | what can go wrong, and the exit code of each |
//! | [`random`] | counter-based numbers: hashes, a shuffle, normals |
//! | [`data`] | datasets: reading, importing, scaling, splitting; knows nothing of training |
//! | [`simulate`] | spectra of universes on demand; knows nothing of training |
//! | [`network`] | the shape of a network, where its parameters lie, how it starts |
//! | [`run`] | one training of one network, and its outcome |
//! | [`kernels`] | one file per shader: bindings, grid, CPU reference |
//! | [`device`] | the two backends, and how one is chosen |
//! | [`shoal`] | packing, chunks, leaving and refilling |
//! | [`check`] | a small training on a device against the CPU, before it is trusted |
//! | [`measure`] | what a device can do at most, what it does, and what bounds it |
//! | [`transfer`] | the four strategies: from a pre-trained network to a fresh one; pure |
//! | [`model`] | a trained network with all that is needed to predict, as a file |
//! | [`report`] | tables, statistics, plots |
//! | [`analysis`] | where transfer saves and hurts, with its significance; what a network reads, input by input |
//! | [`page`] | the report of a study as one HTML page |
//! | [`study`] | a whole experiment, from a TOML file to a folder of results |
//!
//! # The six laws, each a test in `tests/laws/`
//!
//! 1. *reference*: every kernel on the GPU equals its reference on the CPU in f64, within a
//!    tolerance from the number of terms.
//! 2. *slope*: the references' gradients equal central differences.
//! 3. *company*: a run among hundreds of different runs gives the same bits as alone.
//! 4. *again*: same seed, same device, same bits; a run that was killed and started again gives the
//!    same bits.
//! 5. *honest*: no adapter, a lost device, a NaN, a full disk: a clear error, and nothing that was
//!    finished is lost.
//! 6. *outside*: results agree with PyTorch on stored arrays, and, in tests of their own, spectra
//!    with CAMB, attributions with `shap` and enumeration, the sampler and the journal with Optuna.
//!
//! Bits are promised for one adapter, driver and tile set, never across devices.
#![warn(missing_docs)]

pub mod cosmology;
pub mod data;
pub mod engine;
pub mod error;
pub mod study;

pub use crate::data::files::{check_writable, write_atomically};
pub use crate::error::{Error, Result};
