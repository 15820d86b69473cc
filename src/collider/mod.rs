//! Simulated collisions of protons at 13 TeV, as detectors see them.
//!
//! A hard process leaves partons and leptons. A generator makes stable particles of them: a parton
//! shower, clusters that become hadrons, their decays, and an underlying event. A [`Detector`]
//! makes particle-flow candidates of those, and a [`Process`] the rows of a dataset: see
//! [`PROCESSES`].
//!
//! The models are simple ones, tuned to Pythia 8.3 with Delphes 3: a stand-in that needs no files.
//! `data/simulations/collisions.md` says how well they agree.

pub(crate) mod bosons;
pub mod calorimeter;
pub mod candidate;
pub mod cards;
pub(crate) mod decay;
pub(crate) mod densities;
pub mod detector;
pub(crate) mod draws;
pub(crate) mod generator;
pub(crate) mod hadrons;
pub(crate) mod hard_jet;
pub(crate) mod higgs;
pub mod jets;
pub mod missing_momentum;
pub mod momentum;
pub(crate) mod objects;
pub(crate) mod partons;
pub mod process;
pub mod quark_gluon;
pub(crate) mod radiation;
pub mod request;
pub(crate) mod shower;
pub(crate) mod species;
pub(crate) mod tau;
pub(crate) mod tau_pair_columns;
pub mod tau_pairs;
pub(crate) mod top;
pub(crate) mod underlying;

pub use candidate::{Candidate, Class};
pub use cards::DETECTORS;
pub use detector::Detector;
pub use jets::{Jet, anti_kt};
pub use momentum::Momentum;
pub use process::Process;
pub use request::{PROCESSES, Request, simulate};
