//! HTCondor: a DAG with a cluster of jobs for each stage.

use std::path::Path;

use super::job::{Job, Scheduler, Stage};

/// The scheduler.
pub static HTCONDOR: Scheduler = Scheduler {
    name: "htcondor",
    files,
    commands: |_, folder, _| {
        let dag = folder.join(DAG).to_string_lossy().into_owned();
        vec![("study", vec!["condor_submit_dag".to_owned(), "-usedagdir".to_owned(), dag])]
    },
    // "submitted to cluster 12."
    id: |printed| {
        let (_, rest) = printed.split_once("submitted to cluster ")?;
        Some(rest.chars().take_while(char::is_ascii_digit).collect())
    },
};

const DAG: &str = "study.dag";

fn files(job: &Job, folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut dag = String::new();
    let stages = job.stages();
    for stage in &stages {
        let name = stage.name;
        let script = format!("#!/bin/bash\npart=$1\nexec {}\n", stage.command);
        files.push((format!("{name}.sh"), script));
        files.push((format!("{name}.sub"), description(job, stage, folder)));
        dag += &format!("JOB {name} {name}.sub\n");
    }
    for pair in stages.windows(2) {
        dag += &format!("PARENT {} CHILD {}\n", pair[0].name, pair[1].name);
    }
    files.push((DAG.to_owned(), dag));
    files
}

/// A description of the jobs of a stage. A job that is told to stop ends with code 130, and is
/// queued again, as is one that was held for its time.
fn description(job: &Job, stage: &Stage, folder: &Path) -> String {
    let path = |ending: &str| format!("{}/{}{ending}", folder.display(), stage.name);
    let mut lines = vec![
        "universe = vanilla".to_owned(),
        format!("executable = {}", path(".sh")),
        "number = $(Process) + 1".to_owned(),
        "arguments = $INT(number)".to_owned(),
        format!("output = {}", path("-$INT(number).log")),
        format!("error = {}", path("-$INT(number).log")),
        format!("log = {}", path(".events")),
        "should_transfer_files = NO".to_owned(),
        "getenv = HOME, PATH, LD_LIBRARY_PATH, XDG_RUNTIME_DIR".to_owned(),
        format!("request_cpus = {}", job.cpus.unwrap_or(1)),
        "kill_sig = SIGTERM".to_owned(),
        "job_max_vacate_time = 120".to_owned(),
        "on_exit_remove = ExitBySignal == False && ExitCode != 130 || NumJobStarts > 50".to_owned(),
        // 46: a job took longer than it may
        "periodic_release = HoldReasonCode == 46 && NumJobStarts <= 50".to_owned(),
    ];
    lines.extend(job.gpus.map(|gpus| format!("request_gpus = {gpus}")));
    lines.extend(job.time.map(|time| format!("allowed_job_duration = {}", time.as_secs())));
    lines.extend(job.options.iter().cloned());
    lines.push(format!("queue {}", stage.jobs));
    lines.join("\n") + "\n"
}
