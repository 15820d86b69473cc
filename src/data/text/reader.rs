//! From the lines of a text file to a table.

use crate::data::matrix::Matrix;
use crate::data::table::Table;
use crate::data::text::cells::{Cell, Separator};
use crate::data::text::decode::{Line, decode, lines};
use crate::data::text::dialect::Dialect;
use crate::data::text::first_line::{FirstLine, first_line};
use crate::data::text::number::{is_name, is_whole};
use crate::data::text::options::TextOptions;
use crate::error::Result;
use crate::input_error;

/// A matrix from text, and the names of its columns and rows where words give them.
pub(crate) fn table(bytes: &[u8], options: TextOptions) -> Result<Table> {
    let text = decode(bytes)?;
    let contents = lines(&text).filter_map(|(number, line)| match line {
        Line::Content(content) => Some((number, content)),
        _ => None,
    });
    let dialect = Dialect::find(contents.clone(), options)?;
    let second = contents.clone().nth(1).map(|(_, line)| dialect.separator.split(line));
    let mut reader = Reader::new(dialect, options);
    for (number, line) in lines(&text) {
        match line {
            Line::Blank => reader.comment = None,
            Line::Comment(comment) => reader.comment = Some(comment),
            Line::Content(content) => reader.line(number, content, second.as_deref())?,
        }
    }
    reader.finish()
}

/// The state of reading, line by line.
struct Reader<'a> {
    dialect: Dialect,
    options: TextOptions,
    /// Names in a first line, and the number of that line.
    header: Option<(usize, Vec<String>)>,
    /// The comment directly above the next line.
    comment: Option<&'a str>,
    /// The comment directly above the first numbers.
    title: Option<&'a str>,
    /// The line of the first numbers.
    first: usize,
    rows: usize,
    columns: usize,
    /// How many of the first cells of a line are names of the row.
    index: usize,
    labels: Vec<String>,
    values: Vec<f64>,
    doubts: Doubts,
}

/// What may be meant otherwise.
#[derive(Default)]
struct Doubts {
    /// The first number of a first line such as `0,1,2`.
    counts_from: Option<usize>,
    /// Whether a line after the first has a whole number.
    whole: bool,
    /// Whether every line so far is two whole numbers around a comma.
    two: bool,
    /// Whether every line so far has commas with and without a space, and whole numbers only.
    mixed: bool,
}

impl<'a> Reader<'a> {
    fn new(dialect: Dialect, options: TextOptions) -> Self {
        let commas = dialect.separator == Separator::Mark(',') && options.decimal.is_none();
        Self {
            dialect,
            options,
            header: None,
            comment: None,
            title: None,
            first: 0,
            rows: 0,
            columns: 0,
            index: 0,
            labels: Vec::new(),
            values: Vec::new(),
            doubts: Doubts { two: commas, mixed: commas, ..Doubts::default() },
        }
    }

    fn line(&mut self, number: usize, line: &'a str, second: Option<&[Cell]>) -> Result<()> {
        let cells = self.dialect.separator.split(line);
        if self.rows == 0 && self.header.is_none() {
            match first_line(&cells, second, &self.dialect, self.options.header) {
                FirstLine::Names { index } => {
                    let names = cells.iter().map(|cell| cell.text.to_string()).collect();
                    (self.header, self.index) = (Some((number, names)), index);
                    return Ok(());
                }
                FirstLine::Numbers { counts_from } => self.doubts.counts_from = counts_from,
            }
        }
        if self.rows == 0 {
            self.begin(number, &cells);
            if cells.len() <= self.index {
                return Err(input_error!(
                    "line {number} has {} columns, but the names above it begin with {} empty \
                     ones, those of columns that name the row; numbers must follow",
                    cells.len(),
                    self.index
                ));
            }
        }
        let numbers: Vec<Option<f64>> =
            cells[self.index.min(cells.len())..].iter().map(|c| self.dialect.number(c)).collect();
        self.check_numbers(number, &cells, &numbers)?;
        if cells.len() != self.columns {
            let (first, columns, here) = (self.first, self.columns, cells.len());
            let commas = match self.dialect.separator {
                Separator::Mark(',') => ". If its commas are decimal, say --decimal comma",
                _ => "",
            };
            return Err(input_error!(
                "line {number} has {here} columns but line {first} has {columns}; every line \
                 must have the same number{commas}"
            ));
        }
        self.check_commas(number, line, &cells)?;
        if let Some(label) = cells[..self.index].first() {
            self.labels.push(label.text.to_string());
        }
        if self.rows > 0 || self.doubts.counts_from.is_none() {
            self.doubts.whole |= cells.iter().any(|cell| is_whole(cell.text));
        }
        self.values.extend(numbers.into_iter().flatten());
        self.rows += 1;
        Ok(())
    }

    /// The first line of numbers: it may begin with the name of its row.
    fn begin(&mut self, number: usize, cells: &[Cell]) {
        (self.first, self.columns, self.title) = (number, cells.len(), self.comment.take());
        let is_number = |cell: &Cell| self.dialect.number(cell).is_some();
        let [first, rest @ ..] = cells else { return };
        if self.index > 0 || rest.is_empty() || !rest.iter().all(is_number) {
            return;
        }
        // R writes one name less than there are columns
        let short = self.header.as_ref().is_some_and(|(_, names)| names.len() + 1 == cells.len());
        if short && first.quoted {
            self.index = 1;
            self.header.iter_mut().for_each(|(_, names)| names.insert(0, String::new()));
        } else if !is_number(first) && is_name(first.text) {
            self.index = 1;
        }
    }

