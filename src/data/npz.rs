//! Several arrays in one file (`.npz`): a zip of `.npy` files, as `np.savez` writes it.

use std::io::{self, Cursor, Read, Seek, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::error::Result;
use crate::host::check_memory;
use crate::input_error;

/// The arrays of an npz in memory.
pub(crate) struct Archive<'bytes>(ZipArchive<Cursor<&'bytes [u8]>>);

impl<'bytes> Archive<'bytes> {
    /// Opens an npz, compressed or not.
    pub(crate) fn open(bytes: &'bytes [u8]) -> Result<Self> {
        ZipArchive::new(Cursor::new(bytes))
            .map(Self)
            .map_err(|error| input_error!("is not a complete .npz file ({error})"))
    }

    /// The names of the arrays, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let array = |name: &str| name.strip_suffix(".npy").map(String::from);
        let files = self.0.file_names().flatten();
        let mut names: Vec<String> = files.filter_map(|name| array(&name)).collect();
        names.sort();
        names
    }

    /// The names of the arrays as they lie in the file.
    pub(crate) fn names_in_order(&self) -> Vec<String> {
        let files = (0..self.0.len()).filter_map(|index| self.0.name_for_index(index)?.ok());
        files.filter_map(|name| name.strip_suffix(".npy").map(String::from)).collect()
    }

    /// The name of the only array.
    pub(crate) fn only_member(&self, file: &Path) -> Result<String> {
        match self.names().as_slice() {
            [] => Err(input_error!(
                "holds no arrays: it is a zip, but not of np.savez. Save a spreadsheet as .csv, \
                 and an array with np.save"
            )),
            [only] => Ok(only.clone()),
            names => Err(input_error!(
                "holds {} arrays ({}); say which one, as in {}:{}",
                names.len(),
                names.join(", "),
                file.display(),
                names[0]
            )),
        }
    }

    /// The bytes of one array, a complete `.npy`.
    pub(crate) fn member(&mut self, name: &str) -> Result<Vec<u8>> {
        let names = self.names();
        if !names.iter().any(|other| other == name) {
            return Err(input_error!("has no '{name}'; it holds {}", names.join(", ")));
        }
        let damaged = |error: &dyn std::fmt::Display| input_error!("'{name}' is damaged ({error})");
        let mut file = self.0.by_name(&format!("{name}.npy")).map_err(|error| damaged(&error))?;
        // A few bytes may be packed from many.
        check_memory(&format!("'{name}'"), 4 * u128::from(file.size()), "take out a part of it")?;
        let mut bytes = Vec::new();
        // To the end, because only there the checksum is compared.
        file.read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        Ok(bytes)
    }
}

/// Writes an npz, array by array: the same bytes for the same arrays.
pub(crate) struct Writer<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> Writer<W> {
    pub(crate) fn new(file: W) -> Self {
        Self(ZipWriter::new(file))
    }

    /// Adds an array of about so many bytes.
    ///
    /// # Errors
    /// Those of the file.
    pub(crate) fn array(
        &mut self,
        name: &str,
        bytes: usize,
        write: impl FnOnce(&mut ZipWriter<W>) -> io::Result<()>,
    ) -> io::Result<()> {
        // With room for the header of the array: from 4 GiB on, a zip needs longer fields.
        let large = bytes as u64 + (1 << 16) > u64::from(u32::MAX);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .large_file(large);
        self.0.start_file(format!("{name}.npy"), options)?;
        write(&mut self.0)
    }

    /// Writes the directory, without which the file is not an npz.
    ///
    /// # Errors
    /// Those of the file.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.0.finish()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(names: &[String], size: usize) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut writer = Writer::new(&mut file);
        for name in names {
            writer.array(name, size, |file| file.write_all(name.as_bytes())).unwrap();
        }
        writer.finish().unwrap();
        file.into_inner()
    }

    #[test]
    fn more_arrays_than_an_old_zip_counts_are_read_back() {
        let names: Vec<String> = (0..70_000).map(|index| format!("{index:05}")).collect();
        let bytes = written(&names, 5);
        let mut archive = Archive::open(&bytes).unwrap();
        assert_eq!(archive.names(), names);
        assert_eq!(archive.member("69999").unwrap(), b"69999");
    }

    #[test]
    fn an_array_of_more_than_4_gib_has_the_longer_fields() {
        // as announced; the array itself is short
        let names = ["x".to_string()];
        let bytes = written(&names, 5 << 30);
        // version 4.5 to read, PKWARE APPNOTE.TXT 4.4.3.2; and the extra field 1, section 4.5.3
        assert_eq!(bytes[4..6], [45, 0]);
        assert_eq!(bytes[35..37], [1, 0]);
        assert_eq!(Archive::open(&bytes).unwrap().member("x").unwrap(), b"x");
        assert!(written(&names, 5).len() < bytes.len());
    }
}
