//! What a network sees of a row: z-scored inputs, targets in [0, 1].

use crate::data::dataset::Dataset;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names::number_text;
use crate::engine::scale::InputScale;
use crate::error::Result;
use crate::input_error;

/// How raw inputs become what a network sees, and targets the other way. It is stored with the
/// network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scaling {
    /// Whether the logarithm of inputs to base 10 comes first.
    pub log10: bool,
    /// The mean of each input, or of its logarithm, over the training rows, shape (inputs).
    pub mean: Vec<f64>,
    /// The population standard deviation (numpy's `ddof=0`) of each input or logarithm, shape
    /// (inputs). For an input that is the same in every training row: its largest distance from
    /// the median over all rows, so that no unit matters.
    pub deviation: Vec<f64>,
    /// Per target `[low, high]` in physical units, which become 0 and 1, shape (targets, 2).
    pub target_ranges: Vec<[f64; 2]>,
    /// The mean of each column of the items of the training rows, shape (columns); empty without
    /// items. Every item counts once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub item_mean: Vec<f64>,
    /// Their deviations, as `deviation`, shape (columns).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub item_deviation: Vec<f64>,
}

impl Scaling {
    /// The statistics of the given training rows only, so that no other row leaks into training.
    ///
    /// # Errors
    /// No rows are given; with `log10`, an input of *any* row is not positive, for every row is
    /// scaled later.
    ///
    /// # Panics
    /// If a row is not in the dataset.
    pub fn fit(dataset: &Dataset, rows: &[u32], log10: bool) -> Result<Self> {
        let features = features(dataset, log10, "the dataset")?;
        Self::from_features(&features, rows, log10, &dataset.target_ranges)
    }

    /// [`Scaling::fit`] from the [`features`] of the dataset.
    ///
    /// # Errors
    /// No rows are given.
    ///
    /// # Panics
    /// If a row is not in the dataset.
    pub fn from_features(
        features: &Features,
        rows: &[u32],
        log10: bool,
        target_ranges: &[[f64; 2]],
    ) -> Result<Self> {
        if rows.is_empty() {
            return Err(input_error!(
                "there are no training rows for the mean and deviation; choose at least one"
            ));
        }
        let of_rows = rows.iter().map(|row| *row as usize);
        let mut found = moments(&features.values, &features.scale, of_rows.clone());
        let of_items = |items: &ItemFeatures| {
            let of_rows = rows.iter().flat_map(|row| items.items.of(*row as usize));
            let mut found = moments(&items.items.values, &items.scale, of_rows.clone());
            let table = (&items.items.values, &items.scale);
            without_missing(table, &items.flags, of_rows, &mut found);
            found
        };
        let table = (&features.values, &features.scale);
        without_missing(table, &features.flags, of_rows, &mut found);
        let (mean, deviation) = found;
        let (item_mean, item_deviation) = features.items.as_ref().map(of_items).unwrap_or_default();
        Ok(Self {
            log10,
            mean,
            deviation,
            target_ranges: target_ranges.to_vec(),
            item_mean,
            item_deviation,
        })
    }

    /// From the [`features`] of a row, shape (inputs), to what the network sees, shape (inputs), as
    /// [`Scaling::input`].
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn feature(&self, features: &[f64], out: &mut [f32]) {
        let inputs = self.mean.len();
        assert_eq!((features.len(), out.len()), (inputs, inputs), "Scaling::feature: lengths");
        let statistics = self.mean.iter().zip(&self.deviation);
        for ((x, out), (mean, deviation)) in features.iter().zip(out).zip(statistics) {
            *out = ((x - mean) / deviation) as f32;
        }
    }

    /// From raw inputs, shape (inputs), to what the network sees, shape (inputs): (x - mean) /
    /// deviation.
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

    /// From a raw item, shape (columns), to what the network sees, shape (columns).
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn item(&self, raw: &[f64], out: &mut [f64]) {
        let columns = self.item_mean.len();
        assert_eq!((raw.len(), out.len()), (columns, columns), "Scaling::item: lengths");
        let statistics = self.item_mean.iter().zip(&self.item_deviation);
        for ((x, out), (mean, deviation)) in raw.iter().zip(out).zip(statistics) {
            *out = (x - mean) / deviation;
        }
    }

