//! The file formats, and reading a table or a dataset from a file of any of them.

use std::path::Path;

use crate::data::array::Array;
use crate::data::conventions::Conventions;
use crate::data::dataset::Dataset;
use crate::data::files::{prefix, read_bytes, split_member};
use crate::data::format::{Contents, Format};
use crate::data::matrix::Matrix;
use crate::data::observations::Observations;
use crate::data::table::Table;
use crate::data::text::options::TextOptions;
use crate::data::{dataset_npz, hdf5, npy_table, parquet, root, text};
use crate::error::Result;
use crate::input_error;

/// Every format. A file is of the first one that it begins as, whatever its name, so text stands
/// last.
pub static FORMATS: [Format; 6] = [
    npy_table::FORMAT,
    dataset_npz::FORMAT,
    hdf5::FORMAT,
    parquet::FORMAT,
    root::FORMAT,
    text::FORMAT,
];

/// Reads a matrix from a file of any of the [`FORMATS`]. A 1-d array is one column.
///
/// # Errors
/// Each names the file: it is missing, cut short, of another format, of a type that is not real
/// numbers, has more than two dimensions or no numbers at all; in text, the line and the word that
/// is not a number.
pub fn read_matrix(path: &Path) -> Result<Matrix> {
    Ok(read_table(path, TextOptions::default())?.matrix)
}

/// Reads an axis: one row or one column of finite numbers, from any file that [`read_matrix`]
/// reads.
///
/// # Errors
/// As [`read_matrix`]; another shape, with its numbers; a number that is not finite.
pub fn read_axis(path: &Path) -> Result<Vec<f64>> {
    let options = TextOptions { header: Some(false), ..TextOptions::default() };
    let axis = read_table(path, options)?.matrix;
    if axis.rows != 1 && axis.columns != 1 {
        let (path, rows, columns) = (path.display(), axis.rows, axis.columns);
        return Err(input_error!(
            "{path} has shape ({rows}, {columns}); an axis is one row or one column"
        ));
    }
    axis.check_finite(&[]).map_err(|error| prefix(error, path.display()))?;
    Ok(axis.values)
}

/// Reads an array of any number of dimensions: a `.npy`, or a part of a file, as `file.npz:name`.
/// Of columns with names, those that are wanted are enough.
///
/// # Errors
/// Each names the file: it is missing, of another format, or not of real numbers.
pub(crate) fn read_array(path: &Path, wanted: Option<&[String]>) -> Result<Array> {
    read_with(path, TextOptions::default(), wanted, |format, contents| match format.array {
        Some(read) => read(contents),
        None => Err(input_error!(
            "is {}, not an array; those are in {}",
            format.name,
            list(|format| format.array.is_some())
        )),
    })
}

/// Reads a matrix as [`read_matrix`] does, with the names of its columns where a text file has
/// them: in a first line of words, or in a `#` line directly above the numbers with as many words
/// as there are columns; and the names of its rows. An npz of several arrays with one number per
/// row is a table of their names.
///
/// # Errors
/// As [`read_matrix`]; text that means two things, with the option that says which.
pub fn read_table(path: &Path, options: TextOptions) -> Result<Table> {
    read_columns(path, options, None)
}

/// Reads a table of which these columns are wanted, where that is known: of a file of columns with
/// names, such as Parquet, only those are read.
pub(crate) fn read_columns(
    path: &Path,
    options: TextOptions,
    wanted: Option<&[String]>,
) -> Result<Table> {
    read_with(path, options, wanted, |format, contents| {
        let table = (format.table)(contents)?;
        table.matrix.check_not_empty()?;
        Ok(table)
    })
}

/// Reads a file, or a part of one, with its format.
fn read_with<T>(
    path: &Path,
    options: TextOptions,
    wanted: Option<&[String]>,
    read: impl Fn(&Format, &Contents) -> Result<T>,
) -> Result<T> {
    let (file, member) = split_member(path);
    let bytes = read_bytes(&file)?;
    let of_format = || {
        let format = format(&file, &bytes)?;
        match member.filter(|_| !format.members) {
            Some(member) => Err(input_error!(
                "{} has no parts; leave out ':{member}'. Parts are in {}",
                format.name,
                list(|format| format.members)
            )),
            None => read(format, &Contents { file: &file, member, bytes: &bytes, options, wanted }),
        }
    };
    of_format().map_err(|error| prefix(error, path.display()))
}

