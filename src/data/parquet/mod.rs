//! Tables in Apache Parquet, as pyarrow, pandas and awkward write them.

pub(crate) mod levels;

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::get_column_reader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, Type};

use crate::data::array::Array;
use crate::data::columnar::{self, Column, Columnar, Kind, MOST_NUMBERS, Values};
use crate::data::format::{Contents, Format};
use crate::data::parquet::levels::{Levels, Pages};
use crate::data::table::Table;
use crate::error::{Error, Result};
use crate::host::check_memory;
use crate::input_error;

/// The format of Parquet.
pub(crate) const FORMAT: Format = Format {
    name: "parquet",
    extensions: &["parquet", "pq"],
    help: "columns with names, as pyarrow and awkward write them; file.parquet:name is one of \
           them. A list per row is items: all fields of one, or all columns name_...",
    matches: |bytes| bytes.starts_with(b"PAR1"),
    table,
    array: Some(array),
    observations: None,
    dataset: None,
    members: true,
};

fn table(contents: &Contents) -> Result<Table> {
    let file = File::open(contents)?;
    match contents.member {
        None => columnar::table(&file, contents.wanted),
        Some(name) => columnar::table(&file, Some(&[name.to_owned()])),
    }
}

fn array(contents: &Contents) -> Result<Array> {
    let file = File::open(contents)?;
    let Some(member) = contents.member else {
        let table = columnar::table(&file, contents.wanted)?;
        let shape = vec![table.matrix.rows, table.matrix.columns];
        return Ok(Array { names: table.names, ..Array::plain(shape, table.matrix.values) });
    };
    columnar::array(&file, contents, member)
}

/// An open file.
struct File {
    reader: SerializedFileReader<Bytes>,
    columns: Vec<Column>,
    /// The most numbers of a column.
    most: usize,
}

impl File {
    fn open(contents: &Contents) -> Result<Self> {
        let bytes = Bytes::copy_from_slice(contents.bytes);
        let reader = SerializedFileReader::new(bytes).map_err(|error| damaged(&error))?;
        check_places(&reader, contents.bytes.len())?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let mut names = Vec::new();
        name_leaves(schema.root_schema(), "", &mut names);
        let column = |(leaf, name): (&parquet::schema::types::ColumnDescPtr, String)| {
            let kind = kind(leaf, &name);
            Column { name, kind }
        };
        let columns = schema.columns().iter().zip(names).map(column).collect();
        let most = contents.bytes.len().saturating_mul(MOST_NUMBERS);
        Ok(Self { reader, columns, most })
    }
}

/// Checks that the columns lie in the file, on which the crate relies.
fn check_places(reader: &SerializedFileReader<Bytes>, length: usize) -> Result<()> {
    let columns = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
    for column in columns {
        let first = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let end = first.checked_add(column.compressed_size());
        let inside = first >= 0 && column.compressed_size() >= 0;
        if !inside || end.is_none_or(|end| end as u64 > length as u64) {
            return Err(input_error!(
                "'{}' lies outside the file of {length} bytes, which is cut short or damaged",
                column.column_path().string()
            ));
        }
    }
    Ok(())
}

/// The crate has assertions on what a page says; a damaged page is an error here.
fn caught<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err(ParquetError::General("a page is damaged".into())))
}

fn damaged(error: &ParquetError) -> Error {
    input_error!(
        "cannot be read as Parquet ({error}). If it is whole, save it again: \
         pyarrow.parquet.write_table(pyarrow.parquet.read_table(file), 'x.parquet', \
         compression='zstd')"
    )
}

/// Names of all leaves below a type, in their order: those of the fields, with dots, without the
/// group of a list and what it calls an item.
fn name_leaves(of: &Type, name: &str, names: &mut Vec<String>) {
    if of.is_primitive() {
        return names.push(name.to_owned());
    }
    for field in of.get_fields() {
        let info = field.get_basic_info();
        let is_repeated = info.has_repetition() && info.repetition() == Repetition::REPEATED;
        let is_list = !name.is_empty() && of.get_fields().len() == 1 && is_repeated;
        match field.is_group().then(|| field.get_fields()) {
            Some([item]) if is_list => name_leaves(item, name, names),
            _ if name.is_empty() => name_leaves(field, field.name(), names),
            _ => name_leaves(field, &format!("{name}.{}", field.name()), names),
        }
    }
}

/// What a leaf has.
fn kind(leaf: &ColumnDescriptor, name: &str) -> Kind {
    let other = |what: &str, way_out: &str| {
        Kind::Other(format!(
            "{what}, not numbers. Convert it in Python: table = pyarrow.parquet.read_table(file); \
             {way_out}"
        ))
    };
    let array = format!("pyarrow.array(table['{name}'].to_numpy().astype('f8'))");
    let set = format!("table.set_column(table.column_names.index('{name}'), '{name}', {array})");
    let plain = match leaf.logical_type_ref() {
        None => matches!(
            leaf.converted_type(),
            ConvertedType::NONE
                | ConvertedType::INT_8
                | ConvertedType::INT_16
                | ConvertedType::INT_32
                | ConvertedType::INT_64
                | ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64
        ),
        Some(logical) => matches!(logical, LogicalType::Integer(_) | LogicalType::Float16),
    };
    let number = match leaf.physical_type() {
        Physical::BYTE_ARRAY => return other("is text or bytes", &set),
        Physical::INT96 => return other("has dates", &set),
        Physical::FIXED_LEN_BYTE_ARRAY => {
            leaf.logical_type_ref() == Some(&LogicalType::Float16) && leaf.type_length() == 2
        }
        _ => plain,
    };
    match leaf.max_rep_level() {
        _ if !number => other("has dates, decimals or bytes", &set),
        0 => Kind::Number,
        1 => Kind::List,
        _ => other(
            "has lists of lists",
            "awkward.to_parquet(awkward.flatten(awkward.from_parquet(file), axis=2), 'x.parquet')",
        ),
    }
}

impl Columnar for File {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The numbers of a leaf of all row groups; one that is null is NaN.
    fn read(&self, column: usize) -> Result<Values> {
        let name = &self.columns[column].name;
        let schema = self.reader.metadata().file_metadata().schema_descr_ptr();
        let leaf = schema.column(column);
        let mut levels = Levels::default();
        for group in 0..self.reader.num_row_groups() {
            let group = self.reader.get_row_group(group).map_err(|error| damaged(&error))?;
            let pages = group.get_column_page_reader(column).map_err(|error| damaged(&error))?;
            let reader = get_column_reader(leaf.clone(), Box::new(Pages::new(pages, self.most)));
            caught(|| levels.read(reader, &leaf)).map_err(|error| damaged(&error))?;
            let bytes = 24 * levels.count as u128;
            check_memory(&format!("'{name}'"), bytes, "import a part of the file")?;
        }
        levels.values(&leaf)
    }
}