    /// From targets in physical units, shape (targets), to scaled ones, shape (targets): (y - low)
    /// / (high - low).
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn target(&self, physical: &[f64], out: &mut [f64]) {
        let targets = self.target_ranges.len();
        assert_eq!((physical.len(), out.len()), (targets, targets), "Scaling::target: lengths");
        for ((physical, out), [low, high]) in physical.iter().zip(out).zip(&self.target_ranges) {
            *out = (physical - low) / (high - low);
        }
    }

    /// From scaled targets, shape (targets), back to physical units, shape (targets): low + s (high
    /// - low).
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn physical(&self, scaled: &[f64], out: &mut [f64]) {
        let targets = self.target_ranges.len();
        assert_eq!((scaled.len(), out.len()), (targets, targets), "Scaling::physical: lengths");
        for ((scaled, out), [low, high]) in scaled.iter().zip(out).zip(&self.target_ranges) {
            *out = low + scaled * (high - low);
        }
    }
}

/// Mean and deviation of each column over these rows; of no rows, the scale itself.
fn moments(
    values: &Matrix,
    scale: &InputScale,
    rows: impl Iterator<Item = usize> + Clone,
) -> (Vec<f64>, Vec<f64>) {
    let rows = || rows.clone().map(|row| values.row(row));
    let Some(first) = rows().next() else { return (scale.centre.clone(), scale.width.clone()) };
    // row by row, as they lie in memory: a scaling must cost little beside the training of a tiny
    // network; around the centre, so that squares of 1e300 or 1e-300 are finite. A width below
    // 1 / f64::MAX has no finite inverse
    let inverse = |width: &f64| (1.0 / width).min(f64::MAX);
    let inverses: Vec<f64> = scale.width.iter().map(inverse).collect();
    let centred = |(x, (centre, inverse)): (&f64, (&f64, &f64))| (x - centre) * inverse;
    let row_centred = |row| {
        let scale = scale.centre.iter().zip(&inverses);
        Iterator::zip(<[f64]>::iter(row), scale).map(centred)
    };
    let mut count = 0.0;
    let mut mean = vec![0.0; values.columns];
    for row in rows() {
        count += 1.0;
        mean.iter_mut().zip(row_centred(row)).for_each(|(sum, x)| *sum += x);
    }
    mean.iter_mut().for_each(|sum| *sum /= count);
    let mut variance = vec![0.0; values.columns];
    // Rounding can give a constant a tiny deviation, so values are compared.
    let mut constant = vec![true; values.columns];
    for row in rows() {
        for (column, x) in row_centred(row).enumerate() {
            variance[column] += (x - mean[column]).powi(2);
            constant[column] &= row[column] == first[column];
        }
    }
    let (mut means, mut deviations) = (first.to_vec(), scale.width.clone());
    for column in (0..values.columns).filter(|column| !constant[*column]) {
        means[column] = scale.centre[column] + mean[column] / inverses[column];
        deviations[column] = (variance[column] / count).sqrt() / inverses[column];
    }
    (means, deviations)
}

/// Replaces the mean and the deviation of columns that can be missing by those of the rows where
/// they are there, and those of flags by 0 and 1.
fn without_missing(
    (values, scale): (&Matrix, &InputScale),
    flags: &[(usize, usize)],
    rows: impl Iterator<Item = usize> + Clone,
    (mean, deviation): &mut (Vec<f64>, Vec<f64>),
) {
    for (column, flag) in flags {
        let present = rows.clone().map(|row| values.row(row)).filter(|row| row[*flag] == 0.0);
        let (centre, width) = (scale.centre[*column], scale.width[*column]);
        let present = present.map(|row| row[*column]);
        let found = moments_of(present, (centre, (1.0 / width).min(f64::MAX)));
        (mean[*column], deviation[*column]) = match found {
            (mean, 0.0) => (mean, width),
            found => found,
        };
        (mean[*flag], deviation[*flag]) = (0.0, 1.0);
    }
}

