//! An array of numbers as its file has it.

use crate::data::matrix::Matrix;

/// Numbers in as many dimensions as the file has.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Array {
    /// Its shape; of a ragged one (items) or (items, columns).
    pub(crate) shape: Vec<usize>,
    /// Its numbers, the last index running fastest.
    pub(crate) values: Vec<f64>,
    /// The names of its columns, which are the last dimension, where the file has them.
    pub(crate) names: Option<Vec<String>>,
    /// Of a ragged one: the first item of each row and, at the end, the number of all.
    pub(crate) offsets: Option<Vec<u32>>,
    /// Of a padded one, shape (rows, places): where there is an item, if the file says so.
    pub(crate) valid: Option<Vec<bool>>,
}

impl Array {
    /// An array without names.
    pub(crate) fn plain(shape: Vec<usize>, values: Vec<f64>) -> Self {
        Self { shape, values, ..Self::default() }
    }

    /// Columns with as many numbers each, side by side.
    pub(crate) fn of_columns(names: Vec<String>, columns: &[Vec<f64>]) -> Self {
        let matrix = Matrix::of_columns(columns);
        let shape = vec![matrix.rows, matrix.columns];
        Self { names: Some(names), ..Self::plain(shape, matrix.values) }
    }
}
