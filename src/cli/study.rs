//! `shoal study`: the main job.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use shoal::engine::device::Device;
use shoal::study::stats::summary::summarize;
use shoal::study::store::results::StudyResults;
use shoal::study::tensorboard::TensorBoard;
use shoal::study::{Event, JOURNAL_FILE, Plan, execute, report};
use shoal::{Error, Result};

use super::Global;
use super::Output;
use super::analyse;
use super::live::View;
use super::plan;
use super::simulate;
use super::stop_on_ctrl_c;

/// Pre-trains, then trains every size, strategy and seed of a study, and writes tables, models and
/// plots.
///
/// A study that was stopped, also by a kill, goes on when the same command is given again: runs
/// that are over are kept, and the tables at the end are those of a study that was never stopped.
#[derive(Args, Debug)]
pub struct StudyArgs {
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
    /// Writes event files for TensorBoard too, a folder a run: losses by epoch (on a GPU those of
    /// the last epoch in each chunk of steps), test errors, hyper-parameters; into LOGDIR, or into
    /// tensorboard/ beside the results
    #[arg(long, value_name = "LOGDIR", num_args = 0..=1, require_equals = true)]
    tensorboard: Option<Option<PathBuf>>,
    /// Trains nothing and writes nothing: says what the study will take, in runs, bytes, steps,
    /// arithmetic and time, on this device (on which some of its networks step for a few seconds)
    /// and on other GPUs by their data sheets
    #[arg(long, conflicts_with = "resume")]
    plan: bool,
}

impl StudyArgs {
    /// Where the results of a plan go.
    fn folder(&self, plan: &Plan) -> PathBuf {
        below(&self.output, plan)
    }

    /// Its event files, if they are wanted.
    fn event_files(&self, plan: &Plan) -> Result<Option<TensorBoard>> {
        let Some(args) = &self.tensorboard else {
            return Ok(None);
        };
        let folder = match args {
            Some(folder) => below(folder, plan),
            None => self.folder(plan).join("tensorboard"),
        };
        TensorBoard::new(&folder, &plan.finetune.target_names).map(Some)
    }
}

/// A folder, or the one in it for the scenario of a plan.
fn below(folder: &Path, plan: &Plan) -> PathBuf {
    match &plan.scenario {
        Some(scenario) => folder.join(scenario),
        None => folder.into(),
    }
}

/// Runs a study.
pub fn run(args: &StudyArgs, global: &Global, output: &Output) -> Result<()> {
    let stop = stop_on_ctrl_c()?;
    let plans = Plan::read(&args.study, &mut |request| {
        output.say(&format!("simulating {} spectra of {}", request.count, request.scenario.name));
        simulate::shown(request, output, &stop)
    })?;
    if args.plan {
        return plan::show(&plans, &mut global.open(output, plans[0].precision())?, output);
    }
    let begun = |plan: &Plan| args.folder(plan).join(JOURNAL_FILE).exists();
    if args.resume && !plans.iter().any(begun) {
        return Err(shoal::Error::Input(format!(
            "--resume: there is no study to go on with in {} (no {JOURNAL_FILE}); leave --resume out to begin one",
            args.output.display()
        )));
    }
    let device = global.open(output, plans[0].precision())?;
    let results = plans.iter().map(|plan| run_plan(plan, &device, args, &stop, output));
    let results = results.collect::<Result<_>>()?;
    analyse::finished(&plans, results, &args.output, output)
}

/// Runs one plan, and prints its table.
fn run_plan(
    plan: &Plan,
    device: &Device,
    args: &StudyArgs,
    stop: &AtomicBool,
    output: &Output,
) -> Result<StudyResults> {
    let folder = args.folder(plan);
    let mut files = Files(args.event_files(plan)?.map(Ok));
    let mut view = View::new(output, &plan.name);
    let start = Instant::now();
    let finished = execute(plan, device, &folder, stop, &mut |event| {
        view.show(event);
        if let Some(failure) = files.take(event) {
            view.say(&format!("{failure}; the study goes on without"));
        }
    });
    view.clear();
    let (diverged, before) = (view.diverged, view.before);
    let written = files.end();
    let results = finished?;
    let seconds = start.elapsed().as_secs_f64();
    output.result(&format!(
        "{}\n\ntest MSE, mean ± standard error over {}\n",
        plan.name,
        match plan.search {
            Some(_) => "the best trials, 10 at most".into(),
            None => format!("{} seeds", plan.seeds),
        }
    ));
    output.result(&report::text_table(&summarize(&results.targets, &results.runs)));
    if diverged > 0 {
        output.say(&format!("{diverged} runs diverged; runs.csv says which"));
    }
    let total = plan.planned_runs();
    output.say(&format!(
        "{} runs in {seconds:.1} s; tables, models and plots are in {}",
        total - before,
        folder.display()
    ));
    let mut event = json!({
    "runs": total,
    "runs_before": before,
    "seconds": seconds,
    });
    if let Some(scenario) = &plan.scenario {
        event["scenario"] = scenario.as_str().into();
    }
    output.event("finished", event);
    written.map(|()| results)
}

/// Event files, or why they are no longer written.
struct Files(Option<std::result::Result<TensorBoard, Error>>);

impl Files {
    /// Takes up what happened; the failure, once, if it could not be written. A study is worth more
    /// than its event files.
    fn take(&mut self, event: &Event) -> Option<&Error> {
        let Some(Ok(files)) = &mut self.0 else {
            return None;
        };
        let failure = files.observe(event).err()?;
        match self.0.insert(Err(failure)) {
            Err(failure) => Some(failure),
            Ok(_) => None,
        }
    }

    /// Writes what is left; the failure that there was.
    fn end(self) -> Result<()> {
        match self.0 {
            None => Ok(()),
            Some(files) => files?.write(),
        }
    }
}
