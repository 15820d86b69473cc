//! The view of a running study: a table in a terminal, a line every few seconds elsewhere, JSON
//! events for programs.

mod board;
mod forecast;
mod screen;
mod table;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use shoal::engine::queue::Progress;
use shoal::study::store::run::{RunRecord, StopReason};
use shoal::study::{Event, Plan};

use crate::cli::output::Output;
use board::{Board, State};
use screen::Screen;
use table::Ink;

/// How often progress is reported without a terminal.
const LINE: Duration = Duration::from_secs(10);
/// When it is first.
const FIRST_LINE: Duration = Duration::from_secs(1);

/// The longest time between events that counts: a machine that slept, or a process that was
/// stopped, is not slow.
const GAP: Duration = Duration::from_secs(5);

/// The view of a study.
pub struct View<'a> {
    output: &'a Output,
    title: &'a str,
    board: Board,
    screen: Option<Screen>,
    /// Time since the beginning, and when it was updated.
    now: Duration,
    looked: Instant,
    reported: Option<Instant>,
    began: Instant,
    /// Runs that diverged.
    pub diverged: usize,
    /// Runs that an earlier process finished.
    pub before: usize,
}

impl<'a> View<'a> {
    /// Of a study of that name.
    pub fn new(output: &'a Output, title: &'a str) -> Self {
        Self {
            output,
            title,
            board: Board::default(),
            screen: output.terminal().then(Screen::new),
            now: Duration::ZERO,
            looked: Instant::now(),
            reported: None,
            began: Instant::now(),
            diverged: 0,
            before: 0,
        }
    }

    /// Shows an event.
    pub fn show(&mut self, event: &Event) {
        self.now += self.looked.elapsed().min(GAP);
        self.looked = Instant::now();
        self.board.take(event, self.now);
        match event {
            Event::Started { plan } => self.say(&counts(plan)),
            Event::Noticed { notices } => {
                self.clear();
                notices.iter().for_each(|notice| self.output.notice(notice));
            }
            Event::Trial { trial, state, row } => self.trial(*trial, state.name(), row),
            Event::Resumed { finished, copied: true, .. } => self.before = *finished,
            Event::Resumed { finished, other_device, repaired, restored, .. } => {
                self.resumed(*finished, other_device.as_deref(), repaired.as_deref());
                if *restored > 0 {
                    self.say(&format!(
                        "{restored} networks whose files are missing or damaged train again"
                    ));
                }
            }
            Event::DeviceFailed { error, runs } => {
                self.say(&format!("{error}; its {runs} runs begin again on the other devices"));
            }
            Event::Pretrained(row) => self.row("pretrained", row),
            Event::Finished(row) => self.row("run", row),
            Event::Progress { progress, done, waiting } => self.progress(progress, *done, *waiting),
            Event::Group { .. }
            | Event::Begun { .. }
            | Event::Trained { .. }
            | Event::Ended { .. } => {}
        }
    }

    /// Removes the table from the terminal.
    pub fn clear(&mut self) {
        if let Some(screen) = &mut self.screen {
            screen.clear();
        }
    }

    /// Prints a message above the table.
    pub fn say(&mut self, text: &str) {
        self.clear();
        self.output.say(text);
    }

    fn progress(&mut self, progress: &Progress, done: usize, waiting: usize) {
        if let Some(screen) = self.screen.as_mut().filter(|screen| screen.is_due()) {
            let ink = Ink(self.output.colour());
            screen.draw(&table::lines(&self.board, self.title, screen.size(), ink));
        }
        let due = self.reported.map_or(self.began + FIRST_LINE, |last| last + LINE);
        if self.screen.is_some() || Instant::now() < due {
            return;
        }
        self.reported = Some(Instant::now());
        if !self.output.json() {
            return self.output.say(&table::pieces(&self.board).join("  "));
        }
        let left = forecast::left(&self.board).map(|left| left.as_secs_f64());
        let groups = self.board.groups.iter().filter(|state| state.alive > 0);
        let groups: Vec<Value> = groups.map(training).collect();
        let value = json!({
            "run_steps": progress.run_steps,
            "run_steps_per_second": self.board.steps.rate(),
            "alive": progress.alive,
            "done": done,
            "waiting": waiting,
            "bytes": progress.bytes,
            "seconds_left": left,
            "groups": groups,
        });
        self.output.event("progress", value);
    }

