//! Trained networks for other programs: what comes before and after a network is inside, so that
//! they read raw inputs and predict what `shoal predict` does. Ops and activations say themselves
//! what they are in ONNX and PyTorch ([`crate::engine::onnx`]).

mod card;
mod neighbours;
mod onnx;
mod prediction;
mod preparation;
mod torch;

pub use card::{TAGS, card};
pub use onnx::{check, onnx};
pub use torch::{MARK, torch};
