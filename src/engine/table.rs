//! Tables: the examples that runs train on, in f32 or f16.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use half::f16;

use crate::engine::precision::{Precision, to_f16};
use crate::engine::scale::InputScale;
use crate::engine::sets::Sets;
use crate::error::Result;
use crate::input_error;

/// The examples that runs train on. Many runs share one table; each uses some of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Inputs, shape (rows, inputs), in row-major order, as [`Table::scale`] scales them.
    pub x: Vec<f32>,
    /// Targets, shape (rows, targets), in row-major order, scaled for the loss.
    pub y: Vec<f32>,
    /// Number of examples.
    pub rows: usize,
    /// Columns of `x`.
    pub inputs: usize,
    /// Columns of `y`.
    pub targets: usize,
    /// How `x` was computed from raw inputs, in f64. Around their median, inputs such as 1e8 + 0.1
    /// or 1e-46 keep all digits of an f32.
    pub scale: InputScale,
    /// The items of the examples, for graphs that read items.
    pub sets: Option<Sets>,
    /// Weight of each row in the loss, shape (rows), also negative ones; all are 1 if there are
    /// none. [`crate::engine::loss`] says how they are normalised.
    pub weights: Option<Vec<f32>>,
}

impl Table {
    /// A table of raw inputs `x`, shape (rows, inputs), and targets `y`, shape (rows, targets),
    /// already scaled for the loss; both f64 or f32, in row-major order. The inputs are stored as
    /// [`InputScale::covering`] scales them.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if a length is no multiple of its columns, or the rows differ.
    pub fn new<X, Y>(x: Vec<X>, inputs: usize, y: Vec<Y>, targets: usize) -> Result<Self>
    where
        X: Copy + Into<f64>,
        Y: Copy + Into<f64>,
    {
        let rows = check_rows((x.len(), inputs), (y.len(), targets))?;
        let scale = InputScale::covering(&x, inputs);
        let y = y.into_iter().map(|y| y.into() as f32).collect();
        let x = scale.apply(&x);
        Ok(Self { x, y, rows, inputs, targets, scale, sets: None, weights: None })
    }

    /// A table of sets of items and `y`, shape (rows, targets), without columns per example.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn of_sets<Y: Copy + Into<f64>>(sets: Sets, y: Vec<Y>, targets: usize) -> Result<Self> {
        let table = Self::new(vec![0f32; sets.rows()], 1, y, targets)?;
        let (x, scale) = (Vec::new(), InputScale::default());
        Ok(Self { x, inputs: 0, scale, sets: Some(sets), ..table })
    }

    /// Adds the items of the examples.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if there are not as many sets as rows.
    pub fn with_sets(self, sets: Sets) -> Result<Self> {
        if sets.rows() != self.rows {
            return Err(input_error!(
                "table: {} sets of items but {} rows; set i and row i must be the same example",
                sets.rows(),
                self.rows
            ));
        }
        Ok(Self { sets: Some(sets), ..self })
    }

    /// The table of these rows, stored as they are here.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn select(&self, rows: &[u32]) -> Self {
        let of = |values: &[f32], width: usize| -> Vec<f32> {
            let row = |row: &u32| &values[*row as usize * width..(*row as usize + 1) * width];
            rows.iter().flat_map(row).copied().collect()
        };
        Self {
            x: of(&self.x, self.inputs),
            y: of(&self.y, self.targets),
            rows: rows.len(),
            sets: self.sets.as_ref().map(|sets| sets.select(rows)),
            weights: self.weights.as_ref().map(|weights| of(weights, 1)),
            scale: self.scale.clone(),
            ..*self
        }
    }

    /// A table whose inputs are stored as they are.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn unscaled(x: Vec<f32>, inputs: usize, y: Vec<f32>, targets: usize) -> Result<Self> {
        let rows = check_rows((x.len(), inputs), (y.len(), targets))?;
        let scale = InputScale::none(inputs);
        Ok(Self { x, y, rows, inputs, targets, scale, sets: None, weights: None })
    }

    /// Sets the weight of each row in the loss, shape (rows).
    pub fn weights(self, weights: Vec<f32>) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// Mean and deviation of each raw input over these rows. An input that is constant there keeps
    /// the width that it has in [`Table::scale`].
    ///
    /// # Panics
    /// If there is no such row.
    pub fn moments(&self, rows: &[u32]) -> InputScale {
        self.scale.moments(&self.x, rows.iter().map(|row| *row as usize))
    }

    /// Mean and deviation of each column of the items of these rows; empty without items.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn item_moments(&self, rows: &[u32]) -> InputScale {
        let Some(sets) = &self.sets else { return InputScale::default() };
        let items = |row: &u32| sets.offsets[*row as usize]..sets.offsets[*row as usize + 1];
        sets.scale.moments(&sets.x, rows.iter().flat_map(items).map(|item| item as usize))
    }
}

