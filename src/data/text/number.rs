//! Numbers in text.

/// The decimal mark of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decimal {
    /// `1.5`; a comma in a number, as in `1,234.5`, is between thousands.
    Point,
    /// `1,5`; a point in a number, as in `1.234,5`, is between thousands.
    Comma,
}

/// What a word may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A number without a comma in it.
    Plain,
    /// A number with a decimal comma.
    Comma,
    /// A number with commas between thousands.
    Thousands,
    /// A decimal comma or one between thousands, as in `1,234`.
    Either,
    /// No number.
    Word,
}

/// What a word may be.
pub(crate) fn kind(word: &str) -> Kind {
    if plain(word).is_some() {
        return Kind::Plain;
    }
    // of Point, `1,234`; of Comma, `1,234` and `1.234,5`
    let [point, comma] = [Decimal::Point, Decimal::Comma].map(|mark| number(word, mark).is_some());
    match (point, comma) {
        (true, true) => Kind::Either,
        (true, false) => Kind::Thousands,
        (false, true) => Kind::Comma,
        (false, false) => Kind::Word,
    }
}

/// A number with this decimal mark; the other mark may stand between thousands.
pub(crate) fn number(word: &str, decimal: Decimal) -> Option<f64> {
    let (mark, thousands) = match decimal {
        Decimal::Point => ('.', ','),
        Decimal::Comma => (',', '.'),
    };
    if !word.contains(',') && (decimal == Decimal::Point || !word.contains('.')) {
        return plain(word);
    }
    let exponent = word.find(['e', 'E', 'd', 'D']).unwrap_or(word.len());
    let (digits, exponent) = word.split_at(exponent);
    let (whole, fraction) = match digits.split_once(mark) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let mut groups = whole.trim_start_matches(['+', '-', '\u{2212}']).split(thousands);
    let first = groups.next().unwrap_or_default();
    let is_group = |group: &str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
    let grouped = whole.contains(thousands);
    if grouped && !((1..=3).contains(&first.len()) && first != "0" && groups.all(is_group)) {
        return None;
    }
    let whole = whole.replace(thousands, "");
    plain(&match fraction {
        Some(fraction) => format!("{whole}.{fraction}{exponent}"),
        None => format!("{whole}{exponent}"),
    })
}

/// A number as most programs write it, also with the `D` of Fortran before an exponent, with an
/// exponent of three digits before which Fortran leaves the letter out, and with a real minus sign.
pub(crate) fn plain(word: &str) -> Option<f64> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    if let Some(rest) = word.strip_prefix('\u{2212}') {
        return plain(&format!("-{rest}")).filter(|_| !rest.starts_with(['+', '-']));
    }
    let number_like = |b: u8| b.is_ascii_digit() || b"+-.dDeE".contains(&b);
    if !word.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
        || !word.bytes().all(number_like)
    {
        return None;
    }
    let with_e = word.replace(['D', 'd'], "e");
    with_e.parse().ok().or_else(|| {
        let sign = word.rfind(['+', '-']).filter(|&at| at > 0 && word.len() - at == 4)?;
        let (digits, exponent) = word.split_at(sign);
        digits.contains('.').then(|| format!("{digits}e{exponent}").parse().ok())?
    })
}

/// Whether a word is a whole number without an exponent.
pub(crate) fn is_whole(word: &str) -> bool {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a word can be the name of a row or of a column, and not a number that is missing or
/// misspelt.
pub(crate) fn is_name(word: &str) -> bool {
    const MISSING: [&str; 8] = ["na", "n/a", "nan", "null", "none", "nil", "true", "false"];
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && !MISSING.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_program_are_read() {
        for (word, value) in [
            ("1", 1.0),
            ("-2.5e3", -2500.0),
            ("1.0D-3", 1e-3),
            ("1.0d+02", 100.0),
            (".5", 0.5),
            ("0.123-100", 0.123e-100),
            ("-0.5+120", -0.5e120),
            ("\u{2212}1.5", -1.5),
        ] {
            assert_eq!(plain(word), Some(value), "{word}");
        }
        for word in ["", "1x", "1 2", "d5", "1.5-10", "12-100", "*****", "1_000", "1'000", "NA"] {
            assert_eq!(plain(word), None, "{word}");
        }
    }

    #[test]
    fn commas_are_decimal_or_between_thousands() {
        let cases = [
            ("1,25", Kind::Comma, None, Some(1.25)),
            ("-0,250", Kind::Comma, None, Some(-0.25)),
            (",5", Kind::Comma, None, Some(0.5)),
            ("1,5e-3", Kind::Comma, None, Some(1.5e-3)),
            ("1,234", Kind::Either, Some(1234.0), Some(1.234)),
            ("1,234.5", Kind::Thousands, Some(1234.5), None),
            ("12,345,678", Kind::Thousands, Some(12_345_678.0), None),
            ("1.234,5", Kind::Comma, None, Some(1234.5)),
            ("1,23,4", Kind::Word, None, None),
            ("1.5,5", Kind::Word, None, None),
            ("2.5", Kind::Plain, Some(2.5), None),
            ("1.234", Kind::Plain, Some(1.234), Some(1234.0)),
            ("7", Kind::Plain, Some(7.0), Some(7.0)),
            (",", Kind::Word, None, None),
            ("nan,", Kind::Word, None, None),
        ];
        for (word, is, point, comma) in cases {
            assert_eq!(kind(word), is, "{word}");
            assert_eq!(number(word, Decimal::Point), point, "{word}");
            assert_eq!(number(word, Decimal::Comma), comma, "{word}");
        }
    }
}
