//! A dataset: inputs and targets of many simulations, and the checks of them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::data::axis::{Axis, UNNAMED, default_axis};
use crate::data::conventions::Conventions;
use crate::data::files::{hex, prefix};
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::names::{Named, number_text, numbered};
use crate::error::Result;
use crate::input_error;

/// How far beyond its range a target may lie, relative to the range's largest number: the rounding
/// of a decimal number that is written and read again.
const SLACK: f64 = 1e-9;

/// Inputs and targets of many simulations, row by row the same simulation, in physical units.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// x, shape (simulations, inputs): raw, in physical units, not logarithms. Beside items there
    /// may be no inputs.
    pub inputs: Matrix,
    /// The items of each simulation, of a ragged dataset.
    pub items: Option<Items>,
    /// y, shape (simulations, targets), in physical units.
    pub targets: Matrix,
    /// Where each input lies, shape (inputs), as the wavenumber of a spectrum; else 0, 1, 2, ...
    pub axis: Vec<f64>,
    /// What the axis is, with its unit, as in `k [h/Mpc]`.
    pub axis_name: String,
    /// One name per input.
    pub input_names: Vec<String>,
    /// One name per target.
    pub target_names: Vec<String>,
    /// Per target `[low, high]`, which scaling takes to `[0, 1]`.
    pub target_ranges: Vec<[f64; 2]>,
    /// Weight of each simulation in losses and metrics, shape (simulations), also negative ones;
    /// all are 1 if there are none.
    pub weights: Option<Vec<f64>>,
    /// A number for each simulation: those with the same one belong together, as rows of one event,
    /// and are never divided between training, validation and test.
    pub groups: Option<Vec<f64>>,
    /// Where the numbers come from: an object with paths, their SHA-256, the version of shoal and
    /// what was left out.
    pub provenance: Value,
}

impl Dataset {
    /// A dataset with default names, axis and ranges: inputs `x0`, `x1`, ... at 0, 1, ...; targets
    /// as named, each with the range of its values.
    ///
    /// # Errors
    /// See [`Dataset::check`].
    pub fn new(inputs: Matrix, targets: Matrix, target_names: Vec<String>) -> Result<Self> {
        let dataset = Self {
            axis: default_axis(inputs.columns),
            axis_name: UNNAMED.to_string(),
            input_names: numbered('x', inputs.columns),
            target_ranges: default_ranges(&targets, &target_names, &Conventions::default()),
            target_names,
            inputs,
            items: None,
            targets,
            weights: None,
            groups: None,
            provenance: json!({}),
        };
        dataset.check()?;
        Ok(dataset)
    }

    /// Checks that all parts fit together.
    ///
    /// # Errors
    /// No rows or columns; different numbers of rows, names, ranges or values of the axis; items
    /// that do not fit ([`Items::check`]); a number that is not finite; a name that occurs twice; a
    /// range without extent; a target outside its range. Each with its numbers.
    pub fn check(&self) -> Result<()> {
        self.check_with(false)
    }

    /// The same for inputs, and numbers of items, that may be NaN.
    pub(crate) fn check_with(&self, nan_inputs: bool) -> Result<()> {
        let (x, y) = (&self.inputs, &self.targets);
        if let Some(items) = &self.items {
            items.check_with(nan_inputs)?;
            if items.rows() != y.rows {
                return Err(input_error!(
                    "'items' are those of {} rows but 'y' has {}; they must be the same \
                     simulations in the same order",
                    items.rows(),
                    y.rows
                ));
            }
        }
        if self.items.is_none() || x.columns > 0 {
            x.check_not_empty().map_err(|error| prefix(error, "'x'"))?;
        }
        y.check_not_empty().map_err(|error| prefix(error, "'y'"))?;
        if x.rows != y.rows {
            return Err(input_error!(
                "'x' has {} rows but 'y' has {}; they must be the same simulations in the same \
                 order",
                x.rows,
                y.rows
            ));
        }
        check_count("axis", self.axis.len(), "x", x.columns)?;
        check_count("input_names", self.input_names.len(), "x", x.columns)?;
        check_count("target_names", self.target_names.len(), "y", y.columns)?;
        check_count("target_ranges", self.target_ranges.len(), "y", y.columns)?;
        names::check_unique(&self.input_names, "input")?;
        names::check_unique(&self.target_names, "target")?;
        x.check_inputs(&self.input_names, nan_inputs).map_err(|error| prefix(error, "'x'"))?;
        y.check_finite(&self.target_names).map_err(|error| prefix(error, "'y'"))?;
        self.check_of_rows("weights", self.weights.as_deref())?;
        self.check_of_rows("groups", self.groups.as_deref())?;
        if let Some(index) = self.axis.iter().position(|value| !value.is_finite()) {
            return Err(input_error!(
                "'axis' {index} is {}; it must be a finite number",
                self.axis[index]
            ));
        }
        if self.axis_name.contains(char::is_control) {
            return Err(input_error!(
                "'axis_name' is '{}', with a control character; rename it",
                self.axis_name.escape_debug()
            ));
        }
        if !self.provenance.is_object() {
            return Err(input_error!(
                "'provenance' must be a JSON object, as in {{\"source\": \"...\"}}"
            ));
        }
        check_ranges(y, &self.target_names, &self.target_ranges)
    }

