//! A detector: from stable particles to particle-flow candidates, as Delphes 3 does it (de Favereau
//! et al., JHEP 02 (2014) 057), with the numbers of its public cards.

use crate::collider::decay::Particle;
use crate::collider::draws::Draws;
use crate::collider::momentum::{Momentum, angle};
use crate::collider::species::charge_of;

/// What a detector takes a particle for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A track that is neither an electron nor a muon.
    ChargedHadron = 1,
    /// A neutral excess in the hadronic calorimeter.
    NeutralHadron = 2,
    /// A neutral excess in the electromagnetic calorimeter.
    Photon = 3,
    /// An electron.
    Electron = 4,
    /// A muon.
    Muon = 5,
}

impl Class {
    /// The class of a particle at particle level.
    pub fn of(pdg: i32) -> Self {
        match pdg.abs() {
            11 => Class::Electron,
            13 => Class::Muon,
            22 => Class::Photon,
            _ if charge_of(pdg) != 0 => Class::ChargedHadron,
            _ => Class::NeutralHadron,
        }
    }
}

/// A particle-flow candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its momentum, GeV.
    pub momentum: Momentum,
    /// What it is taken for.
    pub class: Class,
    /// Its charge.
    pub charge: i8,
}

/// A calorimeter.
#[derive(Debug)]
pub struct Calorimeter {
    /// Deviation of the energy of a cell, GeV, at a pseudorapidity and an energy.
    pub resolution: fn(f64, f64) -> f64,
    /// Limits in the absolute pseudorapidity and the sizes in it and in the azimuth, in degrees, of
    /// cells below each.
    pub cells: &'static [(f64, f64, f64)],
    /// Least energy of what is kept, GeV.
    pub least: f64,
    /// Least energy in units of its deviation.
    pub significance: f64,
}

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
}

/// Metres of radius of a track for a GeV of transverse momentum in a field of a tesla.
const BENDING: f64 = 1.0 / 0.299_792_458;

/// A track.
#[derive(Clone, Copy, Debug)]
struct Track {
    candidate: Candidate,
    /// Relative deviation of its transverse momentum.
    resolution: f64,
    /// Where it enters the calorimeters.
    place: [f64; 2],
}

/// What enters a cell.
struct Deposit {
    cell: Cell,
    energy: f64,
    track: Option<usize>,
}

/// A cell: which limit, and the places in pseudorapidity and azimuth.
type Cell = (usize, i32, i32);

impl Detector {
    /// The particle-flow candidates of these particles.
    pub(crate) fn candidates(&self, particles: &[Particle], draws: &mut Draws) -> Vec<Candidate> {
        let mut tracks = Vec::new();
        let mut deposits = [Vec::new(), Vec::new()];
        for particle in particles {
            let place = self.entry(particle);
            if let Some(track) = self.track(particle, place, draws) {
                tracks.push(track);
            }
            let shares = shares(particle.pdg);
            let calorimeters = [&self.electromagnetic, &self.hadronic];
            for ((share, calorimeter), into) in
                shares.into_iter().zip(calorimeters).zip(&mut deposits)
            {
                if let Some(cell) = calorimeter.cell(place).filter(|_| share > 0.0) {
                    into.push(Deposit { cell, energy: share * particle.momentum.e, track: None });
                }
            }
        }
        let [electromagnetic, hadronic] = deposits;
        let mut candidates = Vec::new();
        self.electromagnetic.flow(
            (electromagnetic, 0, Class::Photon),
            &mut tracks,
            &mut candidates,
            draws,
        );
        self.hadronic.flow(
            (hadronic, 1, Class::NeutralHadron),
            &mut tracks,
            &mut candidates,
            draws,
        );
        candidates.extend(tracks.iter().map(|track| track.candidate));
        candidates
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
        if !draws.chance(efficiency(class, pt, eta.abs())) {
            return None;
        }
        let resolution = momentum_resolution(class, pt, eta.abs());
        let measured = draws.log_normal(pt, resolution * pt);
        let momentum = Momentum::from_pt(measured, eta, phi, momentum.mass());
        Some(Track { candidate: Candidate { momentum, class, charge }, resolution, place })
    }
}

/// Fractions of the energy in the two calorimeters.
fn shares(pdg: i32) -> [f64; 2] {
    match pdg.abs() {
        11 | 22 => [1.0, 0.0],
        12 | 13 | 14 | 16 => [0.0, 0.0],
        310 | 3122 => [0.3, 0.7],
        _ => [0.0, 1.0],
    }
}

