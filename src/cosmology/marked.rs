//! The marked spectrum M(k): the spectrum of matter weighted by m = [(1 + d_s) / (1 + d_s + d_R)]^p
//! with p = 2 and d_s = 0.25, where d_R is the density contrast in a sphere of 10 Mpc/h. Dense
//! places count little (Massara et al. 2021, arXiv 2001.11024).
//!
//! It is no theory but a fit to every second of Quijote's marked spectra. To lowest order M =
//! [1 - 1.6 W(k)]^2 P with W the transform of the sphere (Philcox, Massara & Spergel 2020, arXiv
//! 2006.10055), but today the scatter in the spheres is 0.5 to 1.4 and the series does not
//! converge. Against Quijote the lowest order is 1.3 to 1.6 times too high for k < 0.1 h/Mpc,
//! vanishes near k = 0.2 where M does not, and is 3 to 5 times too high from 0.36 to 0.5. The
//! one-loop terms of that paper and of Philcox, Aviles & Massara 2021 (arXiv 2010.05914), with
//! their coefficients set free as functions of that scatter (33 numbers), still left 5 % at k > 0.1
//! and 10 % below.
//!
//! So [`Mark`] is the ratio M / P, cubic in the parameters, as `data/quijote/marked.py` fits it, P
//! being [`crate::cosmology::one_loop::matter`] of [`crate::cosmology::linear::linear()`]. On the
//! spectra that the fit has not seen, M by that ratio and P is, where baryons are at most 0.4 of
//! cold matter, right in the mean to 1 % (LCDM) and 3 % (neutrinos) for k < 0.1 and to 1 % above,
//! where single spectra scatter by 1.2 % and 1.4 %, much of it their own. Where baryons are 0.4 to
//! 0.6 of cold matter, 7 to 9 % of Quijote's hypercubes, the mean is up to 6 % (13 %) off and the
//! scatter 7 % (9 %); beyond, only the order of magnitude is right.

use std::sync::LazyLock;

use crate::cosmology::correction::parameters;
use crate::cosmology::parameters::Cosmology;
use crate::cosmology::range::within;
use crate::cosmology::spectrum::Spectrum;
use crate::error::Result;

/// Wavenumbers, in h/Mpc, between which the fit holds: Quijote's 79 bins.
pub(crate) const WAVENUMBERS: [f64; 2] = [0.006, 0.51];

/// The fit: knots in k, and of the set `lcdm` and the set `neutrino` a row for each product of
/// parameters.
struct Fit {
    knots: Vec<f64>,
    rows: [Vec<Vec<f64>>; 2],
}

static FIT: LazyLock<Fit> = LazyLock::new(|| {
    let text = include_str!("../../data/quijote/marked.csv");
    let number = |word: &str| -> f64 { word.parse().expect("marked.csv has numbers") };
    let head = text.lines().next().expect("marked.csv has a head");
    let knots: Vec<f64> =
        (head.split(',').skip(2)).map(|name| number(name.trim_start_matches('k'))).collect();
    let rows = ["lcdm", "neutrino"].map(|set| {
        let lines = (text.lines()).filter(|line| line.split(',').next() == Some(set));
        let row = |line: &str| line.split(',').skip(2).map(number).collect::<Vec<f64>>();
        lines.map(row).collect::<Vec<Vec<f64>>>()
    });
    let full = |row: &Vec<f64>| row.len() == knots.len();
    assert!(rows.iter().flatten().all(full), "marked.csv: columns");
    Fit { knots, rows }
});

/// The factor from the spectrum ([`crate::cosmology::one_loop::matter`] of
/// [`crate::cosmology::linear::linear()`]) to the marked one, for one universe.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// M / P at the knots, as the spline of a spectrum.
    ratio: Spectrum,
}

impl Mark {
    /// For a universe with massless neutrinos from Quijote's LCDM hypercube, else from the one with
    /// neutrinos and w.
    ///
    /// # Errors
    /// A parameter of the cosmology lies outside those hypercubes.
    pub fn new(cosmology: &Cosmology) -> Result<Self> {
        let formula = "the fit of the marked spectrum";
        cosmology.check()?;
        within(formula, "n_s", cosmology.n_s, [0.8, 1.2])?;
        within(formula, "sigma_8", cosmology.sigma_8, [0.6, 1.0])?;
        let massive = cosmology.m_nu > 0.0;
        if !massive {
            within(&format!("{formula} with massless neutrinos"), "w", cosmology.w, [-1.0, -1.0])?;
        }
        let rows = &FIT.rows[usize::from(massive)];
        let products = products(&parameters(cosmology, massive));
        assert_eq!(rows.len(), products.len(), "marked.csv: terms");
        let mut logs = vec![0.0; FIT.knots.len()];
        for (row, product) in rows.iter().zip(products) {
            (logs.iter_mut().zip(row)).for_each(|(log, value)| *log += value * product);
        }
        let values = logs.into_iter().map(f64::exp).collect();
        let ratio = Spectrum::new(FIT.knots.clone(), values);
        Ok(Mark { ratio })
    }

    /// M / P at the wavenumber `k`, in h/Mpc.
    ///
    /// # Errors
    /// `k` lies outside [`WAVENUMBERS`]: the fit has no spectra there.
    pub fn at(&self, k: f64) -> Result<f64> {
        within("the fit of the marked spectrum", "k in h/Mpc", k, WAVENUMBERS)?;
        Ok(self.ratio.at(k))
    }
}

/// 1 and all products of up to three numbers, in the order 1, a, b, ..., aa, ab, ..., bb, ..., aaa,
/// ...
fn products(numbers: &[f64]) -> Vec<f64> {
    let count = numbers.len();
    let mut products = vec![1.0];
    products.extend(numbers);
    for i in 0..count {
        products.extend(numbers[i..].iter().map(|b| numbers[i] * b));
    }
    for i in 0..count {
        for j in i..count {
            let pair = numbers[i] * numbers[j];
            products.extend(numbers[j..].iter().map(|c| pair * c));
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::products;

    #[test]
    fn products_come_in_the_order_of_the_table() {
        assert_eq!(products(&[2.0, 3.0]), [1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 8.0, 12.0, 18.0, 27.0]);
    }
}
