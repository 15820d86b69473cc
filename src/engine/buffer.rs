//! The buffers of the device, and how kernels access them.

use crate::engine::precision::Precision;

/// A buffer of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Buffer {
    /// `array<Run>`
    Runs,
    /// `array<Node>`
    Nodes,
    /// `array<State>`
    States,
    /// `array<Tile>`
    Tiles,
    /// `array<u32>`: each run's row numbers
    Rows,
    /// `array<Datum>`: the tables
    Data,
    /// `array<Vec4>`: of each run the parameters, the best ones and the moments
    Parameters,
    /// `array<Packed>`; in f16 also the weights
    Gradients,
    /// `array<Packed>`: the weights that products read, part of another buffer: see
    /// [`Buffer::owner`]
    Weights,
    /// `array<Packed>`
    Work,
}

impl Buffer {
    /// Every buffer that is allocated.
    pub const ALL: [Buffer; 9] = [
        Buffer::Runs,
        Buffer::Nodes,
        Buffer::States,
        Buffer::Tiles,
        Buffer::Rows,
        Buffer::Data,
        Buffer::Parameters,
        Buffer::Gradients,
        Buffer::Work,
    ];

    /// The buffer that contains this one: products read the parameters themselves or, in f16, the
    /// copy in the buffer of gradients.
    pub fn owner(self, precision: Precision) -> Buffer {
        match (self, precision) {
            (Buffer::Weights, Precision::F32) => Buffer::Parameters,
            (Buffer::Weights, Precision::F16) => Buffer::Gradients,
            (own, _) => own,
        }
    }

    /// The name of its variable in every shader.
    pub fn name(self) -> &'static str {
        match self {
            Buffer::Runs => "runs",
            Buffer::Nodes => "nodes",
            Buffer::States => "states",
            Buffer::Tiles => "tiles",
            Buffer::Rows => "rows",
            Buffer::Data => "data",
            Buffer::Parameters => "parameters",
            Buffer::Gradients => "gradients",
            Buffer::Weights => "weights",
            Buffer::Work => "work",
        }
    }
}

/// How a kernel accesses a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads it.
    Read,
    /// Writes it, and may read it.
    ReadWrite,
}
