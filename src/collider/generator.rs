//! From the partons of a hard process to the stable particles of a collision.

use std::f64::consts::PI;

use crate::collider::decay::{Particle, stable};
use crate::collider::draws::Draws;
use crate::collider::hadrons::Hadronisation;
use crate::collider::momentum::{Momentum, transverse_sum};
use crate::collider::partons::Chain;
use crate::collider::radiation::{Radiation, gluons, radiated};
use crate::collider::shower::Shower;
use crate::collider::underlying::{Region, Underlying};

/// Settings of the particle level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generator {
    pub shower: Shower,
    pub hadronisation: Hadronisation,
    pub underlying: Underlying,
}

/// Tuned to the quark and gluon jets of Pythia 8.3.
pub(crate) const GENERATOR: Generator = Generator {
    shower: Shower { coupling: 0.152, frozen: 0.5, cutoff: 0.41 },
    hadronisation: Hadronisation {
        heaviest: 1.3,
        power: 2.11,
        strangeness: 0.25,
        diquarks: 0.035,
        vectors: 0.3,
        smearing: 0.395,
    },
    underlying: Underlying { density: 2.0, temperature: 0.19, power: 6.5, shape: 2 },
};

/// What comes out of a hard process, with no transverse momentum in all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hard {
    /// Particles that do not radiate.
    pub particles: Vec<Particle>,
    /// Partons, and the squared transverse momentum below which they radiate.
    pub chains: Vec<(f64, Chain)>,
    /// What the incoming partons radiate.
    pub radiation: Radiation,
    /// What can be seen of tau leptons that decay into hadrons, and whether one of them is charged.
    pub visible: Vec<(Momentum, bool)>,
}

/// Largest pseudorapidity of the underlying event, and of what calorimeters can see of it.
const EDGES: [f64; 2] = [7.0, 5.2];
/// Deviation of a component of the transverse momentum of the incoming partons in the protons,
/// GeV: that of Pythia's Monash tune (arXiv 1404.5630) is 1.8 for both components together.
const PRIMORDIAL: f64 = 1.3;

impl Generator {
    /// The stable particles of a collision, unless `accept` refuses its hard process as it is when
    /// it recoils from the radiation.
    pub(crate) fn collision(
        &self,
        hard: &mut Hard,
        accept: impl Fn(&Hard) -> bool,
        draws: &mut Draws,
    ) -> Option<Vec<Particle>> {
        let gluons = gluons(&self.shower, &hard.radiation, draws);
        let primordial = [PRIMORDIAL * draws.normal(), PRIMORDIAL * draws.normal()];
        let [x, y, _] = transverse_sum(gluons.iter().copied());
        hard.recoil([primordial[0] - x, primordial[1] - y]);
        if !accept(hard) {
            return None;
        }
        let mut hadrons = std::mem::take(&mut hard.particles);
        for (scale, chain) in std::mem::take(&mut hard.chains) {
            self.fragment(scale, chain, draws, &mut hadrons);
        }
        for chain in &radiated(&self.shower, &gluons, draws) {
            self.hadronisation.hadrons(chain, draws, &mut hadrons);
        }
        let soft = hadrons.len();
        let everywhere = Region { centre: [0.0; 2], reach: [EDGES[0], PI] };
        self.underlying.add(everywhere, draws, &mut hadrons);
        balance(&mut hadrons[soft..], primordial);
        hadrons.retain(|hadron| hadron.momentum.eta().abs() < EDGES[1]);
        Some(stable(hadrons, draws))
    }

    /// Appends the hadrons of partons that radiate below a squared transverse momentum.
    pub(crate) fn fragment(
        &self,
        scale: f64,
        chain: Chain,
        draws: &mut Draws,
        hadrons: &mut Vec<Particle>,
    ) {
        let mut chains = vec![chain];
        self.shower.radiate(&mut chains, scale, draws);
        for chain in &chains {
            self.hadronisation.hadrons(chain, draws, hadrons);
        }
    }
}

impl Hard {
    /// Moves everything but the beams so that it has a transverse momentum.
    fn recoil(&mut self, transverse: [f64; 2]) {
        let partons = || self.chains.iter().flat_map(|(_, chain)| chain);
        let partons = partons().filter(|parton| !parton.beam).map(|parton| parton.momentum);
        let all = self.particles.iter().map(|particle| particle.momentum).chain(partons);
        let energy = all.map(|momentum| momentum.e).sum::<f64>();
        let [x, y] = transverse.map(|p| p / energy);
        let frame = Momentum::on_shell([x, y, 0.0], 1.0);
        let particles = self.particles.iter_mut().map(|particle| &mut particle.momentum);
        let partons = self.chains.iter_mut().flat_map(|(_, chain)| chain);
        let partons = partons.filter(|parton| !parton.beam).map(|parton| &mut parton.momentum);
        let visible = self.visible.iter_mut().map(|(momentum, _)| momentum);
        particles
            .chain(partons)
            .chain(visible)
            .for_each(|momentum| *momentum = momentum.boosted(frame));
    }
}

/// Shifts particles a little, so that their transverse momenta add up to minus `other`.
fn balance(particles: &mut [Particle], other: [f64; 2]) {
    let count = particles.len() as f64;
    for axis in [0, 1] {
        let sum: f64 = particles.iter().map(|particle| particle.momentum.p[axis]).sum();
        for particle in particles.iter_mut() {
            let (mut p, mass) = (particle.momentum.p, particle.momentum.mass());
            p[axis] -= (sum + other[axis]) / count;
            particle.momentum = Momentum::on_shell(p, mass);
        }
    }
}
