//! Significance tests and confidence intervals for few values.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Number of pairs up to which the signed-rank test is exact and not a normal approximation.
const COUNTED: usize = 50;

/// The two-sided p-value of Student's paired t test of no mean difference; absent with fewer than
/// two differences. Where all differences are the same number it is 0, or 1 if that is 0.
pub(crate) fn paired_t(differences: &[f64]) -> Option<f64> {
    if differences.len() < 2 {
        return None;
    }
    let count = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / count;
    let squares: f64 = differences.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / (count - 1.0) / count).sqrt();
    if differences.iter().all(|value| *value == differences[0]) {
        return Some(if differences[0] == 0.0 { 1.0 } else { 0.0 });
    }
    Some(student_tails((mean / error).abs(), differences.len() as f64 - 1.0))
}

/// A sample: its size, its mean, and the variance of the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Group {
    /// Number of values.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// Sample variance divided by the number of values; absent for one value.
    pub variance: Option<f64>,
}

impl Group {
    /// The group of at least one value.
    pub fn new(values: impl Iterator<Item = f64> + Clone) -> Self {
        let count = values.clone().count();
        let mean = values.clone().sum::<f64>() / count as f64;
        let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
        let parts = count as f64 * (count as f64 - 1.0);
        Self { count, mean, variance: (count > 1).then(|| squares / parts) }
    }
}

/// The two-sided p-value of no mean difference between the sides of pairs of groups, by Welch's t
/// test (Welch 1947, Biometrika 34, 28): variances may differ, and values are not paired.
/// Absent without a pair, or where a group has one value.
///
/// The degrees of freedom are those of Satterthwaite 1946 (Biometrics Bulletin 2, 110).
pub(crate) fn welch(pairs: &[(Group, Group)]) -> Option<f64> {
    let Difference { sum, variance, freedom } = difference(pairs)?;
    if variance == 0.0 {
        return Some(if sum == 0.0 { 1.0 } else { 0.0 });
    }
    Some(student_tails(sum.abs() / variance.sqrt(), freedom))
}

/// The 95 % interval of the mean difference between the sides of pairs of groups, of the test of
/// [`welch`]; absent likewise.
pub(crate) fn welch_interval(pairs: &[(Group, Group)]) -> Option<[f64; 2]> {
    let Difference { sum, variance, freedom } = difference(pairs)?;
    let half = match variance {
        0.0 => 0.0,
        _ => student_quantile(0.05, freedom) * variance.sqrt(),
    };
    Some([sum - half, sum + half].map(|end| end / pairs.len() as f64))
}

/// The sum over pairs of groups of the difference of their means.
struct Difference {
    sum: f64,
    variance: f64,
    freedom: f64,
}

fn difference(pairs: &[(Group, Group)]) -> Option<Difference> {
    let groups = || pairs.iter().flat_map(|(a, b)| [a, b]);
    let variances: Option<Vec<f64>> = groups().map(|group| group.variance).collect();
    let variances = variances.filter(|variances| !variances.is_empty())?;
    let variance: f64 = variances.iter().sum();
    let parts: f64 = (groups().zip(&variances))
        .map(|(group, variance)| variance * variance / (group.count as f64 - 1.0))
        .sum();
    // squares of tiny variances can vanish
    let freedom = (variance * variance / parts).clamp(1.0, 1e6);
    Some(Difference { sum: pairs.iter().map(|(a, b)| a.mean - b.mean).sum(), variance, freedom })
}

/// The 95 % interval of the mean of normal values from Student's t, [mean - t s / sqrt(n), mean + t
/// s / sqrt(n)]; absent with fewer than two values.
pub fn mean_interval(values: &[f64]) -> Option<[f64; 2]> {
    if values.len() < 2 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / (count - 1.0) / count).sqrt();
    let half = student_quantile(0.05, values.len() as f64 - 1.0) * error;
    Some([mean - half, mean + half])
}

/// The t that |T| exceeds with probability `tails`.
pub(crate) fn student_quantile(tails: f64, freedom: f64) -> f64 {
    -student(freedom).inverse_cdf(tails / 2.0)
}

/// The probability that |T| exceeds `t` for Student's T.
fn student_tails(t: f64, freedom: f64) -> f64 {
    2.0 * student(freedom).sf(t)
}

fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("statistics: degrees of freedom of at least 1")
}

