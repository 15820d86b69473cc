//! What a parameter may be: a range of numbers, on a linear or a logarithmic axis, continuous or in
//! steps, or a list of choices.
//!
//! A value is an f64 throughout the search: the number itself, or the index of a choice. That is
//! Optuna's internal representation too, so the journal can hold it as it is.

use serde::{Deserialize, Serialize};

use crate::data::names::number_text;
use crate::error::Result;
use crate::input_error;

/// What a parameter may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// A number in a range.
    Range(Range),
    /// One of a list; its value is the index.
    Choices(Vec<Choice>),
}

/// An entry of a list of choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Choice {
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A word.
    Word(String),
}

impl From<&str> for Choice {
    fn from(word: &str) -> Self {
        Choice::Word(word.into())
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Choice::Integer(value) => value.fmt(formatter),
            Choice::Number(value) => value.fmt(formatter),
            Choice::Word(word) => word.fmt(formatter),
        }
    }
}

impl Choice {
    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Choice::Integer(value) => Some(*value as f64),
            Choice::Number(value) => Some(*value),
            Choice::Word(_) => None,
        }
    }

    /// The number as a whole one, if it is a number.
    pub fn whole(&self) -> Option<usize> {
        self.number().map(|value| value as usize)
    }
}

/// Numbers from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
    log: bool,
    step: Option<f64>,
    integer: bool,
}

impl Range {
    /// Real numbers; with `log`, those of a logarithmic axis.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the bounds are not finite, out of order, or not positive on a
    /// logarithmic axis.
    pub fn float(low: f64, high: f64, log: bool) -> Result<Self> {
        Self::checked(low, high, log, None, false)
    }

    /// Real numbers `low`, `low + step`, ... up to `high`, which falls to the last of them.
    ///
    /// # Errors
    /// As [`Range::float`], and if the step is not positive.
    pub fn stepped(low: f64, high: f64, step: f64) -> Result<Self> {
        Self::checked(low, high, false, Some(step), false)
    }

    /// Whole numbers; with `log`, those of a logarithmic axis.
    ///
    /// # Errors
    /// As [`Range::float`].
    pub fn int(low: i64, high: i64, log: bool) -> Result<Self> {
        Self::checked(low as f64, high as f64, log, Some(1.0), true)
    }

    /// Whole numbers `low`, `low + step`, ... up to `high`, which falls to the last of them.
    ///
    /// # Errors
    /// As [`Range::stepped`].
    pub fn stepped_int(low: i64, high: i64, step: i64) -> Result<Self> {
        Self::checked(low as f64, high as f64, false, Some(step as f64), true)
    }

    fn checked(low: f64, high: f64, log: bool, step: Option<f64>, integer: bool) -> Result<Self> {
        let ends = format!("low is {} and high is {}", number_text(low), number_text(high));
        if !low.is_finite() || !high.is_finite() {
            return Err(input_error!("{ends}; both must be finite"));
        }
        if low > high {
            return Err(input_error!("{ends}; low must not be above high"));
        }
        let least = if integer { 1.0 } else { f64::MIN_POSITIVE };
        if log && low < least {
            let from = if integer { "at least 1" } else { "above 0" };
            return Err(input_error!(
                "{ends} on a logarithmic axis; low must be {from}, or log = false"
            ));
        }
        if let Some(step) = step.filter(|step| !(step.is_finite() && *step > 0.0)) {
            return Err(input_error!(
                "step is {}, where {ends}; it must be above 0",
                number_text(step)
            ));
        }
        // the last step that is still in the range; a part in 1e8 of a step is taken for rounding
        let high = step.map_or(high, |step| low + ((high - low) / step + 1e-8).floor() * step);
        Ok(Self { low, high, log, step, integer })
    }

    /// The smallest value.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The largest value.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Whether the axis is logarithmic.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The distance of neighbouring values; none if every number counts.
    pub fn step(&self) -> Option<f64> {
        self.step
    }

    /// Whether its values are whole numbers.
    pub fn is_integer(&self) -> bool {
        self.integer
    }

    /// A value's place on the axis: itself or its logarithm.
    pub fn place(&self, value: f64) -> f64 {
        if self.log { value.ln() } else { value }
    }

    /// Where the axis begins and ends: half a step beyond the bounds, so that every value has the
    /// same room.
    pub fn ends(&self) -> (f64, f64) {
        let half = self.step.unwrap_or(0.0) / 2.0;
        (self.place(self.low - half), self.place(self.high + half))
    }

    /// The value nearest to a place on the axis.
    pub fn value(&self, place: f64) -> f64 {
        let value = if self.log { place.exp() } else { place };
        let value = match self.step {
            None => value,
            Some(step) => self.low + ((value - self.low) / step).round_ties_even() * step,
        };
        value.clamp(self.low, self.high)
    }
}

impl Distribution {
    /// The only value there is, if there is only one.
    pub fn only(&self) -> Option<f64> {
        match self {
            Distribution::Range(range) => (range.low == range.high).then_some(range.low),
            Distribution::Choices(choices) => (choices.len() == 1).then_some(0.0),
        }
    }

    /// Whether a value is one of it.
    pub fn contains(&self, value: f64) -> bool {
        match self {
            Distribution::Range(range) => (range.low..=range.high).contains(&value),
            Distribution::Choices(choices) => {
                value.fract() == 0.0 && (0.0..choices.len() as f64).contains(&value)
            }
        }
    }

    /// The value at a quantile (0, 1) of the uniform distribution, which random start-ups are drawn
    /// from.
    pub fn uniform(&self, quantile: f64) -> f64 {
        match self {
            Distribution::Range(range) => {
                let (low, high) = range.ends();
                range.value(low + quantile * (high - low))
            }
            Distribution::Choices(choices) => {
                let count = choices.len() as f64;
                (quantile * count).floor().min(count - 1.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_ranges_are_named_with_both_numbers() {
        let says = |range: Result<Range>, words: [&str; 3]| {
            let error = range.unwrap_err().to_string();
            words.iter().for_each(|word| assert!(error.contains(word), "{error}: {word}"));
        };
        says(Range::float(3.0, 1.0, false), ["low is 3", "high is 1", "above high"]);
        says(Range::float(0.0, 1.0, true), ["low is 0", "high is 1", "log = false"]);
        says(Range::int(0, 9, true), ["low is 0", "high is 9", "at least 1"]);
        says(Range::float(0.0, f64::INFINITY, false), ["low is 0", "high is inf", "finite"]);
        says(Range::stepped(0.0, 1.0, 0.0), ["step is 0", "low is 0", "high is 1"]);
    }

    #[test]
    fn the_high_end_falls_to_the_last_step() {
        assert_eq!(Range::stepped_int(4, 500, 8).unwrap().high(), 500.0);
        assert_eq!(Range::stepped_int(4, 499, 8).unwrap().high(), 492.0);
        assert_eq!(Range::stepped(0.0, 0.3, 0.1).unwrap().high(), 0.1 * 3.0);
    }

    #[test]
    fn every_whole_number_has_the_same_room() {
        let layers = Distribution::Range(Range::int(1, 3, false).unwrap());
        let mut tally = [0; 3];
        (0..3000)
            .for_each(|i| tally[layers.uniform((f64::from(i) + 0.5) / 3000.0) as usize - 1] += 1);
        assert_eq!(tally, [1000; 3]);
        let kinds = Distribution::Choices(vec!["a".into(), "b".into()]);
        assert_eq!([0.0, 0.49, 0.51, 1.0].map(|q| kinds.uniform(q)), [0.0, 0.0, 1.0, 1.0]);
    }
}
