//! Columns computed from others, such as `px = pt * cos(phi)`.

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

    /// Adds the columns that are computed from those of the items alone.
    ///
    /// # Errors
    /// An expression that is not understood, or gives what is not finite.
    pub(crate) fn define_items(&self, mut items: Items) -> Result<Items> {
        let before = items.names.len();
        for name in self.define.iter().flatten().map(|(name, _)| name) {
            let Some(expression) = self.definition(name)? else { continue };
            let place = |column: &str| items.names[..before].iter().position(|own| own == column);
            if expression.columns().into_iter().any(|column| place(column).is_none()) {
                continue;
            }
            let values = &items.values;
            let column = computed(&expression, name, values.rows, "item", |item, column| {
                place(column).map_or(f64::NAN, |place| values.row(item)[place])
            })?;
            items.values = beside(values, &column);
            items.names.push(name.clone());
        }
        names::check_unique(&items.names, "item column")?;
        Ok(items)
    }
}

impl Named<'_> {
    /// The inputs with the columns that are computed from those of files, but for those of the
    /// items.
    ///
    /// # Errors
    /// As [`Import::define_items`]; a column that no file has; inputs that lie along an axis.
    pub(crate) fn define_inputs(&self, items: &[String]) -> Result<Option<(Matrix, Vec<String>)>> {
        let define = self.import.define.iter().flatten();
        let mut added: Option<(Matrix, Vec<String>)> = None;
        for name in define.map(|(name, _)| name).filter(|name| !items.contains(name)) {
            let Some(expression) = self.import.definition(name)? else { continue };
            let columns = expression.columns().into_iter();
            let columns = columns.map(|column| Ok((column, self.column("define", column)?)));
            let columns = columns.collect::<Result<Vec<(&str, Vec<f64>)>>>()?;
            let column = computed(&expression, name, self.rows, "row", |row, column| {
                let found = columns.iter().find(|(own, _)| *own == column);
                found.map_or(f64::NAN, |(_, numbers)| numbers[row])
            })?;
            let (matrix, names) = match &added {
                Some((matrix, names)) => (matrix, names),
                None => (&self.inputs.matrix, &self.inputs.names),
            };
            let names = [&names[..], std::slice::from_ref(name)].concat();
            added = Some((beside(matrix, &column), names));
        }
        Ok(added)
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

/// A column of an expression, whose numbers are finite where those of its columns are.
fn computed(
    expression: &Expression,
    name: &str,
    rows: usize,
    what: &str,
    number: impl Fn(usize, &str) -> f64,
) -> Result<Vec<f64>> {
    let of_row = |row: usize| {
        let value = expression.of(&|column| number(row, column));
        let known = |column: &&str| number(row, column).is_finite();
        match value.is_finite() || !expression.columns().iter().all(known) {
            true => Ok(value),
            false => Err(of(
                name,
                input_error!(
                    "is {value} in {what} {row} (counting from 0), of {}",
                    expression
                        .columns()
                        .iter()
                        .map(|column| format!("{column} = {}", number(row, column)))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            )),
        }
    };
    (0..rows).map(of_row).collect()
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
