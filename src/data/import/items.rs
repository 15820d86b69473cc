//! The items of an import: ragged arrays, or padded ones.

use std::path::Path;

use serde_json::{Map, Value};

use crate::data::array::Array;
use crate::data::files::prefix;
use crate::data::formats::read_array;
use crate::data::import::inputs::read_note;
use crate::data::import::item_columns::{chosen_columns, one_hot};
use crate::data::import::options::Import;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::error::Result;
use crate::input_error;

/// The items of an import, and notes for the provenance.
pub(crate) struct ImportedItems {
    pub(crate) items: Items,
    pub(crate) read: Map<String, Value>,
}

impl Import {
    /// The items, if there are some; relative paths from `base`.
    ///
    /// # Errors
    /// A file that cannot be read; arrays whose shapes do not fit; options that do not.
    pub(crate) fn read_items(&self, base: &Path) -> Result<Option<ImportedItems>> {
        let Some(paths) = &self.items else {
            let of_items = [
                ("counts", self.counts.is_some()),
                ("offsets", self.offsets.is_some()),
                ("mask", self.mask.is_some()),
                ("fill", self.fill.is_some()),
                ("item_names", self.item_names.is_some()),
                ("item_columns", self.item_columns.is_some()),
                ("one_hot", self.one_hot.is_some()),
            ];
            return match of_items.iter().find(|(_, given)| *given) {
                Some((option, _)) => Err(input_error!(
                    "`{option}` is given without `items`, the arrays that have them"
                )),
                None => Ok(None),
            };
        };
        let mut arrays = Vec::new();
        // the names of all columns are given where they are not those of the file
        let kept = self.item_columns.as_deref().filter(|_| self.item_names.is_none());
        let wanted = kept.map(|kept| self.read_for(kept)).transpose()?;
        for path in paths {
            let array = read_array(&base.join(path), wanted.as_deref())?;
            arrays.push((base.join(path).display().to_string(), array));
        }
        if arrays.is_empty() {
            return Err(input_error!("`items` is empty; name the arrays that have them"));
        }
        let mut read = Map::new();
        let notes: Result<Vec<Value>> =
            paths.iter().map(|path| read_note(path, &base.join(path))).collect();
        read.insert("items".into(), notes?.into());
        let named = ["counts", "offsets", "mask"].into_iter();
        let named = named.zip([&self.counts, &self.offsets, &self.mask]);
        for (name, path) in named.filter_map(|(name, path)| Some((name, path.as_ref()?))) {
            read.insert(name.into(), read_note(path, &base.join(path))?);
        }
        Ok(Some(ImportedItems { items: self.together(base, &arrays)?, read }))
    }

    /// The columns of the items that are kept, and those of classes in place of class numbers.
    pub(crate) fn chosen_items(&self, items: Items) -> Result<Items> {
        let items = match &self.item_columns {
            Some(chosen) => chosen_columns(&items, chosen)?,
            None => items,
        };
        let mut classes = self.one_hot.iter().flatten();
        classes.try_fold(items, |items, (name, count)| one_hot(&items, name, *count))
    }

    /// The items of all arrays: ragged ones, or padded ones without the places that have no item.
    fn together(&self, base: &Path, arrays: &[(String, Array)]) -> Result<Items> {
        let own = arrays.iter().any(|(_, array)| array.offsets.is_some());
        let given = [
            ("counts", self.counts.is_some()),
            ("offsets", self.offsets.is_some()),
            ("mask", self.mask.is_some()),
            ("fill", self.fill.is_some()),
        ];
        let given = given.iter().find(|(_, given)| *given);
        match (&self.counts, &self.offsets) {
            _ if own && given.is_some() => Err(input_error!(
                "`{}` beside {}, whose rows have lists of items; leave it out",
                given.map_or("", |(option, _)| option),
                arrays[0].0
            )),
            (None, None) if own => {
                let (values, names) = self.ragged(arrays)?;
                let items = Items { values, offsets: same_offsets(arrays)?, names };
                items.check_parts().map_err(|error| prefix(error, &arrays[0].0))?;
                Ok(items)
            }
            (None, None) => self.padded(base, arrays),
            (Some(counts), None) => {
                let counts = list(&base.join(counts))?;
                let (values, names) = self.ragged(arrays)?;
                Items::from_counts(values, &counts, Some(names))
            }
            (None, Some(offsets)) => {
                let offsets = list(&base.join(offsets))?;
                let (values, names) = self.ragged(arrays)?;
                Items::from_offsets(values, &offsets, Some(names))
            }
            (Some(_), Some(_)) => {
                Err(input_error!("give `counts` or `offsets` of the items, not both"))
            }
        }
    }

    /// Arrays of shape (items) or (items, columns), side by side.
    fn ragged(&self, arrays: &[(String, Array)]) -> Result<(Matrix, Vec<String>)> {
        let mut parts = Vec::new();
        for (path, array) in arrays {
            let columns = match array.shape[..] {
                [_] => 1,
                [_, columns] => columns,
                _ => {
                    return Err(input_error!(
                        "{path} has shape {:?}; beside `counts` or `offsets` an array of items has \
                         shape (items, columns)",
                        array.shape
                    ));
                }
            };
            check_same("items", &arrays[0], path, array)?;
            parts.push((&array.values[..], columns));
        }
        let rows = arrays[0].1.shape[0];
        Ok((side_by_side(rows, &parts), self.names_of_items(arrays, &parts)?))
    }

