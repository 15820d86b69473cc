//! P12 of local and equilateral non-Gaussianity against adaptive cubature in other coordinates, on
//! CAMB's spectra.

use shoal::cosmology::bispectrum::{Shape, correction, response};
use shoal::cosmology::{Cosmology, Spectrum};

use crate::common::{Reference, says};

/// The cosmologies of the reference, each with CAMB's linear spectrum.
fn universes(reference: &Reference) -> Vec<(Cosmology, Spectrum)> {
    let grid = reference.row("grid");
    let linear = reference.rows("linear", grid.len());
    (reference.rows("cosmologies", 5).iter().zip(linear))
        .map(|(row, values)| {
            let cosmology = Cosmology {
                omega_m: row[0],
                omega_b: row[1],
                h: row[2],
                n_s: row[3],
                sigma_8: row[4],
                m_nu: 0.0,
                w: -1.0,
            };
            (cosmology, Spectrum::new(grid.clone(), values))
        })
        .collect()
}

#[test]
fn p12_is_that_of_adaptive_cubature() {
    let reference = Reference::open("bispectrum");
    let k = reference.row("k");
    let mut right = reference.rows("p12", k.len()).into_iter();
    let mut worst: f64 = 0.0;
    for (cosmology, linear) in universes(&reference) {
        for shape in [Shape::Local, Shape::Equilateral] {
            let right = right.next().expect("two rows a cosmology");
            let ours = response(&cosmology, &linear, shape, &k).unwrap();
            let peak = right.iter().fold(0.0, |peak: f64, value| peak.max(value.abs()));
            for ((k, ours), right) in k.iter().zip(ours).zip(right) {
                // the local P12 changes its sign at k of about 0.01
                let off = (ours - right).abs() / right.abs().max(0.05 * peak);
                assert!(off < 0.02, "{shape:?} {cosmology:?} {k}: {ours}, not {right}");
                worst = worst.max(off);
            }
        }
    }
    assert!(worst < 0.012, "{worst}");
}

#[test]
fn the_correction_is_linear_in_f_nl() {
    let (cosmology, linear) = universes(&Reference::open("bispectrum")).remove(0);
    let k = [0.05, 0.3];
    let one = response(&cosmology, &linear, Shape::Local, &k).unwrap();
    let many = correction(&cosmology, &linear, Shape::Local, -250.0, &k).unwrap();
    assert_eq!(many, [-250.0 * one[0], -250.0 * one[1]]);
}

#[test]
fn outside_its_range_p12_is_an_error() {
    let (cosmology, linear) = universes(&Reference::open("bispectrum")).remove(0);
    let of = |cosmology: &Cosmology, linear: &Spectrum, shape, f_nl, k: f64| {
        correction(cosmology, linear, shape, f_nl, &[k])
    };
    let (local, equilateral) = (Shape::Local, Shape::Equilateral);
    says(of(&cosmology, &linear, local, 301.0, 0.1), &["f_NL", "301", "300"]);
    assert!(of(&cosmology, &linear, equilateral, 301.0, 0.1).is_ok());
    says(of(&cosmology, &linear, equilateral, -601.0, 0.1), &["f_NL", "-601", "-600"]);
    says(of(&cosmology, &linear, local, 1.0, 3.0), &["k in h/Mpc", "3", "1"]);
    let heavy = Cosmology { m_nu: 0.1, ..cosmology };
    says(of(&heavy, &linear, local, 1.0, 0.1), &["M_nu", "0.1", "holds for 0"]);
    let short = Spectrum::new(vec![0.01, 0.1, 1.0], vec![1.0, 1.0, 1.0]);
    says(of(&cosmology, &short, local, 1.0, 0.1), &["0.01", "0.0001"]);
}
