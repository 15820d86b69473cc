//! Attributions of classes of items, such as the photons of a jet.
//!
//! A column of the items that takes two values, in ten items or more each, marks a class: the items
//! with the larger one. Columns where numbers can be missing mark none; their flags do. The
//! attribution of a class for a row is the sum over its items and all their columns. An item may be
//! in several classes, or in none, so classes need not add up to all items.

use std::collections::BTreeMap;

use crate::engine::sets::Sets;
use crate::study::store::model::Model;

/// Items of each value that a column must have to mark a class.
const LEAST: usize = 10;

/// A column that marks a class.
struct ItemClass {
    name: String,
    column: usize,
    /// The larger value, as the table has it.
    value: f32,
}

/// The classes of the items of a table.
pub(crate) struct ItemClasses(Vec<ItemClass>);

/// Attributions of classes of items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassAttributions {
    /// The columns that mark the classes, with the value where it is not 1.
    pub names: Vec<String>,
    /// The share of the items of the explained rows that are in each class.
    pub items: Vec<f64>,
    /// The attributions, shape (rows, targets, classes).
    pub values: Vec<f64>,
}

impl ItemClasses {
    /// The classes of the items that a model reads.
    pub(crate) fn new(model: &Model, sets: Option<&Sets>) -> Self {
        let Some(sets) = sets else { return Self(vec![]) };
        let about = &model.about;
        let flags = about.item_columns.as_ref().map_or_else(Vec::new, |columns| columns.flags());
        let can_be_missing = |column: usize| flags.iter().any(|(of, _)| *of == column);
        let columns = (0..sets.columns).filter(|column| !can_be_missing(*column));
        Self(columns.filter_map(|column| class(sets, column, &about.item_names[column])).collect())
    }

    /// How many classes there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// What they are called.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|class| class.name.clone()).collect()
    }

    /// The classes that each item is in.
    pub(crate) fn of_items(&self, sets: &Sets) -> Vec<Vec<usize>> {
        let classes = |item: &[f32]| {
            let marked = |(_, class): &(usize, &ItemClass)| item[class.column] == class.value;
            self.0.iter().enumerate().filter(marked).map(|(place, _)| place).collect()
        };
        sets.x.chunks_exact(sets.columns.max(1)).map(classes).collect()
    }
}

/// The class that a column marks, if it does.
fn class(sets: &Sets, column: usize, name: &str) -> Option<ItemClass> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for value in sets.x.iter().skip(column).step_by(sets.columns) {
        // -0 is 0
        *counts.entry((value + 0.0).to_bits()).or_default() += 1;
        if counts.len() > 2 {
            return None;
        }
    }
    let mut values = counts.iter().map(|(bits, count)| (f32::from_bits(*bits), *count));
    let (one, other) = (values.next()?, values.next()?);
    if !(one.0.is_finite() && other.0.is_finite()) || one.1.min(other.1) < LEAST {
        return None;
    }
    let value = one.0.max(other.0);
    let raw = sets.scale.centre[column] + sets.scale.width[column] * f64::from(value);
    let is_one = (raw - 1.0).abs() < 1e-5;
    let name = if is_one { name.to_owned() } else { format!("{name} = {raw:.4}") };
    Some(ItemClass { name, column, value })
}

impl ClassAttributions {
    /// Adds those of another model on the same rows.
    pub(crate) fn add(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
    }

    /// Divides all by a number.
    pub(crate) fn divide(&mut self, by: f64) {
        self.values.iter_mut().for_each(|value| *value /= by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scale::InputScale;

    /// Items of one row with these columns.
    fn sets(columns: &[Vec<f32>]) -> Sets {
        let items = columns[0].len();
        let x = (0..items).flat_map(|item| columns.iter().map(move |column| column[item]));
        Sets {
            x: x.collect(),
            columns: columns.len(),
            offsets: vec![0, items as u32],
            edges: None,
            scale: InputScale { centre: vec![0.0; columns.len()], width: vec![1.0; columns.len()] },
        }
    }

    #[test]
    fn columns_of_two_values_mark_classes() {
        let alternate =
            |low: f32, high: f32| (0..40).map(move |i| if i % 2 == 0 { low } else { high });
        let columns: Vec<Vec<f32>> = vec![
            alternate(0.0, 1.0).collect(),
            alternate(-1.0, 2.0).collect(),
            // three values, one, and too few of one
            (0..40).map(|i| (i % 3) as f32).collect(),
            vec![5.0; 40],
            (0..40).map(|i| f32::from(u8::from(i < 9))).collect(),
            // two zeros are one value
            alternate(0.0, -0.0).collect(),
            (0..40).map(|i| [0.0, -0.0, 1.0, 1.0][i % 4]).collect(),
            alternate(0.0, f32::INFINITY).collect(),
        ];
        let sets = sets(&columns);
        let found = |column: usize| class(&sets, column, "c");
        let names: Vec<Option<String>> =
            (0..columns.len()).map(|column| found(column).map(|class| class.name)).collect();
        let named = |name: &str| Some(name.to_owned());
        let expected = [named("c"), named("c = 2.0000"), None, None, None, None, named("c"), None];
        assert_eq!(names, expected);
        let classes = ItemClasses(vec![found(0).unwrap(), found(6).unwrap()]);
        let of_items = classes.of_items(&sets);
        assert_eq!(of_items[..4], [vec![], vec![0], vec![1], vec![0, 1]]);
        assert_eq!(classes.of_items(&Sets { x: vec![], ..sets }), Vec::<Vec<usize>>::new());
    }
}
