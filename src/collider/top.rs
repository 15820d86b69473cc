//! Pairs of top quarks.

use std::f64::consts::PI;

use crate::collider::bosons::{Decay, W, back_to_back, decay_w, resonance};
use crate::collider::densities::{gluon, rapidity};
use crate::collider::draws::Draws;
use crate::collider::generator::Hard;
use crate::collider::momentum::{Momentum, around, isotropic};
use crate::collider::partons::{Parton, beam};
use crate::collider::radiation::Radiation;

/// Mass, GeV.
const TOP: f64 = 172.5;
/// The transverse momentum falls as pt / (pt^2 + SQUARE)^(1 + POWER).
const SQUARE: f64 = 1.3 * TOP * TOP;
const POWER: f64 = 3.2;
/// Deviation of the difference of their rapidities.
const DIFFERENCE: f64 = 1.1;
/// Colour factor of the radiation of gluons.
const COLOUR: f64 = 2.8;

/// A top quark and its antiquark, decayed; the decays of the W bosons are those given.
pub(crate) fn top_pair(decays: [Decay; 2], draws: &mut Draws) -> Hard {
    let pt = (SQUARE * (draws.uniform().powf(-1.0 / POWER) - 1.0)).sqrt();
    let transverse = pt.hypot(TOP);
    let (half, phi) = (0.5 * DIFFERENCE * draws.normal(), draws.between(-PI, PI));
    let total = 2.0 * transverse * half.cosh();
    let shift = rapidity(total.min(6000.0), [gluon, gluon], draws);
    let mut hard = Hard {
        radiation: Radiation { colour: COLOUR, scale: total, hardest: total, rapidity: shift },
        ..Hard::default()
    };
    for (decay, charge) in decays.into_iter().zip([1, -1]) {
        let sign = f64::from(charge);
        let z = transverse * (shift + sign * half).sinh();
        let top = Momentum::on_shell([sign * pt * phi.cos(), sign * pt * phi.sin(), z], TOP);
        decay_top(top, charge, decay, &mut hard, draws);
    }
    hard
}

/// A top quark, or its antiquark for a negative charge, into b and W. The charged lepton of the W,
/// or the quark of down type, has the angles of longitudinal and left-handed W bosons, 69 and 31 %
/// (Czarnecki, Korner & Piclum, Phys. Rev. D81 (2010) 111503).
fn decay_top(top: Momentum, charge: i32, decay: Decay, hard: &mut Hard, draws: &mut Draws) {
    let mass = resonance(W, draws);
    let [bottom, boson] = back_to_back(top, [0.0, mass], isotropic(draws));
    let cos = loop {
        let cos: f64 = draws.between(-1.0, 1.0);
        let density = 0.69 * 0.75 * (1.0 - cos * cos) + 0.31 * 0.375 * (1.0 - cos).powi(2);
        if 0.75 * draws.uniform() < density {
            break cos;
        }
    };
    // the angle is that to the direction of the W, which is opposite to the b
    let axis = bottom.at_rest_of(boson).p.map(|x| -x);
    let pair = back_to_back(boson, [0.0; 2], around(axis, cos, draws));
    decay_w(decay, charge, pair, hard, draws);
    let side = if draws.chance(0.5) { 1.0 } else { -1.0 };
    let beam = beam(bottom, TOP * TOP - mass * mass, side);
    let flavour = 5 * charge as i8;
    let bottom = Parton { momentum: bottom, flavour, beam: false };
    let chain = if charge > 0 { vec![bottom, beam] } else { vec![beam, bottom] };
    hard.chains.push((0.25 * (TOP * TOP - mass * mass), chain));
}
