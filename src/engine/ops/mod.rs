//! The list of ops, and the kernels at both ends of a graph: `gather` loads the batch, `loss`
//! computes the first gradient.
//!
//! A new op is a file here, a shader for each of its kernels, and a line in [`OPS`].

pub mod add;
pub mod aggregate;
pub mod attention;
pub mod concat;
pub(crate) mod contribute;
pub mod dense;
pub mod edge;
pub(crate) mod epilogue;
pub mod gather;
pub mod gather_edges;
pub mod gather_items;
pub mod loss;
pub mod multiply;
pub mod norm;
pub(crate) mod norm_rows;
pub mod pool;
pub(crate) mod reduce;
pub mod rms_norm;
pub(crate) mod rows;
pub mod sets;
pub mod spread;

use crate::engine::graph::Op;
use crate::engine::kernel::OpKernels;

/// Every op.
pub static OPS: [&OpKernels; 11] = [
    &dense::KERNELS,
    &norm::KERNELS,
    &rms_norm::KERNELS,
    &attention::KERNELS,
    &edge::KERNELS,
    &aggregate::KERNELS,
    &pool::KERNELS,
    &spread::KERNELS,
    &add::KERNELS,
    &concat::KERNELS,
    &multiply::KERNELS,
];

/// The kernels of an op.
///
/// # Panics
/// If the op is not in [`OPS`].
pub fn kernels_of(op: &Op) -> &'static OpKernels {
    let found = OPS.into_iter().find(|kernels| kernels.op == op);
    found.unwrap_or_else(|| panic!("the op {} is not in OPS", op.name))
}

/// The op of this name.
pub fn named(name: &str) -> Option<&'static Op> {
    OPS.into_iter().map(|kernels| kernels.op).find(|op| op.name == name)
}
