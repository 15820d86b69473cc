//! What cosmology adds to the reading of data.

use crate::cosmology::parameter::known_range;
use crate::cosmology::quijote;
use crate::data::conventions::Conventions;

/// The prior ranges of well-known parameters, and the folders of the Quijote simulations.
pub static CONVENTIONS: Conventions =
    Conventions { range: known_range, folders: &[quijote::POWER_SPECTRA], nan_inputs: false };
