//! `shoal analyse`: what a study says.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use shoal::study::report::page;
use shoal::study::stats::Findings;
use shoal::study::{Study, write_test_attributions, write_test_predictions};
use shoal::{Error, Result};

use super::Output;

/// Says what a study found: tables of savings and of negative transfer, and report.html
#[derive(Args, Debug)]
pub struct AnalyseArgs {
    /// The folder of a study, also of one that is still running or was stopped
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Analyses a folder.
pub fn run(args: &AnalyseArgs, output: &Output) -> Result<()> {
    let folders = match Findings::are_in(&args.folder) {
        true => vec![args.folder.clone()],
        false => scenarios(&args.folder)?,
    };
    analyse(&args.folder, &folders, output)
}

/// Analyses studies that have just finished.
pub fn finished(studies: &[Study], folder: &Path, output: &Output) -> Result<()> {
    let own = |study: &Study| match &study.plan.scenario {
        Some(scenario) => folder.join(scenario),
        None => folder.to_owned(),
    };
    let folders: Vec<PathBuf> = studies.iter().map(own).collect();
    for (study, folder) in studies.iter().zip(&folders) {
        write_test_predictions(study, folder)?;
        write_test_attributions(study, folder)?;
    }
    analyse(folder, &folders, output)
}

/// The folders below one that hold runs, by name.
fn scenarios(folder: &Path) -> Result<Vec<PathBuf>> {
    let wrong = |what: String| {
        Error::Input(format!(
            "{}: {what}; name the folder of a study (-o of shoal study)",
            folder.display()
        ))
    };
    let entries =
        std::fs::read_dir(folder).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = paths.filter(|path| Findings::are_in(path)).collect();
    found.sort();
    match found.is_empty() {
        true => Err(wrong("there is no runs.csv, neither here nor in a folder below".to_owned())),
        false => Ok(found),
    }
}

fn analyse(folder: &Path, folders: &[PathBuf], output: &Output) -> Result<()> {
    let all: Vec<Findings> =
        folders.iter().map(|folder| Findings::read(folder)).collect::<Result<_>>()?;
    for findings in &all {
        findings.write_tables()?;
        page::write(findings)?;
        let [gain, loss] = findings.headline();
        let alone = findings.folder == folder;
        let name = if alone { String::new() } else { format!("{}: ", findings.name) };
        output.result(&format!("{name}{gain} {loss}"));
        for sentence in findings.by_strategy() {
            output.result(&format!("- {sentence}"));
        }
        for sentence in &findings.pretraining_size_verdict {
            output.result(&format!("{name}{sentence}"));
        }
        output.event(
            "analysed",
            json!({
                "folder": findings.folder,
                "name": findings.name,
                "verdict": [gain, loss],
                "pretraining_size": findings.pretraining_size_verdict,
            }),
        );
    }
    if all.iter().any(|findings| findings.folder != folder) {
        page::write_joined(folder, &all)?;
    }
    output.say(&format!("the report is {}", folder.join(page::FILE).display()));
    Ok(())
}
