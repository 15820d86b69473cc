//! The nonlinear spectrum.

use super::cosmology::Cosmology;
use super::spectrum::Spectrum;
use crate::{Result, input_error};

/// The nonlinear spectrum of total matter today from the linear one.
///
/// # Errors
/// A parameter lies outside the range of the model.
pub fn nonlinear(cosmology: &Cosmology, linear: &Spectrum) -> Result<Spectrum> {
    let _ = linear;
    Err(input_error!("no nonlinear spectrum for {cosmology:?} yet"))
}
