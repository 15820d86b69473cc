//! From bytes to lines.

use std::borrow::Cow;

use crate::error::Result;
use crate::input_error;

/// The marks with which a UTF-16 file begins, low byte first and high byte first.
const UTF_16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// Whether a file can be text.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    UTF_16.iter().any(|mark| bytes.starts_with(mark)) || !bytes.contains(&0)
}

/// The text of a file in UTF-8, or in UTF-16 with a mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>> {
    if let Some(order) = UTF_16.iter().position(|mark| bytes.starts_with(mark)) {
        let pairs = bytes[2..].chunks_exact(2).map(|pair| [pair[0], pair[1]]);
        let units = pairs.map(|pair| match order {
            0 => u16::from_le_bytes(pair),
            _ => u16::from_be_bytes(pair),
        });
        let text: Result<String, _> = char::decode_utf16(units).collect();
        return match text {
            Ok(text) if bytes.len().is_multiple_of(2) && !text.contains('\0') => {
                Ok(Cow::Owned(text))
            }
            _ => Err(input_error!("begins as UTF-16 but is not; save it as UTF-8")),
        };
    }
    let text = String::from_utf8_lossy(bytes);
    // Editors on Windows begin a UTF-8 file with this mark.
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_start_matches('\u{feff}')),
        Cow::Owned(text) => Cow::Owned(text.trim_start_matches('\u{feff}').to_string()),
    })
}

/// A line with something on it beside a comment, or a comment alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Line<'a> {
    /// What stands before the comment, without spaces around it; tabs stay.
    Content(&'a str),
    /// A comment, without its mark.
    Comment(&'a str),
    /// Nothing.
    Blank,
}

/// The lines with their numbers from 1. They may end as on Linux, Windows and old Macs.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, Line<'_>)> + Clone {
    let ends = |line| str::strip_suffix(line, "\r").unwrap_or(line).split('\r');
    text.split('\n').flat_map(ends).enumerate().map(|(index, line)| (index + 1, parts(line)))
}

/// `#` begins a comment anywhere outside quotes; `%` and `!` at the beginning of a line.
fn parts(line: &str) -> Line<'_> {
    let trimmed = line.trim();
    if let Some(comment) = trimmed.strip_prefix(['#', '%', '!']) {
        return Line::Comment(comment);
    }
    let mut quoted = false;
    let mark = line.char_indices().find(|&(_, letter)| {
        quoted ^= letter == '"';
        letter == '#' && !quoted
    });
    let content = mark.map_or(line, |(at, _)| &line[..at]);
    match content.trim().is_empty() {
        true => Line::Blank,
        false => Line::Content(content.trim_matches(' ')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        for text in ["1 2\n\n3", "1 2\r\n\r\n3", "1 2\r\r3"] {
            let found: Vec<_> = lines(text).collect();
            let expected = [(1, Line::Content("1 2")), (2, Line::Blank), (3, Line::Content("3"))];
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn comments_begin_outside_quotes() {
        assert_eq!(parts(" % k P"), Line::Comment(" k P"));
        assert_eq!(parts("1 2 # first"), Line::Content("1 2"));
        assert_eq!(parts("\"n#\",\"h\""), Line::Content("\"n#\",\"h\""));
    }

    #[test]
    fn utf_16_is_text_and_utf_32_is_not() {
        let units: Vec<u16> = "\u{feff}Ω\n1".encode_utf16().collect();
        let low: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let high: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [low, high] {
            assert!(is_text(&bytes));
            assert_eq!(decode(&bytes).unwrap(), "Ω\n1");
            assert!(decode(&bytes[..bytes.len() - 1]).is_err());
        }
        assert!(decode(b"\xff\xfe\x00\x001\0\0\0").is_err());
    }
}
