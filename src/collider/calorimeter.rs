//! Calorimeters: the energies of cells, and particle flow.

use crate::collider::candidate::{Candidate, Class, Event};
use crate::collider::draws::Draws;
use crate::collider::momentum::Momentum;

/// A calorimeter.
#[derive(Debug)]
pub struct Calorimeter {
    /// Mean energy that is measured in a cell, GeV, at an energy.
    pub response: fn(f64) -> f64,
    /// Deviation of the noise in a cell that is hit, GeV.
    pub noise: f64,
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

/// A track.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Track {
    pub candidate: Candidate,
    /// Relative deviation of its transverse momentum.
    pub resolution: f64,
    /// Where it enters the calorimeters.
    pub place: [f64; 2],
}

/// Energy or a track that enters a cell.
pub(crate) struct Deposit {
    cell: Cell,
    energy: f64,
    track: Option<usize>,
}

/// A cell: which limit, and the places in pseudorapidity and azimuth.
type Cell = (u32, i32, i32);

/// What is measured in a cell, and its deviation.
struct Measured {
    energy: f64,
    deviation: f64,
}

impl Calorimeter {
    /// The deposit of this energy, unless it misses the calorimeter.
    pub(crate) fn deposit(&self, place: [f64; 2], energy: f64) -> Option<Deposit> {
        self.cell(place).map(|cell| Deposit { cell, energy, track: None })
    }

    fn cell(&self, [eta, phi]: [f64; 2]) -> Option<Cell> {
        let region = self.cells.iter().position(|(limit, _, _)| eta.abs() < *limit)?;
        let (_, width, degrees) = self.cells[region];
        let place = |x: f64| x.floor() as i32;
        Some((region as u32, place(eta / width), place(phi.to_degrees() / degrees)))
    }

    /// A random place in a cell.
    fn place(&self, (region, eta, phi): Cell, draws: &mut Draws) -> [f64; 2] {
        let (_, width, degrees) = self.cells[region as usize];
        [
            (f64::from(eta) + draws.uniform()) * width,
            ((f64::from(phi) + draws.uniform()) * degrees).to_radians(),
        ]
    }

    /// Measures the energy in cells. Where it is more than tracks of the class `charged` bring, the
    /// excess is a candidate of the class `neutral`. The tracks stay as they are, with which the
    /// resolution of jets is more like that of the files that it is compared with than if they are
    /// scaled to the energy of the cell, as Delphes 3.5 does.
    pub(crate) fn flow(
        &self,
        [neutral, charged]: [Class; 2],
        mut deposits: Vec<Deposit>,
        tracks: &[Track],
        event: &mut Event,
        draws: &mut Draws,
    ) {
        for (index, track) in tracks.iter().enumerate() {
            if let Some(cell) = self.cell(track.place).filter(|_| track.candidate.class == charged)
            {
                deposits.push(Deposit { cell, energy: 0.0, track: Some(index) });
            }
        }
        deposits.sort_by_key(|deposit| deposit.cell);
        for cell in deposits.chunk_by(|one, other| one.cell == other.cell) {
            let [eta, phi] = self.place(cell[0].cell, draws);
            let massless = |e: f64| Momentum::from_pt(e / eta.cosh(), eta, phi, 0.0);
            let measured = self.measure(cell, draws);
            if measured.energy > 0.0 {
                event.towers.push(massless(measured.energy));
            }
            if let Some(excess) = self.excess(cell, &measured, tracks) {
                let momentum = massless(excess);
                event.candidates.push(Candidate { momentum, class: neutral, charge: 0 });
            }
        }
    }

    /// The energy in a cell; 0 if it is not significant.
    fn measure(&self, cell: &[Deposit], draws: &mut Draws) -> Measured {
        let (region, place, _) = cell[0].cell;
        let middle = (f64::from(place) + 0.5) * self.cells[region as usize].1;
        let energy = (self.response)(cell.iter().map(|deposit| deposit.energy).sum());
        let mut energy = draws.log_normal(energy, (self.resolution)(middle, energy));
        if self.noise > 0.0 {
            energy = (energy + self.noise * draws.normal()).max(0.0);
        }
        let deviation = (self.resolution)(middle, energy);
        let kept = energy >= self.least && energy >= self.significance * deviation;
        Measured { energy: if kept { energy } else { 0.0 }, deviation }
    }

    /// What is left in a cell when its tracks are taken off, if it is significant.
    fn excess(&self, cell: &[Deposit], measured: &Measured, tracks: &[Track]) -> Option<f64> {
        let (mut charged, mut variance) = (0.0, 0.0);
        for track in cell.iter().filter_map(|deposit| deposit.track) {
            let energy = tracks[track].candidate.momentum.e;
            charged += energy;
            variance += (tracks[track].resolution * energy).powi(2);
        }
        let neutral = measured.energy - charged;
        let deviation = (variance + measured.deviation.powi(2)).sqrt();
        (neutral > self.least && neutral > self.significance * deviation).then_some(neutral)
    }
}
