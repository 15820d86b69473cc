//! Files of ROOT: the header, keys, directories and compression.

use std::io::Read;

use crate::data::columnar::MOST_NUMBERS;
use crate::data::root::buffer::Buffer;
use crate::error::Result;
use crate::input_error;

/// The version from which on places in a file have 8 bytes, of files and of keys.
const LONG_FILE: u32 = 1_000_000;
const LONG: u16 = 1000;
/// Directories inside each other.
const DEEPEST: usize = 8;

/// A key: where an object lies, and what it is.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) class: String,
    /// Its name, after those of the directories that it lies in.
    pub(crate) path: String,
    /// Which of several objects of this name.
    cycle: u16,
    /// Where it lies in the file, with the key before it.
    at: usize,
    /// Bytes of the key before it, and of both.
    pub(crate) key_length: usize,
    length: usize,
    /// Bytes of the object.
    pub(crate) object_length: usize,
}

impl Key {
    /// Reads a key.
    pub(crate) fn read(buffer: &mut Buffer) -> Result<Self> {
        let length = buffer.u32()? as usize;
        let version = buffer.u16()?;
        let object_length = buffer.u32()? as usize;
        buffer.skip(4)?;
        let (key_length, cycle) = (buffer.u16()?.into(), buffer.u16()?);
        let at = buffer.place(version > LONG)?;
        buffer.place(version > LONG)?;
        let (class, path) = (buffer.string()?, buffer.string()?);
        buffer.string()?;
        Ok(Self { class, path, cycle, at, key_length, length, object_length })
    }

    /// The bytes of the object, unpacked.
    pub(crate) fn object(&self, file: &[u8]) -> Result<Vec<u8>> {
        let begin = self.at.saturating_add(self.key_length);
        let packed = file.get(begin..self.at.saturating_add(self.length));
        let packed = packed.ok_or_else(|| input_error!("'{}' lies outside the file", self.path))?;
        if self.object_length / MOST_NUMBERS > file.len() {
            return Err(input_error!(
                "'{}' claims {} bytes, more than {MOST_NUMBERS} for each byte of the file",
                self.path,
                self.object_length
            ));
        }
        unpacked(packed, self.object_length)
    }
}

/// The trees of a file, each by its newest key, and whether there are ntuples too.
///
/// # Errors
/// A file that is damaged.
pub(crate) fn trees(file: &[u8]) -> Result<(Vec<Key>, bool)> {
    let mut buffer = Buffer::new(file, 0);
    buffer.skip(4)?;
    let is_long = buffer.u32()? >= LONG_FILE;
    let begin = buffer.u32()? as usize;
    buffer.place(is_long)?;
    buffer.place(is_long)?;
    buffer.skip(8)?;
    let name = buffer.u32()? as usize;
    let mut keys = Vec::new();
    directory(file, begin.saturating_add(name), "", &mut keys, &mut vec![])?;
    let is_ntuple = |key: &Key| key.class.ends_with("RNTuple");
    let has_ntuples = keys.iter().any(is_ntuple);
    let is_tree = |key: &Key| ["TTree", "TNtuple", "TNtupleD"].contains(&key.class.as_str());
    let mut trees: Vec<Key> = keys.into_iter().filter(is_tree).collect();
    // a file that was saved several times has a tree several times
    trees.sort_by(|one, other| (&one.path, other.cycle).cmp(&(&other.path, one.cycle)));
    trees.dedup_by(|other, first| other.path == first.path);
    Ok((trees, has_ntuples))
}

/// The keys of a directory whose record lies at a place, and of those in it.
fn directory(
    file: &[u8],
    at: usize,
    path: &str,
    keys: &mut Vec<Key>,
    seen: &mut Vec<usize>,
) -> Result<()> {
    if seen.contains(&at) || path.matches('/').count() > DEEPEST {
        return Ok(());
    }
    seen.push(at);
    let mut buffer = Buffer::new(file, 0);
    buffer.skip(at)?;
    let is_long = buffer.u16()? > LONG;
    buffer.skip(16)?;
    buffer.place(is_long)?;
    buffer.place(is_long)?;
    let list = buffer.place(is_long)?;
    let mut buffer = Buffer::new(file, 0);
    buffer.skip(list)?;
    Key::read(&mut buffer)?;
    for _ in 0..buffer.count()? {
        let mut key = Key::read(&mut buffer)?;
        key.path = format!("{path}{}", key.path);
        if key.class.starts_with("TDirectory") {
            let below = key.at.saturating_add(key.key_length);
            directory(file, below, &format!("{}/", key.path), keys, seen)?;
        } else {
            keys.push(key);
        }
    }
    Ok(())
}

/// Unpacks `size` bytes from blocks, each with its codec and its two sizes before it.
fn unpacked(packed: &[u8], size: usize) -> Result<Vec<u8>> {
    if packed.len() == size {
        return Ok(packed.to_vec());
    }
    let (mut rest, mut bytes) = (packed, Vec::new());
    while bytes.len() < size {
        let Some((&[a, b, _, p, q, r, u, v, w], after)) = rest.split_first_chunk::<9>() else {
            return Err(input_error!("a block is cut short"));
        };
        let length = |low, middle, high| u32::from_le_bytes([low, middle, high, 0]) as usize;
        let (inside, whole) = (length(p, q, r), length(u, v, w));
        if inside > after.len() || whole > size - bytes.len() {
            return Err(input_error!("a block is larger than what it is a part of"));
        }
        let block = unpacked_block([a, b], &after[..inside], whole)?;
        if block.len() != whole {
            return Err(input_error!("a block has {} bytes instead of {whole}", block.len()));
        }
        bytes.extend(block);
        rest = &after[inside..];
    }
    Ok(bytes)
}

fn unpacked_block(codec: [u8; 2], block: &[u8], size: usize) -> Result<Vec<u8>> {
    let read = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        from.take(size as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let unpacked: std::io::Result<Vec<u8>> = match &codec {
        b"ZL" => read(&mut flate2::read::ZlibDecoder::new(block)),
        b"ZS" => zstd::Decoder::new(block).and_then(|mut block| read(&mut block)),
        b"XZ" => read(&mut lzma_rust2::XzReader::new(block, false)),
        // 8 bytes of a checksum stand before the block
        b"L4" => lz4_flex::block::decompress(block.get(8..).unwrap_or_default(), size)
            .map_err(std::io::Error::other),
        other => {
            let name = String::from_utf8_lossy(other);
            return Err(input_error!("a block is compressed with '{name}', which is not read"));
        }
    };
    unpacked.map_err(|error| input_error!("a block is damaged ({error})"))
}
