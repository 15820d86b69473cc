//! `runs.csv`: one row per finished run.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::data::files::{output_error, sync_folder, write_bytes};
use crate::error::Result;
use crate::input_error;
use crate::study::store::fields::{csv_text, number_text};

/// The table of fine-tunings in a study's folder, one row each.
pub const RUNS_FILE: &str = "runs.csv";

/// How long rows may wait to be forced to disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// The columns before the ones that each target adds.
const BEFORE: [&str; 5] = ["strategy", "simulations", "seed", "validation_mse", "test_mse"];
/// The columns after them.
const AFTER: [&str; 4] = ["epochs", "steps", "stopped", "model"];
/// The last column, which is there only where networks were pre-trained on several numbers of
/// simulations.
const PRETRAINING: &str = "pretraining_simulations";
/// What a target's column is called: this, then the target's name.
const TARGET: &str = "test_mse_";

/// One finished run, a row of `runs.csv`.
///
/// A number that is absent was never measured: the run diverged first. One that is not finite is
/// written as absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// The strategy's name, such as `scratch` or `dummy-node`.
    pub strategy: String,
    /// How many simulations it had, training and validation together.
    pub simulations: usize,
    /// The seed of its weights, batches and dropout.
    pub seed: u32,
    /// The lowest mean squared error on the validation rows, whose weights were kept.
    pub validation_mse: Option<f64>,
    /// The mean squared error of the kept weights on the test rows, over all targets.
    pub test_mse: Option<f64>,
    /// The same for each target, in the order of the targets.
    pub target_mse: Vec<Option<f64>>,
    /// How many epochs it ran.
    pub epochs: u32,
    /// How many optimiser steps it took.
    pub steps: u32,
    /// Why it ended: `patience`, `epochs` or `diverged`.
    pub stopped: String,
    /// The relative path of its model file, empty if none was written.
    pub model: String,
    /// How many simulations the network which it starts from was pre-trained on, 0 if it starts
    /// from none. Absent in a study with one such number: its tables have no such column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretraining_simulations: Option<usize>,
}

impl RunRow {
    /// What tells its curve from others: the strategy, with the pre-training simulations behind it
    /// where there are several numbers of them, as in `dummy-node (2048)`.
    pub fn label(&self) -> String {
        match self.pretraining_simulations {
            Some(simulations @ 1..) => format!("{} ({simulations})", self.strategy),
            _ => self.strategy.clone(),
        }
    }
}

/// The rows with their labels as strategies, so that whatever compares strategies does not mix
/// pre-training sizes.
pub fn labelled(rows: &[RunRow]) -> Vec<RunRow> {
    let row = |row: &RunRow| RunRow {
        strategy: row.label(),
        pretraining_simulations: None,
        ..row.clone()
    };
    rows.iter().map(row).collect()
}

/// Appends rows to `runs.csv` as runs finish.
///
/// Each append reaches the disk before it returns, so that a killed process loses no finished run.
#[derive(Debug)]
pub struct RunsFile {
    path: PathBuf,
    file: File,
    targets: usize,
    /// Whether rows say how many simulations the pre-training had.
    sized: bool,
    synced: Instant,
}

impl RunsFile {
    /// Starts a file with only the column names, in place of any older one.
    ///
    /// # Errors
    ///
    /// [`Error::Output`](crate::Error::Output) with the path when it cannot be written.
    pub fn create(path: &Path, targets: &[String]) -> Result<Self> {
        Self::begin(path, targets, false)
    }

    /// The same for rows that say how many simulations the pre-training had.
    ///
    /// # Errors
    ///
    /// As [`RunsFile::create`].
    pub fn create_sized(path: &Path, targets: &[String]) -> Result<Self> {
        Self::begin(path, targets, true)
    }

    fn begin(path: &Path, targets: &[String], sized: bool) -> Result<Self> {
        let file = File::create(path).map_err(|error| output_error(path, &error))?;
        let mut runs = Self {
            path: path.to_owned(),
            file,
            targets: targets.len(),
            sized,
            synced: Instant::now(),
        };
        runs.write_line(&header(targets, sized))?;
        sync_folder(path);
        Ok(runs)
    }

    /// Adds one finished run.
    ///
    /// # Errors
    ///
    /// [`Error::Output`](crate::Error::Output) with the path when the disk is full or gone.
    ///
    /// # Panics
    ///
    /// If the row has another number of targets than the file, or says of the pre-training what the
    /// file has no column for.
    pub fn append(&mut self, row: &RunRow) -> Result<()> {
        self.write_line(&fields(row, self.targets, self.sized))
    }

    fn write_line(&mut self, fields: &[String]) -> Result<()> {
        let line = csv_text(std::iter::once(fields));
        // One write per row: a killed process then tears at most the last one. It survives the
        // process at once, and a power cut after a second at most: forcing each row to disk would
        // cost more than training a tiny network.
        let due = self.synced.elapsed() >= SYNC_EVERY;
        (self.file.write_all(&line))
            .and_then(|()| if due { self.file.sync_data() } else { Ok(()) })
            .map_err(|error| output_error(&self.path, &error))?;
        if due {
            self.synced = Instant::now();
        }
        Ok(())
    }
}

/// Writes the whole table at once, atomically; a study ends with it to put the rows into the order
/// of its plan.
///
/// # Errors
///
/// [`Error::Output`](crate::Error::Output) with the path when it cannot be written; an older file
/// is then untouched.
///
/// # Panics
///
/// If a row has another number of targets than `targets`, or only some rows say how many
/// simulations the pre-training had.
pub fn write_runs(path: &Path, targets: &[String], rows: &[RunRow]) -> Result<()> {
    let sized = (rows.first()).is_some_and(|row| row.pretraining_simulations.is_some());
    let mut lines = vec![header(targets, sized)];
    lines.extend(rows.iter().map(|row| fields(row, targets.len(), sized)));
    write_bytes(path, &csv_text(lines.iter().map(Vec::as_slice)))
}

