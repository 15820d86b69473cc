//! Inputs from a folder with one folder per simulation: `<root>/<i>/<file>` for the simulations i =
//! 0, 1, 2, ... of the rows of the targets. Each file is text with two columns: where an input lies,
//! and its value.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::data::files::{hex, looked_in, prefix, read_bytes};
use crate::data::import::cut::Cut;
use crate::data::matrix::Matrix;
use crate::data::names::number_text;
use crate::data::text;
use crate::error::Result;
use crate::input_error;

/// How far two files may print the same place apart, relative: single precision, six digits.
const SAME_PLACE: f64 = 1e-6;

/// A folder of simulations.
pub(crate) struct Folder<'a> {
    /// The folder that has the folders `0`, `1`, `2`, ...
    pub(crate) root: &'a Path,
    /// The file in each of them.
    pub(crate) file: &'a str,
    /// What its columns are.
    pub(crate) columns: [&'static str; 2],
    /// Whether a simulation without its file is left out; else it is an error.
    pub(crate) skip_missing: bool,
    /// Which of the first inputs are kept.
    pub(crate) cut: Cut,
}

/// What [`Folder::read`] found.
pub(crate) struct Found {
    /// The values, shape (simulations, inputs).
    pub(crate) inputs: Matrix,
    /// Where the inputs lie, shape (inputs).
    pub(crate) axis: Vec<f64>,
    /// Which row of the targets belongs to each row of `inputs`.
    pub(crate) simulations: Vec<u32>,
    /// The simulations that have no file.
    pub(crate) missing: Vec<u32>,
    /// How many inputs each file has, of which the first are kept.
    pub(crate) inputs_in_files: usize,
    /// The SHA-256 of all files one after another, in hexadecimal.
    pub(crate) sha256: String,
}

impl Folder<'_> {
    /// Reads the simulations `0..simulations`.
    ///
    /// # Errors
    /// No such folder; simulations without a file (the first of them, and how many), unless they
    /// are skipped; a file that cannot be read, or whose axis differs from that of the first.
    pub(crate) fn read(&self, simulations: usize) -> Result<Found> {
        let (present, missing) = self.look(simulations)?;
        let mut digest = Sha256::new();
        let mut values = Vec::new();
        let mut first: Option<(PathBuf, Vec<f64>, usize)> = None;
        for &simulation in &present {
            let path = self.path(simulation);
            let bytes = read_bytes(&path)?;
            digest.update(&bytes);
            let named = |error| prefix(error, path.display());
            let [places, row] = self.columns(&bytes).map_err(named)?;
            if first.is_none() {
                let kept = self.cut.kept(&places).map_err(named)?;
                first = Some((path.clone(), places.clone(), kept));
            }
            if let Some((other, axis, kept)) = &first {
                self.check_same(&places, axis, &other.display()).map_err(named)?;
                values.extend(&row[..*kept]);
            }
        }
        let Some((_, mut axis, kept)) = first else {
            return Err(self.none_there(simulations));
        };
        let inputs_in_files = axis.len();
        axis.truncate(kept);
        let inputs = Matrix::new(present.len(), kept, values);
        Ok(Found {
            inputs,
            axis,
            simulations: present,
            missing,
            inputs_in_files,
            sha256: hex(digest),
        })
    }

    fn path(&self, simulation: u32) -> PathBuf {
        self.root.join(simulation.to_string()).join(self.file)
    }

    /// Which simulations have their file and which do not.
    fn look(&self, simulations: usize) -> Result<(Vec<u32>, Vec<u32>)> {
        if !self.root.is_dir() {
            let (root, place) = (self.root.display(), looked_in(self.root));
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
            "{}: none of the {simulations} simulations is there; the first was expected at {}. \
             Set `file` to the name of the file in each folder",
            self.root.display(),
            self.path(0).display()
        )
    }

    /// Where the inputs of a file lie, and their values.
    fn columns(&self, bytes: &[u8]) -> Result<[Vec<f64>; 2]> {
        let (table, _) = text::table(bytes)?;
        let [place, value] = self.columns;
        if table.columns < 2 {
            return Err(input_error!(
                "has {} column; expected at least 2, {place} and {value}",
                table.columns
            ));
        }
        // Checked here, where the file is known, and not only in the dataset.
        table.select_columns(&[0, 1]).check_finite(&[place.into(), value.into()])?;
        Ok([0, 1].map(|column| table.column(column).collect()))
    }

    fn check_same(&self, places: &[f64], axis: &[f64], other: &impl Display) -> Result<()> {
        if places.len() != axis.len() {
            return Err(input_error!(
                "has {} bins but {other} has {}; every simulation must have the same",
                places.len(),
                axis.len()
            ));
        }
        let name = self.columns[0];
        let differs = |(a, b): (&f64, &f64)| (a - b).abs() > SAME_PLACE * a.abs().max(b.abs());
        match places.iter().zip(axis).position(differs) {
            None => Ok(()),
            Some(row) => Err(input_error!(
                "row {row} is at {name} = {} but in {other} at {name} = {}; every simulation must \
                 have the same {name}",
                number_text(places[row]),
                number_text(axis[row])
            )),
        }
    }
}
