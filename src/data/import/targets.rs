//! The targets of an import.

use crate::data::conventions::Conventions;
use crate::data::dataset::{check_ranges, default_ranges};
use crate::data::import::options::Import;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::names::{numbered, without_unit};
use crate::data::table::Table;
use crate::error::Result;
use crate::input_error;

/// The targets that are kept, of all simulations of their file.
pub(crate) struct Targets {
    pub(crate) matrix: Matrix,
    pub(crate) names: Vec<String>,
    pub(crate) ranges: Vec<[f64; 2]>,
    /// The names of the columns that are not kept.
    pub(crate) dropped: Vec<String>,
    /// Weights of all simulations of the file, if a column has them.
    pub(crate) weights: Option<Vec<f64>>,
    /// The names of the rows.
    pub(crate) labels: Option<Vec<String>>,
}

impl Targets {
    /// The targets that are kept, checked before simulations are left out, so that an error names
    /// the row of the file.
    ///
    /// # Errors
    /// Names, columns or ranges that do not fit; a number that is not finite or outside its range.
    pub(crate) fn choose(import: &Import, table: Table, conventions: &Conventions) -> Result<Self> {
        let header = table.column_names('y');
        let Table { matrix, labels, .. } = table;
        let all = all_names(import, &matrix, header)?;
        let of_rows = [&import.weights, &import.groups];
        let is_of_rows = |name: &String| of_rows.iter().any(|own| own.as_ref() == Some(name));
        let columns = kept_columns(import, &all, is_of_rows)?;
        let weights = import.weights.as_ref();
        let weights = weights.and_then(|name| all.iter().position(|other| other == name));
        let weights = weights.map(|column| matrix.column(column).collect());
        let names: Vec<String> = columns.iter().map(|&column| all[column].clone()).collect();
        let matrix = matrix.select_columns(&columns);
        let ranges = match import.is_checked_later() {
            true => vec![],
            false => {
                matrix.check_finite(&names)?;
                ranges(import, &matrix, &names, &all, conventions)?
            }
        };
        let is_dropped = |name: &String| !names.contains(name) && !is_of_rows(name);
        let dropped = all.into_iter().filter(is_dropped).collect();
        Ok(Self { matrix, names, ranges, dropped, weights, labels })
    }

    /// Targets that are the same in all rows.
    pub(crate) fn constant(label: &[(String, f64)], rows: usize) -> Self {
        let (names, row): (Vec<String>, Vec<f64>) = label.iter().cloned().unzip();
        Self {
            matrix: Matrix::new(rows, row.len(), row.repeat(rows)),
            names,
            ranges: vec![],
            dropped: vec![],
            weights: None,
            labels: None,
        }
    }
}

/// The ranges of targets, of which the file has `all`: those that are given, else by default.
///
/// # Errors
/// A range of no target; a target outside its range.
pub(crate) fn ranges(
    import: &Import,
    matrix: &Matrix,
    names: &[String],
    all: &[String],
    conventions: &Conventions,
) -> Result<Vec<[f64; 2]>> {
    let mut ranges = default_ranges(matrix, names, conventions);
    for (name, &range) in import.target_ranges.iter().flatten() {
        // The range of a target that is not kept is no mistake: one table of ranges may serve
        // several imports.
        names::find(all, name, "target")?;
        if let Some(column) = names.iter().position(|other| other == name) {
            ranges[column] = range;
        }
    }
    check_ranges(matrix, names, &ranges)?;
    Ok(ranges)
}

/// The names of all columns of `y`.
fn all_names(
    import: &Import,
    targets: &Matrix,
    header: Option<Vec<String>>,
) -> Result<Vec<String>> {
    let names = match (&import.target_names, header) {
        (Some(names), _) if names.len() != targets.columns => {
            return Err(input_error!(
                "`target_names` has {} names but there are {} columns; give one name for \
                 each, and choose among them with `targets`",
                names.len(),
                targets.columns
            ));
        }
        (Some(names), _) => names.clone(),
        (None, Some(header)) => header.iter().map(|name| without_unit(name).to_string()).collect(),
        (None, None) => numbered('y', targets.columns),
    };
    names::check_unique(&names, "target")?;
    Ok(names)
}

/// Which columns of `y` are kept, in their order; all but those of the rows, such as weights,
/// unless some are chosen.
fn kept_columns(
    import: &Import,
    all: &[String],
    is_of_rows: impl Fn(&String) -> bool,
) -> Result<Vec<usize>> {
    let Some(chosen) = &import.targets else {
        return Ok((0..all.len()).filter(|column| !is_of_rows(&all[*column])).collect());
    };
    if chosen.is_empty() {
        return Err(input_error!("`targets` is empty; choose among {}", all.join(", ")));
    }
    names::check_unique(chosen, "target")?;
    chosen.iter().map(|name| names::find(all, name, "target")).collect()
}
