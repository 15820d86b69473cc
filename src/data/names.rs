//! Names of columns, and numbers as text.

use std::collections::{BTreeSet, HashMap};

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
        let advice = did_you_mean(names, name);
        input_error!("there is no {what} '{name}'; there are {}.{advice}", some(names))
    })
}

/// A list of names as in a message: the first of hundreds.
pub(crate) fn some(names: &[String]) -> String {
    const MOST: usize = 60;
    match names.len() {
        0 => "none".into(),
        1..=MOST => names.join(", "),
        all => format!("{} and {} more", names[..MOST].join(", "), all - MOST),
    }
}

/// A question after the nearest of the names, if one is near.
fn did_you_mean(names: &[String], name: &str) -> String {
    let near = |other: &&String| strsim::jaro_winkler(&other.to_lowercase(), &name.to_lowercase());
    let nearest = names.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    let nearest = nearest.filter(|other| near(other) > 0.7);
    nearest.map_or(String::new(), |other| format!(" Did you mean '{other}'?"))
}

/// Whether these are the names of inputs that have none, `x0`, `x1`, ...
pub(crate) fn are_default_inputs(names: &[String]) -> bool {
    are_default(names, 'x')
}

/// Whether these are the names of columns that have none: this letter and a number from 0.
pub(crate) fn are_default(names: &[String], letter: char) -> bool {
    names == numbered(letter, names.len())
}

/// A list of names as in a message: the first and the last of many.
pub(crate) fn shown(names: &[String]) -> String {
    match names {
        [first, _, _, _, _, _, _, .., last] => format!("{first} to {last}"),
        few => few.join(", "),
    }
}

/// Names of inputs, and what has them, as in messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) owner: &'a str,
    pub(crate) names: &'a [String],
}

/// Which columns of `given` are the inputs of `wanted`, in their order; `None` if they are all of
/// them in the same order. Names are compared where both have some; else the position counts.
///
/// # Errors
/// Another number of inputs where one has no names; else the first input that is missing, and both
/// numbers.
pub(crate) fn match_inputs(wanted: Named, given: Named) -> Result<Option<Vec<usize>>> {
    match_columns(wanted, given, "input", 'x')
}

/// The same for columns that are called `what`, and `letter` with a number where they have no name.
pub(crate) fn match_columns(
    wanted: Named,
    given: Named,
    what: &str,
    letter: char,
) -> Result<Option<Vec<usize>>> {
    let numbers = [wanted, given].map(|side| side.names.len());
    let unnamed = [wanted, given].map(|side| are_default(side.names, letter));
    let same_number = numbers[0] == numbers[1];
    if wanted.names == given.names {
        return Ok(None);
    }
    let place: HashMap<&String, usize> =
        given.names.iter().enumerate().map(|(place, name)| (name, place)).collect();
    let places: Vec<Option<usize>> =
        wanted.names.iter().map(|name| place.get(name).copied()).collect();
    // of unnamed columns beside more unnamed columns, none are known to be the same
    if unnamed != [true, true] && places.iter().all(Option::is_some) {
        return Ok(Some(places.into_iter().flatten().collect()));
    }
    let none_shared = places.iter().all(Option::is_none);
    let by_position = unnamed[0] && unnamed[1] || (unnamed[0] || unnamed[1]) && none_shared;
    if by_position && same_number {
        return Ok(None);
    }
    if by_position {
        return Err(input_error!(
            "{} has {} {} but {} has {} {what}s ({})",
            given.owner,
            numbers[1],
            if what == "input" { "columns".into() } else { format!("{what}s") },
            wanted.owner,
            numbers[0],
            shown(wanted.names)
        ));
    }
    let missing = places.iter().position(Option::is_none).unwrap_or_default();
    let name = &wanted.names[missing];
    Err(input_error!(
        "{} has no {what} '{name}', which is {what} {missing} of {}; it has {} {what}s ({}), and \
         {} {} ({}). They are matched by their names: correct those that differ.{}",
        given.owner,
        wanted.owner,
        numbers[1],
        shown(given.names),
        wanted.owner,
        numbers[0],
        shown(wanted.names),
        did_you_mean(given.names, name)
    ))
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

    fn matched(wanted: &[&str], given: &[&str]) -> Result<Option<Vec<usize>>> {
        let [wanted, given] = [wanted, given].map(|list| list.iter().map(|name| name.to_string()));
        let [wanted, given]: [Vec<String>; 2] = [wanted.collect(), given.collect()];
        let named = |owner, names| Named { owner, names };
        match_inputs(named("the model", &wanted), named("new.csv", &given))
    }

    #[test]
    fn inputs_are_matched_by_name_and_unnamed_ones_by_position() {
        let columns = |wanted: &[&str], given: &[&str]| matched(wanted, given).unwrap();
        assert_eq!(columns(&["a", "b"], &["a", "b"]), None);
        assert_eq!(columns(&["a", "b"], &["b", "a"]), Some(vec![1, 0]));
        assert_eq!(columns(&["a", "b"], &["id", "b", "a"]), Some(vec![2, 1]));
        // one of them has no names
        assert_eq!(columns(&["x0", "x1"], &["a", "b"]), None);
        assert_eq!(columns(&["a", "b"], &["x0", "x1"]), None);
        // names that only look like those of inputs without one
        assert_eq!(columns(&["x0", "x1"], &["x1", "x0"]), Some(vec![1, 0]));
        assert_eq!(columns(&["x1", "x0"], &["x0", "x1"]), Some(vec![1, 0]));
        // a choice of unnamed columns
        assert_eq!(columns(&["x0", "x2"], &["x0", "x1", "x2"]), Some(vec![0, 2]));
    }

    #[test]
    fn inputs_that_do_not_match_are_named_with_both_numbers() {
        let says = |wanted: &[&str], given: &[&str], parts: &[&str]| {
            let error = matched(wanted, given).unwrap_err().to_string();
            parts.iter().for_each(|part| assert!(error.contains(part), "{error} lacks {part}"));
        };
        let numbers = ["it has 3 inputs (a, B, c)", "the model 2 (a, b)"];
        says(&["a", "b"], &["a", "B", "c"], &numbers);
        let first = "new.csv has no input 'b', which is input 1 of the model";
        says(&["a", "b"], &["a", "B", "c"], &[first, "Did you mean 'B'?"]);
        // counted from 1: a shift by one is not a match by position
        says(&["x0", "x1", "x2"], &["x1", "x2", "x3"], &["no input 'x0'"]);
        says(&["x0", "x1"], &["x0", "x1", "x2"], &["new.csv has 3 columns", "has 2 inputs"]);
        says(&["a", "b"], &["x0"], &["new.csv has 1 columns", "2 inputs (a, b)"]);
        says(&["x0", "x1"], &["a", "b", "c"], &["new.csv has 3 columns", "2 inputs (x0, x1)"]);
    }
}
