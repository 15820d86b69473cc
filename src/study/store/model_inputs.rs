//! The inputs of a model in other tables: matched by name, at the same places of the axis.

use crate::data::axis::Axis;
use crate::data::matrix::Matrix;
use crate::data::names::{Named, match_inputs};
use crate::data::observations::Observations;
use crate::error::Result;
use crate::input_error;
use crate::study::notices::columns::FAR;
use crate::study::store::model::{About, Model};

impl Model {
    /// The inputs of the model among the columns of a table, in its order, and what was done, for
    /// the user: matched by name where both have names, else by position. `name` is what messages
    /// call the model.
    ///
    /// # Errors
    /// [`crate::Error::Input`]: an input that is not there, another number of inputs, or inputs at
    /// other places of the axis.
    pub fn inputs(&self, table: &Observations, name: &str) -> Result<(Matrix, Vec<String>)> {
        let (inputs, mut notes) = table.matched(self.named(name), &self.axis(name))?;
        notes.extend(self.far_outside(&self.features(&inputs, &table.name)?, &table.name));
        Ok((inputs, notes))
    }

    /// A note if inputs are far outside of what the model was trained on, as they are in other
    /// units: their mean is more than [`FAR`] deviations away.
    fn far_outside(&self, inputs: &Matrix, name: &str) -> Option<String> {
        let About { scaling, input_names, .. } = &self.about;
        let mut means = vec![0.0; inputs.columns];
        let mut scaled = means.clone();
        for row in 0..inputs.rows {
            scaling.input(inputs.row(row), &mut scaled);
            means.iter_mut().zip(&scaled).for_each(|(mean, x)| *mean += x / inputs.rows as f64);
        }
        let far = means.iter().filter(|mean| mean.abs() > FAR).count();
        let (worst, distance) = (means.iter().map(|mean| mean.abs()).enumerate())
            .filter(|(_, distance)| !distance.is_nan())
            .max_by(|one, other| one.1.total_cmp(&other.1))
            .filter(|_| far > 0)?;
        Some(format!(
            "{far} of {} inputs of {name} are far outside of what the model was trained on; '{}' \
             most, whose mean is {distance:.0} deviations from that of training. Are the units the \
             same?",
            inputs.columns, input_names[worst]
        ))
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
        if self.about.columns != other.about.columns {
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
