//! The columns of the HiggsML challenge (Adam-Bourdarios et al., "Learning to discover: the Higgs
//! boson machine learning challenge", 2014, appendix B), but for those that fast simulation lacks.

use crate::collider::momentum::{angle, distance};
use crate::collider::objects::Objects;

/// Their names.
pub(crate) const COLUMNS: [&str; 28] = [
    "DER_mass_transverse_met_lep",
    "DER_mass_vis",
    "DER_pt_h",
    "DER_deltaeta_jet_jet",
    "DER_mass_jet_jet",
    "DER_prodeta_jet_jet",
    "DER_deltar_tau_lep",
    "DER_pt_tot",
    "DER_sum_pt",
    "DER_pt_ratio_lep_tau",
    "DER_met_phi_centrality",
    "DER_lep_eta_centrality",
    "PRI_tau_pt",
    "PRI_tau_eta",
    "PRI_tau_phi",
    "PRI_lep_pt",
    "PRI_lep_eta",
    "PRI_lep_phi",
    "PRI_met",
    "PRI_met_phi",
    "PRI_jet_num",
    "PRI_jet_leading_pt",
    "PRI_jet_leading_eta",
    "PRI_jet_leading_phi",
    "PRI_jet_subleading_pt",
    "PRI_jet_subleading_eta",
    "PRI_jet_subleading_phi",
    "PRI_jet_all_pt",
];

/// Their values; NaN where they are not defined. Momenta and masses in GeV.
pub(crate) fn columns(objects: &Objects) -> [f64; 28] {
    let Objects { lepton, tau, jets, missing: [x, y], .. } = objects;
    let (lepton, tau, met, phi) = (*lepton, *tau, x.hypot(*y), y.atan2(*x));
    let pair = lepton + tau;
    let all: f64 = jets.iter().map(|jet| jet.pt()).sum();
    // the vector sum with the missing momentum and so many jets
    let with_jets = |count: usize| {
        let sum = jets.iter().take(count).fold(pair, |sum, jet| sum + *jet);
        (sum.p[0] + x).hypot(sum.p[1] + y)
    };
    let of_jet = |place: usize| {
        jets.get(place).map_or([f64::NAN; 3], |jet| [jet.pt(), jet.eta(), jet.phi()])
    };
    let [[pt, eta, azimuth], [next_pt, next_eta, next_azimuth]] = [0, 1].map(of_jet);
    let (difference, middle) = (eta - next_eta, 0.5 * (eta + next_eta));
    let mass = jets.get(1).map_or(f64::NAN, |next| (jets[0] + *next).mass());
    let centrality = (-4.0 * ((lepton.eta() - middle) / difference).powi(2)).exp();
    let transverse = 2.0 * lepton.pt() * met * (1.0 - angle(lepton.phi() - phi).cos());
    [
        transverse.sqrt(),
        pair.mass(),
        with_jets(0),
        difference.abs(),
        mass,
        eta * next_eta,
        distance(lepton, tau),
        with_jets(2),
        lepton.pt() + tau.pt() + all,
        lepton.pt() / tau.pt(),
        between(phi, [lepton.phi(), tau.phi()]),
        centrality,
        tau.pt(),
        tau.eta(),
        tau.phi(),
        lepton.pt(),
        lepton.eta(),
        lepton.phi(),
        met,
        phi,
        jets.len().min(3) as f64,
        pt,
        eta,
        azimuth,
        next_pt,
        next_eta,
        next_azimuth,
        all,
    ]
}

/// Centrality of an azimuth between two others: sqrt(2) in the middle, 1 at them, less outside.
fn between(phi: f64, [one, other]: [f64; 2]) -> f64 {
    let sign = (other - one).sin().signum();
    let (a, b) = ((phi - one).sin() * sign, (other - phi).sin() * sign);
    (a + b) / a.hypot(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collider::momentum::Momentum;

    #[test]
    fn columns_are_those_of_the_challenge() {
        let at = |name: &str| COLUMNS.iter().position(|own| *own == name).unwrap();
        let momentum = |pt, eta, phi| Momentum::from_pt(pt, eta, phi, 0.0);
        let mut objects = Objects {
            lepton: momentum(30.0, 0.5, 0.0),
            tau: momentum(40.0, -0.5, 2.0),
            jets: vec![],
            missing: [20.0 * 1f64.cos(), 20.0 * 1f64.sin()],
            probability: 1.0,
        };
        let value = |objects: &Objects, name: &str| columns(objects)[at(name)];
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
        let square = 2.0 * 30.0 * 20.0 * (1.0 - 1f64.cos());
        near(value(&objects, "DER_mass_transverse_met_lep"), square.sqrt());
        near(value(&objects, "DER_met_phi_centrality"), 2f64.sqrt());
        near(value(&objects, "DER_deltar_tau_lep"), 5f64.sqrt());
        near(value(&objects, "DER_sum_pt"), 70.0);
        let square = 2.0 * 30.0 * 40.0 * (1f64.cosh() - 2f64.cos());
        near(value(&objects, "DER_mass_vis"), square.sqrt());
        for name in ["DER_mass_jet_jet", "PRI_jet_leading_pt", "DER_lep_eta_centrality"] {
            assert!(value(&objects, name).is_nan(), "{name}");
        }
        objects.jets = vec![momentum(60.0, 2.0, 1.0), momentum(50.0, -1.0, -2.0)];
        near(value(&objects, "DER_prodeta_jet_jet"), -2.0);
        near(value(&objects, "DER_deltaeta_jet_jet"), 3.0);
        near(value(&objects, "DER_lep_eta_centrality"), 1.0);
        near(value(&objects, "PRI_jet_all_pt"), 110.0);
        let all = |axis: fn(f64) -> f64| {
            [(30.0, 0.0), (40.0, 2.0), (20.0, 1.0), (60.0, 1.0), (50.0, -2.0f64)]
                .map(|(pt, phi)| pt * axis(phi))
                .iter()
                .sum::<f64>()
        };
        near(value(&objects, "DER_pt_tot"), all(f64::cos).hypot(all(f64::sin)));
        near(value(&objects, "PRI_jet_num"), 2.0);
    }
}
