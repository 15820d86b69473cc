//! Columns computed from others, such as `px = pt * cos(phi)`.

use std::collections::HashMap;

use crate::data::axis::default_axis;
use crate::data::expression::Expression;
use crate::data::files::prefix;
use crate::data::import::inputs::Inputs;
use crate::data::import::options::Import;
use crate::data::import::selection::Named;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::error::Result;
use crate::input_error;

impl Import {
    /// The columns to read of those that are kept: the ones that are not computed, and what the
    /// others are computed from.
    pub(crate) fn read_for(&self, kept: &[String]) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for name in kept {
            match self.definition(name)? {
                Some(expression) => all.extend(expression.columns().into_iter().map(String::from)),
                None => all.push(name.clone()),
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    fn definition(&self, name: &str) -> Result<Option<Expression>> {
        let text = self.define.as_ref().and_then(|all| all.get(name));
        text.map(|text| Expression::parse(text).map_err(|error| of(name, error))).transpose()
    }
}

impl Named<'_> {
    /// Adds the columns of which an expression names a column of the items, to the items; the other
    /// columns have one number for each row. Returns their names.
    ///
    /// # Errors
    /// An expression that is not understood, or gives what is not finite; a column that no file has.
    pub(crate) fn define_items(&self, items: &mut Items) -> Result<Vec<String>> {
        let (before, mut defined) = (items.names.len(), Vec::new());
        for name in self.import.define.iter().flatten().map(|(name, _)| name) {
            let Some(expression) = self.import.definition(name)? else { continue };
            let place = |column: &str| items.names[..before].iter().position(|own| own == column);
            let (own, of_rows): (Vec<_>, Vec<_>) =
                expression.columns().into_iter().partition(|column| place(column).is_some());
            if own.is_empty() {
                continue;
            }
            let of_rows = self.columns(of_rows)?;
            let of_row = |row: usize| {
                let (values, of_rows, expression) = (&items.values, &of_rows, &expression);
                items.of(row).map(move |item| {
                    let number = |column: &str| match place(column) {
                        Some(place) => values.row(item)[place],
                        None => of_rows[column][row],
                    };
                    computed(expression, name, ("item", item), &number)
                })
            };
            let column = (0..items.rows()).flat_map(of_row).collect::<Result<Vec<f64>>>()?;
            items.values = beside(&items.values, &column);
            items.names.push(name.clone());
            defined.push(name.clone());
        }
        names::check_unique(&items.names, "item column")?;
        Ok(defined)
    }

    /// The inputs with the columns that are computed, but for those of the items.
    ///
    /// # Errors
    /// As [`Named::define_items`].
    pub(crate) fn define_inputs(&self, items: &[String]) -> Result<Option<(Matrix, Vec<String>)>> {
        let define = self.import.define.iter().flatten();
        let mut added: Option<(Matrix, Vec<String>)> = None;
        for name in define.map(|(name, _)| name).filter(|name| !items.contains(name)) {
            let Some(expression) = self.import.definition(name)? else { continue };
            let columns = self.columns(expression.columns())?;
            let of_row = |row| {
                computed(&expression, name, ("row", row), &|column: &str| columns[column][row])
            };
            let column = (0..self.rows).map(of_row).collect::<Result<Vec<f64>>>()?;
            let (matrix, names) = match &added {
                Some((matrix, names)) => (matrix, names),
                None => (&self.inputs.matrix, &self.inputs.names),
            };
            let names = [&names[..], std::slice::from_ref(name)].concat();
            added = Some((beside(matrix, &column), names));
        }
        Ok(added)
    }

    fn columns<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<HashMap<&'a str, Vec<f64>>> {
        names.into_iter().map(|name| Ok((name, self.column("define", name)?))).collect()
    }
}

impl Inputs {
    /// The same inputs with columns that were computed behind them.
    pub(crate) fn with_defined(&mut self, (matrix, names): (Matrix, Vec<String>)) -> Result<()> {
        if self.axis != default_axis(self.axis.len()) {
            return Err(input_error!(
                "`define`: the inputs lie along an axis ({}), on which '{}' has no place; define \
                 columns of inputs without an axis",
                self.axis_name,
                names[self.names.len()]
            ));
        }
        names::check_unique(&names, "input")?;
        (self.axis, self.matrix, self.names) = (default_axis(names.len()), matrix, names);
        Ok(())
    }
}

/// The number of an expression at a place, which is finite where the numbers of its columns are.
fn computed(
    expression: &Expression,
    name: &str,
    (what, place): (&str, usize),
    number: &dyn Fn(&str) -> f64,
) -> Result<f64> {
    let value = expression.of(number);
    let mut columns = expression.columns().into_iter();
    if value.is_finite() || columns.any(|column| !number(column).is_finite()) {
        return Ok(value);
    }
    let columns = expression.columns().into_iter();
    let columns = columns.map(|column| format!("{column} = {}", number(column)));
    Err(of(
        name,
        input_error!(
            "is {value} in {what} {place} (counting from 0), of {}",
            columns.collect::<Vec<_>>().join(", ")
        ),
    ))
}

/// A matrix with a column behind its own.
fn beside(matrix: &Matrix, column: &[f64]) -> Matrix {
    let rows = column.iter().enumerate();
    let values = rows.flat_map(|(row, number)| matrix.row(row).iter().chain([number])).copied();
    Matrix::new(column.len(), matrix.columns + 1, values.collect())
}

fn of(name: &str, error: crate::Error) -> crate::Error {
    prefix(error, format!("`define`, '{name}'"))
}
