//! Numbers and lists as parts of a sentence.

use crate::study::metric::Better;
use crate::study::stats::scatter::Scatter;
use crate::study::store::negative_transfer::{LEVEL, Transfer};
use crate::study::store::savings::{Bound, Saving};
use crate::study::transfer::BASELINE;

/// By how much the test score differs from the baseline's in some of `sizes` sizes: `12 to 29 %
/// lower than that of scratch at 5 of 6 sizes (corrected p < 0.05, over seeds)`.
pub(crate) fn at_sizes(
    some: &[&Transfer],
    sizes: usize,
    direction: Better,
    scatter: Scatter,
) -> String {
    let percents = some.iter().map(|one| 100.0 * (one.ratio - 1.0).abs());
    let (low, high) = percents
        .fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = (format!("{low:.0}"), format!("{high:.0}"));
    let range = if low == high { high } else { format!("{low} to {high}") };
    format!(
        "{range} % {} than that of {BASELINE} at {} of {sizes} {} (corrected p < {LEVEL}, {})",
        direction.word(),
        some.len(),
        plural(sizes, "size"),
        scatter.over()
    )
}

/// The comparison of one target: `M_nu (1.41 times the test MSE of scratch at 50 simulations,
/// corrected p = 0.003)`.
pub(crate) fn ratio_text(one: &Transfer) -> String {
    format!(
        "{} ({:.2} times the test {} of {BASELINE} at {} simulations, corrected p = {})",
        one.target.as_deref().unwrap_or_default(),
        one.ratio,
        one.metric.title,
        one.simulations,
        p_text(one.p_corrected.unwrap_or(1.0)),
    )
}

/// The baseline's equivalent of a number of simulations, with its interval.
pub(crate) fn worth(saving: &Saving) -> String {
    let equivalent = rounded(saving.factor * saving.simulations as f64);
    let factor = saving.factor;
    let interval = match (saving.low, saving.high) {
        (Some(low), Some(high)) => format!("95 % interval {low:.1} to {high:.1}"),
        (Some(low), None) => format!("95 % interval from {low:.1}"),
        _ => "without an interval".to_owned(),
    };
    match saving.bound {
        Bound::MoreThanLargest => format!(
            "is better than {BASELINE} with {equivalent}, so it saves a factor of more than \
             {factor:.1} ({interval})"
        ),
        _ => format!(
            "matches {BASELINE} with about {equivalent}, {factor:.1} times as many ({interval})"
        ),
    }
}

/// A p-value with its significant digits.
pub(crate) fn p_text(p: f64) -> String {
    match p {
        p if p < 1e-9 => "1e-9 or less".to_owned(),
        p if p < 1e-3 => format!("{p:.0e}"),
        p if p < 0.1 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}

/// Rounded to two digits, which is the precision of an interpolation between scattered points.
fn rounded(simulations: f64) -> f64 {
    let unit = 10f64.powf((simulations.log10().floor() - 1.0).max(0.0));
    (simulations / unit).round() * unit
}

/// Three significant digits.
pub(crate) fn three(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-4..1e5).contains(&size) => {
            let decimals = (2.0 - size.log10().floor()).clamp(0.0, 9.0) as usize;
            format!("{value:.decimals$}")
        }
        _ => format!("{value:.2e}"),
    }
}

/// The singular or plural of a word.
pub(crate) fn plural(count: usize, word: &str) -> String {
    format!("{word}{}", if count == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn joined(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_have_significant_digits() {
        assert_eq!([1e-7, 0.0291, 0.5].map(p_text), ["1e-7", "0.029", "0.50"]);
    }
}
