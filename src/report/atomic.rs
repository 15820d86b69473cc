//! Files that are either the old one or the new one, never half of each.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Writes `bytes` to `path` so that a reader, or a crash, sees either the old file or the complete new one.
///
/// The bytes go to a temporary file in the same folder, which is synchronised to the disk and then renamed.
///
/// # Errors
///
/// [`Error::Output`] with the path when the folder is missing, read-only or full. The old file is then untouched
/// and the temporary file is gone.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().ok_or_else(|| {
        Error::Output(format!(
            "cannot write '{}': it does not name a file",
            path.display()
        ))
    })?;
    // The process id keeps two studies that write into one folder from sharing a temporary file.
    let temporary = path.with_file_name(format!(".{}.{}.tmp", name.display(), std::process::id()));
    replace(path, &temporary, bytes).map_err(|error| {
        // Only tidying: the reason worth reporting is the one that stopped the write.
        let _ = fs::remove_file(&temporary);
        output_error(path, &error)
    })
}

fn replace(path: &Path, temporary: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(temporary, path)?;
    sync_folder(path);
    Ok(())
}

/// Asks the disk to remember the name of a new file too. Not every system can, and the contents are safe without it.
pub(super) fn sync_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// The error for a file that could not be written.
pub(super) fn output_error(path: &Path, error: &io::Error) -> Error {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space or choose another folder"
        }
        io::ErrorKind::NotFound => "; the folder does not exist",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder you may write to"
        }
        _ => "",
    };
    Error::Output(format!(
        "cannot write '{}': {error}{advice}",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_an_output_error_with_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("a.csv");
        let error = write_atomically(&path, b"x").unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().contains("a.csv"), "{error}");
    }

    #[test]
    fn a_failed_rename_removes_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::create_dir(&path).unwrap();
        assert!(write_atomically(&path, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
