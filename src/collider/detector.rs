//! A detector: from stable particles to particle-flow candidates, as Delphes 3 does it (de Favereau
//! et al., JHEP 02 (2014) 057), with the numbers of its public cards.

use std::f64::consts::PI;

use crate::collider::calorimeter::{Calorimeter, Deposit, Track};
use crate::collider::candidate::{Candidate, Class, Event};
use crate::collider::decay::{Particle, stable};
use crate::collider::draws::Draws;
use crate::collider::momentum::{Momentum, angle};
use crate::collider::species::{charge_of, is_neutrino};
use crate::collider::underlying::{Region, Underlying};

/// The numbers of a detector.
#[derive(Debug)]
pub struct Detector {
    /// Its name in commands and study files.
    pub name: &'static str,
    /// Magnetic field, tesla.
    pub field: f64,
    /// Radius and half length of the tracker, metres.
    pub size: [f64; 2],
    /// The electromagnetic calorimeter.
    pub electromagnetic: Calorimeter,
    /// The hadronic calorimeter.
    pub hadronic: Calorimeter,
    /// Probability that a charged particle is a track, by class, transverse momentum and absolute
    /// pseudorapidity.
    pub tracking: fn(Class, f64, f64) -> f64,
    /// Mean number of other collisions in the same crossing of the beams.
    pub pile_up: f64,
    /// How its objects are found.
    pub identification: Identification,
}

/// How jets, leptons and tau leptons are found.
#[derive(Debug)]
pub struct Identification {
    /// Whether jets and the missing momentum are made of towers and muons; else of candidates.
    pub from_towers: bool,
    /// Radius of the jets.
    pub radius: f64,
    /// a and b of the factor sqrt((a - b |eta|)^2 / pt + 1) of the energies of jets.
    pub scale: [f64; 2],
    /// Efficiencies for tau leptons with one charged hadron and with more.
    pub taus: [f64; 2],
    /// Probabilities to take another jet for them.
    pub mistags: [f64; 2],
    /// Efficiencies for muons and for electrons, each below an absolute pseudorapidity.
    pub leptons: [&'static [(f64, f64)]; 2],
}

/// Everything is found, but for jets that are taken for tau leptons: without a detector.
pub(crate) static PERFECT: Identification = Identification {
    from_towers: false,
    radius: 0.4,
    scale: [0.0; 2],
    taus: [1.0; 2],
    mistags: [0.01; 2],
    leptons: [&[(2.5, 1.0)]; 2],
};

/// Metres of radius of a track for a GeV of transverse momentum in a field of a tesla.
const BENDING: f64 = 1.0 / 0.299_792_458;

impl Detector {
    /// What is measured of these particles. Tracks of other collisions are known to be theirs: they
    /// are no candidates, but what they leave in calorimeters is taken off. Their neutral particles
    /// cannot be told apart.
    pub(crate) fn measure(&self, particles: &[Particle], draws: &mut Draws) -> Event {
        let (mut tracks, mut deposits) = (Vec::new(), [Vec::new(), Vec::new()]);
        let others = self.other_collisions(draws);
        for particle in particles {
            self.enter(particle, &mut tracks, &mut deposits, draws);
        }
        let own = tracks.len();
        for particle in &others {
            self.enter(particle, &mut tracks, &mut deposits, draws);
        }
        let (mut event, [electromagnetic, hadronic]) = (Event::default(), deposits);
        let classes = [Class::Photon, Class::Electron];
        self.electromagnetic.flow(classes, electromagnetic, &tracks, &mut event, draws);
        let classes = [Class::NeutralHadron, Class::ChargedHadron];
        self.hadronic.flow(classes, hadronic, &tracks, &mut event, draws);
        event.candidates.extend(tracks[..own].iter().map(|track| track.candidate));
        event
    }

    /// Adds the track of a particle and what it deposits in the two calorimeters.
    fn enter(
        &self,
        particle: &Particle,
        tracks: &mut Vec<Track>,
        deposits: &mut [Vec<Deposit>; 2],
        draws: &mut Draws,
    ) {
        let place = self.entry(particle);
        tracks.extend(self.track(particle, place, draws));
        let calorimeters = [&self.electromagnetic, &self.hadronic];
        for ((share, calorimeter), into) in
            shares(particle.pdg).into_iter().zip(calorimeters).zip(deposits)
        {
            if share > 0.0 {
                into.extend(calorimeter.deposit(place, share * particle.momentum.e));
            }
        }
    }

