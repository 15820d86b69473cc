//! One process at a time: a lock of the operating system, which ends with its process in any case.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::data::files::{opened, output_error};
use crate::error::{Error, Result};
use crate::input_error;

/// The lock of a journal.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it for the journal at `path`. The file `<journal>.owner` stays; only the lock on it
    /// counts.
    ///
    /// The journal itself is not locked, since other processes could not read it on Windows then.
    pub fn take(path: &Path) -> Result<Self> {
        let owner = path.with_added_extension("owner");
        let failed = |error: std::io::Error| output_error(&owner, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = opened(|| options.open(&owner)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut name = String::new();
                // where a lock forbids reading, the owner is unknown
                let _ = file.read_to_string(&mut name);
                let name = if name.is_empty() { "another process" } else { name.trim_end() };
                return Err(other_writer(path, name));
            }
            Err(TryLockError::Error(error)) => {
                return Err(Error::Output(format!(
                    "{}: this file system cannot lock files: {error}; choose a folder on another \
                     one",
                    owner.display()
                )));
            }
        }
        let name = format!("process {}\n", std::process::id());
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(name.as_bytes()));
        written.map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn other_writer(path: &Path, owner: &str) -> Error {
    input_error!(
        "{}: {owner} is writing this study; wait until it is done, stop it, or choose another \
         folder with -o",
        path.display()
    )
}
