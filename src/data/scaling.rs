//! What a network sees of a row: z-scored inputs, targets in [0, 1].

use super::dataset::Dataset;
use crate::Result;
use crate::input_error;

/// How raw inputs become what a network sees, and back for targets. It travels with the network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scaling {
    /// Whether the logarithm of an input to base 10 is taken first.
    pub log10: bool,
    /// The mean of each input, or of its logarithm, over the training rows, shape (inputs).
    pub mean: Vec<f64>,
    /// The population standard deviation (numpy's `ddof=0`) of each input or logarithm, shape (inputs); 1 for an input
    /// that is the same in every training row.
    pub deviation: Vec<f64>,
    /// Per target `[low, high]` in physical units, which become 0 and 1, shape (targets, 2).
    pub target_ranges: Vec<[f64; 2]>,
}

impl Scaling {
    /// The statistics of the given training rows only, so that no other row leaks into training.
    ///
    /// # Errors
    /// No rows are given; with `log10`, an input of *any* row is not positive, for every row is scaled later.
    ///
    /// # Panics
    /// If a row is not in the dataset.
    pub fn fit(dataset: &Dataset, rows: &[u32], log10: bool) -> Result<Self> {
        if rows.is_empty() {
            return Err(input_error!(
                "there are no training rows to take the mean and deviation of; choose at least one"
            ));
        }
        if log10 {
            check_positive(dataset, "the dataset")?;
        }
        let count = rows.len() as f64;
        let (mean, deviation) = (0..dataset.inputs.columns)
            .map(|column| {
                let values = || {
                    rows.iter()
                        .map(|&row| maybe_log10(dataset.inputs.row(row as usize)[column], log10))
                };
                let mean = values().sum::<f64>() / count;
                let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
                // Rounding can give a constant a tiny deviation, so constancy is asked of the values.
                let constant = values().all(|value| Some(value) == values().next());
                (mean, if constant { 1.0 } else { variance.sqrt() })
            })
            .unzip();
        Ok(Self {
            log10,
            mean,
            deviation,
            target_ranges: dataset.target_ranges.clone(),
        })
    }

    /// From raw inputs, shape (inputs), to what the network sees, shape (inputs): (x - mean) / deviation.
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn input(&self, raw: &[f64], out: &mut [f64]) {
        assert_eq!(
            (raw.len(), out.len()),
            (self.mean.len(), self.mean.len()),
            "Scaling::input: lengths"
        );
        for (index, (raw, out)) in raw.iter().zip(out).enumerate() {
            *out = (maybe_log10(*raw, self.log10) - self.mean[index]) / self.deviation[index];
        }
    }

    /// From targets in physical units, shape (targets), to scaled ones, shape (targets): (y - low) / (high - low).
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn target(&self, physical: &[f64], out: &mut [f64]) {
        let targets = self.target_ranges.len();
        assert_eq!(
            (physical.len(), out.len()),
            (targets, targets),
            "Scaling::target: lengths"
        );
        for ((physical, out), [low, high]) in physical.iter().zip(out).zip(&self.target_ranges) {
            *out = (physical - low) / (high - low);
        }
    }

    /// From scaled targets, shape (targets), back to physical units, shape (targets): low + s (high - low).
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn physical(&self, scaled: &[f64], out: &mut [f64]) {
        let targets = self.target_ranges.len();
        assert_eq!(
            (scaled.len(), out.len()),
            (targets, targets),
            "Scaling::physical: lengths"
        );
        for ((scaled, out), [low, high]) in scaled.iter().zip(out).zip(&self.target_ranges) {
            *out = low + scaled * (high - low);
        }
    }
}

fn maybe_log10(value: f64, log10: bool) -> f64 {
    if log10 { value.log10() } else { value }
}