    fn check_numbers(&self, number: usize, cells: &[Cell], numbers: &[Option<f64>]) -> Result<()> {
        let Some(bad) = numbers.iter().position(Option::is_none) else {
            return Ok(());
        };
        let column = self.index + bad + 1;
        match cells[self.index + bad].text {
            "" => {
                let header = match self.rows == 0 && self.header.is_none() {
                    true => ". If the line is names, say --header yes",
                    false => "",
                };
                Err(input_error!(
                    "line {number}, column {column} is empty; every column needs a number{header}"
                ))
            }
            word => {
                let word: String = word.chars().take(40).collect();
                Err(input_error!("line {number}, column {column}: '{word}' is not a number"))
            }
        }
    }

    /// Notes commas that may be decimal.
    fn check_commas(&mut self, number: usize, line: &str, cells: &[Cell]) -> Result<()> {
        let doubts = &mut self.doubts;
        if self.dialect.separator != Separator::Mark(',') || self.options.decimal.is_some() {
            return Ok(());
        }
        let digits = |cell: &Cell| !cell.text.starts_with(['+', '-']) && is_whole(cell.text);
        let zero = |cell: &&Cell| digits(cell) && cell.text.len() > 1 && cell.text.starts_with('0');
        if let Some(cell) = cells.iter().skip(1).find(zero) {
            return Err(input_error!(
                "line {number}: '{}' looks like the digits after a decimal comma, but commas are \
                 between the columns. If it is a number, say --decimal point (`decimal = \
                 \"point\"` in a study file); if the file has one column, --decimal comma; else \
                 save it with ; between the columns",
                cell.text
            ));
        }
        let spaced = line.contains(", ") || line.contains(" ,");
        let whole = cells.iter().all(|cell| is_whole(cell.text) && !cell.quoted);
        doubts.two &= cells.len() == 2 && whole && digits(&cells[1]) && !spaced;
        let tight = line.replace(", ", "").replace(" ,", "").contains(',');
        doubts.mixed &= whole && spaced && tight;
        Ok(())
    }

    fn finish(self) -> Result<Table> {
        if self.rows == 0 {
            return Err(input_error!("has no numbers in it"));
        }
        let names = self.names()?;
        self.check_doubts(names.is_some())?;
        Ok(Table {
            matrix: Matrix::new(self.rows, self.columns - self.index, self.values),
            names,
            labels: (self.index > 0).then_some(self.labels),
        })
    }

    /// The names of the columns of numbers.
    fn names(&self) -> Result<Option<Vec<String>>> {
        let (line, names) = match &self.header {
            Some(header) => header,
            // A comment is often a sentence; it is names only if it has one word for each column.
            None => {
                let title = self.title.and_then(|title| self.title_names(title));
                return Ok(title.map(|mut names| names.split_off(self.index)));
            }
        };
        if names.len() != self.columns {
            return Err(input_error!(
                "line {line} names {} columns but line {} has {} numbers; one name for each \
                 column, or no names",
                names.len(),
                self.first,
                self.columns
            ));
        }
        if let Some(name) = names.iter().find(|name| name.contains('\u{fffd}')) {
            return Err(input_error!("line {line}: the name '{name}' is not UTF-8; save it so"));
        }
        Ok(Some(names[self.index..].to_vec()))
    }

    fn title_names(&self, title: &str) -> Option<Vec<String>> {
        let separators = [self.dialect.separator, Separator::Spaces];
        let mut words = separators.iter().map(|separator| separator.split(title));
        let fits = |words: &Vec<Cell>| {
            let is_word =
                |cell: &Cell| !cell.text.is_empty() && self.dialect.number(cell).is_none();
            words.len() == self.columns && words.iter().all(is_word)
        };
        let names = words.find(fits)?;
        Some(names.iter().map(|cell| cell.text.to_string()).collect())
    }

    fn check_doubts(&self, named: bool) -> Result<()> {
        let doubts = &self.doubts;
        if let Some(from) = doubts.counts_from
            && self.rows > 1
            && if self.columns > 1 {
                from == 0 || !doubts.whole
            } else {
                from == 0 && !doubts.whole
            }
        {
            let list: Vec<String> =
                (from..self.columns + from).take(3).map(|n| n.to_string()).collect();
            let dots = if self.columns > 3 { ", ..." } else { "" };
            return Err(input_error!(
                "line {} is {}{dots}, which pandas writes as the names of columns. Say --header \
                 yes if it is names, --header no if it is numbers (--x-header or --y-header in \
                 `shoal import`; `x_header = true` in a study file)",
                self.first,
                list.join(", ")
            ));
        }
        if doubts.two && !named && self.index == 0 {
            return Err(input_error!(
                "every line is two whole numbers with a comma between them, as line {}: two \
                 columns, or one with decimal commas? Say --decimal point or --decimal comma \
                 (`decimal = \"comma\"` in a study file)",
                self.first
            ));
        }
        if doubts.mixed {
            return Err(input_error!(
                "line {} has commas with a space and commas without: decimal commas are not told \
                 from those between columns. Save the file with ; between the columns, or say \
                 --decimal point (`decimal = \"point\"` in a study file)",
                self.first
            ));
        }
        Ok(())
    }
}
