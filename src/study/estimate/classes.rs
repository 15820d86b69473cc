//! Classes of GPUs by their data sheets.

/// What a data sheet promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// Floating-point operations per second in f32, without tensor cores.
    pub flops: f64,
    /// Bytes per second of its memory.
    pub bandwidth: f64,
    /// Seconds of a dispatch through WebGPU on Vulkan or Metal, the least that Maczan measured
    /// ("Characterizing WebGPU Dispatch Overhead", arXiv 2604.02344, abstract: 24 to 36 and 32 to
    /// 71 microseconds).
    pub dispatch: f64,
    /// Where the first two are from.
    pub source: &'static str,
}

const VULKAN: f64 = 24e-6;
const METAL: f64 = 32e-6;

/// From laptops to data centres.
pub const CLASSES: [Class; 5] = [
    Class {
        name: "Apple M2 (10 cores)",
        flops: 3.6e12,
        bandwidth: 100e9,
        dispatch: METAL,
        source: "Apple's announcement of M2, June 2022",
    },
    Class {
        name: "GeForce RTX 3060 Laptop",
        // two operations on each of 3,840 cores at the highest boost clock of 1.703 GHz
        flops: 13.1e12,
        bandwidth: 336e9,
        dispatch: VULKAN,
        source: "NVIDIA's table of laptop GPUs: 3,840 cores, at most 1.703 GHz; 192 bits at 14 Gbit/s",
    },
    Class {
        name: "GeForce RTX 4090",
        flops: 82.6e12,
        bandwidth: 1008e9,
        dispatch: VULKAN,
        source: "NVIDIA Ada architecture, white paper",
    },
    Class {
        name: "A100 SXM 40 GB",
        flops: 19.5e12,
        bandwidth: 1555e9,
        dispatch: VULKAN,
        source: "NVIDIA A100, data sheet",
    },
    Class {
        name: "H100 SXM",
        flops: 67e12,
        bandwidth: 3350e9,
        dispatch: VULKAN,
        source: "NVIDIA H100, data sheet",
    },
];
