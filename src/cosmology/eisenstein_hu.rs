//! The closed formulae of Eisenstein & Hu: 1998 (arXiv:astro-ph/9709112, "EH98") and 1999
//! (arXiv:astro-ph/9710252, "EH99").
//!
//! Densities are physical, Omega h^2; wavenumbers are in 1/Mpc.

/// The temperature of the cosmic microwave background over 2.7 K.
pub(crate) const THETA: f64 = 2.7255 / 2.7;

/// The transfer function of cold dark matter and baryons with its acoustic oscillations, EH98
/// equations 2 to 24.
#[derive(Clone, Copy, Debug)]
pub struct Acoustic {
    /// The share of baryons.
    share: f64,
    /// 13.41 k_eq, equation 10.
    equality: f64,
    horizon: f64,
    alpha_cold: f64,
    beta_cold: f64,
    alpha_baryons: f64,
    beta_baryons: f64,
    silk: f64,
    node: f64,
}

impl Acoustic {
    /// For the densities of all matter and of baryons.
    pub fn new(matter: f64, baryons: f64) -> Self {
        let share = baryons / matter;
        // equations 2 to 6: equality, the drag epoch, and the sound horizon between them
        let z_equal = 2.5e4 * matter / THETA.powi(4);
        let k_equal = 0.0746 * matter / THETA.powi(2);
        let b1 = 0.313 * matter.powf(-0.419) * (1.0 + 0.607 * matter.powf(0.674));
        let b2 = 0.238 * matter.powf(0.223);
        let z_drag = 1291.0 * matter.powf(0.251) / (1.0 + 0.659 * matter.powf(0.828))
            * (1.0 + b1 * baryons.powf(b2));
        let momentum = |z: f64| 31.5e3 * baryons / THETA.powi(4) / z;
        let (drag, equal) = (momentum(z_drag), momentum(z_equal));
        let path = ((1.0 + drag).sqrt() + (drag + equal).sqrt()) / (1.0 + equal.sqrt());
        let horizon = 2.0 / (3.0 * k_equal) * (6.0 / equal).sqrt() * path.ln();
        // equations 11 and 12: cold dark matter
        let a1 = (46.9 * matter).powf(0.670) * (1.0 + (32.1 * matter).powf(-0.532));
        let a2 = (12.0 * matter).powf(0.424) * (1.0 + (45.0 * matter).powf(-0.582));
        let bend = 0.944 / (1.0 + (458.0 * matter).powf(-0.708));
        let power = (0.395 * matter).powf(-0.0266);
        // equations 14, 15 and 24: baryons; 7: Silk damping; 23: the shift of the nodes
        let y = (1.0 + z_equal) / (1.0 + z_drag);
        let root = (1.0 + y).sqrt();
        let g = y * (-6.0 * root + (2.0 + 3.0 * y) * ((root + 1.0) / (root - 1.0)).ln());
        Acoustic {
            share,
            equality: 13.41 * k_equal,
            horizon,
            alpha_cold: a1.powf(-share) * a2.powf(-share.powi(3)),
            beta_cold: 1.0 / (1.0 + bend * ((1.0 - share).powf(power) - 1.0)),
            alpha_baryons: 2.07 * k_equal * horizon * (1.0 + drag).powf(-0.75) * g,
            beta_baryons: 0.5
                + share
                + (3.0 - 2.0 * share) * ((17.2 * matter).powi(2) + 1.0).sqrt(),
            silk: 1.6
                * baryons.powf(0.52)
                * matter.powf(0.73)
                * (1.0 + (10.4 * matter).powf(-0.95)),
            node: 8.41 * matter.powf(0.435),
        }
    }

    /// The sound horizon at the drag epoch in Mpc, equation 6.
    pub(crate) fn horizon(&self) -> f64 {
        self.horizon
    }

    /// T at the wavenumber `k`; 1 at k = 0.
    pub fn at(&self, k: f64) -> f64 {
        let q = k / self.equality;
        let x = k * self.horizon;
        // equations 19 and 20
        let pressureless = |alpha: f64, beta: f64| {
            let l = (std::f64::consts::E + 1.8 * beta * q).ln();
            l / (l + (14.2 / alpha + 386.0 / (1.0 + 69.9 * q.powf(1.08))) * q * q)
        };
        // equations 17 and 18
        let mix = 1.0 / (1.0 + (x / 5.4).powi(4));
        let cold = mix * pressureless(1.0, self.beta_cold)
            + (1.0 - mix) * pressureless(self.alpha_cold, self.beta_cold);
        // equations 21 and 22
        let shifted = x / (1.0 + (self.node / x).powi(3)).cbrt();
        let wave = self.alpha_baryons / (1.0 + (self.beta_baryons / x).powi(3))
            * (-(k / self.silk).powf(1.4)).exp();
        let baryons =
            (pressureless(1.0, 1.0) / (1.0 + (x / 5.2).powi(2)) + wave) * shifted.sin() / shifted;
        // equation 16
        self.share * baryons + (1.0 - self.share) * cold
    }
}

/// The transfer function without acoustic oscillations, EH98 equations 26 and 28 to 31, of one pair
/// of densities.
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
            // equation 26
            horizon: 44.5 * (9.83 / matter).ln() / (1.0 + 10.0 * baryons.powf(0.75)).sqrt(),
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

/// The density of cold matter (baryons and cold dark matter) over that of all matter when a `share`
/// of matter is three equal massive neutrinos: the growth functions D_cb and D_cbnu of EH99, with
/// its equations 5 for q and 14 for y_fs.
#[derive(Clone, Copy, Debug)]
pub struct ColdRatio {
    matter: f64,
    share: f64,
    exponent: f64,
    growth: f64,
}

impl ColdRatio {
    /// For the density of all matter, the share of neutrinos in it and the growth D today, D = a
    /// early on.
    pub fn new(matter: f64, share: f64, growth: f64) -> Self {
        let equality = 2.5e4 * matter / THETA.powi(4);
        ColdRatio {
            matter,
            share,
            exponent: (5.0 - (1.0 + 24.0 * (1.0 - share)).sqrt()) / 4.0,
            growth: (1.0 + equality) * growth,
        }
    }

    /// The ratio at the wavenumber `k`: 1 on large scales, 1 / (1 - share) where neutrinos do not
    /// cluster.
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