    /// The stable particles of other collisions.
    fn other_collisions(&self, draws: &mut Draws) -> Vec<Particle> {
        let mut hadrons = Vec::new();
        if self.pile_up == 0.0 {
            return hadrons;
        }
        for _ in 0..draws.poisson(self.pile_up) {
            OTHERS.add(Region { centre: [0.0; 2], reach: [EDGE, PI] }, draws, &mut hadrons);
        }
        stable(hadrons, draws)
    }

    /// Pseudorapidity and azimuth at which a particle enters the calorimeters.
    fn entry(&self, particle: &Particle) -> [f64; 2] {
        let (eta, phi) = (particle.momentum.eta(), particle.momentum.phi());
        let charge = f64::from(charge_of(particle.pdg));
        if charge == 0.0 {
            return [eta, phi];
        }
        let [radius, length] = self.size;
        let bending = BENDING * particle.momentum.pt() / (self.field * charge.abs());
        let slope = eta.sinh();
        // the angle by which it has turned when it gets to the end, and to the barrel
        let end = length / (bending * slope.abs().max(1e-9));
        let half = radius / (2.0 * bending);
        let barrel = if half < 1.0 { 2.0 * half.asin() } else { f64::INFINITY };
        let turned = end.min(barrel).min(1e3);
        let distance = (2.0 * bending * (0.5 * turned).sin().abs()).max(1e-6);
        let z = bending * turned * slope;
        [(z / distance).asinh(), angle(phi - 0.5 * charge.signum() * turned)]
    }

