//! Comparison of the attributions of two models of the same inputs, such as before and after
//! fine-tuning.

use crate::study::store::attribution_table::Profile;

/// An input is used if its mean absolute attribution is at least this share of the largest one.
const USED: f64 = 0.1;

/// A correlation is significant from this many standard errors, 1 / sqrt(rows) for independent
/// series. With 79 inputs, noise exceeds three of them for one input in five targets.
const CLEAR: f64 = 3.0;

/// A signed attribution is significant from this many of its standard errors over networks, if
/// several were averaged.
const SURE: f64 = 2.0;

/// The comparison of two models for one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The target.
    pub target: String,
    /// The similarity of their profiles, see [`similarity`].
    pub similarity: Option<f64>,
    /// The inputs that both use, with opposite signs, ascending: each with at least a tenth of its
    /// profile's largest mean absolute attribution, a correlation of at least three standard
    /// errors, and a signed attribution of at least two standard errors over networks where several
    /// were averaged.
    pub flips: Vec<usize>,
}

/// Compares the profiles of two models, target by target, for the targets that both have, in the
/// order of the first.
///
/// # Panics
/// If the models have different numbers of inputs.
pub fn compare(ours: &[Profile], theirs: &[Profile]) -> Vec<Comparison> {
    let shared = |our: &Profile| {
        let their = theirs.iter().find(|their| their.target == our.target)?;
        Some(Comparison {
            target: our.target.clone(),
            similarity: similarity(our, their),
            flips: flips(our, their),
        })
    };
    ours.iter().filter_map(shared).collect()
}

/// The cosine of the angle between two signed profiles: 1, the same inputs in the same direction;
/// 0, nothing in common; -1, the same inputs with all signs flipped. Absent if a profile is 0
/// everywhere.
///
/// # Panics
/// If the profiles have different numbers of inputs.
pub fn similarity(our: &Profile, their: &Profile) -> Option<f64> {
    assert_eq!(our.signed.len(), their.signed.len(), "comparison: inputs");
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (a, b) = (&our.signed, &their.signed);
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    cosine.is_finite().then_some(cosine.clamp(-1.0, 1.0))
}

fn flips(our: &Profile, their: &Profile) -> Vec<usize> {
    assert_eq!(our.signed.len(), their.signed.len(), "comparison: inputs");
    let flipped = |input: &usize| {
        let signs = our.sign(*input).zip(their.sign(*input));
        signs.is_some_and(|(a, b)| a != b)
    };
    (0..our.signed.len()).filter(flipped).collect()
}

impl Profile {
    /// Whether a larger input increases the prediction; absent if the input is not used or the sign
    /// is not significant.
    fn sign(&self, input: usize) -> Option<bool> {
        let largest = self.mean_absolute.iter().copied().fold(0.0, f64::max);
        let clear = CLEAR / (self.rows as f64).sqrt();
        let correlation =
            self.correlation[input].filter(|correlation| correlation.abs() >= clear)?;
        let error = self.standard_error.as_ref().map_or(0.0, |errors| errors[input]);
        let used = self.mean_absolute[input] >= USED * largest;
        (used && self.signed[input].abs() >= SURE * error).then_some(correlation > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(signed: &[f64], correlation: f64) -> Profile {
        Profile {
            target: "s8".to_owned(),
            mean_absolute: signed.iter().map(|value| value.abs()).collect(),
            correlation: signed.iter().map(|value| Some(correlation.copysign(*value))).collect(),
            signed: signed.to_vec(),
            standard_error: None,
            rows: 100,
        }
    }

    #[test]
    fn a_flip_is_used_by_both_and_clear_in_both() {
        let ours = profile(&[1.0, 0.5, -0.05, 0.2], 0.9);
        let theirs = profile(&[-1.0, 0.5, 0.8, -0.2], 0.9);
        let compared = compare(std::slice::from_ref(&ours), std::slice::from_ref(&theirs));
        assert_eq!(compared[0].flips, [0, 3]);
        let scattered =
            Profile { standard_error: Some(vec![0.6, 0.0, 0.0, 0.05]), ..theirs.clone() };
        assert_eq!(compare(std::slice::from_ref(&ours), &[scattered])[0].flips, [3]);
        let unclear = profile(&[-1.0, 0.5, 0.8, -0.2], 0.29);
        assert_eq!(compare(&[ours], &[unclear])[0].flips, [0usize; 0]);
    }

    #[test]
    fn similarity_is_a_cosine() {
        let ours = profile(&[3.0, 4.0], 1.0);
        assert_eq!(similarity(&ours, &ours), Some(1.0));
        assert_eq!(similarity(&ours, &profile(&[-6.0, -8.0], 1.0)), Some(-1.0));
        assert_eq!(similarity(&ours, &profile(&[4.0, -3.0], 1.0)), Some(0.0));
        assert_eq!(similarity(&ours, &profile(&[0.0, 0.0], 1.0)), None);
    }
}
