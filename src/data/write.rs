//! Writing a matrix in the formats that its name may end in.

use std::path::Path;

use crate::data::files::write_atomically;
use crate::data::matrix::Matrix;
use crate::data::names::number_text;
use crate::data::npy;
use crate::data::npz::Writer;
use crate::error::Result;

/// Writes a matrix as `.npy`, f64, of shape (rows, columns).
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_npy(path: &Path, matrix: &Matrix) -> Result<()> {
    write_atomically(path, |file| npy::write_numbers(file, &shape(matrix), &matrix.values))
}

/// Writes a matrix as the array `y` of an `.npz`, and the names of its columns as `target_names`.
///
/// # Errors
/// As [`write_npy`].
pub fn write_npz(path: &Path, matrix: &Matrix, names: &[String]) -> Result<()> {
    write_atomically(path, |file| {
        let mut npz = Writer::new(file);
        npz.array("y", size_of_val(&matrix.values[..]), |file| {
            npy::write_numbers(file, &shape(matrix), &matrix.values)
        })?;
        npz.array("target_names", 0, |file| npy::write_text(file, &[names.len() as u64], names))?;
        npz.finish()
    })
}

/// Writes a matrix as CSV, its names in the first line, each number with the digits that read back
/// as the same one.
///
/// # Errors
/// As [`write_npy`].
pub fn write_csv(path: &Path, matrix: &Matrix, names: &[String]) -> Result<()> {
    write_atomically(path, |file| {
        let mut csv = csv::Writer::from_writer(file);
        csv.write_record(names)?;
        for row in 0..matrix.rows {
            csv.write_record(matrix.row(row).iter().map(|value| number_text(*value)))?;
        }
        csv.flush()
    })
}

fn shape(matrix: &Matrix) -> [u64; 2] {
    [matrix.rows as u64, matrix.columns as u64]
}
