//! The items of an import: ragged arrays, or padded ones.

use std::path::Path;

use serde_json::{Map, Value};

use crate::data::files::prefix;
use crate::data::formats::read_array;
use crate::data::import::inputs::read_note;
use crate::data::import::options::Import;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::npy::Array;
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
        for path in paths {
            let array = read_array(&base.join(path))?;
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
        let items = match (&self.counts, &self.offsets) {
            (None, None) => self.padded(base, &arrays)?,
            (Some(counts), None) => {
                let counts = list(&base.join(counts))?;
                let (values, names) = self.ragged(&arrays)?;
                Items::from_counts(values, &counts, Some(names))?
            }
            (None, Some(offsets)) => {
                let offsets = list(&base.join(offsets))?;
                let (values, names) = self.ragged(&arrays)?;
                Items::from_offsets(values, &offsets, Some(names))?
            }
            (Some(_), Some(_)) => {
                return Err(input_error!("give `counts` or `offsets` of the items, not both"));
            }
        };
        let items = match &self.one_hot {
            Some(classes) => classes
                .iter()
                .try_fold(items, |items, (name, count)| one_hot(&items, name, *count))?,
            None => items,
        };
        Ok(Some(ImportedItems { items, read }))
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
        let values = side_by_side(rows, &parts);
        Ok((values, self.names_of_items(parts.iter().map(|(_, columns)| columns).sum())?))
    }

    /// Arrays of shape (rows, places) or (rows, places, columns), side by side, without the places
    /// that have no item.
    fn padded(&self, base: &Path, arrays: &[(String, Array)]) -> Result<Items> {
        let mut parts = Vec::new();
        for (path, array) in arrays {
            let columns = match array.shape[..] {
                [_, _] => 1,
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
        let names = self.names_of_items(columns)?;
        let first = parts[0].1;
        match (&self.mask, self.fill) {
            (Some(mask), None) => {
                let path = base.join(mask);
                let mask = read_array(&path)?;
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

    fn names_of_items(&self, columns: usize) -> Result<Vec<String>> {
        match &self.item_names {
            Some(names) if names.len() != columns => Err(input_error!(
                "`item_names` has {} names but the items have {columns} columns; give one name for \
                 each",
                names.len()
            )),
            Some(names) => Ok(names.clone()),
            None => Ok(names::numbered('i', columns)),
        }
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
fn side_by_side(rows: usize, parts: &[(&[f64], usize)]) -> Matrix {
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
    let array = read_array(path)?;
    match array.shape[..] {
        [_] | [_, 1] => Ok(array.values),
        _ => Err(input_error!(
            "{} has shape {:?}; it is one list of numbers",
            path.display(),
            array.shape
        )),
    }
}

/// The items with a column `<name>=<class>` for each class in place of the column of class numbers.
fn one_hot(items: &Items, name: &str, classes: usize) -> Result<Items> {
    let of = |error| prefix(error, "`one_hot`");
    let place = names::find(&items.names, name, "item column").map_err(of)?;
    if !(1..=1000).contains(&classes) {
        return Err(input_error!(
            "`one_hot` of {classes} classes of '{name}'; there are 1 to 1000"
        ));
    }
    let known = |class: &f64| class.fract() == 0.0 && (0.0..classes as f64).contains(class);
    if let Some(item) = items.values.column(place).position(|class| !known(&class)) {
        return Err(input_error!(
            "`one_hot`: '{name}' is {} in item {item} (counting from 0); {classes} classes are \
             numbered 0 to {}",
            items.values.row(item)[place],
            classes - 1
        ));
    }
    let expanded = |values: &[f64]| -> Vec<f64> {
        let hot = (0..classes).map(|class| f64::from(u8::from(values[place] == class as f64)));
        values[..place].iter().copied().chain(hot).chain(values[place + 1..].to_vec()).collect()
    };
    let of_classes = (0..classes).map(|class| format!("{name}={class}"));
    let before = items.names[..place].iter().cloned();
    let names = before.chain(of_classes).chain(items.names[place + 1..].iter().cloned()).collect();
    let rows = (0..items.values.rows).flat_map(|item| expanded(items.values.row(item)));
    let values = Matrix::new(items.values.rows, items.values.columns - 1 + classes, rows.collect());
    let items = Items { values, offsets: items.offsets.clone(), names };
    names::check_unique(&items.names, "item column")?;
    Ok(items)
}
