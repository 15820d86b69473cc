//! `shoal study`: the main job.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{HumanDuration, ProgressBar};
use serde_json::json;

use shoal::Result;
use shoal::device::Device;
use shoal::report::{self, RunRow};
use shoal::study::{Event, JOURNAL_FILE, Plan, execute};

use super::{Global, Output, analyse, plan, simulate, stop_on_ctrl_c};

/// Pre-trains, then trains every size, strategy and seed of a study, and writes tables, models and plots.
///
/// A study that was stopped, also by a kill, goes on when the same command is given again: runs that are over are kept, and
/// the tables at the end are those of a study that was never stopped.
#[derive(Args, Debug)]
pub struct Typed {
    /// The study, a TOML file; paths in it are relative to it
    study: PathBuf,
    /// Folder for the results; made if it is not there
    #[arg(
        short,
        long,
        value_name = "DIR",
        required = false,
        required_unless_present = "plan",
        default_value_if("plan", clap::builder::ArgPredicate::IsPresent, ".")
    )]
    output: PathBuf,
    /// Go on with the study in DIR, and do not begin one if there is none
    #[arg(long)]
    resume: bool,
    /// Trains nothing and writes nothing: says what the study will take, in runs, bytes, steps, arithmetic and time, on this
    /// device (on which some of its networks step for a few seconds) and on other GPUs by their data sheets
    #[arg(long, conflicts_with = "resume")]
    plan: bool,
}

/// Runs a study.
pub fn run(typed: &Typed, global: &Global, output: &Output) -> Result<()> {
    let stop = stop_on_ctrl_c()?;
    let plans = Plan::read(&typed.study, &mut |request| {
        output.say(&format!(
            "simulating {} spectra of {}",
            request.count,
            request.scenario.name()
        ));
        simulate::shown(request, output, &stop)
    })?;
    if typed.plan {
        return plan::show(&plans, &mut global.open(output)?, output);
    }
    let folder = |plan: &Plan| match &plan.scenario {
        Some(scenario) => typed.output.join(scenario),
        None => typed.output.clone(),
    };
    let begun = |plan: &Plan| folder(plan).join(JOURNAL_FILE).exists();
    if typed.resume && !plans.iter().any(begun) {
        return Err(shoal::Error::Input(format!(
            "--resume: there is no study to go on with in {} (no {JOURNAL_FILE}); leave --resume out to begin one",
            typed.output.display()
        )));
    }
    let device = global.open(output)?;
    for plan in &plans {
        run_plan(plan, &device, &folder(plan), &stop, output)?;
    }
    analyse::finished(&plans, &typed.output, output)
}

/// Runs one plan, and tells what came out.
fn run_plan(
    plan: &Plan,
    device: &Device,
    folder: &Path,
    stop: &AtomicBool,
    output: &Output,
) -> Result<()> {
    let total = plan.planned_runs();
    let mut view = View {
        output,
        bar: output.bar(total, "runs"),
        rate: Rate::default(),
        told: Instant::now(),
        diverged: 0,
        before: 0,
    };
    let start = Instant::now();
    let finished = execute(plan, device, folder, stop, &mut |event| view.show(event));
    view.bar.finish_and_clear();
    let summary = finished?;
    let seconds = start.elapsed().as_secs_f64();
    output.result(&format!(
        "{}\n\ntest MSE, mean ± standard error over {}\n",
        plan.name,
        match plan.search {
            Some(_) => "the best trials, 10 at most".into(),
            None => format!("{} seeds", plan.seeds),
        }
    ));
    output.result(&report::text_table(&summary));
    let verdict = report::verdict(&summary);
    for sentence in &verdict {
        output.result(sentence);
    }
    if view.diverged > 0 {
        output.say(&format!(
            "{} runs diverged; runs.csv says which",
            view.diverged
        ));
    }
    output.say(&format!(
        "{} runs in {seconds:.1} s; tables, models and plots are in {}",
        total - view.before,
        folder.display()
    ));
    let mut event = json!({
    "runs": total,
    "runs_before": view.before,
    "seconds": seconds,
    "verdict": verdict,
    });
    if let Some(scenario) = &plan.scenario {
        event["scenario"] = scenario.as_str().into();
    }
    output.event("finished", event);
    Ok(())
}

struct View<'a> {
    output: &'a Output,
    bar: ProgressBar,
    rate: Rate,
    told: Instant,
    diverged: usize,
    /// Runs that an earlier process finished.
    before: usize,
}

/// How often progress is told where there is no bar.
const LINE: Duration = Duration::from_secs(10);

