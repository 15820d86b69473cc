//! Universes on demand: matter power spectra from the parameters of a cosmology.
//!
//! [`Cosmology`] says which universe, [`linear()`] and [`nonlinear()`] give its [`Spectrum`] of total matter today.

pub mod cosmology;
pub mod gravity;
pub mod linear;
pub mod nonlinear;
mod range;
pub mod spectrum;

pub use cosmology::Cosmology;
pub use linear::linear;
pub use nonlinear::nonlinear;
pub use spectrum::Spectrum;