/// Mean and deviation of numbers, computed around a centre in units of a width; the deviation is 0
/// if all are equal.
fn moments_of(
    numbers: impl Iterator<Item = f64> + Clone,
    (centre, inverse): (f64, f64),
) -> (f64, f64) {
    let first = numbers.clone().next().unwrap_or(centre);
    if numbers.clone().all(|x| x == first) {
        return (first, 0.0);
    }
    let centred = || numbers.clone().map(|x| (x - centre) * inverse);
    let count = numbers.clone().count() as f64;
    let mean = centred().sum::<f64>() / count;
    let variance = centred().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    (centre + mean / inverse, variance.sqrt() / inverse)
}

fn maybe_log10(value: f64, log10: bool) -> f64 {
    if log10 { value.log10() } else { value }
}

/// The inputs of a dataset or their logarithms to base 10, from which each of its scalings is
/// computed. They are computed once, because a logarithm costs more than a step of a tiny network
/// spends on a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Shape (simulations, inputs).
    pub values: Matrix,
    /// How a table stores them: see [`InputScale::covering`].
    pub scale: InputScale,
    /// (feature, flag) of those that can be missing, as [`crate::data::Columns::flags`]: a scaling
    /// is fitted to the rows where they are there, and leaves flags 0 and 1.
    pub flags: Vec<(usize, usize)>,
    /// The items, of a ragged dataset.
    pub items: Option<ItemFeatures>,
}

/// The items of a dataset, and how a table stores them.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemFeatures {
    /// The items.
    pub items: Items,
    /// See [`InputScale::covering`].
    pub scale: InputScale,
    /// As [`Features::flags`].
    pub flags: Vec<(usize, usize)>,
}

/// The [`Features`] of a dataset; `name` is what the user calls it.
///
/// # Errors
/// As [`check_positive`], with `log10`.
pub fn features(dataset: &Dataset, log10: bool, name: &str) -> Result<Features> {
    if log10 {
        check_positive(dataset, name)?;
    }
    let inputs = &dataset.inputs;
    let values = inputs.values.iter();
    let values: Vec<f64> = values.map(|value| maybe_log10(*value, log10)).collect();
    let scale = InputScale::covering(&values, inputs.columns);
    let finite =
        |column: &usize| (inputs.column(*column)).all(|x| (x - scale.centre[*column]).is_finite());
    if let Some(column) = (0..inputs.columns).find(|column| !log10 && !finite(column)) {
        return Err(input_error!(
            "{name}: the input '{}' reaches from {:e} to {:e}, and f64 cannot hold the difference; \
             write it in another unit",
            dataset.input_names[column],
            inputs.column(column).fold(f64::MAX, f64::min),
            inputs.column(column).fold(f64::MIN, f64::max)
        ));
    }
    let values = Matrix::new(inputs.rows, inputs.columns, values);
    let items = dataset.items.as_ref().map(|items| item_features(items, name)).transpose()?;
    Ok(Features { values, scale, flags: vec![], items })
}

fn item_features(items: &Items, name: &str) -> Result<ItemFeatures> {
    let scale = InputScale::covering(&items.values.values, items.values.columns);
    for (column, item_name) in items.names.iter().enumerate() {
        let numbers = || items.values.column(column);
        if !numbers().all(|x| (x - scale.centre[column]).is_finite()) {
            return Err(input_error!(
                "{name}: the item column '{item_name}' reaches from {:e} to {:e}, and f64 cannot \
                 hold the difference; write it in another unit",
                numbers().fold(f64::MAX, f64::min),
                numbers().fold(f64::MIN, f64::max)
            ));
        }
    }
    Ok(ItemFeatures { items: items.clone(), scale, flags: vec![] })
}

impl Features {
    /// The same with flags of missing numbers, of inputs and of items.
    pub fn with_flags(self, flags: Vec<(usize, usize)>, of_items: Vec<(usize, usize)>) -> Self {
        let items = self.items.map(|items| ItemFeatures { flags: of_items, ..items });
        Self { flags, items, ..self }
    }

