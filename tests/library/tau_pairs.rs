//! Pairs of tau leptons of simulated collisions against Pythia and Delphes.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use shoal::collider::{DETECTORS, Detector, PROCESSES, Process, Request, simulate};

use crate::common::{collisions, least_squares, member};

/// Collisions: columns, process and weight of each.
struct Sample {
    columns: Vec<Vec<f64>>,
    processes: Vec<usize>,
    weights: Vec<f64>,
}

const NAMES: [&str; 5] = ["H", "Z", "ttbar, two leptons", "ttbar, one lepton", "W"];

fn process(name: &str) -> &'static Process {
    PROCESSES.iter().find(|process| process.name == name).expect("a process")
}

impl Sample {
    fn of_pythia(file: &Path) -> Self {
        let read = |name: &str| member(file, name).expect("an array of the collisions");
        let floats = |name: &str| -> Vec<f64> {
            let floats: Vec<f32> = read(name).into_vec().expect("floats");
            floats.into_iter().map(f64::from).collect()
        };
        let processes: Vec<i8> = read("process").into_vec().expect("processes");
        Self {
            columns: floats("X").chunks(28).map(<[f64]>::to_vec).collect(),
            processes: processes.into_iter().map(|process| process as usize).collect(),
            weights: floats("weight"),
        }
    }

    fn simulated(detector: &'static Detector, count: usize) -> Self {
        const ORDER: [usize; 20] = [0, 1, 0, 2, 0, 3, 0, 4, 0, 1, 0, 4, 0, 2, 0, 1, 0, 3, 0, 4];
        let (process, detector) = (process("tau-pairs"), Some(detector));
        let request = Request { process, detector, count, seed: 1, threads: None };
        let dataset = simulate(&request, &|_| {}, &AtomicBool::new(false)).unwrap();
        let processes: Vec<usize> = (0..count).map(|row| ORDER[row % 20]).collect();
        for (row, process) in processes.iter().enumerate() {
            assert_eq!(dataset.targets.row(row)[0] == 1.0, *process == 0, "row {row}");
        }
        Self {
            columns: (0..count).map(|row| dataset.inputs.row(row).to_vec()).collect(),
            processes,
            weights: dataset.weights.expect("weights"),
        }
    }

