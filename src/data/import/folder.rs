//! Inputs from a folder with one folder per simulation: `<root>/<i>/<file>` for the simulations i =
//! 0, 1, 2, ... of the rows of the targets, or with the names of these rows. Each file is text with
//! two columns: where an input lies, and its value.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::data::axis::first_difference;
use crate::data::files::{hex, prefix, read_bytes};
use crate::data::import::cut::Cut;
use crate::data::matrix::Matrix;
use crate::data::names::number_text;
use crate::data::text;
use crate::data::text::options::TextOptions;
use crate::error::Result;
use crate::input_error;

/// A folder of simulations.
pub(crate) struct Folder<'a> {
    /// The folder that has the folders of the simulations.
    pub(crate) root: &'a Path,
    /// The file in each of them.
    pub(crate) file: &'a str,
    /// What its columns are.
    pub(crate) columns: [&'static str; 2],
    /// How its numbers are read.
    pub(crate) text: TextOptions,
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
    /// The names of the folders that have no file.
    pub(crate) missing: Vec<String>,
    /// How many inputs each file has, of which the first are kept.
    pub(crate) inputs_in_files: usize,
    /// The SHA-256 of all files one after another, in hexadecimal.
    pub(crate) sha256: String,
}

/// The first file, which the others are compared with.
struct First {
    path: PathBuf,
    axis: Vec<f64>,
    names: Option<Vec<String>>,
    kept: usize,
}

/// Places, values, and the names of both columns of a file.
type Columns = (Vec<f64>, Vec<f64>, Option<Vec<String>>);

impl Folder<'_> {
    /// Reads the simulations in the folders of these names, one for each row of the targets.
    ///
    /// # Errors
    /// Simulations without a file (the first of them, and how many), unless they are skipped; a
    /// file that cannot be read, or whose axis differs from that of the first.
    pub(crate) fn read(&self, folders: &[String]) -> Result<Found> {
        let (present, missing) = self.look(folders)?;
        let mut digest = Sha256::new();
        let mut values = Vec::new();
        let mut first: Option<First> = None;
        for &simulation in &present {
            let path = self.path(&folders[simulation as usize]);
            let bytes = read_bytes(&path)?;
            digest.update(&bytes);
            let named = |error| prefix(error, path.display());
            let (places, row, names) = self.columns(&bytes, first.as_ref()).map_err(named)?;
            if let Some(first) = &first {
                self.check_same(&places, &first.axis, &first.path.display()).map_err(named)?;
            }
            let first = match &mut first {
                Some(first) => first,
                None => {
                    let kept = self.cut.kept(&places).map_err(named)?;
                    first.insert(First { path: path.clone(), axis: places, names, kept })
                }
            };
            values.extend(&row[..first.kept]);
        }
        let Some(First { mut axis, kept, .. }) = first else {
            return Err(self.none_there(folders));
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

    fn path(&self, folder: &str) -> PathBuf {
        self.root.join(folder).join(self.file)
    }

    /// Which simulations have their file, and the folders of those that do not.
    fn look(&self, folders: &[String]) -> Result<(Vec<u32>, Vec<String>)> {
        let count = u32::try_from(folders.len()).map_err(|_| {
            let count = folders.len();
            input_error!("there are {count} simulations; at most {} can be used", u32::MAX)
        })?;
        // Existence only: a file that is there but may not be read fails later under its own name.
        let (present, missing): (Vec<u32>, Vec<u32>) =
            (0..count).partition(|&simulation| self.path(&folders[simulation as usize]).exists());
        if present.is_empty() {
            return Err(self.none_there(folders));
        }
        let missing: Vec<String> =
            missing.into_iter().map(|row| folders[row as usize].clone()).collect();
        if !missing.is_empty() && !self.skip_missing {
            let dots = if missing.len() > 5 { ", ..." } else { "" };
            return Err(input_error!(
                "{}: {} of {} simulations have no {}: {}{dots}. Set `skip_missing = \
                 true` to leave them out, with their parameters",
                self.root.display(),
                missing.len(),
                folders.len(),
                self.file,
                missing[..missing.len().min(5)].join(", ")
            ));
        }
        Ok((present, missing))
    }

    fn none_there(&self, folders: &[String]) -> crate::Error {
        input_error!(
            "{}: none of the {} simulations is there; the first was expected at {}. \
             Set `file` to the name of the file in each folder",
            self.root.display(),
            folders.len(),
            self.path(folders.first().map_or("0", String::as_str)).display()
        )
    }

    /// Where the inputs of a file lie, their values, and the names of both columns: those that the
    /// first file has by these names, else the first two.
    fn columns(&self, bytes: &[u8], first: Option<&First>) -> Result<Columns> {
        let table = text::reader::table(bytes, self.text)?;
        let [place, value] = self.columns;
        if table.matrix.columns < 2 {
            return Err(input_error!(
                "has {} column; expected at least 2, {place} and {value}",
                table.matrix.columns
            ));
        }
        let names = table.names;
        let columns = match (&names, first.and_then(|first| Some((first, first.names.as_ref()?)))) {
            (Some(names), Some((first, wanted))) => {
                let find = |name: &String| {
                    names.iter().position(|other| other == name).ok_or_else(|| {
                        input_error!(
                            "has no column '{name}' ({}), which {} has; the files must have the \
                             same columns",
                            names.join(", "),
                            first.path.display()
                        )
                    })
                };
                [find(&wanted[0])?, find(&wanted[1])?]
            }
            _ => [0, 1],
        };
        // Checked here, where the file is known, and not only in the dataset.
        table.matrix.select_columns(&columns).check_finite(&[place.into(), value.into()])?;
        let [places, values] = columns.map(|column| table.matrix.column(column).collect());
        Ok((places, values, names))
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
        match first_difference(places, axis) {
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
