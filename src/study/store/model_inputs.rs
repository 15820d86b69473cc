//! The inputs of a model in other tables: matched by name, at the same places of the axis.

use crate::data::axis::Axis;
use crate::data::matrix::Matrix;
use crate::data::names::{Named, match_columns, match_inputs, shown};
use crate::data::observations::Observations;
use crate::error::{Error, Result};
use crate::input_error;
use crate::study::notices::columns::FAR;
use crate::study::store::model::Model;

impl Model {
    /// The features of the model from the columns of a table, in its order, and what was done, for
    /// the user: matched by name where both have names, else by position. `name` is what messages
    /// call the model.
    ///
    /// # Errors
    /// [`crate::Error::Input`]: an input that is not there, another number of inputs, or inputs at
    /// other places of the axis.
    pub fn inputs(&self, table: &Observations, name: &str) -> Result<(Observations, Vec<String>)> {
        let (about, has_items) = (&self.about, self.start.network.has_items());
        let items = match (&table.items, has_items) {
            (Some(items), true) => {
                let wanted = Named { owner: name, names: about.raw_item_names() };
                Some(items.matched(&table.name, wanted)?)
            }
            (None, true) => {
                return Err(input_error!(
                    "{} has no items, but {name} reads items with the columns {}; it takes an npz \
                     with `items`, and `counts` or `offsets`",
                    table.name,
                    shown(about.raw_item_names())
                ));
            }
            (_, false) => None,
        };
        let columns = match about.input_names.is_empty() {
            true => (Matrix::new(table.inputs.rows, 0, vec![]), Vec::new()),
            false => table.matched(self.named(name), &self.axis(name))?,
        };
        let (inputs, mut notes) = columns;
        let inputs = self.features(&inputs, &table.name)?;
        let items = items
            .map(|(items, other_order)| {
                Ok::<_, Error>((self.item_features(&items, &table.name)?, other_order))
            })
            .transpose()?;
        if items.as_ref().is_some_and(|(_, other_order)| *other_order) {
            notes.push(format!(
                "the columns of the items of {} are in another order than those of {name}; they \
                 are matched by name",
                table.name
            ));
        }
        if table.items.is_some() && !has_items {
            notes.push(format!("{name} reads no items, and those of {} are not used", table.name));
        }
        let scaling = &about.scaling;
        let of_input = |raw: &[f64], out: &mut [f64]| scaling.input(raw, out);
        notes.extend(far_outside(&inputs, &about.input_names, "inputs", &table.name, of_input));
        if let Some((items, _)) = &items {
            let of_item = |raw: &[f64], out: &mut [f64]| scaling.item(raw, out);
            let (values, what) = (&items.values, "columns of the items");
            notes.extend(far_outside(values, &about.item_names, what, &table.name, of_item));
        }
        let matched = Observations {
            name: table.name.clone(),
            inputs,
            items: items.map(|(items, _)| items),
            input_names: about.input_names.clone(),
            axis_name: about.axis_name.clone(),
            axis: about.axis.clone(),
        };
        Ok((matched, notes))
    }

    /// Checks that this model reads the inputs of another one in the same order, at the same places
    /// of the axis. `name` and `other_name` are what messages call them.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the first input that differs.
    pub fn check_same_inputs(&self, name: &str, (other, other_name): (&Model, &str)) -> Result<()> {
        let wanted = other.about.raw_names();
        if let Some(columns) = match_inputs(other.named(other_name), self.named(name))? {
            let differs = |(place, column): (usize, &usize)| place != *column;
            let first = columns.iter().enumerate().position(differs).unwrap_or_default();
            return Err(input_error!(
                "{name} reads its {} inputs in another order than {other_name} its {}: input \
                 {first} is '{}', not '{}'; explain them one by one",
                self.about.input_names.len(),
                wanted.len(),
                self.about.input_names[first],
                wanted[first]
            ));
        }
        let items = |of, owner| Named { owner, names: item_names(of) };
        let [own, theirs] = [items(self, name), items(other, other_name)];
        if match_columns(theirs, own, "item column", 'i')?.is_some() {
            return Err(input_error!(
                "{name} reads the columns of its items in another order ({}) than {other_name} \
                 ({}); explain them one by one",
                shown(own.names),
                shown(theirs.names)
            ));
        }
        let of = |model: &Model| (model.about.columns.clone(), model.about.item_columns.clone());
        if of(self) != of(other) {
            return Err(input_error!(
                "{name} takes other logarithms, or other numbers for missing ones, than \
                 {other_name}; explain them one by one"
            ));
        }
        self.axis(name).check_same(&other.axis(other_name))
    }

    fn named<'a>(&'a self, owner: &'a str) -> Named<'a> {
        Named { owner, names: self.about.raw_names() }
    }

    fn axis<'a>(&'a self, owner: &'a str) -> Axis<'a> {
        let values = &self.about.axis[..self.about.raw_names().len()];
        Axis { owner, name: &self.about.axis_name, values }
    }
}

fn item_names(model: &Model) -> &[String] {
    model.about.raw_item_names()
}

/// A note if columns are far outside of what the model was trained on, as they are in other units:
/// their mean is more than [`FAR`] deviations away. `scale` scales a row.
fn far_outside(
    values: &Matrix,
    names: &[String],
    what: &str,
    name: &str,
    scale: impl Fn(&[f64], &mut [f64]),
) -> Option<String> {
    let mut means = vec![0.0; values.columns];
    let mut scaled = means.clone();
    for row in 0..values.rows {
        scale(values.row(row), &mut scaled);
        means.iter_mut().zip(&scaled).for_each(|(mean, x)| *mean += x / values.rows as f64);
    }
    let far = means.iter().filter(|mean| mean.abs() > FAR).count();
    let (worst, distance) = (means.iter().map(|mean| mean.abs()).enumerate())
        .filter(|(_, distance)| !distance.is_nan())
        .max_by(|one, other| one.1.total_cmp(&other.1))
        .filter(|_| far > 0)?;
    Some(format!(
        "{far} of {} {what} of {name} are far outside of what the model was trained on; '{}' most, \
         whose mean is {distance:.0} deviations from that of training. Are the units the same?",
        values.columns, names[worst]
    ))
}
