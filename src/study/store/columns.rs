//! Tables read back by the names of their columns.

use std::path::Path;
use std::str::FromStr;

use csv::StringRecord;

use crate::error::Result;
use crate::input_error;

/// A table as it is in its file.
pub(crate) struct Table {
    name: String,
    heading: StringRecord,
    records: Vec<StringRecord>,
}

impl Table {
    /// Reads a CSV file. A last line without its line break was torn by a killed process and is
    /// dropped.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the file, and the line if one is damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let mut bytes =
            std::fs::read(path).map_err(|error| input_error!("cannot read '{name}': {error}"))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n');
        bytes.truncate(whole.map_or(0, |last| last + 1));
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let heading = reader.headers().cloned();
        let heading = heading.map_err(|error| input_error!("'{name}', line 1: {error}"))?;
        let records = reader.into_records().collect::<Result<_, csv::Error>>();
        Ok(Self {
            records: records.map_err(|error| input_error!("'{name}': {error}"))?,
            heading,
            name,
        })
    }

    /// Where a column stands.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the columns that there are.
    pub fn column(&self, wanted: &str) -> Result<usize> {
        let place = self.heading.iter().position(|column| column == wanted);
        place.ok_or_else(|| {
            let columns: Vec<&str> = self.heading.iter().collect();
            input_error!("'{}' has no column {wanted}; it has {}", self.name, columns.join(","))
        })
    }

    /// Where several columns stand.
    ///
    /// # Errors
    /// As [`Table::column`].
    pub fn columns<const COUNT: usize>(&self, wanted: [&str; COUNT]) -> Result<[usize; COUNT]> {
        let mut places = [0; COUNT];
        for (place, wanted) in places.iter_mut().zip(wanted) {
            *place = self.column(wanted)?;
        }
        Ok(places)
    }

    /// Checks that the columns are these and no others.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with both lists.
    pub fn check_columns(&self, expected: &[String]) -> Result<()> {
        if expected.iter().eq(self.heading.iter()) {
            return Ok(());
        }
        let columns: Vec<&str> = self.heading.iter().collect();
        Err(input_error!(
            "'{}': the columns must be {}, but they are {}",
            self.name,
            expected.join(","),
            columns.join(",")
        ))
    }

    /// The lines below the heading.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let line = |record| Line { table: self, record };
        self.records.iter().map(line)
    }
}

/// A line of a table.
pub(crate) struct Line<'a> {
    table: &'a Table,
    record: &'a StringRecord,
}

impl<'a> Line<'a> {
    /// What stands in a column.
    pub fn text(&self, place: usize) -> &'a str {
        &self.record[place]
    }

    /// The same as a number.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the file, the line and the column.
    pub fn number<T: FromStr>(&self, place: usize) -> Result<T> {
        let text = self.text(place).trim();
        text.parse().map_err(|_| {
            input_error!(
                "'{}', line {}: '{text}' is not a number for {}",
                self.table.name,
                self.record.position().map_or(0, csv::Position::line),
                &self.table.heading[place]
            )
        })
    }

    /// The same, absent where the field is empty.
    ///
    /// # Errors
    /// As [`Line::number`].
    pub fn measured(&self, place: usize) -> Result<Option<f64>> {
        match self.text(place).trim() {
            "" => Ok(None),
            _ => self.number(place).map(Some),
        }
    }
}
