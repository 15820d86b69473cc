//! Names of columns, and numbers as text.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::input_error;

/// A name without its unit: `M_nu[eV]` is `M_nu`.
pub fn without_unit(name: &str) -> &str {
    name.split_once('[').map_or(name, |(name, _)| name).trim()
}

/// Names for columns that have none: `y0`, `y1`, ...
pub(crate) fn numbered(letter: char, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{letter}{index}")).collect()
}

/// The shortest digits that read back as the same number, with an exponent where they would be
/// mostly zeros.
pub fn number_text(value: f64) -> String {
    match value.abs() {
        size if size.is_finite() && size != 0.0 && !(1e-5..1e15).contains(&size) => {
            format!("{value:e}")
        }
        _ => value.to_string(),
    }
}

/// Text with its control characters, which a terminal may obey, written as escapes, as `\u{1b}`.
/// Line breaks and tabs stay.
pub fn visible(text: &str) -> std::borrow::Cow<'_, str> {
    let hidden = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    if !text.contains(hidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match hidden(letter) {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown.into()
}

/// The place of `name` in `names`.
///
/// # Errors
/// It is not there: with the nearest name, and all names. `what` is what the names are of.
pub(crate) fn find(names: &[String], name: &str, what: &str) -> Result<usize> {
    names.iter().position(|other| other == name).ok_or_else(|| {
        let near =
            |other: &&String| strsim::jaro_winkler(&other.to_lowercase(), &name.to_lowercase());
        let nearest = names
            .iter()
            .max_by(|a, b| near(a).total_cmp(&near(b)))
            .filter(|other| near(other) > 0.7);
        let advice = nearest.map_or(String::new(), |other| format!(" Did you mean '{other}'?"));
        input_error!("there is no {what} '{name}'; there are {}.{advice}", names.join(", "))
    })
}

/// Checks that no name is empty or occurs twice.
pub(crate) fn check_unique(names: &[String], what: &str) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(input_error!("{what} {index} has no name; every {what} needs one"));
        }
        if name.contains(char::is_control) {
            return Err(input_error!(
                "the {what} name '{}' has a control character; rename it",
                name.escape_debug()
            ));
        }
        if !seen.insert(name) {
            return Err(input_error!("the {what} name '{name}' is there twice; names must differ"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_gets_the_nearest_one() {
        let names = ["Omega_m", "sigma_8"].map(String::from);
        let error = find(&names, "sigma8", "target").unwrap_err().to_string();
        assert!(
            error.contains("no target 'sigma8'") && error.contains("Did you mean 'sigma_8'"),
            "{error}"
        );
    }
}
