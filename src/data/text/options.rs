//! How a text file is read where it can mean two things.

use crate::data::text::number::Decimal;

/// What a user says of a text file; the default finds out, or asks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TextOptions {
    /// Whether the first line is names, also if it is numbers.
    pub header: Option<bool>,
    /// The decimal mark.
    pub decimal: Option<Decimal>,
}
