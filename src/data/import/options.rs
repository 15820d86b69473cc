//! What to import.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::data::text::number::Decimal;
use crate::data::text::options::TextOptions;

/// Files to import: the options of `shoal import`, or an inline table of a study file.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The inputs: a file with one row per simulation, or a folder with one folder per simulation.
    /// Beside items it may be left out, and is then empty.
    #[serde(default, skip_serializing_if = "no_path")]
    pub x: PathBuf,
    /// The targets: a file with one row per simulation; otherwise the file of the inputs.
    #[serde(default, skip_serializing_if = "no_path")]
    pub y: PathBuf,
    /// Files whose rows follow each other. Paths that begin with `:` are parts of each of them, and
    /// inputs and targets are in them unless they have a path.
    pub files: Option<Vec<PathBuf>>,
    /// Targets that are the same in all rows of a file: a number for each of `files`.
    pub label: Option<BTreeMap<String, Vec<f64>>>,
    /// Where each input lies: a file with one number per column of `x`.
    pub axis: Option<PathBuf>,
    /// What the axis is, with its unit, as in `k [h/Mpc]`.
    pub axis_name: Option<String>,
    /// One name per column of `x`.
    pub input_names: Option<Vec<String>>,
    /// One name per column of `y`; otherwise those in its header line.
    pub target_names: Option<Vec<String>>,
    /// Per target `[low, high]`; otherwise the range that the conventions give its name, or that of
    /// its values.
    pub target_ranges: Option<BTreeMap<String, [f64; 2]>>,
    /// The columns of `y` to keep, in this order; otherwise all.
    pub targets: Option<Vec<String>>,
    /// The column with the weights of the simulations, which is no target.
    pub weights: Option<String>,
    /// For a folder: the file in each simulation's folder; otherwise that of the first layout of
    /// the conventions that is found there.
    pub file: Option<String>,
    /// For a folder: whether simulations without a file are left out.
    pub skip_missing: Option<bool>,
    /// For a folder: the number in the name of the first simulation's folder; otherwise 0, and an
    /// error if the folders do not begin there.
    pub first: Option<u32>,
    /// Whether the first line of `x`, in text, is names although it is numbers.
    pub x_header: Option<bool>,
    /// The same of `y`.
    pub y_header: Option<bool>,
    /// The decimal mark of text files; otherwise the one that fits.
    pub decimal: Option<Decimal>,
    /// The columns of `x` to keep, in this order; otherwise all.
    pub inputs: Option<Vec<String>>,
    /// How many of the first inputs to keep.
    pub bins: Option<usize>,
    /// Keep the first inputs up to this place on the axis.
    pub max_k: Option<f64>,
    /// The items of each simulation: arrays whose columns stand side by side, with `counts` or
    /// `offsets` of shape (items, columns), else padded, of shape (rows, places, columns).
    pub items: Option<Vec<PathBuf>>,
    /// One name per column of the items.
    pub item_names: Option<Vec<String>>,
    /// The columns of the items to keep, in this order; otherwise all.
    pub item_columns: Option<Vec<String>>,
    /// The number of items of each row.
    pub counts: Option<PathBuf>,
    /// The first item of each row and, at the end, the number of all.
    pub offsets: Option<PathBuf>,
    /// Where a padded array has items, not 0 there, shape (rows, places).
    pub mask: Option<PathBuf>,
    /// The number that all columns of the first padded array have where there is no item.
    pub fill: Option<f64>,
    /// Columns of the items with class numbers 0, 1, ..., which become a column for each class, and
    /// how many classes there are.
    pub one_hot: Option<BTreeMap<String, usize>>,
    /// Columns computed from others, by name, as `px` = `pt * cos(phi)`: of the items if one of
    /// those is a column of the items, else inputs.
    pub define: Option<BTreeMap<String, String>>,
    /// A condition on columns that the kept rows meet, as `PRI_jet_num >= 2`; otherwise all are.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// The column with a number for each group of rows that must not be divided between training
    /// and test, such as the events that several rows or files are of.
    pub groups: Option<String>,
}

fn no_path(path: &std::path::Path) -> bool {
    path.as_os_str().is_empty()
}

impl Import {
    /// How text is read, with what is said of its first line.
    pub(crate) fn text(&self, header: Option<bool>) -> TextOptions {
        TextOptions { header, decimal: self.decimal }
    }
}
