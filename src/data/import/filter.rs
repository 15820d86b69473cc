//! Which rows of an import are kept.

use std::path::Path;

use crate::data::formats::read_array;
use crate::data::import::options::Import;
use crate::error::Result;
use crate::input_error;

impl Import {
    /// The rows that are kept, if not all of the `rows` that there are.
    ///
    /// # Errors
    /// A column that cannot be read, has another number of rows or a number that is not whole;
    /// remainders that keep nothing.
    pub(crate) fn kept_rows(&self, base: &Path, rows: usize) -> Result<Option<Vec<u32>>> {
        let Some(filter) = &self.rows else { return Ok(None) };
        if filter.divisor == 0 || filter.remainders.iter().any(|one| *one >= filter.divisor) {
            return Err(input_error!(
                "rows.divisor = {} and rows.remainders = {:?}: remainders are less than the \
                 divisor, which is at least 1",
                filter.divisor,
                filter.remainders
            ));
        }
        let path = base.join(&filter.column);
        let column = read_array(&path)?.values;
        if column.len() != rows {
            return Err(input_error!(
                "{} has {} numbers but there are {rows} rows; they must be one for each",
                path.display(),
                column.len()
            ));
        }
        let whole = |number: &f64| number.fract() == 0.0 && (0.0..9e15).contains(number);
        if let Some(row) = column.iter().position(|number| !whole(number)) {
            return Err(input_error!(
                "{} is {} in row {row} (counting from 0); rows are kept by whole numbers",
                path.display(),
                column[row]
            ));
        }
        let keeps = |number: f64| filter.remainders.contains(&(number as u64 % filter.divisor));
        let kept: Vec<u32> = (0..rows as u32).filter(|row| keeps(column[*row as usize])).collect();
        match kept.is_empty() {
            false => Ok(Some(kept)),
            true => Err(input_error!(
                "no number of {} has a remainder of {:?} by {}, so no row is kept",
                path.display(),
                filter.remainders,
                filter.divisor
            )),
        }
    }
}
