//! Final-state radiation: a parton shower of colour dipoles.
//!
//! Catani & Seymour, Nucl. Phys. B485 (1997) 291, as a shower ordered in transverse momentum by
//! Schumann & Krauss, JHEP 03 (2008) 038, and in the notation of Hoeche, arXiv 1411.4085, eqs. 2.8
//! to 2.20, with massless partons. A dipole may end at a beam, which recoils and does not radiate.

use std::f64::consts::{PI, TAU};

use crate::collider::draws::Draws;
use crate::collider::momentum::{Momentum, around};
use crate::collider::partons::{Chain, Parton};

/// Settings of the shower.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shower {
    /// Strong coupling at the mass of the Z, one loop. The Monash tune of Pythia has 0.1365
    /// (Skands, Carrazza & Rojo, arXiv 1404.5630).
    pub coupling: f64,
    /// The coupling is that at the root of the sum of the squares of this, GeV, and the transverse
    /// momentum.
    pub frozen: f64,
    /// Least transverse momentum of an emission, GeV.
    pub cutoff: f64,
}

const Z_MASS: f64 = 91.1876;
/// Masses at which a flavour begins to count, of c and b.
const THRESHOLDS: [f64; 2] = [1.5, 4.8];
const CF: f64 = 4.0 / 3.0;
const CA: f64 = 3.0;
const TR: f64 = 0.5;

/// A possible emission.
#[derive(Clone, Debug)]
struct Emission {
    /// Square of the transverse momentum.
    scale: f64,
    /// The share z of the emitter's momentum that it keeps.
    fraction: f64,
    /// The share y of the spectator's momentum that it loses.
    recoil: f64,
    /// The flavour of a quark pair; 0 for a gluon.
    flavour: i8,
}

impl Shower {
    /// The running coupling at a squared transverse momentum, one loop; frozen below `frozen`.
    pub(crate) fn running(&self, square: f64) -> f64 {
        let square = square + self.frozen * self.frozen;
        let slope = |flavours: f64| (33.0 - 2.0 * flavours) / (12.0 * PI);
        let [charm, bottom] = THRESHOLDS.map(|mass| mass * mass);
        let step = |from: f64, to: f64, flavours| slope(flavours) * (to / from).ln();
        let at_z = 1.0 / self.coupling;
        let z = Z_MASS * Z_MASS;
        let inverse = match square {
            square if square > bottom => at_z + step(z, square, 5.0),
            square if square > charm => at_z + step(z, bottom, 5.0) + step(bottom, square, 4.0),
            _ => at_z + step(z, bottom, 5.0) + step(bottom, charm, 4.0) + step(charm, square, 3.0),
        };
        1.0 / inverse
    }

    /// Radiates below the square `scale` of a transverse momentum until the cut-off.
    ///
    /// The next emission of a dipole is kept while its partons stay as they are: what other dipoles
    /// do does not change its distribution.
    pub(crate) fn radiate(&self, chains: &mut Vec<Chain>, mut scale: f64, draws: &mut Draws) {
        let mut emissions: Vec<Vec<[Option<Emission>; 2]>> = Vec::new();
        let mut changed: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
        for (index, chain) in chains.iter().enumerate() {
            emissions.push(vec![[None, None]; chain.len()]);
            changed.push((index, 0..chain.len()));
        }
        loop {
            for (index, range) in changed.drain(..) {
                let chain = &chains[index];
                for emitter in range {
                    let neighbours = [emitter.checked_sub(1), Some(emitter + 1)];
                    emissions[index][emitter] = neighbours.map(|spectator| {
                        let spectator = chain.get(spectator?)?;
                        let parton = Some(&chain[emitter]).filter(|parton| !parton.beam)?;
                        self.emission((parton, spectator), scale, draws)
                    });
                }
            }
            let mut next: Option<(f64, usize, usize, usize)> = None;
            for (index, chain) in emissions.iter().enumerate() {
                for (emitter, sides) in chain.iter().enumerate() {
                    for (side, emission) in sides.iter().enumerate() {
                        let Some(emission) = emission else { continue };
                        if next.is_none_or(|(largest, ..)| emission.scale > largest) {
                            next = Some((emission.scale, index, emitter, side));
                        }
                    }
                }
            }
            let Some((largest, index, emitter, side)) = next else { return };
            scale = largest;
            let emission = emissions[index][emitter][side].clone().expect("shower: an emission");
            let spectator = if side == 0 { emitter - 1 } else { emitter + 1 };
            apply(chains, (index, emitter, spectator), &emission, draws);
            if emission.flavour == 0 {
                emissions[index].insert(emitter.max(spectator), [None, None]);
                let first = emitter.min(spectator);
                let last = first + 3;
                changed.push((index, first.saturating_sub(1)..(last + 1).min(chains[index].len())));
            } else {
                let right = emissions[index].split_off(emitter);
                emissions[index].push([None, None]);
                emissions.push(right);
                let (left, right) = (chains[index].len(), chains[chains.len() - 1].len());
                changed.push((index, left.saturating_sub(3)..left));
                changed.push((chains.len() - 1, 0..right.min(3)));
            }
        }
    }

