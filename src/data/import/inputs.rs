//! The inputs of an import: a file with one row per simulation, or a folder with one folder per
//! simulation.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::data::axis::{Axis, UNNAMED, default_axis, first_difference};
use crate::data::conventions::{Conventions, FolderLayout};
use crate::data::files::{fingerprint, prefix, split_member};
use crate::data::formats::{read_axis, read_columns};
use crate::data::import::cut::Cut;
use crate::data::import::folder::Folder;
use crate::data::import::folders::Folders;
use crate::data::import::options::Import;
use crate::data::import::rows::{Rows, match_rows};
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::names::{numbered, shown};
use crate::data::table::Table;
use crate::error::Result;
use crate::input_error;

/// The inputs with what belongs to them, before the targets are known to fit.
pub(crate) struct Inputs {
    pub(crate) matrix: Matrix,
    pub(crate) axis: Vec<f64>,
    pub(crate) axis_name: String,
    pub(crate) names: Vec<String>,
    /// The row of `y` of each row, when it is not the same.
    pub(crate) rows: Option<Vec<u32>>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
    /// Notes for the provenance: what was read, what was dropped.
    pub(crate) read: Map<String, Value>,
    pub(crate) dropped: Map<String, Value>,
}

impl Inputs {
    /// All inputs of simulations, of which the targets or the items have so many rows, with these
    /// names if they have some; relative paths from `base`.
    ///
    /// # Errors
    /// A file or folder that cannot be read; options that do not fit it.
    pub(crate) fn read(
        import: &Import,
        base: &Path,
        others: Option<(usize, Option<&[String]>)>,
        conventions: &Conventions,
    ) -> Result<Self> {
        if import.x.as_os_str().is_empty() {
            return Self::none(import, others.map_or(0, |(rows, _)| rows));
        }
        let path = base.join(&import.x);
        let cut = match (import.bins, import.max_k) {
            (None, None) => Cut::None,
            (Some(bins), None) => Cut::Bins(bins),
            (None, Some(max)) => Cut::MaxK(max),
            (Some(_), Some(_)) => return Err(input_error!("give `bins` or `max_k`, not both")),
        };
        let read = match (path.is_dir(), others) {
            (true, Some(others)) => Self::of_folder(import, &path, cut, others, conventions),
            (true, None) => Err(input_error!("is a folder; inputs with a `label` are in files")),
            (false, _) => {
                Self::of_file(import, base, &path, cut, others.and_then(|(_, labels)| labels))
            }
        };
        read.map_err(|error| match import.files {
            Some(_) => prefix(error, path.display()),
            None => error,
        })
    }

    /// No inputs beside items.
    fn none(import: &Import, rows: usize) -> Result<Self> {
        if import.items.is_none() {
            return Err(input_error!(
                "`x` is missing: name the file of the inputs, or `items` for those of sets"
            ));
        }
        Ok(Self {
            matrix: Matrix::new(rows, 0, vec![]),
            axis: vec![],
            axis_name: UNNAMED.to_string(),
            names: vec![],
            rows: None,
            notes: vec![],
            read: Map::new(),
            dropped: Map::new(),
        })
    }

    /// Those that the import keeps. Weights, groups, and targets in the same table, are no inputs.
    pub(crate) fn chosen(mut self, import: &Import) -> Result<Self> {
        let targets = import.targets.iter().flatten().filter(|_| import.shares_file());
        let others: Vec<&String> =
            targets.clone().chain(&import.weights).chain(&import.groups).collect();
        let rest = self.names.iter().filter(|name| !others.contains(name)).cloned();
        let chosen = match &import.inputs {
            Some(chosen) => chosen.clone(),
            None => rest.collect(),
        };
        if import.inputs.is_none()
            && let Some(target) = targets.clone().find(|target| !self.names.contains(target))
        {
            return Err(input_error!(
                "has the target '{target}' too, but under another name; name the inputs with \
                 `inputs`"
            ));
        }
        if chosen == self.names {
            return Ok(self);
        }
        if chosen.is_empty() {
            return Err(input_error!("`inputs` is empty; choose among {}", shown(&self.names)));
        }
        names::check_unique(&chosen, "input")?;
        let find = |name: &String| names::find(&self.names, name, "input");
        let columns = chosen.iter().map(find).collect::<Result<Vec<usize>>>()?;
        let kept = format!("all but {} of {}", chosen.len(), self.names.len());
        self.dropped.entry("inputs").or_insert(kept.into());
        self.matrix = self.matrix.select_columns(&columns);
        let axis = Axis { owner: "", name: &self.axis_name, values: &self.axis };
        self.axis = axis.select(&columns);
        self.names = chosen;
        Ok(self)
    }

