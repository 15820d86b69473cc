//! Columns of numbers in text, as `numpy.savetxt`, spreadsheets and simulation codes write them.

use crate::data::format::{Format, Table};
use crate::data::matrix::Matrix;
use crate::error::Result;
use crate::input_error;

/// The format of columns in text.
pub(crate) const FORMAT: Format = Format {
    name: "text",
    extensions: &["txt", "csv", "dat"],
    help: "columns of numbers between spaces, commas or semicolons; # begins a comment. Names come \
           from a first line of words, or from a # line directly above the numbers",
    matches: |bytes| !bytes.contains(&0),
    table: |contents| table(contents.bytes),
    dataset: None,
};

/// A matrix from text, and the names of its columns where a line of words gives them.
pub(crate) fn table(bytes: &[u8]) -> Result<Table> {
    let text = String::from_utf8_lossy(bytes);
    // Editors on Windows begin a UTF-8 file with this mark.
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        reader.line(index + 1, line)?;
    }
    reader.finish()
}

/// The state of reading, line by line.
#[derive(Default)]
struct Reader {
    separator: Option<char>,
    /// Names in a first line without `#`, and the number of that line.
    header: Option<(usize, Vec<String>)>,
    /// The comment directly above the next line.
    comment: Option<String>,
    /// The comment directly above the first numbers.
    title: Option<String>,
    /// The line of the first numbers.
    first: usize,
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<()> {
        let (content, comment) = match line.split_once('#') {
            Some((content, comment)) => (content.trim(), Some(comment)),
            None => (line.trim(), None),
        };
        if content.is_empty() {
            self.comment = comment.map(String::from);
            return Ok(());
        }
        if self.rows == 0 && self.header.is_none() {
            self.separator = [';', ','].into_iter().find(|&mark| content.contains(mark));
        }
        let words = split(content, self.separator);
        let numbers: Vec<Option<f64>> = words.iter().map(|word| parse(word)).collect();
        if self.rows == 0 && self.header.is_none() && numbers.iter().all(Option::is_none) {
            self.header = Some((number, words));
            return Ok(());
        }
        self.check_numbers(number, &words, &numbers)?;
        if self.rows == 0 {
            (self.first, self.columns, self.title) = (number, words.len(), self.comment.take());
        }
        if words.len() != self.columns {
            let (first, columns, here) = (self.first, self.columns, words.len());
            return Err(input_error!(
                "line {number} has {here} columns but line {first} has {columns}; every line \
                 must have the same number"
            ));
        }
        self.values.extend(numbers.into_iter().flatten());
        self.rows += 1;
        Ok(())
    }

    fn check_numbers(
        &self,
        number: usize,
        words: &[String],
        numbers: &[Option<f64>],
    ) -> Result<()> {
        let Some(bad) = numbers.iter().position(Option::is_none) else {
            return Ok(());
        };
        let column = bad + 1;
        match words[bad].as_str() {
            "" => Err(input_error!(
                "line {number}, column {column} is empty; every column needs a number"
            )),
            word => {
                let word: String = word.chars().take(40).collect();
                Err(input_error!("line {number}, column {column}: '{word}' is not a number"))
            }
        }
    }

    fn finish(self) -> Result<Table> {
        if self.rows == 0 {
            return Err(input_error!("has no numbers in it"));
        }
        let names = match self.header {
            Some((line, names)) if names.len() != self.columns => {
                return Err(input_error!(
                    "line {line} names {} columns but line {} has {} numbers; one name for each \
                     column, or no names",
                    names.len(),
                    self.first,
                    self.columns
                ));
            }
            Some((_, names)) => Some(names),
            // A comment is often a sentence; it is names only if it has one word for each column.
            None => self.title.as_deref().and_then(|title| {
                [self.separator, None].into_iter().map(|separator| split(title, separator)).find(
                    |words| {
                        words.len() == self.columns
                            && words.iter().all(|word| !word.is_empty() && parse(word).is_none())
                    },
                )
            }),
        };
        Ok((Matrix::new(self.rows, self.columns, self.values), names))
    }
}

