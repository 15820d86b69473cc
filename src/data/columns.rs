//! What is done to the columns of a table of inputs before they are scaled: logarithms, and the
//! numbers that stand for a missing one. It is stored with the network, which so reads raw inputs.

use serde::{Deserialize, Serialize};

use crate::data::axis::{UNNAMED, default_axis};
use crate::data::dataset::Dataset;
use crate::data::files::prefix;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names::{self, number_text};
use crate::error::Result;
use crate::input_error;

/// What is done to a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Nothing.
    #[default]
    Identity,
    /// The logarithm to base 10, of numbers above 0.
    Log10,
    /// ln(1 + x), of numbers above -1.
    Log1p,
}

impl Function {
    fn of(self, x: f64) -> f64 {
        match self {
            Function::Identity => x,
            Function::Log10 => x.log10(),
            Function::Log1p => x.ln_1p(),
        }
    }

    /// The number whose value this is.
    pub fn inverse(self, value: f64) -> f64 {
        match self {
            Function::Identity => value,
            Function::Log10 => 10f64.powf(value),
            Function::Log1p => value.exp_m1(),
        }
    }

    /// What a number must be to have a value.
    fn need(self) -> &'static str {
        match self {
            Function::Identity => "finite",
            Function::Log10 => "finite and above 0, because its log10 is taken",
            Function::Log1p => "finite and above -1, because ln(1 + x) of it is taken",
        }
    }
}

/// The numbers that stand for a missing one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sentinels {
    /// Such as -999.
    pub values: Vec<f64>,
    /// Whether NaN is one.
    pub nan: bool,
}

impl Sentinels {
    /// Those of a list, in which NaN may be.
    pub fn new(all: &[f64]) -> Self {
        let values = all.iter().copied().filter(|value| !value.is_nan()).collect();
        Self { values, nan: all.iter().any(|value| value.is_nan()) }
    }

    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && !self.nan
    }

    /// Whether a number is one of them.
    pub fn has(&self, x: f64) -> bool {
        (self.nan && x.is_nan()) || self.values.contains(&x)
    }
}

/// An input that can be missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// Its place among the raw inputs.
    pub input: usize,
    /// The number in its place where it is missing: the median of the others.
    pub value: f64,
}

/// What is done to each column. The features of a row are its inputs, or their logarithms, and then
/// a flag for each input that can be missing: 1 where it is, else 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// The function of each raw input, shape (inputs).
    pub functions: Vec<Function>,
    /// What stands for a missing number.
    pub missing: Sentinels,
    /// The inputs that were missing in some row, in their order, each with a flag.
    pub fills: Vec<Fill>,
}

impl Columns {
    /// The columns of tables with the same inputs; a missing number becomes the median of the first
    /// table that has others.
    pub fn new(functions: Vec<Function>, missing: Sentinels, tables: &[&Matrix]) -> Self {
        let is_missing =
            |table: &&Matrix, input: usize| table.column(input).any(|x| missing.has(x));
        let inputs = 0..functions.len();
        let can_be = inputs.filter(|input| tables.iter().any(|table| is_missing(table, *input)));
        let fill = |input: usize| {
            let of = |table: &&Matrix| median(table.column(input).filter(|x| !missing.has(*x)));
            let value = tables.iter().find_map(of);
            // a number that its function has a value of
            Fill { input, value: value.unwrap_or_else(|| functions[input].inverse(0.0)) }
        };
        let fills = can_be.map(fill).collect();
        Self { functions, missing, fills }
    }

    /// Number of raw inputs.
    pub fn inputs(&self) -> usize {
        self.functions.len()
    }

    /// Number of features: inputs and flags.
    pub fn features(&self) -> usize {
        self.functions.len() + self.fills.len()
    }

    /// Whether there are so many features, with flags of inputs that exist.
    pub(crate) fn are_sound(&self, features: usize) -> bool {
        self.features() == features && self.fills.iter().all(|fill| fill.input < self.inputs())
    }

    /// The names of the features.
    pub fn names(&self, inputs: &[String]) -> Vec<String> {
        let flags = self.fills.iter().map(|fill| format!("{}_missing", inputs[fill.input]));
        inputs.iter().cloned().chain(flags).collect()
    }

    /// What is put in the place of each missing input; NaN for one that was never missing.
    pub(crate) fn fills_of_inputs(&self) -> Vec<f64> {
        let mut fills = vec![f64::NAN; self.inputs()];
        self.fills.iter().for_each(|fill| fills[fill.input] = fill.value);
        fills
    }

