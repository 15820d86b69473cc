//! Simulated collisions of protons at 13 TeV, as detectors see them.
//!
//! A generator makes the stable particles around a hard quark or gluon: a parton shower, clusters
//! that become hadrons, their decays, and an underlying event. A [`Detector`] makes particle-flow
//! candidates of them, [`anti_kt`] makes jets of those, and [`simulate`] the dataset of a
//! [`Request`].
//!
//! The models are simple ones, tuned to Pythia 8.3 with Delphes 3: a stand-in that needs no files.
//! `data/simulations/collisions.md` says how well they agree.

pub mod cards;
pub(crate) mod decay;
pub mod detector;
pub(crate) mod draws;
pub(crate) mod hadrons;
pub(crate) mod hard_jet;
pub mod jets;
pub mod momentum;
pub mod quark_gluon;
pub mod request;
pub(crate) mod shower;
pub(crate) mod species;
pub(crate) mod underlying;

pub use cards::DETECTORS;
pub use detector::{Candidate, Class, Detector};
pub use jets::{Jet, anti_kt};
pub use momentum::Momentum;
pub use request::{PROCESSES, Process, Request, simulate};
