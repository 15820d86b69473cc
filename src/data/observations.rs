//! Inputs without their targets, as a model reads them.

use crate::data::axis::{Axis, UNNAMED, default_axis, first_difference};
use crate::data::dataset::check_count;
use crate::data::files::prefix;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::names::{Named, numbered};
use crate::data::table::Table;
use crate::error::Result;
use crate::input_error;

/// Raw inputs of some rows, and the items of ragged ones.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// The inputs, shape (rows, columns); beside items there may be none.
    pub inputs: &'a Matrix,
    /// The items.
    pub items: Option<&'a Items>,
}

impl<'a> From<&'a Matrix> for Examples<'a> {
    /// Rows without items.
    fn from(inputs: &'a Matrix) -> Self {
        Self { inputs, items: None }
    }
}

impl<'a> From<&'a Observations> for Examples<'a> {
    fn from(all: &'a Observations) -> Self {
        Self { inputs: &all.inputs, items: all.items.as_ref() }
    }
}

/// Raw inputs of simulations or observations, a row each, from any file.
#[derive(Clone, Debug, PartialEq)]
pub struct Observations {
    /// What messages call them: the path of their file.
    pub name: String,
    /// The inputs, shape (rows, columns); beside items there may be none.
    pub inputs: Matrix,
    /// The items of each row, of ragged data.
    pub items: Option<Items>,
    /// One name per column; `x0`, `x1`, ... if there are none.
    pub input_names: Vec<String>,
    /// What the axis is, with its unit; `input` if there is none.
    pub axis_name: String,
    /// Where each column lies; 0, 1, 2, ... if there is no axis.
    pub axis: Vec<f64>,
}

impl Observations {
    /// The columns of a table.
    pub(crate) fn from_table(name: String, table: Table) -> Self {
        let places = table.header_axis();
        let names = if places.is_some() { None } else { table.column_names('x') };
        let columns = table.matrix.columns;
        Self {
            name,
            input_names: names.unwrap_or_else(|| numbered('x', columns)),
            axis_name: if places.is_some() { "its header" } else { UNNAMED }.to_string(),
            axis: places.unwrap_or_else(|| default_axis(columns)),
            inputs: table.matrix,
            items: None,
        }
    }

    /// Checks that all parts fit together.
    pub(crate) fn check(&self) -> Result<()> {
        if self.items.is_none() || self.inputs.columns > 0 {
            self.inputs.check_not_empty().map_err(|error| prefix(error, "'x'"))?;
        }
        if let Some(items) = self.items.as_ref().filter(|items| items.rows() != self.inputs.rows) {
            return Err(input_error!(
                "'items' are those of {} rows but 'x' has {}; they must be the same simulations in \
                 the same order",
                items.rows(),
                self.inputs.rows
            ));
        }
        check_count("axis", self.axis.len(), "x", self.inputs.columns)?;
        check_count("input_names", self.input_names.len(), "x", self.inputs.columns)?;
        names::check_unique(&self.input_names, "input")
    }

    /// The columns that are the given inputs, in their order: matched by name where both have
    /// names, else by position. A single column or array with as many numbers as there are inputs
    /// is one observation. Also what was done, for the user.
    ///
    /// # Errors
    /// An input that is not there; another number of inputs; inputs at other places of the axis.
    pub(crate) fn matched(&self, wanted: Named, axis: &Axis) -> Result<(Matrix, Vec<String>)> {
        let (count, rows, mut notes) = (wanted.names.len(), self.inputs.rows, Vec::new());
        if self.items.is_none() && self.inputs.columns == 1 && count > 1 && rows == count {
            notes.push(format!("{}: one column of {rows} numbers is one observation", self.name));
            return Ok((Matrix::new(1, count, self.inputs.values.clone()), notes));
        }
        let lies = !axis.is_default() && self.axis().is_default() && self.inputs.columns == count;
        if lies
            && rows > 1
            && count > 1
            && first_difference(self.inputs.row(0), axis.values).is_none()
        {
            return Err(input_error!(
                "the first row of {} is not inputs: it is where they lie ({}). Say --header yes",
                self.name,
                axis.name
            ));
        }
        let own = Named { owner: &self.name, names: &self.input_names };
        let columns = names::match_inputs(wanted, own).map_err(|error| match rows == count {
            true => input_error!("{error}. Transpose it if its rows are the inputs"),
            false => error,
        })?;
        let Some(columns) = columns else {
            self.axis().check_same(axis)?;
            return Ok((self.inputs.clone(), notes));
        };
        let places = self.axis().select(&columns);
        Axis { values: &places, ..self.axis() }.check_same(axis)?;
        if !columns.is_sorted() {
            notes.push(format!(
                "the inputs of {} are in another order than those of {}; they are matched by name",
                self.name, wanted.owner
            ));
        }
        let unused: Vec<String> = (self.input_names.iter())
            .filter(|name| !wanted.names.contains(name))
            .cloned()
            .collect();
        if !unused.is_empty() {
            notes.push(format!(
                "{} of {} columns of {} are no inputs of {} and are not used: {}",
                unused.len(),
                self.inputs.columns,
                self.name,
                wanted.owner,
                names::shown(&unused)
            ));
        }
        Ok((self.inputs.select_columns(&columns), notes))
    }

    fn axis(&self) -> Axis<'_> {
        Axis { owner: &self.name, name: &self.axis_name, values: &self.axis }
    }
}
