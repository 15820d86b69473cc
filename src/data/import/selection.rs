//! Columns by their names: weights, groups, and which rows are kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::data::condition::Condition;
use crate::data::files::{prefix, split_member};
use crate::data::formats::{read_array, read_columns};
use crate::data::import::inputs::Inputs;
use crate::data::import::options::Import;
use crate::data::import::targets::Targets;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::error::Result;
use crate::input_error;

/// Where columns are looked for: the inputs and the targets that were read, a file or a part of one
/// that has this name, then the files of inputs, targets and items.
pub(crate) struct Named<'a> {
    pub(crate) import: &'a Import,
    pub(crate) base: &'a Path,
    pub(crate) inputs: &'a Inputs,
    pub(crate) targets: Option<&'a Targets>,
    /// Rows of the dataset.
    pub(crate) rows: usize,
}

impl Named<'_> {
    /// The column of a name, one number per row.
    ///
    /// # Errors
    /// No file has it, or not as many numbers.
    pub(crate) fn column(&self, option: &str, name: &str) -> Result<Vec<f64>> {
        let of_targets = |column: Vec<f64>| match &self.inputs.rows {
            Some(rows) if column.len() > *rows.iter().max().unwrap_or(&0) as usize => {
                rows.iter().map(|row| column[*row as usize]).collect()
            }
            _ => column,
        };
        let own = |matrix: &Matrix, names: &[String]| {
            let place = names.iter().position(|other| other == name)?;
            Some(matrix.column(place).collect::<Vec<f64>>())
        };
        if let Some(column) = own(&self.inputs.matrix, &self.inputs.names) {
            return self.checked(option, name, column);
        }
        let targets = self.targets.and_then(|targets| own(&targets.matrix, &targets.names));
        if let Some(column) = targets {
            return self.checked(option, name, of_targets(column));
        }
        let path = self.base.join(name);
        if split_member(&path).0.is_file() {
            return self.checked(option, name, read_array(&path, None)?.values);
        }
        let mut first = None;
        for (path, is_y) in self.files() {
            let header = if is_y { self.import.y_header } else { self.import.x_header };
            let wanted = [name.to_owned()];
            let table = read_columns(&path, self.import.text(header), Some(&wanted));
            let letter = if is_y { 'y' } else { 'x' };
            let table = table.map(|table| (table.column_names(letter), table.matrix));
            match table {
                Ok((Some(names), matrix)) => {
                    if let Some(column) = own(&matrix, &names) {
                        let column = if is_y { of_targets(column) } else { column };
                        return self.checked(option, name, column);
                    }
                }
                Ok((None, _)) => {}
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(match first {
            Some(error) => prefix(error, format!("`{option}`")),
            None => input_error!(
                "`{option}`: neither the inputs nor the targets have a column '{name}'; there are \
                 {}",
                names::some(&self.inputs.names)
            ),
        })
    }

    /// The files of inputs, items and targets, first those of the requested parts, and whether they
    /// have targets.
    fn files(&self) -> Vec<(PathBuf, bool)> {
        let Import { x, y, items, .. } = self.import;
        let x = Some((x, false)).filter(|(path, _)| !path.as_os_str().is_empty());
        let y = Some((y, true)).filter(|(path, _)| !path.as_os_str().is_empty());
        let items = items.iter().flatten().map(|path| (path, false));
        let parts: Vec<_> = x.into_iter().chain(y).chain(items).collect();
        let whole = parts.iter().map(|(path, is_y)| (split_member(path).0, *is_y));
        let all = parts.iter().map(|(path, is_y)| ((*path).clone(), *is_y)).chain(whole);
        let mut files: Vec<(PathBuf, bool)> = Vec::new();
        for (path, is_y) in all.map(|(path, is_y)| (self.base.join(path), is_y)) {
            if !path.is_dir() && !files.iter().any(|(other, _)| *other == path) {
                files.push((path, is_y));
            }
        }
        files
    }

    fn checked(&self, option: &str, name: &str, column: Vec<f64>) -> Result<Vec<f64>> {
        match column.len() == self.rows {
            true => Ok(column),
            false => Err(input_error!(
                "`{option}`: '{name}' has {} numbers but there are {} rows; they must be one for \
                 each",
                column.len(),
                self.rows
            )),
        }
    }

    /// The rows that are kept, if not all.
    ///
    /// # Errors
    /// A condition that is not understood, or names a column that is not there.
    pub(crate) fn kept(&self) -> Result<Option<Vec<u32>>> {
        let Some(text) = &self.import.condition else { return Ok(None) };
        let condition = Condition::parse(text).map_err(|error| prefix(error, "`where`"))?;
        let mut columns = HashMap::new();
        for name in condition.columns() {
            columns.insert(name, self.column("where", name)?);
        }
        let holds = |row: &u32| condition.holds(&|name: &str| columns[name][*row as usize]);
        Ok(Some((0..self.rows as u32).filter(holds).collect()))
    }

    /// The group of each row, if there are groups.
    ///
    /// # Errors
    /// A column that is not there, or has NaN.
    pub(crate) fn groups(&self) -> Result<Option<Vec<f64>>> {
        let Some(name) = &self.import.groups else { return Ok(None) };
        self.column("groups", name).map(Some)
    }
}
