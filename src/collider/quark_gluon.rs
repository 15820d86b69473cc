//! Quark and gluon jets.

use crate::collider::candidate::{Candidate, in_falling_pt};
use crate::collider::detector::{Detector, measure};
use crate::collider::draws::Draws;
use crate::collider::generator::GENERATOR;
use crate::collider::hard_jet::hard_jet;
use crate::collider::jets::anti_kt;
use crate::collider::momentum::{Momentum, angle};
use crate::collider::process::{Process, Row};

/// The task. Of a jet: transverse momentum and mass in GeV, the numbers of constituents, the width
/// sum pt dr / sum pt, sqrt(sum pt^2) / sum pt, and the share of the hardest constituent.
pub static PROCESS: Process = Process {
    name: "quark-gluon",
    help: "the leading jet of qg -> Zq (target quark = 1) or qq -> Zg (0) at 13 TeV, with its \
           constituents as items; pt above 150 GeV, |eta| below 2",
    items: &[
        "log_pt",
        "log_pt_relative",
        "log_energy",
        "d_eta",
        "d_phi",
        "d_r",
        "charged_hadron",
        "neutral_hadron",
        "photon",
        "electron",
        "muon",
        "charge",
    ],
    typical_items: 32,
    inputs: &[
        "jet_pt",
        "jet_eta",
        "jet_mass",
        "constituents",
        "charged",
        "width",
        "fragmentation",
        "leading_share",
    ],
    targets: &[("quark", [0.0, 1.0])],
    events: None,
    row: |detector, key, index| leading_jet(detector, key, index).row(),
};

/// The leading jet of a collision.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadingJet {
    /// Whether it comes from a quark; else from a gluon.
    pub quark: bool,
    /// The sum of its constituents.
    pub momentum: Momentum,
    /// Its constituents in falling transverse momentum.
    pub constituents: Vec<Candidate>,
}

/// Radius of the jets.
pub const RADIUS: f64 = 0.4;
/// Least transverse momentum of a jet, GeV, and its largest absolute pseudorapidity.
pub const SELECTION: [f64; 2] = [150.0, 2.0];

/// The leading jet of collision `index`: a gluon's for even, a quark's for odd ones. Without a
/// detector its constituents are the stable particles but neutrinos. Collisions whose leading jet
/// does not pass [`SELECTION`] are drawn again.
fn leading_jet(detector: Option<&Detector>, key: u32, index: u32) -> LeadingJet {
    let quark = index % 2 == 1;
    (0..)
        .find_map(|attempt| {
            let mut draws = Draws::new(key, index, attempt);
            let particles = hard_jet(&GENERATOR, quark, &mut draws);
            let candidates = measure(detector, &particles, &mut draws).candidates;
            let momenta: Vec<Momentum> = candidates.iter().map(|one| one.momentum).collect();
            let jet = anti_kt(&momenta, RADIUS, SELECTION[0]).into_iter().next()?;
            if jet.momentum.eta().abs() > SELECTION[1] {
                return None;
            }
            let mut constituents: Vec<Candidate> =
                jet.constituents.iter().map(|index| candidates[*index]).collect();
            in_falling_pt(&mut constituents);
            Some(LeadingJet { quark, momentum: jet.momentum, constituents })
        })
        .expect("quark_gluon: one of all attempts passes")
}

/// The most constituents of a jet in a dataset: the hardest.
const MOST_CONSTITUENTS: usize = 64;

impl LeadingJet {
    fn row(&self) -> Row {
        let constituents = self.constituents.iter().take(MOST_CONSTITUENTS);
        Row {
            items: constituents.flat_map(|one| self.of_constituent(one)).collect(),
            inputs: self.columns().to_vec(),
            targets: vec![f64::from(u8::from(self.quark))],
            weight: 1.0,
        }
    }

    /// Momenta and energies in GeV, logarithms are natural, places relative to the axis of the jet.
    fn of_constituent(&self, one: &Candidate) -> [f64; 12] {
        let (jet, own) = (self.momentum, one.momentum);
        let (d_eta, d_phi) = (own.eta() - jet.eta(), angle(own.phi() - jet.phi()));
        let [a, b, c, d, e] = one.class.flags();
        let (pt, distance, charge) = (own.pt(), d_eta.hypot(d_phi), f64::from(one.charge));
        let (relative, energy) = ((pt / jet.pt()).ln(), own.e.ln());
        [pt.ln(), relative, energy, d_eta, d_phi, distance, a, b, c, d, e, charge]
    }

    fn columns(&self) -> [f64; 8] {
        let jet = self.momentum;
        let (eta, phi) = (jet.eta(), jet.phi());
        let sum = |of: &dyn Fn(&Candidate) -> f64| self.constituents.iter().map(of).sum::<f64>();
        let total = sum(&|one| one.momentum.pt());
        let distance = |one: Momentum| (one.eta() - eta).hypot(angle(one.phi() - phi));
        let hardest = self.constituents.first().map_or(0.0, |one| one.momentum.pt());
        [
            jet.pt(),
            eta,
            jet.mass(),
            self.constituents.len() as f64,
            sum(&|one| f64::from(u8::from(one.charge != 0))),
            sum(&|one| one.momentum.pt() * distance(one.momentum)) / total,
            sum(&|one| one.momentum.pt().powi(2)).sqrt() / total,
            hardest / total,
        ]
    }
}
