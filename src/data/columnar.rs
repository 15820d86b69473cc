//! Files of columns with names, of which some have a list of numbers per row: Parquet and ROOT. A
//! table is made of columns with one number per row, items of those with lists.

use crate::data::array::Array;
use crate::data::format::Contents;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::table::Table;
use crate::error::{Error, Result};
use crate::input_error;

/// Most numbers for each byte of a file: a column of one number takes a byte for hundreds of rows,
/// but a crafted file may claim any number of them.
pub(crate) const MOST_NUMBERS: usize = 4096;

/// What a column has per row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A number.
    Number,
    /// A list of numbers.
    List,
    /// What is not read: what it is, and how it can be converted.
    Other(String),
}

/// A column of a file.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// The numbers of a column.
pub(crate) struct Values {
    /// Those of one row after those of another.
    pub(crate) values: Vec<f64>,
    /// Of lists: the first number of each row and, at the end, the number of all.
    pub(crate) offsets: Option<Vec<u32>>,
}

impl Values {
    /// Lists of the rows that have so many numbers each.
    ///
    /// # Errors
    /// More numbers than a u32 counts.
    pub(crate) fn lists(values: Vec<f64>, counts: impl Iterator<Item = usize>) -> Result<Self> {
        let mut offsets = vec![0];
        let mut end = 0;
        for count in counts {
            end += count;
            offsets.push(u32::try_from(end).map_err(|_| {
                input_error!("has more than {} items; import a part of the file", u32::MAX)
            })?);
        }
        Ok(Self { values, offsets: Some(offsets) })
    }
}

/// A file of columns.
pub(crate) trait Columnar {
    /// All columns, as they lie in the file.
    fn columns(&self) -> &[Column];

    /// The numbers of a column of which they can be read.
    fn read(&self, column: usize) -> Result<Values>;
}

/// The place of a column.
fn place(file: &dyn Columnar, name: &str) -> Result<usize> {
    let names: Vec<String> = file.columns().iter().map(|column| column.name.clone()).collect();
    names::find(&names, name, "column")
}

/// The columns of a table: those that are wanted, or all that have one number per row.
///
/// # Errors
/// A column that is not there, or has something else; columns of other numbers of rows.
pub(crate) fn table(file: &dyn Columnar, wanted: Option<&[String]>) -> Result<Table> {
    let is_number = |at: &usize| file.columns()[*at].kind == Kind::Number;
    let places: Vec<usize> = match wanted {
        Some(names) => names.iter().map(|name| place(file, name)).collect::<Result<_>>()?,
        None => (0..file.columns().len()).filter(is_number).collect(),
    };
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for at in &places {
        let Column { name, kind } = &file.columns()[*at];
        match kind {
            Kind::Number => columns.push(file.read(*at)?.values),
            Kind::List => {
                return Err(input_error!(
                    "'{name}' has a list of numbers per row, not one number; lists are read as \
                     `items`"
                ));
            }
            Kind::Other(what) => return Err(input_error!("'{name}' {what}")),
        }
        if let [first, .., last] = &columns[..]
            && first.len() != last.len()
        {
            return Err(input_error!(
                "'{name}' has {} rows but '{}' has {}",
                last.len(),
                file.columns()[places[0]].name,
                first.len()
            ));
        }
    }
    if columns.is_empty() {
        return Err(input_error!("has no column with one number per row{}", listed(file)));
    }
    let names = places.iter().map(|at| file.columns()[*at].name.clone()).collect();
    Ok(Table { names: Some(names), ..Table::unnamed(Matrix::of_columns(&columns)) })
}

/// A column, or all lists whose names begin with `member` and `_` or `.`, as `Muon` of `Muon_pt`
/// and `Muon_eta`; these have the rest as names, and only those that are wanted are read.
///
/// # Errors
/// No such columns, or lists that do not have as many items in each row.
pub(crate) fn array(file: &dyn Columnar, contents: &Contents, member: &str) -> Result<Array> {
    if let Some(at) = file.columns().iter().position(|column| column.name == member) {
        let Column { name, kind } = &file.columns()[at];
        if let Kind::Other(what) = kind {
            return Err(input_error!("'{name}' {what}"));
        }
        let Values { values, offsets } = file.read(at)?;
        let names = offsets.is_some().then(|| vec![name.clone()]);
        return Ok(Array { names, offsets, ..Array::plain(vec![values.len()], values) });
    }
    let is_wanted =
        |rest: &str| contents.wanted.is_none_or(|wanted| wanted.iter().any(|one| one == rest));
    let rest = |(at, column): (usize, &Column)| {
        let rest = column.name.strip_prefix(member)?.strip_prefix(['_', '.'])?;
        (column.kind == Kind::List).then(|| (at, rest.to_owned()))
    };
    let all: Vec<(usize, String)> = file.columns().iter().enumerate().filter_map(rest).collect();
    if all.is_empty() {
        return Err(no_member(file, member));
    }
    let mut chosen: Vec<_> = all.iter().filter(|(_, rest)| is_wanted(rest)).collect();
    if chosen.is_empty() {
        chosen = all.iter().take(1).collect();
    }
    let mut columns = Vec::new();
    let mut offsets: Option<Vec<u32>> = None;
    for (at, rest) in &chosen {
        let list = file.read(*at)?;
        if offsets.as_ref().is_some_and(|first| Some(first) != list.offsets.as_ref()) {
            return Err(input_error!(
                "'{member}': '{}' and '{rest}' do not have as many items in each row; name the \
                 columns that belong together",
                chosen[0].1
            ));
        }
        offsets = list.offsets;
        columns.push(list.values);
    }
    let names = chosen.iter().map(|(_, rest)| rest.clone()).collect();
    Ok(Array { offsets, ..Array::of_columns(names, &columns) })
}

fn no_member(file: &dyn Columnar, member: &str) -> Error {
    place(file, member).err().unwrap_or_else(|| input_error!("'{member}' has no lists"))
}

/// What a file of no use has.
fn listed(file: &dyn Columnar) -> String {
    let names: Vec<String> = file.columns().iter().map(|column| column.name.clone()).collect();
    format!("; its columns are {}", names::some(&names))
}
