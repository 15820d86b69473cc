//! The step of a shoal: the list of kernel calls that both backends execute.
//!
//! A step is: clock, gather, then for each level of the deepest graph the forward kernels of the
//! ops that occur there, the loss, the backward kernels of the same levels from the top down, and
//! the update. A call serves all runs, so the number of calls depends on the levels and the ops of
//! the graphs but not on the number of runs.

use std::fmt;

use crate::engine::graph::{Graph, NodeId};
use crate::engine::kernel::{Kernel, OpKernels, Update};
use crate::engine::memory::Memory;
use crate::engine::ops::dense::last;
use crate::engine::ops::{OPS, gather, gather_edges, gather_items, kernels_of, loss, sets};
use crate::engine::optim::{adamw, clip, clock, gradient_norm};
use crate::engine::prepared::PreparedRun;
use crate::engine::real::Real;
use crate::engine::resident;
use crate::engine::run::Training;
use crate::engine::tile::{Grid, TileSet};

/// A kernel of a step, called for every node of a level or once for every run.
#[derive(Clone, Copy, PartialEq)]
pub struct Call {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The level whose nodes it computes; `None` for a kernel of a whole run.
    pub level: Option<usize>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "{} of level {level}", self.kernel.name),
            None => f.write_str(self.kernel.name),
        }
    }
}

/// Which kernels of a run do the work of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fusion {
    /// Gradients of the parameters and their updates are one kernel.
    pub update: bool,
    /// Output, loss and gradient at the input of the last node are one kernel.
    pub last: bool,
    /// Whole steps are one kernel.
    pub resident: bool,
}

impl Fusion {
    /// Of a run with this graph and training, for a tile set. It depends on nothing else, so that
    /// the run has the same bits in any company.
    pub fn of(set: &TileSet, graph: &Graph, training: &Training) -> Self {
        Self {
            update: set.fuses_update(graph, training),
            last: set.fused_last && last::fits(graph, training),
            resident: set.resident && resident::fits(graph, training),
        }
    }
}

/// The kernels before the forward kernels.
const FIRST: [&Kernel; 5] =
    [&clock::KERNEL, &sets::KERNEL, &gather::KERNEL, &gather_items::KERNEL, &gather_edges::KERNEL];

/// Every kernel, in the order in which a step first calls them.
pub fn kernels() -> Vec<&'static Kernel> {
    let forward = OPS.iter().flat_map(|op| op.forward);
    let backward = OPS.iter().flat_map(|op| op.backward);
    let first = FIRST;
    let last = [&gradient_norm::KERNEL, &clip::KERNEL, &adamw::KERNEL, &resident::KERNEL];
    let ends = [&loss::KERNEL, &last::KERNEL];
    let middle = forward.copied().chain(ends).chain(backward.copied());
    first.into_iter().chain(middle).chain(last).collect()
}

/// The calls of a step for runs with these graphs. They include those of fused kernels and those of
/// the kernels that they replace; calls that serve no run are not dispatched.
pub fn calls<'a>(graphs: impl Iterator<Item = &'a Graph> + Clone) -> Vec<Call> {
    let depth = graphs.clone().map(Graph::depth).max().unwrap_or(0);
    let at = |level: usize, op: &OpKernels| {
        let mut graphs = graphs.clone();
        graphs.any(|graph| {
            let mut nodes = graph.nodes().iter().enumerate();
            nodes.any(|(id, node)| graph.level(id) == level && node.op == op.op)
        })
    };
    let run_call = |kernel: &'static Kernel| Call { kernel, level: None };
    let level_call = |kernel: &&'static Kernel, level: usize| Call { kernel, level: Some(level) };
    let mut calls: Vec<Call> = FIRST.map(run_call).into();
    for level in 0..depth {
        for op in OPS.iter().filter(|op| at(level, op)) {
            calls.extend(op.forward.iter().map(|kernel| level_call(kernel, level)));
        }
    }
    calls.extend([&loss::KERNEL, &last::KERNEL].map(run_call));
    for level in (0..depth).rev() {
        for op in OPS.iter().filter(|op| at(level, op)) {
            calls.extend(op.backward.iter().map(|kernel| level_call(kernel, level)));
        }
    }
    calls.extend([&gradient_norm::KERNEL, &clip::KERNEL, &adamw::KERNEL].map(run_call));
    calls.push(run_call(&resident::KERNEL));
    calls
}

/// The calls of each dispatch of a step.
pub fn dispatched(calls: &[Call]) -> Vec<Vec<Call>> {
    let mut all: Vec<Vec<Call>> = Vec::new();
    for call in calls {
        let joins =
            |earlier: &Vec<Call>| call.kernel.joins_levels && earlier[0].kernel == call.kernel;
        let earlier = all.iter().position(joins).map(|place| all.remove(place));
        let mut together = earlier.unwrap_or_default();
        together.push(*call);
        all.push(together);
    }
    all
}

/// The calls of one run, each with the node that it computes, with separate kernels for the last
/// node.
pub fn step_of(run: &PreparedRun, fuses_update: bool) -> Vec<(Call, NodeId)> {
    let fusion = Fusion { update: fuses_update, ..Fusion::default() };
    let calls = calls(std::iter::once(&run.graph)).into_iter();
    let nodes = |call: Call| {
        let nodes = call.nodes_of(&run.graph, &run.training, fusion);
        nodes.map(move |id| (call, id)).collect::<Vec<_>>()
    };
    calls.flat_map(nodes).collect()
}

