//! Partons and how they are connected in colour.

use crate::collider::draws::Draws;
use crate::collider::momentum::Momentum;

/// A parton in the order of colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parton {
    /// Its momentum.
    pub momentum: Momentum,
    /// 0 for a gluon, 1 to 5 for d, u, s, c, b; negative for antiquarks.
    pub flavour: i8,
    /// Whether it stands for what went on along the beam.
    pub beam: bool,
}

/// Partons between a colour and an anticolour: the first one is a quark or a beam, the last one an
/// antiquark or a beam, all others are gluons.
pub(crate) type Chain = Vec<Parton>;

/// A hard quark or gluon with the beams that it is connected to in colour.
pub(crate) fn coloured(quark: bool, momentum: Momentum, draws: &mut Draws) -> Chain {
    // so that 2 p q is half of the least energy squared in which a Z is made
    let square = (momentum.pt() + momentum.pt().hypot(91.19)).powi(2);
    let side = if draws.chance(0.5) { 1.0 } else { -1.0 };
    let hard = |flavour| Parton { momentum, flavour, beam: false };
    let [beam, other] = [side, -side].map(|side| beam(momentum, 0.5 * square, side));
    if !quark {
        return vec![beam, hard(0), other];
    }
    let flavour = FLAVOURS[draws.index(FLAVOURS.iter().map(|(_, share)| *share))].0;
    match flavour > 0 {
        true => vec![hard(flavour), beam],
        false => vec![beam, hard(flavour)],
    }
}

/// What went along the beam on this side, for which 2 p q with `momentum` is `square`.
pub(crate) fn beam(momentum: Momentum, square: f64, side: f64) -> Parton {
    let e = 0.5 * square / (momentum.e - side * momentum.p[2]);
    let momentum = Momentum { e, p: [0.0, 0.0, side * e] };
    Parton { momentum, flavour: 0, beam: true }
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
