//! The description of a kernel: a shader, the buffers that it binds, the tiles of a run, and the
//! CPU reference that computes the same.

use crate::engine::buffer::{Access, Buffer};
use crate::engine::graph::{Graph, NodeId, Op};
use crate::engine::layout::LANES;
use crate::engine::memory::Memory;
use crate::engine::onnx::layer::{Layer, Torch};
use crate::engine::onnx::nodes::Nodes;
use crate::engine::prepared::PreparedRun;
use crate::engine::real::{Real, version};
use crate::engine::run::Training;
use crate::engine::shader;
use crate::engine::shape::Shape;
use crate::engine::tile::{Grid, ProductTile, Products, TileSet};

/// A kernel of a step. The kernels of an op are called for a node, the others for a whole run, with
/// its output node.
#[derive(Debug)]
pub struct Kernel {
    /// Its name, that of its shader: `shaders/<name>.wgsl`; or those of a shader with several entry
    /// points and of one of these, see [`shader::entry`].
    pub name: &'static str,
    /// The buffers of group 0, in the order of their binding numbers. Group 1 has the call.
    pub bindings: &'static [(Buffer, Access)],
    /// Its `override` constants for a tile set.
    pub constants: fn(&TileSet) -> Vec<(&'static str, f64)>,
    /// The tile of a thread, of a matrix product.
    pub product: Option<fn(&Products) -> ProductTile>,
    /// Whether a device may execute its calls of all levels as one, where the last of them is:
    /// nothing else changes what they read, or reads what they write, before that.
    pub joins_levels: bool,
    /// Which runs call it, by how they update their parameters.
    pub update: Update,
    /// Whether it is called for this node of a run with this graph and training.
    pub serves: fn(&Graph, &Training, NodeId) -> bool,
    /// The tiles that serve this node of a run.
    pub tiles: fn(&PreparedRun, NodeId, &TileSet) -> Grid,
    /// Terms of its sums for this node: the relative duration of a tile.
    pub terms: fn(&PreparedRun, NodeId) -> usize,
    /// Tiles that one workgroup serves.
    pub tiles_per_group: fn(&TileSet) -> u32,
    /// The CPU implementation.
    pub reference: Reference,
}

/// An op with the kernels that execute it, and what it is in other formats.
#[derive(Debug)]
pub struct OpKernels {
    /// The op.
    pub op: &'static Op,
    /// The kernels that compute a node from its inputs, in order.
    pub forward: &'static [&'static Kernel],
    /// The kernels that compute the gradients of a node's parameters and of its inputs, in order.
    pub backward: &'static [&'static Kernel],
    /// Adds the nodes of ONNX that compute a node; returns the name of the output.
    pub onnx: fn(&Layer, &mut Nodes) -> String,
    /// The same in PyTorch.
    pub torch: fn(&Layer) -> Torch,
}

/// How a run updates its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Called by runs with and without the fused update.
    Any,
    /// Called by runs with the fused update, which do not store gradients.
    Fused,
    /// Called by runs that store their gradients and update all parameters in one kernel.
    Stored,
    /// Called by runs of which one workgroup executes whole steps; they call nothing else. A
    /// dispatch executes all steps of a chunk.
    Resident,
}

/// The CPU implementation of a kernel: computes a node of a run in the run's memory.
pub type ReferenceOf<F> = fn(&PreparedRun, NodeId, &mut Memory<F>);

/// A [`ReferenceOf`] in f32 and f64; [`reference!`] builds it from a generic function.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// In f32, for training on the CPU.
    pub f32: ReferenceOf<f32>,
    /// In f64, for tests.
    pub f64: ReferenceOf<f64>,
}

impl Reference {
    /// The function for `F`.
    pub fn of<F: Real>(&self) -> ReferenceOf<F> {
        version([&self.f32, &self.f64])
    }
}

/// The [`Reference`] of a function that is generic over [`Real`].
macro_rules! reference {
    ($function:path) => {
        $crate::engine::kernel::Reference { f32: $function, f64: $function }
    };
}

pub(crate) use reference;

impl Kernel {
    /// Its complete WGSL source for a tile set.
    pub fn source(&self, set: &TileSet) -> String {
        shader::source(shader::entry(self.name).0, set, self.product_tile(set))
    }

    /// The tile of a thread in a tile set, of a matrix product.
    pub fn product_tile(&self, set: &TileSet) -> Option<ProductTile> {
        self.product.map(|product| product(&set.products))
    }

    /// Its entry point in this source.
    pub fn entry(&self) -> &'static str {
        shader::entry(self.name).1
    }

    /// Whether any run in the precision of this tile set calls it.
    pub fn is_used(&self, set: &TileSet) -> bool {
        match self.update {
            Update::Any | Update::Stored => true,
            Update::Fused => set.fuses_updates(),
            Update::Resident => set.resident,
        }
    }
}

/// Defaults for kernels that are no product and serve nothing yet.
pub const BARE: Kernel = Kernel {
    name: "",
    bindings: &[],
    constants: |_| Vec::new(),
    product: None,
    joins_levels: false,
    update: Update::Any,
    serves: |_, _, _| false,
    tiles: |_, _, _| Grid::EMPTY,
    terms: no_terms,
    tiles_per_group: one_tile,
    reference: Reference { f32: |_, _, _| {}, f64: |_, _, _| {} },
};

/// Defaults for the kernels of ops whose lanes each serve four rows and four columns.
pub const BLOCKS: Kernel = Kernel {
    bindings: &[
        (Buffer::Runs, Access::Read),
        (Buffer::States, Access::Read),
        (Buffer::Tiles, Access::Read),
        (Buffer::Nodes, Access::Read),
        (Buffer::Work, Access::ReadWrite),
    ],
    serves: always,
    tiles: |run, node, _| blocks(run, run.graph.shape(node)),
    ..BARE
};

/// Tiles of 32 rows and four columns of a value of this shape: i: rows, j: columns.
pub fn blocks(run: &PreparedRun, shape: Shape) -> Grid {
    let rows = run.layout.rows.of(shape.rows);
    Grid::new(rows.div_ceil(4 * LANES), shape.width.div_ceil(4))
}

impl PartialEq for Kernel {
    /// Compares the names.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// [`Kernel::serves`] of kernels that are called for every node of their op.
pub fn always(_graph: &Graph, _training: &Training, _node: NodeId) -> bool {
    true
}

/// [`Kernel::serves`] of kernels that give gradients to the inputs of a node.
pub fn gives_gradients(graph: &Graph, _training: &Training, node: NodeId) -> bool {
    let inputs = 0..graph.nodes()[node].inputs.len();
    inputs.into_iter().any(|input| graph.contribution(node, input).is_some())
}

/// [`Kernel::terms`] of kernels without sums along a dimension of a run.
pub fn no_terms(_run: &PreparedRun, _node: NodeId) -> usize {
    0
}

/// [`Kernel::tiles_per_group`] of kernels whose workgroups serve one tile each.
pub fn one_tile(_set: &TileSet) -> u32 {
    1
}
