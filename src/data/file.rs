//! Bytes from a file and safely into one, and fingerprints.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};

use crate::input_error;
use crate::{Error, Result};

/// Everything in a file.
///
/// # Errors
/// A missing file is named together with the folder it was looked for in; a folder, or a file that may not be read,
/// is named with the reason.
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

/// Puts `prefix: ` before an input error, so that a check that does not know the file still names it.
pub(crate) fn prefix(error: Error, prefix: impl std::fmt::Display) -> Error {
    match error {
        Error::Input(text) => Error::Input(format!("{prefix}: {text}")),
        other => other,
    }
}

/// A SHA-256 in hexadecimal.
pub(crate) fn hex(digest: Sha256) -> String {
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The SHA-256 of a file's bytes in hexadecimal.
pub(crate) fn fingerprint(path: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    digest.update(read_bytes(path)?);
    Ok(hex(digest))
}

/// Writes a file so that it is either complete or not there: a temporary file in the same folder, forced to disk,
/// then renamed over `path`.
///
/// # Errors
/// [`Error::Output`] that names `path`; the temporary file is removed.
pub(crate) fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| {
        let text = format!(
            "{}: could not be written: {error}; no partial file was left",
            path.display()
        );
        Error::Output(text)
    };
    let temporary =
        temporary_name(path).ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
    let result = write_and_rename(path, &temporary, write);
    if result.is_err() {
        // There may be nothing to remove; the first error is the one worth telling.
        let _ = fs::remove_file(&temporary);
    }
    result.map_err(failed)
}

fn write_and_rename(
    path: &Path,
    temporary: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = File::create_new(temporary)?;
    write(&mut file)?;
    file.sync_all()?;
    drop(file);
    fs::rename(temporary, path)?;
    // The rename itself survives a power cut only once the folder is on disk; not every file system can do that.
    #[cfg(unix)]
    if let Some(folder) = temporary.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// A name in the same folder that no other writer uses, of this process or another.
fn temporary_name(path: &Path) -> Option<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name()?.to_string_lossy();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    Some(folder.join(format!(".{name}.{}-{count}.part", std::process::id())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_output_error_and_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lcdm.npz");
        write_atomically(&path, |file| file.write_all(b"old")).unwrap();
        let error = write_atomically(&path, |file| {
            file.write_all(b"half of the new")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert!(matches!(error, Error::Output(_)), "{error:?}");
        assert!(
            error.to_string().contains("lcdm.npz: could not be written"),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "a partial file was left"
        );
    }

    #[test]
    fn a_missing_folder_is_an_output_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere").join("lcdm.npz");
        let error = write_atomically(&path, |_| Ok(())).unwrap_err();
        assert!(matches!(error, Error::Output(_)), "{error:?}");
    }
}
