//! Four-momenta, in GeV.

use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use crate::collider::draws::Draws;

/// A four-momentum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Momentum {
    /// Energy.
    pub e: f64,
    /// Components; z is along the beams.
    pub p: [f64; 3],
}

impl Momentum {
    /// From transverse momentum, pseudorapidity, azimuth and mass.
    pub fn from_pt(pt: f64, eta: f64, phi: f64, mass: f64) -> Self {
        let p = [pt * phi.cos(), pt * phi.sin(), pt * eta.sinh()];
        Self::on_shell(p, mass)
    }

    /// A particle of this mass.
    pub fn on_shell(p: [f64; 3], mass: f64) -> Self {
        Self { e: (dot3(p, p) + mass * mass).sqrt(), p }
    }

    /// The product with the metric (+, -, -, -).
    pub fn dot(self, other: Self) -> f64 {
        self.e * other.e - dot3(self.p, other.p)
    }

    /// The mass; 0 where rounding makes its square negative.
    pub fn mass(self) -> f64 {
        self.dot(self).max(0.0).sqrt()
    }

    /// The absolute momentum.
    pub fn size(self) -> f64 {
        dot3(self.p, self.p).sqrt()
    }

    /// Transverse momentum.
    pub fn pt(self) -> f64 {
        (self.p[0] * self.p[0] + self.p[1] * self.p[1]).sqrt()
    }

    /// Azimuth, in (-pi, pi].
    pub fn phi(self) -> f64 {
        self.p[1].atan2(self.p[0])
    }

    /// Pseudorapidity.
    pub fn eta(self) -> f64 {
        asinh(self.p[2] / self.pt().max(1e-12))
    }

    /// Rapidity.
    pub fn rapidity(self) -> f64 {
        let transverse = (self.pt().powi(2) + self.dot(self).max(0.0)).sqrt().max(1e-12);
        asinh(self.p[2] / transverse)
    }

    /// In the frame in which something at rest has the momentum `frame`.
    pub fn boosted(self, frame: Self) -> Self {
        let mass = frame.mass().max(1e-12);
        let product = dot3(frame.p, self.p);
        let e = (frame.e * self.e + product) / mass;
        let factor = (self.e + e) / (frame.e + mass);
        let p = std::array::from_fn(|axis| self.p[axis] + factor * frame.p[axis]);
        Self { e, p }
    }

    /// In the rest frame of `frame`.
    pub fn at_rest_of(self, frame: Self) -> Self {
        self.boosted(Self { e: frame.e, p: frame.p.map(|x| -x) })
    }

    /// The same three-momentum with another mass.
    pub fn with_mass(self, mass: f64) -> Self {
        Self::on_shell(self.p, mass)
    }
}

impl Add for Momentum {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { e: self.e + other.e, p: std::array::from_fn(|axis| self.p[axis] + other.p[axis]) }
    }
}

impl AddAssign for Momentum {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Momentum {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Momentum {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Mul<f64> for Momentum {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self { e: self.e * factor, p: self.p.map(|x| x * factor) }
    }
}

/// The inverse of the hyperbolic sine. That of the standard library is more precise for numbers
/// near 0, and slower.
fn asinh(x: f64) -> f64 {
    let size = x.abs();
    (size + (size * size + 1.0).sqrt()).ln().copysign(x)
}

fn dot3(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Sums of the components in the transverse plane and of the transverse momenta.
pub(crate) fn transverse_sum(momenta: impl IntoIterator<Item = Momentum>) -> [f64; 3] {
    let add = |[x, y, size]: [f64; 3], one: Momentum| [x + one.p[0], y + one.p[1], size + one.pt()];
    momenta.into_iter().fold([0.0; 3], add)
}

/// Distance in pseudorapidity and azimuth.
pub(crate) fn distance(one: Momentum, other: Momentum) -> f64 {
    (one.eta() - other.eta()).hypot(angle(one.phi() - other.phi()))
}

/// A direction, uniform on the sphere.
pub(crate) fn isotropic(draws: &mut Draws) -> [f64; 3] {
    let (cos, phi) = (draws.between(-1.0, 1.0), draws.between(0.0, std::f64::consts::TAU));
    let sin = (1.0 - cos * cos).sqrt();
    [sin * phi.cos(), sin * phi.sin(), cos]
}

/// A direction of this angle to `axis`, at a uniform azimuth around it.
pub(crate) fn around(axis: [f64; 3], cos: f64, draws: &mut Draws) -> [f64; 3] {
    let size = dot3(axis, axis).sqrt();
    if size == 0.0 {
        return isotropic(draws);
    }
    let axis = axis.map(|x| x / size);
    let first = perpendicular(axis);
    let second = cross(axis, first);
    let (sin, phi) = ((1.0 - cos * cos).max(0.0).sqrt(), draws.between(0.0, std::f64::consts::TAU));
    std::array::from_fn(|i| cos * axis[i] + sin * (phi.cos() * first[i] + phi.sin() * second[i]))
}

/// A unit vector at right angles to a unit vector.
fn perpendicular(axis: [f64; 3]) -> [f64; 3] {
    let other = if axis[0].abs() < 0.6 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
    let vector = cross(axis, other);
    let size = dot3(vector, vector).sqrt();
    vector.map(|x| x / size)
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// The difference of two azimuths, each within a turn of 0, as an angle in [-pi, pi].
pub(crate) fn angle(difference: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    difference - if difference.abs() > PI { TAU * (difference / TAU).round() } else { 0.0 }
}

/// Momentum of each of two bodies of these masses that something of mass `mass` decays into, in
/// its rest frame; 0 below the threshold.
pub(crate) fn two_body(mass: f64, one: f64, other: f64) -> f64 {
    let (sum, difference) = (one + other, one - other);
    let square = (mass * mass - sum * sum) * (mass * mass - difference * difference);
    square.max(0.0).sqrt() / (2.0 * mass)
}
