//! Items: the sets of a ragged dataset, in which each row has its own number of items.

use sha2::{Digest, Sha256};

use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::names::Named;
use crate::error::Result;
use crate::input_error;

/// The items of all rows of a dataset, such as the particles of collisions.
#[derive(Clone, Debug, PartialEq)]
pub struct Items {
    /// The items of one row after those of another, shape (items, columns), in physical units.
    pub values: Matrix,
    /// The first item of each row and, at the end, the number of all items; shape (rows + 1).
    pub offsets: Vec<u32>,
    /// One name per column.
    pub names: Vec<String>,
}

impl Items {
    /// Items from the number of them in each row; columns are named `i0`, `i1`, ... unless `names`
    /// are given.
    ///
    /// # Errors
    /// Counts that are no whole numbers or do not add up to the items; see [`Items::check`].
    pub fn from_counts(values: Matrix, counts: &[f64], names: Option<Vec<String>>) -> Result<Self> {
        let mut offsets = vec![0.0];
        let mut end = 0.0;
        for (row, count) in counts.iter().enumerate() {
            if count.fract() != 0.0 || *count < 0.0 {
                return Err(input_error!(
                    "'counts' is {count} in row {row} (counting from 0); it is the number of items \
                     of the row"
                ));
            }
            end += count;
            offsets.push(end);
        }
        if end != values.rows as f64 {
            return Err(input_error!(
                "'counts' add up to {end} items but 'items' has {} rows; they must be the same \
                 items",
                values.rows
            ));
        }
        Self::from_offsets(values, &offsets, names)
    }

    /// Items from the first one of each row and, at the end, their number.
    ///
    /// # Errors
    /// See [`Items::check`].
    pub fn from_offsets(
        values: Matrix,
        offsets: &[f64],
        names: Option<Vec<String>>,
    ) -> Result<Self> {
        let whole =
            |offset: &f64| offset.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(offset);
        if let Some(row) = offsets.iter().position(|offset| !whole(offset)) {
            return Err(input_error!(
                "'offsets' is {} at {row} (counting from 0); it is the place of an item, a whole \
                 number from 0 to the number of items, {}",
                offsets[row],
                values.rows
            ));
        }
        let names = names.unwrap_or_else(|| names::numbered('i', values.columns));
        let offsets = offsets.iter().map(|offset| *offset as u32).collect();
        let items = Self { values, offsets, names };
        items.check_parts()?;
        Ok(items)
    }

    /// Items from a padded array, shape (rows, places x columns): those at which `is_there`.
    ///
    /// # Panics
    /// If the array does not consist of whole items.
    pub(crate) fn from_padded(
        padded: &Matrix,
        columns: usize,
        names: Vec<String>,
        is_there: impl Fn(usize, usize, &[f64]) -> bool,
    ) -> Result<Self> {
        assert_eq!(padded.columns % columns, 0, "items: not whole items");
        let (mut values, mut offsets) = (Vec::new(), vec![0.0]);
        for row in 0..padded.rows {
            let all = padded.row(row).chunks_exact(columns).enumerate();
            let there = all.filter(|(place, item)| is_there(row, *place, item));
            values.extend(there.flat_map(|(_, item)| item).copied());
            offsets.push((values.len() / columns) as f64);
        }
        let values = Matrix::new(values.len() / columns, columns, values);
        Self::from_offsets(values, &offsets, Some(names))
    }

    /// Rows of the dataset.
    pub fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Items of a row.
    pub fn count(&self, row: usize) -> usize {
        (self.offsets[row + 1] - self.offsets[row]) as usize
    }

    /// The numbers of items of all rows.
    pub fn counts(&self) -> Vec<usize> {
        (0..self.rows()).map(|row| self.count(row)).collect()
    }

    /// The items of a row, as indices.
    pub fn of(&self, row: usize) -> std::ops::Range<usize> {
        self.offsets[row] as usize..self.offsets[row + 1] as usize
    }

    /// Checks that all parts fit together.
    ///
    /// # Errors
    /// No rows or columns; offsets that do not begin at 0, fall, or do not end at the number
    /// of items; another number of names; a name that occurs twice; a number that is not finite.
    pub fn check(&self) -> Result<()> {
        self.check_with(false)
    }

