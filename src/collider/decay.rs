//! Decays of unstable particles, by phase space.

use crate::collider::draws::Draws;
use crate::collider::momentum::{Momentum, isotropic, two_body};
use crate::collider::species::{conjugate, species_of};

/// A particle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Particle {
    /// Its number in the Monte Carlo particle numbering scheme.
    pub pdg: i32,
    /// Its momentum, GeV.
    pub momentum: Momentum,
}

/// Appends what is left of a particle when everything unstable has decayed.
pub(crate) fn decay(particle: Particle, draws: &mut Draws, stable: &mut Vec<Particle>) {
    let species = species_of(particle.pdg);
    if species.decays.is_empty() {
        return stable.push(particle);
    }
    let channel = draws.index(species.decays.iter().map(|(ratio, _)| *ratio));
    let (_, products) = species.decays[channel];
    let mut masses = [0.0; 8];
    for (mass, pdg) in masses.iter_mut().zip(products) {
        *mass = species_of(*pdg).mass;
    }
    let mut momenta = [Momentum::default(); 8];
    let count = products.len();
    phase_space(particle.momentum, &masses[..count], draws, &mut momenta);
    for (pdg, momentum) in products.iter().zip(momenta) {
        let pdg = if particle.pdg < 0 { conjugate(*pdg) } else { *pdg };
        decay(Particle { pdg, momentum }, draws, stable);
    }
}

/// The stable particles that hadrons decay into.
pub(crate) fn stable(hadrons: Vec<Particle>, draws: &mut Draws) -> Vec<Particle> {
    let mut stable = Vec::with_capacity(2 * hadrons.len());
    hadrons.into_iter().for_each(|hadron| decay(hadron, draws, &mut stable));
    stable
}

/// Momenta of bodies of these masses, uniform in phase space (James, CERN 68-15, 1968): masses of
/// the intermediate systems are drawn in order, and accepted by the product of the two-body
/// momenta.
pub(crate) fn phase_space(
    total: Momentum,
    masses: &[f64],
    draws: &mut Draws,
    momenta: &mut [Momentum],
) {
    let (mass, count) = (total.mass(), masses.len());
    if count == 1 {
        momenta[0] = total.with_mass(masses[0]);
        return;
    }
    let sum: f64 = masses.iter().sum();
    let free = (mass - sum).max(0.0);
    // systems[i]: mass of the first i + 1 bodies
    let mut systems = [0.0; 8];
    let largest = |systems: &mut [f64; 8]| {
        let mut below = masses[0];
        let mut weight = 1.0;
        for (body, mass) in masses.iter().enumerate().skip(1) {
            systems[body] = below + mass;
            weight *= two_body(free + systems[body], below, *mass);
            below += mass;
        }
        weight
    };
    let most = largest(&mut systems);
    systems[0] = masses[0];
    systems[count - 1] = mass;
    for _ in 0..1000 {
        let mut steps = [0.0; 8];
        for step in &mut steps[1..count - 1] {
            *step = draws.uniform();
        }
        steps[1..count - 1].sort_unstable_by(f64::total_cmp);
        let mut below = masses[0];
        for body in 1..count - 1 {
            below += masses[body];
            systems[body] = below + steps[body] * free;
        }
        let weight: f64 = (1..count)
            .map(|body| two_body(systems[body], systems[body - 1], masses[body]))
            .product();
        if count == 2 || weight >= draws.uniform() * most {
            break;
        }
    }
    let mut frame = total;
    for body in (1..count).rev() {
        let size = two_body(systems[body], systems[body - 1], masses[body]);
        let p = isotropic(draws).map(|x| x * size);
        momenta[body] = Momentum::on_shell(p, masses[body]).boosted(frame);
        frame = Momentum::on_shell(p.map(|x| -x), systems[body - 1]).boosted(frame);
    }
    momenta[0] = frame;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phase_space_conserves_momentum_and_masses() {
        let total = Momentum::on_shell([3.0, -4.0, 12.0], 5.3);
        let masses = [0.14, 0.14, 2.01, 0.14, 0.135];
        for event in 0..200 {
            let mut draws = Draws::new(1, event, 0);
            let mut momenta = [Momentum::default(); 8];
            phase_space(total, &masses, &mut draws, &mut momenta);
            let sum = momenta[..5].iter().fold(Momentum::default(), |sum, one| sum + *one);
            assert!((sum - total).size() < 1e-9 && (sum.e - total.e).abs() < 1e-9, "{sum:?}");
            for (momentum, mass) in momenta.iter().zip(masses) {
                assert!((momentum.mass() - mass).abs() < 1e-6, "{momentum:?} has not {mass}");
            }
        }
    }

    #[test]
    fn three_massless_bodies_fill_the_dalitz_plot_evenly() {
        // the squared mass of a pair is uniform times the room that the other one has: its mean is
        // a third of all
        let total = Momentum { e: 1.0, p: [0.0; 3] };
        let square = |event| {
            let mut momenta = [Momentum::default(); 8];
            phase_space(total, &[0.0; 3], &mut Draws::new(2, event, 0), &mut momenta);
            let pair = momenta[0] + momenta[1];
            pair.dot(pair)
        };
        let events = 20_000;
        let squares: Vec<f64> = (0..events).map(square).collect();
        let mean = squares.iter().sum::<f64>() / f64::from(events);
        // the density falls as 1 - s: variance 1/18, five standard errors
        assert!((mean - 1.0 / 3.0).abs() < 5.0 * (1.0f64 / 18.0 / 2e4).sqrt(), "{mean}");
        let low = squares.iter().filter(|square| **square < 0.5).count() as f64 / 2e4;
        assert!((low - 0.75).abs() < 5.0 * (0.75f64 * 0.25 / 2e4).sqrt(), "{low}");
    }
}
