//! The engine: trains many different small networks at once. It does not depend on file formats,
//! physics or experiments.

pub mod activation;
pub mod buffer;
pub mod builder;
pub mod cpu;
pub mod device;
pub mod evaluate;
pub mod gpu;
pub mod graph;
pub(crate) mod host;
pub mod kernel;
pub mod layout;
pub mod loss;
pub mod measure;
pub mod memory;
pub mod ops;
pub mod optim;
pub mod precision;
pub mod prepared;
pub mod queue;
pub mod random;
pub mod real;
pub mod run;
pub mod shader;
pub mod step;
pub mod table;
pub mod tile;
pub mod train;
pub mod work;
