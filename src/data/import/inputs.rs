//! The inputs of an import: a file with one row per simulation, or a folder with one folder per
//! simulation.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::data::conventions::{Conventions, FolderLayout};
use crate::data::dataset::default_axis;
use crate::data::files::{fingerprint, prefix, split_member};
use crate::data::formats::{read_axis, read_table};
use crate::data::import::cut::Cut;
use crate::data::import::folder::Folder;
use crate::data::import::options::Import;
use crate::data::matrix::Matrix;
use crate::data::names::numbered;
use crate::error::Result;
use crate::input_error;

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

impl Inputs {
    /// The inputs of the given number of simulations, relative paths from `base`.
    ///
    /// # Errors
    /// A file or folder that cannot be read; options that do not fit it.
    pub(crate) fn read(
        import: &Import,
        base: &Path,
        simulations: usize,
        conventions: &Conventions,
    ) -> Result<Self> {
        let path = base.join(&import.x);
        let cut = match (import.bins, import.max_k) {
            (None, None) => Cut::None,
            (Some(bins), None) => Cut::Bins(bins),
            (None, Some(max)) => Cut::MaxK(max),
            (Some(_), Some(_)) => return Err(input_error!("give `bins` or `max_k`, not both")),
        };
        match path.is_dir() {
            true => Self::of_folder(import, &path, cut, simulations, conventions),
            false => Self::of_file(import, base, &path, cut),
        }
    }

    fn of_folder(
        import: &Import,
        root: &Path,
        cut: Cut,
        simulations: usize,
        conventions: &Conventions,
    ) -> Result<Self> {
        if import.axis.is_some() {
            let root = root.display();
            return Err(input_error!(
                "`axis` is given, but the files in the folder {root} have their own; leave it out"
            ));
        }
        let layout = layout(root, conventions)?;
        let file = import.file.as_deref().unwrap_or(layout.file);
        let skip_missing = import.skip_missing.unwrap_or(false);
        let found =
            Folder { root, file, columns: layout.columns, skip_missing, cut }.read(simulations)?;
        let mut dropped = Map::new();
        if !found.missing.is_empty() {
            dropped.insert("simulations".into(), json!(found.missing));
        }
        note_cut(&mut dropped, found.axis.len(), found.inputs_in_files);
        let files = found.simulations.len();
        let note = json!({ "path": import.x.display().to_string(), "file": file, "files": files, "sha256": found.sha256 });
        let names = names_of(import, None, found.inputs_in_files, found.axis.len(), root)?;
        Ok(Self {
            names,
            matrix: found.inputs,
            axis: found.axis,
            axis_name: import.axis_name.clone().unwrap_or_else(|| layout.axis_name.to_string()),
            rows: (!found.missing.is_empty()).then_some(found.simulations),
            read: Map::from_iter([("x".to_string(), note)]),
            dropped,
        })
    }

    fn of_file(import: &Import, base: &Path, path: &Path, cut: Cut) -> Result<Self> {
        if let Some(option) =
            import.file.as_ref().map(|_| "file").or(import.skip_missing.map(|_| "skip_missing"))
        {
            return Err(input_error!(
                "`{option}` is for a folder with one folder per simulation, but {} is not a \
                 folder; leave it out",
                path.display()
            ));
        }
        let (matrix, header) = read_table(path)?;
        let mut read = Map::from_iter([("x".to_string(), read_note(&import.x, path)?)]);
        let axis = match &import.axis {
            Some(axis) => {
                read.insert("axis".into(), read_note(axis, &base.join(axis))?);
                axis_of(&base.join(axis), path, matrix.columns)?
            }
            None if import.max_k.is_some() => {
                return Err(input_error!(
                    "`max_k` needs the place of each input; give `axis`, or use `bins`"
                ));
            }
            None => default_axis(matrix.columns),
        };
        let kept = cut.kept(&axis).map_err(|error| prefix(error, path.display()))?;
        let mut dropped = Map::new();
        note_cut(&mut dropped, kept, matrix.columns);
        Ok(Self {
            names: names_of(import, header, matrix.columns, kept, path)?,
            matrix: matrix.select_columns(&(0..kept).collect::<Vec<_>>()),
            axis: axis[..kept].to_vec(),
            axis_name: import.axis_name.clone().unwrap_or_else(|| default_axis_name(import)),
            rows: None,
            read,
            dropped,
        })
    }
}

/// The first layout whose file the first simulation has, else the first one.
fn layout<'a>(root: &Path, conventions: &'a Conventions) -> Result<&'a FolderLayout> {
    let is_there = |layout: &&FolderLayout| root.join("0").join(layout.file).exists();
    let found = conventions.folders.iter().find(is_there).or(conventions.folders.first());
    found.ok_or_else(|| {
        input_error!("{} is a folder; give a file with one row per simulation", root.display())
    })
}

/// After the file or the member that has it: `k.npy` and `found.npz:k` are `k`.
fn default_axis_name(import: &Import) -> String {
    let Some(axis) = &import.axis else {
        return "input".to_string();
    };
    let (file, member) = split_member(axis);
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    member.map(String::from).or(stem).unwrap_or_else(|| "input".to_string())
}

/// The names of the inputs that are kept: given for all columns or for those that stay, else
/// the header's.
fn names_of(
    import: &Import,
    header: Option<Vec<String>>,
    columns: usize,
    kept: usize,
    path: &Path,
) -> Result<Vec<String>> {
    let mut names = match &import.input_names {
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

/// The path as given, because that is what its reader recognises, and what is in the file.
pub(crate) fn read_note(given: &Path, path: &Path) -> Result<Value> {
    Ok(
        json!({ "path": given.display().to_string(), "sha256": fingerprint(&split_member(path).0)? }),
    )
}

fn note_cut(dropped: &mut Map<String, Value>, kept: usize, columns: usize) {
    if kept < columns {
        dropped.insert("inputs".into(), json!(format!("all but the first {kept} of {columns}")));
    }
}
