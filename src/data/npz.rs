//! A dataset in one npz, which numpy opens too.

use std::path::Path;

use serde_json::json;

use crate::data::array::Matrix;
use crate::data::dataset::{Dataset, default_axis, default_ranges};
use crate::data::file::{prefix, read_bytes};
use crate::data::files::write_atomically;
use crate::data::names::numbered;
use crate::data::{numpy, zip};
use crate::input_error;
use crate::error::Result;

impl Dataset {
    /// Reads an npz: that of [`Dataset::save`], or one made by hand with only `x` and `y`, and as
    /// much of the rest as there is. `k` is another name for `axis`.
    ///
    /// # Errors
    /// Each names the file: `x` or `y` is missing, cannot be read, or something does not fit
    /// ([`Dataset::check`]).
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = read_bytes(path)?;
        Self::from_bytes(&bytes).map_err(|error| prefix(error, path.display()))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if !bytes.starts_with(b"PK") {
            return Err(input_error!(
                "is not an .npz file; `shoal import` makes one from .npy and text files"
            ));
        }
        let mut members = Members(numpy::Archive::open(bytes)?);
        let inputs = members.required("x", "inputs")?;
        let targets = members.required("y", "targets")?;
        let from_k = !members.has("axis") && members.has("k");
        let axis = members.numbers(if from_k { "k" } else { "axis" })?;
        let target_names =
            members.strings("target_names")?.unwrap_or_else(|| numbered('y', targets.columns));
        let ranges = members.numbers("target_ranges")?.map(ranges_of).transpose()?;
        let dataset = Self {
            axis: axis.map_or_else(|| default_axis(inputs.columns), |axis| axis.values),
            axis_name: members
                .string("axis_name")?
                .unwrap_or(if from_k { "k [h/Mpc]" } else { "input" }.into()),
            input_names: members
                .strings("input_names")?
                .unwrap_or_else(|| numbered('x', inputs.columns)),
            target_ranges: ranges.unwrap_or_else(|| default_ranges(&targets, &target_names)),
            target_names,
            provenance: match members.string("provenance")? {
                Some(text) => serde_json::from_str(&text)
                    .map_err(|error| input_error!("'provenance' is not JSON ({error})"))?,
                None => json!({}),
            },
            inputs,
            targets,
        };
        dataset.check()?;
        Ok(dataset)
    }

    /// Writes an npz that [`Dataset::load`] and `numpy.load` open. The file is complete or not
    /// there.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) naming the file; an input error if the dataset is
    /// not sound.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.check().map_err(|error| prefix(error, path.display()))?;
        write_atomically(path, |file| zip::write(file, &self.members()?))
    }

    fn members(&self) -> std::io::Result<Vec<(String, Vec<u8>)>> {
        let matrix = |matrix: &Matrix| {
            numpy::number_bytes(&[matrix.rows as u64, matrix.columns as u64], &matrix.values)
        };
        let list = |names: &[String]| numpy::text_bytes(&[names.len() as u64], names);
        let text = |text: String| numpy::text_bytes(&[], &[text]);
        let ranges = self.target_ranges.as_flattened();
        let members = [
            ("x", matrix(&self.inputs)?),
            ("y", matrix(&self.targets)?),
            ("axis", numpy::number_bytes(&[self.axis.len() as u64], &self.axis)?),
            ("axis_name", text(self.axis_name.clone())?),
            ("input_names", list(&self.input_names)?),
            ("target_names", list(&self.target_names)?),
            ("target_ranges", numpy::number_bytes(&[self.target_ranges.len() as u64, 2], ranges)?),
            ("provenance", text(self.provenance.to_string())?),
        ];
        Ok(members.into_iter().map(|(name, bytes)| (format!("{name}.npy"), bytes)).collect())
    }
}

fn ranges_of(matrix: Matrix) -> Result<Vec<[f64; 2]>> {
    if matrix.columns != 2 {
        let (rows, columns) = (matrix.rows, matrix.columns);
        return Err(input_error!(
            "'target_ranges' has shape ({rows}, {columns}); expected (targets, 2), low and high"
        ));
    }
    Ok((0..matrix.rows).map(|row| [matrix.row(row)[0], matrix.row(row)[1]]).collect())
}

/// The members of an npz by name, each error naming the member.
struct Members<'bytes>(numpy::Archive<'bytes>);

impl Members<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.names().iter().any(|other| other == name)
    }

    fn required(&mut self, name: &str, meaning: &str) -> Result<Matrix> {
        self.numbers(name)?.ok_or_else(|| {
            input_error!(
                "has no '{name}' ({meaning}, one row per simulation); it holds {}. Save it with \
                 np.savez(file, x=inputs, y=targets)",
                self.0.names().join(", ")
            )
        })
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Matrix>> {
        self.read(name, numpy::matrix)
    }

    fn strings(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        self.read(name, numpy::strings)
    }

    fn string(&mut self, name: &str) -> Result<Option<String>> {
        Ok(self.strings(name)?.map(|strings| strings.concat()))
    }

    fn read<T>(&mut self, name: &str, parse: impl Fn(&[u8]) -> Result<T>) -> Result<Option<T>> {
        if !self.has(name) {
            return Ok(None);
        }
        let bytes = self.0.member(name)?;
        parse(&bytes).map(Some).map_err(|error| prefix(error, format!("'{name}'")))
    }
}
