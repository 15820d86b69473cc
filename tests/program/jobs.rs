//! A study as a job: logs and terminals that vanish, signals, few threads and few open files.
#![cfg(target_os = "linux")]

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::FromRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use crate::common::{STUDY, Study, ran, ranged, shoal};

fn small() -> Study {
    let study = Study::new();
    ranged(&study, STUDY);
    study
}

const RUN: [&str; 6] = ["study", "study.toml", "-o", "out", "--device", "cpu"];

/// `shoal` in the folder of a study, to be spawned.
fn command(study: &Study, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shoal"));
    command.args(arguments).current_dir(study.folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn signal(child: &Child, number: i32) {
    // SAFETY: a signal to a child of this test.
    assert_eq!(unsafe { libc::kill(child.id() as i32, number) }, 0);
}

/// The exit code, and how long the end took.
fn end(child: &mut Child) -> (Option<i32>, Duration) {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), begin.elapsed());
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn wait_for(study: &Study, file: &str) {
    let begin = Instant::now();
    while !study.path(file).exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no {file}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A study of a few seconds.
fn long() -> Study {
    let study = Study::new();
    let text = STUDY.replace("hidden = [8]", "hidden = [40, 40]");
    ranged(&study, &text.replace("epochs = 6", "epochs = 3000\npatience = 3000"));
    study
}

#[test]
fn an_ignored_hangup_stays_ignored_and_another_one_stops() {
    for ignored in [true, false] {
        let study = long();
        let mut command = command(&study, &RUN);
        let action = if ignored { libc::SIG_IGN } else { libc::SIG_DFL };
        // SAFETY: `signal` may be called between fork and exec.
        unsafe {
            command.pre_exec(move || {
                libc::signal(libc::SIGHUP, action);
                Ok(())
            });
        }
        let mut child = command.spawn().unwrap();
        wait_for(&study, "out/runs.csv");
        signal(&child, libc::SIGHUP);
        if ignored {
            std::thread::sleep(Duration::from_millis(300));
            assert!(child.try_wait().unwrap().is_none(), "it ended");
            signal(&child, libc::SIGTERM);
        }
        assert_eq!(end(&mut child).0, Some(130));
    }
}

#[test]
fn messages_that_cannot_be_printed_are_dropped() {
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    // a reader that has left
    let gone = || {
        let mut ends = [0; 2];
        // SAFETY: `pipe` fills two descriptors, which are owned below.
        let (read, write) = unsafe {
            assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
            (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1]))
        };
        drop(read);
        Stdio::from(write)
    };
    // a terminal that was closed
    let closed = || {
        let (mut master, mut slave) = (0, 0);
        // SAFETY: `openpty` fills two descriptors, which are owned below.
        let (master, slave) = unsafe {
            let (name, settings, size) = (null_mut(), null(), null());
            assert_eq!(libc::openpty(&mut master, &mut slave, name, settings, size), 0);
            (File::from_raw_fd(master), File::from_raw_fd(slave))
        };
        drop(master);
        Stdio::from(slave)
    };
    for (name, log) in [("full", &full as &dyn Fn() -> Stdio), ("gone", &gone), ("tty", &closed)] {
        let study = small();
        let mut child = command(&study, &RUN).stderr(log()).spawn().unwrap();
        assert_eq!(end(&mut child).0, Some(0), "{name}");
        assert_eq!(study.read("out/runs.csv").lines().count(), 17, "{name}");
        assert!(study.path("out/report.html").exists(), "{name}");
    }
    let study = small();
    let arguments = [&RUN[..], &["--json", "--verbose"]].concat();
    for log in [&gone as &dyn Fn() -> Stdio, &closed] {
        let mut child = command(&study, &arguments).stdout(log()).stderr(log()).spawn().unwrap();
        assert_eq!(end(&mut child).0, Some(0));
    }
}

