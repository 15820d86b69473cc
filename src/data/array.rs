//! A matrix of numbers, and reading one from any file that holds one.

use std::path::{Path, PathBuf};

use crate::data::file::{prefix, read_bytes};
use crate::data::{numpy, text};
use crate::input_error;
use crate::error::Result;

/// A row-major matrix of f64 read from a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// How many rows (simulations).
    pub rows: usize,
    /// How many columns (inputs or targets).
    pub columns: usize,
    /// The numbers, shape (rows, columns), the columns next to each other.
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
    /// If one of them is not there.
    pub fn select_columns(&self, columns: &[usize]) -> Matrix {
        let rows = (0..self.rows).map(|row| self.row(row));
        let values = rows.flat_map(|row| columns.iter().map(|&column| row[column])).collect();
        Matrix::new(self.rows, columns.len(), values)
    }

    /// The given rows, in the given order.
    ///
    /// # Panics
    /// If one of them is not there.
    pub fn select_rows(&self, rows: &[u32]) -> Matrix {
        let values = rows.iter().flat_map(|&row| self.row(row as usize).iter().copied()).collect();
        Matrix::new(rows.len(), self.columns, values)
    }

    /// Checks that every number is finite.
    ///
    /// # Errors
    /// The first NaN or infinity: its row, its column and, when given, that column's name, and how
    /// many there are.
    pub fn check_finite(&self, names: &[String]) -> Result<()> {
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

    /// Checks that there is at least one row and one column.
    pub(crate) fn check_not_empty(&self) -> Result<()> {
        match (self.rows, self.columns) {
            (0, columns) => Err(input_error!("has no rows: its shape is (0, {columns})")),
            (rows, 0) => Err(input_error!("has no columns: its shape is ({rows}, 0)")),
            _ => Ok(()),
        }
    }
}

/// Reads a matrix from `.npy`, `.npz` (with one array, or `file.npz:member`) or text (whitespace,
/// comma or semicolon between the columns, `#` before comments). A 1-d array is one column.
///
/// # Errors
/// Each names the file: it is missing, cut short, of another format, of a type that is not real
/// numbers, has more than two dimensions or no numbers at all; in text, the line and the word that
/// is not a number.
pub fn read_matrix(path: &Path) -> Result<Matrix> {
    Ok(read_table(path)?.0)
}

/// Reads an axis: one row or one column of finite numbers, from any file that [`read_matrix`]
/// reads.
///
/// # Errors
/// As [`read_matrix`]; another shape, with its numbers; a number that is not finite.
pub fn read_axis(path: &Path) -> Result<Vec<f64>> {
    let axis = read_matrix(path)?;
    if axis.rows != 1 && axis.columns != 1 {
        let (path, rows, columns) = (path.display(), axis.rows, axis.columns);
        return Err(input_error!(
            "{path} has shape ({rows}, {columns}); an axis is one row or one column"
        ));
    }
    axis.check_finite(&[]).map_err(|error| prefix(error, path.display()))?;
    Ok(axis.values)
}

/// Reads a matrix as [`read_matrix`] does, with the names of its columns where a text file has
/// them: in a first line of words, or in a `#` line directly above the numbers with as many words
/// as there are columns.
///
/// # Errors
/// As [`read_matrix`].
pub fn read_table(path: &Path) -> Result<(Matrix, Option<Vec<String>>)> {
    let (file, member) = split_member(path);
    let bytes = read_bytes(&file)?;
    let parsed = parse(&file, member, &bytes).and_then(|(matrix, names)| {
        matrix.check_not_empty()?;
        Ok((matrix, names))
    });
    parsed.map_err(|error| prefix(error, path.display()))
}

fn parse(file: &Path, member: Option<&str>, bytes: &[u8]) -> Result<(Matrix, Option<Vec<String>>)> {
    match kind(file, bytes)? {
        Kind::Npy => Ok((numpy::matrix(bytes)?, None)),
        Kind::Npz => {
            let mut archive = numpy::Archive::open(bytes)?;
            let name = match member {
                Some(name) => name.to_string(),
                None => archive.only_member(file)?,
            };
            Ok((numpy::matrix(&archive.member(&name)?)?, None))
        }
        Kind::Text => text::table(bytes),
    }
}

/// `file.npz:member` is the file and the member; any other path is itself.
pub(crate) fn split_member(path: &Path) -> (PathBuf, Option<&str>) {
    match path.to_str().and_then(|text| text.rsplit_once(".npz:")) {
        Some((stem, member)) => (PathBuf::from(format!("{stem}.npz")), Some(member)),
        None => (path.to_path_buf(), None),
    }
}

enum Kind {
    Npy,
    Npz,
    Text,
}

/// What a file is: by its first bytes, because names lie; by its name where those say nothing.
fn kind(file: &Path, bytes: &[u8]) -> Result<Kind> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let extension = extension.to_ascii_lowercase();
    if bytes.is_empty() {
        return Err(input_error!("is empty (0 bytes)"));
    }
    if bytes.starts_with(b"\x93NUMPY") {
        return Ok(Kind::Npy);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Npz);
    }
    if extension == "npy" || extension == "npz" {
        return Err(input_error!(
            "is not a .{extension} file: it does not begin as one. Save it with np.save(file, \
             array.astype('f8'))"
        ));
    }
    if bytes.contains(&0) {
        return Err(input_error!(
            "is a binary file that is neither .npy nor .npz. Save it with np.save(file, \
             array.astype('f8'))"
        ));
    }
    Ok(Kind::Text)
}