    /// The hardest emission of a dipole below `scale`, by the veto algorithm.
    fn emission(
        &self,
        (emitter, spectator): (&Parton, &Parton),
        mut scale: f64,
        draws: &mut Draws,
    ) -> Option<Emission> {
        let square = 2.0 * emitter.momentum.dot(spectator.momentum);
        let least = self.cutoff * self.cutoff;
        if square <= 4.0 * least {
            return None;
        }
        let half = 0.5 * (1.0 - 4.0 * least / square).sqrt();
        let (low, high) = (0.5 - half, 0.5 + half);
        let soft = ((1.0 - low) / (1.0 - high)).ln();
        let (radiation, splitting) = match emitter.flavour {
            0 => (CA * soft, 0.5 * TR * 5.0 * (high - low)),
            _ => (2.0 * CF * soft, 0.0),
        };
        // no emission is harder than a quarter of the square
        scale = scale.min(0.25 * square);
        let mut floor = scale;
        let (mut bound_coupling, mut exponent) = (0.0, 0.0);
        loop {
            // the bound of the coupling holds down to the floor; then there is another one
            if exponent > 0.0 {
                scale *= (draws.uniform().ln() / exponent).exp();
            }
            if scale <= floor {
                if floor <= least {
                    return None;
                }
                (scale, floor) = (floor, (0.2 * floor).max(least));
                bound_coupling = self.running(floor);
                exponent = bound_coupling / TAU * (radiation + splitting);
                continue;
            }
            let splits = draws.chance(splitting / (radiation + splitting));
            let fraction = match splits {
                false => 1.0 - (1.0 - low) * (-soft * draws.uniform()).exp(),
                true => draws.between(low, high),
            };
            let recoil = scale / square / (fraction * (1.0 - fraction));
            if recoil >= 1.0 {
                continue;
            }
            let pole = 2.0 / (1.0 - fraction * (1.0 - recoil));
            let (kernel, bound, flavour) = match (emitter.flavour, splits) {
                (0, true) => {
                    let flavour = 1 + draws.index([1.0; 5].into_iter()) as i8;
                    let mass = match flavour {
                        4 | 5 => THRESHOLDS[usize::from(flavour == 5)],
                        _ => 0.0,
                    };
                    if recoil * square < 4.0 * mass * mass {
                        continue;
                    }
                    (1.0 - 2.0 * fraction * (1.0 - fraction), 1.0, flavour)
                }
                (0, false) => (pole - 2.0 + fraction * (1.0 - fraction), 2.0 / (1.0 - fraction), 0),
                _ => (pole - 1.0 - fraction, 2.0 / (1.0 - fraction), 0),
            };
            let (drawn, accepted) = (draws.uniform(), (1.0 - recoil) * kernel / bound);
            // the coupling, which takes time, makes it less likely
            if drawn < accepted && drawn < accepted * self.running(scale) / bound_coupling {
                return Some(Emission { scale, fraction, recoil, flavour });
            }
        }
    }
}

