//! Networks as graphs of ONNX: `proto` has the messages, `nodes` builds a graph of them, and
//! `layer` is what an op sees of a node that it translates, also into PyTorch.

pub mod layer;
pub mod nodes;
pub mod proto;
