//! Numbers and objects as ROOT streams them, big-endian: `TBufferFile`.

use crate::error::{Error, Result};
use crate::input_error;

/// The mark of a number of bytes that stands before an object.
const BYTE_COUNT: u32 = 0x4000_0000;
/// The mark of a class that was named before, and the tag of one that is named here.
const CLASS: u32 = 0x8000_0000;
const NEW_CLASS: u32 = 0xffff_ffff;
/// Places of objects and classes count from here.
const MAP_OFFSET: usize = 2;

/// Bytes that are read from the first to the last.
#[derive(Clone)]
pub(crate) struct Buffer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What stands before the bytes where references count from.
    before: usize,
}

/// An object in a list, or a pointer to one.
pub(crate) struct Object {
    /// By which others refer to it.
    pub(crate) place: usize,
    /// Its class, of one that is there.
    pub(crate) class: Option<String>,
    /// Where its content begins, and where it ends.
    pub(crate) begin: usize,
    pub(crate) end: usize,
}

impl<'a> Buffer<'a> {
    /// Bytes, with so many before them.
    pub(crate) fn new(bytes: &'a [u8], before: usize) -> Self {
        Self { bytes, at: 0, before }
    }

    /// The same bytes from another place.
    pub(crate) fn from(&self, at: usize) -> Self {
        Self { at, ..*self }
    }

    /// The place of the next byte.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The next bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(cut_short)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// Leaves out bytes.
    pub(crate) fn skip(&mut self, count: usize) -> Result<()> {
        self.take(count).map(drop)
    }

    /// Goes on at a later place.
    pub(crate) fn go_to(&mut self, end: usize) -> Result<()> {
        self.skip(end.checked_sub(self.at).ok_or_else(cut_short)?)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("buffer: as many as were taken"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A number of things, of which there are no more than bytes.
    pub(crate) fn count(&mut self) -> Result<usize> {
        let count = self.u32()? as usize;
        if count > self.bytes.len() { Err(cut_short()) } else { Ok(count) }
    }

    /// A place in the file, of 4 or 8 bytes.
    pub(crate) fn place(&mut self, is_long: bool) -> Result<usize> {
        let place = if is_long { self.u64()? } else { u64::from(self.u32()?) };
        usize::try_from(place).map_err(|_| cut_short())
    }

    /// `TString`.
    pub(crate) fn string(&mut self) -> Result<String> {
        let length = match self.u8()? {
            255 => self.count()?,
            short => short.into(),
        };
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    /// The version of an object and its end, which is known where a number of bytes stands before
    /// it.
    pub(crate) fn version(&mut self) -> Result<(u16, usize)> {
        let count = self.u32()?;
        if count & BYTE_COUNT == 0 {
            return Err(input_error!("an object without its number of bytes"));
        }
        let end = self.at.saturating_add((count & !BYTE_COUNT) as usize);
        if end > self.bytes.len() {
            return Err(cut_short());
        }
        Ok((self.u16()?, end))
    }

    /// Leaves out an object.
    pub(crate) fn skip_object(&mut self) -> Result<()> {
        let (_, end) = self.version()?;
        self.go_to(end)
    }

    /// `TObject`, which has no number of bytes.
    fn skip_base(&mut self) -> Result<()> {
        const IS_REFERENCED: u32 = 1 << 4;
        self.skip(6)?;
        let bits = self.u32()?;
        self.skip(if bits & IS_REFERENCED == 0 { 0 } else { 2 })
    }

    /// The name of a `TNamed`.
    pub(crate) fn named(&mut self) -> Result<String> {
        let (_, end) = self.version()?;
        self.skip_base()?;
        let name = self.string()?;
        self.go_to(end)?;
        Ok(name)
    }

    /// The objects of a `TObjArray`.
    pub(crate) fn objects(&mut self) -> Result<Vec<Object>> {
        let (_, end) = self.version()?;
        self.skip_base()?;
        self.string()?;
        let count = self.count()?;
        self.skip(4)?;
        let mut objects = Vec::new();
        for _ in 0..count {
            let object = self.object()?;
            self.go_to(object.end)?;
            objects.push(object);
        }
        self.go_to(end)?;
        Ok(objects)
    }

    /// An object, of which the next byte is the first one, or a reference to one.
    pub(crate) fn object(&mut self) -> Result<Object> {
        let place = self.at + self.before + MAP_OFFSET;
        let first = self.u32()?;
        if first & BYTE_COUNT == 0 || first == NEW_CLASS {
            // an object in its own right always has its number of bytes
            return match first & CLASS {
                0 => {
                    Ok(Object { place: first as usize, class: None, begin: self.at, end: self.at })
                }
                _ => Err(input_error!("an object without its number of bytes")),
            };
        }
        let end = self.at.saturating_add((first & !BYTE_COUNT) as usize);
        let at = self.at;
        let tag = self.u32()?;
        let class = match tag {
            NEW_CLASS => self.class_name()?,
            _ if tag & CLASS == 0 => {
                self.go_to(end)?;
                return Ok(Object { place: tag as usize, class: None, begin: end, end });
            }
            _ => {
                let named = (tag & !CLASS) as usize;
                let named = named.checked_sub(MAP_OFFSET + self.before).filter(|it| *it < at);
                let mut there = self.from(named.ok_or_else(cut_short)?);
                match there.u32()? {
                    NEW_CLASS => there.class_name()?,
                    _ => return Err(input_error!("a class that is not named")),
                }
            }
        };
        if end > self.bytes.len() {
            return Err(cut_short());
        }
        Ok(Object { place, class: Some(class), begin: self.at, end })
    }

    /// A name that ends with a zero.
    fn class_name(&mut self) -> Result<String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == 0).ok_or_else(cut_short)?;
        let name = String::from_utf8_lossy(self.take(length + 1)?);
        Ok(name.trim_end_matches('\0').to_owned())
    }
}

fn cut_short() -> Error {
    input_error!("it is cut short or damaged")
}
