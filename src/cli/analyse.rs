//! `shoal analyse`: the analysis of a study.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use shoal::study::report::{REPORT_FILE, write_card, write_joined_report, write_report};
use shoal::study::stats::findings::Findings;
use shoal::study::stats::study_seeds::seed_series;
use shoal::study::store::provenance::Status;
use shoal::study::store::results::StudyResults;
use shoal::study::store::study_seeds::{STUDY_SEEDS_FILE, write_study_seeds};
use shoal::study::{
    Study, check_joined, check_report, explain_test_rows, find_degeneracies, predict_test_rows,
    test_networks,
};
use shoal::{Error, Result};

use crate::cli::output::Output;
use crate::cli::signals;

/// Analyses a study: writes tables of statistics, savings and negative transfer, and report.html
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct AnalyseArgs {
    /// The folder of a study, which may still be running or have been stopped
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Analyse again and again while the study runs, which keeps report.html fresh: an open page
    /// loads itself again. Ends when the study is finished, and with Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// How often a watched folder is looked at.
const LOOK: Duration = Duration::from_secs(1);

const REFERENCE: &str = "\
shoal study ends with the same analysis. It uses the tables in the folder and
trains nothing. Of a study that was stopped, it covers what is finished.

Examples:
  shoal analyse results              a study, or all scenarios of one
  shoal analyse results/neutrinos    one scenario
  shoal analyse --watch results      while it trains; open results/report.html

Events (--json):
  analysed          a study or scenario: folder, name, verdict, degeneracy,
                    pretraining_size
  over_study_seeds  studies that differ in their seed alone: name, verdict";

/// Analyses a folder.
pub fn run(args: &AnalyseArgs, output: &Output) -> Result<()> {
    signals::doing("the same command analyses the study again", output.json());
    match args.watch {
        true => watch(&args.folder, output),
        false => analyse(&args.folder, read(&args.folder)?, output),
    }
}

/// The results in a folder, or in those of its scenarios.
fn read(folder: &Path) -> Result<Vec<StudyResults>> {
    let folders = match StudyResults::are_in(folder) {
        true => vec![folder.to_owned()],
        false => scenarios(folder)?,
    };
    let all = folders.iter().map(|folder| StudyResults::read(folder));
    let mut all = all.collect::<Result<Vec<_>>>()?;
    // as the study file has them
    all.sort_by_key(|one| one.provenance.as_ref().and_then(|study| study.place));
    Ok(all)
}

/// Analyses a folder whenever more runs are finished, and when all are.
fn watch(folder: &Path, output: &Output) -> Result<()> {
    let (mut seen, mut said, mut last_change) = (None, false, Instant::now());
    loop {
        match read(folder) {
            Ok(mut all) => {
                // a scenario without a run joins later
                all.retain(|results| !results.runs.is_empty());
                let runs: Vec<usize> = all.iter().map(|results| results.runs.len()).collect();
                if all.is_empty() || !all.iter().all(is_finished) {
                    last_change = Instant::now();
                    if !all.is_empty() && seen.as_ref() != Some(&runs) {
                        analyse(folder, all, output)?;
                        seen = Some(runs);
                    }
                } else if seen.is_none() || last_change.elapsed() > 5 * LOOK {
                    // no other scenario begins, and nothing is older than the study's own report
                    return analyse(folder, all, output);
                }
            }
            Err(error) if !folder.is_dir() => return Err(error),
            // it has not begun, or a file is half written
            Err(error) if !said => {
                output.say(&format!("waiting: {error}"));
                said = true;
            }
            Err(_) => {}
        }
        std::thread::sleep(LOOK);
    }
}

fn is_finished(results: &StudyResults) -> bool {
    results.provenance.as_ref().is_none_or(|study| study.status == Status::Finished)
}

/// Analyses the results of a study that has just finished.
pub fn finished(study: &Study, mut results: StudyResults, output: &Output) -> Result<Findings> {
    check_report(&results.folder)?;
    let bar = output.steps();
    output.step(&bar, &format!("{}: predictions on the test rows", study.plan.name));
    predict_test_rows(study, &mut results)?;
    test_networks(study, &mut results)?;
    output.step(&bar, &format!("{}: attributions of the inputs", study.plan.name));
    explain_test_rows(study, &mut results)?;
    find_degeneracies(study, &mut results)?;
    bar.finish_and_clear();
    found(results, output)
}

/// What there is in the results of a study, with its tables, figures and report.
fn found(results: StudyResults, output: &Output) -> Result<Findings> {
    let bar = output.steps();
    output.step(&bar, "statistics of the runs");
    let findings = Findings::new(results)?;
    output.step(&bar, "tables, figures and report");
    findings.write_tables()?;
    write_report(&findings)?;
    write_card(&findings)?;
    bar.finish_and_clear();
    Ok(findings)
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
    let mut found: Vec<PathBuf> = paths.filter(|path| StudyResults::are_in(path)).collect();
    found.sort();
    match found.is_empty() {
        true => Err(wrong("there is no runs.csv, neither here nor in a folder below".to_owned())),
        false => Ok(found),
    }
}

fn analyse(folder: &Path, results: Vec<StudyResults>, output: &Output) -> Result<()> {
    results.iter().try_for_each(|results| check_report(&results.folder))?;
    check_joined(folder)?;
    let all = results.into_iter().map(|results| found(results, output));
    conclude(folder, &all.collect::<Result<Vec<_>>>()?, output)
}

/// Prints what was found in all scenarios of a study, and writes the page that joins them.
pub fn conclude(folder: &Path, all: &[Findings], output: &Output) -> Result<()> {
    for findings in all {
        let [gain, loss] = findings.headline();
        let alone = findings.folder == folder;
        let name = if alone { String::new() } else { format!("{}: ", findings.name) };
        output.result(&format!("{name}{gain} {loss}"));
        for sentence in findings.by_strategy() {
            output.result(&format!("- {sentence}"));
        }
        let degeneracy = findings.by_degeneracy();
        for sentence in &degeneracy {
            output.result(&format!("{name}{sentence}"));
        }
        for sentence in &findings.pretraining_size_verdict {
            output.result(&format!("{name}{sentence}"));
        }
        output.event(
            "analysed",
            json!({
                "folder": findings.folder.display().to_string(),
                "name": findings.name,
                "verdict": [gain, loss],
                "degeneracy": degeneracy,
                "pretraining_size": findings.pretraining_size_verdict,
            }),
        );
    }
    let seeds = seed_series(all);
    for series in &seeds {
        for sentence in &series.sentences {
            output.result(&format!("{}: {sentence}", series.title));
        }
        let event = json!({ "name": series.title, "verdict": series.sentences });
        output.event("over_study_seeds", event);
    }
    if !seeds.is_empty() {
        let all: Vec<_> = seeds.iter().flat_map(|series| series.all.clone()).collect();
        write_study_seeds(&folder.join(STUDY_SEEDS_FILE), &all)?;
    }
    if all.iter().any(|findings| findings.folder != folder) {
        write_joined_report(folder, all, &seeds)?;
    }
    output.say(&format!("the report is {}", folder.join(REPORT_FILE).display()));
    Ok(())
}
