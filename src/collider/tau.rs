//! Decays of tau leptons: masses, branching ratios of the Review of Particle Physics (Particle Data
//! Group, Phys. Rev. D 110, 030001), rounded.

use crate::collider::decay::{Particle, phase_space};
use crate::collider::draws::Draws;
use crate::collider::momentum::{Momentum, around};
use crate::collider::species::{charge_of, conjugate, is_neutrino, species_of};

/// Mass of the tau lepton, GeV.
pub(crate) const TAU: f64 = 1.77686;

/// A decay of a negative tau into hadrons and a neutrino.
struct Channel {
    ratio: f64,
    hadrons: &'static [i32],
    /// Mass and width of the resonance that they come from, GeV; none for a single hadron.
    resonance: [f64; 2],
}

const fn channel(ratio: f64, hadrons: &'static [i32], resonance: [f64; 2]) -> Channel {
    Channel { ratio, hadrons, resonance }
}

/// The rho, the a1 and the rho(1450); the K*(892).
const RHO: [f64; 2] = [0.7753, 0.1491];
const A1: [f64; 2] = [1.23, 0.42];
const RHO_PRIME: [f64; 2] = [1.465, 0.4];
const K_STAR: [f64; 2] = [0.8956, 0.0514];

/// Decays into hadrons. Ratios of rarer decays are added to those of similar ones.
static HADRONS: [Channel; 8] = [
    channel(0.1082, &[-211], [0.0; 2]),
    channel(0.0070, &[-321], [0.0; 2]),
    channel(0.2549, &[-211, 111], RHO),
    channel(0.0150, &[-311, -211], K_STAR),
    channel(0.0926, &[-211, 111, 111], A1),
    channel(0.0120, &[-211, 111, 111, 111], RHO_PRIME),
    channel(0.0980, &[-211, -211, 211], A1),
    channel(0.0520, &[-211, -211, 211, 111], RHO_PRIME),
];

/// Branching ratios into electrons and muons.
const LEPTONS: [(i32, f64); 2] = [(11, 0.1782), (13, 0.1739)];

/// What a tau of a charge decays into, with neutrinos. `polarisation` is -1 for a left-handed tau
/// or a right-handed antitau, 1 for the opposite, 0 for neither.
pub(crate) fn decay_tau(
    tau: Momentum,
    charge: i32,
    polarisation: f64,
    draws: &mut Draws,
) -> Vec<Particle> {
    let of_hadrons: f64 = HADRONS.iter().map(|channel| channel.ratio).sum();
    let ratios = LEPTONS.map(|(_, ratio)| ratio).into_iter().chain([of_hadrons]);
    match LEPTONS.get(draws.index(ratios)) {
        Some((lepton, _)) => into_lepton(tau, *lepton, charge, polarisation, draws),
        None => into_hadrons(tau, charge, polarisation, draws),
    }
}

/// Hadrons and a neutrino. Their mass has the phase space and the spin factors of a weak current
/// (Tsai, Phys. Rev. D4 (1971) 2821), and their angle to the tau is 1 + a P cos in its rest frame,
/// with a = (M^2 - 2 m^2) / (M^2 + 2 m^2) for spin 1 and 1 for spin 0 (Bullock, Hagiwara & Martin,
/// Nucl. Phys. B395 (1993) 499).
pub(crate) fn into_hadrons(
    tau: Momentum,
    charge: i32,
    polarisation: f64,
    draws: &mut Draws,
) -> Vec<Particle> {
    let channel = &HADRONS[draws.index(HADRONS.iter().map(|channel| channel.ratio))];
    let mut masses = [0.0; 4];
    for (mass, pdg) in masses.iter_mut().zip(channel.hadrons) {
        *mass = species_of(*pdg).mass;
    }
    let masses = &masses[..channel.hadrons.len()];
    let (mass, strength) = match masses {
        [mass] => (*mass, 1.0),
        _ => {
            let mass = current_mass(channel.resonance, masses.iter().sum(), draws);
            let (all, own) = (TAU * TAU, 2.0 * mass * mass);
            (mass, (all - own) / (all + own))
        }
    };
    let cos = skewed(strength * polarisation, draws);
    let size = (TAU * TAU - mass * mass) / (2.0 * TAU);
    let p = around(tau.p, cos, draws).map(|x| x * size);
    let system = Momentum::on_shell(p, mass).boosted(tau);
    let mut momenta = [Momentum::default(); 8];
    phase_space(system, masses, draws, &mut momenta);
    let neutrino = Particle { pdg: signed(16, charge), momentum: tau - system };
    let hadrons = channel.hadrons.iter().zip(momenta);
    let hadrons = hadrons.map(|(pdg, momentum)| Particle { pdg: signed(*pdg, charge), momentum });
    hadrons.chain([neutrino]).collect()
}

