//! Profiles: the importance and the sign of each input for a target, from the attributions of all
//! rows.

use crate::study::explain::explanation::Explanation;
use crate::study::store::attribution_table::{ClassAttribution, Profile};
use crate::study::store::summary::Spread;

/// A profile for each target of the mean of several explanations, with standard errors over them.
pub(crate) fn mean_profiles(all: &[Explanation], mean: &Explanation) -> Vec<Profile> {
    let mut means = profiles(mean);
    let own: Vec<Vec<Profile>> = all.iter().map(profiles).collect();
    for (target, mean) in means.iter_mut().enumerate() {
        let spread =
            |input: usize| Spread::new(own.iter().map(|one| Some(one[target].signed[input])));
        let inputs = 0..mean.signed.len();
        mean.standard_error = inputs.map(|input| spread(input).standard_error).collect();
    }
    means
}

/// The importance of each class for each target, from the mean of several explanations, with
/// standard errors over them.
pub(crate) fn class_attributions(all: &[Explanation], mean: &Explanation) -> Vec<ClassAttribution> {
    let size = |one: &Explanation, target: usize, class: usize| {
        let (targets, classes) = (one.targets.len(), one.classes.names.len());
        let of_row = one.classes.values.iter().skip(target * classes + class);
        let of_rows = of_row.step_by(targets * classes).map(|value| value.abs());
        of_rows.sum::<f64>() / one.rows.len() as f64
    };
    let of_class = |(target, class): (usize, usize)| {
        let spread = Spread::new(all.iter().map(|one| Some(size(one, target, class))));
        ClassAttribution {
            target: mean.targets[target].clone(),
            class: mean.classes.names[class].clone(),
            items: mean.classes.items[class],
            mean_absolute: size(mean, target, class),
            standard_error: spread.standard_error,
        }
    };
    let classes = 0..mean.classes.names.len();
    let pairs = (0..mean.targets.len()).flat_map(|t| classes.clone().map(move |class| (t, class)));
    pairs.map(of_class).collect()
}

/// A profile for each target of an explanation.
pub fn profiles(explanation: &Explanation) -> Vec<Profile> {
    let profile = |(target, name): (usize, &String)| profile(explanation, target, name);
    explanation.targets.iter().enumerate().map(profile).collect()
}

fn profile(explanation: &Explanation, target: usize, name: &str) -> Profile {
    let attributions = &explanation.attributions;
    let (rows, inputs) = (attributions.rows, attributions.inputs);
    let mut profile = Profile {
        target: name.to_owned(),
        mean_absolute: Vec::with_capacity(inputs),
        correlation: Vec::with_capacity(inputs),
        signed: Vec::with_capacity(inputs),
        standard_error: None,
        rows,
    };
    for input in 0..inputs {
        let of_rows: Vec<f64> = (0..rows).map(|row| attributions.of(row, target)[input]).collect();
        let seen: Vec<f64> =
            (0..rows).map(|row| explanation.inputs[row * inputs + input]).collect();
        let size = of_rows.iter().map(|value| value.abs()).sum::<f64>() / rows as f64;
        let correlation = correlation(&of_rows, &seen);
        profile.mean_absolute.push(size);
        profile.correlation.push(correlation);
        profile.signed.push(correlation.map_or(0.0, |correlation| size.copysign(correlation)));
    }
    profile
}

impl Profile {
    /// The inputs, most important first; ties keep their order.
    pub fn ranking(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.mean_absolute.len()).collect();
        order.sort_by(|a, b| self.mean_absolute[*b].total_cmp(&self.mean_absolute[*a]));
        order
    }

    /// The share of an input in the sum of all mean absolute attributions; 0 if all are 0.
    pub fn share(&self, input: usize) -> f64 {
        let total: f64 = self.mean_absolute.iter().sum();
        if total > 0.0 { self.mean_absolute[input] / total } else { 0.0 }
    }
}

/// Pearson's correlation; absent if one side is constant or there are fewer than three pairs.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    // the values are compared, since rounding can give a constant a variance
    let constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
    if a.len() < 3 || constant(a) || constant(b) {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        aa += (a - mean_a).powi(2);
        bb += (b - mean_b).powi(2);
        ab += (a - mean_a) * (b - mean_b);
    }
    let correlation = ab / (aa * bb).sqrt();
    correlation.is_finite().then_some(correlation.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_of_known_series() {
        let near = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-12, "{a:?} {b}");
        near(correlation(&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]), 1.0);
        near(correlation(&[1.0, 2.0, 3.0], &[-1.0, -2.0, -3.0]), -1.0);
        near(correlation(&[1.0, 2.0, 3.0, 4.0], &[1.0, -1.0, -1.0, 1.0]), 0.0);
        assert_eq!(correlation(&[0.1; 7], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), None);
        assert_eq!(correlation(&[1.0, 2.0], &[1.0, 2.0]), None);
    }
}
