//! Simulated collisions: jets against FastJet, and what is conserved.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use half::f16;
use shoal::collider::{DETECTORS, Detector, Momentum, PROCESSES, Request, anti_kt, simulate};
use shoal::data::Matrix;

use crate::common::{Reference, collisions, member, says};

#[test]
fn anti_kt_jets_are_those_of_fastjet() {
    let arrays = Reference::open("fastjet");
    let momentum = |row: &Vec<f64>| Momentum { e: row[0], p: [row[1], row[2], row[3]] };
    let of = |name: &str| arrays.rows(name, 4).iter().map(momentum).collect::<Vec<_>>();
    let [momenta, expected] = ["momenta", "jets"].map(of);
    let [offsets, jet_offsets] = ["offsets", "jet_offsets"]
        .map(|name| arrays.row(name).iter().map(|x| *x as usize).collect::<Vec<_>>());
    assert!(expected.len() > 100, "{}", expected.len());
    for event in 0..offsets.len() - 1 {
        let own = &momenta[offsets[event]..offsets[event + 1]];
        let expected = &expected[jet_offsets[event]..jet_offsets[event + 1]];
        let jets = anti_kt(own, 0.4, 5.0);
        assert_eq!(jets.len(), expected.len(), "event {event}");
        for (jet, expected) in jets.iter().zip(expected) {
            let difference = jet.momentum - *expected;
            let size = difference.e.abs() + difference.size();
            assert!(size <= 1e-10 * expected.e, "event {event}: {jet:?} is not {expected:?}");
            let sum = jet.constituents.iter().fold(Momentum::default(), |sum, i| sum + own[*i]);
            assert!((sum - *expected).size() <= 1e-10 * expected.e, "event {event}");
        }
        let mut used: Vec<usize> =
            anti_kt(own, 0.4, 0.0).into_iter().flat_map(|jet| jet.constituents).collect();
        used.sort_unstable();
        assert_eq!(used, (0..own.len()).collect::<Vec<_>>(), "each particle is in one jet");
    }
}

/// Constituents of jets: (pt, distance to the axis, class) of each, and the jet's (pt, mass).
struct Sample {
    jets: Vec<(f64, f64)>,
    constituents: Vec<Vec<(f64, f64, usize)>>,
}

