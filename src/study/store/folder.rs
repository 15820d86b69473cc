//! What is found in a folder of results: whose it is, and what a killed process left.

use std::path::Path;

use serde_json::Value;

use crate::error::Result;
use crate::input_error;
use crate::study::datasets::Study;
use crate::study::store::settings::STUDY_FILE;
use crate::study::store::settings::{differences, settings};

/// `study.json` of a folder, if it can be read.
pub fn earlier(folder: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(folder.join(STUDY_FILE)).ok()?;
    serde_json::from_str(&text).ok()
}

/// The study of a folder is this one; the journal would tell as well, but not what differs.
///
/// # Errors
/// [`crate::Error::Input`] that names what differs.
pub fn check_settings(folder: &Path, study: &Study, earlier: Option<&Value>) -> Result<()> {
    let Some(there) = earlier.map(|study| &study["settings"]).filter(|there| there.is_object())
    else {
        return Ok(());
    };
    let found = differences(there, &settings(study));
    if found.is_empty() {
        return Ok(());
    }
    let more = match found.len() {
        0..=4 => String::new(),
        count => format!(", and {} more", count - 4),
    };
    Err(input_error!(
        "{} already holds the results of another study: {}{more}; choose another folder with -o, or go back to what was there",
        folder.display(),
        found[..found.len().min(4)].join(", ")
    ))
}

/// Removes what a killed process had not finished to write. Files that cannot be removed are in
/// nobody's way.
pub fn remove_parts(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".part") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