/// The two-sided p-value of Wilcoxon's signed-rank test of differences symmetric about 0 (Wilcoxon
/// 1945). Differences of 0 are left out, and ties share their mean rank. The test is exact up to 50
/// differences and a normal approximation for more. Absent if no difference is left.
pub(crate) fn signed_rank(differences: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = differences.iter().copied().filter(|value| *value != 0.0).collect();
    sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    // twice the ranks, so that shared ranks are whole numbers
    let mut ranks: Vec<u64> = Vec::new();
    for group in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
        let first = ranks.len() as u64 + 1;
        ranks.extend(std::iter::repeat_n(2 * first + group.len() as u64 - 1, group.len()));
    }
    let total: u64 = ranks.iter().sum();
    let positive: u64 =
        ranks.iter().zip(&sorted).filter(|(_, value)| **value > 0.0).map(|(rank, _)| rank).sum();
    let smaller = positive.min(total - positive);
    match sorted.len() {
        0 => None,
        count if count <= COUNTED => {
            // in how many of all 2^count choices of signs each rank sum comes up
            let mut ways = vec![0.0; total as usize + 1];
            ways[0] = 1.0;
            for rank in ranks.iter().map(|rank| *rank as usize) {
                (rank..ways.len()).rev().for_each(|sum| ways[sum] += ways[sum - rank]);
            }
            let as_far: f64 = ways[..=smaller as usize].iter().sum();
            Some((2.0 * as_far / 2f64.powi(count as i32)).min(1.0))
        }
        _ => {
            let variance: f64 =
                ranks.iter().map(|rank| (*rank as f64 / 2.0).powi(2)).sum::<f64>() / 4.0;
            let z = (total as f64 / 4.0 - smaller as f64 / 2.0) / variance.sqrt();
            Some(libm::erfc(z / std::f64::consts::SQRT_2))
        }
    }
}

