//! Arrays in the format of numpy (`.npy`).

use std::io::{self, Write};

use half::f16;
use npyz::{DType, NpyFile, NpyHeader, Order, TypeChar, WriterBuilder};

use crate::data::array::Array;
use crate::data::matrix::Matrix;
use crate::error::Result;
use crate::input_error;

/// How to save an array so that shoal can read it.
const WAY_OUT: &str = "save it with np.save(file, array.astype('f8'))";

/// The array in a `.npy` as a matrix: 1-d is one column, 2-d is itself.
pub(crate) fn matrix(bytes: &[u8]) -> Result<Matrix> {
    let file = open(bytes)?;
    let (rows, columns) = match *file.shape() {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        [] => {
            return Err(input_error!("is a single number, shape (); expected a 1-d or 2-d array"));
        }
        _ => {
            let shape = shape_text(file.shape());
            return Err(input_error!(
                "has shape {shape}; expected (simulations,) or (simulations, columns). Reshape \
                 it, for example with array.reshape({}, -1)",
                file.shape()[0]
            ));
        }
    };
    let order = file.order();
    let stored = numbers(file)?;
    // Shapes fit: `open` has compared them with the bytes that are there.
    let (rows, columns) = (rows as usize, columns as usize);
    let values = match order {
        Order::C => stored,
        Order::Fortran => {
            let at = |index: usize| stored[(index % columns) * rows + index / columns];
            (0..stored.len()).map(at).collect()
        }
    };
    Ok(Matrix::new(rows, columns, values))
}

/// The array in a `.npy`.
pub(crate) fn array(bytes: &[u8]) -> Result<Array> {
    let file = open(bytes)?;
    let shape: Vec<usize> = file.shape().iter().map(|size| *size as usize).collect();
    let order = file.order();
    let stored = numbers(file)?;
    let values = match order {
        Order::C => stored,
        Order::Fortran => {
            let at = |mut index: usize| {
                let (mut place, mut total) = (0, stored.len());
                for size in shape.iter().rev() {
                    total /= size;
                    place += index % size * total;
                    index /= size;
                }
                stored[place]
            };
            (0..stored.len()).map(at).collect()
        }
    };
    Ok(Array::plain(shape, values))
}

/// The strings in a `.npy` of type `U` or `S`, in their order; a 0-d array is one string.
pub(crate) fn strings(bytes: &[u8]) -> Result<Vec<String>> {
    let file = open(bytes)?;
    let kind = file.dtype();
    let unreadable = |error: std::io::Error| input_error!("cannot be read as text ({error})");
    match &kind {
        DType::Plain(plain) if plain.type_char() == TypeChar::UnicodeStr => {
            file.into_vec().map_err(unreadable)
        }
        DType::Plain(plain) if plain.type_char() == TypeChar::ByteStr => {
            let words: Vec<Vec<u8>> = file.into_vec().map_err(unreadable)?;
            Ok(words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
        }
        _ => Err(input_error!(
            "is of type {}, not text; save it as np.array(['one', 'two'])",
            kind.descr()
        )),
    }
}

/// The header of an array, and its numbers.
pub(crate) fn header(bytes: &[u8]) -> Result<(NpyHeader, &[u8])> {
    check_header(bytes)?;
    let mut rest = bytes;
    let header = NpyHeader::from_reader(&mut rest).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            input_error!("is cut short: it ends inside its header")
        }
        _ => input_error!("has a header that is not numpy's ({error}); {WAY_OUT}"),
    })?;
    Ok((header, rest))
}

/// Reads the header and checks that the array is complete, and of a type without pickle.
fn open(bytes: &[u8]) -> Result<NpyFile<&[u8]>> {
    let (header, rest) = header(bytes)?;
    if header.uses_pickled_array() {
        return Err(input_error!(
            "holds Python objects (dtype object), which only Python can read; {WAY_OUT}"
        ));
    }
    let DType::Plain(kind) = header.dtype() else {
        let kind = header.dtype().descr();
        return Err(input_error!(
            "is a structured array {kind}; save one plain array, for example with np.save(file, \
             np.lib.recfunctions.structured_to_unstructured(array).astype('f8'))"
        ));
    };
    let width = kind.num_bytes().unwrap_or(0);
    // numpy saves no type of width 0; a header with one must not give endless empty texts.
    let expected = header.len().saturating_mul(width.max(1) as u64);
    if expected > rest.len() as u64 {
        return Err(input_error!(
            "is cut short: shape {} of {width}-byte values takes {expected} bytes, but {} are \
             there",
            shape_text(header.shape()),
            rest.len()
        ));
    }
    Ok(NpyFile::with_header(header, rest))
}

/// The most brackets that may be open at one place of a header. Those of numpy nest four deep; the
/// time that `npyz` takes doubles with each.
const DEEPEST: usize = 12;