/// The rows of x and y, each given by its length and its columns.
fn check_rows(x: (usize, usize), y: (usize, usize)) -> Result<usize> {
    let rows = |what: &str, (len, columns): (usize, usize)| match len {
        0 => Err(input_error!("table: {what} is empty")),
        _ if columns == 0 || !len.is_multiple_of(columns) => Err(input_error!(
            "table: {what} has {len} numbers, which is not a multiple of its {columns} columns"
        )),
        _ => Ok(len / columns),
    };
    let (of_x, of_y) = (rows("x", x)?, rows("y", y)?);
    match of_x == of_y {
        true => Ok(of_x),
        false => Err(input_error!(
            "table: x has {of_x} rows but y has {of_y}; row i of both must be the same example"
        )),
    }
}

/// Tables that runs share. The f16 copy of a table is created when the first run needs it.
#[derive(Clone, Debug)]
pub struct Tables {
    tables: Arc<[Table]>,
    f16: Arc<[OnceLock<F16Table>]>,
}

/// A table in f16, which has three digits and goes from 6e-8 to 65,504: each input is stored around
/// its median, and the largest distance from it becomes [`LARGEST`].
#[derive(Clone, Debug, PartialEq)]
pub struct F16Table {
    /// Inputs, shape (rows, inputs).
    pub x: Vec<f16>,
    /// Targets, shape (rows, targets).
    pub y: Vec<f16>,
    /// How `x` was computed from [`Table::x`].
    pub scale: InputScale,
    /// The items of the examples, shape (items, columns).
    pub items: Vec<f16>,
    /// How they were computed from [`Sets::x`].
    pub item_scale: InputScale,
}

/// The largest number of a column in f16. Beside an outlier the other numbers keep their digits
/// until they are 5e8 times smaller.
const LARGEST: f64 = 32768.0;

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
    /// The parts of a table as the device stores them, each in whole words of four bytes: inputs,
    /// targets, items, and the lists of its sets, which are integers.
    pub fn bytes(&self, table: usize, precision: Precision) -> [Vec<u8>; 7] {
        let source = &self.tables[table];
        let items = source.sets.as_ref().map_or(&[][..], |sets| &sets.x);
        let numbers = match precision {
            Precision::F32 => {
                [&source.x[..], &source.y, items].map(|x| bytemuck::cast_slice(x).to_vec())
            }
            Precision::F16 => {
                let half = self.in_f16(table);
                [&half.x, &half.y, &half.items].map(|x| bytemuck::cast_slice(x).to_vec())
            }
        };
        let [x, y, items] = numbers.map(|mut bytes: Vec<u8>| {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        });
        let [offsets, lists, incoming_offsets, incoming] = source
            .sets
            .as_ref()
            .map_or([&[][..]; 4], Sets::lists)
            .map(|list| bytemuck::cast_slice(list).to_vec());
        [x, y, items, offsets, lists, incoming_offsets, incoming]
    }
}

impl F16Table {
    fn new(table: &Table) -> Self {
        let stored = |x: &[f32], columns: usize| {
            let mut scale = InputScale::covering(x, columns);
            scale.width.iter_mut().for_each(|width| *width /= LARGEST);
            (to_f16(&scale.apply(x)), scale)
        };
        let (x, scale) = stored(&table.x, table.inputs);
        let sets = table.sets.as_ref();
        let (items, item_scale) =
            sets.map_or_else(Default::default, |sets| stored(&sets.x, sets.columns));
        Self { x, y: to_f16(&table.y), scale, items, item_scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_many_decades_keep_the_digits_of_f32_and_of_f16() {
        // a column around 1e8, one of 1e-46, one of 1e300, one with an outlier, one that never
        // changes
        let wave = |row: usize| (row as f64 * 0.7).sin();
        let raw = |row: usize| {
            let outlier = if row == 7 { 1e6 } else { wave(row) };
            [1e8 + wave(row), 1e-46 * (1.0 + wave(row)), 1e300 * wave(row), outlier, 7.5]
        };
        let x: Vec<f64> = (0..50).flat_map(raw).collect();
        let y = (0..50).map(|row| row as f32 / 50.0).collect();
        let tables = Tables::from(Arc::from([Table::new(x.clone(), 5, y, 1).unwrap()]));
        let (table, half) = (&tables[0], tables.in_f16(0));
        for (place, raw) in x.iter().enumerate() {
            let input = place % 5;
            let (centre, width) = (table.scale.centre[input], table.scale.width[input]);
            let wide = f64::from(table.x[place]);
            let half_scale = (half.scale.centre[input], half.scale.width[input]);
            let narrow = half.x[place].to_f64() * half_scale.1 + half_scale.0;
            // f32 and f16 round the distance from the centre; raw numbers have the digits of f64
            for (stored, digits) in [(wide, 24), (narrow, 11)] {
                let rounding = 1.01 * 2f64.powi(-digits) * (raw - centre).abs();
                let bound = rounding + 4.0 * f64::EPSILON * raw.abs();
                let back = stored * width + centre;
                assert!((back - raw).abs() <= bound, "{raw} became {back} with {digits} bits");
            }
        }
    }
}