    /// (feature, flag) of each input that can be missing.
    pub fn flags(&self) -> Vec<(usize, usize)> {
        (self.functions.len()..).zip(&self.fills).map(|(flag, fill)| (fill.input, flag)).collect()
    }

    /// The features of raw inputs, shape (rows, features).
    ///
    /// # Errors
    /// The first number that has no value: its row, its column and what it must be.
    ///
    /// # Panics
    /// If the matrix or the names are not those of the raw inputs.
    pub fn of(&self, raw: &Matrix, names: &[String]) -> Result<Matrix> {
        assert_eq!(raw.columns, self.inputs(), "columns: other inputs");
        let mut values = Vec::with_capacity(raw.rows * self.features());
        for row in 0..raw.rows {
            let start = values.len();
            values.extend_from_slice(raw.row(row));
            values.resize(start + self.features(), 0.0);
            let (inputs, flags) = values[start..].split_at_mut(raw.columns);
            for (flag, fill) in flags.iter_mut().zip(&self.fills) {
                let input = &mut inputs[fill.input];
                if self.missing.has(*input) {
                    (*input, *flag) = (fill.value, 1.0);
                }
            }
            for (column, (input, function)) in inputs.iter_mut().zip(&self.functions).enumerate() {
                let value = function.of(*input);
                if !value.is_finite() || self.missing.has(*input) {
                    return Err(self.no_value((row, column), *input, &names[column]));
                }
                *input = value;
            }
        }
        Ok(Matrix::new(raw.rows, self.features(), values))
    }

    fn no_value(&self, (row, column): (usize, usize), input: f64, name: &str) -> crate::Error {
        let number = number_text(input);
        let at = format!("row {row} (counting from 0), column {column} ({name})");
        if self.missing.has(input) {
            return input_error!(
                "{at} is {number}, which stands for a missing number; this input was never missing \
                 where the columns were chosen, so no network knows what to make of it"
            );
        }
        let sentinel = is_like_a_sentinel(input)
            .then(|| format!(". If {number} stands for a missing number, give missing = {number}"));
        let (need, sentinel) = (self.functions[column].need(), sentinel.unwrap_or_default());
        input_error!("{at} is {number}; it must be {need}{sentinel}")
    }

    /// The dataset with its features as inputs; `name` is what the user calls it.
    ///
    /// # Errors
    /// As [`Columns::of`]; a name of an input that is also that of a flag.
    pub fn apply(&self, dataset: Dataset, name: &str) -> Result<Dataset> {
        let names = &dataset.input_names;
        let inputs = self.of(&dataset.inputs, names).map_err(|error| prefix(error, name))?;
        let input_names = self.names(names);
        names::check_unique(&input_names, "input").map_err(|error| prefix(error, name))?;
        let axis = self.axis(&dataset.axis, &dataset.axis_name);
        Ok(Dataset { inputs, input_names, axis, ..dataset })
    }

    /// The items with their features as columns.
    ///
    /// # Errors
    /// As [`Columns::of`], with the item in place of the row; a name of a column that is also that
    /// of a flag.
    pub fn of_items(&self, items: Items, name: &str) -> Result<Items> {
        let in_items = |error| prefix(error, format!("{name}: 'items'"));
        let values = self.of(&items.values, &items.names).map_err(in_items)?;
        let names = self.names(&items.names);
        names::check_unique(&names, "item column").map_err(in_items)?;
        Ok(Items { values, names, ..items })
    }

    /// Where the features lie: a flag where its input does.
    fn axis(&self, axis: &[f64], name: &str) -> Vec<f64> {
        if name == UNNAMED {
            return default_axis(self.features());
        }
        axis.iter().copied().chain(self.fills.iter().map(|fill| axis[fill.input])).collect()
    }

    /// A description for people, such as `log10 of 2, ln(1 + x) of 12, missing numbers of 7 of 30
    /// inputs`.
    pub fn describe(&self) -> String {
        let count = |function| self.functions.iter().filter(|one| **one == function).count();
        let parts = [
            ("log10", count(Function::Log10)),
            ("ln(1 + x)", count(Function::Log1p)),
            ("missing numbers", self.fills.len()),
        ];
        let parts = parts.iter().filter(|(_, count)| *count > 0);
        let parts: Vec<String> = parts.map(|(what, count)| format!("{what} of {count}")).collect();
        format!("{} of {} inputs", parts.join(", "), self.inputs())
    }
}

