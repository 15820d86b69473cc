//! A dataset in one npz, which numpy opens too.

use std::path::Path;

use serde_json::json;

use crate::data::axis::{UNNAMED, default_axis};
use crate::data::conventions::Conventions;
use crate::data::dataset::{Dataset, default_ranges};
use crate::data::files::{prefix, write_atomically};
use crate::data::format::{Contents, Format};
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::names::numbered;
use crate::data::npy;
use crate::data::npy_table;
use crate::data::npz::{Archive, Writer};
use crate::data::observations::Observations;
use crate::data::table::Table;
use crate::error::Result;
use crate::input_error;

/// The format of several arrays, which may be a dataset.
pub(crate) const FORMAT: Format = Format {
    name: "npz",
    extensions: &["npz"],
    help: "several arrays, as np.savez writes them; file.npz:name is one of them. With x and y, or \
           items and y, it is a dataset",
    matches: |bytes| bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06"),
    table,
    array: Some(|contents| {
        let mut archive = Archive::open(contents.bytes)?;
        let (name, bytes) = member(&mut archive, contents)?;
        npy_table::array(contents, Some(&name), &bytes)
    }),
    observations: Some(observations),
    dataset: Some(dataset),
    members: true,
};

/// The requested array, or the only one, with its name.
fn member(archive: &mut Archive, contents: &Contents) -> Result<(String, Vec<u8>)> {
    let name = match contents.member {
        Some(name) => name.to_string(),
        None => archive.only_member(contents.file)?,
    };
    let bytes = archive.member(&name)?;
    Ok((name, bytes))
}

fn table(contents: &Contents) -> Result<Table> {
    let mut archive = Archive::open(contents.bytes)?;
    if contents.member.is_none()
        && let Some(table) = columns(&mut archive, contents.wanted)?
    {
        return Ok(table);
    }
    let (name, bytes) = member(&mut archive, contents)?;
    npy_table::check_no_objects(&bytes, contents.file, Some(&name), "f8")?;
    npy_table::table(&bytes)
}

/// A table of several arrays with one number per row, by their names: a dictionary of parameters,
/// as cosmopower has it, or those that are wanted. `None` for other arrays.
fn columns(archive: &mut Archive, wanted: Option<&[String]>) -> Result<Option<Table>> {
    let all = archive.names_in_order();
    let wanted = wanted.filter(|wanted| wanted.iter().all(|name| all.contains(name)));
    let names = wanted.map_or(all, <[String]>::to_vec);
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for name in &names {
        let bytes = archive.member(name)?;
        if npy::header(&bytes)?.0.shape().len() != 1 {
            return Ok(None);
        }
        let Ok(column) = npy::matrix(&bytes) else {
            return Ok(None);
        };
        columns.push(column.values);
    }
    let several = columns.len() > 1 || wanted.is_some();
    let Some(rows) = columns.first().map(Vec::len).filter(|_| several) else {
        return Ok(None);
    };
    if let Some(other) = columns.iter().position(|column| column.len() != rows) {
        return Err(input_error!(
            "'{}' has {rows} numbers but '{}' has {}; arrays that are columns of a table have as \
             many. Say which one to read, as in file.npz:{}",
            names[0],
            names[other],
            columns[other].len(),
            names[0]
        ));
    }
    Ok(Some(Table { names: Some(names), ..Table::unnamed(Matrix::of_columns(&columns)) }))
}

/// The items of a ragged dataset.
fn items(members: &mut Members) -> Result<Option<Items>> {
    let Some(values) = members.numbers("items")? else { return Ok(None) };
    let names = members.strings("item_names")?;
    let list = |matrix: Matrix, name: &str| match matrix.columns {
        1 => Ok(matrix.values),
        columns => Err(input_error!(
            "'{name}' has shape ({}, {columns}); it is one list of numbers",
            matrix.rows
        )),
    };
    match (members.numbers("offsets")?, members.numbers("counts")?) {
        (Some(offsets), None) => Items::from_offsets(values, &list(offsets, "offsets")?, names),
        (None, Some(counts)) => Items::from_counts(values, &list(counts, "counts")?, names),
        (Some(_), Some(_)) => {
            Err(input_error!("has both 'offsets' and 'counts' of its items; save one of them"))
        }
        (None, None) => Err(input_error!(
            "has 'items' but neither 'counts', the number of items of each row, nor 'offsets', the \
             first item of each row and the number of all; save one of them"
        )),
    }
    .map(Some)
}

/// The inputs of a dataset with what belongs to them.
fn inputs(members: &mut Members, inputs: Matrix, items: Option<Items>) -> Result<Observations> {
    let from_k = !members.has("axis") && members.has("k");
    let axis = members.numbers(if from_k { "k" } else { "axis" })?;
    Ok(Observations {
        name: String::new(),
        axis: axis.map_or_else(|| default_axis(inputs.columns), |axis| axis.values),
        axis_name: members
            .string("axis_name")?
            .unwrap_or(if from_k { "k [h/Mpc]" } else { UNNAMED }.into()),
        input_names: members
            .strings("input_names")?
            .unwrap_or_else(|| numbered('x', inputs.columns)),
        inputs,
        items,
    })
}

/// The inputs of an npz with `x`; one observation is a row.
fn observations(contents: &Contents) -> Result<Option<Observations>> {
    let mut members = Members::open(contents)?;
    let items = items(&mut members)?;
    let x = match (members.numbers("x")?, &items) {
        (Some(x), _) => x,
        (None, Some(items)) => Matrix::new(items.rows(), 0, vec![]),
        (None, None) => return Ok(None),
    };
    let names = members.strings("input_names")?.map_or(0, |names| names.len());
    let axis = members.numbers("axis")?.or(members.numbers("k")?).map_or(0, |k| k.values.len());
    let one =
        items.is_none() && x.columns == 1 && x.rows > 1 && (names == x.rows || axis == x.rows);
    let x = if one { Matrix::new(1, x.rows, x.values) } else { x };
    inputs(&mut members, x, items).map(Some)
}

