//! `shoal bench`, on tiny workloads.

use serde_json::Value;

use crate::common::{Ran, ran, shoal};

fn bench(arguments: &str) -> Ran {
    ran(shoal().arg("bench").args(arguments.split(' ')))
}

/// The events of one kind.
pub fn events(ran: &Ran, kind: &str) -> Vec<Value> {
    assert_eq!(ran.code, 0, "{}", ran.err);
    let all = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|event| event["event"] == kind).collect()
}

fn positive(event: &Value, key: &str) -> f64 {
    let number = event[key].as_f64().unwrap_or_else(|| panic!("{key}: {event}"));
    assert!(number.is_finite() && number > 0.0, "{key}: {event}");
    number
}

#[test]
fn networks_on_sets_are_workloads_too() {
    let names = "deep-sets:1-3,edge-graphs:2-3,transformers:1-2,mixed-sets:1-2";
    let words = format!("--workload {names} --seconds 0.05 --repeats 1 --device cpu --json");
    let workloads = events(&bench(&words), "workload");
    let found: Vec<&str> = workloads.iter().filter_map(|one| one["workload"].as_str()).collect();
    assert_eq!(found.join(","), names);
    for (workload, runs) in workloads.iter().zip([24, 24, 24, 96]) {
        positive(workload, "run_steps_per_second");
        positive(workload, "flops_per_run_step");
        assert_eq!(workload["runs"], runs);
    }
}

#[test]
fn a_workload_is_timed_beside_the_ceilings() {
    let ran = bench("--workload 3x8,mixed --seconds 0.05 --repeats 3 --device cpu --json");
    let [ceilings] = &events(&ran, "ceilings")[..] else {
        panic!("{}", ran.out);
    };
    assert_eq!(ceilings["device"]["kind"], "cpu");
    let ceiling = positive(ceilings, "gflops");
    positive(ceilings, "gigabytes_per_second");
    assert!(ceilings["dispatch_microseconds"].is_null());
    let workloads = events(&ran, "workload");
    let names: Vec<&str> = workloads.iter().filter_map(|one| one["workload"].as_str()).collect();
    assert_eq!(names, ["3x8", "mixed"]);
    for workload in &workloads {
        let rate = positive(workload, "run_steps_per_second");
        let repeats: Vec<f64> = serde_json::from_value(workload["repeats"].clone()).unwrap();
        assert_eq!(repeats.len(), 3);
        assert!(repeats.contains(&rate), "the median of three is one of them");
        let gflops = positive(workload, "gflops");
        assert!(
            (gflops - rate * positive(workload, "flops_per_run_step") / 1e9).abs() < 1e-6 * gflops
        );
        assert!((positive(workload, "share_of_ceiling") - gflops / ceiling).abs() < 1e-6);
        assert!(["arithmetic", "memory"].contains(&workload["bound"].as_str().unwrap()));
    }
}

#[test]
fn without_json_a_table_is_printed() {
    let ran = bench("--workload 2x4 --seconds 0.02 --repeats 1 --device cpu");
    assert_eq!(ran.code, 0, "{}", ran.err);
    for word in ["GFLOP/s of multiply-adds", "GB/s of memory", "run-steps/s", "2x4"] {
        assert!(ran.out.contains(word), "'{word}': {}", ran.out);
    }
}

#[test]
fn f16_is_timed_too() {
    let ran =
        bench("--workload 2x8 --precision f16 --seconds 0.02 --repeats 1 --device cpu --json");
    let workload = events(&ran, "workload").remove(0);
    assert_eq!(workload["precision"], "f16");
    positive(&workload, "run_steps_per_second");
    // the CPU rounds to f16 but stores f32, and a copy of the weights beside the parameters
    let singles = bench("--workload 2x8 --seconds 0.02 --repeats 1 --device cpu --json");
    let singles = events(&singles, "workload").remove(0);
    assert_eq!(singles["precision"], "f32");
    assert!(positive(&workload, "bytes") > positive(&singles, "bytes"));
}

#[test]
fn mistakes_are_named_before_anything_is_measured() {
    bench("--workload 24").fails(2, &["--workload 24", "24x128", "mixed"]);
    bench("--workload 24x5000").fails(2, &["width 5000", "1 to 4096"]);
    bench("--precision f64").fails(2, &["f64", "\"f32\" or \"f16\""]);
    bench("--tiles software-33").fails(2, &["software-33", "hardware-split, small,"]);
    bench("--device cpu --tiles hardware").fails(2, &["--tiles hardware", "--device gpu"]);
    bench("--seconds 0").fails(2, &["--seconds 0", "0.01 to 3600"]);
    let ran = bench("--scaling --workload 2x4");
    assert!(ran.code == 2 && ran.err.contains("--workload"), "{}", ran.err);
}
