//! Slurm: an array of jobs for each stage.

use std::path::Path;
use std::time::Duration;

use super::job::{Job, Scheduler, Stage};

/// The scheduler.
pub static SLURM: Scheduler = Scheduler {
    name: "slurm",
    files: |job, folder| {
        let file = |stage: &Stage| (format!("{}.sh", stage.name), script(job, stage, folder));
        job.stages().iter().map(file).collect()
    },
    commands: |job, folder, before| {
        let stages = job.stages().into_iter().enumerate();
        stages
            .map(|(place, stage)| (stage.name, command(&stage, folder, (place, before))))
            .collect()
    },
    // a cluster may follow after a semicolon
    id: |printed| {
        let id = printed.trim().split(';').next()?;
        id.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| id.to_owned())
            .filter(|id| !id.is_empty())
    },
};

/// The longest time before its limit at which a job is told to stop: enough to finish its tests and
/// write its networks.
const STOPS_BEFORE: Duration = Duration::from_secs(120);

fn command(stage: &Stage, folder: &Path, (place, before): (usize, Option<&str>)) -> Vec<String> {
    let mut words = vec!["sbatch".to_owned(), "--parsable".to_owned()];
    if place > 0 {
        words.push(format!("--dependency=afterok:{}", before.unwrap_or("JOB")));
        words.push("--kill-on-invalid-dep=yes".to_owned());
    }
    words.push(folder.join(format!("{}.sh", stage.name)).to_string_lossy().into_owned());
    words
}

fn script(job: &Job, stage: &Stage, folder: &Path) -> String {
    let mut options = vec![
        format!("--job-name=shoal-{}", stage.name),
        format!("--array=1-{}", stage.jobs),
        "--nodes=1".to_owned(),
        "--ntasks=1".to_owned(),
        match job.cpus {
            Some(cpus) => format!("--cpus-per-task={cpus}"),
            None => "--exclusive".to_owned(),
        },
        "--requeue".to_owned(),
        "--open-mode=append".to_owned(),
        format!("--output=\"{}/{}-%a.log\"", folder.display(), stage.name),
    ];
    options.extend(job.gpus.map(|gpus| format!("--gres=gpu:{gpus}")));
    let stops = job.time.map_or(STOPS_BEFORE, |time| STOPS_BEFORE.min(time / 2));
    options.push(format!("--signal=B:USR1@{}", stops.as_secs()));
    options.extend(job.time.map(|time| format!("--time={}", clock(time))));
    options.extend(job.options.iter().cloned());
    let options: String = options.iter().map(|option| format!("#SBATCH {option}\n")).collect();
    format!(
        "#!/bin/bash
{options}
part=$SLURM_ARRAY_TASK_ID
finished() {{ cat {folder}/{results}/{{,*/}}journal.log 2>/dev/null | wc -c; }}
before=$(finished) again=
# near the time limit: stop, keep what is finished, and go on in another job
trap 'again=yes; kill -TERM $job' USR1
trap 'kill -TERM $job' TERM
{command} &
job=$!
wait $job; code=$?
# a signal ends the waiting too
while kill -0 $job 2>/dev/null; do wait $job; code=$?; done
# a process that was killed, as for want of memory, is tried again
[ $code = 137 ] && [ \"${{SLURM_RESTART_COUNT:-0}}\" -lt 3 ] && again=yes
if [ -n \"$again\" ] && [ $code != 0 ]; then
    if [ $code = 137 ] || [ \"$(finished)\" -gt \"$before\" ]; then
        scontrol requeue $SLURM_JOB_ID && exit $code
    fi
    echo \"no run was finished within the time limit; give more --time\" >&2
fi
exit $code
",
        folder = job.folder_word,
        results = stage.results,
        command = stage.command,
    )
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let [days, hours] = [seconds / 86_400, seconds / 3600 % 24];
    format!("{days}-{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60)
}
