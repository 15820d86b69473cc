//! Which row of the targets belongs to which row of the inputs, by the names of the rows.

use std::collections::HashMap;

use crate::error::Result;
use crate::input_error;

/// A file in messages, and the names of its rows.
pub(crate) struct Rows<'a> {
    pub(crate) file: String,
    pub(crate) labels: &'a [String],
}

impl Rows<'_> {
    /// Whether they only count the rows.
    fn are_default(&self) -> bool {
        self.labels.iter().enumerate().all(|(row, label)| *label == row.to_string())
    }
}

/// The row of `y` of each row of `x`, if it is not the same. Names that only count the rows are
/// none beside others.
///
/// # Errors
/// A row of `x` that `y` has not; a name that occurs twice.
pub(crate) fn match_rows(x: &Rows, y: &Rows) -> Result<Option<Vec<u32>>> {
    if x.labels == y.labels {
        return Ok(None);
    }
    let mut rows = HashMap::new();
    for (row, label) in y.labels.iter().enumerate() {
        if rows.insert(label, row as u32).is_some() {
            return Err(input_error!(
                "{}: two rows have the name '{label}', so they cannot be matched with those of {}",
                y.file,
                x.file
            ));
        }
    }
    let found: Vec<Option<u32>> = x.labels.iter().map(|label| rows.get(label).copied()).collect();
    if found.iter().all(Option::is_none) && (x.are_default() || y.are_default()) {
        return Ok(None);
    }
    if let Some(row) = found.iter().position(Option::is_none) {
        return Err(input_error!(
            "{} has no row '{}', which is row {row} of {}; they have {} and {} rows, which are \
             matched by their names in the first column",
            y.file,
            x.labels[row],
            x.file,
            y.labels.len(),
            x.labels.len()
        ));
    }
    Ok(Some(found.into_iter().flatten().collect()))
}
