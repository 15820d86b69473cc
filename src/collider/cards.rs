//! The numbers of detectors, from the public cards of Delphes 3 (de Favereau et al., JHEP 02 (2014)
//! 057): energies in GeV, absolute pseudorapidities.

use crate::collider::calorimeter::Calorimeter;
use crate::collider::detector::Detector;

/// Every detector.
pub static DETECTORS: [&Detector; 2] = [&ATLAS, &CMS];

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

const ELECTROMAGNETIC_CELLS: &[(f64, f64, f64)] = &[(2.96, 0.0174, 1.0), (5.0, 0.175, 10.0)];

/// The ATLAS card of Delphes 3.
pub static ATLAS: Detector = Detector {
    name: "atlas",
    field: 2.0,
    size: [1.15, 3.51],
    electromagnetic: Calorimeter {
        resolution: atlas_electromagnetic,
        cells: ELECTROMAGNETIC_CELLS,
        least: 0.5,
        significance: 2.0,
    },
    hadronic: Calorimeter {
        resolution: atlas_hadronic,
        cells: &[(2.5, 0.1, 10.0), (4.9, 0.2, 20.0)],
        least: 1.0,
        significance: 2.0,
    },
    from_towers: true,
};

/// The CMS card of Delphes 3.
pub static CMS: Detector = Detector {
    name: "cms",
    field: 3.8,
    size: [1.29, 3.00],
    electromagnetic: Calorimeter {
        resolution: cms_electromagnetic,
        cells: ELECTROMAGNETIC_CELLS,
        least: 0.5,
        significance: 2.0,
    },
    hadronic: Calorimeter {
        resolution: cms_hadronic,
        cells: &[(1.65, 0.087, 5.0), (4.35, 0.18, 10.0), (5.0, 0.175, 20.0)],
        least: 1.0,
        significance: 1.0,
    },
    from_towers: false,
};