    /// A column of a process where it is defined, in rising order.
    fn column(&self, process: usize, column: usize) -> Vec<f64> {
        let rows = self.columns.iter().zip(&self.processes);
        let own = rows.filter(|(_, own)| **own == process).map(|(row, _)| row[column]);
        let mut values: Vec<f64> = own.filter(|value| !value.is_nan()).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Weights with equal sums of signal and background.
    fn balanced(&self) -> Vec<f64> {
        let sum = |signal: bool| -> f64 {
            let rows = self.weights.iter().zip(&self.processes);
            rows.filter(|(_, own)| (**own == 0) == signal).map(|(weight, _)| weight).sum()
        };
        let sums = [sum(false), sum(true)];
        let rows = self.weights.iter().zip(&self.processes);
        rows.map(|(weight, own)| weight / sums[usize::from(*own == 0)]).collect()
    }

    /// Features of a linear classifier: all columns but azimuths, momenta and masses as ln(1 + x).
    fn features(&self, row: usize) -> Vec<f64> {
        let names = process("tau-pairs").inputs.iter().zip(&self.columns[row]);
        let value = |(name, value): (&&str, &f64)| {
            let value = if value.is_nan() { 0.0 } else { *value };
            let long = ["pt", "mass", "met"].iter().any(|part| name.contains(part));
            (!name.ends_with("phi")).then(|| if long { value.abs().ln_1p() } else { value })
        };
        names.filter_map(value).chain([1.0]).collect()
    }

    /// Weighted AUC on `other` of a linear classifier that is fitted here.
    fn auc(&self, other: &Sample) -> f64 {
        let weights = self.balanced();
        let label = |row: usize| f64::from(u8::from(self.processes[row] == 0));
        let rows = (0..weights.len()).map(|row| (self.features(row), label(row), weights[row]));
        let coefficients = least_squares(rows);
        let score = |row: usize| -> f64 {
            coefficients.iter().zip(other.features(row)).map(|(one, other)| one * other).sum()
        };
        let weights = other.balanced();
        let mut rows: Vec<(f64, usize)> = (0..weights.len()).map(|row| (score(row), row)).collect();
        rows.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (mut below, mut area) = (0.0, 0.0);
        for (_, row) in rows {
            match other.processes[row] == 0 {
                true => area += below * weights[row],
                false => below += weights[row],
            }
        }
        area
    }
}

fn moments(values: &[f64]) -> [f64; 2] {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
    [mean, square.sqrt()]
}

/// Prints the tables of `data/simulations/collisions.md` with `--nocapture`.
#[test]
fn tau_pairs_agree_with_pythia_and_delphes() {
    let Some(folder) = collisions() else { return };
    for detector in [DETECTORS[0], DETECTORS[1]] {
        let name = detector.name;
        let theirs = Sample::of_pythia(&folder.join(format!("tautau_{name}.npz")));
        let ours = Sample::simulated(detector, 5000);
        let (mut within, mut all) = (0, 0);
        for (process, label) in NAMES.iter().enumerate() {
            let mut off = Vec::new();
            for (column, title) in self::process("tau-pairs").inputs.iter().enumerate() {
                let both = [&theirs, &ours].map(|of| moments(&of.column(process, column)));
                let [[mean, spread], [our_mean, our_spread]] = both;
                let shift = (our_mean - mean).abs() / mean.abs().max(spread);
                let ratio = our_spread / spread;
                all += 1;
                match shift <= 0.15 && (ratio - 1.0).abs() <= 0.15 {
                    true => within += 1,
                    false => off.push(format!(
                        "{title} {our_mean:.2} ± {our_spread:.2} ({mean:.2} ± {spread:.2})"
                    )),
                }
                // pairs of jets are rare beside bosons
                let rare =
                    title.contains("jet_jet") || title.contains("sub") || title.contains("eta_c");
                let bound = if rare || title.contains("jet") { 0.6 } else { 0.4 };
                assert!(
                    shift <= bound,
                    "{name}, {label}: the mean of {title} is {our_mean}, not {mean}"
                );
                assert!(
                    rare || (ratio - 1.0).abs() <= bound,
                    "{name}, {label}: {title} spreads {our_spread}, not {spread}"
                );
            }
            println!("| {name} | {label} | {} |", off.join(", "));
            for share in [0.16, 0.5, 0.84] {
                let mass = |of: &Sample| {
                    let values = of.column(process, 1);
                    values[(share * values.len() as f64) as usize]
                };
                let ratio = mass(&ours) / mass(&theirs);
                println!("{name} {label} {share} {:.1} {:.1}", mass(&theirs), mass(&ours));
                assert!(
                    (ratio - 1.0).abs() <= 0.15,
                    "{name}, {label}: visible mass at {share}: {ratio}"
                );
            }
        }
        println!("{name}: {within} of {all} columns of a process within 15 %");
        assert!(5 * within >= 3 * all, "{name}: {within} of {all} columns are within 15 %");
        let [own, found] = [&theirs, &ours].map(|train| train.auc(&theirs));
        println!("{name}: AUC of a linear classifier {own:.3}, learned on ours {found:.3}");
        assert!(own > 0.7 && found >= own - 0.03, "{name}: {found} of {own}");
    }
}

#[test]
fn objects_are_those_of_the_columns() {
    let simulated = |name: &str| {
        let (process, detector) = (process(name), Some(DETECTORS[1]));
        let request = Request { process, detector, count: 60, seed: 3, threads: None };
        simulate(&request, &|_| {}, &AtomicBool::new(false)).unwrap()
    };
    let (columns, sets) = (simulated("tau-pairs"), simulated("tau-pair-objects"));
    assert!(columns.targets == sets.targets && columns.weights == sets.weights);
    let items = sets.items.as_ref().unwrap();
    let names = process("tau-pairs").inputs;
    let column = |name: &str| names.iter().position(|own| *own == name).unwrap();
    let [tau, lepton, met, jet] =
        ["PRI_tau_pt", "PRI_lep_pt", "PRI_met", "PRI_jet_leading_pt"].map(column);
    for row in 0..60 {
        let own = items.offsets[row] as usize..items.offsets[row + 1] as usize;
        let own: Vec<&[f64]> = own.map(|item| items.values.row(item)).collect();
        let input = columns.inputs.row(row);
        let last = own.len() - 1;
        let expected = [(0, lepton, 4), (1, tau, 5), (last, met, 7)];
        for (item, column, flag) in expected {
            assert!((own[item][0] - input[column]).abs() < 1e-9 && own[item][flag] == 1.0, "{row}");
        }
        assert_eq!(own.len() > 3, !input[jet].is_nan(), "row {row}");
        assert!(own.len() == 3 || own[2][0] == input[jet], "row {row}");
    }
    let weights: f64 = columns.weights.unwrap().iter().sum();
    assert!(weights > 10_000.0 && weights < 60_000.0, "events of 1/fb: {weights}");
}