/// Probability that a charged particle is a track.
fn efficiency(class: Class, pt: f64, eta: f64) -> f64 {
    let central = eta <= 1.5;
    if pt < 0.1 || eta > 2.5 {
        return 0.0;
    }
    let pick = |inner: f64, outer: f64| if central { inner } else { outer };
    match (class, pt) {
        (Class::Electron, pt) if pt > 100.0 => pick(0.99, 0.90),
        (Class::Electron, pt) if pt > 1.0 => pick(0.95, 0.83),
        (Class::Electron, _) => pick(0.73, 0.50),
        (Class::Muon, pt) if pt > 1.0 => pick(0.99, 0.98),
        (Class::Muon, _) => pick(0.75, 0.70),
        (_, pt) if pt > 1.0 => pick(0.95, 0.85),
        _ => pick(0.70, 0.60),
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

impl Calorimeter {
    fn cell(&self, [eta, phi]: [f64; 2]) -> Option<Cell> {
        let region = self.cells.iter().position(|(limit, _, _)| eta.abs() < *limit)?;
        let (_, width, degrees) = self.cells[region];
        Some((region, (eta / width).floor() as i32, (phi.to_degrees() / degrees).floor() as i32))
    }

    /// A random place in a cell.
    fn place(&self, (region, eta, phi): Cell, draws: &mut Draws) -> [f64; 2] {
        let (_, width, degrees) = self.cells[region];
        [
            (f64::from(eta) + draws.uniform()) * width,
            ((f64::from(phi) + draws.uniform()) * degrees).to_radians(),
        ]
    }

    /// Neutral candidates of the cells where more energy is than tracks bring; where it is not, the
    /// tracks are scaled to the best estimate of both. `side` is the index of the calorimeter in
    /// [`shares`].
    fn flow(
        &self,
        (mut deposits, side, class): (Vec<Deposit>, usize, Class),
        tracks: &mut [Track],
        candidates: &mut Vec<Candidate>,
        draws: &mut Draws,
    ) {
        for (index, track) in tracks.iter().enumerate() {
            let share = match track.candidate.class {
                Class::Electron => [1.0, 0.0][side],
                Class::Muon => 0.0,
                _ => [0.0, 1.0][side],
            };
            if let Some(cell) = self.cell(track.place).filter(|_| share > 0.0) {
                deposits.push(Deposit { cell, energy: 0.0, track: Some(index) });
            }
        }
        deposits.sort_by_key(|deposit| deposit.cell);
        for cell in deposits.chunk_by(|one, other| one.cell == other.cell) {
            let (own, true_energy) =
                (cell[0].cell, cell.iter().map(|deposit| deposit.energy).sum::<f64>());
            let place = self.place(own, draws);
            let middle = {
                let (_, width, _) = self.cells[own.0];
                (f64::from(own.1) + 0.5) * width
            };
            let measured = draws.log_normal(true_energy, (self.resolution)(middle, true_energy));
            let deviation = (self.resolution)(middle, measured);
            let kept = measured >= self.least && measured >= self.significance * deviation;
            let measured = if kept { measured } else { 0.0 };
            let (mut charged, mut variance) = (0.0, 0.0);
            for track in cell.iter().filter_map(|deposit| deposit.track) {
                let energy = tracks[track].candidate.momentum.e;
                charged += energy;
                variance += (tracks[track].resolution * energy).powi(2);
            }
            let neutral = (measured - charged).max(0.0);
            let significance = neutral / (variance + deviation * deviation).sqrt();
            if neutral > self.least && significance > self.significance {
                let [eta, phi] = place;
                let momentum = Momentum::from_pt(neutral / eta.cosh(), eta, phi, 0.0);
                candidates.push(Candidate { momentum, class, charge: 0 });
            } else if charged > 0.0 {
                let weight = |variance: f64| if variance > 0.0 { 1.0 / variance } else { 0.0 };
                let (of_tracks, of_cell) = (weight(variance), weight(deviation * deviation));
                let best = (of_tracks * charged + of_cell * measured) / (of_tracks + of_cell);
                for track in cell.iter().filter_map(|deposit| deposit.track) {
                    let momentum = &mut tracks[track].candidate.momentum;
                    let mass = momentum.mass();
                    *momentum = Momentum::on_shell(momentum.p.map(|x| x * best / charged), mass);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collider::cards::{ATLAS, CMS, DETECTORS};

    /// Candidates of `count` particles at (pt, eta), one event each.
    fn shot(detector: &Detector, pdg: i32, pt: f64, eta: f64, count: u32) -> Vec<Vec<Candidate>> {
        let mass = crate::collider::species::species_of(pdg).mass;
        let event = |index: u32| {
            let phi = 0.01 * f64::from(index % 600) - 3.0;
            let particle = Particle { pdg, momentum: Momentum::from_pt(pt, eta, phi, mass) };
            detector.candidates(&[particle], &mut Draws::new(5, index, 0))
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
        for detector in DETECTORS {
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
