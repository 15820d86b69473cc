//! W and Z bosons: production with a jet, and decays.

use std::f64::consts::PI;

use crate::collider::decay::Particle;
use crate::collider::densities::{gluon, quark, rapidity};
use crate::collider::draws::Draws;
use crate::collider::generator::Hard;
use crate::collider::momentum::{Momentum, around, two_body};
use crate::collider::partons::{Parton, coloured};
use crate::collider::radiation::Radiation;
use crate::collider::tau::{TAU, decay_tau, visible};

/// Masses and widths, GeV (Particle Data Group, Phys. Rev. D 110, 030001).
pub(crate) const W: [f64; 2] = [80.37, 2.085];
pub(crate) const Z: [f64; 2] = [91.19, 2.495];

/// A mass with the distribution of Breit and Wigner, within 10 widths.
pub(crate) fn resonance([mass, width]: [f64; 2], draws: &mut Draws) -> f64 {
    let most = 10.0f64.atan() * 2.0;
    mass + 0.5 * width * draws.between(-most, most).tan().clamp(-20.0, 20.0)
}

/// Colour factor of the radiation of a quark and a gluon: the mean of both, and more as tuned.
const MIXED: f64 = 1.3 * 0.5 * (4.0 / 3.0 + 3.0);
/// Share of quarks among the jets beside W and Z bosons.
const QUARKS: f64 = 0.78;
/// Deviation of the difference of the rapidities of boson and jet.
const DIFFERENCE: f64 = 1.3;

/// A boson of this mass and a jet with a transverse momentum above `least`, GeV, that falls as
/// pt / (pt^2 + m^2)^(1 + power), with the m^2 that Z bosons of Pythia have.
pub(crate) fn boson_and_jet(
    mass: f64,
    [least, power]: [f64; 2],
    draws: &mut Draws,
) -> (Momentum, Hard) {
    const SQUARE: f64 = 4000.0;
    let pt = ((least * least + SQUARE) * draws.uniform().powf(-1.0 / power) - SQUARE).sqrt();
    let (difference, phi) = (DIFFERENCE * draws.normal(), draws.between(-PI, PI));
    let transverse = pt.hypot(mass);
    // at rest the momenta along the beams add up to nothing
    let of_jet = -(transverse * difference.sinh() / (pt + transverse * difference.cosh())).atanh();
    let total = transverse * (of_jet + difference).cosh() + pt * of_jet.cosh();
    let shift = rapidity(total.min(6000.0), [quark, gluon], draws);
    let along =
        |m: f64, y: f64, sign: f64| [sign * pt * phi.cos(), sign * pt * phi.sin(), m * y.sinh()];
    let boson = along(transverse, of_jet + difference + shift, 1.0);
    let jet = Momentum::on_shell(along(pt, of_jet + shift, -1.0), 0.0);
    let is_quark = draws.chance(QUARKS);
    let chain = coloured(is_quark, jet, draws);
    let radiation = Radiation { colour: MIXED, scale: total, hardest: pt, rapidity: shift };
    let chains = vec![(pt * pt, chain)];
    (Momentum::on_shell(boson, mass), Hard { chains, radiation, ..Hard::default() })
}

/// Momenta of two leptons of a boson from quarks along the beams: 1 + cos^2 of the angle to them
/// (Collins & Soper, Phys. Rev. D16 (1977) 2219).
pub(crate) fn two_leptons(boson: Momentum, draws: &mut Draws) -> [Momentum; 2] {
    let cos = loop {
        let cos = draws.between(-1.0, 1.0);
        if draws.chance(0.5 * (1.0 + cos * cos)) {
            break cos;
        }
    };
    back_to_back(boson, [0.0; 2], around([0.0, 0.0, 1.0], cos, draws))
}

/// Momenta of two bodies, of which the first one goes in a direction in the rest frame.
pub(crate) fn back_to_back(
    total: Momentum,
    [one, other]: [f64; 2],
    direction: [f64; 3],
) -> [Momentum; 2] {
    let size = two_body(total.mass(), one, other);
    let first = Momentum::on_shell(direction.map(|x| x * size), one).boosted(total);
    [first, total - first]
}

/// What a W boson decays into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Decay {
    /// A charged lepton of this number and a neutrino.
    Leptons(i32),
    /// Quarks of these flavours, of up and of down type.
    Quarks(i8, i8),
}

/// Branching ratios of W bosons.
const DECAYS: [(Decay, f64); 5] = [
    (Decay::Leptons(11), 0.1086),
    (Decay::Leptons(13), 0.1086),
    (Decay::Leptons(15), 0.1086),
    (Decay::Quarks(2, 1), 0.3371),
    (Decay::Quarks(4, 3), 0.3371),
];

/// A decay of a W boson, drawn by the branching ratios.
pub(crate) fn any_decay(draws: &mut Draws) -> Decay {
    DECAYS[draws.index(DECAYS.iter().map(|(_, ratio)| *ratio))].0
}

/// Adds what comes of a W boson of a charge. The momenta are those of the charged lepton, or quark
/// of down type, and of its partner.
pub(crate) fn decay_w(
    decay: Decay,
    charge: i32,
    [down, up]: [Momentum; 2],
    hard: &mut Hard,
    draws: &mut Draws,
) {
    match decay {
        Decay::Leptons(lepton) => {
            let particle = |pdg, momentum| Particle { pdg, momentum };
            hard.particles.push(particle(charge * (lepton + 1), up));
            match lepton {
                // its neutrino is left-handed, and so is the tau
                15 => {
                    let tau = down.with_mass(TAU);
                    let products = decay_tau(tau, -charge, -1.0, draws);
                    hard.visible.extend(visible(&products));
                    hard.particles.extend(products);
                }
                _ => hard.particles.push(particle(-charge * lepton, down)),
            }
        }
        Decay::Quarks(one, other) => {
            let parton = |flavour, momentum| Parton { momentum, flavour, beam: false };
            let pair = match charge > 0 {
                true => vec![parton(one, up), parton(-other, down)],
                false => vec![parton(other, down), parton(-one, up)],
            };
            let total = up + down;
            hard.chains.push((0.25 * total.dot(total), pair));
        }
    }
}
