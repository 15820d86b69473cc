//! References: results agree with PyTorch on the arrays of `tests/reference`. Tests of the library
//! compare with other programs.

mod adamw;
mod architectures;
mod kernels;
mod ops;
mod schedule;
mod shuffle;
mod training;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::common::*;
use shoal::engine::activation::Activation;
use shoal::engine::gpu::Gpu;
use shoal::engine::graph::Graph;
use shoal::engine::memory::Memory;
use shoal::engine::optim::update_scale::UpdateScale;
use shoal::engine::prepared::PreparedRun;
use shoal::engine::real::Real;
use shoal::engine::run::Run;
use shoal::engine::run::Training;
use shoal::engine::scale::InputScale;
use shoal::engine::step::Call;
use shoal::engine::table::Table;

use crate::one_call;

/// The folder of the stored arrays, in the package that cargo names or, for a program that was
/// copied to another machine, benches/hardware.
fn stored() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").into();
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(built, PathBuf::from);
    package.join("tests/reference")
}

/// One file of reference arrays.
struct Reference(PathBuf);

impl Reference {
    fn open(name: &str) -> Self {
        Self(stored().join(format!("{name}.npz")))
    }

    /// Whether it has an array.
    fn has(&self, name: &str) -> bool {
        let file = File::open(&self.0).expect("the reference arrays are in tests/reference");
        let archive = zip::ZipArchive::new(file).expect("an npz");
        archive.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// The bytes of an array.
    fn bytes(&self, name: &str) -> Vec<u8> {
        let file = File::open(&self.0).expect("the reference arrays are in tests/reference");
        let mut archive = zip::ZipArchive::new(file).expect("an npz");
        let array = archive.by_name(&format!("{name}.npy"));
        let mut bytes = Vec::new();
        let mut array = array.unwrap_or_else(|error| panic!("array '{name}': {error}"));
        array.read_to_end(&mut bytes).expect("a readable file");
        bytes
    }

    /// Its numbers, whatever their type, row by row.
    fn numbers(&self, name: &str) -> Vec<f64> {
        let bytes = self.bytes(name);
        let array = npyz::NpyFile::new(&bytes[..]).expect("an array");
        let kind = array.dtype().descr();
        match kind.trim_matches(|c| "'<".contains(c)) {
            "f8" => array.into_vec::<f64>().unwrap(),
            "f4" => array.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
            "u4" => array.into_vec::<u32>().unwrap().into_iter().map(f64::from).collect(),
            "i8" => array.into_vec::<i64>().unwrap().into_iter().map(|n| n as f64).collect(),
            other => panic!("'{name}' holds {other}"),
        }
    }

    /// Numbers that f32 holds exactly.
    fn singles(&self, name: &str) -> Vec<f32> {
        let exact = |number: f64| {
            assert_eq!(f64::from(number as f32), number, "{name}");
            number as f32
        };
        self.numbers(name).into_iter().map(exact).collect()
    }

    fn words(&self, name: &str) -> Vec<u32> {
        self.numbers(name).into_iter().map(|number| number as u32).collect()
    }

    fn widths(&self, name: &str) -> Vec<usize> {
        self.numbers(name).into_iter().map(|number| number as usize).collect()
    }

    fn activation(&self, name: &str) -> Activation {
        let bytes = self.bytes(name);
        let array = npyz::NpyFile::new(&bytes[..]).expect("an activation's name");
        Activation::named(&array.into_vec::<String>().unwrap()[0], SLOPE).expect("known")
    }

    /// The parameters `<prefix>w0`, `<prefix>b0`, ... of a network, laid out as ours: PyTorch's
    /// weights are [out, in].
    fn parameters(&self, prefix: &str, network: &Graph) -> Vec<f64> {
        let mut parameters = vec![0.0; network.parameter_len()];
        let layers = dense(network).into_iter();
        for (number, layer) in layers.enumerate() {
            let weights = self.numbers(&format!("{prefix}w{number}"));
            let bias = self.numbers(&format!("{prefix}b{number}"));
            assert_eq!(weights.len(), layer.inputs * layer.outputs);
            for output in 0..layer.outputs {
                for input in 0..layer.inputs {
                    let at = layer.weights + input * layer.stride + output;
                    parameters[at] = weights[output * layer.inputs + input];
                }
            }
            parameters[layer.bias..][..layer.outputs].copy_from_slice(&bias);
        }
        parameters
    }
}

/// The slope of leaky_relu in every reference array.
const SLOPE: f32 = 0.2;

/// Executes one call in the memory of a run: a backend under test.
type Execute<'a, F> = &'a dyn Fn(&PreparedRun, &mut Memory<F>, Call);

fn on_cpu<F: Real>(run: &PreparedRun, memory: &mut Memory<F>, call: Call) {
    call.reference(run, memory);
}

fn on_gpu(gpu: &Gpu) -> impl Fn(&PreparedRun, &mut Memory<f32>, Call) + '_ {
    |run, memory, call| *memory = one_call::execute(gpu, run, memory, call)
}

/// A run on all rows of a table, inputs not scaled, in one batch.
fn whole(network: Graph, parameters: Vec<f32>, table: Table, seed: u32) -> PreparedRun {
    let mut loss_weights = vec![1.0; network.outputs()];
    loss_weights[table.targets..].fill(0.0);
    let inputs = network.inputs();
    let run = Run {
        id: 0,
        training: Training { batch: table.rows, ..training() },
        seed,
        table: 0,
        training_rows: (0..table.rows as u32).collect(),
        validation_rows: vec![0],
        scale: InputScale::none(inputs),
        item_scale: InputScale::default(),
        loss_weights,
        updates: UpdateScale::all(&network),
        parameters,
        graph: network,
    };
    PreparedRun::new(run, tables(&table))
}

fn narrow(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|number| *number as f32).collect()
}

fn reals<F: Real>(numbers: &[f64]) -> Vec<F> {
    numbers.iter().map(|number| F::of(*number)).collect()
}

fn wide<F: Real>(numbers: &[F]) -> Vec<f64> {
    numbers.iter().map(|number| number.wide()).collect()
}

/// Asserts that the largest deviation is at most `tolerance` times the largest number of the array.
fn assert_close(what: &str, ours: &[f64], reference: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), reference.len(), "{what}");
    let scale = reference.iter().fold(0.0f64, |m, number| m.max(number.abs()));
    let off = |(ours, reference): (&f64, &f64)| {
        let off = (ours - reference).abs();
        // NaN fails
        if off.is_nan() { f64::INFINITY } else { off }
    };
    let offs: Vec<f64> = ours.iter().zip(reference).map(off).collect();
    let (place, worst) = offs
        .iter()
        .enumerate()
        .fold((0, 0.0), |worst, (place, off)| if *off > worst.1 { (place, *off) } else { worst });
    println!("{what}: {:.1e} of the scale {scale:.1e}", worst / scale);
    assert!(
        worst <= tolerance * scale,
        "{what}[{place}] is {}, in PyTorch {}: off by {:e} of the scale, more than {tolerance:e}",
        ours[place],
        reference[place],
        worst / scale
    );
}

/// The parts of a parameter vector by their PyTorch names.
fn assert_parameters_close(
    what: &str,
    network: &Graph,
    ours: &[f64],
    reference: &[f64],
    tolerance: f64,
) {
    for (number, place) in dense(network).into_iter().enumerate() {
        let parts =
            [("w", place.weights..place.bias), ("b", place.bias..place.bias + place.stride)];
        for (name, part) in parts {
            let what = format!("{what} {name}{number}");
            assert_close(&what, &ours[part.clone()], &reference[part], tolerance);
        }
    }
}