    /// Checks a list with a finite number for each row.
    fn check_of_rows(&self, what: &str, list: Option<&[f64]>) -> Result<()> {
        let Some(list) = list else { return Ok(()) };
        if list.len() != self.inputs.rows {
            return Err(input_error!(
                "'{what}' has {} entries but 'x' has {} rows; they must be one for each",
                list.len(),
                self.inputs.rows
            ));
        }
        match list.iter().position(|number| !number.is_finite()) {
            Some(row) => Err(input_error!(
                "'{what}' is {} in row {row} (counting from 0); it must be a finite number",
                list[row]
            )),
            None => Ok(()),
        }
    }

    /// The SHA-256 of x, y, all names, weights, groups and items if there are any, in hexadecimal.
    pub fn hash(&self) -> String {
        let mut digest = Sha256::new();
        for matrix in [&self.inputs, &self.targets] {
            digest.update((matrix.rows as u64).to_le_bytes());
            digest.update((matrix.columns as u64).to_le_bytes());
            for value in &matrix.values {
                digest.update(value.to_le_bytes());
            }
        }
        // With its length before each name, `ab`, `c` and `a`, `bc` differ.
        for name in self.input_names.iter().chain(&self.target_names).chain([&self.axis_name]) {
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name);
        }
        for number in self.weights.iter().chain(&self.groups).flatten() {
            digest.update(number.to_le_bytes());
        }
        if let Some(items) = &self.items {
            items.digest(&mut digest);
        }
        hex(digest)
    }

    /// The same simulations with the inputs of another dataset, in its order: matched by name where
    /// both have names, else by position. Names or an axis that only the other has are taken from
    /// it. Also what was done, for the user, if the order differs.
    ///
    /// # Errors
    /// An input that only one of them has; inputs at other places of the axis.
    pub(crate) fn with_inputs_of(
        self,
        name: &str,
        other: &Dataset,
        other_name: &str,
    ) -> Result<(Dataset, Option<String>)> {
        let named = |owner, names| Named { owner, names };
        let [own, theirs] = [named(name, &self.input_names), named(other_name, &other.input_names)];
        let columns = names::match_inputs(theirs, own)?;
        // the other way round for what the other has not
        names::match_inputs(own, theirs)?;
        let note = columns.as_ref().map(|_| {
            format!(
                "the inputs of {name} are in another order than those of {other_name}; they are \
                 matched by name"
            )
        });
        let mut dataset = match columns {
            Some(columns) => self.select_inputs(&columns),
            None => self,
        };
        let mut note = note;
        dataset.items = match (dataset.items, &other.items) {
            (Some(own), Some(theirs)) => {
                let wanted = Named { owner: other_name, names: &theirs.names };
                let (items, other_order) = own.matched(name, wanted)?;
                theirs.matched(other_name, Named { owner: name, names: &own.names })?;
                note = note.or(other_order.then(|| {
                    format!(
                        "the columns of the items of {name} are in another order than those of \
                         {other_name}; they are matched by name"
                    )
                }));
                Some(items)
            }
            (None, None) => None,
            (own, _) => {
                let (with, without) =
                    if own.is_some() { (name, other_name) } else { (other_name, name) };
                return Err(input_error!(
                    "{with} has items but {without} has none; both must be ragged, or none"
                ));
            }
        };
        dataset.axis(name).check_same(&other.axis(other_name))?;
        if names::are_default_inputs(&dataset.input_names) {
            dataset.input_names = other.input_names.clone();
        }
        if dataset.axis(name).is_default() {
            (dataset.axis_name, dataset.axis) = (other.axis_name.clone(), other.axis.clone());
        }
        Ok((dataset, note))
    }

    /// What the user should know of how it was imported, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.provenance["notes"].as_array().into_iter().flatten();
        notes.filter_map(|note| note.as_str().map(String::from)).collect()
    }

    /// Its axis, as in messages about `owner`.
    pub(crate) fn axis<'a>(&'a self, owner: &'a str) -> Axis<'a> {
        Axis { owner, name: &self.axis_name, values: &self.axis }
    }

    /// The same simulations with these columns of the inputs, in this order.
    fn select_inputs(&self, columns: &[usize]) -> Dataset {
        Dataset {
            inputs: self.inputs.select_columns(columns),
            axis: self.axis("").select(columns),
            input_names: columns.iter().map(|&column| self.input_names[column].clone()).collect(),
            ..self.clone()
        }
    }

    /// The inputs and the items of these rows.
    pub(crate) fn select(&self, rows: &[u32]) -> (Matrix, Option<Items>) {
        let items = self.items.as_ref().map(|items| items.select_rows(rows));
        (self.inputs.select_rows(rows), items)
    }

    /// These simulations only, in this order.
    pub(crate) fn with_rows(self, rows: &[u32]) -> Dataset {
        let (inputs, items) = self.select(rows);
        let of_rows = |all: &Vec<f64>| rows.iter().map(|row| all[*row as usize]).collect();
        Dataset {
            inputs,
            items,
            targets: self.targets.select_rows(rows),
            weights: self.weights.as_ref().map(of_rows),
            groups: self.groups.as_ref().map(of_rows),
            ..self
        }
    }

    /// The same simulations with these targets only, in this order.
    ///
    /// # Errors
    /// A name that is not a target or occurs twice; no names.
    pub fn select_targets(&self, names: &[String]) -> Result<Dataset> {
        if names.is_empty() {
            return Err(input_error!(
                "no targets were chosen; there are {}",
                self.target_names.join(", ")
            ));
        }
        names::check_unique(names, "target")?;
        let find = |name: &String| names::find(&self.target_names, name, "target");
        let columns = names.iter().map(find).collect::<Result<Vec<usize>>>()?;
        Ok(Dataset {
            targets: self.targets.select_columns(&columns),
            target_names: names.to_vec(),
            target_ranges: columns.iter().map(|&column| self.target_ranges[column]).collect(),
            ..self.clone()
        })
    }
}