impl View<'_> {
    fn show(&mut self, event: &Event) {
        match event {
            Event::Started {
                pretrainings,
                finetunings,
            } => {
                let text = format!("{pretrainings} pre-trainings, {finetunings} fine-tunings");
                self.output.say(&text);
            }
            Event::Searching { searches, trials } => {
                self.output
                    .say(&format!("{searches} searches of {trials} trials each"));
            }
            Event::Trial { trial, state, row } => self.trial(*trial, state, row),
            Event::Continued {
                finished,
                other_device,
                repaired,
            } => self.continued(*finished, other_device.as_deref(), repaired.as_deref()),
            Event::Pretrained(row) => self.row("pretrained", row),
            Event::Finished(row) => self.row("run", row),
            Event::Progress {
                progress,
                done,
                waiting,
            } => {
                self.rate.add(progress.elapsed, progress.run_steps);
                self.bar.set_position(*done as u64);
                let mine = *done - self.before;
                let all = mine + waiting + progress.alive;
                let eta = self.rate.eta(progress.elapsed, mine, all);
                let text = format!(
                    "{:.0} run-steps/s  {} alive, {done} done, {waiting} waiting  ETA {eta}",
                    self.rate.now(),
                    progress.alive
                );
                self.bar.set_message(text.clone());
                if self.told.elapsed() > LINE {
                    self.told = Instant::now();
                    self.line(&text, progress, *done, *waiting);
                }
            }
        }
    }

    fn trial(&mut self, trial: u32, state: &str, row: &RunRow) {
        self.diverged += usize::from(row.stopped == "diverged");
        self.output.event(
            "trial",
            json!({
                "strategy": row.strategy,
                "simulations": row.simulations,
                "trial": trial,
                "state": state,
                "seed": row.seed,
                "validation_mse": row.validation_mse,
                "test_mse": row.test_mse,
                "epochs": row.epochs,
                "steps": row.steps,
                "stopped": row.stopped,
            }),
        );
        if self.output.verbose() && !self.output.json() {
            let validation = row
                .validation_mse
                .map_or("-".into(), |value| format!("{value:.5}"));
            let text = format!(
                "{} N={} trial {trial} seed {}: {state}, validation {validation}, {} epochs",
                row.strategy, row.simulations, row.seed, row.epochs
            );
            self.bar.suspend(|| self.output.say(&text));
        }
    }

    fn continued(&mut self, finished: usize, other_device: Option<&str>, repaired: Option<&str>) {
        if let Some(repaired) = repaired {
            self.output.say(repaired);
        }
        self.output
            .say(&format!("going on: {finished} runs are over already"));
        if let Some(device) = other_device {
            self.output.say(&format!(
                "the runs so far were trained on {device}; on another device the same run differs in its last digits"
            ));
        }
        self.bar.set_position(finished as u64);
        self.before = finished;
    }

    fn line(&self, text: &str, progress: &shoal::shoal::Progress, done: usize, waiting: usize) {
        if self.output.json() {
            let value = json!({
                "run_steps": progress.run_steps,
                "run_steps_per_second": self.rate.now(),
                "alive": progress.alive,
                "done": done,
                "waiting": waiting,
                "bytes": progress.bytes,
            });
            self.output.event("progress", value);
        } else if self.bar.is_hidden() {
            self.output.say(text);
        }
    }

    fn row(&mut self, kind: &str, row: &RunRow) {
        self.diverged += usize::from(row.stopped == "diverged");
        self.output.event(
            kind,
            json!({
                "strategy": row.strategy,
                "simulations": row.simulations,
                "seed": row.seed,
                "validation_mse": row.validation_mse,
                "test_mse": row.test_mse,
                "epochs": row.epochs,
                "steps": row.steps,
                "stopped": row.stopped,
                "model": row.model,
            }),
        );
        if self.output.verbose() && !self.output.json() {
            let number =
                |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.5}"));
            let text = format!(
                "{} N={} seed {}: validation {}, test {}, {} epochs, {}",
                row.strategy,
                row.simulations,
                row.seed,
                number(row.validation_mse),
                number(row.test_mse),
                row.epochs,
                row.stopped
            );
            self.bar.suspend(|| self.output.say(&text));
        }
    }
}

/// Run-steps per second over the last seconds, and when it will be over.
#[derive(Default)]
struct Rate {
    seen: std::collections::VecDeque<(Duration, u64)>,
}

const WINDOW: Duration = Duration::from_secs(5);

impl Rate {
    fn add(&mut self, elapsed: Duration, run_steps: u64) {
        self.seen.push_back((elapsed, run_steps));
        while self
            .seen
            .front()
            .is_some_and(|(then, _)| elapsed.saturating_sub(*then) > WINDOW)
        {
            self.seen.pop_front();
        }
    }

    fn now(&self) -> f64 {
        let (Some(first), Some(last)) = (self.seen.front(), self.seen.back()) else {
            return 0.0;
        };
        let seconds = (last.0 - first.0).as_secs_f64();
        if seconds > 0.0 {
            (last.1.saturating_sub(first.1)) as f64 / seconds
        } else {
            0.0
        }
    }

    /// From the runs that are over: crude, because runs stop when they please.
    fn eta(&self, elapsed: Duration, done: usize, all: usize) -> String {
        if done == 0 {
            return "?".into();
        }
        let left = elapsed.as_secs_f64() * (all - done) as f64 / done as f64;
        format!("about {}", HumanDuration(Duration::from_secs_f64(left)))
    }
}
