//! Collisions with one hard quark or gluon: qg -> Zq and qq -> Zg, with Z -> neutrinos.

use std::f64::consts::PI;

use crate::collider::decay::{Particle, decay};
use crate::collider::draws::Draws;
use crate::collider::hadrons::Hadronisation;
use crate::collider::momentum::{Momentum, angle};
use crate::collider::shower::{Chain, Parton, Shower};
use crate::collider::underlying::Underlying;

/// Settings of the particle level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generator {
    pub shower: Shower,
    pub hadronisation: Hadronisation,
    pub underlying: Underlying,
    /// Transverse momenta of the hard parton, GeV, and the powers with which their rates fall, of
    /// gluons and quarks.
    pub transverse: [f64; 2],
    pub powers: [f64; 2],
}

/// Particles farther from the hard parton than this in pseudorapidity or azimuth are left out: they
/// cannot be in its jet.
pub(crate) const REACH: f64 = 1.0;

/// Deviations of the pseudorapidity of a hard gluon and quark, before the limit of 2.6.
const PSEUDORAPIDITY: [f64; 2] = [2.1, 1.66];

impl Default for Generator {
    /// Tuned to the quark and gluon jets of Pythia 8.3.
    fn default() -> Self {
        Self {
            shower: Shower { coupling: 0.152, frozen: 0.5, cutoff: 0.41 },
            hadronisation: Hadronisation {
                heaviest: 1.3,
                power: 2.11,
                strangeness: 0.25,
                diquarks: 0.035,
                vectors: 0.3,
                smearing: 0.395,
            },
            underlying: Underlying { density: 4.5, temperature: 0.19, power: 6.5 },
            transverse: [193.9, 400.0],
            powers: [4.14, 3.44],
        }
    }
}

impl Generator {
    /// The stable particles around the hard parton, a quark or a gluon.
    pub(crate) fn particles(&self, quark: bool, draws: &mut Draws) -> Vec<Particle> {
        let [low, high] = self.transverse;
        let power = self.powers[usize::from(quark)] - 1.0;
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
        let mut chains = vec![self.partons(quark, momentum, draws)];
        self.shower.radiate(&mut chains, pt * pt, draws);
        let mut hadrons = Vec::new();
        for chain in &chains {
            self.hadronisation.hadrons(chain, draws, &mut hadrons);
        }
        hadrons.retain(|hadron| {
            let momentum = hadron.momentum;
            (momentum.eta() - eta).abs() < REACH && angle(momentum.phi() - phi).abs() < REACH
        });
        self.underlying.add([eta, phi], REACH, draws, &mut hadrons);
        let mut stable = Vec::with_capacity(2 * hadrons.len());
        for hadron in hadrons {
            decay(hadron, draws, &mut stable);
        }
        stable
    }

    /// The hard parton with the beams that it is connected to in colour.
    fn partons(&self, quark: bool, momentum: Momentum, draws: &mut Draws) -> Chain {
        let beam = |sign: f64| {
            // so that 2 p q is half of the least energy squared in which a Z is made
            let (pt, z) = (momentum.pt(), 91.19f64);
            let square = (pt + pt.hypot(z)).powi(2);
            let e = 0.25 * square / (momentum.e - sign * momentum.p[2]);
            let momentum = Momentum { e, p: [0.0, 0.0, sign * e] };
            Parton { momentum, flavour: 0, beam: true }
        };
        let side = if draws.chance(0.5) { 1.0 } else { -1.0 };
        let hard = |flavour| Parton { momentum, flavour, beam: false };
        if !quark {
            return vec![beam(side), hard(0), beam(-side)];
        }
        let flavour = FLAVOURS[draws.index(FLAVOURS.iter().map(|(_, share)| *share))].0;
        match flavour > 0 {
            true => vec![hard(flavour), beam(side)],
            false => vec![beam(side), hard(flavour)],
        }
    }
}

/// Flavours of the quark of qg -> Zq at 13 TeV and their shares, as Pythia has them with its parton
/// densities (NNPDF 2.3 LO).
const FLAVOURS: [(i8, f64); 10] = [
    (-5, 0.023),
    (-4, 0.027),
    (-3, 0.038),
    (-2, 0.046),
    (-1, 0.079),
    (1, 0.253),
    (2, 0.345),
    (3, 0.038),
    (4, 0.027),
    (5, 0.022),
];
