//! The numbers of detectors, from the public cards of Delphes 3 (de Favereau et al., JHEP 02 (2014)
//! 057): energies in GeV, absolute pseudorapidities.

use crate::collider::calorimeter::Calorimeter;
use crate::collider::candidate::Class;
use crate::collider::detector::{Detector, Identification};

/// Every detector.
pub static DETECTORS: [&Detector; 3] = [&ATLAS, &CMS, &DETAILED];

fn root(terms: &[f64]) -> f64 {
    terms.iter().sum::<f64>().sqrt()
}

fn atlas_electromagnetic(eta: f64, e: f64) -> f64 {
    match eta.abs() {
        eta if eta < 3.2 => root(&[(0.0017 * e).powi(2), 0.101f64.powi(2) * e]),
        _ => root(&[(0.035 * e).powi(2), 0.285f64.powi(2) * e]),
    }
}

fn atlas_hadronic(eta: f64, e: f64) -> f64 {
    match eta.abs() {
        eta if eta < 1.7 => root(&[(0.0302 * e).powi(2), 0.5205f64.powi(2) * e, 1.59f64.powi(2)]),
        eta if eta < 3.2 => root(&[(0.05 * e).powi(2), 0.706f64.powi(2) * e]),
        _ => root(&[(0.0942 * e).powi(2), e]),
    }
}

fn cms_electromagnetic(eta: f64, e: f64) -> f64 {
    let eta = eta.abs();
    let central = root(&[(0.008 * e).powi(2), 0.11f64.powi(2) * e, 0.40f64.powi(2)]);
    match eta {
        eta if eta < 1.5 => (1.0 + 0.64 * eta * eta) * central,
        eta if eta < 2.5 => (2.16 + 5.6 * (eta - 2.0).powi(2)) * central,
        _ => root(&[(0.107 * e).powi(2), 2.08f64.powi(2) * e]),
    }
}

fn cms_hadronic(eta: f64, e: f64) -> f64 {
    match eta.abs() {
        eta if eta < 3.0 => root(&[(0.05 * e).powi(2), 1.5f64.powi(2) * e]),
        _ => root(&[(0.13 * e).powi(2), 2.7f64.powi(2) * e]),
    }
}

/// Probability that a charged particle is a track.
fn tracking(class: Class, pt: f64, eta: f64) -> f64 {
    let central = eta <= 1.5;
    if pt < 0.1 || eta > 2.5 {
        return 0.0;
    }
    let pick = |inner: f64, outer: f64| if central { inner } else { outer };
    match (class, pt) {
        (Class::Electron, pt) if pt > 100.0 => pick(0.99, 0.90),
        (Class::Electron, pt) if pt > 1.0 => pick(0.95, 0.83),
        (Class::Electron, _) => pick(0.73, 0.50),
        (Class::Muon, pt) if pt > 1.0 => pick(0.99, 0.98),
        (Class::Muon, _) => pick(0.75, 0.70),
        (_, pt) if pt > 1.0 => pick(0.95, 0.85),
        _ => pick(0.70, 0.60),
    }
}

/// The energy as it is.
fn linear(e: f64) -> f64 {
    e
}

/// Efficiencies for electrons.
const ELECTRONS: &[(f64, f64)] = &[(1.5, 0.95), (2.5, 0.85)];
const ELECTROMAGNETIC_CELLS: &[(f64, f64, f64)] = &[(2.96, 0.0174, 1.0), (5.0, 0.175, 10.0)];

/// The ATLAS card of Delphes 3.
pub static ATLAS: Detector = Detector {
    name: "atlas",
    field: 2.0,
    size: [1.15, 3.51],
    electromagnetic: Calorimeter {
        response: linear,
        noise: 0.0,
        resolution: atlas_electromagnetic,
        cells: ELECTROMAGNETIC_CELLS,
        least: 0.5,
        significance: 2.0,
    },
    hadronic: Calorimeter {
        response: linear,
        noise: 0.0,
        resolution: atlas_hadronic,
        cells: &[(2.5, 0.1, 10.0), (4.9, 0.2, 20.0)],
        least: 1.0,
        significance: 2.0,
    },
    tracking,
    pile_up: 0.0,
    identification: Identification {
        from_towers: true,
        radius: 0.6,
        scale: [3.0, 0.2],
        taus: [0.7, 0.6],
        mistags: [0.02, 0.01],
        leptons: [&[(1.5, 0.95), (2.7, 0.85)], ELECTRONS],
    },
};

/// The CMS card of Delphes 3.
pub static CMS: Detector = Detector {
    name: "cms",
    field: 3.8,
    size: [1.29, 3.00],
    electromagnetic: Calorimeter {
        response: linear,
        noise: 0.0,
        resolution: cms_electromagnetic,
        cells: ELECTROMAGNETIC_CELLS,
        least: 0.5,
        significance: 2.0,
    },
    hadronic: Calorimeter {
        response: linear,
        noise: 0.0,
        resolution: cms_hadronic,
        cells: &[(1.65, 0.087, 5.0), (4.35, 0.18, 10.0), (5.0, 0.175, 20.0)],
        least: 1.0,
        significance: 1.0,
    },
    tracking,
    pile_up: 0.0,
    identification: Identification {
        from_towers: false,
        radius: 0.5,
        scale: [2.5, 0.15],
        taus: [0.6; 2],
        mistags: [0.01; 2],
        leptons: [&[(2.4, 0.95)], ELECTRONS],
    },
};

/// Tracks of the detailed response.
fn detailed_tracking(_: Class, pt: f64, eta: f64) -> f64 {
    match eta {
        _ if pt < 0.5 || eta > 2.5 => 0.0,
        eta if eta <= 1.5 => 0.90,
        _ => 0.85,
    }
}

/// The energy that a calorimeter with h / e = 0.7 measures of hadrons, 1 - (1 - h / e) E^(k - 1) of
/// it with k = 0.82 (Gabriel, Groom, Job, Mokhov & Stevenson, Nucl. Instrum. Meth. A338 (1994)
/// 336), if it is calibrated at 100 GeV.
fn hadronic_response(e: f64) -> f64 {
    let share = |e: f64| 1.0 - 0.3 * e.max(1.0).powf(-0.18);
    e * share(e) / share(100.0)
}

/// A more detailed response than that of the cards, with the geometry and the resolutions of ATLAS:
/// 50 other collisions, fewer tracks and none below 0.5 GeV, calorimeters that are not linear, and
/// noise. It stands in for a fuller simulation, and is none.
pub static DETAILED: Detector = Detector {
    name: "detailed",
    field: 2.0,
    size: [1.15, 3.51],
    electromagnetic: Calorimeter {
        response: linear,
        noise: 0.1,
        resolution: atlas_electromagnetic,
        cells: ELECTROMAGNETIC_CELLS,
        least: 0.5,
        significance: 2.0,
    },
    hadronic: Calorimeter {
        response: hadronic_response,
        noise: 0.4,
        resolution: atlas_hadronic,
        cells: &[(2.5, 0.1, 10.0), (4.9, 0.2, 20.0)],
        least: 1.0,
        significance: 2.0,
    },
    tracking: detailed_tracking,
    pile_up: 50.0,
    identification: Identification {
        from_towers: false,
        radius: 0.4,
        scale: [3.0, 0.2],
        taus: [0.7, 0.6],
        mistags: [0.02, 0.01],
        leptons: [&[(1.5, 0.95), (2.7, 0.85)], ELECTRONS],
    },
};
