//! Simulated universes: matter power spectra from the parameters of a cosmology.
//!
//! A [`Cosmology`] is a flat universe; [`linear()`] and [`matter`] compute the [`Spectrum`] of its
//! matter today. A [`Scenario`] is a kind of universes with the [`Prior`] of their parameters,
//! [`Noise`] is the scatter of one box, and [`simulate`] makes the dataset of a [`Request`].
//!
//! | scenario | parameters beyond those of `lcdm` |
//! |---|---|
//! | `lcdm` | |
//! | `neutrinos` | M_nu; w, which is no target |
//! | `modified-gravity` | M_nu, f_R0 |
//! | `equilateral` | f_NL_equilateral; Omega_b is fixed |
//! | `local` | f_NL_local; those of `lcdm` are fixed |
//!
//! A new scenario is a [`Scenario`] and a line of [`SCENARIOS`] in `scenario.rs`; a new parameter
//! is a [`Parameter`] and a line of [`PARAMETERS`] in `parameter.rs`. Help texts and tests walk
//! these lists.

pub mod bispectrum;
pub mod conventions;
pub mod correction;
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
pub mod parameters;
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
pub use growth::Growth;
pub use linear::{as_quijote_began, linear};
pub use noise::{Bins, Noise, Statistic};
pub use nonlinear::nonlinear;
pub use one_loop::{matter, one_loop};
pub use parameter::{PARAMETERS, Parameter, Universe};
pub use parameters::Cosmology;
pub use request::{Request, simulate};
pub use sampling::Sampling;
pub use scenario::{Prior, SCENARIOS, Scenario};
pub use shells::Shells;
pub use spectrum::Spectrum;
pub use variance::Variance;
