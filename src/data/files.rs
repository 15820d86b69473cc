//! Reading files, and writing them so that a file is either the old or the new one, never a part.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::data::foreign;
use crate::error::{Error, Result};
use crate::input_error;

/// Reads a file.
///
/// # Errors
/// The file is missing (with the folder that a relative path starts from), is a folder, may not be
/// read, or is of a kind that is no data, as a Git LFS pointer.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        return Err(input_error!("{} is a folder, not a file", path.display()));
    }
    let bytes = opened(|| fs::read(path)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            input_error!("{}: no such file{}", path.display(), looked_in(path))
        }
        _ => input_error!("{}: cannot be read: {error}", path.display()),
    })?;
    match foreign::advice(&bytes) {
        Some(advice) => Err(input_error!("{} {advice}", path.display())),
        None => Ok(bytes),
    }
}

/// For a relative path, the folder that it starts from, as the end of a message.
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

/// Writes a file so that it is either complete or not there: a temporary file in the same folder,
/// forced to disk, then renamed over `path`. Where `path` is a symbolic link, the file that it
/// names is written; a file that is there keeps its permissions. A device or a pipe is written in
/// place.
///
/// # Errors
/// [`Error::Output`] that names `path`; the temporary file is removed.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<()> {
    let written = || {
        if is_special(path) {
            return write_in_place(path, write);
        }
        let target = followed(path);
        let mut temporary = opened(|| Temporary::new(&target))?;
        write(&mut temporary.file)?;
        temporary.file.sync_all()?;
        temporary.rename()?;
        sync_folder(&target);
        Ok(())
    };
    written().map_err(|error| output_error(path, &error))
}

/// Whether `path` is something that a rename would replace by a file: a device, a pipe, a socket,
/// or an open file of a process.
fn is_special(path: &Path) -> bool {
    let of_process = ["/dev/fd/", "/dev/std", "/proc/"]
        .iter()
        .any(|one| path.to_str().is_some_and(|path| path.starts_with(one)));
    match fs::metadata(path) {
        Ok(there) => !there.is_dir() && (!there.is_file() || of_process),
        Err(_) => false,
    }
}

/// The file that a chain of symbolic links names, there or not; another path is itself.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    // as many as Linux follows
    for _ in 0..40 {
        let Ok(named) = fs::read_link(&path) else { break };
        path = path.parent().map_or(named.clone(), |folder| folder.join(&named));
    }
    path
}

/// Writes what cannot be renamed, and often not be sought in either, from a file elsewhere.
fn write_in_place(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let buffer = std::env::temp_dir().join("shoal");
    let mut temporary = Temporary::new(&buffer)?;
    write(&mut temporary.file)?;
    let mut special = fs::OpenOptions::new().write(true).open(path)?;
    io::copy(&mut File::open(&temporary.name)?, &mut special)?;
    special.flush()
}

/// [`write_atomically`] with all bytes at once.
///
/// # Errors
/// As [`write_atomically`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write_atomically(path, |file| file.write_all(bytes))
}

