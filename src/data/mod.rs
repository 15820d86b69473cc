//! Datasets: what was simulated, read from the files people have and kept in one npz.
//!
//! A [`Dataset`] holds raw inputs and targets in physical units, with their names, and knows
//! nothing of training.
//!
//! | file | what |
//! |---|---|
//! | `array` | a [`Matrix`], and which reader a file needs |
//! | `numpy` | `.npy` and `.npz`, as numpy writes them |
//! | `text` | columns of numbers in text |
//! | `zip` | the container of an npz |
//! | `file` | bytes from a file and safely into one, fingerprints |
//! | `names` | names of columns and the prior ranges that are well known |
//! | `dataset` | the [`Dataset`] and what must hold of it |
//! | `npz` | a dataset in one npz |
//! | `quijote` | one folder per simulation, as Quijote is published |
//! | `import` | a [`Source`], as typed by the user, to a [`Dataset`] |
//! | `inputs` | the inputs of a source |
//! | `scaling` | what a network sees of a row, and back ([`Scaling`]) |
//! | `split` | the test set and the nested subsets ([`Pool`]) |
//!
//! Rows and columns in error messages count from 0, as in numpy; lines of a text file and the
//! columns on them count from 1, as in an editor.

pub mod array;
pub mod dataset;
pub(crate) mod file;
pub(crate) mod files;
pub mod import;
pub(crate) mod inputs;
pub mod names;
pub(crate) mod npz;
pub(crate) mod numpy;
pub mod quijote;
pub mod scaling;
pub mod split;
pub(crate) mod text;
pub(crate) mod zip;

pub use array::{Matrix, read_axis, read_matrix, read_table};
pub use dataset::Dataset;
pub use import::Source;
pub use scaling::{Scaling, check_positive, features};
pub use split::{Pool, Split};
