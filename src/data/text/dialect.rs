//! What separates the columns of a text file, and which decimal mark its numbers have.

use crate::data::text::cells::{Cell, Separator};
use crate::data::text::number::{Decimal, Kind, is_name, kind, number, plain};
use crate::data::text::options::TextOptions;
use crate::error::Result;
use crate::input_error;

/// How many lines are looked at.
const SAMPLE: usize = 50;

/// How the lines of a file become numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dialect {
    pub(crate) separator: Separator,
    /// The decimal mark, where numbers have commas in them.
    pub(crate) decimal: Option<Decimal>,
}

/// The separators, those first that never stand in a number.
const SEPARATORS: [Separator; 4] =
    [Separator::Mark(';'), Separator::Mark('\t'), Separator::Mark(','), Separator::Spaces];

impl Dialect {
    /// The dialect of a file from its lines: the first in which all of them are numbers.
    ///
    /// # Errors
    /// Numbers such as `1,234`, which mean two things; cells of a table with tabs that are empty
    /// here and there.
    pub(crate) fn find<'a>(
        lines: impl Iterator<Item = (usize, &'a str)> + Clone,
        options: TextOptions,
    ) -> Result<Self> {
        if lines.clone().any(|(_, line)| line.contains('\t')) && has_gaps(lines.clone()) {
            return Ok(Self { separator: Separator::Mark('\t'), decimal: options.decimal });
        }
        let sample: Vec<(usize, &str)> = lines.take(SAMPLE).collect();
        let first = sample.first().map_or("", |(_, line)| *line);
        // a word in a later line is named when it is read
        let second = &sample[1.min(sample.len())..2.min(sample.len())];
        for lines in [&sample[..], &sample[..2.min(sample.len())], second] {
            for separator in SEPARATORS {
                if let Some(decimal) = decimal(separator, lines, options)? {
                    return Ok(Self { separator, decimal });
                }
            }
        }
        // no numbers at all: as the first line looks, for the message
        let mark = [';', ','].into_iter().find(|&mark| first.contains(mark));
        let comma_is_decimal = (mark, options.decimal) == (Some(','), Some(Decimal::Comma));
        let mark = mark.filter(|_| !comma_is_decimal);
        let separator = mark.map_or(Separator::Spaces, Separator::Mark);
        Ok(Self { separator, decimal: options.decimal })
    }

    /// The number that a cell is.
    pub(crate) fn number(&self, cell: &Cell) -> Option<f64> {
        match self.decimal {
            None => plain(cell.text),
            Some(decimal) => number(cell.text, decimal),
        }
    }
}

/// Whether cells between tabs are empty, and not the same ones in all lines, as where tabs align
/// columns.
fn has_gaps<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> bool {
    let mut first: Option<(usize, Vec<usize>)> = None;
    let mut gaps = false;
    for (_, line) in lines {
        if line.trim_matches('\t').contains(' ') {
            return false;
        }
        let cells: Vec<&str> = line.split('\t').collect();
        let empty: Vec<usize> =
            (0..cells.len()).filter(|&cell| cells[cell].trim().is_empty()).collect();
        let (count, expected) = first.get_or_insert_with(|| (cells.len(), empty.clone()));
        if cells.len() != *count {
            return false;
        }
        gaps |= empty != *expected;
    }
    gaps
}

/// The decimal mark in a dialect in which all lines are numbers, beside a name of the row and a
/// first line of names; no dialect if they are not.
fn decimal(
    separator: Separator,
    lines: &[(usize, &str)],
    options: TextOptions,
) -> Result<Option<Option<Decimal>>> {
    let [(_, first), rest @ ..] = lines else {
        return Ok(None);
    };
    if let Separator::Mark(mark) = separator
        && (!lines.iter().any(|(_, line)| line.contains(mark))
            || (mark, options.decimal) == (',', Some(Decimal::Comma)))
    {
        return Ok(None);
    }
    let header = separator.split(first);
    let is_header = !rest.is_empty() && is_header(&header);
    let mut found = Found::default();
    for (line, text) in if is_header { rest } else { lines } {
        let cells = separator.split(text);
        // one name for several numbers, as `mass` above `1,25`; R names one column less
        let short = is_header && header.len() < cells.len() && separator != Separator::Spaces;
        if short && !cells[0].quoted || !found.line(*line, &cells, options) {
            return Ok(None);
        }
    }
    found.decimal(options)
}

/// Whether a first line is names, with numbers beside names of columns of names at most.
fn is_header(cells: &[Cell]) -> bool {
    let mut words = cells.iter().filter(|cell| kind(cell.text) == Kind::Word).peekable();
    let all = words.clone().count() == cells.len();
    words.peek().is_some() && (all || words.all(|cell| cell.text.is_empty() || is_name(cell.text)))
}

/// The commas in the numbers of some lines.
#[derive(Default)]
struct Found<'a> {
    comma: bool,
    thousands: bool,
    /// The first number that can be either, and its line.
    either: Option<(usize, &'a str)>,
}

impl<'a> Found<'a> {
    /// Adds a line; `false` if it is not numbers.
    fn line(&mut self, line: usize, cells: &[Cell<'a>], options: TextOptions) -> bool {
        for (column, cell) in cells.iter().enumerate() {
            let is = match options.decimal {
                Some(decimal) if number(cell.text, decimal).is_some() => Kind::Plain,
                Some(_) => Kind::Word,
                None => kind(cell.text),
            };
            match is {
                Kind::Plain => {}
                Kind::Comma => self.comma = true,
                Kind::Thousands => self.thousands = true,
                Kind::Either => self.either = self.either.or(Some((line, cell.text))),
                Kind::Word if column == 0 && cells.len() > 1 && is_name(cell.text) => {}
                Kind::Word => return false,
            }
        }
        true
    }

    fn decimal(self, options: TextOptions) -> Result<Option<Option<Decimal>>> {
        match (self.comma, self.thousands, self.either) {
            (true, true, _) => Ok(None),
            (true, false, _) => Ok(Some(Some(Decimal::Comma))),
            (false, true, _) => Ok(Some(Some(Decimal::Point))),
            (false, false, None) => Ok(Some(options.decimal)),
            (false, false, Some((line, text))) => Err(input_error!(
                "line {line}: '{text}' can be {} or {}; say which with --decimal point or \
                 --decimal comma (`decimal = \"comma\"` in a study file)",
                number(text, Decimal::Point).unwrap_or_default(),
                number(text, Decimal::Comma).unwrap_or_default()
            )),
        }
    }
}
