//! The marked spectrum M(k): the spectrum of matter weighted by m = [(1 + d_s) / (1 + d_s + d_R)]^p, p = 2, d_s = 0.25, where d_R is the
//! density contrast in a sphere of [`RADIUS`]; dense places count little.
//!
//! Perturbation theory in Eulerian form, Philcox, Massara & Spergel 2020 (arXiv 2006.10055) and Philcox, Aviles & Massara 2021
//! (arXiv 2010.05914). With W the transform of the sphere, the marked density contrast to second order in the density d is
//!
//! d_M(k) = [a0 + a1 W(k)] d(k) + integral over q + p = k of [b1 (W(q) + W(p)) / 2 + b2 W(q) W(p) / 2] d(q) d(p), so that
//!
//! M = (a0 + a1 W)^2 P + 2 (a0 + a1 W)(b1 I1 + b2 I2) + b1^2 J11 + 2 b1 b2 J12 + b2^2 J22,
//!
//! with P the nonlinear spectrum, I the same kernels over the tree-level bispectrum and J = 2 integral of two kernels times P P
//! ([`Parts`]). Expanding the mark gives a0 = 1, a1 = b1 = -p / (1 + d_s), b2 = p (p + 1) / (1 + d_s)^2; but at z = 0 the scatter
//! in the spheres is near 1 and the series does not converge: all orders feed a0, a1, b1 and b2.

use super::quadrature::gauss_legendre;
use super::spectrum::{Spectrum, top_hat};

/// The radius of the spheres, in Mpc/h.
pub const RADIUS: f64 = 10.0;

/// Wavenumbers, in h/Mpc, over which the loops are summed: what lies beyond adds less than 1e-3.
const LOOP: [f64; 2] = [1e-4, 4.0];

/// Gauss's points in ln q, on panels of at most so many e-folds, and in the cosine.
const RADII: usize = 8;
const PANEL: f64 = 1.2;
const ANGLES: usize = 12;

/// The integrals of M(k) at one wavenumber.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    /// The nonlinear spectrum, in (Mpc/h)^3.
    pub p: f64,
    /// The transform of the sphere.
    pub window: f64,
    /// I1 and I2: the integrals of (W(q) + W(p)) / 2 and W(q) W(p) / 2 times the tree-level bispectrum B(k, q, p), in (Mpc/h)^3.
    pub bispectrum: [f64; 2],
    /// J11, J12 and J22: twice the integrals of the products of two kernels times P(q) P(p), in (Mpc/h)^3.
    pub square: [f64; 3],
}

/// P and W as a table in ln k.
struct Table {
    values: Vec<[f64; 2]>,
}

impl Table {
    const NODES: usize = 4000;

    /// The logarithms of the first wavenumber and of the step.
    fn grid() -> (f64, f64) {
        let (low, high) = (LOOP[0].ln(), (2.0 * LOOP[1]).ln());
        (low, (high - low) / (Self::NODES - 1) as f64)
    }

    fn new(spectrum: &Spectrum) -> Self {
        let (first, step) = Self::grid();
        let values = (0..Self::NODES)
            .map(|node| {
                let k = (first + step * node as f64).exp();
                [spectrum.at(k), top_hat(k * RADIUS)]
            })
            .collect();
        Table { values }
    }

    /// Both at ln k, between the two nodes beside it.
    fn at(&self, log_k: f64) -> [f64; 2] {
        let (first, step) = Self::grid();
        let place = ((log_k - first) / step).clamp(0.0, (Self::NODES - 2) as f64);
        let node = place as usize;
        let share = place - node as f64;
        let ([a, b], [c, d]) = (self.values[node], self.values[node + 1]);
        [a + share * (c - a), b + share * (d - b)]
    }
}

/// The integrals at the wavenumbers `k`, in h/Mpc, over the nonlinear spectrum.
pub fn parts(spectrum: &Spectrum, k: &[f64]) -> Vec<Parts> {
    let table = Table::new(spectrum);
    let (radii, angles) = (gauss_legendre(RADII), gauss_legendre(ANGLES));
    k.iter()
        .map(|&k| parts_at(&table, k, &radii, &angles))
        .collect()
}

/// The integrals at one wavenumber. The integrands are symmetric in q and p, so that twice the half with q < p is summed.
fn parts_at(table: &Table, k: f64, radii: &[[f64; 2]], angles: &[[f64; 2]]) -> Parts {
    let [power, window] = table.at(k.ln());
    let mut sums = [0.0; 5];
    // at k/2 the region q < p begins to cut the angles; around k the integrand changes most
    for [low, high] in [[LOOP[0], k / 2.0], [k / 2.0, 2.0 * k], [2.0 * k, LOOP[1]]] {
        let panels = ((high / low).ln() / PANEL).ceil();
        let half = (high / low).ln() / panels / 2.0;
        let middles = (0..panels as usize).map(|panel| low.ln() + half * (2 * panel + 1) as f64);
        let points = middles.flat_map(|middle| {
            (radii.iter()).map(move |[x, weight]| (middle + half * x, weight * half))
        });
        for (log_q, weight) in points {
            let q = log_q.exp();
            let at_q = table.at(log_q);
            let top = (k / (2.0 * q)).min(1.0);
            let ring = weight * q.powi(3) * (top + 1.0) / 2.0;
            for [y, share] in angles {
                let mu = (top + 1.0) / 2.0 * y + (top - 1.0) / 2.0;
                let p2 = k * k + q * q - 2.0 * k * q * mu;
                let at_p = table.at(0.5 * p2.ln());
                let found = integrands(k, power, [q * q, p2], at_q, at_p);
                (sums.iter_mut().zip(found)).for_each(|(sum, one)| *sum += ring * share * one);
            }
        }
    }
    // 2 from the half, 2 pi from the azimuth
    let measure = 4.0 * std::f64::consts::PI / (2.0 * std::f64::consts::PI).powi(3);
    let [i1, i2, j11, j12, j22] = sums.map(|sum| measure * sum);
    Parts {
        p: power,
        window,
        bispectrum: [i1, i2],
        square: [2.0 * j11, 2.0 * j12, 2.0 * j22],
    }
}

/// The integrands of I1, I2 and half those of J11, J12 and J22, for the squares of the sides q and p beside k.
fn integrands(
    k: f64,
    power: f64,
    [q2, p2]: [f64; 2],
    [power_q, window_q]: [f64; 2],
    [power_p, window_p]: [f64; 2],
) -> [f64; 5] {
    let k2 = k * k;
    // F2 of two sides from the square of the third
    let kernel = |a2: f64, b2: f64, c2: f64| {
        let dot = (c2 - a2 - b2) / 2.0;
        let product = a2 * b2;
        5.0 / 7.0 + dot / 2.0 * (a2 + b2) / product + 2.0 / 7.0 * dot * dot / product
    };
    let tree = 2.0
        * (kernel(q2, p2, k2) * power_q * power_p
            + kernel(k2, q2, p2) * power * power_q
            + kernel(k2, p2, q2) * power * power_p);
    let (first, second) = ((window_q + window_p) / 2.0, window_q * window_p / 2.0);
    let pair = power_q * power_p;
    [
        first * tree,
        second * tree,
        first * first * pair,
        first * second * pair,
        second * second * pair,
    ]
}