/// p-values corrected for multiple testing (Holm 1979, Scandinavian Journal of Statistics 6, 65),
/// in the same order: with a threshold of 0.05 the family-wise error rate is at most 0.05. Absent
/// values stay absent and do not count.
pub(crate) fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> =
        (p_values.iter().enumerate()).filter_map(|(place, p)| p.map(|p| (place, p))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let count = order.len();
    let mut corrected = vec![None; p_values.len()];
    let mut largest = 0.0f64;
    for (rank, (place, p)) in order.into_iter().enumerate() {
        largest = largest.max(p * (count - rank) as f64).min(1.0);
        corrected[place] = Some(largest);
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_students_t_are_those_of_tables() {
        // scipy 1.17.1: t.ppf(0.975, freedom)
        let table = [
            (1.0, 12.706204736174694),
            (2.0, 4.302652729749462),
            (5.0, 2.5705818356363146),
            (30.0, 2.0422724563012378),
        ];
        for (freedom, expected) in table {
            let found = student_quantile(0.05, freedom);
            assert!((found / expected - 1.0).abs() < 1e-12, "{freedom}: {found}");
        }
        let [low, high] = mean_interval(&[1.0, 2.0, 3.0]).unwrap();
        let half = 4.302652729749462 / 3f64.sqrt();
        assert!((low - 2.0 + half).abs() < 1e-12 && (high - 2.0 - half).abs() < 1e-12);
        assert_eq!(mean_interval(&[1.0]), None);
    }

    /// Differences and the p-values of scipy 1.17.1: `ttest_1samp(d, 0)` and `wilcoxon(d,
    /// method='exact')`.
    const SCIPY: [(&[f64], f64, f64); 10] = [
        (&[-0.402, -0.924], 0.23875368153016044, 0.5),
        (&[0.152, 0.82, 1.536], 0.17153242806820196, 0.25),
        (&[0.51, -0.153, -0.385, 1.149], 0.4774068354276656, 0.625),
        (&[2.035, 0.673, -0.833, -0.558, 2.0], 0.33670255026485185, 0.4375),
        (&[0.603, -1.332, 0.316, -0.763, -0.229, -0.088], 0.42882795469593, 0.5625),
        (&[-0.313, 0.953, 0.337, -0.189, 0.81, 1.23, -1.243], 0.5154331129571876, 0.578125),
        (
            &[0.143, -0.581, 0.227, -0.889, 0.421, 0.362, 0.096, -0.648, 0.004, -0.691],
            0.3427651691700096,
            0.556640625,
        ),
        (
            &[
                -0.955, 0.625, -0.709, 1.57, 1.117, -1.598, 0.672, -0.702, 0.433, 0.444, -1.588,
                0.167, 0.144,
            ],
            0.9176676942028752,
            0.83935546875,
        ),
        (
            &[
                1.362, -0.781, 1.138, -0.699, 0.069, -0.44, 1.849, 0.968, 2.832, 1.042, 1.245,
                1.241, -0.207, 0.33, 1.75, 0.003, 0.589, 0.379, 1.009, 0.035, 0.248, 0.642, 0.503,
                -0.465,
            ],
            0.0024358877301450268,
            0.0025163888931274414,
        ),
        (&[0.9, 1.1, 1.0, 1.3, 0.7, 1.25], 9.23298088604602e-05, 0.03125),
    ];

    #[test]
    fn p_values_equal_those_of_scipy() {
        for (differences, t, rank) in SCIPY {
            let near = |ours: Option<f64>, theirs: f64| {
                let miss = (ours.unwrap() - theirs).abs();
                assert!(miss < 1e-12, "{differences:?}: {ours:?} {theirs}");
            };
            near(paired_t(differences), t);
            near(signed_rank(differences), rank);
        }
        // beyond 50 differences: `method='approx', correction=False`
        let many: Vec<f64> = (0..60).map(|i| (1.7 * f64::from(i)).sin() + 0.2).collect();
        assert!((paired_t(&many).unwrap() - 0.03391057671667682).abs() < 1e-12);
        assert!((signed_rank(&many).unwrap() - 0.03590012321587811).abs() < 1e-12);
    }

    #[test]
    fn the_test_of_welch_equals_scipy() {
        // scipy 1.17.1: `ttest_ind(a, b, equal_var=False)`
        type Pair = (&'static [f64], &'static [f64], f64);
        const SCIPY: [Pair; 2] = [
            (
                &[2.041, -2.556, 0.418, -0.568, -0.453],
                &[0.369, -3.24, 0.336, -0.93, 7.446, 1.252, 0.095],
                0.5128633982841319,
            ),
            (&[0.883, 0.58], &[0.983, 2.14, -4.856], 0.6071515917067908),
        ];
        let group = |values: &[f64]| Group::new(values.iter().copied());
        for (a, b, p) in SCIPY {
            let found = welch(&[(group(a), group(b))]).unwrap();
            assert!((found - p).abs() < 1e-12, "{found} {p}");
        }
        // two pairs with the same difference are surer than one
        let pair = (group(SCIPY[0].0), group(SCIPY[0].1));
        assert!(welch(&[pair, pair]).unwrap() < SCIPY[0].2);
        assert_eq!(welch(&[(group(&[1.0]), group(&[1.0, 2.0]))]), None);
        assert_eq!(welch(&[]), None);
        let constant = group(&[1.0, 1.0]);
        assert_eq!(welch(&[(constant, constant)]), Some(1.0));
    }

    #[test]
    fn degenerate_differences_have_a_meaning() {
        assert_eq!(paired_t(&[1.0]), None);
        assert_eq!(paired_t(&[0.0, 0.0]), Some(1.0));
        assert_eq!(paired_t(&[0.1; 3]), Some(0.0));
        assert_eq!(paired_t(&[1.0, -1.0]), Some(1.0));
        assert_eq!(signed_rank(&[0.0, 0.0]), None);
        assert_eq!(signed_rank(&[3.0]), Some(1.0));
        // equal ranks: of four signs, all alike twice
        assert_eq!(signed_rank(&[1.0, 1.0]), Some(0.5));
    }

    #[test]
    fn holm_multiplies_and_never_falls() {
        let corrected = holm(&[Some(0.01), None, Some(0.04), Some(0.03)]);
        let expected = [Some(0.03), None, Some(0.06), Some(0.06)];
        for (ours, theirs) in corrected.iter().zip(expected) {
            assert_eq!(ours.is_some(), theirs.is_some());
            assert!((ours.unwrap_or(0.0) - theirs.unwrap_or(0.0)).abs() < 1e-15, "{corrected:?}");
        }
        assert_eq!(holm(&[Some(0.9), Some(0.8)]), [Some(1.0), Some(1.0)]);
    }
}
