//! Random columns: their units, what is done to them, and raw numbers.

use shoal::data::columns::{Fill, Function, Sentinels};
use shoal::data::{Columns, Matrix};

/// Random numbers.
pub struct Numbers(pub u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// In (-1, 1), with 12 bits.
    pub fn signed(&mut self) -> f64 {
        (self.below(8191) as f64 - 4095.0) / 4096.0
    }
}

/// Columns and what is done to them.
pub struct Prepared {
    /// The unit of each column.
    pub unit: Vec<f64>,
    pub columns: Option<Columns>,
    pub mean: Vec<f64>,
    pub deviation: Vec<f64>,
}

impl Prepared {
    pub fn new(numbers: &mut Numbers, count: usize) -> Self {
        let exponents: Vec<i32> = (0..count).map(|_| numbers.below(120) as i32 - 60).collect();
        let unit: Vec<f64> = exponents.iter().map(|exponent| 2f64.powi(*exponent)).collect();
        let known = [Function::Identity, Function::Log10, Function::Log1p];
        let functions: Vec<Function> = (0..count).map(|_| numbers.pick(&known)).collect();
        let can_be_missing = |numbers: &mut Numbers| numbers.below(3) == 0;
        let filled: Vec<usize> = (0..count).filter(|_| can_be_missing(numbers)).collect();
        let missing = Sentinels::new(&[-999.0, f64::NAN]);
        let fills = filled.iter().map(|input| Fill { input: *input, value: unit[*input] });
        let columns = Columns { functions: functions.clone(), missing, fills: fills.collect() };
        let is_prepared = count > 0 && numbers.below(4) > 0;
        let (mut mean, mut deviation) = (Vec::new(), Vec::new());
        for (exponent, function) in exponents.iter().zip(functions) {
            // to hundredths: a logarithm has other last digits elsewhere
            let log10 = (f64::from(*exponent) * 30.103).round() / 100.0;
            let (centre, width) = match function {
                Function::Log10 if is_prepared => (log10, 0.25),
                Function::Log1p if is_prepared && *exponent > 0 => (2.3 * log10, 0.5),
                _ => (2f64.powi(*exponent), 2f64.powi(*exponent - 1)),
            };
            mean.push(centre + 0.125 * width);
            deviation.push(width);
        }
        let columns = is_prepared.then_some(columns);
        let flags = columns.as_ref().map_or(0, |columns| columns.fills.len());
        mean.extend(vec![0.0; flags]);
        deviation.extend(vec![1.0; flags]);
        Self { unit, columns, mean, deviation }
    }

    /// Raw numbers: one unit and a part of one, or missing.
    pub fn data(&self, numbers: &mut Numbers, rows: usize) -> Matrix {
        let mut values = Vec::new();
        for _ in 0..rows {
            let start = values.len();
            values.extend(self.unit.iter().map(|unit| unit * (1.0 + 0.875 * numbers.signed())));
            for fill in self.columns.iter().flat_map(|columns| &columns.fills) {
                if numbers.below(4) == 0 {
                    values[start + fill.input] = numbers.pick(&[-999.0, f64::NAN]);
                }
            }
        }
        Matrix::new(rows, self.unit.len(), values)
    }
}