/// Replaces emitter and spectator of an emission by what comes out of it.
fn apply(
    chains: &mut Vec<Chain>,
    (chain, place, other): (usize, usize, usize),
    emission: &Emission,
    draws: &mut Draws,
) {
    let chain = &mut chains[chain];
    let (emitter, spectator) = (chain[place].momentum, chain[other].momentum);
    let (z, y) = (emission.fraction, emission.recoil);
    let kick = transverse(emitter, spectator, (y * z * (1.0 - z)).sqrt(), draws);
    let first = emitter * z + spectator * ((1.0 - z) * y) + kick;
    let second = emitter * (1.0 - z) + spectator * (z * y) - kick;
    chain[other].momentum = spectator * (1.0 - y);
    let flavour = emission.flavour;
    let new = |momentum, flavour| Parton { momentum, flavour, beam: false };
    if flavour == 0 {
        chain[place].momentum = first;
        // between the emitter and the spectator
        chain.insert(place.max(other), new(second, 0));
        return;
    }
    let mut right = chain.split_off(place + 1);
    chain.pop();
    let (quark, antiquark) = match draws.chance(0.5) {
        true => (first, second),
        false => (second, first),
    };
    chain.push(new(antiquark, -flavour));
    right.insert(0, new(quark, flavour));
    chains.push(right);
}

/// A space-like momentum at right angles to both momenta, of size `relative` times the square root
/// of 2 p q.
fn transverse(p: Momentum, q: Momentum, relative: f64, draws: &mut Draws) -> Momentum {
    let total = p + q;
    let axis = p.at_rest_of(total).p;
    let size = relative * total.dot(total).max(0.0).sqrt();
    let kick = around(axis, 0.0, draws).map(|x| x * size);
    Momentum { e: 0.0, p: kick }.boosted(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWER: Shower = Shower { coupling: 0.14, frozen: 0.5, cutoff: 0.5 };

    fn pair() -> Chain {
        let parton = |sign: f64, flavour| {
            let momentum = Momentum { e: 100.0, p: [0.0, 0.0, 100.0 * sign] };
            Parton { momentum, flavour, beam: false }
        };
        vec![parton(1.0, 1), parton(-1.0, -1)]
    }

    #[test]
    fn emissions_conserve_momentum_and_colour() {
        let mut partons = 0;
        for event in 0..200 {
            let mut chains = vec![pair()];
            SHOWER.radiate(&mut chains, 1e4, &mut Draws::new(3, event, 0));
            let all = chains.iter().flatten();
            partons += all.clone().count();
            let sum = all.clone().fold(Momentum::default(), |sum, one| sum + one.momentum);
            assert!((sum.e - 200.0).abs() < 1e-6 && sum.size() < 1e-6, "{sum:?}");
            for parton in all {
                assert!(parton.momentum.mass() < 1e-3 && parton.momentum.e > 0.0, "{parton:?}");
            }
            for chain in &chains {
                let (first, last) = (chain[0].flavour, chain[chain.len() - 1].flavour);
                assert!(first > 0 && last < 0, "a chain runs from a quark to an antiquark");
                assert!(chain[1..chain.len() - 1].iter().all(|parton| parton.flavour == 0));
            }
        }
        // e+ e- at the mass of two Z: some eight partons above 0.5 GeV
        assert!((1000..3000).contains(&partons), "{partons}");
    }

    #[test]
    fn the_coupling_runs_as_the_one_loop_formula_says() {
        let shower = Shower { coupling: 0.118, frozen: 0.0, cutoff: 1.0 };
        assert!((shower.running(Z_MASS * Z_MASS) - 0.118).abs() < 1e-12);
        // 1/a = 1/a_Z + b0 ln(q2 / m_Z2) with 23 / 12 pi above the mass of the bottom quark
        let ten = 1.0 / (1.0 / 0.118 + 23.0 / (12.0 * PI) * (100.0 / Z_MASS.powi(2)).ln());
        assert!((shower.running(100.0) - ten).abs() < 1e-12);
        // Monte Carlo events are drawn down to scales where it is still below 1
        assert!(shower.running(2.25) > shower.running(4.0) && shower.running(2.25) < 0.4);
    }
}
