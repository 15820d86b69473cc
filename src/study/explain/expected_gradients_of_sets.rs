//! Expected gradients of networks that read items, and of networks that are no chain of layers.
//!
//! Rows have different numbers of items, so the straight line from the background is one between
//! sets of equal size: the reference of a row with n items is n items drawn from those of all
//! background rows, with replacement, and the columns of a background row. The edges are those of
//! the row. The attribution of a column of the items is the sum over the items of the row. What the
//! number of items itself changes, from the mean output over the background rows to the mean output
//! over the references, is the attribution of one more input, [`COUNT`], so that all of them add up
//! to the output less the mean over the background, as for other networks.

use std::convert::Infallible;
use std::sync::Arc;

use crate::engine::evaluate::predict_rows;
use crate::engine::input_gradients::{InputGradients, Points};
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::pcg4d;
use crate::engine::random::unit;
use crate::engine::table::Table;
use crate::engine::threads;
use crate::error::Result;
use crate::study::explain::item_classes::{ClassAttributions, ItemClasses};
use crate::study::explain::values::Attributions;
use crate::study::store::model::Model;

/// The input whose attribution is that of the number of items.
pub const COUNT: &str = "number of items";

/// Points that are evaluated in one forward and backward pass.
const BLOCK: usize = 64;

/// What is explained: a model on rows of a table of [`Model::table`].
pub(crate) struct SetSubject<'a> {
    /// The model.
    pub(crate) model: &'a Model,
    /// All rows.
    pub(crate) table: Arc<[Table]>,
    /// The rows of the background.
    pub(crate) background: &'a [u32],
    /// The outputs to explain.
    pub(crate) outputs: &'a [usize],
    /// The classes of the items.
    pub(crate) classes: ItemClasses,
}

/// What is found of a row.
struct OfRow {
    /// The attributions, shape (targets, inputs).
    values: Vec<f64>,
    /// Those of classes of items, shape (targets, classes).
    classes: Vec<f64>,
    /// Its inputs.
    seen: Vec<f64>,
}

/// The names of the inputs of a model that reads items, in the order of the attributions.
pub(crate) fn input_names(model: &Model) -> Vec<String> {
    let about = &model.about;
    let items = about.item_names.iter().chain(&about.input_names).cloned();
    match model.start.network.has_items() {
        true => items.chain([COUNT.to_owned()]).collect(),
        false => about.input_names.clone(),
    }
}

/// Attributions of rows with `alphas` points on each line, and the scaled inputs that they are
/// beside, shape (rows, inputs): of columns of the items their means over the row, and the number
/// of items. Also the attributions of the classes of the items.
///
/// # Errors
/// None of a table that fits the model.
pub(crate) fn expected_gradients_of_sets(
    subject: &SetSubject,
    rows: &[u32],
    (alphas, seed): (usize, u64),
) -> Result<(Attributions<f64>, Vec<f64>, ClassAttributions)> {
    let parameters = subject.parameters();
    let all = |rows: &[u32]| {
        let (network, scales) = (&subject.model.start.network, subject.model.scales());
        let outputs = predict_rows(network, &parameters, scales, (subject.table.clone(), 0), rows);
        let of_targets = outputs.chunks_exact(network.outputs());
        of_targets.flat_map(|row| subject.outputs.iter().map(|at| row[*at])).collect::<Vec<f64>>()
    };
    let (outputs, of_background) = (all(rows), all(subject.background));
    let targets = subject.outputs.len();
    let mean = |target: usize| {
        let values = of_background.iter().skip(target).step_by(targets);
        values.sum::<f64>() / subject.background.len() as f64
    };
    let base: Vec<f64> = (0..targets).map(mean).collect();
    let of_row = |place: usize| {
        let key = key(seed, Stream::GradientPoints, place as u32);
        Ok::<_, Infallible>(subject.of_row(&parameters, rows[place], &base, (alphas, key)))
    };
    let found = threads::try_map((threads::count(), rows.len()), of_row);
    let found = found.unwrap_or_else(|never| match never {});
    let inputs = found.first().map_or(0, |row| row.seen.len());
    let all = |of: fn(&OfRow) -> &Vec<f64>| found.iter().flat_map(of).copied().collect();
    let (values, seen, of_classes) =
        (all(|row| &row.values), all(|row| &row.seen), all(|row| &row.classes));
    let attributions = Attributions { rows: rows.len(), targets, inputs, values, outputs, base };
    Ok((attributions, seen, subject.class_attributions(rows, of_classes)))
}

