//! Datasets: what was simulated, read from the files that people have and kept in one npz.
//!
//! A [`Dataset`] holds raw inputs and targets in physical units, with their names. It knows nothing
//! of training, and what a field of science knows of its data comes from outside
//! ([`Conventions`]).
//!
//! | file | what |
//! |---|---|
//! | `matrix` | a [`Matrix`] of numbers |
//! | `names` | names of columns, and matching by them |
//! | `axis` | where inputs lie |
//! | `files` | reading files, and writing them safely |
//! | `conventions` | ranges of well-known targets, layouts of folders ([`Conventions`]) |
//! | `dataset` | the [`Dataset`] and what must hold of it |
//! | `items` | the items of a ragged dataset ([`Items`]) |
//! | `table`, `observations` | columns with their names; inputs alone, as a model reads them |
//! | `array` | an array of any number of dimensions, or ragged |
//! | `binary` | numbers as they lie in binary files |
//! | `format` | what a file format is |
//! | `npy`, `npy_table`, `npz`, `text/` | the formats of tables |
//! | `columnar`, `parquet`, `root/` | files of columns with names, some of them lists |
//! | `hdf5/` | HDF5 |
//! | `foreign` | files of other programs that are taken for tables |
//! | `dataset_npz` | the format of a dataset |
//! | `formats` | the list of [`FORMATS`], and reading a file of any of them |
//! | `write` | a matrix as npy, npz or CSV |
//! | `condition`, `expression` | which rows are kept; numbers computed from columns |
//! | `condition_text` | how both are written |
//! | `import` | from other files to a dataset ([`Import`]) |
//! | `columns` | logarithms and missing numbers, column by column ([`Columns`]) |
//! | `scaling` | what a network sees of a row, and back ([`Scaling`]) |
//! | `split` | the test set and the nested subsets ([`Pool`]) |
//!
//! Rows and columns in error messages count from 0, as in numpy; lines of a text file and the
//! columns on them count from 1, as in an editor.

pub(crate) mod array;
pub(crate) mod axis;
pub(crate) mod binary;
pub(crate) mod columnar;
pub mod columns;
pub(crate) mod condition;
pub(crate) mod condition_text;
pub mod conventions;
pub mod dataset;
pub(crate) mod dataset_npz;
pub(crate) mod expression;
pub(crate) mod files;
pub(crate) mod foreign;
pub(crate) mod format;
pub mod formats;
pub(crate) mod hdf5;
pub mod import;
pub mod items;
pub mod matrix;
pub mod names;
pub mod npy;
pub(crate) mod npy_table;
pub(crate) mod npz;
pub mod observations;
pub(crate) mod parquet;
pub(crate) mod root;
pub mod scaling;
pub mod split;
pub mod table;
pub mod text;
pub(crate) mod write;

pub use columns::Columns;
pub use conventions::{Conventions, FolderLayout};
pub use dataset::Dataset;
pub use format::Format;
pub use formats::{FORMATS, is_dataset, read_axis, read_matrix, read_table};
pub use import::Import;
pub use items::Items;
pub use matrix::Matrix;
pub use npy::write_numbers;
pub use observations::{Examples, Observations};
pub use scaling::{Features, Scaling, check_positive, features};
pub use split::{Pool, Split};
pub use table::Table;
pub use text::{Decimal, TextOptions};
pub use write::{write_csv, write_npy, write_npz};
