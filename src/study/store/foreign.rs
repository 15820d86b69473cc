//! Whether a folder for results holds files of somebody else, which a study would overwrite.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::error::{Error, Result};
use crate::input_error;
use crate::study::metric::{METRICS, Metric};
use crate::study::stats::diagnostics::FIGURES;
use crate::study::store::agreement::AGREEMENT_FILE;
use crate::study::store::attribution_table::ATTRIBUTIONS_FILE;
use crate::study::store::class_attributions::CLASS_ATTRIBUTIONS_FILE;
use crate::study::store::degeneracy::DEGENERACY_FILE;
use crate::study::store::group_predictions::PREDICTIONS;
use crate::study::store::model::MODELS;
use crate::study::store::negative_transfer::NEGATIVE_TRANSFER_FILE;
use crate::study::store::predictions::PREDICTIONS_FILE;
use crate::study::store::pretraining_size::PRETRAINING_SIZE_FILE;
use crate::study::store::provenance::STUDY_FILE;
use crate::study::store::runs::{PRETRAINING_FILE, RUNS_FILE};
use crate::study::store::savings::SAVINGS_FILE;
use crate::study::store::study_seeds::STUDY_SEEDS_FILE;
use crate::study::store::summary::SUMMARY_FILE;
use crate::study::store::trials::{BEST_TRIALS_FILE, TRIALS_FILE};

/// The journal in a study's folder.
pub const JOURNAL_FILE: &str = "journal.log";
/// The name of the page.
pub const REPORT_FILE: &str = "report.html";
/// The `generator` of the page, and so how it is recognised.
pub(crate) const GENERATOR: &str = concat!("shoal ", env!("CARGO_PKG_VERSION"));

/// The tables that a study writes.
const TABLES: [&str; 13] = [
    RUNS_FILE,
    PRETRAINING_FILE,
    TRIALS_FILE,
    BEST_TRIALS_FILE,
    SUMMARY_FILE,
    SAVINGS_FILE,
    NEGATIVE_TRANSFER_FILE,
    PRETRAINING_SIZE_FILE,
    PREDICTIONS_FILE,
    AGREEMENT_FILE,
    ATTRIBUTIONS_FILE,
    CLASS_ATTRIBUTIONS_FILE,
    DEGENERACY_FILE,
];

/// Checks that nothing in a folder would be overwritten that is not of a study: `study.json` or the
/// journal show that it is the folder of one.
///
/// # Errors
/// [`Error::Input`] that names the file.
pub fn check_own(folder: &Path) -> Result<()> {
    check_report(folder)?;
    // an empty journal shows nothing
    let written = |name: &str| fs::metadata(folder.join(name)).is_ok_and(|file| file.len() > 0);
    if written(STUDY_FILE) || written(JOURNAL_FILE) {
        return Ok(());
    }
    let stems = METRICS.iter().map(Metric::figure);
    let stems = stems.chain(FIGURES.iter().map(|figure| figure.stem.to_owned()));
    let figures: Vec<String> = stems
        .flat_map(|stem| ["csv", "svg", "png"].map(|ending| format!("{stem}.{ending}")))
        .collect();
    let names = TABLES.iter().copied().chain(figures.iter().map(String::as_str));
    if let Some(name) = names.into_iter().find(|name| folder.join(name).exists()) {
        return Err(foreign(folder, name));
    }
    for inner in [MODELS, PREDICTIONS] {
        let entries = fs::read_dir(folder.join(inner)).into_iter().flatten().flatten();
        if let Some(entry) = entries.into_iter().next() {
            return Err(foreign(folder, &format!("{inner}/{}", entry.file_name().display())));
        }
    }
    Ok(())
}

/// Checks that the page in a folder, if there is one, is of shoal.
///
/// # Errors
/// [`Error::Input`] that names it.
pub fn check_report(folder: &Path) -> Result<()> {
    // the mark stands in the head of the page
    let mut head = Vec::new();
    match fs::File::open(folder.join(REPORT_FILE)) {
        Ok(file) => {
            // a page that cannot be read is not known to be of shoal
            let _ = file.take(4096).read_to_end(&mut head);
        }
        // below a file there is none either
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(());
        }
        Err(_) => {}
    }
    let mark = "name=\"generator\" content=\"shoal ";
    match String::from_utf8_lossy(&head).contains(mark) {
        true => Ok(()),
        false => Err(foreign(folder, REPORT_FILE)),
    }
}

/// Checks the files in a folder above those of several scenarios: a table of study seeds is written
/// with the page.
///
/// # Errors
/// [`Error::Input`] that names the file.
pub fn check_joined(folder: &Path) -> Result<()> {
    check_report(folder)?;
    let has = |name: &str| folder.join(name).exists();
    match has(STUDY_SEEDS_FILE) && !has(REPORT_FILE) {
        true => Err(foreign(folder, STUDY_SEEDS_FILE)),
        false => Ok(()),
    }
}

fn foreign(folder: &Path, name: &str) -> Error {
    input_error!(
        "{} is not of a study of shoal, and a study writes a file of this name; choose another \
         folder with -o, or move it away",
        folder.join(name).display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_others_are_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        check_own(path).unwrap();
        check_own(&path.join("nowhere")).unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();
        check_own(path).unwrap();
        check_own(&path.join("notes.txt").join("out")).unwrap();
        for name in
            TABLES.iter().chain(&["report.html", "test-mse.svg", "test-accuracy.png", "roc.csv"])
        {
            fs::write(path.join(name), "mine").unwrap();
            let error = check_own(path).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("-o"), "{error}");
            fs::remove_file(path.join(name)).unwrap();
        }
        fs::create_dir(path.join(MODELS)).unwrap();
        check_own(path).unwrap();
        fs::write(path.join(MODELS).join("mine.pt"), "").unwrap();
        assert!(check_own(path).unwrap_err().to_string().contains("mine.pt"));
        fs::write(path.join(SUMMARY_FILE), "").unwrap();
        fs::write(path.join(STUDY_FILE), "{}").unwrap();
        check_own(path).unwrap();
        fs::write(path.join(REPORT_FILE), "<html>mine</html>").unwrap();
        check_own(path).unwrap_err();
        let page = format!("<meta name=\"generator\" content=\"{GENERATOR}\">");
        fs::write(path.join(REPORT_FILE), page).unwrap();
        check_own(path).unwrap();
    }
}
