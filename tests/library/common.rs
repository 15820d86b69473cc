//! What several tests of the library share: stored reference arrays, and a check of error messages.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use npyz::NpyFile;
use shoal::engine::activation::Activation;
use shoal::engine::graph::Graph;

/// A path below the project's folder.
pub fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// An array of an npz; `None` if there is none of this name.
pub fn member(file: &Path, name: &str) -> Option<NpyFile<Cursor<Vec<u8>>>> {
    let open = File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut archive = zip::ZipArchive::new(open).expect("an npz");
    let mut bytes = Vec::new();
    archive.by_name(&format!("{name}.npy")).ok()?.read_to_end(&mut bytes).expect("a readable file");
    Some(NpyFile::new(Cursor::new(bytes)).expect("an array"))
}

/// The folder of collisions of Pythia and Delphes; `None`, with a note, if it is not there.
pub fn collisions() -> Option<PathBuf> {
    let folder = path("../shared/collider");
    if folder.is_dir() {
        return Some(folder);
    }
    let text = "the collisions of Pythia are not at ../shared/collider";
    assert!(std::env::var_os("CI").is_none(), "{text}");
    eprintln!("skipped: {text}");
    None
}

/// The coefficients of least squares: rows of features, targets and weights.
pub fn least_squares(rows: impl Iterator<Item = (Vec<f64>, f64, f64)>) -> Vec<f64> {
    let mut system: Vec<Vec<f64>> = Vec::new();
    for (features, target, weight) in rows {
        system.resize(features.len(), vec![0.0; features.len() + 1]);
        for (one, own) in features.iter().zip(&mut system) {
            let other = features.iter().chain([&target]);
            own.iter_mut().zip(other).for_each(|(sum, other)| *sum += weight * one * other);
        }
    }
    for pivot in 0..system.len() {
        let scale = system[pivot][pivot];
        let own: Vec<f64> = system[pivot].iter().map(|x| x / scale).collect();
        for row in &mut system {
            let factor = row[pivot];
            row.iter_mut().zip(&own).for_each(|(x, own)| *x -= factor * own);
        }
        system[pivot] = own;
    }
    system.into_iter().map(|row| row[row.len() - 1]).collect()
}

/// One file of reference arrays.
pub struct Reference(PathBuf);

impl Reference {
    pub fn open(name: &str) -> Self {
        Self(path("tests/reference").join(name).join(format!("{name}.npz")))
    }

    /// Its numbers, row by row.
    pub fn row(&self, name: &str) -> Vec<f64> {
        let array = member(&self.0, name).unwrap_or_else(|| panic!("no array '{name}'"));
        assert_eq!(array.order(), npyz::Order::C, "'{name}' lies by columns");
        array.into_vec().expect("numbers of 64 bits")
    }

    /// Its rows, of so many numbers each.
    pub fn rows(&self, name: &str, width: usize) -> Vec<Vec<f64>> {
        self.row(name).chunks(width).map(<[f64]>::to_vec).collect()
    }
}

/// The error has all these words.
#[track_caller]
pub fn says<T: std::fmt::Debug>(result: shoal::Result<T>, parts: &[&str]) {
    let error = result.expect_err("expected an error").to_string();
    (parts.iter()).for_each(|part| assert!(error.contains(part), "'{error}' lacks '{part}'"));
}

/// A perceptron, its hidden widths between those of input and output.
pub fn perceptron(
    inputs: usize,
    hidden: &[usize],
    outputs: usize,
    activation: Activation,
    output_activation: Activation,
    dropout: f32,
) -> Graph {
    let mlp = Graph::mlp(&[&[inputs], hidden, &[outputs]].concat()).activation(activation);
    mlp.output_activation(output_activation).dropout(dropout).build().expect("a perceptron")
}

/// A dense node as tests look at it.
#[derive(Clone, Copy, Debug)]
pub struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    /// Where weights and bias start, and from one row of the weights to the next.
    pub weights: usize,
    pub bias: usize,
    pub stride: usize,
}

/// The nodes of a graph, all of them dense.
pub fn dense(graph: &Graph) -> Vec<Dense> {
    let node = |id: usize| {
        let [weights, bias] = [0, 1].map(|matrix| graph.parameters(id)[matrix]);
        Dense {
            inputs: weights.rows,
            outputs: weights.columns,
            weights: weights.at,
            bias: bias.at,
            stride: weights.stride,
        }
    };
    (0..graph.nodes().len()).map(node).collect()
}
