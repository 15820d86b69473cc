//! The op `rms_norm`: x / sqrt(mean(x^2) + 1e-5) gain over the columns of a row (Zhang & Sennrich,
//! arXiv 1910.07467, eq. 4), as `torch.nn.RMSNorm`. See `shaders/rms_norm.wgsl`.

use crate::engine::graph::{NodeId, Op, ParameterShape};
use crate::engine::kernel::{Kernel, OpKernels, reference};
use crate::engine::memory::Memory;
use crate::engine::onnx::nodes::integers;
use crate::engine::ops::norm_rows;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;

/// A gain, shape (1, width).
pub static OP: Op = Op {
    name: "rms_norm",
    parameters: |inputs, _| {
        vec![ParameterShape { name: "gain", rows: 1, columns: inputs[0].width, is_vector: true }]
    },
    ..norm_rows::OP
};

/// Its kernels.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&FORWARD],
    backward: &[&BACKWARD_WEIGHTS, &BACKWARD_INPUT],
    onnx: |layer, nodes| {
        let (gain, epsilon) = (layer.parameter(nodes, 0), nodes.scalar(norm_rows::EPSILON as f32));
        let x = &layer.inputs[0];
        let squares = nodes.add("Mul", &[x, x]);
        let mean = nodes.add_with("ReduceMean", &[&squares], vec![integers("axes", &[-1])]);
        let sum = nodes.add("Add", &[&mean, &epsilon]);
        let root = nodes.add("Sqrt", &[&sum]);
        let scaled = nodes.add("Div", &[x, &root]);
        nodes.add("Mul", &[&scaled, &gain])
    },
    torch: |layer| norm_rows::torch(layer, "RMSNorm"),
};

static FORWARD: Kernel =
    Kernel { name: "rms_norm_forward", reference: reference!(forward), ..norm_rows::FORWARD };
static BACKWARD_INPUT: Kernel = Kernel {
    name: "rms_norm_backward_input",
    reference: reference!(backward_input),
    ..norm_rows::BACKWARD_INPUT
};
static BACKWARD_WEIGHTS: Kernel =
    Kernel { name: "rms_norm_backward_weights", ..norm_rows::BACKWARD_WEIGHTS };

fn forward<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    norm_rows::forward(run, node, false, memory);
}

fn backward_input<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    norm_rows::backward_input(run, node, false, memory);
}
