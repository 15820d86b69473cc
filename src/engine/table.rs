//! Tables: the examples that runs train on, in f32 or f16.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use half::f16;

use crate::engine::precision::{Precision, to_f16};
use crate::error::Result;
use crate::input_error;

/// The examples that runs train on. Many runs share one table; each uses some of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Inputs, shape (rows, inputs), in row-major order, not scaled.
    pub x: Vec<f32>,
    /// Targets, shape (rows, targets), in row-major order, scaled for the loss.
    pub y: Vec<f32>,
    /// Number of examples.
    pub rows: usize,
    /// Columns of `x`.
    pub inputs: usize,
    /// Columns of `y`.
    pub targets: usize,
    /// Weight of each row in the loss, shape (rows), also negative ones; all are 1 if there are
    /// none. [`crate::engine::loss`] says how they are normalised.
    pub weights: Option<Vec<f32>>,
}

impl Table {
    /// A table of `x`, shape (rows, inputs), and `y`, shape (rows, targets), in row-major order.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if a length is no multiple of its columns, or the rows differ.
    pub fn new(x: Vec<f32>, inputs: usize, y: Vec<f32>, targets: usize) -> Result<Self> {
        let rows = |what: &str, values: &[f32], columns: usize| match values.len() {
            0 => Err(input_error!("table: {what} is empty")),
            len if columns == 0 || !len.is_multiple_of(columns) => Err(input_error!(
                "table: {what} has {len} numbers, which is not a multiple of its {columns} columns"
            )),
            len => Ok(len / columns),
        };
        let (of_x, of_y) = (rows("x", &x, inputs)?, rows("y", &y, targets)?);
        if of_x != of_y {
            return Err(input_error!(
                "table: x has {of_x} rows but y has {of_y}; row i of both must be the same example"
            ));
        }
        Ok(Self { x, y, rows: of_x, inputs, targets, weights: None })
    }

    /// Sets the weight of each row in the loss, shape (rows).
    pub fn weights(self, weights: Vec<f32>) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// The mean and one over the deviation of each input over some rows, summed in f64; an input
    /// that is constant there has 1 instead of the latter.
    pub(crate) fn input_moments(&self, rows: impl Iterator<Item = usize> + Clone) -> [Vec<f32>; 2] {
        let count = rows.clone().count() as f64;
        let (mut means, mut inverse_deviations) = (Vec::new(), Vec::new());
        for input in 0..self.inputs {
            let column = || rows.clone().map(|row| f64::from(self.x[row * self.inputs + input]));
            let mean = column().sum::<f64>() / count;
            let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let inverse = (1.0 / variance.sqrt()) as f32;
            means.push(mean as f32);
            inverse_deviations.push(if inverse.is_finite() { inverse } else { 1.0 });
        }
        [means, inverse_deviations]
    }
}

/// Tables that runs share. The f16 copy of a table is created when the first run needs it.
#[derive(Clone, Debug)]
pub struct Tables {
    tables: Arc<[Table]>,
    f16: Arc<[OnceLock<F16Table>]>,
}

/// A table in f16. Inputs may span many decades while f16 has three digits, so each is stored as
/// (x - mean) / deviation, with the mean and deviation over all rows. With n rows these numbers are
/// at most sqrt(n), so none overflows.
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
        let f16 = tables.iter().map(|_| OnceLock::new()).collect();
        Self { tables, f16 }
    }
}

impl Deref for Tables {
    type Target = [Table];
    fn deref(&self) -> &[Table] {
        &self.tables
    }
}

impl Tables {
    /// A table in f16.
    pub fn in_f16(&self, table: usize) -> &F16Table {
        self.f16[table].get_or_init(|| F16Table::new(&self.tables[table]))
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
                let table = self.in_f16(table);
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
        let [mean, inverse_deviation] = table.input_moments(0..table.rows);
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
            weights: None,
        };
        let tables = Tables::from(Arc::from([table.clone()]));
        let half = tables.in_f16(0);
        for (place, (stored, raw)) in half.x.iter().zip(&table.x).enumerate() {
            let input = place % 3;
            let scaled = stored.to_f64();
            let back =
                scaled / f64::from(half.inverse_deviation[input]) + f64::from(half.mean[input]);
            let deviation = 1.0 / f64::from(half.inverse_deviation[input]);
            // the rounding of an f16 of at most sqrt(2), and of f32s of the size of the column
            let bound = deviation * 2f64.powi(-11) * 1.5 + f64::from(*raw).abs() * 2f64.powi(-22);
            assert!((back - f64::from(*raw)).abs() <= bound, "{raw} became {back}");
        }
    }
}
