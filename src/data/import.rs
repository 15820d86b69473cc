//! From the files people have to a dataset: what was typed ([`Source`]), then what is meant.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::data::array::{Matrix, read_table};
use crate::data::dataset::{Dataset, check_ranges, default_ranges};
use crate::data::names;
use crate::data::file::prefix;
use crate::data::inputs::read_note;
use crate::data::names::{numbered, without_unit};
use crate::input_error;
use crate::error::Result;

/// Where a dataset comes from, as a user types it: the options of `shoal import`, or an inline
/// table of a study's TOML.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The inputs: a file with one row per simulation, or a folder with one folder per simulation.
    pub x: PathBuf,
    /// The targets: a file with one row per simulation.
    pub y: PathBuf,
    /// Where each input sits: a file with one number per column of `x`.
    pub axis: Option<PathBuf>,
    /// What the axis is, with its unit, as in `k [h/Mpc]`.
    pub axis_name: Option<String>,
    /// One name per column of `x`.
    pub input_names: Option<Vec<String>>,
    /// One name per column of `y`; otherwise those in its header line.
    pub target_names: Option<Vec<String>>,
    /// Per target `[low, high]`; otherwise a well-known prior range, or the range of the values.
    pub target_ranges: Option<BTreeMap<String, [f64; 2]>>,
    /// The columns of `y` to keep, in this order; otherwise all.
    pub targets: Option<Vec<String>>,
    /// For a folder: the file in each simulation's folder; otherwise
    /// [`FILE`](crate::data::quijote::FILE).
    pub file: Option<String>,
    /// For a folder: whether simulations without a file are left out.
    pub skip_missing: Option<bool>,
    /// How many of the first inputs to keep.
    pub bins: Option<usize>,
    /// Keep the first inputs up to this place on the axis.
    pub max_k: Option<f64>,
}

/// The targets that are kept, of all simulations of their file.
struct Targets {
    matrix: Matrix,
    names: Vec<String>,
    ranges: Vec<[f64; 2]>,
    /// The names of the columns that are not kept.
    dropped: Vec<String>,
}

impl Source {
    /// Reads all files, relative paths from `base`, and puts them together.
    ///
    /// # Errors
    /// Whatever cannot be read or does not fit, with the file, the row and the column; see
    /// [`Dataset::check`].
    pub fn read(&self, base: &Path) -> Result<Dataset> {
        let (x_path, y_path) = (base.join(&self.x), base.join(&self.y));
        let (targets, header) = read_table(&y_path)?;
        let targets =
            self.targets(targets, header).map_err(|error| prefix(error, y_path.display()))?;
        let mut inputs = self.inputs(base, &x_path, targets.matrix.rows)?;
        let rows = inputs.rows.as_ref().map_or(targets.matrix.rows, Vec::len);
        if inputs.matrix.rows != rows {
            return Err(input_error!(
                "{} has {} rows but {} has {rows}; they must be the same simulations in the same \
                 order",
                x_path.display(),
                inputs.matrix.rows,
                y_path.display()
            ));
        }
        let in_x = |error| prefix(error, x_path.display());
        inputs.matrix.check_finite(&inputs.names).map_err(in_x)?;
        if !targets.dropped.is_empty() {
            inputs.dropped.insert("targets".into(), json!(targets.dropped));
        }
        inputs.read.insert("y".into(), read_note(&self.y, &y_path)?);
        let dataset = Dataset {
            provenance: json!({
                "shoal": env!("CARGO_PKG_VERSION"),
                "read": inputs.read,
                "dropped": inputs.dropped,
            }),
            targets: match &inputs.rows {
                Some(rows) => targets.matrix.select_rows(rows),
                None => targets.matrix,
            },
            inputs: inputs.matrix,
            axis: inputs.axis,
            axis_name: inputs.axis_name,
            input_names: inputs.names,
            target_names: targets.names,
            target_ranges: targets.ranges,
        };
        dataset.check().map_err(in_x)?;
        Ok(dataset)
    }

    /// The targets that are kept, checked before simulations are left out, so that an error names
    /// the row of the file.
    fn targets(&self, matrix: Matrix, header: Option<Vec<String>>) -> Result<Targets> {
        let all = self.all_target_names(&matrix, header)?;
        let columns = self.target_columns(&all)?;
        let names: Vec<String> = columns.iter().map(|&column| all[column].clone()).collect();
        let matrix = matrix.select_columns(&columns);
        matrix.check_finite(&names)?;
        let ranges = self.ranges(&matrix, &names, &all)?;
        check_ranges(&matrix, &names, &ranges)?;
        let dropped = all.into_iter().filter(|name| !names.contains(name)).collect();
        Ok(Targets { matrix, names, ranges, dropped })
    }

    /// The names of all columns of `y`.
    fn all_target_names(
        &self,
        targets: &Matrix,
        header: Option<Vec<String>>,
    ) -> Result<Vec<String>> {
        let names = match (&self.target_names, header) {
            (Some(names), _) if names.len() != targets.columns => {
                return Err(input_error!(
                    "`target_names` has {} names but there are {} columns; give one name for \
                     each, and choose among them with `targets`",
                    names.len(),
                    targets.columns
                ));
            }
            (Some(names), _) => names.clone(),
            (None, Some(header)) => {
                header.iter().map(|name| without_unit(name).to_string()).collect()
            }
            (None, None) => numbered('y', targets.columns),
        };
        names::check_unique(&names, "target")?;
        Ok(names)
    }

    /// Which columns of `y` are kept, in their order.
    fn target_columns(&self, all: &[String]) -> Result<Vec<usize>> {
        let Some(chosen) = &self.targets else {
            return Ok((0..all.len()).collect());
        };
        if chosen.is_empty() {
            return Err(input_error!("`targets` is empty; choose among {}", all.join(", ")));
        }
        names::check_unique(chosen, "target")?;
        chosen.iter().map(|name| names::find(all, name, "target")).collect()
    }

    fn ranges(&self, targets: &Matrix, kept: &[String], all: &[String]) -> Result<Vec<[f64; 2]>> {
        let mut ranges = default_ranges(targets, kept);
        for (name, &range) in self.target_ranges.iter().flatten() {
            // The range of a target that is not kept is no mistake: one table of ranges may serve
            // several sources.
            names::find(all, name, "target")?;
            if let Some(column) = kept.iter().position(|other| other == name) {
                ranges[column] = range;
            }
        }
        Ok(ranges)
    }
}
