//! What a file format is to the code that reads it.

use std::path::Path;

use crate::data::array::Array;
use crate::data::conventions::Conventions;
use crate::data::dataset::Dataset;
use crate::data::observations::Observations;
use crate::data::table::Table;
use crate::data::text::options::TextOptions;
use crate::error::Result;

/// A format that tables, and in some cases datasets, are read from.
pub struct Format {
    /// Its name, as in messages.
    pub name: &'static str,
    /// How names of its files end, without the dot.
    pub extensions: &'static [&'static str],
    /// One line of help.
    pub help: &'static str,
    /// Whether a file begins as one of this format.
    pub(crate) matches: fn(&[u8]) -> bool,
    /// Reads a table.
    pub(crate) table: fn(&Contents) -> Result<Table>,
    /// Reads an array of any number of dimensions, where the format can hold one.
    pub(crate) array: Option<fn(&Contents) -> Result<Array>>,
    /// Reads inputs with what belongs to them, where the format can hold it and the file does.
    pub(crate) observations: Option<ReadObservations>,
    /// Reads a dataset, where the format can hold one.
    pub(crate) dataset: Option<fn(&Contents, &Conventions) -> Result<Dataset>>,
    /// Whether a file has parts with names, as in `file.npz:name`.
    pub(crate) members: bool,
}

/// Reads the inputs of a file, with what belongs to them if the file has it.
type ReadObservations = fn(&Contents) -> Result<Option<Observations>>;

impl Format {
    /// Reads a table from the contents of a file of this format; `file` is its name in messages.
    ///
    /// # Errors
    /// What is wrong with it, without the name of the file.
    pub fn read_table(&self, file: &Path, bytes: &[u8]) -> Result<Table> {
        (self.table)(&Contents::new(file, bytes))
    }

    /// Reads a dataset likewise; `None` if the format holds none.
    ///
    /// # Errors
    /// As [`Format::read_table`].
    pub fn read_dataset(
        &self,
        file: &Path,
        bytes: &[u8],
        conventions: &Conventions,
    ) -> Option<Result<Dataset>> {
        let read = self.dataset?;
        Some(read(&Contents::new(file, bytes), conventions))
    }

    /// Reads a part of a file likewise, as an array, and uses it; nothing if the format has none.
    ///
    /// # Errors
    /// As [`Format::read_table`].
    pub fn read_member(&self, file: &Path, bytes: &[u8], member: &str) -> Result<()> {
        let member = Some(member);
        self.array.map_or(Ok(()), |read| {
            read(&Contents { member, ..Contents::new(file, bytes) }).map(drop)
        })
    }
}

/// A file in memory.
pub(crate) struct Contents<'a> {
    /// Its path.
    pub(crate) file: &'a Path,
    /// The requested part of several, as in `file.npz:member`.
    pub(crate) member: Option<&'a str>,
    /// All of it.
    pub(crate) bytes: &'a [u8],
    /// What is said of it, if it is text.
    pub(crate) options: TextOptions,
    /// The columns that are used, where they are known: a format with names may leave the others
    /// out.
    pub(crate) wanted: Option<&'a [String]>,
}

impl<'a> Contents<'a> {
    /// A whole file.
    pub(crate) fn new(file: &'a Path, bytes: &'a [u8]) -> Self {
        Self { file, member: None, bytes, options: TextOptions::default(), wanted: None }
    }
}
