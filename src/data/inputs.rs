//! The inputs of a [`Source`]: a file with one row per simulation, or a folder with one folder per
//! simulation.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::data::array::{Matrix, read_axis, read_table, split_member};
use crate::data::dataset::default_axis;
use crate::data::file::{fingerprint, prefix};
use crate::data::quijote;
use crate::data::import::Source;
use crate::data::names::numbered;
use crate::data::quijote::{Cut, Tree};
use crate::input_error;
use crate::error::Result;

/// The inputs with what belongs to them, before the targets are known to fit.
pub(crate) struct Inputs {
    pub(crate) matrix: Matrix,
    pub(crate) axis: Vec<f64>,
    pub(crate) axis_name: String,
    pub(crate) names: Vec<String>,
    /// Rows of `y` to keep, when not all.
    pub(crate) rows: Option<Vec<u32>>,
    /// Notes for the provenance: what was read, what was dropped.
    pub(crate) read: Map<String, Value>,
    pub(crate) dropped: Map<String, Value>,
}

impl Source {
    /// The inputs for the given number of simulations, relative paths from `base`.
    pub(crate) fn inputs(&self, base: &Path, path: &Path, simulations: usize) -> Result<Inputs> {
        let cut = match (self.bins, self.max_k) {
            (None, None) => Cut::None,
            (Some(bins), None) => Cut::Bins(bins),
            (None, Some(max)) => Cut::MaxK(max),
            (Some(_), Some(_)) => return Err(input_error!("give `bins` or `max_k`, not both")),
        };
        if path.is_dir() { self.tree(path, cut, simulations) } else { self.array(base, path, cut) }
    }

    fn tree(&self, root: &Path, cut: Cut, simulations: usize) -> Result<Inputs> {
        if self.axis.is_some() {
            let root = root.display();
            return Err(input_error!(
                "`axis` is given, but the files in the folder {root} have their own; leave it out"
            ));
        }
        let file = self.file.clone().unwrap_or_else(|| quijote::FILE.to_string());
        let skip_missing = self.skip_missing.unwrap_or(false);
        let spectra = Tree { root: root.to_path_buf(), file: file.clone(), skip_missing, cut }
            .read(simulations)?;
        let mut dropped = Map::new();
        if !spectra.missing.is_empty() {
            dropped.insert("simulations".into(), json!(spectra.missing));
        }
        note_cut(&mut dropped, spectra.axis.len(), spectra.bins_in_files);
        let files = spectra.simulations.len();
        let note =
            json!({ "path": self.x, "file": file, "files": files, "sha256": spectra.sha256 });
        let names = self.input_names(None, spectra.bins_in_files, spectra.axis.len(), root)?;
        Ok(Inputs {
            names,
            matrix: spectra.inputs,
            axis: spectra.axis,
            axis_name: self.axis_name.clone().unwrap_or_else(|| "k [h/Mpc]".to_string()),
            rows: (!spectra.missing.is_empty()).then_some(spectra.simulations),
            read: Map::from_iter([("x".to_string(), note)]),
            dropped,
        })
    }

    fn array(&self, base: &Path, path: &Path, cut: Cut) -> Result<Inputs> {
        if let Some(option) =
            self.file.as_ref().map(|_| "file").or(self.skip_missing.map(|_| "skip_missing"))
        {
            return Err(input_error!(
                "`{option}` is for a folder with one folder per simulation, but {} is not a \
                 folder; leave it out",
                path.display()
            ));
        }
        let (matrix, header) = read_table(path)?;
        let mut read = Map::from_iter([("x".to_string(), read_note(&self.x, path)?)]);
        let axis = match &self.axis {
            Some(axis) => {
                read.insert("axis".into(), read_note(axis, &base.join(axis))?);
                axis_of(&base.join(axis), path, matrix.columns)?
            }
            None if self.max_k.is_some() => {
                return Err(input_error!(
                    "`max_k` needs to know where each input sits; give `axis`, or use `bins`"
                ));
            }
            None => default_axis(matrix.columns),
        };
        let kept = cut.kept(&axis).map_err(|error| prefix(error, path.display()))?;
        let mut dropped = Map::new();
        note_cut(&mut dropped, kept, matrix.columns);
        Ok(Inputs {
            names: self.input_names(header, matrix.columns, kept, path)?,
            matrix: matrix.select_columns(&(0..kept).collect::<Vec<_>>()),
            axis: axis[..kept].to_vec(),
            axis_name: self.axis_name.clone().unwrap_or_else(|| self.default_axis_name()),
            rows: None,
            read,
            dropped,
        })
    }

    /// After the file or the member that has it: `k.npy` and `spectra.npz:k` are `k`.
    fn default_axis_name(&self) -> String {
        let Some(axis) = &self.axis else {
            return "input".to_string();
        };
        let (file, member) = split_member(axis);
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        member.map(String::from).or(stem).unwrap_or_else(|| "input".to_string())
    }

    /// The names of the inputs that are kept: typed for all columns or for those that stay, else
    /// the header's.
    fn input_names(
        &self,
        header: Option<Vec<String>>,
        columns: usize,
        kept: usize,
        path: &Path,
    ) -> Result<Vec<String>> {
        let mut names = match &self.input_names {
            Some(names) if names.len() != columns && names.len() != kept => {
                return Err(input_error!(
                    "`input_names` has {} names but {} has {columns} columns; give one name for \
                     each",
                    names.len(),
                    path.display()
                ));
            }
            Some(names) => names.clone(),
            None => header.unwrap_or_else(|| numbered('x', columns)),
        };
        names.truncate(kept);
        Ok(names)
    }
}

/// The places of the columns of `x`.
fn axis_of(path: &Path, x: &Path, columns: usize) -> Result<Vec<f64>> {
    let axis = read_axis(path)?;
    if axis.len() != columns {
        return Err(input_error!(
            "{} has {} numbers but {} has {columns} columns; they must be one for each",
            path.display(),
            axis.len(),
            x.display()
        ));
    }
    Ok(axis)
}

/// The path as typed, because that is what its reader recognises, and what was in the file.
pub(crate) fn read_note(typed: &Path, path: &Path) -> Result<Value> {
    Ok(json!({ "path": typed, "sha256": fingerprint(&split_member(path).0)? }))
}

fn note_cut(dropped: &mut Map<String, Value>, kept: usize, columns: usize) {
    if kept < columns {
        dropped.insert("inputs".into(), json!(format!("all but the first {kept} of {columns}")));
    }
}
