//! Universes on demand: matter power spectra from the parameters of a cosmology.
//!
//! [`Cosmology`] says which universe, [`linear()`] and [`nonlinear()`] give its [`Spectrum`] of total matter today.

pub mod bispectrum;
pub mod correction;
pub mod cosmology;
pub mod eisenstein_hu;
pub mod gravity;
pub mod growth;
mod halo;
pub mod linear;
pub mod marked;
pub mod nonlinear;
mod quadrature;
mod range;
pub mod shells;
pub mod spectrum;
mod surrogate;
pub mod variance;

pub use correction::Correction;
pub use cosmology::Cosmology;
pub use growth::Growth;
pub use linear::linear;
pub use nonlinear::nonlinear;
pub use shells::Shells;
pub use spectrum::Spectrum;
pub use variance::Variance;