    /// Whether a column has the same value in every row.
    pub fn is_constant(&self, column: usize) -> bool {
        let mut values = self.values.column(column);
        let first = values.next();
        values.all(|value| Some(value) == first)
    }

    /// Takes the widths of another dataset for columns that are constant in this one: a network
    /// that is trained here may be fine-tuned there.
    pub fn borrow_widths(&mut self, other: &Features) {
        for column in 0..self.values.columns {
            if self.is_constant(column) && !other.is_constant(column) {
                self.scale.width[column] = other.scale.width[column];
            }
        }
        let (Some(own), Some(other)) = (&mut self.items, &other.items) else { return };
        for column in 0..own.items.values.columns {
            let constant = |of: &ItemFeatures| {
                let first = of.items.values.values.get(column);
                of.items.values.column(column).all(|x| Some(&x) == first)
            };
            if constant(own) && !constant(other) {
                own.scale.width[column] = other.scale.width[column];
            }
        }
    }
}

/// Checks that every input has a logarithm; `name` is what the user calls the
/// dataset.
///
/// # Errors
/// The first input that is not positive: its row, its column's name and place on the axis, and how
/// many there are.
pub fn check_positive(dataset: &Dataset, name: &str) -> Result<()> {
    let inputs = &dataset.inputs;
    let count = inputs.values.iter().filter(|&&value| value <= 0.0).count();
    let Some(first) = inputs.values.iter().position(|&value| value <= 0.0) else {
        return Ok(());
    };
    let (row, column) = (first / inputs.columns, first % inputs.columns);
    Err(input_error!(
        "{name}: {} in row {row} (counting from 0), input '{}' ({} = {}), has no log10; {count} of \
         {} inputs are not positive. Set log10 = false in the study file, or leave those rows or \
         inputs out",
        number_text(inputs.values[first]),
        dataset.input_names[column],
        dataset.axis_name,
        number_text(dataset.axis[column]),
        inputs.values.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::matrix::Matrix;

    fn dataset(x: Vec<f64>) -> Dataset {
        let y = vec![0.1, 10.0, 0.3, 20.0, 0.5, 30.0];
        let names = ["Omega_m", "mass"].map(String::from).to_vec();
        let target_ranges = vec![[0.1, 0.5], [10.0, 30.0]];
        Dataset {
            weights: None,
            groups: None,
            target_ranges,
            ..Dataset::new(Matrix::new(3, 2, x), Matrix::new(3, 2, y), names).unwrap()
        }
    }

    fn close(a: &[f64], b: &[f64]) {
        let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // a few roundings of numbers around one
        assert!(a.len() == b.len() && worst < 8.0 * f64::EPSILON, "{a:?} is not {b:?}, by {worst}");
    }

    #[test]
    fn statistics_are_those_of_the_training_rows_only() {
        // rows 0 and 1 by hand: means 2 and 7, population deviation 1; the constant is scaled by
        // its distance from the third row
        let dataset = dataset(vec![1.0, 7.0, 3.0, 7.0, 1000.0, 1e-9]);
        let scaling = Scaling::fit(&dataset, &[0, 1], false).unwrap();
        close(&scaling.mean, &[2.0, 7.0]);
        close(&scaling.deviation, &[1.0, 7.0 - 1e-9]);
        let mut out = [0.0; 2];
        scaling.input(&[5.0, 0.0], &mut out);
        close(&out, &[3.0, -7.0 / (7.0 - 1e-9)]);
    }

    /// Where a number is missing, another one stands in its place, which is not what the column is.
    #[test]
    fn missing_numbers_do_not_count() {
        let dataset = dataset(vec![1.0, 0.0, 3.0, 0.0, 50.0, 1.0]);
        let features = features(&dataset, false, "x").unwrap().with_flags(vec![(0, 1)], vec![]);
        let ranges = &dataset.target_ranges;
        let fit = |rows: &[u32]| Scaling::from_features(&features, rows, false, ranges).unwrap();
        let scaling = fit(&[0, 1, 2]);
        close(&scaling.mean, &[2.0, 0.0]);
        close(&scaling.deviation, &[1.0, 1.0]);
        // one that is there, and none
        assert_eq!(fit(&[0, 2]).mean, [1.0, 0.0]);
        let none = fit(&[2]);
        assert!(none.mean[0].is_finite() && none.deviation[0] > 0.0, "{none:?}");
    }

    #[test]
    fn the_logarithm_comes_first() {
        // log10: 0, 2, 4 with mean 2 and deviation sqrt(8/3); 0.1 three times is constant also
        // after rounding
        let dataset = dataset(vec![1.0, 0.1, 100.0, 0.1, 10_000.0, 0.1]);
        let scaling = Scaling::fit(&dataset, &[2, 0, 1], true).unwrap();
        close(&scaling.mean, &[2.0, -1.0]);
        close(&scaling.deviation, &[(8.0f64 / 3.0).sqrt(), 1.0]);
        let mut out = [0.0; 2];
        scaling.input(&[1000.0, 0.1], &mut out);
        close(&out, &[1.0 / (8.0f64 / 3.0).sqrt(), 0.0]);
    }

    #[test]
    fn features_computed_once_give_the_same_bits() {
        let dataset = dataset(vec![0.3, 0.1, 17.0, 5.0, 1e4, 0.7]);
        let features = features(&dataset, true, "x").unwrap();
        let scaling = Scaling::fit(&dataset, &[2, 0], true).unwrap();
        let ranges = &dataset.target_ranges;
        let again = Scaling::from_features(&features, &[2, 0], true, ranges).unwrap();
        assert_eq!(scaling, again);
        for row in 0..3 {
            let (mut wide, mut narrow) = ([0.0; 2], [0.0; 2]);
            scaling.input(dataset.inputs.row(row), &mut wide);
            scaling.feature(features.values.row(row), &mut narrow);
            assert_eq!(wide.map(|value| value as f32), narrow);
        }
    }

    #[test]
    fn neither_a_constant_nor_a_unit_changes_what_a_network_sees() {
        let plain = [1.0, 7.0, 3.0, 8.0, 4.5, 9.0];
        let seen = |change: &dyn Fn(f64) -> f64| {
            let dataset = dataset(plain.iter().map(|x| change(*x)).collect());
            let scaling = Scaling::fit(&dataset, &[0, 1, 2], false).unwrap();
            let mut all = [[0.0; 2]; 3];
            for (row, out) in all.iter_mut().enumerate() {
                scaling.input(dataset.inputs.row(row), out);
            }
            all.concat()
        };
        let expected = seen(&|x| x);
        for unit in [1e-300, 1e-46, 1e38, 1e300] {
            close(&seen(&|x| x * unit), &expected);
        }
        for shift in [1e8f64, -2.46e6, 1e12] {
            // a number of this size has this rounding, and the deviations are about 1
            let rounding = 4.0 * f64::EPSILON * shift.abs();
            let shifted = seen(&|x| x + shift);
            for (a, b) in shifted.iter().zip(&expected) {
                assert!((a - b).abs() <= rounding, "{a} is not {b} beside {shift}");
            }
        }
    }

    #[test]
    fn targets_go_to_the_unit_range_and_back() {
        let scaling = Scaling::fit(&dataset(vec![1.0; 6]), &[0], false).unwrap();
        let (mut scaled, mut physical) = ([0.0; 2], [0.0; 2]);
        scaling.target(&[0.2, 25.0], &mut scaled);
        close(&scaled, &[0.25, 0.75]);
        scaling.physical(&scaled, &mut physical);
        close(&physical, &[0.2, 25.0]);
    }

    #[test]
    fn a_scaling_is_stored_as_text() {
        let scaling =
            Scaling::fit(&dataset(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.7]), &[0, 2], true).unwrap();
        let text = serde_json::to_string(&scaling).unwrap();
        assert_eq!(serde_json::from_str::<Scaling>(&text).unwrap(), scaling);
    }

    #[test]
    fn no_logarithm_of_what_is_not_positive_in_any_row() {
        let dataset = dataset(vec![1.0, 1.0, 1.0, 1.0, 0.0, -2.0]);
        let error = check_positive(&dataset, "neutrinos").unwrap_err().to_string();
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