    fn of_folder(
        import: &Import,
        root: &Path,
        cut: Cut,
        (rows, labels): (usize, Option<&[String]>),
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
        let folders = Folders { root, file, rows, first: import.first, labels }.names()?;
        // a first line of numbers is a place and a value
        let text = import.text(Some(false));
        let folder = Folder { root, file, columns: layout.columns, text, skip_missing, cut };
        let found = folder.read(&folders)?;
        let mut dropped = Map::new();
        if !found.missing.is_empty() {
            let number = |name: &String| name.parse::<u64>().map_or(json!(name), |it| json!(it));
            let missing: Vec<Value> = found.missing.iter().map(number).collect();
            dropped.insert("simulations".into(), missing.into());
        }
        note_cut(&mut dropped, found.axis.len(), found.inputs_in_files);
        let files = found.simulations.len();
        let note = json!({
            "path": import.x.display().to_string(),
            "file": file,
            "files": files,
            "sha256": found.sha256,
        });
        let names = names_of(import, None, found.inputs_in_files, found.axis.len(), root)?;
        Ok(Self {
            names,
            matrix: found.inputs,
            axis: found.axis,
            axis_name: import.axis_name.clone().unwrap_or_else(|| layout.axis_name.to_string()),
            rows: (!found.missing.is_empty()).then_some(found.simulations),
            notes: Vec::new(),
            read: Map::from_iter([("x".to_string(), note)]),
            dropped,
        })
    }

    fn of_file(
        import: &Import,
        base: &Path,
        path: &Path,
        cut: Cut,
        labels: Option<&[String]>,
    ) -> Result<Self> {
        let of_folders = [
            ("file", import.file.is_some()),
            ("skip_missing", import.skip_missing.is_some()),
            ("first", import.first.is_some()),
        ];
        if let Some((option, _)) = of_folders.iter().find(|(_, given)| *given) {
            return Err(input_error!(
                "`{option}` is for a folder with one folder per simulation, but {} is not a \
                 folder; leave it out",
                path.display()
            ));
        }
        let kept = import.inputs.as_deref().filter(|_| import.input_names.is_none());
        let wanted = kept.map(|kept| import.read_for(kept)).transpose()?;
        let table = read_columns(path, import.text(import.x_header), wanted.as_deref())?;
        let mut notes = Vec::new();
        let rows = match_labels(&table, path, labels, base.join(&import.y), &mut notes)?;
        let (header_axis, header) = (table.header_axis(), table.column_names('x'));
        let header = header.filter(|_| header_axis.is_none());
        let matrix = table.matrix;
        let mut read = Map::from_iter([("x".to_string(), read_note(&import.x, path)?)]);
        let axis = match &import.axis {
            Some(axis) => {
                read.insert("axis".into(), read_note(axis, &base.join(axis))?);
                let axis = axis_of(&base.join(axis), path, matrix.columns)?;
                check_first_row(&matrix, &axis, path)?;
                axis
            }
            None if header_axis.is_some() => header_axis.unwrap_or_default(),
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
            rows,
            notes,
            read,
            dropped,
        })
    }
}

/// The first layout whose file a simulation has, else the first one.
fn layout<'a>(root: &Path, conventions: &'a Conventions) -> Result<&'a FolderLayout> {
    let folders = || std::fs::read_dir(root).into_iter().flatten().flatten();
    let is_there =
        |layout: &&FolderLayout| folders().any(|folder| folder.path().join(layout.file).exists());
    let found = conventions.folders.iter().find(is_there).or(conventions.folders.first());
    found.ok_or_else(|| {
        input_error!("{} is a folder; give a file with one row per simulation", root.display())
    })
}

/// After the file or the member that has it: `k.npy` and `found.npz:k` are `k`.
fn default_axis_name(import: &Import) -> String {
    let Some(axis) = &import.axis else {
        return UNNAMED.to_string();
    };
    let (file, member) = split_member(axis);
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    member.map(String::from).or(stem).unwrap_or_else(|| UNNAMED.to_string())
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

/// The rows of the targets by the names of the rows of both files.
fn match_labels(
    table: &Table,
    path: &Path,
    labels: Option<&[String]>,
    y: PathBuf,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<u32>>> {
    let (Some(own), Some(labels)) = (&table.labels, labels) else {
        return Ok(None);
    };
    let [x, y] = [(path, &own[..]), (&y, labels)]
        .map(|(path, labels)| Rows { file: path.display().to_string(), labels });
    let rows = match_rows(&x, &y)?;
    if let Some(rows) = &rows {
        notes.push(format!(
            "{} rows of {} are matched with those of {}, which has {}, by their names in the first \
             column",
            rows.len(),
            x.file,
            y.file,
            labels.len()
        ));
    }
    Ok(rows)
}

/// Checks that the first row is not the header, which has where the inputs lie.
fn check_first_row(matrix: &Matrix, axis: &[f64], path: &Path) -> Result<()> {
    let is_axis = first_difference(matrix.row(0), axis).is_none();
    if matrix.rows < 2 || matrix.columns < 2 || !is_axis {
        return Ok(());
    }
    Err(input_error!(
        "the first row of {} is where the inputs lie, not a simulation; say --x-header yes \
         (`x_header = true` in a study file)",
        path.display()
    ))
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