pub(crate) fn check_count(what: &str, count: usize, of: &str, columns: usize) -> Result<()> {
    if count == columns {
        return Ok(());
    }
    Err(input_error!(
        "'{what}' has {count} entries but '{of}' has {columns} columns; they must be one for each"
    ))
}

/// The range that the conventions give a name, if all numbers lie in it, else the smallest and the
/// largest number of the column: `h` is a Hubble parameter in one field and a height in another.
pub(crate) fn default_ranges(
    targets: &Matrix,
    names: &[String],
    conventions: &Conventions,
) -> Vec<[f64; 2]> {
    let range = |column: usize| {
        let known = names.get(column).and_then(|name| (conventions.range)(name));
        let holds_all = |range: &[f64; 2]| !targets.column(column).any(|y| is_outside(y, range));
        known.filter(holds_all).unwrap_or_else(|| extent(targets, column))
    };
    (0..targets.columns).map(range).collect()
}

/// The smallest and the largest number of a column.
pub(crate) fn extent(matrix: &Matrix, column: usize) -> [f64; 2] {
    let spread = |range: [f64; 2], value: f64| [range[0].min(value), range[1].max(value)];
    matrix.column(column).fold([f64::INFINITY, f64::NEG_INFINITY], spread)
}

fn is_outside(value: f64, [low, high]: &[f64; 2]) -> bool {
    let slack = SLACK * low.abs().max(high.abs());
    value < low - slack || value > high + slack
}

/// Checks that each range has an extent and that every row of its target lies in it; one name and
/// range per column.
pub(crate) fn check_ranges(targets: &Matrix, names: &[String], ranges: &[[f64; 2]]) -> Result<()> {
    for (column, (name, &[low, high])) in names.iter().zip(ranges).enumerate() {
        let range = format!("[{}, {}]", number_text(low), number_text(high));
        if !(high - low).is_finite() {
            return Err(input_error!(
                "target '{name}' has the range {range}; both numbers, and their difference, must \
                 be finite. Write the target in another unit"
            ));
        }
        if low > high {
            return Err(input_error!(
                "target '{name}' has the range {range}; the first number must be less than the \
                 second"
            ));
        }
        if low == high {
            return Err(input_error!(
                "target '{name}' has the range {range}, without extent. If it is the \
                 same in every row, leave it out with `targets`; else set its `target_ranges`"
            ));
        }
        let outside = |&(_, value): &(usize, f64)| is_outside(value, &[low, high]);
        let mut bad = targets.column(column).enumerate().filter(outside);
        if let Some((row, value)) = bad.next() {
            return Err(input_error!(
                "target '{name}' is {} in row {row} (counting from 0), outside its range {range}, \
                 as {} of {} rows are. If the values are right, set the range of '{name}' to the \
                 one they were drawn from: [data.ranges] of a study file, or `target_ranges` of \
                 the dataset",
                number_text(value),
                1 + bad.count(),
                targets.rows
            ));
        }
    }
    Ok(())
}
