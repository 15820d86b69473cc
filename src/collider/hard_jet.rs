//! Collisions with one hard quark or gluon: qg -> Zq and qq -> Zg, with Z -> neutrinos.

use std::f64::consts::PI;

use crate::collider::decay::{Particle, stable};
use crate::collider::draws::Draws;
use crate::collider::generator::Generator;
use crate::collider::momentum::{Momentum, angle};
use crate::collider::partons::coloured;
use crate::collider::underlying::{Region, Underlying};

/// Transverse momenta of the hard parton, GeV, and the powers with which their rates fall, of
/// gluons and quarks: tuned to Pythia 8.3.
const TRANSVERSE: [f64; 2] = [193.9, 400.0];
const POWERS: [f64; 2] = [4.14, 3.44];

/// Particles farther from the hard parton than this in pseudorapidity or azimuth are left out: they
/// cannot be in its jet.
pub(crate) const REACH: f64 = 1.0;

/// The underlying event around a jet, with what the incoming partons radiate.
const UNDERLYING: Underlying = Underlying { density: 4.5, temperature: 0.19, power: 6.5, shape: 2 };

/// Deviations of the pseudorapidity of a hard gluon and quark, before the limit of 2.6.
const PSEUDORAPIDITY: [f64; 2] = [2.1, 1.66];

/// The stable particles around the hard parton, a quark or a gluon.
pub(crate) fn hard_jet(generator: &Generator, quark: bool, draws: &mut Draws) -> Vec<Particle> {
    let [low, high] = TRANSVERSE;
    let power = POWERS[usize::from(quark)] - 1.0;
    // d sigma / d pt falls as a power between the limits
    let range = 1.0 - (high / low).powf(-power);
    let pt = low * (1.0 - draws.uniform() * range).powf(-1.0 / power);
    let eta = loop {
        let eta = PSEUDORAPIDITY[usize::from(quark)] * draws.normal();
        if eta.abs() < 2.6 {
            break eta;
        }
    };
    let phi = draws.between(-PI, PI);
    let momentum = Momentum::from_pt(pt, eta, phi, 0.0);
    let chain = coloured(quark, momentum, draws);
    let mut hadrons = Vec::new();
    generator.fragment(pt * pt, chain, draws, &mut hadrons);
    hadrons.retain(|hadron| {
        let momentum = hadron.momentum;
        (momentum.eta() - eta).abs() < REACH && angle(momentum.phi() - phi).abs() < REACH
    });
    let around = Region { centre: [eta, phi], reach: [REACH; 2] };
    UNDERLYING.add(around, draws, &mut hadrons);
    stable(hadrons, draws)
}