    /// The same for numbers that may be NaN.
    pub(crate) fn check_with(&self, nan: bool) -> Result<()> {
        self.check_parts()?;
        self.check_finite(nan)
    }

    pub(crate) fn check_parts(&self) -> Result<()> {
        let Self { values, offsets, names } = self;
        if values.columns == 0 {
            return Err(input_error!("'items' has no columns: its shape is ({}, 0)", values.rows));
        }
        let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
            return Err(input_error!("'offsets' is empty; it has one entry more than rows"));
        };
        if *first != 0 {
            return Err(input_error!("'offsets' begins at {first}; the first item is 0"));
        }
        if let Some(row) = offsets.windows(2).position(|pair| pair[1] < pair[0]) {
            return Err(input_error!(
                "'offsets' falls from {} to {} at {} (counting from 0); each row begins where the \
                 one before ends",
                offsets[row],
                offsets[row + 1],
                row + 1
            ));
        }
        if *last as usize != values.rows {
            return Err(input_error!(
                "'offsets' ends at {last} but 'items' has {} rows; the last entry is the number of \
                 items",
                values.rows
            ));
        }
        if offsets.len() < 2 {
            return Err(input_error!("'offsets' has one entry; it has one more than rows"));
        }
        if names.len() != values.columns {
            return Err(input_error!(
                "'item_names' has {} entries but 'items' has {} columns; they must be one for each",
                names.len(),
                values.columns
            ));
        }
        names::check_unique(names, "item column")
    }

    fn check_finite(&self, nan: bool) -> Result<()> {
        let Self { values, offsets, names } = self;
        let refused = |value: &f64| if nan { value.is_infinite() } else { !value.is_finite() };
        let Some(first) = values.values.iter().position(refused) else {
            return Ok(());
        };
        let (item, column) = (first / values.columns, first % values.columns);
        let row = offsets.partition_point(|offset| *offset as usize <= item) - 1;
        let count = values.values.iter().filter(|value| refused(value)).count();
        let or = match values.values[first].is_nan() {
            true => ", or let a study file say what NaN is: missing = nan",
            false => "",
        };
        Err(input_error!(
            "'items' {item} (counting from 0), which is item {} of row {row}, column '{}' is {}; \
             {count} of {} values are not finite. Leave such items out{or}",
            item - offsets[row] as usize,
            names[column],
            values.values[first],
            values.values.len()
        ))
    }

    /// Adds the items to a hash.
    pub(crate) fn digest(&self, digest: &mut Sha256) {
        digest.update((self.values.columns as u64).to_le_bytes());
        for value in &self.values.values {
            digest.update(value.to_le_bytes());
        }
        for offset in &self.offsets {
            digest.update(offset.to_le_bytes());
        }
        for name in &self.names {
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name);
        }
    }

    /// The items of these rows.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn select_rows(&self, rows: &[u32]) -> Self {
        let (columns, mut values, mut offsets) = (self.values.columns, Vec::new(), vec![0]);
        for row in rows {
            let of = self.of(*row as usize);
            values.extend(&self.values.values[of.start * columns..of.end * columns]);
            offsets.push((values.len() / columns.max(1)) as u32);
        }
        let values = Matrix::new(values.len() / columns, columns, values);
        Self { values, offsets, names: self.names.clone() }
    }

    /// Adds the items of more rows.
    ///
    /// # Errors
    /// More items than a u32 counts.
    pub(crate) fn append(&mut self, more: Items) -> Result<()> {
        let before = self.values.rows;
        if u32::try_from(before + more.values.rows).is_err() {
            return Err(input_error!("there are more than {} items in all files", u32::MAX));
        }
        self.values.rows += more.values.rows;
        self.values.values.extend(more.values.values);
        self.offsets.extend(more.offsets.iter().skip(1).map(|offset| before as u32 + offset));
        Ok(())
    }

    /// The same items with these columns, in this order.
    pub(crate) fn select_columns(&self, columns: &[usize]) -> Self {
        Self {
            values: self.values.select_columns(columns),
            offsets: self.offsets.clone(),
            names: columns.iter().map(|column| self.names[*column].clone()).collect(),
        }
    }

    /// Its columns by the names of `wanted`, in that order, where both have names; else by
    /// position. Also whether the order is another.
    ///
    /// # Errors
    /// A column that is not there; another number of columns.
    pub(crate) fn matched(&self, owner: &str, wanted: Named) -> Result<(Self, bool)> {
        let own = Named { owner, names: &self.names };
        match names::match_columns(wanted, own, "item column", 'i')? {
            Some(columns) => Ok((self.select_columns(&columns), !columns.is_sorted())),
            None => Ok((Self { names: wanted.names.to_vec(), ..self.clone() }, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(items: usize) -> Matrix {
        Matrix::new(items, 2, (0..2 * items).map(|at| at as f64).collect())
    }

    fn names(of: [&str; 2]) -> Option<Vec<String>> {
        Some(of.map(String::from).to_vec())
    }

    #[test]
    fn rows_are_those_of_the_counts() {
        let items = Items::from_counts(values(5), &[2.0, 0.0, 3.0], names(["pt", "eta"])).unwrap();
        assert_eq!(items.offsets, [0, 2, 2, 5]);
        assert_eq!((items.count(0), items.count(1), items.of(2)), (2, 0, 2..5));
        let chosen = items.select_rows(&[2, 1]);
        assert_eq!(chosen.offsets, [0, 3, 3]);
        assert_eq!(chosen.values.row(0), [4.0, 5.0]);
        let padded = Matrix::new(2, 4, vec![1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let there = |_: usize, _: usize, item: &[f64]| item.iter().any(|x| *x != 0.0);
        let ragged = Items::from_padded(&padded, 2, items.names.clone(), there).unwrap();
        assert_eq!((ragged.offsets, ragged.values.values), (vec![0, 1, 1], vec![1.0, 2.0]));
    }

    #[test]
    fn what_does_not_fit_is_named_with_both_numbers() {
        let says = |offsets: &[f64], parts: &[&str]| {
            let error = Items::from_offsets(values(5), offsets, None).unwrap_err().to_string();
            parts.iter().for_each(|part| assert!(error.contains(part), "{error} lacks {part}"));
        };
        says(&[0.0, 3.0, 2.0, 5.0], &["falls from 3 to 2 at 2"]);
        says(&[0.0, 3.0, 4.0], &["ends at 4", "'items' has 5 rows"]);
        says(&[1.0, 5.0], &["begins at 1"]);
        says(&[0.0, 2.5, 5.0], &["2.5 at 1"]);
        says(&[0.0, f64::NAN], &["NaN at 1"]);
        let counts = Items::from_counts(values(5), &[2.0, 2.0], None).unwrap_err().to_string();
        assert!(counts.contains("add up to 4 items but 'items' has 5 rows"), "{counts}");
        let twice = Items::from_counts(values(5), &[5.0], names(["pt", "pt"])).unwrap_err();
        assert!(twice.to_string().contains("'pt' is there twice"), "{twice}");
        let mut broken = values(5);
        broken.values[7] = f64::NAN;
        let broken = Items::from_counts(broken, &[2.0, 3.0], names(["pt", "eta"])).unwrap();
        let error = broken.check().unwrap_err().to_string();
        for part in ["item 1 of row 1", "'eta' is NaN", "1 of 10"] {
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }

    #[test]
    fn columns_are_matched_by_name() {
        let items = Items::from_counts(values(2), &[2.0], names(["pt", "eta"])).unwrap();
        let wanted = names(["eta", "pt"]).unwrap();
        let (turned, other_order) =
            items.matched("b.npz", Named { owner: "a.npz", names: &wanted }).unwrap();
        assert!(other_order);
        assert_eq!((turned.values.row(0), turned.names), (&[1.0, 0.0][..], wanted));
        let wanted = names(["pt", "phi"]).unwrap();
        let error = items.matched("b.npz", Named { owner: "a.npz", names: &wanted }).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("b.npz has no item column 'phi'"), "{error}");
    }
}
