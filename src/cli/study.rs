//! `shoal study`: the main job.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::json;

use shoal::engine::device::Device;
use shoal::study::part::Part;
use shoal::study::shared_pretraining::SharedPretrainings;
use shoal::study::stats::summary::summarize;
use shoal::study::store::results::StudyResults;
use shoal::study::tensorboard::TensorBoard;
use shoal::study::{
    Event, JOURNAL_FILE, Plan, Study, check_joined, check_own, execute, parts, report,
};
use shoal::{Error, Result};

use super::analyse;
use super::live::View;
use super::memory::{self, GivesBack};
use super::plan;
use super::simulate;
use super::study_file;
use crate::cli::choose::choose;
use crate::cli::global::{Global, check};
use crate::cli::output::Output;
use crate::cli::signals;

/// Runs a study: pre-trains, then trains every size, strategy and seed, and writes tables, models
/// and plots.
///
/// A study that was interrupted, also by a kill, is resumed by the same command: finished runs are
/// kept, and the tables at the end are those of a study that was never interrupted.
#[derive(Args, Debug)]
#[command(after_long_help = study_file::reference())]
pub struct StudyArgs {
    /// The study file (TOML); paths in it are relative to it
    study: PathBuf,
    /// Folder for the results; created if it does not exist
    #[arg(
        short,
        long,
        value_name = "DIR",
        required = false,
        required_unless_present = "plan",
        default_value_if("plan", clap::builder::ArgPredicate::IsPresent, ".")
    )]
    output: PathBuf,
    /// Resume the study in DIR; an error if there is none
    #[arg(long)]
    resume: bool,
    /// Write event files for TensorBoard too, a folder for each run: losses by epoch (on a GPU
    /// those of the last epoch in each chunk of steps), test errors and hyper-parameters; into
    /// LOGDIR, or into tensorboard/ beside the results
    #[arg(long, value_name = "LOGDIR", num_args = 0..=1, require_equals = true)]
    tensorboard: Option<Option<PathBuf>>,
    /// Train nothing and write nothing: estimate the runs, bytes, steps, arithmetic and time of the
    /// study on this device, which trains some of its networks for a few seconds
    #[arg(long, conflicts_with = "resume")]
    plan: bool,
    /// Train one of several parts, as 2/8, on a machine of its own, into DIR/parts/2-8; shoal merge
    /// joins them
    ///
    /// The parts have about the same work; a strategy and size are never divided. A part also
    /// trains the pre-trainings that it starts from, unless --part pretraining, or
    /// pretraining:1/2 and pretraining:2/2, have done that before in the same DIR.
    #[arg(long, value_name = "NUMBER/PARTS")]
    part: Option<Part>,
}

/// The folder of the results, and that of event files if they are requested.
type Folders<'a> = (&'a Path, Option<&'a Option<PathBuf>>);

/// The event files of a study, if they are requested.
fn event_files(study: &Study, (folder, event_files): Folders) -> Result<Option<TensorBoard>> {
    let Some(given) = event_files else {
        return Ok(None);
    };
    let folder = match given {
        Some(folder) => study.plan.folder(folder),
        None => study.plan.folder(folder).join("tensorboard"),
    };
    TensorBoard::new(&folder, &study.data.fine_tuning.dataset.target_names).map(Some)
}

/// Reads a study file and its data.
pub fn read(file: &Path, output: &Output) -> Result<Vec<Study>> {
    Study::read(file, &mut |simulation| {
        let ([unit, _], name) = (simulation.units(), simulation.name());
        output.say(&format!("simulating {} {unit} of {name}", simulation.count()));
        signals::gracefully(|stop| simulate::shown(simulation, output, stop))
    })
}

/// Runs a study.
pub fn run(args: &StudyArgs, global: &Global, output: &Output) -> Result<()> {
    // a device that is missing is an error before data are simulated
    let devices = global.find()?;
    let mut studies = read(&args.study, output)?;
    let precision = studies[0].plan.precision();
    if let Some(part) = args.part {
        studies = parts::divided(studies, part, &args.study)?;
        if studies.is_empty() {
            output
                .say(&format!("part {part} has nothing to do: there are fewer groups than parts"));
            return Ok(());
        }
    }
    let results = args.part.map_or_else(|| args.output.clone(), |part| part.folder(&args.output));
    let devices = choose(devices, global, (&studies, &results), output)?;
    if args.plan {
        check(&devices, output, precision)?;
        return devices.iter().try_for_each(|device| plan::show(&studies, device, output));
    }
    let begun = |study: &Study| study.plan.folder(&results).join(JOURNAL_FILE).exists();
    if args.resume && !studies.iter().any(begun) {
        return Err(shoal::Error::Input(format!(
            "--resume: there is no study to resume in {} (no {JOURNAL_FILE}); leave --resume out \
             to start one",
            results.display()
        )));
    }
    let folders = (&*results, args.tensorboard.as_ref());
    let Some(part) = args.part else {
        return complete(studies, &devices, folders, output);
    };
    for study in &studies {
        let reused = parts::reuse_pretrainings(study, &args.output, part)?;
        if reused > 0 {
            output.say(&format!("{}: {reused} pre-trainings are there", study.plan.name));
        }
    }
    train(studies, &devices, folders, output, &mut |_, _| Ok(()))??;
    let of = args.output.display();
    output.say(&format!("part {part} is finished; when all are: shoal merge {of}"));
    Ok(())
}