    fn trial(&mut self, trial: u32, state: &str, row: &RunRecord) {
        let mut fields = fields(row);
        (fields["trial"], fields["state"]) = (trial.into(), state.into());
        self.recorded("trial", fields, row);
        if self.output.verbose() && !self.output.json() {
            self.say(&format!(
                "{} N={} trial {trial} seed {}: {state}, validation {}, {} epochs",
                row.key.curve.label(),
                row.key.simulations,
                row.key.seed,
                number(row.validation_loss),
                row.epochs
            ));
        }
    }

    fn row(&mut self, kind: &str, row: &RunRecord) {
        let mut fields = fields(row);
        fields["model"] = row.model.as_str().into();
        self.recorded(kind, fields, row);
        if self.output.verbose() && !self.output.json() {
            self.say(&format!(
                "{} N={} seed {}: validation {}, test {}, {} epochs, {}",
                row.key.curve.label(),
                row.key.simulations,
                row.key.seed,
                number(row.validation_loss),
                number(row.score()),
                row.epochs,
                row.stopped.name()
            ));
        }
    }

    fn recorded(&mut self, kind: &str, fields: Value, row: &RunRecord) {
        self.diverged += usize::from(row.stopped == StopReason::Diverged);
        self.output.event(kind, fields);
    }

    fn resumed(&mut self, finished: usize, other_device: Option<&str>, repaired: Option<&str>) {
        if let Some(repaired) = repaired {
            self.say(repaired);
        }
        self.say(&format!("resuming: {finished} runs are finished"));
        if let Some(device) = other_device {
            self.say(&format!(
                "the finished runs were trained on {device}; on another device, driver or tiles \
                 the same run differs in its last digits"
            ));
        }
        self.before = finished;
    }
}

/// A group that trains, for a program.
fn training(state: &State) -> Value {
    json!({
        "strategy": state.group.curve.strategy,
        "simulations": state.group.simulations,
        "alive": state.alive,
        "epoch": state.epochs.0,
        "epochs": state.epochs.1,
        "training_loss": state.last.map(|last| last.training_loss),
        "validation_loss": state.last.map(|last| last.validation_loss),
    })
}

/// How many runs or trials there are.
fn counts(plan: &Plan) -> String {
    let groups = plan.groups();
    let pretrainings = groups.iter().filter(|group| group.is_pretraining()).count();
    match plan.is_search() {
        true => format!("{} searches with {} trials each", groups.len(), plan.trials.count),
        false => format!(
            "{} pre-trainings, {} fine-tunings",
            pretrainings * plan.trials.runs(),
            (groups.len() - pretrainings) * plan.trials.runs()
        ),
    }
}

/// A row for a program.
fn fields(row: &RunRecord) -> Value {
    let mut fields = json!({
        "strategy": row.key.curve.strategy,
        "simulations": row.key.simulations,
        "seed": row.key.seed,
        "validation_loss": row.validation_loss,
        "epochs": row.epochs,
        "steps": row.steps,
        "stopped": row.stopped,
    });
    if let Some(score) = &row.objective {
        fields[row.searched().column()] = score.total.into();
    }
    for score in &row.test {
        let metric = score.metric;
        fields[metric.column()] = score.total.into();
    }
    if let Some(simulations) = row.key.curve.pretraining_simulations {
        fields["pretraining_simulations"] = simulations.into();
    }
    fields
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".into(), |value| format!("{value:.5}"))
}
