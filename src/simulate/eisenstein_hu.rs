//! The closed formulae of Eisenstein & Hu: 1998 (arXiv:astro-ph/9709112, "EH98") and 1999 (arXiv:astro-ph/9710252, "EH99").
//!
//! Densities are physical, Omega h^2; wavenumbers are in 1/Mpc.

/// The temperature of the cosmic microwave background over 2.7 K.
pub const THETA: f64 = 2.7255 / 2.7;

/// The sound horizon at the drag epoch in Mpc, EH98 equation 26.
pub fn sound_horizon(matter: f64, baryons: f64) -> f64 {
    44.5 * (9.83 / matter).ln() / (1.0 + 10.0 * baryons.powf(0.75)).sqrt()
}

/// The transfer function without acoustic oscillations, EH98 equations 28 to 31, of one pair of densities.
#[derive(Clone, Copy, Debug)]
pub struct Smooth {
    matter: f64,
    horizon: f64,
    alpha: f64,
}

impl Smooth {
    /// For the densities of all matter and of baryons.
    pub fn new(matter: f64, baryons: f64) -> Self {
        let share = baryons / matter;
        Smooth {
            matter,
            horizon: sound_horizon(matter, baryons),
            // equation 31
            alpha: 1.0 - 0.328 * (431.0 * matter).ln() * share
                + 0.38 * (22.3 * matter).ln() * share * share,
        }
    }

    /// T at the wavenumber `k`; 1 at k = 0.
    pub fn at(&self, k: f64) -> f64 {
        // equation 30, Gamma h; 28; 29
        let shape = self.alpha + (1.0 - self.alpha) / (1.0 + (0.43 * k * self.horizon).powi(4));
        let q = k * THETA * THETA / (self.matter * shape);
        let l = (2.0 * std::f64::consts::E + 1.8 * q).ln();
        let c = 14.2 + 731.0 / (1.0 + 62.5 * q);
        l / (l + c * q * q)
    }
}

/// The density of cold matter (baryons and cold dark matter) over that of all matter when a `share` of matter is three
/// equal massive neutrinos: EH99 equations 5, 11, 12, 13 and 14.
#[derive(Clone, Copy, Debug)]
pub struct ColdRatio {
    matter: f64,
    share: f64,
    exponent: f64,
    growth: f64,
}

impl ColdRatio {
    /// For the density of all matter, the share of neutrinos in it and the growth D today, D = a early on.
    pub fn new(matter: f64, share: f64, growth: f64) -> Self {
        let equality = 2.5e4 * matter / THETA.powi(4);
        ColdRatio {
            matter,
            share,
            exponent: (5.0 - (1.0 + 24.0 * (1.0 - share)).sqrt()) / 4.0,
            growth: (1.0 + equality) * growth,
        }
    }

    /// The ratio at the wavenumber `k`: 1 on large scales, 1 / (1 - share) where neutrinos do not cluster.
    pub fn at(&self, k: f64) -> f64 {
        if self.share == 0.0 {
            return 1.0;
        }
        let q = k * THETA * THETA / self.matter;
        let streaming = 17.2
            * self.share
            * (1.0 + 0.488 * self.share.powf(-7.0 / 6.0))
            * (3.0 * q / self.share).powi(2);
        let grown = (self.growth / (1.0 + streaming)).powf(0.7);
        let mixed = (1.0 - self.share).powf(0.7 / self.exponent) + grown;
        ((1.0 + grown) / mixed).powf(self.exponent / 0.7)
    }
}
