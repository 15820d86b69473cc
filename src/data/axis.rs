//! Where inputs lie, and whether two tables have them at the same places.

use crate::error::Result;
use crate::input_error;

/// The name of an axis that has none.
pub(crate) const UNNAMED: &str = "input";

/// How far the same place may differ between two files, relative to it: single precision, or six
/// digits of a text file.
const SAME: f64 = 1e-6;

/// How far it may differ relative to the largest place: the rounding of a computed 0.
const SAME_AS_ZERO: f64 = 1e-14;

/// The axis of inputs that have none: 0, 1, 2, ...
pub(crate) fn default_axis(columns: usize) -> Vec<f64> {
    (0..columns).map(|index| index as f64).collect()
}

/// The axis of the inputs of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis<'a> {
    /// What has it, as in messages.
    pub(crate) owner: &'a str,
    /// What it is, with its unit.
    pub(crate) name: &'a str,
    /// The place of each input.
    pub(crate) values: &'a [f64],
}

impl Axis<'_> {
    /// Whether nothing was said about it.
    pub(crate) fn is_default(&self) -> bool {
        self.name == UNNAMED && self.values == default_axis(self.values.len())
    }

    /// The places of these columns; those of an axis that nothing was said about count them anew.
    pub(crate) fn select(&self, columns: &[usize]) -> Vec<f64> {
        match self.is_default() {
            true => default_axis(columns.len()),
            false => columns.iter().map(|&column| self.values[column]).collect(),
        }
    }

    /// Checks that another axis of as many inputs has the same places, within rounding. An axis
    /// that nothing was said about fits one that has a name.
    ///
    /// # Errors
    /// The first input that lies elsewhere, with both places.
    pub(crate) fn check_same(&self, other: &Axis) -> Result<()> {
        if self.name != other.name && (self.is_default() || other.is_default()) {
            return Ok(());
        }
        let Some(input) = first_difference(self.values, other.values) else {
            return Ok(());
        };
        let same_name = self.name == other.name;
        let unit = if same_name { String::new() } else { format!("{} = ", other.name) };
        Err(input_error!(
            "{}: input {input} lies at {} = {}, but in {} at {unit}{}; the inputs must lie at the \
             same places, in the same order",
            self.owner,
            self.name,
            self.values[input],
            other.owner,
            other.values[input]
        ))
    }
}

/// The first place at which two axes differ by more than rounding.
pub(crate) fn first_difference(one: &[f64], other: &[f64]) -> Option<usize> {
    let largest = one.iter().chain(other).fold(0.0, |largest: f64, place| largest.max(place.abs()));
    let differ = |(a, b): (&f64, &f64)| {
        (a - b).abs() > (SAME * a.abs().max(b.abs())).max(SAME_AS_ZERO * largest)
    };
    one.iter().zip(other).position(differ)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis<'a>(name: &'a str, values: &'a [f64]) -> Axis<'a> {
        Axis { owner: name, name, values }
    }

    #[test]
    fn places_are_compared_within_rounding() {
        let single = [0.1, 0.2, 0.3].map(|place: f64| f64::from(place as f32));
        assert_eq!(first_difference(&[0.1, 0.2, 0.3], &single), None);
        assert_eq!(first_difference(&[0.1, 0.2, 0.3], &[0.1, 0.200001, 0.3]), Some(1));
        assert_eq!(first_difference(&[-1.0, 1e-17, 1.0], &[-1.0, 0.0, 1.0]), None);
        assert_eq!(first_difference(&[1e-4, 10.0], &[1.001e-4, 10.0]), Some(0));
    }

    #[test]
    fn columns_without_an_axis_are_counted_anew() {
        assert_eq!(axis("k", &[0.1, 0.2, 0.3]).select(&[2, 0]), [0.3, 0.1]);
        assert_eq!(axis("input", &[0.0, 1.0, 2.0]).select(&[2, 0]), [0.0, 1.0]);
    }

    #[test]
    fn an_axis_fits_none_but_not_another() {
        let (k, none) = (axis("k [h/Mpc]", &[0.1, 0.2]), axis("input", &[0.0, 1.0]));
        k.check_same(&none).unwrap();
        none.check_same(&k).unwrap();
        axis("k", &[0.1, 0.2]).check_same(&k).unwrap();
        let error = axis("k [1/Mpc]", &[0.07, 0.14]).check_same(&k).unwrap_err().to_string();
        for part in ["input 0 lies at k [1/Mpc] = 0.07", "at k [h/Mpc] = 0.1"] {
            assert!(error.contains(part), "{error} lacks {part}");
        }
        // an axis without a name has places all the same
        let error = axis("input", &[0.0, 10.0]).check_same(&none).unwrap_err().to_string();
        assert!(error.contains("input 1 lies at input = 10, but in input at 1"), "{error}");
    }
}
