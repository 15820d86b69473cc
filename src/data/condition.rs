//! Conditions on the columns of a row, such as `PRI_jet_num >= 2 and abs(eta) < 2.5`.

use std::collections::BTreeSet;

use crate::data::expression::Expression;

/// A condition that rows meet or not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Vec<Expression>, Vec<Comparison>),
}

/// The text of a comparison, and what it says.
pub(crate) type Comparison = (&'static str, fn(&f64, &f64) -> bool);

/// Those of two letters first.
pub(crate) const COMPARISONS: [Comparison; 6] = [
    ("<=", f64::le),
    (">=", f64::ge),
    ("==", f64::eq),
    ("!=", |a, b| a != b && !a.is_nan() && !b.is_nan()),
    ("<", f64::lt),
    (">", f64::gt),
];

impl Condition {
    /// The columns that it names.
    pub(crate) fn columns(&self) -> BTreeSet<&str> {
        match self {
            Self::Any(all) | Self::All(all) => all.iter().flat_map(Self::columns).collect(),
            Self::Not(one) => one.columns(),
            Self::Compare(values, _) => values.iter().flat_map(Expression::columns).collect(),
        }
    }

    /// Whether a row meets it, of which `column` has the numbers.
    pub(crate) fn holds(&self, column: &dyn Fn(&str) -> f64) -> bool {
        match self {
            Self::Any(all) => all.iter().any(|one| one.holds(column)),
            Self::All(all) => all.iter().all(|one| one.holds(column)),
            Self::Not(one) => !one.holds(column),
            Self::Compare(values, comparisons) => {
                let numbers: Vec<f64> = values.iter().map(|value| value.of(column)).collect();
                let pairs = numbers.windows(2).zip(comparisons);
                pairs.into_iter().all(|(pair, (_, holds))| holds(&pair[0], &pair[1]))
            }
        }
    }
}
