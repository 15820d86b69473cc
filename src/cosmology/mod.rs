//! Universes on demand: matter power spectra from the parameters of a cosmology.
//!
//! [`Cosmology`] says which universe, [`linear()`] and [`matter`] give its [`Spectrum`] of total
//! matter today. A [`Scenario`] has a prior of universes, [`Noise`] is what one box adds, and
//! [`simulate`] makes a dataset of a [`Request`].

pub mod bispectrum;
pub mod conventions;
pub mod correction;
pub mod cosmology;
pub mod eisenstein_hu;
pub mod gravity;
pub mod growth;
pub(crate) mod halo;
pub mod linear;
pub mod marked;
pub mod noise;
pub mod nonlinear;
pub mod one_loop;
pub mod parameter;
pub(crate) mod quadrature;
pub mod quijote;
pub(crate) mod range;
pub mod request;
pub mod sampling;
pub mod scenario;
pub mod shells;
pub mod spectrum;
pub(crate) mod surrogate;
pub mod variance;

pub use conventions::CONVENTIONS;
pub use correction::Correction;
pub use cosmology::Cosmology;
pub use growth::Growth;
pub use linear::{as_quijote_began, linear};
pub use noise::{Bins, Noise, Statistic};
pub use nonlinear::nonlinear;
pub use one_loop::{matter, one_loop};
pub use parameter::{PARAMETERS, Parameter, Universe};
pub use request::{Request, simulate};
pub use sampling::Sampling;
pub use scenario::{Prior, SCENARIOS, Scenario};
pub use shells::Shells;
pub use spectrum::Spectrum;
pub use variance::Variance;
