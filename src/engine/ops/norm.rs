//! The op `norm`: layer norm, (x - mean) / sqrt(variance + 1e-5) gain + bias over the columns of a
//! row (Ba, Kiros & Hinton, arXiv 1607.06450, eq. 4), as `torch.nn.LayerNorm`. See
//! `shaders/norm.wgsl`.

use crate::engine::graph::{NodeId, Op, ParameterShape};
use crate::engine::kernel::{Kernel, OpKernels, reference};
use crate::engine::memory::Memory;
use crate::engine::onnx::nodes::{integer, number};
use crate::engine::ops::norm_rows;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;

/// A gain, shape (1, width), and a bias, shape (1, width).
pub static OP: Op = Op {
    name: "norm",
    parameters: |inputs, _| {
        let columns = inputs[0].width;
        vec![
            ParameterShape { name: "gain", rows: 1, columns, is_vector: true },
            ParameterShape { name: "bias", rows: 1, columns, is_vector: true },
        ]
    },
    ..norm_rows::OP
};

/// Its kernels.
pub static KERNELS: OpKernels = OpKernels {
    op: &OP,
    forward: &[&FORWARD],
    backward: &[&BACKWARD_WEIGHTS, &BACKWARD_INPUT],
    onnx: |layer, nodes| {
        let [gain, bias] = [0, 1].map(|place| layer.parameter(nodes, place));
        let attributes = vec![integer("axis", -1), number("epsilon", norm_rows::EPSILON as f32)];
        nodes.add_with("LayerNormalization", &[&layer.inputs[0], &gain, &bias], attributes)
    },
    torch: |layer| norm_rows::torch(layer, "LayerNorm"),
};

static FORWARD: Kernel =
    Kernel { name: "norm_forward", reference: reference!(forward), ..norm_rows::FORWARD };
static BACKWARD_INPUT: Kernel = Kernel {
    name: "norm_backward_input",
    reference: reference!(backward_input),
    ..norm_rows::BACKWARD_INPUT
};
static BACKWARD_WEIGHTS: Kernel =
    Kernel { name: "norm_backward_weights", ..norm_rows::BACKWARD_WEIGHTS };

fn forward<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    norm_rows::forward(run, node, true, memory);
}

fn backward_input<F: Real>(run: &PreparedRun, node: NodeId, memory: &mut Memory<F>) {
    norm_rows::backward_input(run, node, true, memory);
}