/// Checks what `npyz` does not: that the header is no longer than the file, for which it would
/// allocate up to 4 GiB, that its brackets are not nested without end, and that the product of the
/// shape does not overflow.
fn check_header(bytes: &[u8]) -> Result<()> {
    // From version 2 on, four bytes after the eight of magic and version are the length of the
    // header.
    if let [_, _, _, _, _, _, version, _, a, b, c, d, rest @ ..] = bytes
        && *version >= 2
        && u64::from(u32::from_le_bytes([*a, *b, *c, *d])) > rest.len() as u64
    {
        return Err(input_error!("is cut short: it ends inside its header"));
    }
    if deepest(bytes) > DEEPEST {
        return Err(input_error!(
            "has a damaged header: its brackets are nested more than {DEEPEST} deep; {WAY_OUT}"
        ));
    }
    let header = String::from_utf8_lossy(&bytes[..bytes.len().min(65_536)]);
    let Some((_, rest)) = header.split_once("'shape':") else {
        return Ok(());
    };
    let shape: String = rest.chars().take_while(|&character| character != ')').collect();
    let sizes =
        shape.split(|character: char| !character.is_ascii_digit()).filter(|word| !word.is_empty());
    // More values than any memory holds.
    let limit = 1u64 << 48;
    let total = sizes.map(|word| word.parse::<u64>().ok()).try_fold(1u64, |product, size| {
        product.checked_mul(size?.max(1)).filter(|&total| total <= limit)
    });
    match total {
        Some(_) => Ok(()),
        None => Err(input_error!(
            "has a damaged header: no array has shape {}",
            shape.trim_start_matches([' ', '('])
        )),
    }
}

/// How many brackets are open at one place of the header of a file at most.
fn deepest(bytes: &[u8]) -> usize {
    // the length of the header: two bytes in version 1, four from version 2 on
    let header = match bytes {
        [_, _, _, _, _, _, 1, _, a, b, rest @ ..] => {
            &rest[..rest.len().min(u16::from_le_bytes([*a, *b]).into())]
        }
        [_, _, _, _, _, _, _, _, a, b, c, d, rest @ ..] => {
            &rest[..rest.len().min(u32::from_le_bytes([*a, *b, *c, *d]) as usize)]
        }
        _ => bytes,
    };
    let mut open = 0usize;
    let depth = |byte: &u8| {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open
    };
    header.iter().map(depth).max().unwrap_or(0)
}

/// All numbers in the order in which they are stored.
fn numbers(file: NpyFile<&[u8]>) -> Result<Vec<f64>> {
    fn convert<T: npyz::Deserialize>(
        file: NpyFile<&[u8]>,
        to: impl Fn(T) -> f64,
    ) -> std::io::Result<Vec<f64>> {
        Ok(file.into_vec::<T>()?.into_iter().map(to).collect())
    }
    let DType::Plain(kind) = file.dtype() else {
        unreachable!("structured arrays end in `open`");
    };
    let result = match (kind.type_char(), kind.size_field()) {
        (TypeChar::Float, 2) => convert(file, f16::to_f64),
        (TypeChar::Float, 4) => convert(file, |value: f32| f64::from(value)),
        (TypeChar::Float, 8) => convert(file, |value: f64| value),
        (TypeChar::Int, 1) => convert(file, |value: i8| f64::from(value)),
        (TypeChar::Int, 2) => convert(file, |value: i16| f64::from(value)),
        (TypeChar::Int, 4) => convert(file, |value: i32| f64::from(value)),
        (TypeChar::Int, 8) => convert(file, |value: i64| value as f64),
        (TypeChar::Uint, 1) => convert(file, |value: u8| f64::from(value)),
        (TypeChar::Uint, 2) => convert(file, |value: u16| f64::from(value)),
        (TypeChar::Uint, 4) => convert(file, |value: u32| f64::from(value)),
        (TypeChar::Uint, 8) => convert(file, |value: u64| value as f64),
        (TypeChar::Bool, 1) => convert(file, |value: bool| f64::from(u8::from(value))),
        (TypeChar::Complex, _) => {
            return Err(input_error!(
                "holds complex numbers ({kind}); save the part you mean with np.save(file, \
                 array.real.astype('f8'))"
            ));
        }
        _ => {
            return Err(input_error!(
                "is of type {kind}, not real numbers of up to 8 bytes; {WAY_OUT}"
            ));
        }
    };
    result.map_err(|error| input_error!("cannot be read ({error})"))
}

pub(crate) fn shape_text(shape: &[u64]) -> String {
    let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
    match sizes.as_slice() {
        [only] => format!("({only},)"),
        _ => format!("({})", sizes.join(", ")),
    }
}

/// Writes a `.npy` of numbers with the given shape, rows first.
///
/// # Errors
/// Those of the writer.
pub fn write_numbers<T: npyz::AutoSerialize>(
    writer: impl Write,
    shape: &[u64],
    values: &[T],
) -> io::Result<()> {
    // npyz writes number by number
    let writer = io::BufWriter::with_capacity(1 << 16, writer);
    let options = npyz::WriteOptions::new().default_dtype().shape(shape).writer(writer);
    let mut array = options.begin_nd()?;
    array.extend(values)?;
    array.finish()
}

/// Writes a `.npy` of text: of shape (n) for a list, of shape () for one string.
pub(crate) fn write_text(writer: impl Write, shape: &[u64], values: &[String]) -> io::Result<()> {
    let width = values.iter().map(|value| value.chars().count()).max().unwrap_or(0).max(1);
    let kind = format!("<U{width}").parse().map_err(io::Error::other)?;
    let options = npyz::WriteOptions::<String>::new().dtype(DType::new_scalar(kind));
    let mut array = options.shape(shape).writer(writer).begin_nd()?;
    array.extend(values.iter().cloned())?;
    array.finish()
}
