//! Quark and gluon jets.

use crate::collider::decay::Particle;
use crate::collider::detector::{Candidate, Class, Detector};
use crate::collider::draws::Draws;
use crate::collider::hard_jet::Generator;
use crate::collider::jets::anti_kt;
use crate::collider::momentum::{Momentum, angle};
use crate::collider::species::{charge_of, is_neutrino};

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
pub(crate) fn leading_jet(
    generator: &Generator,
    detector: Option<&Detector>,
    key: u32,
    index: u32,
) -> LeadingJet {
    let quark = index % 2 == 1;
    (0..)
        .find_map(|attempt| {
            let mut draws = Draws::new(key, index, attempt);
            let particles = generator.particles(quark, &mut draws);
            let candidates = match detector {
                Some(detector) => detector.candidates(&particles, &mut draws),
                None => particles.iter().filter_map(visible).collect(),
            };
            let momenta: Vec<Momentum> = candidates.iter().map(|one| one.momentum).collect();
            let jet = anti_kt(&momenta, RADIUS, SELECTION[0]).into_iter().next()?;
            if jet.momentum.eta().abs() > SELECTION[1] {
                return None;
            }
            let mut constituents: Vec<Candidate> =
                jet.constituents.iter().map(|index| candidates[*index]).collect();
            let pt = |one: &Candidate| one.momentum.pt();
            constituents.sort_by(|one, other| pt(other).total_cmp(&pt(one)));
            Some(LeadingJet { quark, momentum: jet.momentum, constituents })
        })
        .expect("quark_gluon: one of all attempts passes")
}

fn visible(particle: &Particle) -> Option<Candidate> {
    let (momentum, pdg) = (particle.momentum, particle.pdg);
    let candidate = Candidate { momentum, class: Class::of(pdg), charge: charge_of(pdg) };
    (!is_neutrino(pdg)).then_some(candidate)
}

/// Names of the columns of a constituent.
pub const CONSTITUENT_COLUMNS: [&str; 12] = [
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
];
/// Names of the columns of a jet: transverse momentum and mass in GeV, the numbers of constituents,
/// the width sum pt dr / sum pt, sqrt(sum pt^2) / sum pt, and the share of the hardest constituent.
pub const JET_COLUMNS: [&str; 8] = [
    "jet_pt",
    "jet_eta",
    "jet_mass",
    "constituents",
    "charged",
    "width",
    "fragmentation",
    "leading_share",
];
/// The most constituents of a jet in a dataset: the hardest.
pub const MOST_CONSTITUENTS: usize = 64;

impl LeadingJet {
    /// A row for each of the hardest constituents: see [`CONSTITUENT_COLUMNS`]. Momenta and
    /// energies in GeV, logarithms are natural, places relative to the axis of the jet.
    pub(crate) fn rows(&self) -> impl Iterator<Item = [f64; 12]> + '_ {
        let (pt, eta, phi) = (self.momentum.pt(), self.momentum.eta(), self.momentum.phi());
        self.constituents.iter().take(MOST_CONSTITUENTS).map(move |one| {
            let own = one.momentum;
            let (d_eta, d_phi) = (own.eta() - eta, angle(own.phi() - phi));
            let is = |class: Class| f64::from(u8::from(one.class == class));
            [
                own.pt().ln(),
                (own.pt() / pt).ln(),
                own.e.ln(),
                d_eta,
                d_phi,
                d_eta.hypot(d_phi),
                is(Class::ChargedHadron),
                is(Class::NeutralHadron),
                is(Class::Photon),
                is(Class::Electron),
                is(Class::Muon),
                f64::from(one.charge),
            ]
        })
    }

    /// The columns of the jet: see [`JET_COLUMNS`].
    pub(crate) fn columns(&self) -> [f64; 8] {
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
