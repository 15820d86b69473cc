//! Parton densities of the proton, roughly: x f(x) = A x^a (1 - x)^b, the form with which fits to
//! data begin (such as Martin, Stirling, Thorne & Watt, Eur. Phys. J. C63 (2009) 189), with numbers
//! that are about right at 100 GeV.

use crate::collider::draws::Draws;

/// Energy of the protons in their centre of mass, GeV.
pub(crate) const ENERGY: f64 = 13_000.0;

/// x f(x) of a kind of partons.
pub(crate) type Density = fn(f64) -> f64;

/// Gluons.
pub(crate) fn gluon(x: f64) -> f64 {
    2.2 * x.powf(-0.25) * (1.0 - x).powi(5)
}

/// Antiquarks of one flavour.
pub(crate) fn sea(x: f64) -> f64 {
    0.28 * x.powf(-0.2) * (1.0 - x).powi(7)
}

/// Quarks u and d.
pub(crate) fn quark(x: f64) -> f64 {
    4.5 * x.powf(0.6) * (1.0 - x).powi(3) + 2.0 * sea(x)
}

/// Rapidity of what two partons of these kinds make at this invariant mass, GeV.
pub(crate) fn rapidity(mass: f64, [one, other]: [Density; 2], draws: &mut Draws) -> f64 {
    const STEPS: usize = 24;
    let share = mass / ENERGY;
    let most = -share.ln();
    let y = |place: f64| most * (2.0 * place / STEPS as f64 - 1.0);
    let weight = |step: usize| {
        let boost = y(step as f64 + 0.5).exp();
        let (x, z) = (share * boost, share / boost);
        one(x) * other(z) + other(x) * one(z)
    };
    let step = draws.index((0..STEPS).map(weight));
    y(step as f64 + draws.uniform())
}
