//! Event files for TensorBoard: losses by epoch, test scores, hyper-parameters. One folder per run,
//! named as its model.
//!
//! The CPU reports the losses of every epoch, the GPU those of the last epoch in a chunk of steps.
//! Files are written every few seconds and when a run finishes, so `tensorboard` can read them
//! meanwhile. A run that starts again after a kill has a new file.

pub(crate) mod wire;

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use prost::Message;

use crate::data::files::{opened, output_error};
use crate::engine::run::Run;
use crate::error::Result;
use crate::study::event::Event;
use crate::study::store::run::{RunKey, RunRecord};
use wire::Value;

/// How often files are written while runs train.
const WRITE: Duration = Duration::from_secs(5);

/// Files of TensorBoard have this in their names.
const FILE: &str = "events.out.tfevents.";

/// The event files of a study.
pub struct TensorBoard {
    folder: PathBuf,
    targets: Vec<String>,
    /// Whether the study has several pre-training sizes.
    several: bool,
    files: HashMap<RunKey, EventFile>,
    written: Instant,
}

/// The file of a run: its path, and buffered events.
struct EventFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl TensorBoard {
    /// Files in `folder`, one folder a run, of a study with such targets.
    ///
    /// # Errors
    /// [`crate::Error::Output`] if the folder cannot be made.
    pub fn new(folder: &Path, targets: &[String]) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| output_error(folder, &error))?;
        Ok(Self {
            folder: folder.into(),
            targets: targets.to_vec(),
            several: false,
            files: HashMap::new(),
            written: Instant::now(),
        })
    }

    /// Handles an event of the study.
    ///
    /// # Errors
    /// [`crate::Error::Output`] with the path if a file cannot be written.
    pub fn observe(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Started { plan } => {
                self.several = plan.has_pretraining_sizes();
                Ok(())
            }
            Event::Begun { key, run, .. } => self.begin(key, run),
            Event::Trained { key, epochs, .. } => {
                let Some(file) = self.files.get_mut(*key) else {
                    return Ok(());
                };
                for epoch in *epochs {
                    let losses = [
                        ("loss/training", epoch.training_loss),
                        ("loss/validation", epoch.validation_loss),
                    ];
                    file.add(&wire::scalars(now(), epoch.epoch, &losses));
                }
                Ok(())
            }
            Event::Pretrained(row) | Event::Finished(row) | Event::Trial { row, .. } => {
                self.end(row)
            }
            Event::Progress { .. } if self.written.elapsed() > WRITE => self.write(),
            _ => Ok(()),
        }
    }

    /// Writes all buffered events.
    ///
    /// # Errors
    /// As [`TensorBoard::observe`].
    pub fn write(&mut self) -> Result<()> {
        self.written = Instant::now();
        self.files.values_mut().try_for_each(EventFile::write)
    }

    fn begin(&mut self, key: &RunKey, run: &Run) -> Result<()> {
        let folder = self.folder.join(key.stem(self.several));
        let made = fs::create_dir_all(&folder).and_then(|()| remove_old(&folder));
        made.map_err(|error| output_error(&folder, &error))?;
        let mut file = EventFile {
            path: folder.join(format!("{FILE}{:010}.shoal", now() as u64)),
            bytes: vec![],
        };
        file.add(&wire::version(now()));
        file.add(&wire::begins(now(), hyper_parameters(key, run)));
        self.files.insert(key.clone(), file);
        Ok(())
    }

    /// Ends the file of a finished run.
    fn end(&mut self, row: &RunRecord) -> Result<()> {
        let Some(mut file) = self.files.remove(&row.key) else {
            return Ok(());
        };
        let mut values = vec![("loss/best_validation".to_owned(), row.validation_loss)];
        for score in &row.test {
            let metric = score.metric;
            values.push((format!("{}/test", metric.name), score.total));
            let targets = self.targets.iter().zip(&score.targets);
            values.extend(
                targets.map(|(target, value)| (format!("{}/test/{target}", metric.name), *value)),
            );
        }
        let values: Vec<(&str, f64)> =
            values.iter().filter_map(|(name, value)| Some((name.as_str(), (*value)?))).collect();
        file.add(&wire::scalars(now(), row.epochs, &values));
        file.add(&wire::ends(now(), row.validation_loss.is_some()));
        file.write()
    }
}

impl EventFile {
    fn add(&mut self, event: &wire::Event) {
        self.bytes.extend(wire::record(&event.encode_to_vec()));
    }

    /// Appends buffered events. Files are closed again: there may be more runs than files that a
    /// process can open.
    fn write(&mut self) -> Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let open = || OpenOptions::new().create(true).append(true).open(&self.path);
        opened(open)
            .and_then(|mut file| file.write_all(&self.bytes))
            .map_err(|error| output_error(&self.path, &error))?;
        self.bytes.clear();
        Ok(())
    }
}

/// Removes the files of a run that starts again.
fn remove_old(folder: &Path) -> io::Result<()> {
    for entry in opened(|| fs::read_dir(folder))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(FILE) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn hyper_parameters(key: &RunKey, run: &Run) -> Vec<(&'static str, Value)> {
    let graph = &run.graph;
    let nodes = 0..graph.nodes().len();
    let widths: Vec<String> = nodes.map(|node| graph.shape(node).width.to_string()).collect();
    let first = &graph.nodes()[graph.first_trained()].attributes;
    let training = &run.training;
    let mut all = vec![
        ("strategy", Value::Word(key.curve.strategy.clone())),
        ("simulations", Value::Number(key.simulations as f64)),
        ("seed", Value::Number(key.seed.into())),
        ("layers", Value::Word(widths.join("-"))),
        ("activation", Value::Word(first.activation.name().into())),
        ("dropout", Value::Number(shortest(first.dropout))),
        ("batch", Value::Number(training.batch as f64)),
        ("learning_rate", Value::Number(training.learning_rate)),
        ("weight_decay", Value::Number(training.weight_decay)),
    ];
    if let Some(trial) = key.trial {
        all.push(("trial", Value::Number(trial.into())));
    }
    all
}

/// The number of as few digits that is this one in f32: 0.2 and not 0.20000000298.
fn shortest(number: f32) -> f64 {
    let digits = number.to_string();
    digits.parse().expect("tensorboard: a number as it was written")
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}
