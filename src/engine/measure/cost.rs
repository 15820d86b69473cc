//! The arithmetic and the memory traffic of one step of a run.

use std::ops::{Add, Mul};

use crate::engine::gpu::footprint::Footprint;
use crate::engine::graph::Graph;
use crate::engine::ops::dense::last;
use crate::engine::precision::Precision;
use crate::engine::run::Training;
use crate::engine::shape::BatchRows;
use crate::engine::step::Call;

/// Arithmetic and memory traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Floating-point operations of the matrix products, a multiplication and an addition counted
    /// as two.
    pub flops: f64,
    /// Bytes read and written, if every kernel accesses each of its numbers once.
    pub bytes: f64,
}

impl Cost {
    /// The cost of a training step on one batch: [`Graph::training_flops`] and AdamW, which reads
    /// stored gradients without the fused update.
    pub fn training(
        graph: &Graph,
        rows: impl Into<BatchRows>,
        precision: Precision,
        fuses_update: bool,
    ) -> Self {
        let rows = rows.into();
        let first = graph.first_trained();
        let trained = (first..graph.nodes().len()).flat_map(|node| graph.parameters(node));
        let trained: usize = trained.map(|matrix| matrix.rows * matrix.columns).sum();
        let footprint = Footprint::new(graph, rows, precision);
        let width = precision.bytes();
        let copies = match precision {
            Precision::F32 if fuses_update => 0,
            Precision::F32 => 2,
            Precision::F16 => 3,
        };
        Self {
            flops: graph.training_flops(rows) as f64,
            // parameters are read by forward and backward; AdamW reads parameter and two moments
            // and writes them; a stored gradient is written and read once; matrices of a batch are
            // written by one kernel and read by one; f16 also writes a copy of the parameters
            bytes: (2 * width * footprint.parameters
                + (6 * 4 + copies * width) * trained.min(footprint.parameters)
                + 2 * width * footprint.work) as f64,
        }
    }

    /// The cost of a validation step on one batch: the forward pass.
    pub fn validation(graph: &Graph, rows: impl Into<BatchRows>, precision: Precision) -> Self {
        let rows = rows.into();
        let footprint = Footprint::new(graph, rows, precision);
        Self {
            flops: graph.flops(rows) as f64,
            bytes: (precision.bytes() * (footprint.parameters + footprint.work)) as f64,
        }
    }
}

/// Floating-point operations of the matrix products of a call on a batch.
pub fn call_flops(
    call: Call,
    graph: &Graph,
    training: &Training,
    rows: impl Into<BatchRows>,
) -> usize {
    let rows = rows.into();
    match call.level {
        // two products
        None if call.kernel == &last::KERNEL => 2 * graph.node_flops(graph.output_node(), rows),
        None => 0,
        Some(_) => {
            let nodes = call.nodes(graph, training);
            nodes.map(|node| graph.node_flops(node, rows)).sum()
        }
    }
}

impl Add for Cost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { flops: self.flops + other.flops, bytes: self.bytes + other.bytes }
    }
}

impl Mul<f64> for Cost {
    type Output = Self;
    fn mul(self, times: f64) -> Self {
        Self { flops: self.flops * times, bytes: self.bytes * times }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_three_products_a_layer_less_the_first_input_and_what_is_frozen() {
        let graph = Graph::mlp(&[79, 256, 128, 6]).build().unwrap();
        let (one, two, three) = (2 * 79 * 256, 2 * 256 * 128, 2 * 128 * 6);
        let cost = |graph: &Graph| Cost::training(graph, 32, Precision::F32, false);
        let flops = |graph: &Graph| cost(graph).flops;
        assert_eq!(flops(&graph), (32 * (2 * one + 3 * two + 3 * three)) as f64);
        assert_eq!(
            Cost::validation(&graph, 32, Precision::F32).flops,
            (32 * (one + two + three)) as f64
        );
        let mut nodes = graph.nodes().to_vec();
        nodes[0].frozen = true;
        let frozen = Graph::new(graph.input(), nodes).unwrap();
        assert_eq!(flops(&frozen), (32 * (one + 2 * two + 3 * three)) as f64);
        assert!(cost(&frozen).bytes < cost(&graph).bytes);
        // a gradient for each parameter, written and read
        let fused = Cost::training(&graph, 32, Precision::F32, true);
        let stored = 8 * (80 * 256 + 257 * 128 + 129 * 6);
        assert_eq!(fused.bytes + stored as f64, cost(&graph).bytes);
        assert_eq!(fused.flops, flops(&graph));
    }
}
