//! The cells of a line.

/// What stands between the columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Separator {
    /// One of this character.
    Mark(char),
    /// Any number of spaces and tabs.
    Spaces,
}

/// A cell without its quotes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell<'a> {
    pub(crate) text: &'a str,
    pub(crate) quoted: bool,
}

impl Separator {
    /// The cells of a line. A mark at the end of a line ends its last column and does not begin
    /// another.
    pub(crate) fn split(self, line: &str) -> Vec<Cell<'_>> {
        let mut cells = Vec::new();
        let mut rest = match self {
            Separator::Mark('\t') => line,
            _ => line.trim(),
        };
        loop {
            if self == Separator::Spaces {
                rest = rest.trim_start();
            }
            let (cell, after) = self.first(rest);
            cells.push(cell);
            let Some(after) = after else { break };
            rest = after;
            if rest.trim().is_empty() {
                break;
            }
        }
        cells
    }

    /// The first cell, and what follows its separator.
    fn first(self, text: &str) -> (Cell<'_>, Option<&str>) {
        let ends = |letter: char| match self {
            Separator::Mark(mark) => letter == mark,
            Separator::Spaces => letter.is_whitespace(),
        };
        if let Some(inside) = text.trim_start().strip_prefix('"')
            && let Some(length) = inside.find('"')
        {
            let (quoted, after) = (&inside[..length], &inside[length + 1..]);
            let cell = Cell { text: quoted.trim(), quoted: true };
            let end = after.find(ends);
            if after[..end.unwrap_or(after.len())].trim().is_empty() {
                return (cell, end.map(|end| &after[end..]).map(skip_first));
            }
        }
        let end = text.find(ends);
        let cell = Cell { text: text[..end.unwrap_or(text.len())].trim(), quoted: false };
        (cell, end.map(|end| skip_first(&text[end..])))
    }
}

fn skip_first(text: &str) -> &str {
    let mut letters = text.chars();
    letters.next();
    letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_what_stands_between_separators() {
        let split = |separator: Separator, line| {
            separator.split(line).iter().map(|cell| cell.text.to_string()).collect::<Vec<_>>()
        };
        let comma = Separator::Mark(',');
        assert_eq!(split(comma, "1, 2,,3,"), ["1", "2", "", "3"]);
        assert_eq!(split(comma, "1,2,,"), ["1", "2", ""]);
        assert_eq!(split(comma, "\"a, b\" ,\"\",c\"d"), ["a, b", "", "c\"d"]);
        assert_eq!(split(Separator::Spaces, " 1 \t2  \"a b\" "), ["1", "2", "a b"]);
        assert_eq!(split(Separator::Mark('\t'), "\t2\t3"), ["", "2", "3"]);
        assert_eq!(split(comma, ""), [""]);
        assert!(Separator::Spaces.split("\"1\" 2")[0].quoted);
    }
}
