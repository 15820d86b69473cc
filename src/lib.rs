//! shoal trains hundreds of *different* small neural networks at once, on any Vulkan, Metal or DX12
//! GPU or on the CPU. On that engine it has a study tool: how many expensive simulations does
//! pre-training on cheap ones save, which transfer strategy is best, and where does transfer hurt?
//!
//! # Three networks in one call
//!
//! ```
//! use shoal::{Activation, Device, Graph, Run, Table, Training, train_all};
//!
//! // y = a b on a grid: inputs of shape (400, 2), targets of shape (400, 1)
//! let point = |i: usize| [(i % 20) as f32 / 10.0, (i / 20) as f32 / 10.0];
//! let points: Vec<[f32; 2]> = (0..400).map(point).collect();
//! let y = points.iter().map(|[a, b]| a * b).collect();
//! let table = Table::new(points.concat(), 2, y, 1)?;
//!
//! let training = Training { learning_rate: 1e-2, max_epochs: 60, ..Training::default() };
//! let run = |graph: Graph| Run::new(graph, &table).seed(1).training(training);
//! let runs = [
//!     run(Graph::mlp(&[2, 8, 1]).build()?),
//!     run(Graph::mlp(&[2, 64, 64, 1]).activation(Activation::Silu).build()?),
//!     run(Graph::mlp(&[2, 32, 32, 32, 1]).activation(Activation::Tanh).dropout(0.1).build()?),
//! ];
//! let outcomes = train_all(&Device::cpu(), std::slice::from_ref(&table), runs.clone())?;
//!
//! assert!(outcomes[1].validation_loss.unwrap() < 0.01);
//! let predicted = runs[1].predict(&outcomes[1], &[1.5, 0.4]);
//! assert!((predicted[0] - 0.6).abs() < 0.1);
//! # Ok::<(), shoal::Error>(())
//! ```
//!
//! Networks on sets of items are graphs too: [`Graph::deep_set`], [`Graph::edge_graph`] and
//! [`Graph::transformer`] on a [`Table::of_sets`]. They train beside perceptrons in the same call.
//!
//! [`Device::auto`] takes a hardware GPU if there is one, else the CPU. To decide what trains next
//! from what has finished, implement [`RunQueue`] and call [`train()`]. `benches/examples` has four
//! programs to start from.
//!
//! # How it works
//!
//! A network is a [`Graph`]: nodes in topological order, each an op with its attributes. A training
//! step is a list of kernel calls ([`engine::step`]): clock, gather, the forward kernels level by
//! level, loss, the backward kernels from the top level down, clipping, AdamW. Runs never share
//! memory, so two backends may execute the same list in two orders:
//!
//! - [`engine::gpu`] executes one step across all runs. A dispatch serves all of them: a table says
//!   which run, which node and which tile each workgroup computes. So the number of dispatches
//!   depends on the depth of the graphs but not on the number of runs: for perceptrons it is twice
//!   the number of layers plus one, and up to three more with clipping or f16. Small perceptrons
//!   have one dispatch for all steps of a chunk, with a workgroup for each run
//!   ([`engine::resident`]).
//! - [`engine::cpu`] executes one run across all steps, a run on each core.
//!
//! All state of a run that changes from step to step is on the device ([`engine::layout::State`]).
//! The clock, the first kernel of a step, decides whether the step is a training batch, a
//! validation batch, or nothing because the run has finished. Shuffles and dropout masks are
//! functions of counters ([`engine::random`]). The host submits chunks of about 50 ms, reads the
//! states of one chunk while the next one executes, reads the best parameters of runs that have
//! finished, and packs waiting runs into their places.
//!
//! In f16 ([`Precision`]) tables, activations, gradients and the weights that products read are
//! stored as f16 with a dynamic loss scale; sums, parameters and moments are f32.
//!
//! # The modules, each using only those above it
//!
//! | module | what it has |
//! |---|---|
//! | [`error`] | what can go wrong, and the exit code of each |
//! | [`host`] | the memory of the machine |
//! | [`engine`] | graphs, ops, losses, the optimiser, both backends, measurements; knows no files, physics or experiments |
//! | [`data`] | datasets and their formats, scaling, splits |
//! | [`cosmology`] | the simulator of power spectra, Quijote files |
//! | [`collider`] | the simulator of collisions: parton shower, detectors, jets |
//! | [`study`] | a study: configuration, plan, experiment, search, stored results, statistics, attributions, report |
//!
//! The program in `src/cli` has one module for each subcommand. Where things are: AdamW is
//! [`engine::optim::adamw`] and `shaders/adamw.wgsl`; early stopping is decided by
//! [`engine::optim::clock`]; activations are [`engine::activation`] and `shaders/activation.wgsl`;
//! searches stop trials
//! early by `study::search::pruners`; determinism is tested in `tests/laws/determinism.rs` and, for
//! studies that are killed, in `tests/program/resume.rs`; ops are listed in [`engine::ops::OPS`],
//! losses in [`engine::loss::LOSSES`], metrics in [`study::metric`].
//!
//! # The six laws, each tested in `tests/laws`
//!
//! 1. *reference*: every kernel on the GPU equals its CPU reference in f64 within a tolerance that
//!    follows from the number of terms.
//! 2. *gradients*: the gradients of the references equal central differences.
//! 3. *isolation*: a run trained among hundreds of different runs gives the same bits as alone.
//! 4. *determinism*: the same seed on the same device gives the same bits; a study that is killed
//!    and resumed gives the same tables.
//! 5. *failures*: no adapter, a lost device, NaN, a full disk: a clear error, and nothing that has
//!    finished is lost.
//! 6. *references*: results agree with PyTorch on stored arrays; spectra agree with CAMB,
//!    attributions with `shap`, the sampler and the journal with Optuna.
//!
//! Bits are promised for one adapter, driver and [tile set](engine::tile::TileSet), not across
//! devices.
#![warn(missing_docs)]

pub mod collider;
pub mod cosmology;
pub mod data;
// Its hidden modules (buffer, kernel, layout, memory, prepared, resident, shader, work) are public
// for the laws only, which execute single kernel calls and compare what is in buffers.
pub mod engine;
pub mod error;
pub mod host;
pub mod study;

pub use crate::data::files::{check_not_an_input, check_writable, write_atomically, write_bytes};
pub use crate::engine::activation::Activation;
pub use crate::engine::architectures::Hidden;
pub use crate::engine::choice::Choice;
pub use crate::engine::device::Device;
pub use crate::engine::graph::{Graph, Reduction};
pub use crate::engine::loss::Loss;
pub use crate::engine::optim::schedule::{Cosine, Schedule};
pub use crate::engine::optim::update_scale::UpdateScale;
pub use crate::engine::precision::Precision;
pub use crate::engine::queue::{Epoch, Progress, Reached, RunQueue};
pub use crate::engine::run::{Outcome, Run, Stopped, Training};
pub use crate::engine::scale::InputScale;
pub use crate::engine::sets::Sets;
pub use crate::engine::shape::Shape;
pub use crate::engine::table::Table;
pub use crate::engine::train::{train, train_all};
pub use crate::error::{Error, Result};
