//! Jobs of a cluster, under programs that stand for a scheduler: `tests/slurm` has a real one.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::common::{Ran, STUDY, Study, ran, ranged, shoal};

/// Runs the tasks of an array one after another; the first one is told at its beginning that its
/// time is almost over, and queued again.
const SBATCH: &str = "#!/bin/bash
script=${@: -1}
echo \"$*\" >>sbatch.log
last=$(sed -n 's/^#SBATCH --array=1-//p' \"$script\")
for task in $(seq \"$last\"); do
    export SLURM_ARRAY_TASK_ID=$task SLURM_JOB_ID=7
    rm -f requeued
    bash \"$script\" >>tasks.log 2>&1 &
    if [ $task = 1 ] && [ $last = 3 ]; then
        until [ -e out/parts/1-3/study.json ]; do sleep 0.02; done
        kill -USR1 $!
    fi
    wait $!
    [ -e requeued ] && { bash \"$script\" >>tasks.log 2>&1 || exit 1; }
done
echo \"7$last;cluster\"
";
const SCONTROL: &str = "#!/bin/bash\necho \"$*\" >>scontrol.log\ntouch requeued\n";

fn script(study: &Study, name: &str, text: &str) {
    study.write(name, text);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(study.path(name), mode).unwrap();
}

/// `shoal` with the programs in `bin` before others.
fn submit(study: &Study, arguments: &[&str]) -> Ran {
    let path = format!("{}:{}", study.path("bin").display(), std::env::var("PATH").unwrap());
    let all = [&["submit"], arguments, &["--device", "cpu"]].concat();
    ran(shoal().args(all).current_dir(study.folder.path()).env("PATH", path))
}

/// A study that still runs when it is told to stop.
fn long() -> Study {
    let study = Study::new();
    let text = STUDY.replace("hidden = [8]", "hidden = [40, 40]");
    ranged(&study, &text.replace("epochs = 6", "epochs = 3000\npatience = 3000"));
    std::fs::create_dir(study.path("bin")).unwrap();
    study
}

#[test]
fn the_jobs_of_slurm_are_the_study_of_one_machine() {
    let study = long();
    study.run().code_is(0);
    script(&study, "bin/sbatch", SBATCH);
    script(&study, "bin/scontrol", SCONTROL);
    std::fs::rename(study.path("out"), study.path("one")).unwrap();
    let arguments = ["slurm", "study.toml", "-o", "out", "--nodes", "3", "--time", "4:00:00"];
    let submitted = submit(&study, &arguments);
    let log = std::fs::read_to_string(study.path("tasks.log")).unwrap_or_default();
    assert_eq!(submitted.code, 0, "{}{log}", submitted.err);
    assert_eq!(submitted.out, "pretraining: job 71\ngroups: job 73\nmerge: job 71\n");
    for file in ["runs.csv", "pretraining.csv", "summary.csv", "predictions.csv"] {
        let [one, parts] = ["one", "out"].map(|folder| study.read(&format!("{folder}/{file}")));
        assert_eq!(one, parts, "{file}");
    }
    let sbatch = study.read("sbatch.log");
    let waits: Vec<bool> = sbatch.lines().map(|line| line.contains("=afterok:7")).collect();
    assert_eq!(waits, [false, true, true], "{sbatch}");
    // a job near its limit goes on where it stopped
    assert_eq!(study.read("scontrol.log").lines().next(), Some("requeue 7"));
    let log = study.read("tasks.log");
    assert!(log.contains("error: interrupted") && log.contains("resuming: "), "{log}");
    let script = study.read("out/jobs/groups.sh");
    for line in ["--array=1-3", "--time=0-04:00:00", "--signal=B:USR1@120", "--requeue"] {
        assert!(script.contains(&format!("#SBATCH {line}\n")), "{line}: {script}");
    }
}

#[test]
fn the_jobs_of_htcondor_train_parts() {
    let study = long();
    script(
        &study,
        "bin/condor_submit_dag",
        "#!/bin/bash\nset -e\ncd \"$(dirname \"$2\")\"\n./pretraining.sh 1 2>/dev/null\n\
         for task in 1 2; do ./groups.sh $task 2>/dev/null; done\n./merge.sh 1 >/dev/null 2>&1\n\
         echo '1 job(s) submitted to cluster 12.'\n",
    );
    let more = ["--", "accounting_group = \"physics\""];
    let arguments = ["htcondor", "study.toml", "-o", "an out", "--nodes", "2", "--time", "90"];
    let submitted = submit(&study, &[&arguments[..], &["--cpus-per-node", "2"]].concat());
    assert_eq!((submitted.code, &submitted.out[..]), (0, "study: job 12\n"), "{}", submitted.err);
    assert!(study.path("an out/report.html").exists());
    let dry = submit(&study, &[&arguments[..], &["--dry-run"], &more].concat());
    dry.code_is(0);
    for line in [
        "PARENT groups CHILD merge",
        "queue 2",
        "allowed_job_duration = 5400",
        "accounting_group = \"physics\"",
        "arguments = $INT(number)",
    ] {
        assert!(dry.out.lines().any(|other| other == line), "{line}: {}", dry.out);
    }
}

#[test]
fn a_dry_run_writes_nothing_and_mistakes_are_named() {
    let study = long();
    let arguments = ["slurm", "study.toml", "-o", "o'ut", "--nodes", "40", "--gpus-per-node", "2"];
    let dry = submit(&study, &[&arguments[..], &["--dry-run", "--", "--partition=gpu"]].concat());
    dry.code_is(0);
    assert!(dry.err.contains("8 of 40 nodes are enough"), "{}", dry.err);
    for part in ["--gres=gpu:2", "--array=1-8\n", "#SBATCH --partition=gpu\n", "o'\\''ut", "merge"]
    {
        assert!(dry.out.contains(part), "{part}: {}", dry.out);
    }
    assert!(!study.path("o'ut").exists());
    // bash understands it
    let scripts: Vec<&str> = dry.out.split("#!/bin/bash").skip(1).collect();
    for script in &scripts {
        let script = script.split("\n# ").next().unwrap();
        let script = script.split("\nsbatch").next().unwrap();
        assert!(Command::new("bash").args(["-n", "-c", script]).status().unwrap().success());
    }
    assert_eq!(scripts.len(), 3);
    let wrong = |arguments: &[&str], words: &[&str]| {
        submit(&study, &[&["slurm", "study.toml", "-o", "out"], arguments].concat())
            .fails(2, words);
    };
    wrong(&["--nodes", "0"], &["--nodes"]);
    wrong(&["--nodes", "2", "--time", "4h"], &["H:MM:SS"]);
    script(&study, "bin/sbatch", "#!/bin/bash\necho 'no partition' >&2\nexit 1\n");
    wrong(&["--nodes", "2"], &["sbatch: no partition", "--dry-run"]);
    script(&study, "bin/sbatch", "#!/bin/bash\necho soon\n");
    wrong(&["--nodes", "2"], &["sbatch printed no job: soon"]);
    submit(&study, &["pbs", "study.toml", "-o", "out", "--nodes", "2"])
        .fails(2, &["the schedulers are slurm, htcondor"]);
    submit(&study, &["slurm", "no.toml", "-o", "out", "--nodes", "2"]).fails(2, &["no.toml"]);
}
