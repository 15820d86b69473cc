//! What else happens in a collision of protons: soft hadrons, uniform in pseudorapidity and
//! azimuth.

use crate::collider::decay::Particle;
use crate::collider::draws::Draws;
use crate::collider::momentum::Momentum;
use crate::collider::species::species_of;

/// Settings of the underlying event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Underlying {
    /// Hadrons in a unit of pseudorapidity and a radian of azimuth, before decays, on average.
    pub density: f64,
    /// Temperature, GeV, and power of their spectrum.
    pub temperature: f64,
    /// Power of the spectrum at high transverse momenta.
    pub power: f64,
    /// Shape of the gamma distribution with which the activity varies between collisions.
    pub shape: u32,
}

/// Shares of hadrons, about those of minimum-bias collisions (ALICE, arXiv 1504.00024).
const SHARES: [(i32, f64); 9] = [
    (211, 0.28),
    (-211, 0.28),
    (111, 0.28),
    (321, 0.04),
    (-321, 0.04),
    (311, 0.04),
    (2212, 0.015),
    (-2212, 0.015),
    (2112, 0.01),
];

/// Above this transverse momentum, GeV, a particle is no longer soft.
const HARDEST: f64 = 20.0;

/// A part of pseudorapidity and azimuth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Region {
    pub centre: [f64; 2],
    /// Half of its extent.
    pub reach: [f64; 2],
}

impl Underlying {
    /// Adds hadrons in a region.
    pub(crate) fn add(
        &self,
        Region { centre: [eta, phi], reach: [far, wide] }: Region,
        draws: &mut Draws,
        hadrons: &mut Vec<Particle>,
    ) {
        let product: f64 = (0..self.shape).map(|_| draws.uniform()).product();
        let activity = -product.ln() / f64::from(self.shape);
        let count = draws.poisson(self.density * activity * 4.0 * far * wide);
        for _ in 0..count {
            let (pdg, _) = SHARES[draws.index(SHARES.iter().map(|(_, share)| *share))];
            let (eta, phi) = (eta + draws.between(-far, far), phi + draws.between(-wide, wide));
            let momentum = Momentum::from_pt(self.pt(draws), eta, phi, species_of(pdg).mass);
            hadrons.push(Particle { pdg, momentum });
        }
    }

    /// A transverse momentum p of the spectrum p dp (1 + p / (power T))^-power: an exponential that
    /// becomes a power (Tsallis 1988, J. Stat. Phys. 52, 479).
    fn pt(&self, draws: &mut Draws) -> f64 {
        let scale = self.power * self.temperature;
        loop {
            let product = draws.uniform() * draws.uniform();
            let pt = scale * (product.powf(-1.0 / (self.power - 2.0)) - 1.0);
            if pt < HARDEST {
                return pt;
            }
        }
    }
}