/// The words of a line, without the quotes that spreadsheets put around names. A separator at the
/// end of a line ends its last column and does not begin another.
fn split(line: &str, separator: Option<char>) -> Vec<String> {
    let bare = |word: &str| word.trim().trim_matches('"').to_string();
    match separator {
        None => line.split_whitespace().map(bare).collect(),
        Some(mark) => {
            let line = line.trim();
            line.strip_suffix(mark).unwrap_or(line).split(mark).map(bare).collect()
        }
    }
}

/// A number, also with the `D` that Fortran writes before an exponent.
fn parse(word: &str) -> Option<f64> {
    word.parse().ok().or_else(|| {
        let starts_as_number =
            word.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
        starts_as_number.then(|| word.replace(['D', 'd'], "e").parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Option<Vec<String>> {
        table(text.as_bytes()).unwrap().1
    }

    fn error(text: &str) -> String {
        table(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn every_separator_reads_the_same() {
        let expected = Matrix::new(2, 3, vec![1.0, -2.5, 3e4, 4.0, 5.0, 6.0]);
        for text in [
            "1 -2.5 3e4\n4 5 6\n",
            "  1   -2.5\t3e4  \r\n4\t5 6",
            "1,-2.5,3e4\n4,5,6\n",
            "1;-2.5;3e4\n4; 5; 6\n",
            "1, -2.5, 3e4,\n4, 5, 6,\n",
            "\u{feff}# a comment\n\n1 -2.5 3.0D4 # first\n# another\n4 5 6\n\n",
            "a b c\n1 -2.5 +3e4\n4 5 6\n",
        ] {
            assert_eq!(table(text.as_bytes()).unwrap().0, expected, "{text:?}");
        }
    }

    #[test]
    fn names_come_from_a_header_or_from_the_comment_directly_above() {
        let expected = Some(vec!["Omega_m".to_string(), "h".to_string()]);
        assert_eq!(names("Omega_m h\n1 2\n"), expected);
        assert_eq!(names("\"Omega_m\",\"h\"\n1,2\n"), expected);
        assert_eq!(names("# made in 2020\n# Omega_m h\n1 2\n3 4\n"), expected);
        assert_eq!(names("# Omega_m,h\n1,2\n"), expected);
        assert_eq!(names("# Omega_m h\n1,2\n"), expected);
        assert_eq!(
            names("# Omega_m h\n\n1 2\n"),
            None,
            "a blank line parts the comment from the numbers"
        );
        assert_eq!(names("# cosmological parameters of Quijote\n1 2\n"), None);
        assert_eq!(names("# 0 1\n1 2\n"), None, "numbers of columns are not names");
        assert_eq!(names("1 2\n# Omega_m h\n3 4\n"), None);
    }

    #[test]
    fn errors_name_the_line_and_the_word() {
        let ragged = error("# a b\n1 2\n3 4 5\n");
        assert!(ragged.contains("line 3 has 3 columns but line 2 has 2"), "{ragged}");
        let word = error("a b\n1 2\n3 4x\n");
        assert!(word.contains("line 3, column 2: '4x' is not a number"), "{word}");
        let mixed = error("1 Omega_m\n");
        assert!(mixed.contains("line 1, column 2: 'Omega_m'"), "{mixed}");
        let second = error("a b\nc d\n1 2\n");
        assert!(second.contains("line 2, column 1: 'c'"), "{second}");
        let empty = error("1,2,3\n4,,6\n");
        assert!(empty.contains("line 2, column 2 is empty"), "{empty}");
        let width = error(",a,b\n1,2\n");
        assert!(width.contains("line 1 names 3 columns but line 2 has 2"), "{width}");
        for text in ["# only comments\n", "a b\n", "\n\n"] {
            assert!(error(text).contains("has no numbers"), "{text:?}");
        }
    }
}