impl SetSubject<'_> {
    fn parameters(&self) -> Vec<f64> {
        self.model.start.parameters.iter().copied().map(f64::from).collect()
    }

    /// The attributions of classes with what they are called and how many items they have.
    fn class_attributions(&self, rows: &[u32], values: Vec<f64>) -> ClassAttributions {
        let Some(sets) = &self.table[0].select(rows).sets else { return Default::default() };
        let of_items = self.classes.of_items(sets);
        let share = |class: usize| {
            let items = of_items.iter().filter(|item| item.contains(&class)).count();
            items as f64 / of_items.len().max(1) as f64
        };
        let names = &self.model.about.item_names;
        ClassAttributions {
            names: self.classes.columns().map(|column| names[column].clone()).collect(),
            items: (0..self.classes.count()).map(share).collect(),
            values,
        }
    }

    /// The attributions of a row.
    fn of_row(
        &self,
        parameters: &[f64],
        row: u32,
        base: &[f64],
        (alphas, key): (usize, u32),
    ) -> OfRow {
        let network = &self.model.start.network;
        let (columns, beside) = (network.item_columns(), network.columns());
        let scales = self.model.scales();
        let one = |rows: &[u32]| -> Arc<[Table]> { Arc::from([self.table[0].select(rows)]) };
        // the row alone: the memory is that of its own items
        let own = one(&[row]);
        let mut gradients = InputGradients::new((network, parameters), scales.clone(), &own, BLOCK);
        let at = gradients.of_row(0);
        let background = one(self.background);
        let mut others = InputGradients::new((network, parameters), scales, &background, 1);
        let references: Vec<Points<f64>> =
            (0..self.background.len() as u32).map(|row| others.of_row(row)).collect();
        let pool: Vec<f64> = references.iter().flat_map(|one| one.items.clone()).collect();
        let (items, targets) = (at.items.len() / columns.max(1), base.len());
        let inputs = columns + beside + usize::from(network.has_items());
        let mut values = vec![0.0; targets * inputs];
        let classes_of = own[0].sets.as_ref().map_or(vec![], |sets| self.classes.of_items(sets));
        let mut of_classes = vec![0.0; targets * self.classes.count()];
        let reference = |number: usize| {
            let mut drawn = Points { items: Vec::new(), ..references[number].clone() };
            for item in 0..items {
                let word = pcg4d([key, number as u32, item as u32, 1])[0] as usize;
                match pool.len() / columns {
                    // no item in the background: those of the mean
                    0 => drawn.items.extend(vec![0.0; columns]),
                    count => {
                        let first = word % count * columns;
                        drawn.items.extend(&pool[first..first + columns]);
                    }
                }
            }
            drawn
        };
        let count = (references.len() * alphas) as f64;
        let mut lines: Vec<(usize, f64)> = Vec::new();
        for number in 0..references.len() {
            for stratum in 0..alphas {
                let word = pcg4d([key, number as u32, stratum as u32, 0])[0];
                lines.push((number, (stratum as f64 + unit(word)) / alphas as f64));
            }
        }
        for block in lines.chunks(BLOCK) {
            let from: Vec<Points<f64>> =
                block.iter().map(|(number, _)| reference(*number)).collect();
            let mut points = Points::default();
            for (from, (_, alpha)) in from.iter().zip(block) {
                let line = |(x, r): (&f64, &f64)| r + alpha * (x - r);
                points.items.extend(at.items.iter().zip(&from.items).map(line));
                points.columns.extend(at.columns.iter().zip(&from.columns).map(line));
            }
            gradients.outputs(0, &points, block.len());
            for (target, values) in values.chunks_exact_mut(inputs).enumerate() {
                let slopes = gradients.gradients(self.outputs[target]);
                for (place, from) in from.iter().enumerate() {
                    let own = slopes.items[place * at.items.len()..].iter();
                    let apart = at.items.iter().zip(&from.items).zip(own);
                    for (number, ((x, r), slope)) in apart.enumerate() {
                        let value = slope * (x - r) / count;
                        values[number % columns.max(1)] += value;
                        for class in &classes_of[number / columns] {
                            of_classes[target * self.classes.count() + class] += value;
                        }
                    }
                    let own = slopes.columns.get(place * beside..).unwrap_or_default().iter();
                    let apart = at.columns.iter().zip(&from.columns).zip(own);
                    for (number, ((x, r), slope)) in apart.enumerate() {
                        values[columns + number] += slope * (x - r) / count;
                    }
                }
            }
        }
        if network.has_items() {
            for numbers in (0..references.len()).collect::<Vec<_>>().chunks(BLOCK) {
                let mut points = Points::default();
                for number in numbers {
                    let from = reference(*number);
                    points.items.extend(from.items);
                    points.columns.extend(from.columns);
                }
                let found = gradients.outputs(0, &points, numbers.len());
                for outputs in found.chunks_exact(network.outputs()) {
                    for (target, output) in self.outputs.iter().enumerate() {
                        let change = outputs[*output] - base[target];
                        values[(target + 1) * inputs - 1] += change / references.len() as f64;
                    }
                }
            }
        }
        let mean = |column: usize| {
            let numbers = at.items.iter().skip(column).step_by(columns);
            numbers.sum::<f64>() / items.max(1) as f64
        };
        let mut seen: Vec<f64> = (0..columns).map(mean).collect();
        seen.extend(&at.columns);
        seen.extend(network.has_items().then_some(items as f64));
        OfRow { values, classes: of_classes, seen }
    }
}