/// The number of what a tau of this charge decays into where a negative one does into `pdg`.
fn signed(pdg: i32, charge: i32) -> i32 {
    if charge < 0 { pdg } else { conjugate(pdg) }
}

/// A mass above `least` of what a weak current makes.
fn current_mass([mass, width]: [f64; 2], least: f64, draws: &mut Draws) -> f64 {
    let limits = [least, TAU].map(|m| ((m * m - mass * mass) / (mass * width)).atan());
    loop {
        let tangent = draws.between(limits[0], limits[1]).tan();
        let square = mass * mass + mass * width * tangent;
        let share = square / (TAU * TAU);
        // at most 1
        let weight = (1.0 - share).powi(2) * (1.0 + 2.0 * share);
        if draws.chance(weight) {
            return square.max(least * least).sqrt();
        }
    }
}

/// A cosine with the density (1 + slope cos) / 2.
fn skewed(slope: f64, draws: &mut Draws) -> f64 {
    loop {
        let cos = draws.between(-1.0, 1.0);
        if 2.0 * draws.uniform() < 1.0 + slope * cos {
            return cos;
        }
    }
}

/// A lepton and two neutrinos: x^2 (3 - 2 x + P cos (1 - 2 x)) with the energy x of the lepton in
/// units of half of the mass (Michel, Proc. Phys. Soc. A63 (1950) 514).
pub(crate) fn into_lepton(
    tau: Momentum,
    lepton: i32,
    charge: i32,
    polarisation: f64,
    draws: &mut Draws,
) -> Vec<Particle> {
    let (x, cos) = loop {
        let (x, cos) = (draws.uniform(), draws.between(-1.0, 1.0));
        let density = x * x * (3.0 - 2.0 * x + polarisation * cos * (1.0 - 2.0 * x));
        if 2.0 * draws.uniform() < density {
            break (x, cos);
        }
    };
    let p = around(tau.p, cos, draws).map(|axis| 0.5 * TAU * x * axis);
    let momentum = Momentum::on_shell(p, 0.0).boosted(tau);
    let mut neutrinos = [Momentum::default(); 8];
    phase_space(tau - momentum, &[0.0; 2], draws, &mut neutrinos);
    let particle = |pdg, momentum| Particle { pdg: signed(pdg, charge), momentum };
    let [first, second, ..] = neutrinos;
    vec![particle(lepton, momentum), particle(-lepton - 1, first), particle(16, second)]
}

/// What can be seen of these decay products, if they are hadrons, and whether just one of them is
/// charged.
pub(crate) fn visible(products: &[Particle]) -> Option<(Momentum, bool)> {
    let hadronic = products.iter().all(|particle| !matches!(particle.pdg.abs(), 11 | 13));
    let seen = products.iter().filter(|particle| !is_neutrino(particle.pdg));
    let charged = seen.clone().filter(|particle| charge_of(particle.pdg) != 0).count();
    let sum = || seen.fold(Momentum::default(), |sum, particle| sum + particle.momentum);
    hadronic.then(|| (sum(), charged == 1))
}
