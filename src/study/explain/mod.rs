//! Attributions of each input to each target of a network.
//!
//! An attribution is computed for a row against a background, whose rows replace inputs that are
//! unknown. For each target the attributions of a row add up to the output for the row less the mean
//! output over the background; the difference is the [`Gap`], which is always computed.
//!
//! | method | what it is | cost for a row | gap |
//! |---|---|---|---|
//! | [`deep_shap`] | the rescale rule, averaged over the background | one backward pass a background row | rounding |
//! | [`expected_gradients`] | the gradient, averaged between background and row | one pass a point | sampling |
//! | [`sampled_shapley`] | Shapley values over random orders, without bias | 2 (inputs + 1) passes a background row | rounding |
//! | [`exact_shapley`] | Shapley values by enumeration, at most 16 inputs | 2^inputs passes a background row | rounding |
//!
//! Attributions of all rows become a [`Profile`](crate::study::store::attributions::Profile) for each target: how much an input matters, and in
//! which direction. A [`Reading`] is that of several networks; [`compare`] finds where two kinds of
//! networks use an input with opposite signs.
//!
//! The rescale rule equals the Shapley values where no activation mixes inputs in a way that is not
//! linear: linear networks, networks whose hidden units each see one input and whose output is
//! linear, and units of the ReLU family that stay on one side. Elsewhere it is an approximation,
//! and so are expected gradients, which are Aumann-Shapley values. On a network of 79 bins of P(k)
//! and four rows, the values of both had a correlation of 0.64 to 0.99 with sampled Shapley values,
//! but lay off by up to five times their root mean square, mostly because they were too large: read
//! them for shape and sign, and ask [`sampled_shapley`] for sizes.

pub(crate) mod attributions;
pub(crate) mod comparison;
pub(crate) mod deep_shap;
pub(crate) mod expected_gradients;
pub(crate) mod explanation;
pub(crate) mod passes;
pub(crate) mod profile;
pub(crate) mod reading;
pub(crate) mod sampled;
pub(crate) mod shapley;
pub(crate) mod subject;
pub(crate) mod tables;
pub(crate) mod usage;

pub use attributions::{Attributions, Gap};
pub use comparison::{Comparison, compare, similarity};
pub use deep_shap::deep_shap;
pub use expected_gradients::expected_gradients;
pub use explanation::{Explanation, Method, Request, check_same_inputs, explain};
pub use profile::profiles;
pub use reading::Reading;
pub use sampled::sampled_shapley;
pub use shapley::{MOST_INPUTS, exact_shapley};
pub use subject::Subject;
pub use tables::{
    comparison_table, ranking_table, similarity_table, write_attributions, write_comparison,
};
pub use usage::{compare_usages, mark_flips};