/// Reads `runs.csv` back: the names of the targets, and the rows.
///
/// A last line without its line break was torn by a killed process and is dropped, even where it
/// looks complete.
///
/// # Errors
///
/// [`Error::Input`](crate::Error::Input) when the file is missing, has other columns, or is damaged
/// anywhere else: the line is named.
pub fn read_runs(path: &Path) -> Result<(Vec<String>, Vec<RunRow>)> {
    let name = path.display();
    let mut bytes =
        std::fs::read(path).map_err(|error| input_error!("cannot read '{name}': {error}"))?;
    bytes.truncate(bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1));
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let columns = reader.headers().map_err(|error| input_error!("'{name}', line 1: {error}"))?;
    let targets =
        targets_of(columns).map_err(|problem| input_error!("'{name}', line 1: {problem}"))?;
    let sized = is_sized(columns);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| input_error!("'{name}': {}", describe(&error)))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(
            row_of(&record, sized)
                .map_err(|problem| input_error!("'{name}', line {line}: {problem}"))?,
        );
    }
    Ok((targets, rows))
}

/// The `csv` crate's message in the words of a person who counts lines.
fn describe(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "line {line} has {len} fields but line 1 has {expected_len}; repair or delete the line"
            )
        }
        csv::ErrorKind::Utf8 { .. } => {
            format!("line {line} is not text; repair or delete the line")
        }
        _ => error.to_string(),
    }
}

/// The target names inside the column names, or what is wrong with these.
fn targets_of(columns: &csv::StringRecord) -> Result<Vec<String>, String> {
    let sized = is_sized(columns);
    let others = BEFORE.len() + AFTER.len() + usize::from(sized);
    let count = columns.len().saturating_sub(others);
    let targets: Option<Vec<String>> = columns
        .iter()
        .skip(BEFORE.len())
        .take(count)
        .map(|column| column.strip_prefix(TARGET).map(str::to_owned))
        .collect();
    match targets {
        Some(targets) if header(&targets, sized).iter().eq(columns.iter()) => Ok(targets),
        _ => Err(format!(
            "the columns must be {},{TARGET}<target>...,{} and perhaps {PRETRAINING}, but they are '{}'",
            BEFORE.join(","),
            AFTER.join(","),
            columns.iter().collect::<Vec<_>>().join(","),
        )),
    }
}

/// Whether the rows say how many simulations the pre-training had.
fn is_sized(columns: &csv::StringRecord) -> bool {
    columns.iter().next_back() == Some(PRETRAINING)
}

/// The row inside a record whose length is right.
fn row_of(record: &csv::StringRecord, sized: bool) -> Result<RunRow, String> {
    let target_end = record.len() - AFTER.len() - usize::from(sized);
    Ok(RunRow {
        strategy: record[0].to_owned(),
        simulations: number(&record[1], BEFORE[1])?,
        seed: number(&record[2], BEFORE[2])?,
        validation_mse: measured(&record[3], BEFORE[3])?,
        test_mse: measured(&record[4], BEFORE[4])?,
        target_mse: (BEFORE.len()..target_end)
            .map(|i| measured(&record[i], "test_mse of a target"))
            .collect::<Result<_, _>>()?,
        epochs: number(&record[target_end], AFTER[0])?,
        steps: number(&record[target_end + 1], AFTER[1])?,
        stopped: record[target_end + 2].to_owned(),
        model: record[target_end + 3].to_owned(),
        pretraining_simulations: match sized {
            true => Some(number(&record[target_end + 4], PRETRAINING)?),
            false => None,
        },
    })
}

fn number<T: std::str::FromStr>(field: &str, column: &str) -> Result<T, String> {
    field.trim().parse().map_err(|_| format!("'{field}' is not a number for {column}"))
}

fn measured(field: &str, column: &str) -> Result<Option<f64>, String> {
    if field.trim().is_empty() {
        return Ok(None);
    }
    number(field, column).map(Some)
}

fn header(targets: &[String], sized: bool) -> Vec<String> {
    let middle = targets.iter().map(|target| format!("{TARGET}{target}"));
    BEFORE
        .iter()
        .map(|&name| name.to_owned())
        .chain(middle)
        .chain(AFTER.iter().map(|&name| name.to_owned()))
        .chain(sized.then(|| PRETRAINING.to_owned()))
        .collect()
}

fn fields(row: &RunRow, targets: usize, sized: bool) -> Vec<String> {
    assert_eq!(
        row.target_mse.len(),
        targets,
        "runs.csv: a row of '{}' has another number of targets",
        row.strategy
    );
    assert_eq!(
        row.pretraining_simulations.is_some(),
        sized,
        "runs.csv: a row of '{}' against the columns",
        row.strategy
    );
    let mut fields = vec![row.strategy.clone(), row.simulations.to_string(), row.seed.to_string()];
    fields.extend(
        [row.validation_mse, row.test_mse]
            .iter()
            .chain(&row.target_mse)
            .map(|&value| number_text(value)),
    );
    fields.extend([
        row.epochs.to_string(),
        row.steps.to_string(),
        row.stopped.clone(),
        row.model.clone(),
    ]);
    fields.extend(row.pretraining_simulations.map(|count| count.to_string()));
    fields
}
