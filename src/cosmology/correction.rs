//! The factor from our spectra to those of the Quijote simulations. It is no theory but a fit to
//! every second of their spectra.
//!
//! HMcode-2020 was made for universes near ours. Where Omega_b h^2 is up to three times ours, as in
//! Quijote's hypercubes, its power at k = 0.2 h/Mpc is 5 % too high where baryons are a tenth of
//! matter and 12 % too low where they are half of it. A factor that is cubic in the parameters
//! removes the smooth part of that, so that a network trained on these spectra does not learn the
//! difference. It multiplies [`crate::cosmology::one_loop::matter`], for massive neutrinos that of
//! [`crate::cosmology::linear::as_quijote_began`]. `data/quijote/correction.py` made it and says
//! how well it does on the other half of the spectra. It ends where Quijote's bins end, and is
//! separate so that [`crate::cosmology::nonlinear::nonlinear()`] stays what its authors published.

use std::sync::LazyLock;

use crate::cosmology::parameters::Cosmology;
use crate::error::Result;
use crate::input_error;

/// The largest wavenumber of the fit, in h/Mpc.
pub(crate) const K_MAX: f64 = 0.51;

/// The powers of u = k / (k + 0.1 h/Mpc): large scales stay as they are.
const POWERS: [i32; 4] = [2, 3, 4, 5];

/// The coefficients of the set `lcdm` and of the set `neutrino`, a row for each product of
/// parameters.
static COEFFICIENTS: LazyLock<[Vec<[f64; 4]>; 2]> = LazyLock::new(|| {
    let text = include_str!("../../data/quijote/correction.csv");
    ["lcdm", "neutrino"].map(|set| {
        let rows = text.lines().filter(|line| line.split(',').next() == Some(set));
        let number = |word: &str| word.parse().expect("correction.csv has numbers");
        let row = |line: &str| {
            let values: Vec<f64> = line.split(',').skip(2).map(number).collect();
            values.try_into().expect("correction.csv has four coefficients a row")
        };
        rows.map(row).collect()
    })
});

/// The factor from [`crate::cosmology::one_loop::matter`] to the Quijote simulations, for one
/// universe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    coefficients: [f64; 4],
}

impl Correction {
    /// For a universe with massless neutrinos from Quijote's LCDM hypercube, else from the one with
    /// neutrinos and w.
    pub fn new(cosmology: &Cosmology) -> Self {
        let massive = cosmology.m_nu > 0.0;
        let products = products(cosmology, massive);
        let rows = &COEFFICIENTS[usize::from(massive)];
        assert_eq!(rows.len(), products.len(), "correction.csv: terms");
        let mut coefficients = [0.0; 4];
        for (row, product) in rows.iter().zip(&products) {
            for (sum, value) in coefficients.iter_mut().zip(row) {
                *sum += value * product;
            }
        }
        Correction { coefficients }
    }

    /// The factor at the wavenumber `k`, in h/Mpc.
    ///
    /// # Errors
    /// `k` is larger than [`K_MAX`]: the fit has no spectra there.
    pub fn at(&self, k: f64) -> Result<f64> {
        if !(0.0..=K_MAX).contains(&k) {
            return Err(input_error!(
                "k is {k} h/Mpc; the correction to the Quijote simulations holds from 0 to \
                 {K_MAX}. Leave it out for larger ones"
            ));
        }
        let u = k / (k + 0.1);
        let terms = self.coefficients.iter().zip(POWERS);
        Ok(terms.map(|(value, power)| value * u.powi(power)).sum::<f64>().exp())
    }
}

/// The parameters in units of about half their prior range; of massive neutrinos their share and w
/// too.
pub(crate) fn parameters(cosmology: &Cosmology, massive: bool) -> Vec<f64> {
    let mut parameters = vec![
        (cosmology.omega_m / 0.25).ln() / 0.8,
        (cosmology.omega_b / 0.05).ln() / 0.45,
        (cosmology.h / 0.7).ln() / 0.3,
        (cosmology.n_s - 1.0) / 0.2,
        (cosmology.sigma_8 / 0.8).ln() / 0.25,
    ];
    if massive {
        parameters.extend([cosmology.neutrino_share() / 0.1, (cosmology.w + 1.0) / 0.3]);
    }
    parameters
}

/// 1, the parameters, and their products by twos and threes.
fn products(cosmology: &Cosmology, massive: bool) -> Vec<f64> {
    let parameters = parameters(cosmology, massive);
    let mut products = vec![1.0];
    products.extend(&parameters);
    for (i, a) in parameters.iter().enumerate() {
        products.extend(parameters[i..].iter().map(|b| a * b));
    }
    for (i, a) in parameters.iter().enumerate() {
        for (j, b) in parameters.iter().enumerate().skip(i) {
            products.extend(parameters[j..].iter().map(|c| a * b * c));
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_correction_is_small_near_us_and_ends_with_the_data() {
        for m_nu in [0.0, 0.1] {
            let cosmology = Cosmology {
                omega_m: 0.3175,
                omega_b: 0.049,
                h: 0.6711,
                n_s: 0.9624,
                sigma_8: 0.834,
                m_nu,
                w: -1.0,
            };
            let correction = Correction::new(&cosmology);
            for k in [0.0, 0.01, 0.1, 0.3, 0.5] {
                let factor = correction.at(k).unwrap();
                assert!((factor - 1.0).abs() < 0.06, "{m_nu} {k}: {factor}");
            }
            assert_eq!(correction.at(0.0).unwrap(), 1.0);
            assert!(correction.at(0.6).unwrap_err().to_string().contains("0.51"));
        }
    }
}
