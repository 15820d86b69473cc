//! Attributions of classes of items, such as the photons of a jet.
//!
//! A column of the items that takes two values marks a class: the items with the larger one. The
//! attribution of a class for a row is the sum over its items and all their columns. An item may be
//! in several classes, or in none, so classes need not add up to all items.

use std::collections::BTreeSet;

use crate::engine::sets::Sets;

/// The columns that mark classes, each with its larger value.
pub(crate) struct ItemClasses(Vec<(usize, f32)>);

/// Attributions of classes of items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassAttributions {
    /// The columns that mark the classes.
    pub names: Vec<String>,
    /// The share of the items of the explained rows that are in each class.
    pub items: Vec<f64>,
    /// The attributions, shape (rows, targets, classes).
    pub values: Vec<f64>,
}

impl ItemClasses {
    /// The classes of the items of a table.
    pub(crate) fn new(sets: Option<&Sets>) -> Self {
        let Some(sets) = sets else { return Self(vec![]) };
        let class = |column: usize| {
            let mut values = BTreeSet::new();
            for value in sets.x.iter().skip(column).step_by(sets.columns) {
                values.insert(value.to_bits());
                if values.len() > 2 {
                    return None;
                }
            }
            let mut values = values.into_iter().map(f32::from_bits);
            let (one, other) = (values.next()?, values.next()?);
            let is_number = one.is_finite() && other.is_finite();
            is_number.then_some((column, one.max(other)))
        };
        Self((0..sets.columns).filter_map(class).collect())
    }

    /// How many classes there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The columns that mark them.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|(column, _)| *column)
    }

    /// The classes that each item is in.
    pub(crate) fn of_items(&self, sets: &Sets) -> Vec<Vec<usize>> {
        let classes = |item: &[f32]| {
            let marked = |(_, (column, value)): &(usize, &(usize, f32))| item[*column] == *value;
            self.0.iter().enumerate().filter(marked).map(|(class, _)| class).collect()
        };
        sets.x.chunks_exact(sets.columns.max(1)).map(classes).collect()
    }
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
