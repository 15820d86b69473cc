//! How inputs are centred and scaled, in f64, before they become f32 or f16.

/// How inputs are scaled: `(x - centre) / width`, computed in f64; each of shape (inputs).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputScale {
    /// What becomes 0. For a run, the mean of each input over the training rows.
    pub centre: Vec<f64>,
    /// What becomes 1. For a run, the deviation of each input over the training rows.
    pub width: Vec<f64>,
}

impl InputScale {
    /// No scaling.
    pub fn none(inputs: usize) -> Self {
        Self { centre: vec![0.0; inputs], width: vec![1.0; inputs] }
    }

    /// The median of each column of `x`, shape (rows, columns), and the largest distance from it:
    /// whatever rows a run uses, their differences keep their digits in f32, beside outliers too.
    /// A column that is constant has its absolute value as width, or 1. Numbers that are not finite
    /// are left out.
    pub fn covering<X: Copy + Into<f64>>(x: &[X], columns: usize) -> Self {
        let mut scale = Self::none(columns);
        for column in 0..columns {
            let numbers = x.iter().skip(column).step_by(columns).map(|x| (*x).into());
            let mut numbers: Vec<f64> = numbers.filter(|x: &f64| x.is_finite()).collect();
            if numbers.is_empty() {
                continue;
            }
            let middle = numbers.len() / 2;
            let centre = *numbers.select_nth_unstable_by(middle, f64::total_cmp).1;
            let distance = |x: &f64| (x - centre).abs();
            let width = numbers.iter().map(distance).fold(0.0, f64::max);
            scale.centre[column] = centre;
            let widths = [width, centre.abs(), 1.0];
            scale.width[column] = widths.into_iter().find(|width| *width > 0.0).unwrap_or(1.0);
        }
        scale
    }

    /// Mean and deviation, as raw numbers, of some rows of `x`, which this scale has scaled; shape
    /// (rows, columns). A column that is constant there keeps its width.
    pub(crate) fn moments(&self, x: &[f32], rows: impl Iterator<Item = usize> + Clone) -> Self {
        let (columns, mut moments) = (self.centre.len(), self.clone());
        let count = rows.clone().count() as f64;
        // row by row, so that the loops over columns are vectorised
        let all = || rows.clone().map(|row| &x[row * columns..][..columns]);
        let Some(first) = all().next() else { return moments };
        let (mut is_constant, mut mean) = (vec![true; columns], vec![0.0; columns]);
        for row in all() {
            for ((sum, is_constant), (x, first)) in
                mean.iter_mut().zip(&mut is_constant).zip(row.iter().zip(first))
            {
                *is_constant &= x == first;
                *sum += f64::from(*x);
            }
        }
        mean.iter_mut().for_each(|mean| *mean /= count);
        let mut variance = vec![0.0; columns];
        for row in all() {
            for (sum, (x, mean)) in variance.iter_mut().zip(row.iter().zip(&mean)) {
                *sum += (f64::from(*x) - mean).powi(2);
            }
        }
        for column in 0..columns {
            let width = self.width[column];
            if is_constant[column] {
                moments.centre[column] += width * f64::from(first[column]);
                continue;
            }
            moments.centre[column] += width * mean[column];
            moments.width[column] = width * (variance[column] / count).sqrt();
        }
        moments
    }

    /// The centres in f32.
    pub(crate) fn centres(&self) -> Vec<f32> {
        self.centre.iter().map(|centre| *centre as f32).collect()
    }

    /// One over the widths, in f32.
    pub(crate) fn inverse_widths(&self) -> Vec<f32> {
        self.width.iter().map(|width| (1.0 / width) as f32).collect()
    }

    /// Scaled inputs from raw ones, shape (rows, inputs).
    pub fn apply<X: Copy + Into<f64>>(&self, x: &[X]) -> Vec<f32> {
        let scale = self.centre.iter().zip(&self.width).cycle();
        x.iter()
            .zip(scale)
            .map(|(x, (centre, width))| (((*x).into() - centre) / width) as f32)
            .collect()
    }

    /// The scaling that does the same to inputs that `first` has scaled.
    pub(crate) fn after(&self, first: &Self) -> Self {
        let pairs =
            || self.centre.iter().zip(&self.width).zip(first.centre.iter().zip(&first.width));
        Self {
            centre: pairs()
                .map(|((centre, _), (before, width))| (centre - before) / width)
                .collect(),
            width: pairs().map(|((_, width), (_, before))| width / before).collect(),
        }
    }
}
