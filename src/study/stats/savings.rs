//! How many simulations pre-training saves.

use crate::study::stats::summary::Summary;

/// Where the equivalent number of simulations lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Between the sizes that the baseline ran.
    Exact,
    /// Above the largest of them: the baseline never gets there.
    MoreThanLargest,
    /// Below the smallest of them: the baseline is better already there.
    LessThanSmallest,
}

/// What one strategy with one number of simulations is worth in simulations of the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// The strategy's name.
    pub strategy: String,
    /// How many simulations it had.
    pub simulations: usize,
    /// How many the baseline needs for the same mean test MSE; absent outside the sizes it ran.
    pub equivalent: Option<f64>,
    /// Whether that number is known, or only a bound.
    pub bound: Bound,
}

/// For each strategy other than `baseline` and each size, how many simulations `baseline` needs for
/// the same mean test MSE.
///
/// The baseline's curve is interpolated linearly in the logarithms of both axes, which is exact for
/// a power law. Scatter can make the curve rise; it is replaced by its running minimum from small
/// to large sizes. Empty when the baseline has no finished run.
pub fn savings(summary: &Summary, baseline: &str) -> Vec<Saving> {
    let curve = falling_curve(summary, baseline);
    if curve.is_empty() {
        return Vec::new();
    }
    let others = summary.rows.iter().filter(|row| row.strategy != baseline);
    others
        .filter_map(|row| row.test.mean.map(|mean| (row, mean)))
        .map(|(row, mean)| {
            let (equivalent, bound) = invert(&curve, mean);
            Saving {
                strategy: row.strategy.clone(),
                simulations: row.simulations,
                equivalent,
                bound,
            }
        })
        .collect()
}

/// The points (simulations, mean test MSE) of a strategy, each MSE the lowest so far.
pub(crate) fn falling_curve(summary: &Summary, strategy: &str) -> Vec<(f64, f64)> {
    let mut lowest = f64::INFINITY;
    let points = summary
        .of(strategy)
        .filter_map(|row| row.test.mean.map(|mean| (row.simulations as f64, mean)));
    // Zero has no logarithm; neither is it an MSE that anyone measures.
    points
        .filter(|&(simulations, mean)| simulations > 0.0 && mean > 0.0)
        .map(|(simulations, mean)| {
            lowest = lowest.min(mean);
            (simulations, lowest)
        })
        .collect()
}

/// The fewest simulations at which a falling curve reaches `mse`.
fn invert(curve: &[(f64, f64)], mse: f64) -> (Option<f64>, Bound) {
    if mse > curve[0].1 {
        return (None, Bound::LessThanSmallest);
    }
    let Some(after) = curve.iter().position(|&(_, value)| value <= mse) else {
        return (None, Bound::MoreThanLargest);
    };
    let (right, low) = curve[after];
    if after == 0 || low == mse {
        return (Some(right), Bound::Exact);
    }
    let (left, high) = curve[after - 1];
    let share = (high / mse).ln() / (high / low).ln();
    (Some(left * (right / left).powf(share)), Bound::Exact)
}
