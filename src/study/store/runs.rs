//! `runs.csv` and `pretraining.csv`: one line per finished run.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::data::files::{opened, output_error, sync_folder};
use crate::error::Result;
use crate::study::metric::{METRICS, MSE, Metric};
use crate::study::store::run::{RunKey, RunRecord, Score, StopReason};
use crate::study::store::table::{
    Line, Table, columns, csv_text, curve_columns, curve_fields, number_text, write_table,
};

/// The table of fine-tunings in a study's folder.
pub const RUNS_FILE: &str = "runs.csv";
/// The table of pre-trainings.
pub const PRETRAINING_FILE: &str = "pretraining.csv";

/// The column of the device.
const DEVICE: &str = "device";

/// The longest that lines may wait to be forced to disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// The columns of a table of runs: the targets have some, and the pre-training sizes one, which is
/// there only in studies with several of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunColumns {
    /// Names of the targets.
    pub targets: Vec<String>,
    /// The metrics, the one that strategies are compared by first.
    pub metrics: Vec<&'static Metric>,
    /// Whether lines have a pre-training size.
    pub pretraining_sizes: bool,
    /// Whether lines have the device, one of several.
    pub devices: bool,
}

impl RunColumns {
    /// Those of a study with one pre-training size and the squared error as its metric.
    pub fn new(targets: &[String]) -> Self {
        Self {
            targets: targets.to_vec(),
            metrics: vec![MSE],
            pretraining_sizes: false,
            devices: false,
        }
    }

    fn heading(&self) -> Vec<String> {
        let before = columns(&["simulations", "seed", "validation_loss"]);
        let after = columns(&["epochs", "steps", "stopped", "model"]);
        let curve = curve_columns(self.pretraining_sizes);
        let device = columns(if self.devices { &[DEVICE] } else { &[] });
        [curve, before, score_columns(&self.metrics, &self.targets), after, device].concat()
    }

    fn fields(&self, run: &RunRecord) -> Vec<String> {
        let size = run.key.curve.pretraining_simulations;
        assert!(
            size.is_none() || self.pretraining_sizes,
            "runs.csv: no column for a pre-training on {size:?} simulations"
        );
        let mut fields = curve_fields(&run.key.curve, self.pretraining_sizes);
        fields.extend([
            run.key.simulations.to_string(),
            run.key.seed.to_string(),
            number_text(run.validation_loss),
        ]);
        fields.extend(score_fields(run, self.targets.len()));
        fields.extend([
            run.epochs.to_string(),
            run.steps.to_string(),
            run.stopped.name().to_owned(),
            run.model.clone(),
        ]);
        fields.extend(self.devices.then(|| run.device.clone().unwrap_or_default()));
        fields
    }

    /// The columns of a file.
    fn of(table: &Table) -> Result<Self> {
        let heading = table.heading().to_vec();
        let (metrics, targets) = metrics_and_targets(&heading);
        let devices = heading.last().is_some_and(|last| last == DEVICE);
        let columns = Self { targets, metrics, pretraining_sizes: table.is_sized(), devices };
        table.check_columns(&columns.heading())?;
        Ok(columns)
    }

    /// The device of a run; none of one that did not train.
    fn device(&self, line: &Line, place: usize) -> Option<String> {
        self.devices.then(|| line.text(place).to_owned()).filter(|device| !device.is_empty())
    }

    fn run(&self, line: &Line) -> Result<RunRecord> {
        let first = curve_columns(self.pretraining_sizes).len();
        let scores = first + 3;
        let after = scores + self.metrics.len() * (1 + self.targets.len());
        let stopped = |text: &str| StopReason::ALL.into_iter().find(|one| one.name() == text);
        Ok(RunRecord {
            key: RunKey {
                curve: line.curve()?,
                simulations: line.number(first)?,
                seed: line.number(first + 1)?,
                ..RunKey::default()
            },
            validation_loss: line.measured(first + 2)?,
            objective: None,
            test: read_scores(line, scores, &self.metrics, self.targets.len())?,
            epochs: line.number(after)?,
            steps: line.number(after + 1)?,
            stopped: line.parsed(after + 2, "a reason to stop", stopped)?,
            model: line.text(after + 3).to_owned(),
            device: self.device(line, after + 4),
        })
    }
}

