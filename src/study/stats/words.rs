//! Numbers and lists in the words of a sentence.

use crate::study::store::negative_transfer::Transfer;
use crate::study::store::savings::{Bound, Saving};
use crate::study::transfer::BASELINE;

/// By how much the test MSE is lower at some sizes: `12 to 29 % lower`.
pub(crate) fn at_sizes(better: &[&Transfer]) -> String {
    format!("{} % lower", range(better, |ratio| 100.0 * (1.0 - ratio)))
}

/// By how much it is higher.
pub(crate) fn above(worse: &[&Transfer]) -> String {
    format!("{} % higher", range(worse, |ratio| 100.0 * (ratio - 1.0)))
}

fn range(all: &[&Transfer], percent: impl Fn(f64) -> f64) -> String {
    let values = all.iter().map(|one| percent(one.ratio));
    let (low, high) = values
        .fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = (format!("{low:.0}"), format!("{high:.0}"));
    match low == high {
        true => high,
        false => format!("{low} to {high}"),
    }
}

/// What a number of simulations is worth, with its interval.
pub(crate) fn worth(saved: &Saving) -> String {
    let equivalent = rounded(saved.factor * saved.simulations as f64);
    let interval = match (saved.low, saved.high) {
        (Some(low), Some(high)) => format!("95 % interval {low:.1} to {high:.1}"),
        (Some(low), None) => format!("95 % interval from {low:.1}"),
        _ => "without an interval".to_owned(),
    };
    let factor = saved.factor;
    match saved.bound {
        Bound::MoreThanLargest => {
            format!(
                "is better than {BASELINE} with {equivalent}, more than {factor:.1}x fewer ({interval})"
            )
        }
        _ => format!(
            "is as good as {BASELINE} with about {equivalent}, {factor:.1}x fewer ({interval})"
        ),
    }
}

/// A p-value in as many digits as mean something.
pub(crate) fn p_text(p: f64) -> String {
    match p {
        p if p < 1e-9 => "1e-9 or less".to_owned(),
        p if p < 1e-3 => format!("{p:.0e}"),
        p if p < 0.1 => format!("{p:.3}"),
        p => format!("{p:.2}"),
    }
}

/// Two digits: more would promise a precision that an interpolation between scattered points does
/// not have.
fn rounded(simulations: f64) -> f64 {
    let unit = 10f64.powf((simulations.log10().floor() - 1.0).max(0.0));
    (simulations / unit).round() * unit
}

/// A word for so many.
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
    fn p_values_have_the_digits_that_mean_something() {
        assert_eq!([1e-7, 0.0291, 0.5].map(p_text), ["1e-7", "0.029", "0.50"]);
    }
}
