//! Nonlinear spectra of many cosmologies in the 79 bins of Quijote, as text: `cargo run --release
//! --example spectra PARAMETERS OUT [as-quijote-began]`.
//!
//! PARAMETERS has a row per cosmology: Omega_m, Omega_b, h, n_s, sigma_8 and, for massive
//! neutrinos, M_nu in eV and w; lines with `#` are skipped. OUT gets a row of 79 spectra in
//! (Mpc/h)^3, of `nan` where the parameters are out of range. The corrections that are fitted to
//! Quijote are not applied, because their fits, `data/quijote/marked.py` and `correction.py`, read
//! these spectra.

use std::fmt::Write;

use shoal::cosmology::{Cosmology, Shells, as_quijote_began, linear, matter};
use shoal::{Error, Result};

fn spectrum(row: &[f64], shells: &Shells, began: bool) -> Result<Vec<f64>> {
    let &[omega_m, omega_b, h, n_s, sigma_8, ref rest @ ..] = row else {
        return Err(Error::Input(format!("{} numbers in a row; expected 5 or 7", row.len())));
    };
    let (m_nu, w) = match *rest {
        [m_nu, w] => (m_nu, w),
        _ => (0.0, -1.0),
    };
    let cosmology = Cosmology { omega_m, omega_b, h, n_s, sigma_8, m_nu, w };
    let linear = match began {
        true => as_quijote_began(&cosmology)?,
        false => linear(&cosmology)?,
    };
    Ok(shells.average(&matter(&cosmology, &linear)?))
}

fn main() -> std::io::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (parameters, out, began) = match paths.as_slice() {
        [parameters, out] => (parameters, out, false),
        [parameters, out, how] if how == "as-quijote-began" => (parameters, out, true),
        _ => {
            eprintln!("two paths are needed, parameters and out, and perhaps as-quijote-began");
            std::process::exit(2);
        }
    };
    let shells = Shells::new(1000.0, 79);
    let (mut text, mut count) = (String::new(), 0);
    let start = std::time::Instant::now();
    for line in std::fs::read_to_string(parameters)?.lines() {
        if line.starts_with('#') {
            continue;
        }
        let row: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let values = spectrum(&row, &shells, began).unwrap_or_else(|error| {
            eprintln!("{line}: {error}");
            vec![f64::NAN; 79]
        });
        for value in values {
            write!(text, "{value:.6e} ").expect("a string grows");
        }
        text.push('\n');
        count += 1;
    }
    eprintln!(
        "{count} spectra, {:.2} ms each on one core",
        start.elapsed().as_secs_f64() * 1e3 / f64::from(count)
    );
    std::fs::write(out, text)
}
