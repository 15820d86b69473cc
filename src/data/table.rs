//! A table: columns of numbers with what their file says of them.

use crate::data::matrix::Matrix;

/// Columns of numbers, and the names of columns and rows where the file has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The numbers, shape (rows, columns).
    pub matrix: Matrix,
    /// One name per column.
    pub names: Option<Vec<String>>,
    /// One name per row, as `LH_0` or the index of a data frame.
    pub labels: Option<Vec<String>>,
}

impl Table {
    /// A table without names.
    pub(crate) fn unnamed(matrix: Matrix) -> Self {
        Self { matrix, names: None, labels: None }
    }

    /// The names of its columns as inputs or targets: those of a header of whole numbers are `x0`,
    /// `x1`, ..., as of columns without names, with this letter.
    pub(crate) fn column_names(&self, letter: char) -> Option<Vec<String>> {
        let names = self.names.clone()?;
        let whole = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        match names.iter().all(whole) {
            true => Some(names.iter().map(|name| format!("{letter}{name}")).collect()),
            false => Some(names),
        }
    }

    /// The header as the place of each column, if it is numbers that are not all whole, as
    /// wavenumbers are.
    pub(crate) fn header_axis(&self) -> Option<Vec<f64>> {
        let places = self.names.as_ref()?.iter().map(|name| name.parse::<f64>().ok());
        let places: Vec<f64> = places.collect::<Option<_>>()?;
        let whole = places.iter().all(|place| place.fract() == 0.0);
        (!whole && places.iter().all(|place| place.is_finite())).then_some(places)
    }
}
