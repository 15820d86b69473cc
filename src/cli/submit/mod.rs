//! `shoal submit`: a study as jobs of a cluster.

mod htcondor;
mod job;
mod slurm;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use shoal::engine::choice::Choice;
use shoal::study::{Study, parts};
use shoal::{Error, Result, write_bytes};

use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::study;
use job::{Job, Scheduler, duration, quoted, word};

/// The schedulers that are known.
const SCHEDULERS: [&Scheduler; 2] = [&slurm::SLURM, &htcondor::HTCONDOR];

/// The folder of scripts and logs in that of a study.
const JOBS: &str = "jobs";

/// Submits a study to the scheduler of a cluster: pre-trainings, then the other groups, then the
/// merge
///
/// Each job trains a part on a node (shoal study --part), in a folder that all nodes have. A job
/// that nears its time limit stops and is queued again, and so is one on a node that failed; it
/// goes on where it stopped.
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct SubmitArgs {
    /// slurm or htcondor
    #[arg(value_name = "slurm|htcondor", value_parser = scheduler)]
    scheduler: &'static Scheduler,
    /// The study file
    study: PathBuf,
    /// Folder for the results, on a file system that all nodes have
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Nodes to train on, a part of the study on each
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    nodes: u32,
    /// GPUs of each node; without, the CPU trains, or --device
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    gpus_per_node: Option<u32>,
    /// CPUs of each node [default: slurm: all of it; htcondor: 1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    cpus_per_node: Option<u16>,
    /// Longest time of a job until it is queued again: minutes, H:MM:SS or D-HH:MM:SS [default:
    /// that of the cluster]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// Print scripts and commands; write and submit nothing
    #[arg(long)]
    dry_run: bool,
    /// More options of each job: slurm: of sbatch; htcondor: lines NAME=VALUE
    #[arg(last = true, value_name = "OPTIONS")]
    options: Vec<String>,
}

const REFERENCE: &str = "\
Scripts and logs are in DIR/jobs, the parts in DIR/parts, the results in DIR.
Submitting a study again trains what is not finished.

Examples:
  shoal submit slurm my.toml -o results --nodes 8 --time 4:00:00
  shoal submit slurm my.toml -o results --nodes 4 --gpus-per-node 4 -- -p gpu
  shoal submit htcondor my.toml -o results --nodes 40 --dry-run

Events (--json):
  submitted  for each job: stage, job";

fn scheduler(name: &str) -> std::result::Result<&'static Scheduler, String> {
    let names = SCHEDULERS.map(|scheduler| scheduler.name).join(", ");
    let mut all = SCHEDULERS.into_iter();
    all.find(|one| one.name == name).ok_or_else(|| format!("the schedulers are {names}"))
}

/// Submits.
pub fn run(args: &SubmitArgs, global: &Global, output: &Output) -> Result<()> {
    let studies = study::read(&args.study, output)?;
    parts::check(&studies, &args.output)?;
    let job = job(args, &studies, global)?;
    if job.parts < args.nodes {
        output.say(&format!(
            "{} of {} nodes are enough: a strategy and size is never divided",
            job.parts, args.nodes
        ));
    }
    let folder = job.folder.join(JOBS);
    let files = (args.scheduler.files)(&job, &folder);
    if args.dry_run {
        for (name, text) in &files {
            output.result(&format!("# {}\n{text}", folder.join(name).display()));
        }
        let commands = (args.scheduler.commands)(&job, &folder, None);
        commands.iter().for_each(|(_, command)| output.result(&command.join(" ")));
        return Ok(());
    }
    std::fs::create_dir_all(&folder)
        .map_err(|error| Error::Output(format!("{}: {error}", folder.display())))?;
    for (name, text) in &files {
        write_bytes(&folder.join(name), text.as_bytes())?;
        executable(&folder.join(name));
    }
    submit(args.scheduler, &job, &folder, output)
}

/// The jobs of studies.
///
/// # Errors
/// [`Error::Input`] for paths that are no text.
fn job(args: &SubmitArgs, studies: &[Study], global: &Global) -> Result<Job> {
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .map_err(|error| Error::Input(format!("{}: {error}", path.display())))
    };
    let groups = studies.iter().flat_map(|study| study.plan.groups());
    let (first, second): (Vec<_>, Vec<_>) = groups.partition(|group| group.is_pretraining());
    let [pretrainings, parts] = [first, second].map(|groups| args.nodes.min(groups.len() as u32));
    let device: Vec<String> = global.device.iter().map(Choice::to_string).collect();
    let device = device.join(",");
    let shoal = std::env::current_exe()
        .map_err(|error| Error::Input(format!("the program has no path: {error}")))?;
    let folder = absolute(&args.output)?;
    Ok(Job {
        shoal: word(&shoal)?,
        file: word(&absolute(&args.study)?)?,
        folder_word: word(&folder)?,
        folder,
        pretrainings,
        parts,
        gpus: args.gpus_per_node,
        cpus: args.cpus_per_node,
        time: args.time,
        options: args.options.clone(),
        device: match (&device[..], args.gpus_per_node) {
            ("auto", None) => "cpu".to_owned(),
            ("auto", Some(1)) => "gpu".to_owned(),
            ("auto", Some(_)) => "gpu:all".to_owned(),
            _ => quoted(&device),
        },
    })
}

/// Submits the jobs one after another: each waits for the one before it.
fn submit(scheduler: &Scheduler, job: &Job, folder: &Path, output: &Output) -> Result<()> {
    let mut before: Option<String> = None;
    for place in 0.. {
        let commands = (scheduler.commands)(job, folder, before.as_deref());
        let Some((stage, command)) = commands.get(place) else { return Ok(()) };
        let printed = ran(command)?;
        let id = (scheduler.id)(&printed).ok_or_else(|| {
            Error::Input(format!("{} printed no job: {}", command[0], printed.trim()))
        })?;
        output.result(&format!("{stage}: job {id}"));
        output.event("submitted", json!({ "stage": stage, "job": id }));
        before = Some(id);
    }
    Ok(())
}

/// The standard output of a command.
fn ran(command: &[String]) -> Result<String> {
    let failed = |what: String| {
        Error::Input(format!(
            "{}: {what}; submit where the scheduler is, or see the jobs with --dry-run",
            command[0]
        ))
    };
    let ran = Command::new(&command[0]).args(&command[1..]).output();
    let ran = ran.map_err(|error| failed(format!("cannot be run: {error}")))?;
    match ran.status.success() {
        true => Ok(String::from_utf8_lossy(&ran.stdout).into_owned()),
        false => Err(failed(String::from_utf8_lossy(&ran.stderr).trim().to_owned())),
    }
}

/// Lets a script be executed, where files have such a mark.
fn executable(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // a scheduler says so if that is impossible
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755));
    }
    #[cfg(not(unix))]
    let _ = path;
}
