//! The marked spectrum against an independent integration and against the Quijote simulations.

use std::path::{Path, PathBuf};

use shoal::simulate::marked::parts;
use shoal::simulate::{Cosmology, linear, nonlinear};

/// The folder with the spectra of the Quijote simulations.
fn quijote() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/quijote")
}

fn column(name: &str) -> Vec<f64> {
    let bytes = std::fs::read(quijote().join(name)).expect("a readable file");
    npyz::NpyFile::new(&bytes[..])
        .expect("an array")
        .into_vec()
        .expect("numbers")
}

/// The cosmologies of `lcdm` or `neutrino`, in the order of the simulations.
fn cosmologies(scenario: &str) -> Vec<Cosmology> {
    let text = std::fs::read_to_string(quijote().join(format!("{scenario}_params.txt")));
    (text.expect("a readable file").lines())
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let row: Vec<f64> = (line.split_whitespace())
                .map(|word| word.parse().expect("a number"))
                .collect();
            Cosmology {
                omega_m: row[0],
                omega_b: row[1],
                h: row[2],
                n_s: row[3],
                sigma_8: row[4],
                m_nu: row.get(5).copied().unwrap_or(0.0),
                w: row.get(6).copied().unwrap_or(-1.0),
            }
        })
        .take(1800)
        .collect()
}

/// Writes what `reference/marked/fit.py` reads, into the folder that SHOAL_PARTS names: for each simulation and bin P, W, I1, I2, J11,
/// J12, J22, and for each simulation sigma in spheres of 10 Mpc/h.
#[test]
#[ignore = "for reference/marked/fit.py"]
fn write_the_parts() {
    let folder = PathBuf::from(std::env::var("SHOAL_PARTS").expect("SHOAL_PARTS names a folder"));
    let k = column("k.npy");
    for scenario in ["lcdm", "neutrino"] {
        let mut lines = String::new();
        let all = cosmologies(scenario);
        for (row, cosmology) in all.iter().enumerate() {
            let found =
                linear(cosmology).and_then(|linear| Ok((nonlinear(cosmology, &linear)?, linear)));
            let Ok((spectrum, linear)) = found else {
                continue;
            };
            lines += &format!("{row} {} {}", spectrum.sigma(10.0), linear.sigma(10.0));
            for part in parts(&spectrum, &k) {
                let numbers = [part.p, part.window].into_iter();
                for number in numbers.chain(part.bispectrum).chain(part.square) {
                    lines += &format!(" {number:e}");
                }
            }
            lines += "\n";
        }
        std::fs::write(folder.join(format!("{scenario}.txt")), lines).unwrap();
    }
}
