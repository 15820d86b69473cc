//! The tables of a study, in either precision.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use half::f16;

use crate::engine::precision::to_f16;
use crate::engine::run::{Precision, Table};

/// The tables of a study; each is turned into halves at most once, when the first run asks for
/// them.
#[derive(Clone, Debug)]
pub struct Tables {
    tables: Arc<[Table]>,
    halves: Arc<[OnceLock<F16Table>]>,
}

/// A table in half precision. Raw spectra span many decades, and a half has three digits; so each
/// input has its mean and deviation over all rows taken out: what is stored is (x - mean) /
/// deviation. No number of n rows is then beyond sqrt(n), so none overflows.
#[derive(Clone, Debug, PartialEq)]
pub struct F16Table {
    /// Inputs, shape (rows, inputs).
    pub x: Vec<f16>,
    /// Targets, shape (rows, targets).
    pub y: Vec<f16>,
    /// Mean of each input, shape (inputs).
    pub mean: Vec<f32>,
    /// One over the deviation of each input, 1 where that is 0; shape (inputs).
    pub inverse_deviation: Vec<f32>,
}

impl From<Arc<[Table]>> for Tables {
    fn from(tables: Arc<[Table]>) -> Self {
        let halves = tables.iter().map(|_| OnceLock::new()).collect();
        Self { tables, halves }
    }
}

impl Deref for Tables {
    type Target = [Table];
    fn deref(&self) -> &[Table] {
        &self.tables
    }
}

impl Tables {
    /// A table in half precision.
    pub fn half(&self, table: usize) -> &F16Table {
        self.halves[table].get_or_init(|| F16Table::new(&self.tables[table]))
    }
}

impl Tables {
    /// Inputs and targets of a table as the device stores them, in whole words of four bytes.
    pub fn bytes(&self, table: usize, precision: Precision) -> [Vec<u8>; 2] {
        let [mut x, mut y] = match precision {
            Precision::F32 => {
                let table = &self.tables[table];
                [&table.x, &table.y].map(|numbers| bytemuck::cast_slice(numbers).to_vec())
            }
            Precision::F16 => {
                let table = self.half(table);
                [&table.x, &table.y].map(|numbers| bytemuck::cast_slice(numbers).to_vec())
            }
        };
        x.resize(x.len().next_multiple_of(4), 0);
        y.resize(y.len().next_multiple_of(4), 0);
        [x, y]
    }
}

impl F16Table {
    fn new(table: &Table) -> Self {
        let rows = table.rows as f64;
        let column = |input: usize| {
            let numbers = table.x.iter().skip(input).step_by(table.inputs);
            numbers.map(|x| f64::from(*x))
        };
        let (mut mean, mut inverse_deviation) = (Vec::new(), Vec::new());
        for input in 0..table.inputs {
            let middle = column(input).sum::<f64>() / rows;
            let variance = column(input).map(|x| (x - middle).powi(2)).sum::<f64>() / rows;
            let inverse = (1.0 / variance.sqrt()) as f32;
            mean.push(middle as f32);
            inverse_deviation.push(if inverse.is_finite() { inverse } else { 1.0 });
        }
        let scaled: Vec<f32> = (table.x.iter().enumerate())
            .map(|(place, x)| {
                let input = place % table.inputs;
                (x - mean[input]) * inverse_deviation[input]
            })
            .collect();
        Self { x: to_f16(&scaled), y: to_f16(&table.y), mean, inverse_deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spectra_of_many_decades_keep_three_digits_of_their_scatter() {
        // a column around 1e5, one around 1e-7, one that never changes
        let row = |row: usize| {
            let wave = (row as f32 * 0.7).sin();
            [1e5 + 3e3 * wave, 1e-7 * (1.0 + 0.2 * wave), 7.5]
        };
        let table = Table {
            x: (0..50).flat_map(row).collect(),
            y: (0..50).map(|row| row as f32 / 50.0).collect(),
            rows: 50,
            inputs: 3,
            targets: 1,
        };
        let tables = Tables::from(Arc::from([table.clone()]));
        let half = tables.half(0);
        for (place, (stored, raw)) in half.x.iter().zip(&table.x).enumerate() {
            let input = place % 3;
            let scaled = stored.to_f64();
            let back =
                scaled / f64::from(half.inverse_deviation[input]) + f64::from(half.mean[input]);
            let deviation = 1.0 / f64::from(half.inverse_deviation[input]);
            // the rounding of a half of at most sqrt(2), and that of f32s of the size of the column
            let bound = deviation * 2f64.powi(-11) * 1.5 + f64::from(*raw).abs() * 2f64.powi(-22);
            assert!((back - f64::from(*raw)).abs() <= bound, "{raw} became {back}");
        }
    }
}