    /// Arrays of shape (rows, places) or (rows, places, columns), side by side, without the places
    /// that have no item.
    fn padded(&self, base: &Path, arrays: &[(String, Array)]) -> Result<Items> {
        let mut parts = Vec::new();
        for (path, array) in arrays {
            let columns = match array.shape[..] {
                [_, _] if array.names.is_none() => 1,
                [_, _, columns] => columns,
                _ => {
                    return Err(input_error!(
                        "{path} has shape {:?}; a padded array of items has shape (rows, places, \
                         columns). Of one with shape (items, columns), give the `counts` or \
                         `offsets` of the rows too",
                        array.shape
                    ));
                }
            };
            check_same("rows", &arrays[0], path, array)?;
            if array.shape[1] != arrays[0].1.shape[1] {
                return Err(input_error!(
                    "{path} has {} places but {} has {}; they must be the same items",
                    array.shape[1],
                    arrays[0].0,
                    arrays[0].1.shape[1]
                ));
            }
            parts.push((&array.values[..], columns));
        }
        let (rows, places) = (arrays[0].1.shape[0], arrays[0].1.shape[1]);
        let columns = parts.iter().map(|(_, columns)| columns).sum();
        let values = side_by_side(rows * places, &parts);
        let padded = Matrix::new(rows, places * columns, values.values);
        let names = self.names_of_items(arrays, &parts)?;
        let first = parts[0].1;
        let valid = arrays.iter().find_map(|(_, array)| array.valid.as_ref());
        if let (Some(valid), None, None) = (valid, &self.mask, self.fill) {
            let there = |row: usize, place: usize, _: &[f64]| valid[row * places + place];
            return Items::from_padded(&padded, columns, names, there);
        }
        match (&self.mask, self.fill) {
            (Some(mask), None) => {
                let path = base.join(mask);
                let mask = read_array(&path, None)?;
                if mask.shape != [rows, places] {
                    return Err(input_error!(
                        "{} has shape {:?} but the items have {rows} rows of {places} places; a \
                         `mask` is 0 where there is no item",
                        path.display(),
                        mask.shape
                    ));
                }
                let there =
                    |row: usize, place: usize, _: &[f64]| mask.values[row * places + place] != 0.0;
                Items::from_padded(&padded, columns, names, there)
            }
            (None, Some(fill)) => {
                let filled = |x: &f64| *x == fill || x.is_nan() && fill.is_nan();
                let there = |_: usize, _: usize, item: &[f64]| !item[..first].iter().all(filled);
                Items::from_padded(&padded, columns, names, there)
            }
            (Some(_), Some(_)) => Err(input_error!("give `mask` or `fill` of the items, not both")),
            (None, None) => Err(input_error!(
                "{} has {places} places in each row: say which of them have no item, with `fill`, \
                 the number that all columns of the first array have there, as fill = 0, or with \
                 `mask`, an array of shape ({rows}, {places})",
                arrays[0].0
            )),
        }
    }

    /// The names of the columns of arrays that stand side by side: as given, else those of their
    /// files.
    fn names_of_items(
        &self,
        arrays: &[(String, Array)],
        parts: &[(&[f64], usize)],
    ) -> Result<Vec<String>> {
        let columns = parts.iter().map(|(_, columns)| columns).sum();
        match &self.item_names {
            Some(names) if names.len() != columns => Err(input_error!(
                "`item_names` has {} names but the items have {columns} columns; give one name for \
                 each",
                names.len()
            )),
            Some(names) => Ok(names.clone()),
            None => {
                let mut names = names::numbered('i', columns);
                let mut at = 0;
                for ((_, array), (_, columns)) in arrays.iter().zip(parts) {
                    if let Some(own) = &array.names {
                        names[at..at + columns].clone_from_slice(own);
                    }
                    at += columns;
                }
                Ok(names)
            }
        }
    }
}

/// Where the rows of arrays begin, if they are the same in all.
fn same_offsets(arrays: &[(String, Array)]) -> Result<Vec<u32>> {
    let (first, array) = &arrays[0];
    match arrays.iter().find(|(_, other)| other.offsets != array.offsets) {
        Some((other, _)) => Err(input_error!(
            "{first} and {other} do not have as many items in each row; they must be columns of \
             the same items"
        )),
        None => Ok(array.offsets.clone().unwrap_or_default()),
    }
}

/// Checks that an array begins with as many as the first one.
fn check_same(what: &str, first: &(String, Array), path: &str, array: &Array) -> Result<()> {
    let [own, other] = [array.shape[0], first.1.shape[0]];
    match own == other {
        true => Ok(()),
        false => Err(input_error!(
            "{path} has {own} {what} but {} has {other}; they must be the same, in the same order",
            first.0
        )),
    }
}

/// Matrices with as many rows, side by side.
pub(crate) fn side_by_side(rows: usize, parts: &[(&[f64], usize)]) -> Matrix {
    let columns: usize = parts.iter().map(|(_, columns)| columns).sum();
    let mut values = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for (part, columns) in parts {
            values.extend_from_slice(&part[row * columns..(row + 1) * columns]);
        }
    }
    Matrix::new(rows, columns, values)
}

/// A list of numbers.
fn list(path: &Path) -> Result<Vec<f64>> {
    let array = read_array(path, None)?;
    match array.shape[..] {
        [_] | [_, 1] => Ok(array.values),
        _ => Err(input_error!(
            "{} has shape {:?}; it is one list of numbers",
            path.display(),
            array.shape
        )),
    }
}
