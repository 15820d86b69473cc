//! A matrix of numbers.

use crate::error::Result;
use crate::input_error;

/// A row-major matrix of f64 read from a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// Number of rows (simulations).
    pub rows: usize,
    /// Number of columns (inputs or targets).
    pub columns: usize,
    /// The numbers, shape (rows, columns), row by row.
    pub values: Vec<f64>,
}

impl Matrix {
    /// A matrix of shape (rows, columns).
    ///
    /// # Panics
    /// If there are not rows x columns values.
    pub fn new(rows: usize, columns: usize, values: Vec<f64>) -> Self {
        assert_eq!(
            values.len(),
            rows * columns,
            "Matrix::new: values of a {rows} x {columns} matrix"
        );
        Self { rows, columns, values }
    }

    /// The matrix of these columns.
    ///
    /// # Panics
    /// If they do not have as many numbers each.
    pub(crate) fn of_columns(columns: &[Vec<f64>]) -> Self {
        let rows = columns.first().map_or(0, Vec::len);
        assert!(columns.iter().all(|one| one.len() == rows), "Matrix: columns of other lengths");
        let values = (0..rows).flat_map(|row| columns.iter().map(move |column| column[row]));
        Self::new(rows, columns.len(), values.collect())
    }

    /// Row `row`, shape (columns).
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// The numbers of column `column`, from the first row to the last.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn column(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        assert!(column < self.columns, "Matrix::column: column {column} of {}", self.columns);
        (0..self.rows).map(move |row| self.values[row * self.columns + column])
    }

    /// The given columns, in the given order.
    ///
    /// # Panics
    /// If there is no such column.
    pub(crate) fn select_columns(&self, columns: &[usize]) -> Matrix {
        let rows = (0..self.rows).map(|row| self.row(row));
        let values = rows.flat_map(|row| columns.iter().map(|&column| row[column])).collect();
        Matrix::new(self.rows, columns.len(), values)
    }

    /// The given rows, in the given order.
    ///
    /// # Panics
    /// If there is no such row.
    pub(crate) fn select_rows(&self, rows: &[u32]) -> Matrix {
        let values = rows.iter().flat_map(|&row| self.row(row as usize).iter().copied()).collect();
        Matrix::new(rows.len(), self.columns, values)
    }

    /// Checks that every number is finite.
    ///
    /// # Errors
    /// The first NaN or infinity: its row, its column and, when given, that column's name, and how
    /// many there are.
    pub(crate) fn check_finite(&self, names: &[String]) -> Result<()> {
        let count = self.values.iter().filter(|value| !value.is_finite()).count();
        let Some(first) = self.values.iter().position(|value| !value.is_finite()) else {
            return Ok(());
        };
        let (row, column) = (first / self.columns, first % self.columns);
        let name = names.get(column).map_or(column.to_string(), |name| format!("'{name}'"));
        Err(input_error!(
            "row {row} (counting from 0), column {name} is {}; {count} of {} values are not \
             finite. Take the rows with such values out of both the inputs and the targets",
            self.values[first],
            self.values.len()
        ))
    }

    /// Checks that every input is finite, or may be NaN.
    ///
    /// # Errors
    /// As [`Matrix::check_finite`], with what NaN can be.
    pub(crate) fn check_inputs(&self, names: &[String], nan: bool) -> Result<()> {
        let refused = |value: &f64| if nan { value.is_infinite() } else { !value.is_finite() };
        let first = self.values.iter().copied().find(refused);
        match first {
            None => Ok(()),
            Some(value) if value.is_nan() => self.check_finite(names).map_err(|error| {
                input_error!("{error}; or let a study file say what NaN is: missing = nan")
            }),
            Some(_) if nan => {
                // infinite numbers alone
                let values = self.values.iter().map(|x| if x.is_nan() { 0.0 } else { *x });
                Matrix::new(self.rows, self.columns, values.collect()).check_finite(names)
            }
            Some(_) => self.check_finite(names),
        }
    }

    /// Checks that there is at least one row and one column.
    pub(crate) fn check_not_empty(&self) -> Result<()> {
        match (self.rows, self.columns) {
            (0, columns) => Err(input_error!("has no rows: its shape is (0, {columns})")),
            (rows, 0) => Err(input_error!("has no columns: its shape is ({rows}, 0)")),
            _ => Ok(()),
        }
    }
}