/// The metrics and the targets of the columns of a file; if it has no metric, the squared error.
pub(crate) fn metrics_and_targets(heading: &[String]) -> (Vec<&'static Metric>, Vec<String>) {
    let of_column = |name: &String| METRICS.iter().find(|metric| metric.column() == *name);
    let mut metrics: Vec<&'static Metric> = heading.iter().filter_map(of_column).collect();
    if metrics.is_empty() {
        metrics.push(MSE);
    }
    let prefix = metrics[0].target_column("");
    let targets = heading.iter().skip_while(|name| **name != metrics[0].column()).skip(1);
    let targets = targets.map_while(|name| name.strip_prefix(&prefix).map(str::to_owned));
    let targets = targets.collect();
    (metrics, targets)
}

/// The columns of metrics: the mean over all targets, then each target.
pub(crate) fn score_columns(metrics: &[&Metric], targets: &[String]) -> Vec<String> {
    let of_metric = metrics.iter().flat_map(|metric| {
        let targets = targets.iter().map(|target| metric.target_column(target));
        std::iter::once(metric.column()).chain(targets)
    });
    of_metric.collect()
}

pub(crate) fn score_fields(run: &RunRecord, targets: usize) -> Vec<String> {
    let of_metric = run.test.iter().flat_map(|score| {
        let strategy = &run.key.curve.strategy;
        assert_eq!(score.targets.len(), targets, "a run of '{strategy}' has other targets");
        std::iter::once(score.total).chain(score.targets.iter().copied())
    });
    of_metric.map(number_text).collect()
}

pub(crate) fn read_scores(
    line: &Line,
    first: usize,
    metrics: &[&'static Metric],
    targets: usize,
) -> Result<Vec<Score>> {
    let score = |(number, metric): (usize, &&'static Metric)| {
        let place = first + number * (1 + targets);
        let values = (place + 1..=place + targets).map(|place| line.measured(place));
        Ok(Score { metric, total: line.measured(place)?, targets: values.collect::<Result<_>>()? })
    };
    metrics.iter().enumerate().map(score).collect()
}

/// Appends lines to a table of runs as runs finish.
///
/// An appended line survives the process at once, and a power cut after a second at most: forcing
/// each line to disk would cost more than training a tiny network.
#[derive(Debug)]
pub struct RunsFile {
    path: PathBuf,
    file: File,
    columns: RunColumns,
    synced: Instant,
}

impl RunsFile {
    /// Starts a file with the column names, in place of any older one.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) with the path.
    pub fn create(path: &Path, columns: RunColumns) -> Result<Self> {
        let file = opened(|| File::create(path)).map_err(|error| output_error(path, &error))?;
        let mut runs = Self { path: path.to_owned(), file, synced: Instant::now(), columns };
        runs.write_line(&runs.columns.heading())?;
        sync_folder(path);
        Ok(runs)
    }

    /// Adds a finished run.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) with the path when the disk is full or gone.
    ///
    /// # Panics
    /// If the run has another number of targets than the file, or a pre-training size for which the
    /// file has no column.
    pub fn append(&mut self, run: &RunRecord) -> Result<()> {
        self.write_line(&self.columns.fields(run))
    }

    fn write_line(&mut self, fields: &[String]) -> Result<()> {
        let line = csv_text(std::iter::once(fields));
        let due = self.synced.elapsed() >= SYNC_EVERY;
        // one write a line, so that a killed process cuts off at most the last one
        (self.file.write_all(&line))
            .and_then(|()| if due { self.file.sync_data() } else { Ok(()) })
            .map_err(|error| output_error(&self.path, &error))?;
        if due {
            self.synced = Instant::now();
        }
        Ok(())
    }
}

/// Writes the whole table, atomically.
///
/// # Errors
/// [`Error::Output`](crate::Error::Output) with the path; an older file is then unchanged.
///
/// # Panics
/// As [`RunsFile::append`].
pub fn write_runs(path: &Path, columns: &RunColumns, runs: &[RunRecord]) -> Result<()> {
    let lines: Vec<Vec<String>> = runs.iter().map(|run| columns.fields(run)).collect();
    write_table(path, &columns.heading(), &lines)
}

/// Reads a table of runs.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) when the file is missing, has other columns, or is
/// damaged: the line is named.
pub fn read_runs(path: &Path) -> Result<(RunColumns, Vec<RunRecord>)> {
    let table = Table::read(path)?;
    let columns = RunColumns::of(&table)?;
    let runs = table.lines().map(|line| columns.run(&line)).collect::<Result<_>>()?;
    Ok((columns, runs))
}
