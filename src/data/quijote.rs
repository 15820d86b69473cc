//! One folder per simulation, as the Quijote simulations are published (arXiv:1909.05273):
//! `<root>/<i>/Pk_m_z=0.txt` with the columns k and P, for the simulations i = 0, 1, 2, ... of the
//! rows of a parameter file.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::data::array::Matrix;
use crate::data::file::{hex, looked_in, prefix, read_bytes};
use crate::input_error;
use crate::data::text;
use crate::error::Result;

/// The file of the matter power spectrum at redshift 0.
pub const FILE: &str = "Pk_m_z=0.txt";

/// How far two files may print the same wavenumber apart, relative: single precision, six digits.
const SAME_K: f64 = 1e-6;

/// Which of the first columns of an axis are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Cut {
    /// All of them.
    #[default]
    None,
    /// So many.
    Bins(usize),
    /// Those up to this place on the axis, for a spectrum a wavenumber in h/Mpc.
    MaxK(f64),
}

impl Cut {
    /// How many of the first columns stay.
    ///
    /// # Errors
    /// None stay, or more were asked for than there are.
    pub fn kept(self, axis: &[f64]) -> Result<usize> {
        let kept = match self {
            Cut::None => axis.len(),
            Cut::Bins(bins) => bins,
            Cut::MaxK(max) => axis.iter().take_while(|&&k| k <= max).count(),
        };
        match (self, kept) {
            (Cut::Bins(0), _) => Err(input_error!("`bins` is 0; keep at least one")),
            (Cut::Bins(bins), _) if bins > axis.len() => {
                Err(input_error!("`bins` is {bins}, but there are only {}", axis.len()))
            }
            (Cut::MaxK(max), 0) => {
                let first = axis.first().copied().unwrap_or(f64::NAN);
                Err(input_error!(
                    "`max_k` is {max}, but the first bin is already at {first}; choose a larger \
                     one"
                ))
            }
            _ => Ok(kept),
        }
    }
}

/// A folder tree of spectra.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The folder that has the folders `0`, `1`, `2`, ...
    pub root: PathBuf,
    /// The file in each of them, [`FILE`] unless told otherwise.
    pub file: String,
    /// Whether a simulation without its file is left out; else it is an error.
    pub skip_missing: bool,
    /// Which of the first bins are kept.
    pub cut: Cut,
}

/// What [`Tree::read`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectra {
    /// The spectra, shape (simulations, bins), in (Mpc/h)^3 as in the files.
    pub inputs: Matrix,
    /// The wavenumbers, shape (bins), in h/Mpc.
    pub axis: Vec<f64>,
    /// Which row of the parameter file belongs to each row of `inputs`.
    pub simulations: Vec<u32>,
    /// The simulations that had no file.
    pub missing: Vec<u32>,
    /// How many bins each file has, of which the first are kept.
    pub bins_in_files: usize,
    /// The SHA-256 of all files one after another, in hexadecimal.
    pub sha256: String,
}

impl Tree {
    /// Reads the spectra of the simulations `0..simulations`.
    ///
    /// # Errors
    /// No such folder; simulations without a file (the first of them, and how many), unless they
    /// are skipped; a file that cannot be read, or whose wavenumbers differ from those of the
    /// first.
    pub fn read(&self, simulations: usize) -> Result<Spectra> {
        let (present, missing) = self.look(simulations)?;
        let mut digest = Sha256::new();
        let mut values = Vec::new();
        let mut first: Option<(PathBuf, Vec<f64>, usize)> = None;
        for &simulation in &present {
            let path = self.path(simulation);
            let bytes = read_bytes(&path)?;
            digest.update(&bytes);
            let named = |error| prefix(error, path.display());
            let (k, power) = spectrum(&bytes).map_err(named)?;
            if first.is_none() {
                let kept = self.cut.kept(&k).map_err(named)?;
                first = Some((path.clone(), k.clone(), kept));
            }
            if let Some((other, axis, kept)) = &first {
                check_same(&k, axis, &other.display()).map_err(named)?;
                values.extend(&power[..*kept]);
            }
        }
        let Some((_, mut axis, kept)) = first else {
            return Err(self.none_there(simulations));
        };
        let bins_in_files = axis.len();
        axis.truncate(kept);
        let inputs = Matrix::new(present.len(), kept, values);
        Ok(Spectra {
            inputs,
            axis,
            simulations: present,
            missing,
            bins_in_files,
            sha256: hex(digest),
        })
    }

    fn path(&self, simulation: u32) -> PathBuf {
        self.root.join(simulation.to_string()).join(&self.file)
    }

    /// Which simulations have their file and which do not.
    fn look(&self, simulations: usize) -> Result<(Vec<u32>, Vec<u32>)> {
        if !self.root.is_dir() {
            let (root, place) = (self.root.display(), looked_in(&self.root));
            return Err(input_error!("{root}: no such folder{place}"));
        }
        let count = u32::try_from(simulations).map_err(|_| {
            input_error!("there are {simulations} simulations; at most {} can be used", u32::MAX)
        })?;
        // Existence only: a file that is there but may not be read fails later under its own name.
        let (present, missing): (Vec<u32>, Vec<u32>) =
            (0..count).partition(|&simulation| self.path(simulation).exists());
        if present.is_empty() {
            return Err(self.none_there(simulations));
        }
        if !missing.is_empty() && !self.skip_missing {
            let names: Vec<String> = missing.iter().take(5).map(u32::to_string).collect();
            let dots = if missing.len() > names.len() { ", ..." } else { "" };
            return Err(input_error!(
                "{}: {} of {simulations} simulations have no {}: {}{dots}. Set `skip_missing = \
                 true` to leave them out, with their parameters",
                self.root.display(),
                missing.len(),
                self.file,
                names.join(", ")
            ));
        }
        Ok((present, missing))
    }

    fn none_there(&self, simulations: usize) -> crate::Error {
        input_error!(
            "{}: none of the {simulations} simulations is there; the first was looked for at {}. \
             Set `file` to the name of the file in each folder",
            self.root.display(),
            self.path(0).display()
        )
    }
}

/// The columns k and P.
fn spectrum(bytes: &[u8]) -> Result<(Vec<f64>, Vec<f64>)> {
    let (table, _) = text::table(bytes)?;
    if table.columns < 2 {
        return Err(input_error!("has {} column; expected at least 2, k and P", table.columns));
    }
    // Checked here, where the file is known, and not only in the dataset.
    table.select_columns(&[0, 1]).check_finite(&["k".into(), "P".into()])?;
    Ok((table.column(0).collect(), table.column(1).collect()))
}

fn check_same(k: &[f64], axis: &[f64], other: &dyn std::fmt::Display) -> Result<()> {
    if k.len() != axis.len() {
        return Err(input_error!(
            "has {} bins but {other} has {}; every simulation must have the same",
            k.len(),
            axis.len()
        ));
    }
    let differs = |(a, b): (&f64, &f64)| (a - b).abs() > SAME_K * a.abs().max(b.abs());
    match k.iter().zip(axis).position(differs) {
        None => Ok(()),
        Some(row) => Err(input_error!(
            "row {row} is at k = {} but in {other} at k = {}; every simulation must have the \
             same k",
            k[row],
            axis[row]
        )),
    }
}