/// Checks that the logarithm of every input can be taken; `name` is what the user calls the dataset.
///
/// # Errors
/// The first input that is not positive: its row, its column's name and place on the axis, and how many there are.
pub fn check_positive(dataset: &Dataset, name: &str) -> Result<()> {
    let inputs = &dataset.inputs;
    let count = inputs.values.iter().filter(|&&value| value <= 0.0).count();
    let Some(first) = inputs.values.iter().position(|&value| value <= 0.0) else {
        return Ok(());
    };
    let (row, column) = (first / inputs.columns, first % inputs.columns);
    Err(input_error!(
        "{name}: log10 cannot be taken of {} in row {row} (counting from 0), input '{}' ({} = \
         {}); {count} of {} inputs are not positive. Train on the inputs themselves, without \
         log10, or leave those rows or inputs out",
        inputs.values[first],
        dataset.input_names[column],
        dataset.axis_name,
        dataset.axis[column],
        inputs.values.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;

    fn dataset(x: Vec<f64>) -> Dataset {
        let y = vec![0.1, 10.0, 0.3, 20.0, 0.5, 30.0];
        let names = ["Omega_m", "mass"].map(String::from).to_vec();
        Dataset::new(Matrix::new(3, 2, x), Matrix::new(3, 2, y), names).unwrap()
    }

    fn close(a: &[f64], b: &[f64]) {
        let worst = a
            .iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        // a few roundings of numbers around one
        assert!(
            a.len() == b.len() && worst < 8.0 * f64::EPSILON,
            "{a:?} is not {b:?}, by {worst}"
        );
    }

    #[test]
    fn statistics_are_those_of_the_training_rows_only() {
        // rows 0 and 1 by hand: means 2 and 7, population deviations 1 and, for a constant, 1
        let dataset = dataset(vec![1.0, 7.0, 3.0, 7.0, 1000.0, 1e-9]);
        let scaling = Scaling::fit(&dataset, &[0, 1], false).unwrap();
        close(&scaling.mean, &[2.0, 7.0]);
        close(&scaling.deviation, &[1.0, 1.0]);
        let mut out = [0.0; 2];
        scaling.input(&[5.0, 6.0], &mut out);
        close(&out, &[3.0, -1.0]);
    }

    #[test]
    fn the_logarithm_is_taken_first() {
        // log10: 0, 2, 4 with mean 2 and deviation sqrt(8/3); 0.1 three times is constant also after rounding
        let dataset = dataset(vec![1.0, 0.1, 100.0, 0.1, 10_000.0, 0.1]);
        let scaling = Scaling::fit(&dataset, &[2, 0, 1], true).unwrap();
        close(&scaling.mean, &[2.0, -1.0]);
        close(&scaling.deviation, &[(8.0f64 / 3.0).sqrt(), 1.0]);
        let mut out = [0.0; 2];
        scaling.input(&[1000.0, 0.1], &mut out);
        close(&out, &[1.0 / (8.0f64 / 3.0).sqrt(), 0.0]);
    }

    #[test]
    fn targets_go_to_the_unit_range_and_back() {
        // Omega_m has its prior [0.1, 0.5], `mass` the range of its values [10, 30]
        let scaling = Scaling::fit(&dataset(vec![1.0; 6]), &[0], false).unwrap();
        let (mut scaled, mut physical) = ([0.0; 2], [0.0; 2]);
        scaling.target(&[0.2, 25.0], &mut scaled);
        close(&scaled, &[0.25, 0.75]);
        scaling.physical(&scaled, &mut physical);
        close(&physical, &[0.2, 25.0]);
    }

    #[test]
    fn a_scaling_travels_as_text() {
        let scaling =
            Scaling::fit(&dataset(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.7]), &[0, 2], true).unwrap();
        let text = serde_json::to_string(&scaling).unwrap();
        assert_eq!(serde_json::from_str::<Scaling>(&text).unwrap(), scaling);
    }

    #[test]
    fn no_logarithm_of_what_is_not_positive_in_any_row() {
        let dataset = dataset(vec![1.0, 1.0, 1.0, 1.0, 0.0, -2.0]);
        let error = check_positive(&dataset, "neutrinos")
            .unwrap_err()
            .to_string();
        for part in ["neutrinos", "row 2", "'x0'", "input = 0", "2 of 6"] {
            assert!(error.contains(part), "{error} lacks {part}");
        }
        assert!(Scaling::fit(&dataset, &[0, 1], true).is_err());
        assert!(Scaling::fit(&dataset, &[0, 1], false).is_ok());
        assert!(
            Scaling::fit(&dataset, &[], false)
                .unwrap_err()
                .to_string()
                .contains("no training rows")
        );
    }
}