#[test]
fn results_that_cannot_be_printed_end_with_code_4() {
    let study = small();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let plan = ["study", "study.toml", "--plan", "--device", "cpu"];
    let json = [&RUN[..], &["--json"]].concat();
    let devices = ["devices"];
    let long_help = ["study", "--help"];
    for arguments in [&plan[..], &RUN, &json, &devices, &long_help, &["--version"]] {
        let mut child =
            command(&study, arguments).stdout(full()).stderr(Stdio::piped()).spawn().unwrap();
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert_eq!(end(&mut child).0, Some(4), "{arguments:?}: {error}");
        assert!(error.contains("error: the standard output could not be written: "), "{error}");
    }
    // the study itself is whole
    assert!(study.path("out/report.html").exists());
    assert_eq!(study.read("out/runs.csv").lines().count(), 17);
}

#[test]
fn a_signal_ends_attributions_of_a_study_within_a_second() {
    let study = Study::new();
    let text =
        STUDY.replace("hidden = [8]", "hidden = [1500, 1500]").replace("seeds = 2", "seeds = 1");
    let text = text.replace("sizes = [10, 20]", "sizes = [10]").replace("test = 15", "test = 50");
    ranged(&study, &text.replace("epochs = 6", "epochs = 1"));
    for number in [libc::SIGTERM, libc::SIGINT] {
        let mut child = command(&study, &RUN).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let attributions = |line: &String| line.ends_with("attributions of the inputs");
        assert!(lines.by_ref().any(|line| attributions(&line.unwrap())));
        std::thread::sleep(Duration::from_millis(200));
        signal(&child, number);
        let (code, took) = end(&mut child);
        let rest: String = lines.map(|line| line.unwrap() + "\n").collect();
        assert_eq!(code, Some(130), "{rest}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert!(rest.contains("error: interrupted; all runs are finished and in out; "), "{rest}");
    }
    assert_eq!(study.read("out/runs.csv").lines().count(), 5);
}

#[test]
fn a_signal_ends_plans_and_explanations_within_a_second() {
    let study = small();
    study.run().code_is(0);
    study.toml("hidden = [8]", "hidden = [40, 40]");
    let text = study.read("study.toml");
    ranged(&study, &text);
    let model = "out/models/scratch-20-1.safetensors";
    let explain =
        ["explain", model, "--data", "new_x.csv", "-o", "e", "--method", "sampled", "--pairs"];
    let explain = [&explain[..], &["1000000", "--json"]].concat();
    let plan = ["study", "study.toml", "--plan", "--device", "cpu", "--json"];
    for (arguments, number) in [(&plan[..], libc::SIGINT), (&explain, libc::SIGTERM)] {
        let mut child = command(&study, arguments).stdout(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(400));
        signal(&child, number);
        let (code, took) = end(&mut child);
        let mut out = String::new();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert_eq!(code, Some(130), "{out}");
        assert!(took < Duration::from_secs(1), "{took:?}");
        let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["exit_code"]), (&"error".into(), &130.into()), "{out}");
    }
    assert!(!study.path("e").exists());
}