    fn track(&self, particle: &Particle, place: [f64; 2], draws: &mut Draws) -> Option<Track> {
        let charge = charge_of(particle.pdg);
        if charge == 0 {
            return None;
        }
        let momentum = particle.momentum;
        let (pt, eta, phi) = (momentum.pt(), momentum.eta(), momentum.phi());
        let class = Class::of(particle.pdg);
        if !draws.chance((self.tracking)(class, pt, eta.abs())) {
            return None;
        }
        let resolution = momentum_resolution(class, pt, eta.abs());
        let measured = draws.log_normal(pt, resolution * pt);
        let momentum = Momentum::from_pt(measured, eta, phi, momentum.mass());
        Some(Track { candidate: Candidate { momentum, class, charge }, resolution, place })
    }
}

/// What is measured of these particles. Without a detector it is all particles but neutrinos.
pub(crate) fn measure(
    detector: Option<&Detector>,
    particles: &[Particle],
    draws: &mut Draws,
) -> Event {
    let visible = |particle: &Particle| {
        let (momentum, pdg) = (particle.momentum, particle.pdg);
        let candidate = Candidate { momentum, class: Class::of(pdg), charge: charge_of(pdg) };
        (!is_neutrino(pdg) && momentum.eta().abs() < EDGE).then_some(candidate)
    };
    match detector {
        Some(detector) => detector.measure(particles, draws),
        None => {
            let candidates = particles.iter().filter_map(visible).collect();
            Event { candidates, towers: Vec::new() }
        }
    }
}

/// What jets and the missing momentum are made of: towers and muons, or candidates.
pub(crate) fn objects(detector: Option<&Detector>, event: &Event) -> Vec<Momentum> {
    let from_towers = detector.is_some_and(|detector| detector.identification.from_towers);
    let used = |candidate: &&Candidate| !from_towers || candidate.class == Class::Muon;
    let candidates = event.candidates.iter().filter(used).map(|candidate| candidate.momentum);
    let towers = event.towers.iter().copied().filter(|_| from_towers);
    towers.chain(candidates).collect()
}

/// Largest absolute pseudorapidity of a particle that can be seen.
const EDGE: f64 = 5.0;
/// A soft collision: 6.5 charged hadrons in a unit of pseudorapidity (about as ALICE, Phys. Lett.
/// B753 (2016) 319), which are two thirds of all.
const OTHERS: Underlying = Underlying { density: 1.5, temperature: 0.19, power: 6.5, shape: 2 };

/// Fractions of the energy in the two calorimeters.
fn shares(pdg: i32) -> [f64; 2] {
    match pdg.abs() {
        11 | 22 => [1.0, 0.0],
        12 | 13 | 14 | 16 => [0.0, 0.0],
        310 | 3122 => [0.3, 0.7],
        _ => [0.0, 1.0],
    }
}

/// Relative deviation of the transverse momentum of a track.
fn momentum_resolution(class: Class, pt: f64, eta: f64) -> f64 {
    let region = usize::from(eta > 0.5) + usize::from(eta > 1.5);
    let (constant, slope) = match class {
        Class::Muon => [(0.01, 1.0e-4), (0.015, 1.5e-4), (0.025, 3.5e-4)][region],
        Class::Electron => [(0.03, 1.3e-3), (0.05, 1.7e-3), (0.15, 3.1e-3)][region],
        _ => [(0.06, 1.3e-3), (0.10, 1.7e-3), (0.25, 3.1e-3)][region],
    };
    f64::hypot(constant, slope * pt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collider::cards::{ATLAS, CMS};

    /// Candidates of `count` particles at (pt, eta), one event each.
    fn shot(detector: &Detector, pdg: i32, pt: f64, eta: f64, count: u32) -> Vec<Vec<Candidate>> {
        let mass = crate::collider::species::species_of(pdg).mass;
        let event = |index: u32| {
            let phi = 0.01 * f64::from(index % 600) - 3.0;
            let particle = Particle { pdg, momentum: Momentum::from_pt(pt, eta, phi, mass) };
            detector.measure(&[particle], &mut Draws::new(5, index, 0)).candidates
        };
        (0..count).map(event).collect()
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, square.sqrt())
    }

    #[test]
    fn photons_have_the_resolution_of_the_card() {
        for detector in [&ATLAS, &CMS] {
            let events = shot(detector, 22, 40.0, 0.7, 4000);
            let energies: Vec<f64> = events.iter().flatten().map(|one| one.momentum.pt()).collect();
            assert_eq!(energies.len(), 4000);
            assert!(events.iter().flatten().all(|one| one.class == Class::Photon));
            let e = 40.0 * 0.7f64.cosh();
            let expected = (detector.electromagnetic.resolution)(0.7, e) / 0.7f64.cosh();
            let (mean, deviation) = moments(&energies);
            // five standard errors, and half a cell of eta in cosh
            assert!((mean / 40.0 - 1.0).abs() < 0.01, "{}: {mean}", detector.name);
            assert!((deviation / expected - 1.0).abs() < 0.15, "{}: {deviation}", detector.name);
        }
    }

    #[test]
    fn tracks_have_the_efficiency_and_resolution_of_the_card() {
        for (pdg, pt, eta, efficiency, resolution) in [
            (13, 20.0, 1.0, 0.99, 0.015),
            (-13, 20.0, 2.0, 0.98, 0.026),
            (13, 0.5, 0.2, 0.75, 0.01),
        ] {
            let events = shot(&ATLAS, pdg, pt, eta, 6000);
            let tracks: Vec<f64> =
                events.iter().flatten().map(|one| one.momentum.pt() / pt).collect();
            let found = tracks.len() as f64 / 6000.0;
            let error = (efficiency * (1.0 - efficiency) / 6000.0f64).sqrt();
            assert!((found - efficiency).abs() < 5.0 * error, "{pdg} {pt}: {found}");
            let (mean, deviation) = moments(&tracks);
            assert!((mean - 1.0).abs() < 0.002, "{mean}");
            assert!((deviation / resolution - 1.0).abs() < 0.06, "{pdg} {pt}: {deviation}");
            assert!(events.iter().flatten().all(|one| one.class == Class::Muon));
        }
        let soft = shot(&CMS, 211, 0.05, 0.0, 300);
        assert!(soft.iter().flatten().all(|one| one.charge == 0), "too soft for a track");
    }

    #[test]
    fn a_charged_hadron_is_measured_once() {
        // a track and its own energy in the calorimeter are one candidate, or the track is lost
        let events = shot(&ATLAS, 211, 30.0, 0.3, 4000);
        let sums: Vec<f64> =
            events.iter().map(|event| event.iter().map(|one| one.momentum.pt()).sum()).collect();
        let (mean, _) = moments(&sums);
        assert!((mean / 30.0 - 1.0).abs() < 0.03, "{mean}");
        let lost = events.iter().filter(|event| event.iter().all(|one| one.charge == 0)).count();
        assert!((100..320).contains(&lost), "{lost}");
    }

    #[test]
    fn charged_particles_turn_in_the_field() {
        // sin of half the angle is the radius over twice the radius of the track
        let particle = Particle { pdg: 211, momentum: Momentum::from_pt(1.0, 0.0, 0.0, 0.13957) };
        let [eta, phi] = ATLAS.entry(&particle);
        let expected = -(1.15f64 * 0.299_792_458 * 2.0 / 2.0).asin();
        assert!(eta.abs() < 1e-12 && (phi - expected).abs() < 1e-9, "{phi} is not {expected}");
        let other = Particle { pdg: -211, ..particle };
        assert!((ATLAS.entry(&other)[1] + phi).abs() < 1e-12);
    }
}
