//! TODO

pub mod backward_input;
pub mod backward_weights;
pub mod forward;
