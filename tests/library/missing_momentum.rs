//! Missing momentum of simulated collisions against Pythia and Delphes.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use half::f16;
use shoal::collider::{DETECTORS, Detector, PROCESSES, Request, simulate};

use crate::common::{collisions, least_squares, member};

/// A collision: sums of the momenta of each class and of the rest, what the detector says, its sum
/// of transverse energies, and the truth.
struct Collision {
    sums: [[f64; 2]; 6],
    measured: [f64; 2],
    sum_et: f64,
    candidates: f64,
    truth: [f64; 2],
    process: usize,
}

fn of_pythia(file: &Path) -> Vec<Collision> {
    let read = |name: &str| member(file, name).expect("an array of the collisions");
    let floats = |name: &str| -> Vec<f32> { read(name).into_vec().expect("floats") };
    let candidates: Vec<f16> = read("candidates").into_vec().expect("numbers of 16 bits");
    let classes: Vec<i8> = read("cls").into_vec().expect("classes");
    let processes: Vec<i8> = read("process").into_vec().expect("processes");
    let counts: Vec<i16> = read("n_candidates").into_vec().expect("counts");
    let [rest, met, truth, sum_et] = ["rest", "met", "true_met", "sumet"].map(floats);
    let pair = |of: &[f32], at: usize| [f64::from(of[at]), f64::from(of[at + 1])];
    let one = |row: usize| {
        let mut sums = [[0.0; 2]; 6];
        for at in (128 * row..128 * (row + 1)).filter(|at| classes[*at] > 0) {
            let [pt, phi] = [3 * at, 3 * at + 2].map(|at| f64::from(candidates[at].to_f32()));
            let sum = &mut sums[classes[at] as usize - 1];
            *sum = [sum[0] + pt * phi.cos(), sum[1] + pt * phi.sin()];
        }
        sums[5] = pair(&rest, 3 * row);
        Collision {
            sums,
            measured: pair(&met, 2 * row),
            sum_et: f64::from(sum_et[row]),
            candidates: f64::from(counts[row]),
            truth: pair(&truth, 2 * row),
            process: processes[row] as usize,
        }
    };
    (0..processes.len()).map(one).collect()
}

fn simulated(detector: &'static Detector, count: usize) -> Vec<Collision> {
    let process = PROCESSES.iter().find(|process| process.name == "missing-momentum").unwrap();
    let request = Request { process, detector: Some(detector), count, seed: 1, threads: None };
    let dataset = simulate(&request, &|_| {}, &AtomicBool::new(false)).unwrap();
    let items = dataset.items.as_ref().unwrap();
    let one = |row: usize| {
        let input = dataset.inputs.row(row);
        let mut sums = [[0.0; 2]; 6];
        for item in items.offsets[row] as usize..items.offsets[row + 1] as usize {
            let item = items.values.row(item);
            let class = item[5..10].iter().position(|flag| *flag == 1.0).expect("a class");
            sums[class] = [sums[class][0] + item[1], sums[class][1] + item[2]];
        }
        sums[5] = [input[0], input[1]];
        let target = dataset.targets.row(row);
        Collision {
            sums,
            measured: [input[3], input[4]],
            sum_et: input[5],
            candidates: input[6],
            truth: [target[0], target[1]],
            process: row % 4,
        }
    };
    (0..count).map(one).collect()
}

/// Root mean square and half of the range from the 16th to the 84th percentile.
fn spreads(mut errors: Vec<f64>) -> [f64; 2] {
    let count = errors.len() as f64;
    let rms = (errors.iter().map(|error| error * error).sum::<f64>() / count).sqrt();
    errors.sort_by(f64::total_cmp);
    let at = |share: f64| errors[(share * count) as usize];
    [rms, 0.5 * (at(0.84) - at(0.16))]
}

/// Errors of both components of what a detector says, in a bin of its sum of transverse energies.
fn errors(of: &[Collision], [low, high]: [f64; 2]) -> Vec<f64> {
    let within = of.iter().filter(|one| (low..high).contains(&one.sum_et));
    within.flat_map(|one| [0, 1].map(|axis| one.measured[axis] - one.truth[axis])).collect()
}

/// A weight for each class and for the rest.
fn weights(of: &[Collision]) -> Vec<f64> {
    let row = |one: &Collision, axis: usize| {
        (one.sums.map(|sum| sum[axis]).to_vec(), one.truth[axis], 1.0)
    };
    least_squares(of.iter().flat_map(|one| [row(one, 0), row(one, 1)]))
}

fn resolution(weights: Vec<f64>, of: &[Collision]) -> f64 {
    let error = |one: &Collision, axis: usize| {
        let found: f64 = weights.iter().zip(one.sums).map(|(weight, sum)| weight * sum[axis]).sum();
        found - one.truth[axis]
    };
    spreads(of.iter().flat_map(|one| [error(one, 0), error(one, 1)]).collect())[0]
}

const BINS: [f64; 7] = [0.0, 150.0, 250.0, 350.0, 500.0, 700.0, 1500.0];

/// Prints the tables of `data/simulations/collisions.md` with `--nocapture`.
#[test]
fn missing_momentum_agrees_with_pythia_and_delphes() {
    let Some(folder) = collisions() else { return };
    for detector in [DETECTORS[0], DETECTORS[1]] {
        let name = detector.name;
        let expected = of_pythia(&folder.join(format!("met_{name}.npz")));
        let found = simulated(detector, 6000);
        let mean = |of: &[Collision], process: usize, what: fn(&Collision) -> f64| {
            let own: Vec<f64> = of.iter().filter(|one| one.process == process).map(what).collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        let check = |what: &str, [expected, found]: [f64; 2], bound: f64| {
            let ratio = found / expected;
            println!("| {name} | {what} | {expected:.2} | {found:.2} | {ratio:.3} |");
            assert!((ratio - 1.0).abs() <= bound, "{name}: {what} is {found}, not {expected}");
        };
        for (process, label) in ["W", "ttbar", "Z to neutrinos", "Z to muons"].iter().enumerate() {
            let both = |what| [&expected, &found].map(|of| mean(of, process, what));
            check(&format!("sum of E_T, {label}"), both(|one| one.sum_et), 0.15);
            check(&format!("candidates, {label}"), both(|one| one.candidates), 0.25);
            if *label != "Z to muons" {
                let truth = |one: &Collision| one.truth[0].hypot(one.truth[1]);
                check(&format!("true momentum, {label}"), both(truth), 0.15);
            }
        }
        for bin in BINS.windows(2) {
            let bin = [bin[0], bin[1]];
            let [expected, found] = [&expected, &found].map(|of| spreads(errors(of, bin)));
            // the files' pairs of top quarks have tails, with both detectors, that these have not
            let [rms, core] = if bin[0] < 500.0 { [0.15, 0.15] } else { [0.4, 0.25] };
            let of = |what: &str| format!("{what}, {} to {} GeV", bin[0], bin[1]);
            check(&of("rms"), [expected[0], found[0]], rms);
            check(&of("68 % of the errors"), [expected[1], found[1]], core);
        }
        let [own, ours] = [&expected, &found].map(|train| resolution(weights(train), &expected));
        check("linear weights, learned here or there", [own, ours], 0.15);
    }
}