/// How long it is waited where too many files are open.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a file with `open`. Where this process or the system has too many open, it waits, 10
/// seconds at most: others are closed soon.
///
/// # Errors
/// The last one of `open`.
pub(crate) fn opened<T>(mut open: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let begin = Instant::now();
    loop {
        match open() {
            Err(error) if too_many_open(&error) && begin.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Whether a file cannot be opened because too many are.
fn too_many_open(error: &io::Error) -> bool {
    // of the process or the system; std has no kind for them
    #[cfg(unix)]
    let numbers = [libc::EMFILE, libc::ENFILE];
    #[cfg(not(unix))]
    let numbers = [4]; // ERROR_TOO_MANY_OPEN_FILES
    error.raw_os_error().is_some_and(|number| numbers.contains(&number))
}

/// Most files that [`write_all`] has open at one time. A process may have 256 on some systems.
const OPEN: usize = 32;

/// Writes several files as [`write_bytes`] writes one. Some are written before the first one is
/// forced to disk, which makes the others cheap.
///
/// # Errors
/// As [`write_atomically`], for the first that fails; files that were renamed before it stay.
pub fn write_all(files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let mut rest = files;
    while !rest.is_empty() {
        rest = &rest[write_some(rest)?..];
    }
    Ok(())
}

/// Writes the first files, at least one and as many as may be open; returns how many.
fn write_some(files: &[(PathBuf, Vec<u8>)]) -> Result<usize> {
    let targets: Vec<PathBuf> = files.iter().take(OPEN).map(|(path, _)| followed(path)).collect();
    let mut open = Vec::new();
    for (path, (_, bytes)) in targets.iter().zip(files) {
        let failed = |error| output_error(path, &error);
        let temporary = match open.is_empty() {
            true => opened(|| Temporary::new(path)),
            false => Temporary::new(path),
        };
        let mut temporary = match temporary {
            Err(error) if too_many_open(&error) && !open.is_empty() => break,
            temporary => temporary.map_err(failed)?,
        };
        temporary.file.write_all(bytes).map_err(failed)?;
        open.push(temporary);
    }
    let sync = |it: &Temporary| it.file.sync_all().map_err(|error| output_error(it.path, &error));
    let rename = |it: &Temporary| it.rename().map_err(|error| output_error(it.path, &error));
    open.iter().try_for_each(sync)?;
    open.iter().try_for_each(rename)?;
    let folders: BTreeSet<_> = open.iter().filter_map(|it| it.path.parent()).collect();
    folders.into_iter().for_each(sync_folder_itself);
    Ok(open.len())
}

/// Checks that a file of this name can be written, before the work that ends in it.
///
/// # Errors
/// [`Error::Output`] that names `path`.
pub fn check_writable(path: &Path) -> Result<()> {
    let failed = |error: io::Error| output_error(path, &error);
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(failed(io::ErrorKind::IsADirectory.into())),
        Ok(there) if there.permissions().readonly() => Err(Error::Output(format!(
            "{} is read-only, and is left as it is; choose another name, or allow writing",
            path.display()
        ))),
        _ if is_special(path) => Ok(()),
        _ => {
            let target = followed(path);
            opened(|| Temporary::new(&target)).map(drop).map_err(failed)
        }
    }
}

/// Checks that the file to write is none of those that are read, under any name or link.
///
/// # Errors
/// [`Error::Input`] that names both.
pub fn check_not_an_input<'a>(
    output: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    // what cannot be overwritten may be read and written, as a terminal
    if !output.is_file() {
        return Ok(());
    }
    for input in inputs {
        let file = split_member(input).0;
        if same_file::is_same_file(output, &file).unwrap_or(false) {
            return Err(input_error!(
                "-o {} is the input {}, which it would overwrite; choose another name",
                output.display(),
                file.display()
            ));
        }
    }
    Ok(())
}

/// `file.npz:member` is the file and the member; any other path is itself, also that of a file with
/// such a name.
pub(crate) fn split_member(path: &Path) -> (PathBuf, Option<&str>) {
    // a path need not be text, but the part after its last separator, or its last dot, is then
    // still
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(text) = path.to_str().or(name) else {
        let extension = path.extension().and_then(|extension| extension.to_str());
        return match extension.and_then(|extension| extension.split_once(':')) {
            Some((extension, member)) => (path.with_extension(extension), Some(member)),
            None => (path.to_path_buf(), None),
        };
    };
    let of_extension = |(at, _): &(usize, &str)| {
        let file = &text[..*at];
        let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
        extension.starts_with(|first: char| first.is_ascii_alphabetic())
            && extension.chars().all(|letter| letter.is_ascii_alphanumeric())
    };
    let colon = text.match_indices(':').find(of_extension).map(|(at, _)| at);
    match colon {
        Some(at) if !path.exists() => {
            let file = PathBuf::from(&text[..at]);
            let file = if path.to_str().is_some() { file } else { path.with_file_name(file) };
            (file, Some(&text[at + 1..]))
        }
        _ => (path.to_path_buf(), None),
    }
}

const PART: &str = ".shoal-";
const PART_END: &str = ".part";

/// Whether a name is that of a temporary file, which a killed process may have left.
pub(crate) fn is_part(name: &str) -> bool {
    name.starts_with(PART) && name.ends_with(PART_END)
}

/// A file beside `path` under a name that no other writer uses, of this process or another. It is
/// removed when it is dropped, unless it was renamed.
struct Temporary<'a> {
    path: &'a Path,
    name: PathBuf,
    file: File,
}

impl<'a> Temporary<'a> {
    fn new(path: &'a Path) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        // not longer than a name may be, however long that of the file is
        let name = format!("{PART}{}-{count}{PART_END}", std::process::id());
        let name = path.with_file_name(name);
        let file = File::create_new(&name)?;
        let temporary = Self { path, file, name };
        if let Ok(there) = fs::metadata(path) {
            temporary.file.set_permissions(there.permissions())?;
        }
        Ok(temporary)
    }

    fn rename(&self) -> io::Result<()> {
        fs::rename(&self.name, self.path)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing to remove; before it, the first error is the one to
        // report.
        let _ = fs::remove_file(&self.name);
    }
}

/// Forces the name of a new file to disk too. Not every system can, and the contents are safe
/// without it.
pub fn sync_folder(path: &Path) {
    path.parent().into_iter().for_each(sync_folder_itself);
}

fn sync_folder_itself(folder: &Path) {
    #[cfg(unix)]
    {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let _ = opened(|| File::open(folder)).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// The error for a file that could not be written.
pub fn output_error(path: &Path, error: &io::Error) -> Error {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space or choose another folder"
        }
        io::ErrorKind::NotFound => "; the folder does not exist",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder you may write to"
        }
        _ if too_many_open(error) => "; allow this process more open files (ulimit -n)",
        _ => "",
    };
    Error::Output(format!("{}: could not be written: {error}{advice}", path.display()))
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
        assert!(error.to_string().contains("lcdm.npz: could not be written"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a partial file was left");
    }

    #[test]
    fn several_files_are_all_there_or_their_failure_leaves_nothing_half() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| (folder.path().join(name), name.as_bytes().to_vec());
        write_all(&[]).unwrap();
        write_all(&[file("one"), file("two")]).unwrap();
        for name in ["one", "two"] {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), name.as_bytes());
        }
        let error = write_all(&[file("three"), file("nowhere/four")]).unwrap_err();
        assert!(error.to_string().contains("four: could not"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_missing_folder_is_an_output_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere").join("lcdm.npz");
        for result in [write_atomically(&path, |_| Ok(())), check_writable(&path)] {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Output(_)), "{error:?}");
        }
        check_writable(&folder.path().join("lcdm.npz")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
