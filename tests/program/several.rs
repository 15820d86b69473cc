//! A study on several devices at once.

use std::sync::atomic::AtomicBool;

use shoal::engine::choice::Choice;
use shoal::engine::cpu::backend::Cpu;
use shoal::engine::device::Device;
use shoal::study::{Event, Study as Read, execute};

use crate::common::{STUDY, Study, ranged};

#[test]
fn runs_say_which_device_has_trained_them_and_have_its_bits() {
    let study = Study::new();
    let text = STUDY.replace("seeds = 2", "seeds = 12").replace("epochs = 6", "epochs = 60");
    ranged(&study, &text);
    for (folder, device) in [("cpu", "cpu"), ("gpu", "gpu"), ("both", "cpu,gpu"), ("all", "all")] {
        study.shoal(&["study", "study.toml", "-o", folder, "--device", device]).code_is(0);
    }
    // no software rasterizer takes cores from the CPU; on hardware the GPU trains too
    let hardware = matches!(Device::open(&Choice::Auto, None), Ok(Device::Gpu(_)));
    assert!(hardware || study.read("all/runs.csv") == study.read("cpu/runs.csv"));
    let both = study.read("both/runs.csv");
    assert!(both.lines().next().unwrap().ends_with(",model,device"));
    let both: Vec<&str> = both.lines().skip(1).collect();
    assert_eq!(both.len(), 12 * 8);
    let alone = ["cpu", "gpu"].map(|folder| study.read(&format!("{folder}/runs.csv")));
    let json: serde_json::Value = serde_json::from_str(&study.read("both/study.json")).unwrap();
    let devices = json["device"]["devices"].as_array().unwrap();
    let names: Vec<&str> = devices.iter().map(|one| one["name"].as_str().unwrap()).collect();
    for line in &both {
        let by = names.iter().position(|name| line.contains(&name[..])).expect("a known device");
        let cells =
            line.split(names[by]).next().unwrap().trim_end_matches('"').trim_end_matches(',');
        // what starts from a pre-training starts from that of any device
        let is_same = alone[by].lines().any(|other| other == cells);
        assert!(is_same || !line.starts_with("scratch"), "{line}");
    }
    for name in &names {
        assert!(both.iter().any(|line| line.contains(name)), "{name} has trained nothing");
    }
    // the analysis reads the tables again, and a process without several devices resumes
    let report = study.read("both/report.html");
    study.shoal(&["analyse", "both"]).code_is(0);
    assert_eq!(study.read("both/report.html"), report);
    let table = study.read("both/runs.csv");
    study.shoal(&["study", "study.toml", "-o", "both", "--device", "cpu"]).code_is(0);
    assert_eq!(study.read("both/runs.csv"), table);
}

#[test]
fn a_device_that_fails_half_way_loses_nothing() {
    let study = Study::new();
    ranged(&study, &STUDY.replace("seeds = 2", "seeds = 12").replace("epochs = 6", "epochs = 300"));
    let mut no_scenario = |_: &shoal::study::Simulation| unreachable!("its data are files");
    let read = Read::read(&study.path("study.toml"), &mut no_scenario).unwrap();
    let gpu = Device::open(&Choice::Gpu, None).unwrap();
    let devices = [Device::Cpu(Cpu { threads: 2 }), gpu];
    let (mut finished, mut returned) = (0, None);
    let mut observe = |event: &Event| match event {
        Event::Finished(_) | Event::Pretrained(_) => finished += 1,
        Event::Progress { .. } if finished > 20 => {
            if let Device::Gpu(gpu) = &devices[1] {
                gpu.lose();
            }
        }
        Event::DeviceFailed { runs, .. } => returned = Some(*runs),
        _ => {}
    };
    let stop = AtomicBool::new(false);
    execute(&read[0], &devices, &study.path("out"), &stop, &mut observe).unwrap();
    assert!(returned.is_some_and(|runs| runs > 0), "{returned:?}");
    let runs = study.read("out/runs.csv");
    assert_eq!(runs.lines().count(), 1 + 12 * 8);
    assert!(!runs.contains("diverged"), "{runs}");
}

#[test]
fn lists_of_devices_that_make_no_sense_are_refused() {
    let study = Study::new();
    let bench = study.shoal(&["bench", "--device", "cpu,gpu"]);
    bench.fails(2, &["2 devices are given", "give one"]);
    let run = |device: &str| study.shoal(&["study", "study.toml", "-o", "out", "--device", device]);
    run("cpu,gpu:99").fails(3, &["no gpu:99"]);
    run("cpu,").fails(3, &["names no device"]);
}
