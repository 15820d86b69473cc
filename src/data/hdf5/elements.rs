//! The elements of a dataset: numbers, records of numbers, and lists.

use hdf5_reader::error::{ByteOrder, Error as Wrong};
use hdf5_reader::{Dataset, Datatype};

use crate::data::array::Array;
use crate::data::binary::{Binary, Kind};
use crate::data::columnar::Values;
use crate::data::names;
use crate::error::{Error, Result};
use crate::input_error;

/// The field of items that says where there are some.
const VALID: &str = "valid";

/// The error for what the crate cannot read.
pub(crate) fn damaged(error: &Wrong) -> Error {
    input_error!(
        "cannot be read as HDF5 ({error}). If h5py reads it, save it again: \
         np.save('x.npy', h5py.File(file)['name'][()])"
    )
}

/// Numbers of an element: where they begin, and how they are read.
pub(crate) struct Field {
    pub(crate) name: Option<String>,
    pub(crate) at: usize,
    pub(crate) number: Option<Binary>,
}

/// How a number is read, if it is one.
pub(crate) fn number(datatype: &Datatype) -> Option<Binary> {
    let big = |order: &ByteOrder| matches!(order, ByteOrder::BigEndian);
    match datatype {
        Datatype::FixedPoint { size, signed, byte_order } => {
            let kind = if *signed { Kind::Signed } else { Kind::Unsigned };
            Binary::new(kind, (*size).into(), big(byte_order))
        }
        Datatype::FloatingPoint { size, byte_order } => {
            Binary::new(Kind::Float, (*size).into(), big(byte_order))
        }
        Datatype::Bitfield { size, byte_order } => {
            Binary::new(Kind::Unsigned, (*size).into(), big(byte_order))
        }
        // as truth values
        Datatype::Enum { base, .. } => number(base),
        _ => None,
    }
}

/// What a type is called.
pub(crate) fn what(datatype: &Datatype) -> &'static str {
    match datatype {
        Datatype::String { .. } => "text",
        Datatype::VarLen { .. } => "text or lists of something else",
        Datatype::Array { .. } => "arrays",
        Datatype::Reference { .. } => "references",
        _ => "bytes",
    }
}

/// The columns of a compound dataset: one field, those that are wanted, or all that are numbers.
pub(crate) fn compound(
    fields: Vec<Field>,
    (mut shape, field, wanted): (Vec<usize>, Option<String>, Option<&[String]>),
    bytes: &[u8],
    size: usize,
) -> Result<Array> {
    let all: Vec<String> = fields.iter().filter_map(|field| field.name.clone()).collect();
    let is_named = |field: &Field, name: &str| field.name.as_deref() == Some(name);
    let find = |name: &str| {
        let field = &fields[names::find(&all, name, "field")?];
        match field.number {
            Some(number) if field.at + number.size() <= size => Ok((field.at, number)),
            _ => Err(input_error!("the field '{name}' is not a number")),
        }
    };
    let read = |(at, number): (usize, Binary)| -> Vec<f64> {
        bytes.chunks_exact(size.max(1)).map(|element| number.read(&element[at..])).collect()
    };
    if let Some(field) = field {
        return Ok(Array::plain(shape, read(find(&field)?)));
    }
    let is_items = shape.len() > 1;
    let is_wanted = |name: &String| wanted.is_some_and(|wanted| wanted.contains(name));
    let valid = fields.iter().any(|field| is_named(field, VALID)) && is_items;
    let numbers = fields.iter().filter(|field| field.number.is_some());
    let numbers = numbers.filter_map(|field| field.name.clone());
    let mut chosen: Vec<String> = match wanted {
        Some(wanted) if !is_items => wanted.to_vec(),
        Some(_) => all.iter().filter(|name| is_wanted(name)).cloned().collect(),
        None => numbers.filter(|name| !(valid && name == VALID)).collect(),
    };
    if chosen.is_empty() {
        chosen = all.iter().take(1).cloned().collect();
    }
    let columns = chosen.iter().map(|name| find(name).map(read)).collect::<Result<Vec<_>>>()?;
    let valid = match valid {
        true => Some(read(find(VALID)?).into_iter().map(|there| there != 0.0).collect()),
        false => None,
    };
    shape.push(columns.len());
    Ok(Array { shape, valid, ..Array::of_columns(chosen, &columns) })
}

/// A dataset of lists of numbers.
pub(crate) fn lists(
    dataset: &Dataset,
    number: Option<Binary>,
    shape: Vec<usize>,
    bytes: &[u8],
    size: usize,
) -> Result<Array> {
    let (Some(number), [_]) = (number, &shape[..]) else {
        return Err(input_error!("has shape {shape:?} of lists; expected (rows,)"));
    };
    let (mut numbers, mut counts) = (Vec::new(), Vec::new());
    for row in bytes.chunks_exact(size) {
        let list = dataset.resolve_vlen_reference_bytes(row, number.size());
        let list = list.map_err(|error| damaged(&error))?;
        numbers.extend(list.chunks_exact(number.size()).map(|bytes| number.read(bytes)));
        counts.push(list.len() / number.size());
    }
    let Values { values, offsets } = Values::lists(numbers, counts.into_iter())?;
    Ok(Array { offsets, ..Array::plain(vec![values.len()], values) })
}
