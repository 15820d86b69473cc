//! Which of the first inputs are kept.

use crate::data::names::number_text;
use crate::error::Result;
use crate::input_error;

/// Which of the first columns of an axis are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Cut {
    /// All of them.
    #[default]
    None,
    /// This many.
    Bins(usize),
    /// Those up to this place on the axis.
    MaxK(f64),
}

impl Cut {
    /// How many of the first columns stay.
    ///
    /// # Errors
    /// None stay, or more are requested than there are.
    pub fn kept(self, axis: &[f64]) -> Result<usize> {
        let kept = match self {
            Cut::None => axis.len(),
            Cut::Bins(bins) => bins,
            Cut::MaxK(max) => axis.iter().take_while(|&&k| k <= max).count(),
        };
        match (self, kept) {
            (Cut::Bins(0), _) => Err(input_error!("`bins` is 0; keep at least one")),
            (Cut::Bins(bins), _) if bins > axis.len() => {
                Err(input_error!("`bins` is {bins}, but there are only {}", axis.len()))
            }
            (Cut::MaxK(max), _) if max.is_nan() => {
                Err(input_error!("`max_k` is NaN; give the place of the last input to keep"))
            }
            (Cut::MaxK(max), 0) => {
                let first = axis.first().copied().unwrap_or(f64::NAN);
                Err(input_error!(
                    "`max_k` is {}, but the first bin is already at {}; choose a larger one",
                    number_text(max),
                    number_text(first)
                ))
            }
            _ => Ok(kept),
        }
    }
}
