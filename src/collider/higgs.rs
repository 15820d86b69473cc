//! Production of Higgs bosons.

use std::f64::consts::PI;

use crate::collider::bosons::{Decay, W, back_to_back, decay_w, resonance};
use crate::collider::densities::{gluon, quark, rapidity, sea};
use crate::collider::draws::Draws;
use crate::collider::generator::Hard;
use crate::collider::momentum::{Momentum, isotropic};
use crate::collider::partons::{Parton, beam};
use crate::collider::radiation::Radiation;

/// Mass, GeV.
const HIGGS: f64 = 125.0;
/// Shares of gluon fusion, of weak boson fusion, and with a boson that decays into quarks, among
/// those that pass the selection of tau pairs.
const SHARES: [f64; 3] = [0.77, 0.18, 0.05];
/// Colour factor of the radiation of gluons, tuned to the transverse momenta of Pythia.
const COLOUR: f64 = 6.5;
/// The same of quarks.
const QUARKS: f64 = 4.0 / 3.0;

/// A Higgs boson, with what is made beside it.
pub(crate) fn higgs(draws: &mut Draws) -> (Momentum, Hard) {
    [from_gluons, from_bosons, with_boson][draws.index(SHARES.into_iter())](draws)
}

fn hard(colour: f64, scale: f64, rapidity: f64) -> Hard {
    Hard {
        radiation: Radiation { colour, scale, hardest: 2.0 * scale, rapidity },
        ..Hard::default()
    }
}

fn from_gluons(draws: &mut Draws) -> (Momentum, Hard) {
    let rapidity = rapidity(HIGGS, [gluon, gluon], draws);
    let boson = Momentum::on_shell([0.0, 0.0, HIGGS * rapidity.sinh()], HIGGS);
    (boson, hard(COLOUR, 1.5 * HIGGS, rapidity))
}

/// Two quarks radiate W or Z bosons, which make the Higgs boson: their transverse momenta fall as
/// pt / (pt^2 + m^2)^3 (after Dawson, Nucl. Phys. B249 (1985) 42), and they go on along the beams.
fn from_bosons(draws: &mut Draws) -> (Momentum, Hard) {
    let mass = W[0];
    let shift = rapidity(6.0 * HIGGS, [quark, quark], draws);
    let mut hard = hard(0.5 * QUARKS, HIGGS, shift);
    let mut transverse = [0.0; 2];
    for side in [-1.0, 1.0] {
        let pt = mass * (draws.uniform().powf(-0.5) - 1.0).sqrt();
        let (y, phi) = (shift + side * (2.3 + 0.8 * draws.normal()), draws.between(-PI, PI));
        let momentum = Momentum::from_pt(pt, y, phi, 0.0);
        transverse = [transverse[0] - momentum.p[0], transverse[1] - momentum.p[1]];
        let up = Parton { momentum, flavour: 2, beam: false };
        hard.chains.push((pt * pt, vec![up, beam(momentum, pt * pt, side)]));
    }
    let [x, y] = transverse;
    let along = x.hypot(y).hypot(HIGGS) * (shift + 0.8 * draws.normal()).sinh();
    (Momentum::on_shell([x, y, along], HIGGS), hard)
}

/// With a W boson that decays into quarks; a Z boson is taken for one.
fn with_boson(draws: &mut Draws) -> (Momentum, Hard) {
    let mass = resonance(W, draws);
    let total = HIGGS + mass + 60.0 / draws.uniform().powf(0.4);
    let shift = rapidity(total, [quark, sea], draws);
    let mut hard = hard(QUARKS, total, shift);
    let system = Momentum::on_shell([0.0, 0.0, total * shift.sinh()], total);
    let [boson, other] = back_to_back(system, [HIGGS, mass], isotropic(draws));
    let pair = back_to_back(other, [0.0; 2], isotropic(draws));
    decay_w(Decay::Quarks(2, 1), 1, pair, &mut hard, draws);
    (boson, hard)
}