/// Whether the name of a file is that of a dataset.
pub fn is_dataset(path: &Path) -> bool {
    by_extension(path).is_some_and(|format| format.dataset.is_some())
}

impl Dataset {
    /// Reads a dataset: an npz of [`Dataset::save`], or one made by hand with only `x` and `y`, and
    /// as much of the rest as there is. Targets without a range have that of the conventions, else
    /// their extent.
    ///
    /// # Errors
    /// Each names the file: it is of a format that holds no datasets; `x` or `y` is missing, cannot
    /// be read, or something does not fit ([`Dataset::check`]).
    pub fn load(path: &Path, conventions: &Conventions) -> Result<Self> {
        let bytes = read_bytes(path)?;
        let holding = |format: &&Format| format.dataset.is_some() && (format.matches)(&bytes);
        let read = || match FORMATS.iter().find(holding).and_then(|format| format.dataset) {
            Some(read) => read(&Contents::new(path, &bytes), conventions),
            None => Err(input_error!(
                "is not a dataset, which is {}; `shoal import` makes one from other files",
                list(|format| format.dataset.is_some())
            )),
        };
        read().map_err(|error| prefix(error, path.display()))
    }
}

impl Observations {
    /// Reads a table of any of the [`FORMATS`], or the inputs of a dataset, which needs no targets.
    ///
    /// # Errors
    /// Each names the file: see [`read_table`]; a name that occurs twice; names or an axis of
    /// another number.
    pub fn load(path: &Path, options: TextOptions) -> Result<Self> {
        let name = path.display().to_string();
        let (file, member) = split_member(path);
        let of_dataset = || {
            let bytes = read_bytes(&file)?;
            let contents = Contents { member, options, ..Contents::new(&file, &bytes) };
            let read = format(&file, &bytes).map(|format| format.observations);
            read.and_then(|read| read.map_or(Ok(None), |read| read(&contents)))
                .map_err(|error| prefix(error, &name))
        };
        let read = match if member.is_none() { of_dataset()? } else { None } {
            Some(read) => Self { name: name.clone(), ..read },
            None => Self::from_table(name.clone(), read_table(path, options)?),
        };
        read.check().map_err(|error| prefix(error, &name))?;
        Ok(read)
    }
}

/// The format of a file: by its first bytes, because names lie.
fn format(file: &Path, bytes: &[u8]) -> Result<&'static Format> {
    const WAY_OUT: &str = "Save it with np.save(file, array.astype('f8'))";
    if bytes.is_empty() {
        return Err(input_error!("is empty (0 bytes)"));
    }
    let is_text = |format: &Format| format.name == text::FORMAT.name;
    let found = FORMATS.iter().find(|format| (format.matches)(bytes));
    let named = by_extension(file).filter(|format| !is_text(format));
    match (found, named) {
        (Some(found), named) if named.is_none() || !is_text(found) => Ok(found),
        (_, Some(named)) => {
            Err(input_error!("is not a .{} file: it does not begin as one. {WAY_OUT}", named.name))
        }
        _ => Err(input_error!(
            "is a binary file of no known format; those are {}. {WAY_OUT}",
            list(|_| true)
        )),
    }
}

fn by_extension(path: &Path) -> Option<&'static Format> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    FORMATS.iter().find(|format| format.extensions.contains(&extension.as_str()))
}

/// The formats of a kind with their extensions, as `npy (.npy), npz (.npz)`.
fn list(wanted: impl Fn(&Format) -> bool) -> String {
    let line = |format: &Format| format!("{} (.{})", format.name, format.extensions.join(", ."));
    FORMATS.iter().filter(|format| wanted(format)).map(line).collect::<Vec<_>>().join(", ")
}