fn dataset(contents: &Contents, conventions: &Conventions) -> Result<Dataset> {
    let mut members = Members::open(contents)?;
    let items = items(&mut members)?;
    let x = match members.numbers("x")? {
        None if items.is_some() => None,
        x => x.map_or_else(|| members.required("x", "inputs"), Ok).map(Some)?,
    };
    let targets = members.required("y", "targets")?;
    let x = x.unwrap_or_else(|| Matrix::new(targets.rows, 0, vec![]));
    let inputs = inputs(&mut members, x, items)?;
    let target_names =
        members.strings("target_names")?.unwrap_or_else(|| numbered('y', targets.columns));
    let ranges = members.numbers("target_ranges")?.map(ranges_of).transpose()?;
    let dataset = Dataset {
        axis: inputs.axis,
        axis_name: inputs.axis_name,
        input_names: inputs.input_names,
        target_ranges: ranges
            .unwrap_or_else(|| default_ranges(&targets, &target_names, conventions)),
        target_names,
        weights: members.numbers("weights")?.map(|weights| weights.values),
        groups: members.numbers("groups")?.map(|groups| groups.values),
        provenance: match members.string("provenance")? {
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| input_error!("'provenance' is not JSON ({error})"))?,
            None => json!({}),
        },
        inputs: inputs.inputs,
        items: inputs.items,
        targets,
    };
    dataset.check_with(conventions.nan_inputs)?;
    Ok(dataset)
}

impl Dataset {
    /// Writes an npz that [`Dataset::load`] and `numpy.load` open. The file is complete or not
    /// there, and its bytes are the same for the same dataset.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) naming the file; an input error if the dataset is
    /// not sound.
    pub fn save(&self, path: &Path) -> Result<()> {
        // NaN are inputs that are not defined: who reads the file says whether they may be
        self.check_with(true).map_err(|error| prefix(error, path.display()))?;
        write_atomically(path, |file| {
            let mut npz = Writer::new(file);
            let mut numbers = |name: &str, shape: &[u64], values: &[f64]| {
                npz.array(name, size_of_val(values), |file| npy::write_numbers(file, shape, values))
            };
            let x = Some(("x", &self.inputs)).filter(|(_, x)| x.columns > 0);
            let items = self.items.as_ref().map(|items| ("items", &items.values));
            for (name, matrix) in x.into_iter().chain([("y", &self.targets)]).chain(items) {
                numbers(name, &[matrix.rows as u64, matrix.columns as u64], &matrix.values)?;
            }
            if let Some(items) = &self.items {
                let offsets: Vec<f64> = items.offsets.iter().copied().map(f64::from).collect();
                numbers("offsets", &[offsets.len() as u64], &offsets)?;
            }
            if self.inputs.columns > 0 {
                numbers("axis", &[self.axis.len() as u64], &self.axis)?;
            }
            for (name, list) in [("weights", &self.weights), ("groups", &self.groups)] {
                if let Some(list) = list {
                    numbers(name, &[list.len() as u64], list)?;
                }
            }
            let ranges = self.target_ranges.as_flattened();
            numbers("target_ranges", &[self.target_ranges.len() as u64, 2], ranges)?;
            let items = self.items.as_ref().map(|items| ("item_names", &items.names));
            for (name, list) in
                [("input_names", &self.input_names), ("target_names", &self.target_names)]
                    .into_iter()
                    .chain(items)
                    .filter(|(_, list)| !list.is_empty())
            {
                npz.array(name, 0, |file| npy::write_text(file, &[list.len() as u64], list))?;
            }
            let provenance = self.provenance.to_string();
            for (name, text) in [("axis_name", &self.axis_name), ("provenance", &provenance)] {
                npz.array(name, 0, |file| npy::write_text(file, &[], std::slice::from_ref(text)))?;
            }
            npz.finish()
        })
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
struct Members<'a> {
    archive: Archive<'a>,
    file: &'a Path,
}

impl<'a> Members<'a> {
    fn open(contents: &Contents<'a>) -> Result<Self> {
        Ok(Self { archive: Archive::open(contents.bytes)?, file: contents.file })
    }

    fn has(&self, name: &str) -> bool {
        self.archive.names().iter().any(|other| other == name)
    }

    fn required(&mut self, name: &str, meaning: &str) -> Result<Matrix> {
        self.numbers(name)?.ok_or_else(|| {
            input_error!(
                "has no '{name}' ({meaning}, one row per simulation); it holds {}. Save it with \
                 np.savez(file, x=inputs, y=targets)",
                self.archive.names().join(", ")
            )
        })
    }

    fn numbers(&mut self, name: &str) -> Result<Option<Matrix>> {
        self.read(name, "f8", npy::matrix)
    }

    fn strings(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        self.read(name, "U", npy::strings)
    }

    fn string(&mut self, name: &str) -> Result<Option<String>> {
        Ok(self.strings(name)?.map(|strings| strings.concat()))
    }

    fn read<T>(
        &mut self,
        name: &str,
        kind: &str,
        parse: impl Fn(&[u8]) -> Result<T>,
    ) -> Result<Option<T>> {
        if !self.has(name) {
            return Ok(None);
        }
        let bytes = self.archive.member(name)?;
        npy_table::check_no_objects(&bytes, self.file, Some(name), kind)?;
        parse(&bytes).map(Some).map_err(|error| prefix(error, format!("'{name}'")))
    }
}