/// Whether a number looks like one that stands for a missing one: nines, as -999.
pub fn is_like_a_sentinel(x: f64) -> bool {
    let size = x.abs();
    let least = if x < 0.0 { 9.0 } else { 99.0 };
    size >= least && size < 1e12 && size.fract() == 0.0 && {
        let digits = format!("{size}");
        digits.bytes().all(|digit| digit == b'9')
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(rows: &[[f64; 3]]) -> Dataset {
        let inputs = Matrix::new(rows.len(), 3, rows.concat());
        let names = ["pt", "eta", "mass"].map(String::from).to_vec();
        let (plain, targets) = (Matrix::new(2, 3, vec![1.0; 6]), Matrix::new(2, 1, vec![0.0, 1.0]));
        let dataset = Dataset::new(plain, targets, vec!["y".into()]).unwrap();
        Dataset { inputs, input_names: names, ..dataset }
    }

    fn columns(missing: &[f64], rows: &[[f64; 3]]) -> (Columns, Dataset) {
        let dataset = dataset(rows);
        let functions = vec![Function::Log1p, Function::Identity, Function::Log10];
        (Columns::new(functions, Sentinels::new(missing), &[&dataset.inputs]), dataset)
    }

    #[test]
    fn missing_numbers_become_the_median_and_a_flag() {
        let rows = [[3.0, 1.0, 10.0], [-999.0, 2.0, 100.0], [7.0, -999.0, 1.0], [5.0, 0.5, 10.0]];
        let (columns, dataset) = columns(&[-999.0], &rows);
        let found = columns.apply(dataset, "x").unwrap();
        assert_eq!(found.input_names, ["pt", "eta", "mass", "pt_missing", "eta_missing"]);
        assert_eq!(found.axis, [0.0, 1.0, 2.0, 3.0, 4.0]);
        let expected = [
            [4f64.ln(), 1.0, 1.0, 0.0, 0.0],
            // the medians of 3, 5, 7 and of 0.5, 1, 2
            [6f64.ln(), 2.0, 2.0, 1.0, 0.0],
            [8f64.ln(), 1.0, 0.0, 0.0, 1.0],
            [6f64.ln(), 0.5, 1.0, 0.0, 0.0],
        ];
        for (row, expected) in expected.iter().enumerate() {
            for (found, expected) in found.inputs.row(row).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-14, "row {row}: {found} {expected}");
            }
        }
        assert_eq!(columns.flags(), [(0, 3), (1, 4)]);
    }

    #[test]
    fn nan_is_a_missing_number_where_it_is_named() {
        let rows = [[3.0, f64::NAN, 10.0], [4.0, -9.0, 1.0]];
        let (columns, dataset) = columns(&[f64::NAN, -9.0], &rows);
        let found = columns.of(&dataset.inputs, &dataset.input_names).unwrap();
        assert_eq!(found.row(0)[1..], [0.0, 1.0, 1.0]);
        assert_eq!(found.row(1)[1..], [0.0, 0.0, 1.0]);
        let text = serde_json::to_string(&columns).unwrap();
        assert_eq!(serde_json::from_str::<Columns>(&text).unwrap(), columns);
    }

    #[test]
    fn a_number_without_a_value_is_named_with_the_way_out() {
        let fails = |missing: &[f64], rows: &[[f64; 3]], raw: [f64; 3], words: &[&str]| {
            let (columns, dataset) = columns(missing, rows);
            let raw = Matrix::new(1, 3, raw.to_vec());
            let error = columns.of(&raw, &dataset.input_names).unwrap_err().to_string();
            words.iter().for_each(|word| assert!(error.contains(word), "{word}: {error}"));
        };
        let rows = [[3.0, 1.0, 10.0], [-999.0, 2.0, 100.0]];
        fails(&[-999.0], &rows, [1.0, -999.0, 1.0], &["column 1 (eta)", "never missing"]);
        fails(&[], &rows[..1], [-999.0, 1.0, 1.0], &["(pt)", "above -1", "missing = -999"]);
        fails(&[], &rows[..1], [1.0, 1.0, 0.0], &["(mass)", "above 0"]);
        fails(&[], &rows[..1], [1.0, f64::NAN, 1.0], &["(eta) is NaN", "finite"]);
    }

    #[test]
    fn nines_look_like_missing_numbers() {
        for like in [-9.0, -99.0, -999.0, -9999.0, 999.0, 99999.0] {
            assert!(is_like_a_sentinel(like), "{like}");
        }
        for data in [9.0, -1.0, 0.0, -99.9, 990.0, -998.0, 1e30, f64::NAN] {
            assert!(!is_like_a_sentinel(data), "{data}");
        }
    }
}