/// A mean over the jets with its name.
type Quantity = (&'static str, fn(&[(f64, f64, usize)]) -> f64);

/// What is compared, of the constituents of a jet.
const QUANTITIES: [Quantity; 7] = [
    ("constituents", |jet| jet.len() as f64),
    ("charged", |jet| jet.iter().filter(|(_, _, class)| matches!(class, 1 | 4 | 5)).count() as f64),
    ("share of charged hadrons", |jet| share(jet, 1)),
    ("share of neutral hadrons", |jet| share(jet, 2)),
    ("share of photons", |jet| share(jet, 3)),
    ("width", |jet| sum(jet, |(pt, r, _)| pt * r) / sum(jet, |(pt, ..)| *pt)),
    ("fragmentation", |jet| sum(jet, |(pt, ..)| pt * pt).sqrt() / sum(jet, |(pt, ..)| *pt)),
];

fn sum(jet: &[(f64, f64, usize)], of: impl Fn(&(f64, f64, usize)) -> f64) -> f64 {
    jet.iter().map(of).sum()
}

fn share(jet: &[(f64, f64, usize)], class: usize) -> f64 {
    sum(jet, |(pt, _, own)| if *own == class { *pt } else { 0.0 }) / sum(jet, |(pt, ..)| *pt)
}

impl Sample {
    /// Jets of Pythia, with Delphes or without, from a quark or from a gluon.
    fn of_pythia(file: &Path, quark: bool) -> Self {
        let read = |name: &str| member(file, name).expect("an array of the collisions");
        let numbers: Vec<f16> = read("constituents").into_vec().expect("numbers of 16 bits");
        let classes: Vec<i8> = read("cls").into_vec().expect("classes");
        let labels: Vec<i8> = read("label").into_vec().expect("labels");
        let jets: Vec<f32> = read("jet").into_vec().expect("jets");
        let rows = (0..labels.len()).filter(|row| (labels[*row] == 1) == quark);
        let number = |at: usize| f64::from(numbers[at].to_f32());
        let (jets, constituents) = rows
            .map(|row| {
                let own = (64 * row..64 * (row + 1)).filter(|at| number(3 * at) > 0.0);
                let one = |at: usize| {
                    let distance = number(3 * at + 1).hypot(number(3 * at + 2));
                    (number(3 * at), distance, classes[at] as usize)
                };
                let jet = (f64::from(jets[4 * row]), f64::from(jets[4 * row + 3]));
                (jet, own.map(one).collect::<Vec<_>>())
            })
            .unzip();
        Self { jets, constituents }
    }

    /// Simulated jets.
    fn simulated(detector: Option<&'static Detector>, quark: bool, count: usize) -> Self {
        let request = Request { process: PROCESSES[0], detector, count, seed: 1, threads: None };
        let dataset = simulate(&request, &|_| {}, &AtomicBool::new(false)).unwrap();
        let items = dataset.items.as_ref().unwrap();
        let column = |name: &str| items.names.iter().position(|own| own == name).unwrap();
        let [pt, distance, first] = ["log_pt", "d_r", "charged_hadron"].map(column);
        let rows = (0..count).filter(|row| (dataset.targets.row(*row)[0] == 1.0) == quark);
        let (jets, constituents) = rows
            .map(|row| {
                let own = items.offsets[row] as usize..items.offsets[row + 1] as usize;
                let one = |item: usize| {
                    let item = items.values.row(item);
                    let class = item[first..first + 5].iter().position(|flag| *flag == 1.0);
                    (item[pt].exp(), item[distance], 1 + class.expect("a class"))
                };
                let jet = (dataset.inputs.row(row)[0], dataset.inputs.row(row)[2]);
                (jet, own.map(one).collect::<Vec<_>>())
            })
            .unzip();
        Self { jets, constituents }
    }

    fn means(&self) -> Vec<(&'static str, f64)> {
        let count = self.jets.len() as f64;
        let jets = |of: fn(&(f64, f64)) -> f64| self.jets.iter().map(of).sum::<f64>() / count;
        let mut means = vec![("pt", jets(|jet| jet.0)), ("mass", jets(|jet| jet.1))];
        means.extend(QUANTITIES.iter().map(|(name, of)| {
            (*name, self.constituents.iter().map(|jet| of(jet)).sum::<f64>() / count)
        }));
        means
    }
}

/// Prints the table of `data/simulations/collisions.md` with `--nocapture`.
#[test]
fn quark_and_gluon_jets_agree_with_pythia_and_delphes() {
    let Some(folder) = collisions() else { return };
    let levels = [("particle", None), ("atlas", Some(0)), ("cms", Some(1))];
    println!("| | | | Pythia | shoal | ratio |\n|---|---|---|---:|---:|---:|");
    for (level, detector) in levels {
        let file = folder.join(format!("qg_{level}.npz"));
        let detector = detector.map(|place: usize| DETECTORS[place]);
        for (quark, name) in [(false, "gluon"), (true, "quark")] {
            let expected = Sample::of_pythia(&file, quark).means();
            let found = Sample::simulated(detector, quark, 8000).means();
            for ((quantity, expected), (_, found)) in expected.into_iter().zip(found) {
                let ratio = found / expected;
                println!(
                    "| {level} | {name} | {quantity} | {expected:.4} | {found:.4} | {ratio:.3} |"
                );
                let bound = match quantity {
                    "constituents" => 0.10,
                    share if share.starts_with("share") => 0.20,
                    _ => 0.15,
                };
                assert!(
                    (ratio - 1.0).abs() <= bound,
                    "{level}, {name}: {quantity} is {found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn collisions_depend_on_their_seed_and_index_alone() {
    let stop = AtomicBool::new(true);
    for process in PROCESSES {
        let simulated = |count, seed, threads| {
            let (detector, threads) = (Some(DETECTORS[1]), Some(threads));
            let request = Request { process, detector, count, seed, threads };
            simulate(&request, &|_| {}, &AtomicBool::new(false)).unwrap()
        };
        let same = |few: &Matrix, many: &Matrix| {
            let bits = |x: &f64| x.to_bits();
            few.values.iter().map(bits).eq(many.values[..few.values.len()].iter().map(bits))
        };
        let (few, many) = (simulated(20, 5, 1), simulated(60, 5, 2));
        assert!(same(&few.inputs, &many.inputs) && same(&few.targets, &many.targets));
        let items = few.items.as_ref().zip(many.items.as_ref());
        assert!(items.is_none_or(|(few, many)| same(&few.values, &many.values)));
        let other = simulated(20, 6, 1);
        assert!(!same(&other.inputs, &few.inputs) || other.items != few.items, "{}", process.name);
        let request = Request { process, detector: None, count: 20, seed: 5, threads: None };
        says(simulate(&request, &|_| {}, &stop), &["none were written"]);
        says(simulate(&Request { count: 0, ..request }, &|_| {}, &stop), &["0 collisions"]);
    }
}

#[test]
fn every_detector_measures_every_process_and_the_detailed_response_is_worse() {
    let simulated = |process, detector, count| {
        let request = Request { process, detector, count, seed: 2, threads: None };
        simulate(&request, &|_| {}, &AtomicBool::new(false)).unwrap()
    };
    for process in PROCESSES {
        for detector in DETECTORS.map(Some).into_iter().chain([None]) {
            let dataset = simulated(process, detector, 8);
            assert_eq!(dataset.inputs.columns, process.inputs.len(), "{}", process.name);
            assert_eq!(dataset.weights.is_some(), process.events.is_some(), "{}", process.name);
        }
    }
    let errors = |name: &str| {
        let detector = DETECTORS.iter().find(|detector| detector.name == name).copied();
        let dataset = simulated(PROCESSES[1], detector, 200);
        let square = |row: usize| {
            let (input, truth) = (dataset.inputs.row(row), dataset.targets.row(row));
            (input[3] - truth[0]).powi(2) + (input[4] - truth[1]).powi(2)
        };
        ((0..200).map(square).sum::<f64>() / 400.0).sqrt()
    };
    let [atlas, detailed] = ["atlas", "detailed"].map(errors);
    println!("errors of the missing momentum: {atlas:.1} and {detailed:.1} GeV");
    assert!(detailed > 1.3 * atlas && detailed < 6.0 * atlas, "{detailed}, atlas {atlas}");
}
