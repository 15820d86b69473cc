//! The ranges in which a formula holds.

use crate::data::names::number_text;
use crate::error::Result;
use crate::input_error;

/// Checks that a value lies in a range, its ends included.
///
/// # Errors
/// It does not, or is not a number: with the value, both ends and the formula that holds there.
pub fn within(formula: &str, name: &str, value: f64, [low, high]: [f64; 2]) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(input_error!(
        "{name} is {}, but {formula} holds from {low} to {high}; choose {name} in that range",
        number_text(value)
    ))
}