/// Trains what is not finished of studies, one after the other, and analyses them.
pub fn complete(
    studies: Vec<Study>,
    devices: &[Device],
    folders: Folders,
    output: &Output,
) -> Result<()> {
    check_joined(folders.0)?;
    let mut found = Vec::new();
    let mut analysed = |study: Study, results: StudyResults| {
        // nothing of a study stays in memory but what was found
        found.push(analyse::finished(&study, results, output)?);
        Ok(())
    };
    let event_files = train(studies, devices, folders, output, &mut analysed)?;
    analyse::conclude(folders.0, &found, output)?;
    event_files
}

/// Trains what is not finished of studies; `finished` takes each with its results. Returns whether
/// event files, if there are any, are written.
fn train(
    studies: Vec<Study>,
    devices: &[Device],
    folders: Folders,
    output: &Output,
    finished: &mut dyn FnMut(Study, StudyResults) -> Result<()>,
) -> Result<Result<()>> {
    studies.iter().try_for_each(|study| check_own(&study.plan.folder(folders.0)))?;
    check(devices, output, studies[0].plan.precision())?;
    let folder = folders.0.display();
    let unfinished = format!("what is finished is in {folder}; the same command resumes it");
    let last = format!("all runs are finished and in {folder}; the same command analyses them");
    let mut event_files = Ok(());
    let mut left = studies.len();
    let mut shared = SharedPretrainings::default();
    for study in studies {
        signals::doing(&unfinished, output.json());
        let own = study.plan.folder(folders.0);
        if let Some(scenario) = shared.reuse(&study, &own, devices)? {
            let name = &study.plan.name;
            output.say(&format!("{name}: the pre-trained networks are those of {scenario}"));
        }
        shared.add(&study, &own);
        let (results, written) = run_study(&study, devices, folders, output)?;
        left -= 1;
        let state = if left == 0 { &last } else { &unfinished };
        signals::doing(state, output.json());
        signals::check(state)?;
        finished(study, results)?;
        memory::give_back();
        event_files = event_files.and(written);
    }
    Ok(event_files)
}

/// Runs one study, and prints its table. Returns its results, and whether its event files, if there
/// are any, are written.
fn run_study(
    study: &Study,
    devices: &[Device],
    folders: Folders,
    output: &Output,
) -> Result<(StudyResults, Result<()>)> {
    let (plan, folder) = (&study.plan, study.plan.folder(folders.0));
    let mut files = Files(event_files(study, folders)?.map(Ok));
    let mut view = View::new(output, &plan.name);
    let start = Instant::now();
    let mut gives_back = GivesBack::new();
    let mut observe = |event: &Event| {
        gives_back.look();
        view.show(event);
        if let Some(failure) = files.take(event) {
            view.say(&format!("{failure}; the study continues without event files"));
        }
    };
    let finished = signals::gracefully(|stop| execute(study, devices, &folder, stop, &mut observe));
    view.clear();
    let (diverged, before) = (view.diverged, view.before);
    let written = files.end();
    let results = finished?;
    let seconds = start.elapsed().as_secs_f64();
    if !results.runs.is_empty() {
        print_summary(plan, &results, output);
    }
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
    Ok((results, written))
}

/// Prints the mean test errors.
fn print_summary(plan: &Plan, results: &StudyResults, output: &Output) {
    let summary = summarize(&results.targets, &results.runs);
    output.result(&format!(
        "{}\n\n{}, mean ± standard error over {}\n",
        plan.name,
        summary.metric().test_title(),
        match plan.is_search() {
            true => "the best trials, at most 10".into(),
            false => format!("{} seeds", plan.seeds),
        }
    ));
    output.result(&report::text_table(&summary));
}

/// Event files, or why they are no longer written.
struct Files(Option<std::result::Result<TensorBoard, Error>>);

impl Files {
    /// Writes an event; returns the first failure, once. A study is worth more than its event
    /// files.
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

    /// Writes the rest; returns the failure that there was.
    fn end(self) -> Result<()> {
        match self.0 {
            None => Ok(()),
            Some(files) => files?.write(),
        }
    }
}
