//! Initial-state radiation: gluons in the primary Lund plane.
//!
//! Incoming partons of colour factor C radiate C alpha_s / pi gluons in a unit of ln kt^2 and of
//! rapidity (Andersson, Gustafson, Lonnblad & Pettersson, Z. Phys. C43 (1989) 625), within about
//! ln(Q / kt) of the hard process: the leading logarithms of the recoil (Parisi & Petronzio, Nucl.
//! Phys. B154 (1979) 427).

use std::f64::consts::PI;

use crate::collider::draws::Draws;
use crate::collider::momentum::Momentum;
use crate::collider::partons::{Chain, Parton, beam};
use crate::collider::shower::Shower;

/// What incoming partons radiate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Radiation {
    /// Their colour factor: 4/3 for quarks, 3 for gluons, times a factor that is tuned.
    pub colour: f64,
    /// The scale Q of the hard process, GeV.
    pub scale: f64,
    /// Largest transverse momentum, GeV.
    pub hardest: f64,
    /// Rapidity of the hard process.
    pub rapidity: f64,
}

/// The rate of gluons relative to the formula: densities of partons that fall with x suppress it.
const STRENGTH: f64 = 0.5;
/// They are spread over a wider range of rapidities than the formula says.
const SPREAD: f64 = 1.8;
/// Least transverse momentum of a gluon, GeV.
const LEAST: f64 = 1.5;
/// Energy of the beams at the ends of the chain, GeV: enough for hadrons at all pseudorapidities
/// that are measured.
const BEAM: f64 = 300.0;
/// Rapidities beyond this are not reached.
const EDGE: f64 = 6.0;

/// The partons that come of gluons in the order of rapidity, in chains between the beams.
pub(crate) fn radiated(shower: &Shower, gluons: &[Momentum], draws: &mut Draws) -> Vec<Chain> {
    let end = |side: f64| {
        let momentum = Momentum { e: BEAM, p: [0.0, 0.0, side * BEAM] };
        Parton { momentum, flavour: 0, beam: true }
    };
    let (mut open, mut chains) = (vec![end(-1.0)], Vec::new());
    for gluon in gluons {
        let square = gluon.pt().powi(2);
        let own = Parton { momentum: *gluon, flavour: 0, beam: false };
        let [left, right] = [-1.0, 1.0].map(|side| beam(*gluon, 4.0 * square, side));
        let mut split = vec![vec![left, own, right]];
        // what the gluon radiates in turn is not harder than itself
        shower.radiate(&mut split, square, draws);
        // without its beams: the chain goes on to the next gluon
        let mut split = split.into_iter();
        open.extend(split.next().into_iter().flatten().skip(1));
        for chain in split {
            match chain.last().is_some_and(|parton| parton.beam) {
                true => chains.push(std::mem::replace(&mut open, chain)),
                false => chains.push(chain),
            }
        }
        open.pop();
    }
    open.push(end(1.0));
    chains.push(open);
    chains
}

/// The gluons that incoming partons radiate, in the order of rapidity.
pub(crate) fn gluons(shower: &Shower, radiation: &Radiation, draws: &mut Draws) -> Vec<Momentum> {
    let Radiation { colour, scale, hardest, rapidity } = *radiation;
    // beyond Q = scale / 2 the range of rapidities vanishes smoothly
    let reach = |kt: f64| 0.5 * (0.5 * scale / kt).powi(2).ln_1p();
    let density = |kt: f64| STRENGTH * colour * shower.running(kt * kt) / PI * 2.0 * reach(kt);
    let most = density(LEAST);
    let (mut gluons, mut kt) = (Vec::new(), hardest);
    loop {
        kt *= draws.uniform().powf(0.5 / most);
        if kt < LEAST {
            break;
        }
        let y = rapidity + (reach(kt) + SPREAD) * draws.between(-1.0, 1.0);
        if draws.chance(density(kt) / most) && y.abs() < EDGE {
            let phi = draws.between(-PI, PI);
            gluons.push((y, Momentum::from_pt(kt, y, phi, 0.0)));
        }
    }
    gluons.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    gluons.into_iter().map(|(_, gluon)| gluon).collect()
}
