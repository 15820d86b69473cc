//! TODO

pub(crate) mod buffer;
pub mod cpu;
pub mod device;
pub mod gather;
pub mod gpu;
pub mod graph;
pub(crate) mod host;
pub mod layout;
pub mod loss;
pub mod measure;
pub mod memory;
pub mod ops;
pub mod optim;
pub(crate) mod page;
pub mod precision;
pub mod random;
pub mod run;
pub mod table;
pub mod tile;
pub mod train;
