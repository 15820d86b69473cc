//! A table from one array of numpy (`.npy`).

use std::path::Path;

use npyz::{DType, Field};

use crate::data::array::Array;
use crate::data::files::prefix;
use crate::data::format::{Contents, Format};
use crate::data::matrix::Matrix;
use crate::data::npy;
use crate::data::table::Table;
use crate::error::Result;
use crate::input_error;

/// The format of one array.
pub(crate) const FORMAT: Format = Format {
    name: "npy",
    extensions: &["npy"],
    help: "one array of real numbers, of 1 or 2 dimensions, as np.save writes it; the fields of a \
           structured array are columns",
    matches: |bytes| bytes.starts_with(b"\x93NUMPY"),
    table: |contents| {
        check_no_objects(contents.bytes, contents.file, None, "f8")?;
        table(contents.bytes)
    },
    array: Some(|contents| array(contents, None, contents.bytes)),
    observations: None,
    dataset: None,
    members: false,
};

/// The array in the bytes of a `.npy`, which may be a member of an npz.
pub(crate) fn array(contents: &Contents, member: Option<&str>, bytes: &[u8]) -> Result<Array> {
    check_no_objects(bytes, contents.file, member, "f8")?;
    npy::array(bytes)
}

/// Checks that an array holds no Python objects, and says how to save it again if it does; `kind`
/// is what it should be of.
pub(crate) fn check_no_objects(
    bytes: &[u8],
    file: &Path,
    member: Option<&str>,
    kind: &str,
) -> Result<()> {
    let (header, _) = npy::header(bytes)?;
    if !header.uses_pickled_array() {
        return Ok(());
    }
    let load = format!("np.load('{}', allow_pickle=True)", file.display());
    let (name, again) = match member {
        Some(name) => (
            format!("'{name}' "),
            format!(
                "z = dict({load}); z['{name}'] = z['{name}'].astype('{kind}'); np.savez('{}', **z)",
                file.display()
            ),
        ),
        // a dictionary is an object without dimensions
        None if header.shape().is_empty() => {
            let npz = file.with_extension("npz");
            (String::new(), format!("np.savez('{}', **{load}.item())", npz.display()))
        }
        None => {
            let file = file.display();
            (String::new(), format!("np.save('{file}', {load}.astype('{kind}'))"))
        }
    };
    Err(input_error!(
        "{name}holds Python objects (dtype object), which only Python can read. Save it again: \
         python3 -c \"import numpy as np; {again}\""
    ))
}

/// The array in a `.npy` as a table: the fields of a structured array are columns with names.
pub(crate) fn table(bytes: &[u8]) -> Result<Table> {
    let (header, rest) = npy::header(bytes)?;
    match (header.dtype(), header.shape()) {
        (DType::Record(fields), &[rows]) => structured(&fields, rows as usize, rest),
        _ => npy::matrix(bytes).map(Table::unnamed),
    }
}

fn structured(fields: &[Field], rows: usize, bytes: &[u8]) -> Result<Table> {
    let widths: Option<Vec<usize>> = fields.iter().map(|field| field.dtype.num_bytes()).collect();
    let width = widths
        .as_ref()
        .and_then(|widths| widths.iter().try_fold(0usize, |sum, &width| sum.checked_add(width)));
    let (Some(widths), Some(width @ 1..)) = (widths, width) else {
        return Err(input_error!("is a structured array without a size"));
    };
    if bytes.len() / width < rows {
        return Err(input_error!(
            "is cut short: {rows} rows of {width} bytes take more than the {} that are there",
            bytes.len()
        ));
    }
    let (mut names, mut columns, mut at) = (Vec::new(), Vec::new(), 0);
    for (field, size) in fields.iter().zip(widths) {
        let place = at..at + size;
        at += size;
        // numpy fills gaps with fields without a name
        if field.name.is_empty() {
            continue;
        }
        let named = |error| {
            let error = prefix(error, format!("field '{}'", field.name));
            input_error!(
                "{error}. Save plain columns with np.save(file, \
                 np.lib.recfunctions.structured_to_unstructured(array).astype('f8'))"
            )
        };
        if !matches!(field.dtype, DType::Plain(_)) {
            let kind = field.dtype.descr();
            return Err(named(input_error!("is of type {kind}, not one number")));
        }
        // as an array of its own, which is read as any other
        let descr = field.dtype.descr();
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({rows},), }}");
        let mut array = b"\x93NUMPY\x02\x00".to_vec();
        array.extend((header.len() as u32).to_le_bytes());
        array.extend(header.bytes());
        array.extend(bytes.chunks_exact(width).take(rows).flat_map(|row| &row[place.clone()]));
        columns.push(npy::matrix(&array).map_err(named)?.values);
        names.push(field.name.clone());
    }
    Ok(Table { names: Some(names), ..Table::unnamed(Matrix::of_columns(&columns)) })
}
