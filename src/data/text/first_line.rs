//! Whether the first line of a text file is names or numbers.

use crate::data::text::cells::Cell;
use crate::data::text::dialect::Dialect;
use crate::data::text::number::{is_name, is_whole};

/// What the first line of a file is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FirstLine {
    /// Names of columns, after so many columns with the names of the rows.
    Names { index: usize },
    /// Numbers.
    Numbers {
        /// The first of whole numbers that count the columns, as in `0,1,2`.
        counts_from: Option<usize>,
    },
}

/// What the first line is, by its cells and those of the second; `header` is what the user says of
/// a line of numbers.
pub(crate) fn first_line(
    cells: &[Cell],
    second: Option<&[Cell]>,
    dialect: &Dialect,
    header: Option<bool>,
) -> FirstLine {
    let is_number = |cell: &Cell| dialect.number(cell).is_some();
    let words = cells.iter().filter(|cell| !is_number(cell)).count();
    let unnamed = cells.iter().take_while(|cell| is_unnamed(cell.text)).count();
    // a line without any name is one with missing numbers
    let unnamed = if unnamed == cells.len() { 0 } else { unnamed };
    let counts_from_0 = counts_from(&cells[1.min(cells.len())..]) == Some(0);
    if header == Some(true) || words == cells.len() {
        return FirstLine::Names { index: unnamed };
    }
    // a data frame with its index, whose column may have a name
    let index_name = unnamed == 1 || cells.first().is_some_and(|cell| is_name(cell.text));
    let more = second.is_some_and(|second| {
        second.len() == cells.len() && second.first().is_some_and(is_number)
            || unnamed == 1 && second.len() == cells.len()
    });
    if words == 1 && index_name && more && counts_from_0 {
        return FirstLine::Names { index: 1 };
    }
    // quotes around names only
    let quoted = |cells: &[Cell]| cells.iter().all(|cell| cell.quoted);
    if words == 0 && header.is_none() && quoted(cells) && second.is_some_and(|it| !quoted(it)) {
        return FirstLine::Names { index: 0 };
    }
    let counts_from = if header.is_none() { counts_from(cells) } else { None };
    FirstLine::Numbers { counts_from }
}

/// The first of whole numbers that go up by one.
fn counts_from(cells: &[Cell]) -> Option<usize> {
    let whole = |cell: &Cell| cell.text.parse::<usize>().ok().filter(|_| is_whole(cell.text));
    let first = cells.first().and_then(whole)?;
    let counts = |(at, cell): (usize, &Cell)| whole(cell) == first.checked_add(at);
    cells.iter().enumerate().all(counts).then_some(first)
}

/// Whether this is how pandas names a column of row names.
fn is_unnamed(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: 0")
}
