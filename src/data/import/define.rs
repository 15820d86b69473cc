//! Columns computed from others, such as `px = pt * cos(phi)`.

use std::collections::HashMap;

use crate::data::axis::default_axis;
use crate::data::expression::Expression;
use crate::data::files::prefix;
use crate::data::import::inputs::Inputs;
use crate::data::import::items::side_by_side;
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

    /// The columns to compute, by name.
    fn definitions(&self) -> impl Iterator<Item = Result<(&String, Expression)>> {
        let all = self.define.iter().flatten();
        all.map(|(name, text)| Ok((name, parsed(name, text)?)))
    }

    fn definition(&self, name: &str) -> Result<Option<Expression>> {
        let text = self.define.as_ref().and_then(|all| all.get(name));
        text.map(|text| parsed(name, text)).transpose()
    }
}

impl Named<'_> {
    /// Adds the columns of which an expression names a column of the items, to the items; the other
    /// columns have one number for each row. Returns their names.
    ///
    /// # Errors
    /// An expression that is not understood, or gives what is not finite; a column that no file
    /// has.
    pub(crate) fn define_items(&self, items: &mut Items) -> Result<Vec<String>> {
        let (own, mut defined) = (items.names.clone(), Vec::new());
        let place = |column: &str| own.iter().position(|name| name == column);
        for definition in self.import.definitions() {
            let (name, expression) = definition?;
            let (of_items, of_rows): (Vec<_>, Vec<_>) =
                expression.columns().into_iter().partition(|column| place(column).is_some());
            if of_items.is_empty() {
                continue;
            }
            let of_rows = self.columns(of_rows)?;
            let of_row = |row: usize| {
                let (items, of_rows, expression) = (&*items, &of_rows, &expression);
                items.of(row).map(move |item| {
                    let number = |column: &str| match place(column) {
                        Some(place) => items.values.row(item)[place],
                        None => of_rows[column][row],
                    };
                    computed(expression, name, ("item", item), &number)
                })
            };
            let column = (0..items.rows()).flat_map(of_row).collect::<Result<Vec<f64>>>()?;
            items.values = beside(&items.values, &[(name.clone(), column)]);
            items.names.push(name.clone());
            defined.push(name.clone());
        }
        names::check_unique(&items.names, "item column")?;
        Ok(defined)
    }

    /// The computed columns that are inputs, all but those of the items, with their names.
    ///
    /// # Errors
    /// As [`Named::define_items`].
    pub(crate) fn defined_inputs(&self, items: &[String]) -> Result<Vec<(String, Vec<f64>)>> {
        let mut defined = Vec::new();
        for definition in self.import.definitions() {
            let (name, expression) = definition?;
            if items.contains(name) {
                continue;
            }
            let columns = self.columns(expression.columns())?;
            let of_row = |row| {
                computed(&expression, name, ("row", row), &|column: &str| columns[column][row])
            };
            let column = (0..self.rows).map(of_row).collect::<Result<Vec<f64>>>()?;
            defined.push((name.clone(), column));
        }
        Ok(defined)
    }

    fn columns<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<HashMap<&'a str, Vec<f64>>> {
        names.into_iter().map(|name| Ok((name, self.column("define", name)?))).collect()
    }
}

impl Inputs {
    /// Adds computed columns behind the others.
    ///
    /// # Errors
    /// Inputs that lie along an axis; a name that another input has.
    pub(crate) fn add_defined(&mut self, columns: &[(String, Vec<f64>)]) -> Result<()> {
        let Some((first, _)) = columns.first() else { return Ok(()) };
        if self.axis != default_axis(self.axis.len()) {
            return Err(input_error!(
                "`define`: the inputs lie along an axis ({}), on which '{first}' has no place; \
                 define columns of inputs without an axis",
                self.axis_name
            ));
        }
        self.names.extend(columns.iter().map(|(name, _)| name.clone()));
        names::check_unique(&self.names, "input")?;
        self.matrix = beside(&self.matrix, columns);
        self.axis = default_axis(self.names.len());
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

/// A matrix with columns behind its own.
fn beside(matrix: &Matrix, columns: &[(String, Vec<f64>)]) -> Matrix {
    let own = (&matrix.values[..], matrix.columns);
    let more = columns.iter().map(|(_, numbers)| (&numbers[..], 1));
    let parts: Vec<(&[f64], usize)> = std::iter::once(own).chain(more).collect();
    side_by_side(matrix.rows, &parts)
}

fn parsed(name: &str, text: &str) -> Result<Expression> {
    Expression::parse(text).map_err(|error| of(name, error))
}

fn of(name: &str, error: crate::Error) -> crate::Error {
    prefix(error, format!("`define`, '{name}'"))
}
