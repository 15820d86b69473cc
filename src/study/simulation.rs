//! What is simulated in place of files: universes or collisions.

use std::sync::atomic::AtomicBool;

use crate::data::dataset::Dataset;
use crate::error::Result;
use crate::{collider, cosmology};

/// A dataset to simulate.
#[derive(Clone, Debug)]
pub enum Simulation {
    /// Spectra of universes.
    Universes(cosmology::request::Request),
    /// Collisions of protons.
    Collisions(collider::request::Request),
}

impl Simulation {
    /// Number of simulations.
    pub fn count(&self) -> usize {
        match self {
            Simulation::Universes(request) => request.count,
            Simulation::Collisions(request) => request.count,
        }
    }

    /// The name of what is simulated.
    pub fn name(&self) -> &'static str {
        match self {
            Simulation::Universes(request) => request.scenario.name,
            Simulation::Collisions(request) => request.process.name,
        }
    }

    /// What a simulation and an input are called, in the plural.
    pub fn units(&self) -> [&'static str; 2] {
        match self {
            Simulation::Universes(_) => ["spectra", "bins"],
            Simulation::Collisions(_) => ["collisions", "inputs"],
        }
    }

    /// Simulates on all cores. `observe` gets the number of simulations that are done, from any
    /// thread; `stop` ends it early.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for a request that is impossible; [`crate::Error::Interrupted`]
    /// after `stop`.
    pub fn run(&self, observe: &(dyn Fn(usize) + Sync), stop: &AtomicBool) -> Result<Dataset> {
        match self {
            Simulation::Universes(request) => cosmology::request::simulate(request, observe, stop),
            Simulation::Collisions(request) => collider::request::simulate(request, observe, stop),
        }
    }
}
