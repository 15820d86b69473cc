//! What a detector makes of a collision: particle-flow candidates and towers.

use crate::collider::momentum::Momentum;
use crate::collider::species::charge_of;

/// What a detector takes a particle for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A track that is neither an electron nor a muon.
    ChargedHadron = 1,
    /// A neutral excess in the hadronic calorimeter.
    NeutralHadron = 2,
    /// A neutral excess in the electromagnetic calorimeter.
    Photon = 3,
    /// An electron.
    Electron = 4,
    /// A muon.
    Muon = 5,
}

impl Class {
    /// A flag for each class.
    pub(crate) fn flags(self) -> [f64; 5] {
        std::array::from_fn(|place| f64::from(u8::from(place + 1 == self as usize)))
    }

    /// The class of a particle at particle level.
    pub fn of(pdg: i32) -> Self {
        match pdg.abs() {
            11 => Class::Electron,
            13 => Class::Muon,
            22 => Class::Photon,
            _ if charge_of(pdg) != 0 => Class::ChargedHadron,
            _ => Class::NeutralHadron,
        }
    }
}

/// A particle-flow candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its momentum, GeV.
    pub momentum: Momentum,
    /// What it is taken for.
    pub class: Class,
    /// Its charge.
    pub charge: i8,
}

/// What is measured of a collision.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// Particle-flow candidates.
    pub candidates: Vec<Candidate>,
    /// Energies in cells of the calorimeters, as momenta without mass.
    pub towers: Vec<Momentum>,
}

/// Sorts candidates by their transverse momentum, the hardest first.
pub(crate) fn in_falling_pt(candidates: &mut [Candidate]) {
    let pt = |candidate: &Candidate| candidate.momentum.pt();
    candidates.sort_by(|one, other| pt(other).total_cmp(&pt(one)));
}
