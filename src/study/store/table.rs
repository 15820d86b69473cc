//! CSV tables: written whole, read by the names of their columns.

use std::path::Path;
use std::str::FromStr;

use csv::StringRecord;

use crate::data::files::{opened, write_bytes};
use crate::data::names;
use crate::error::Result;
use crate::input_error;
use crate::study::store::run::Curve;

/// Column of [`Curve::strategy`].
pub(crate) const STRATEGY: &str = "strategy";
/// Column of [`Curve::pretraining_simulations`], in studies with several pre-training sizes.
pub(crate) const PRETRAINING_SIZE: &str = "pretraining_simulations";

/// The shortest digits that read back as the same number ([`names::number_text`]); empty for a
/// number that is absent or not finite.
pub(crate) fn number_text(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or(String::new(), names::number_text)
}

/// Lines of fields as CSV, quoted where needed.
pub(crate) fn csv_text<'a>(lines: impl Iterator<Item = &'a [String]>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        // writing into memory fails only for lines of unequal length, and those are ours
        writer.write_record(line).expect("CSV lines of one length");
    }
    writer.into_inner().expect("CSV in memory")
}

/// Column names as owned strings.
pub(crate) fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Writes a table, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_table(path: &Path, columns: &[String], lines: &[Vec<String>]) -> Result<()> {
    let all = std::iter::once(columns).chain(lines.iter().map(Vec::as_slice));
    write_bytes(path, &csv_text(all))
}

/// Writes a table whose lines belong to learning curves, atomically: `strategy`, then
/// `pretraining_simulations` where a curve has such a number, then the rest.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_curves<'a>(
    path: &Path,
    rest: &[String],
    lines: impl Iterator<Item = (&'a Curve, Vec<String>)>,
) -> Result<()> {
    let lines: Vec<(&Curve, Vec<String>)> = lines.collect();
    let sized = lines.iter().any(|(curve, _)| curve.pretraining_simulations.is_some());
    let columns = [curve_columns(sized), rest.to_vec()].concat();
    let lines: Vec<Vec<String>> = lines
        .into_iter()
        .map(|(curve, rest)| [curve_fields(curve, sized), rest].concat())
        .collect();
    write_table(path, &columns, &lines)
}

/// The columns of a curve.
pub(crate) fn curve_columns(sized: bool) -> Vec<String> {
    columns(if sized { &[STRATEGY, PRETRAINING_SIZE] } else { &[STRATEGY] })
}

/// Their fields; no pre-training is 0 simulations.
pub(crate) fn curve_fields(curve: &Curve, sized: bool) -> Vec<String> {
    let mut fields = vec![curve.strategy.clone()];
    if sized {
        fields.push(curve.pretraining_simulations.unwrap_or(0).to_string());
    }
    fields
}

/// A table as it is in its file.
pub(crate) struct Table {
    name: String,
    heading: StringRecord,
    records: Vec<StringRecord>,
}

impl Table {
    /// Reads a CSV file. A last line without a line break was cut off by a killed process and is
    /// dropped.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the file, and the line if one is damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let mut bytes = opened(|| std::fs::read(path))
            .map_err(|error| input_error!("cannot read '{name}': {error}"))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n');
        bytes.truncate(whole.map_or(0, |last| last + 1));
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let heading = reader.headers().cloned();
        let heading = heading.map_err(|error| input_error!("'{name}', line 1: {error}"))?;
        let records = reader.into_records().collect::<Result<_, csv::Error>>();
        Ok(Self {
            records: records.map_err(|error| input_error!("'{name}': {}", describe(&error)))?,
            heading,
            name,
        })
    }

    /// The names of the columns.
    pub fn heading(&self) -> Vec<String> {
        self.heading.iter().map(str::to_owned).collect()
    }

    /// Whether lines have a pre-training size.
    pub fn is_sized(&self) -> bool {
        self.heading.iter().any(|column| column == PRETRAINING_SIZE)
    }

    /// Position of a column.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the columns that there are.
    pub fn column(&self, wanted: &str) -> Result<usize> {
        let place = self.heading.iter().position(|column| column == wanted);
        place.ok_or_else(|| {
            let columns: Vec<&str> = self.heading.iter().collect();
            input_error!(
                "'{}' has no column {wanted}; it has {}, as another version of shoal may have \
                 written",
                self.name,
                columns.join(",")
            )
        })
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
            "'{}', line 1: the columns must be {}, but they are '{}'; another version of shoal \
             may have written the file",
            self.name,
            expected.join(","),
            columns.join(",")
        ))
    }

    /// The lines below the heading.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|record| Line { table: self, record })
    }
}

/// The `csv` crate's message with the line as an editor counts it.
fn describe(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "line {line} has {len} fields but line 1 has {expected_len}; repair or delete the \
                 line"
            )
        }
        csv::ErrorKind::Utf8 { .. } => {
            format!("line {line} is not text; repair or delete the line")
        }
        _ => error.to_string(),
    }
}

/// A line of a table.
pub(crate) struct Line<'a> {
    table: &'a Table,
    record: &'a StringRecord,
}

impl<'a> Line<'a> {
    /// The text of a field.
    pub fn text(&self, place: usize) -> &'a str {
        &self.record[place]
    }

    /// A field as a number.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the file, the line and the column.
    pub fn number<T: FromStr>(&self, place: usize) -> Result<T> {
        self.parsed(place, "a number", |text| text.parse().ok())
    }

    /// A field as a number, absent where it is empty.
    ///
    /// # Errors
    /// As [`Line::number`].
    pub fn measured(&self, place: usize) -> Result<Option<f64>> {
        match self.text(place).trim() {
            "" => Ok(None),
            _ => self.number(place).map(Some),
        }
    }

    /// A field as `parse` reads it; `what` says in an error what it should have been.
    ///
    /// # Errors
    /// As [`Line::number`].
    pub fn parsed<T>(
        &self,
        place: usize,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T> {
        let text = self.text(place).trim();
        parse(text).ok_or_else(|| {
            input_error!(
                "'{}', line {}: '{text}' is not {what} for {}",
                self.table.name,
                self.record.position().map_or(0, csv::Position::line),
                &self.table.heading[place]
            )
        })
    }

    /// The curve in the first columns, see [`curve_columns`].
    ///
    /// # Errors
    /// As [`Line::number`].
    pub fn curve(&self) -> Result<Curve> {
        let size = match self.table.is_sized() {
            true => Some(self.number(1)?).filter(|size| *size > 0),
            false => None,
        };
        Ok(Curve { strategy: self.text(0).to_owned(), pretraining_simulations: size })
    }
}