#[test]
fn few_threads_are_enough_and_change_no_number() {
    let study = small();
    study.run().code_is(0);
    let table = study.read("out/runs.csv");
    let attributions = study.read("out/attributions.csv");
    let arguments = |folder| ["study", "study.toml", "-o", folder, "--device", "cpu"];
    let threads = [&arguments("one")[..], &["--threads", "1"]].concat();
    let ran = study.shoal(&threads);
    assert!(ran.code == 0 && ran.err.contains("device: cpu, 1 threads"), "{}", ran.err);
    // SAFETY: it only reads.
    let is_root = unsafe { libc::geteuid() } == 0;
    std::fs::set_permissions(study.folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let mut command = command(&study, &[&arguments("none")[..], &["--threads", "4"]].concat());
    // SAFETY: these calls may be made between fork and exec. Root has no such limit.
    unsafe {
        command.pre_exec(move || {
            if is_root && (libc::setgid(65531) != 0 || libc::setuid(65531) != 0) {
                return Err(std::io::Error::last_os_error());
            }
            let limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
            libc::setrlimit(libc::RLIMIT_NPROC, &limit);
            Ok(())
        });
    }
    let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert!(error.contains("only 1 of 4 threads can be started here"), "{error}");
    for folder in ["one", "none"] {
        assert_eq!(study.read(&format!("{folder}/runs.csv")), table, "{folder}");
        assert_eq!(study.read(&format!("{folder}/attributions.csv")), attributions, "{folder}");
    }
    study.shoal(&["devices", "--threads", "0"]).fails(2, &["--threads", "0 is not in 1..=1024"]);
}

#[test]
fn a_missing_device_is_an_error_before_anything_is_simulated() {
    let study = Study::new();
    let text = "name = 'simulated'\nsizes = [20]\ntest = 20\n[data]\n\
                finetune = { simulate = { scenario = 'lcdm', count = 1000000 } }\n\
                [strategies.scratch]\n";
    study.write("study.toml", text);
    let begin = Instant::now();
    let ran = ran(shoal()
        .args(["study", "study.toml", "-o", "out", "--device", "no such adapter"])
        .current_dir(study.folder.path()));
    ran.fails(3, &["no such adapter"]);
    assert!(!ran.err.contains("simulating"), "{}", ran.err);
    assert!(begin.elapsed() < Duration::from_secs(30));
}

/// Many small networks that end together.
const MANY: &str = "name = 'many'\nsizes = [20]\ntest = 15\nseeds = 420\n[data.finetune]\n\
                    x = 'new_x.csv'\ny = 'new_y.csv'\n[network]\nhidden = [4]\n[training]\n\
                    epochs = 1\n[strategies.scratch]\n";

#[test]
fn few_open_files_are_enough_for_many_networks() {
    let study = Study::new();
    study.write("study.toml", MANY);
    for (device, limit) in [("cpu", 40), ("gpu", 256)] {
        let arguments = ["study", "study.toml", "-o", device, "--device", device, "--tensorboard"];
        let mut command = command(&study, &arguments);
        limited(&mut command, libc::RLIMIT_NOFILE, limit);
        let output = command.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{device}: {error}");
        assert_eq!(study.read(&format!("{device}/runs.csv")).lines().count(), 421, "{device}");
        let models = std::fs::read_dir(study.path(&format!("{device}/models"))).unwrap();
        // beside the networks their card and configuration
        assert_eq!(models.count(), 420 + 2, "{device}");
        let logs = std::fs::read_dir(study.path(&format!("{device}/tensorboard"))).unwrap();
        assert_eq!(logs.count(), 420, "{device}");
    }
}

fn limited(command: &mut Command, resource: libc::__rlimit_resource_t, limit: u64) {
    // SAFETY: `setrlimit` may be called between fork and exec.
    unsafe {
        command.pre_exec(move || {
            let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
            match libc::setrlimit(resource, &limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
}

#[test]
fn too_many_open_files_are_waited_out() {
    let study = long();
    study.run().code_is(0);
    let mut child = command(&study, &["study", "study.toml", "-o", "tight", "--device", "cpu"])
        .spawn()
        .unwrap();
    wait_for(&study, "tight/runs.csv");
    let none = libc::rlimit { rlim_cur: 3, rlim_max: 4096 };
    let many = libc::rlimit { rlim_cur: 4096, rlim_max: 4096 };
    let set = |limit| {
        let old = null_mut();
        // SAFETY: it sets a limit of a child of this test.
        assert_eq!(unsafe { libc::prlimit(child.id() as i32, libc::RLIMIT_NOFILE, limit, old) }, 0);
    };
    set(&none);
    std::thread::sleep(Duration::from_millis(1500));
    set(&many);
    assert_eq!(end(&mut child).0, Some(0));
    assert_eq!(study.read("tight/runs.csv"), study.read("out/runs.csv"));
}

#[test]
fn without_event_files_a_study_is_analysed_and_ends_with_code_4() {
    let study = small();
    std::fs::create_dir(study.path("logs")).unwrap();
    // the folder of a run cannot be made where a file is
    for seed in [1, 2] {
        study.write(&format!("logs/scratch-10-{seed}"), "");
    }
    let arguments = [&RUN[..], &["--tensorboard=logs"]].concat();
    study.shoal(&arguments).fails(4, &["continues without event files", "scratch-10-"]);
    for file in ["report.html", "attributions.csv", "summary.csv"] {
        assert!(study.path(&format!("out/{file}")).exists(), "{file}");
    }
}
