//! The linear spectrum.

use super::cosmology::Cosmology;
use super::spectrum::Spectrum;
use crate::{Result, input_error};

/// The linear spectrum of total matter today, normalised to sigma_8.
///
/// # Errors
/// A parameter lies outside the range of the fit.
pub fn linear(cosmology: &Cosmology) -> Result<Spectrum> {
    Err(input_error!("no linear spectrum for {cosmology:?} yet"))
}
