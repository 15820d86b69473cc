//! The engine: trains many different small networks at once. It does not depend on file formats,
//! physics or experiments.

// What is hidden from the documentation is public for `tests/laws` and `benches` only.
pub mod activation;
pub mod architectures;
#[doc(hidden)]
pub mod buffer;
pub mod builder;
pub mod choice;
pub mod cpu;
pub mod device;
pub mod dropout;
pub mod evaluate;
pub mod gpu;
pub mod graph;
pub(crate) mod host;
pub(crate) mod input_gradients;
#[doc(hidden)]
pub mod kernel;
#[doc(hidden)]
pub mod layout;
pub mod loss;
pub mod measure;
#[doc(hidden)]
pub mod memory;
pub mod normals;
#[doc(hidden)]
pub mod onnx;
pub mod ops;
pub mod optim;
pub mod precision;
#[doc(hidden)]
pub mod prepared;
pub mod queue;
pub mod random;
pub mod real;
#[doc(hidden)]
pub mod resident;
pub mod run;
pub mod scale;
pub mod sets;
pub mod several;
#[doc(hidden)]
pub mod shader;
pub mod shape;
pub mod step;
pub mod table;
pub mod threads;
pub mod tile;
pub mod train;
pub(crate) mod weights;
#[doc(hidden)]
pub mod work;
