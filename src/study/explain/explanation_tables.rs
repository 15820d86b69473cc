//! Profiles and comparisons as text and as CSV.

use std::path::Path;

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::report::table::aligned;
use crate::study::store::table::{csv_text, number_text};

use crate::study::explain::comparison::{Comparison, similarity};
use crate::study::explain::explanation::Explanation;
use crate::study::store::attribution_table::{ClassAttribution, Profile};

/// A table of the `most` most important inputs of a target: place on the axis, mean absolute
/// attribution, share and correlation.
pub fn ranking_table(explanation: &Explanation, profile: &Profile, most: usize) -> String {
    let mut lines = vec![
        [explanation.axis_name.as_str(), "mean absolute", "share", "correlation"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for input in profile.ranking().into_iter().take(most) {
        let correlation =
            profile.correlation[input].map_or("-".to_owned(), |value| format!("{value:+.2}"));
        lines.push(vec![
            place(&explanation.axis, input),
            format!("{:.5}", profile.mean_absolute[input]),
            format!("{:.1} %", 100.0 * profile.share(input)),
            correlation,
        ]);
    }
    aligned(&lines)
}

/// A table of the classes of items of a target: their share of the items, and the mean absolute
/// attribution of all of a row together.
pub fn class_table(classes: &[ClassAttribution], target: &str) -> String {
    let heading = ["items with", "share of the items", "mean absolute"].map(str::to_owned);
    let own = classes.iter().filter(|class| class.target == target);
    let lines = own.map(|class| {
        let share = format!("{:.1} %", 100.0 * class.items);
        vec![class.class.clone(), share, format!("{:.5}", class.mean_absolute)]
    });
    aligned(&std::iter::once(heading.to_vec()).chain(lines).collect::<Vec<_>>())
}

/// A table with a line per shared target: the similarity of the two models' profiles, and the
/// inputs where the sign flips.
pub fn comparison_table(explanation: &Explanation, comparisons: &[Comparison]) -> String {
    let mut lines = vec![["target", "similarity", "flips", "where"].map(str::to_owned).to_vec()];
    for comparison in comparisons {
        lines.push(vec![
            comparison.target.clone(),
            number(comparison.similarity),
            format!("{} of {}", comparison.flips.len(), explanation.axis.len()),
            ranges(&explanation.axis, &comparison.flips),
        ]);
    }
    aligned(&lines)
}

/// A table of the similarities of the profiles of one model (rows) and of another (columns).
pub fn similarity_table(ours: &[Profile], theirs: &[Profile]) -> String {
    let heading = std::iter::once("target".to_owned());
    let mut lines =
        vec![heading.chain(theirs.iter().map(|their| their.target.clone())).collect::<Vec<_>>()];
    for our in ours {
        let cells = theirs.iter().map(|their| number(similarity(our, their)));
        lines.push(std::iter::once(our.target.clone()).chain(cells).collect());
    }
    aligned(&lines)
}

/// Writes one line per target and input: its name, its place on the axis, the mean absolute
/// attribution in units of the scaled target and in physical units, its correlation with the input,
/// the signed attribution and its standard error over networks.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_attributions(
    path: &Path,
    explanation: &Explanation,
    profiles: &[Profile],
) -> Result<()> {
    let heading = [
        "target",
        "input",
        "axis",
        "mean_absolute",
        "mean_absolute_physical",
        "correlation",
        "signed",
        "signed_standard_error",
    ];
    let mut lines = vec![heading.map(str::to_owned).to_vec()];
    for (profile, [low, high]) in profiles.iter().zip(&explanation.target_ranges) {
        for (input, size) in profile.mean_absolute.iter().enumerate() {
            let error = profile.standard_error.as_ref().map(|errors| errors[input]);
            let numbers = [
                Some(*size),
                Some(size * (high - low)),
                profile.correlation[input],
                Some(profile.signed[input]),
                error,
            ];
            lines.push(line(
                explanation,
                &profile.target,
                input,
                numbers.map(number_text).to_vec(),
            ));
        }
    }
    write_bytes(path, &csv_text(lines.iter().map(Vec::as_slice)))
}

/// Writes one line per shared target and input: the signed attributions of both models, and 1 where
/// the sign flips.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
///
/// # Panics
/// If the target of a comparison is missing in a list.
pub fn write_comparison(
    path: &Path,
    explanation: &Explanation,
    (ours, theirs): (&[Profile], &[Profile]),
    comparisons: &[Comparison],
) -> Result<()> {
    let heading = ["target", "input", "axis", "signed", "compared_signed", "flips"];
    let mut lines = vec![heading.map(str::to_owned).to_vec()];
    let signed = |profiles: &[Profile], target: &str, input: usize| {
        let profile = profiles.iter().find(|profile| profile.target == target);
        number_text(Some(profile.expect("comparison: the target is in both lists").signed[input]))
    };
    for comparison in comparisons {
        for input in 0..explanation.axis.len() {
            let flips = u8::from(comparison.flips.contains(&input)).to_string();
            let target = &comparison.target;
            let numbers = vec![signed(ours, target, input), signed(theirs, target, input), flips];
            lines.push(line(explanation, target, input, numbers));
        }
    }
    write_bytes(path, &csv_text(lines.iter().map(Vec::as_slice)))
}

fn line(
    explanation: &Explanation,
    target: &str,
    input: usize,
    numbers: Vec<String>,
) -> Vec<String> {
    let name = explanation.input_names[input].clone();
    let place = number_text(Some(explanation.axis[input]));
    [target.to_owned(), name, place].into_iter().chain(numbers).collect()
}

/// An input's place on the axis, with enough digits to distinguish neighbours.
fn place(axis: &[f64], input: usize) -> String {
    let steps = axis.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let least = steps.filter(|step| *step > 0.0).fold(f64::INFINITY, f64::min);
    let decimals =
        if least.is_finite() { (1.0 - least.log10().floor()).clamp(0.0, 9.0) as usize } else { 3 };
    let whole = axis.iter().all(|value| value.fract() == 0.0);
    let decimals = if whole { 0 } else { decimals };
    format!("{:.decimals$}", axis[input])
}

/// Inputs as text: neighbours as a range, `0.210 to 0.247`, others one by one.
pub(crate) fn ranges(axis: &[f64], inputs: &[usize]) -> String {
    let groups = inputs.chunk_by(|a, b| a + 1 == *b);
    let text = |group: &[usize]| match group {
        [only] => place(axis, *only),
        [first, .., last] => format!("{} to {}", place(axis, *first), place(axis, *last)),
        [] => String::new(),
    };
    let texts: Vec<String> = groups.map(text).collect();
    if texts.is_empty() { "-".to_owned() } else { texts.join(", ") }
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:+.2}"))
}
