//! Kinds of collisions: what a dataset of each consists of.

use crate::collider::detector::Detector;

/// A kind of collisions.
#[derive(Debug)]
pub struct Process {
    /// Its name in commands and study files.
    pub name: &'static str,
    /// What is simulated and what the targets are, for help texts.
    pub help: &'static str,
    /// Names of the columns of an item; none if a collision has no items.
    pub items: &'static [&'static str],
    /// About how many items a collision has.
    pub typical_items: usize,
    /// Names of the columns of a collision.
    pub inputs: &'static [&'static str],
    /// Names of the targets and the ranges from which they are scaled.
    pub targets: &'static [(&'static str, [f64; 2])],
    /// Events of 1/fb, which the weights of a dataset add up to on average; none if there are none.
    pub events: Option<f64>,
    /// Collision `index` of a key as a detector measures it; as its stable particles without one.
    pub(crate) row: fn(Option<&'static Detector>, u32, u32) -> Row,
}

/// A collision: numbers in the order of the names of its [`Process`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// One item after another.
    pub items: Vec<f64>,
    pub inputs: Vec<f64>,
    pub targets: Vec<f64>,
    /// Events that it stands for, relative to the mean of all.
    pub weight: f64,
}
