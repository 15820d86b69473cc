//! Bytes from a file, and fingerprints.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::input_error;

/// Everything in a file.
///
/// # Errors
/// A missing file is named together with the folder it was looked for in; a folder, or a file that
/// may not be read, is named with the reason.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        return Err(input_error!("{} is a folder, not a file", path.display()));
    }
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            input_error!("{}: no such file{}", path.display(), looked_in(path))
        }
        _ => input_error!("{}: cannot be read: {error}", path.display()),
    })
}

/// For a relative path, where it was looked for.
pub(crate) fn looked_in(path: &Path) -> String {
    match std::env::current_dir() {
        Ok(folder) if path.is_relative() => format!(" (looked in {})", folder.display()),
        _ => String::new(),
    }
}

/// Puts `prefix: ` before an input error, so that a check that does not know the file still names
/// it.
pub(crate) fn prefix(error: Error, prefix: impl std::fmt::Display) -> Error {
    match error {
        Error::Input(text) => Error::Input(format!("{prefix}: {text}")),
        other => other,
    }
}

/// A SHA-256 in hexadecimal.
pub(crate) fn hex(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a file's bytes in hexadecimal.
pub(crate) fn fingerprint(path: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    digest.update(read_bytes(path)?);
    Ok(hex(digest))
}
