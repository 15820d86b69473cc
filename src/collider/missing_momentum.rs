//! Missing transverse momentum: what detectors see of collisions with neutrinos.

use crate::collider::bosons::{
    Decay, W, Z, any_decay, boson_and_jet, decay_w, resonance, two_leptons,
};
use crate::collider::candidate::{Candidate, in_falling_pt};
use crate::collider::decay::Particle;
use crate::collider::detector::{Detector, measure, objects};
use crate::collider::draws::Draws;
use crate::collider::generator::{GENERATOR, Hard};
use crate::collider::momentum::{Momentum, transverse_sum};
use crate::collider::process::{Process, Row};
use crate::collider::species::is_neutrino;
use crate::collider::top::top_pair;

/// Largest component of the true momentum, GeV.
const LARGEST: f64 = 400.0;

/// The task.
pub static PROCESS: Process = Process {
    name: "missing-momentum",
    help: "W(l nu)+jet, ttbar, Z(nu nu)+jet and Z(mu mu)+jet at 13 TeV in turn; items: up to 128 \
           particle-flow candidates; targets: the transverse momentum of all neutrinos, GeV",
    items: &[
        "pt",
        "px",
        "py",
        "eta",
        "phi",
        "charged_hadron",
        "neutral_hadron",
        "photon",
        "electron",
        "muon",
        "charge",
    ],
    typical_items: MOST_CANDIDATES,
    inputs: &["rest_px", "rest_py", "rest_pt", "met_x", "met_y", "sum_et", "candidates"],
    targets: &[("true_x", [-LARGEST, LARGEST]), ("true_y", [-LARGEST, LARGEST])],
    events: None,
    row,
};

/// The most candidates of a collision in a dataset: the hardest.
const MOST_CANDIDATES: usize = 128;

/// Collision `index`. Those that do not pass the selection of their kind are drawn again.
fn row(detector: Option<&'static Detector>, key: u32, index: u32) -> Row {
    let collision = |attempt| {
        let mut draws = Draws::new(key, index, attempt);
        let mut hard = KINDS[index as usize % KINDS.len()](&mut draws)?;
        let particles = GENERATOR.collision(&mut hard, |_| true, &mut draws)?;
        let unseen = particles.iter().filter(|particle| is_neutrino(particle.pdg));
        let [x, y, _] = transverse_sum(unseen.map(|particle| particle.momentum));
        let event = measure(detector, &particles, &mut draws);
        let [seen_x, seen_y, scalar] = transverse_sum(objects(detector, &event));
        let mut candidates = event.candidates;
        in_falling_pt(&mut candidates);
        let (hardest, rest) = candidates.split_at(candidates.len().min(MOST_CANDIDATES));
        let [rest_x, rest_y, rest] =
            transverse_sum(rest.iter().map(|candidate| candidate.momentum));
        let count = candidates.len() as f64;
        (x.abs() < LARGEST && y.abs() < LARGEST).then(|| Row {
            items: hardest.iter().flat_map(columns).collect(),
            inputs: vec![rest_x, rest_y, rest, -seen_x, -seen_y, scalar, count],
            targets: vec![x, y],
            weight: 1.0,
        })
    };
    (0..).find_map(collision).expect("missing_momentum: one of all attempts passes")
}

fn columns(candidate: &Candidate) -> [f64; 11] {
    let (momentum, charge) = (candidate.momentum, f64::from(candidate.charge));
    let [px, py, _] = momentum.p;
    let [a, b, c, d, e] = candidate.class.flags();
    [momentum.pt(), px, py, momentum.eta(), momentum.phi(), a, b, c, d, e, charge]
}

/// The hard processes, unless a lepton is out of acceptance.
const KINDS: [fn(&mut Draws) -> Option<Hard>; 4] = [
    w_and_jet,
    |draws| Some(top_pair([any_decay(draws), any_decay(draws)], draws)),
    |draws| z_and_jet([50.0, 2.1], 14, [0.0; 2], draws),
    |draws| z_and_jet([30.0, 2.05], 13, [25.0, 10.0], draws),
];

/// Whether a lepton has this transverse momentum and is where there are tracks.
fn accepted(lepton: Momentum, pt: f64) -> bool {
    lepton.pt() > pt && (pt == 0.0 || lepton.eta().abs() < 2.5)
}

fn w_and_jet(draws: &mut Draws) -> Option<Hard> {
    let mass = resonance(W, draws);
    let (boson, mut hard) = boson_and_jet(mass, [30.0, 2.35], draws);
    let charge = if draws.chance(0.57) { 1 } else { -1 };
    let [lepton, neutrino] = two_leptons(boson, draws);
    let decay = Decay::Leptons(if draws.chance(0.5) { 11 } else { 13 });
    decay_w(decay, charge, [lepton, neutrino], &mut hard, draws);
    accepted(lepton, 10.0).then_some(hard)
}

/// A Z boson that decays into leptons of this number, with their least transverse momenta.
fn z_and_jet(
    spectrum: [f64; 2],
    lepton: i32,
    [hard_one, soft_one]: [f64; 2],
    draws: &mut Draws,
) -> Option<Hard> {
    let mass = resonance(Z, draws);
    let (boson, mut hard) = boson_and_jet(mass, spectrum, draws);
    let pair = two_leptons(boson, draws);
    let signs = [1, -1].into_iter().zip(pair);
    hard.particles.extend(signs.map(|(sign, momentum)| Particle { pdg: sign * lepton, momentum }));
    let [one, other] = pair;
    let (harder, softer) = if one.pt() > other.pt() { (one, other) } else { (other, one) };
    (accepted(harder, hard_one) && accepted(softer, soft_one)).then_some(hard)
}