/// Number of dispatches of a step for runs with these graphs and trainings, for a tile set.
pub fn dispatches<'a>(
    runs: impl Iterator<Item = (&'a Graph, &'a Training)> + Clone,
    set: &TileSet,
) -> usize {
    let serves = |call: &Call| {
        runs.clone().any(|(graph, training)| {
            let fusion = Fusion::of(set, graph, training);
            call.nodes_of(graph, training, fusion).next().is_some()
        })
    };
    let calls = calls(runs.clone().map(|(graph, _)| graph));
    dispatched(&calls).iter().filter(|together| together.iter().any(serves)).count()
}

impl Call {
    /// The nodes that it computes of a run whose kernels are fused like this.
    pub fn nodes_of<'a>(
        self,
        graph: &'a Graph,
        training: &'a Training,
        fusion: Fusion,
    ) -> impl Iterator<Item = NodeId> + 'a {
        let belongs = match self.kernel.update {
            Update::Resident => fusion.resident,
            _ if fusion.resident => false,
            Update::Any => true,
            Update::Fused => fusion.update,
            Update::Stored => !fusion.update,
        };
        let is_part = last::PARTS.contains(&self.kernel);
        let is_last = self.kernel == &last::KERNEL;
        let serves = move |id: &NodeId| match fusion.last {
            true => !is_part || *id != graph.output_node(),
            false => !is_last,
        };
        self.nodes(graph, training).filter(move |id| belongs && serves(id))
    }

    /// Whether it computes the loss of a batch: gathering, forward kernels and the loss.
    pub fn validates(self) -> bool {
        let is = |kernel: &&'static Kernel| *kernel == self.kernel;
        let forward = || OPS.iter().flat_map(|op| op.forward).any(&is);
        FIRST[1..].iter().any(&is) || self.kernel == &loss::KERNEL || forward()
    }

    /// The nodes of a run that it computes; the output node for a kernel of a whole run.
    pub fn nodes<'a>(
        self,
        graph: &'a Graph,
        training: &'a Training,
    ) -> impl Iterator<Item = NodeId> + 'a {
        let serves = move |id: &NodeId| match self.level {
            None => *id == graph.output_node(),
            Some(level) => {
                let op = kernels_of(graph.nodes()[*id].op);
                let mut kernels = op.forward.iter().chain(op.backward);
                graph.level(*id) == level && kernels.any(|kernel| *kernel == self.kernel)
            }
        };
        let ids = (0..graph.nodes().len()).filter(serves);
        ids.filter(move |id| (self.kernel.serves)(graph, training, *id))
    }

    /// The tiles that serve a node of a run.
    pub fn tiles(self, run: &PreparedRun, node: NodeId, set: &TileSet) -> Grid {
        (self.kernel.tiles)(run, node, set)
    }

    /// Executes the call on the CPU: all nodes of one run, in its memory.
    pub fn reference<F: Real>(self, run: &PreparedRun, memory: &mut Memory<F>) {
        for node in self.nodes(&run.graph, &run.training) {
            (self.kernel.reference.of())(run, node, memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::activation::Activation;
    use crate::engine::tile::{HARDWARE, HARDWARE_SPLIT, RESIDENT};

    #[test]
    fn a_step_of_a_perceptron_has_two_dispatches_per_node_and_a_few_more() {
        for layers in 1..=14 {
            let graph = Graph::mlp(&vec![3; layers + 1]).build().unwrap();
            let training = Training::default();
            let runs = || std::iter::once((&graph, &training));
            // the last layer is one, which gives the gradient at its input too
            let saved = if layers == 1 { 1 } else { 2 };
            assert_eq!(dispatches(runs(), &HARDWARE), 2 * layers + 3 - saved);
            assert_eq!(dispatches(runs(), &HARDWARE_SPLIT), 2 * layers + 4);
            let clipped = Training { clip_norm: Some(1.0), ..training };
            let both = [(&graph, &training), (&graph, &clipped)];
            assert_eq!(dispatches(both.into_iter(), &HARDWARE), 2 * layers + 7 - saved);
            assert_eq!(dispatches(both.into_iter(), &RESIDENT), 1);
            // a network with many outputs has the separate kernels for its last layer
            let wide = Graph::mlp(&vec![17; layers + 1]).build().unwrap();
            let wide = [(&wide, &training)];
            assert_eq!(dispatches(wide.into_iter(), &HARDWARE), 2 * layers + 3);
            let both = runs().chain(wide);
            assert_eq!(dispatches(both, &RESIDENT), 1 + 2 * layers + 3);
        }
        let both = [&[3, 3, 3, 3][..], &[3, 3, 3, 17]];
        let both = both.map(|widths| Graph::mlp(widths).build().unwrap());
        let training = Training::default();
        let runs = both.iter().map(|graph| (graph, &training));
        assert_eq!(dispatches(runs.clone().take(1), &HARDWARE), 7);
        assert_eq!(dispatches(runs, &HARDWARE), 10);
    }

    #[test]
    fn levels_are_shared_by_graphs_of_any_depth() {
        let [deep, flat] = [&[2, 5, 5, 5, 1][..], &[9, 1]]
            .map(|widths| Graph::mlp(widths).activation(Activation::Tanh).build().unwrap());
        let training = Training::default();
        let runs = [(&deep, &training), (&flat, &training)];
        let alone = dispatches(runs.into_iter().take(1), &HARDWARE);
        assert_eq!(dispatches(runs.into_iter(), &HARDWARE), alone);
    }
}
