//! The guarantees of a simulated set.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use shoal::cosmology::scenario::{EQUILATERAL, LCDM, LOCAL, MODIFIED_GRAVITY, NEUTRINOS};
use shoal::cosmology::{
    Bins, Correction, Prior, Request, SCENARIOS, Sampling, Statistic, linear, matter, simulate,
};
use shoal::data::Dataset;
use shoal::{Error, Result};

fn made(request: &Request) -> Result<Dataset> {
    simulate(request, &|_| (), &AtomicBool::new(false))
}

#[test]
fn a_row_is_the_same_whatever_the_count_and_the_threads() {
    for scenario in SCENARIOS {
        let few = Request { threads: Some(1), ..Request::new(scenario, 5, 7) };
        let many = Request { count: 12, threads: Some(3), ..few.clone() };
        let [few, many] = [few, many].map(|request| made(&request).unwrap());
        for row in 0..5 {
            assert_eq!(few.inputs.row(row), many.inputs.row(row), "{}", scenario.name);
            assert_eq!(few.targets.row(row), many.targets.row(row), "{}", scenario.name);
        }
        let other = made(&Request::new(scenario, 5, 8)).unwrap();
        assert_ne!(few.inputs, other.inputs, "{}", scenario.name);
    }
    // two scenarios with the same seed share neither parameters nor boxes
    let [a, b] = [&LCDM, &NEUTRINOS].map(|scenario| made(&Request::new(scenario, 3, 7)).unwrap());
    assert_ne!(a.targets.row(0)[0], b.targets.row(0)[0]);
}

#[test]
fn without_noise_a_spectrum_is_the_expectation_and_with_it_a_box() {
    let noisy = Request::new(&LCDM, 200, 3);
    let expected = Request { noise: false, ..noisy.clone() };
    let prior = Prior::new(&LCDM, &[], Sampling::Sobol, 200, 3).unwrap();
    let [noisy, expected] = [noisy, expected].map(|request| made(&request).unwrap());
    assert_eq!(noisy.targets, expected.targets);
    let (values, universe) = prior.universe(17).unwrap();
    assert_eq!(expected.targets.row(17), values);
    let linear = linear(&universe.cosmology).unwrap();
    let matter = matter(&universe.cosmology, &linear).unwrap();
    let bins = Bins::quijote();
    assert_eq!(expected.axis, bins.k);
    let correction = Correction::new(&universe.cosmology);
    let means = bins.expectation(&matter);
    for ((value, mean), k) in expected.inputs.row(17).iter().zip(means).zip(&bins.k) {
        assert_eq!(*value, mean * correction.at(*k).unwrap());
        // the mean over a shell is close to the value at its mean wavenumber
        assert!((mean / matter.at(*k) - 1.0).abs() < 0.02, "{k}");
    }
    // 26 modes in the first bin: a scatter of 28 %
    let ratios = (noisy.inputs.column(0)).zip(expected.inputs.column(0)).map(|(a, b)| a / b - 1.0);
    let scatter = (ratios.map(|r| r * r).sum::<f64>() / 200.0).sqrt();
    assert!((scatter - 0.277).abs() < 5.0 * 0.277 / 20.0, "{scatter}");
}

#[test]
fn parameters_fill_their_ranges() {
    for scenario in SCENARIOS {
        for sampling in Sampling::ALL {
            let prior = Prior::new(scenario, &[], sampling, 256, 1).unwrap();
            let all: Vec<Vec<f64>> = (0..256).map(|i| prior.universe(i).unwrap().0).collect();
            for (place, parameter) in prior.parameters.iter().enumerate() {
                let [low, high] = parameter.prior;
                let mean = all.iter().map(|values| values[place]).sum::<f64>() / 256.0;
                let ends = [low, high];
                assert!(
                    all.iter().all(|v| (ends[0]..=ends[1]).contains(&v[place])),
                    "{parameter:?}"
                );
                let middle = (low + high) / 2.0;
                // spare points move the mean a little
                assert!(
                    (mean - middle).abs() <= 0.02 * (high - low) + 1e-12,
                    "{parameter:?}: {mean}"
                );
            }
            for index in 0..256 {
                prior.universe(index).unwrap().1.cosmology.check().unwrap();
            }
        }
    }
}

#[test]
fn targets_are_those_of_the_literature_with_its_ranges() {
    let neutrinos = made(&Request::new(&NEUTRINOS, 2, 1)).unwrap();
    let names = ["Omega_m", "Omega_b", "h", "n_s", "sigma_8", "M_nu"];
    assert_eq!(neutrinos.target_names, names);
    assert_eq!(neutrinos.target_ranges[1], [0.02, 0.08]);
    // a narrower prior does not change the scale, a wider one does
    let request = Request {
        ranges: vec![("M_nu".into(), [0.0, 0.4]), ("h".into(), [0.6, 0.7])],
        ..Request::new(&NEUTRINOS, 40, 1)
    };
    let dataset = made(&request).unwrap();
    assert_eq!(dataset.target_ranges[5], [0.0, 1.0]);
    assert_eq!(dataset.target_ranges[2], [0.5, 0.9]);
    assert!(dataset.targets.column(5).all(|m_nu| m_nu <= 0.4));
    let local = made(&Request::new(&LOCAL, 3, 1)).unwrap();
    assert_eq!(local.targets.row(2)[..5], [0.3175, 0.049, 0.6711, 0.9624, 0.834]);
    assert_eq!(local.target_names[5], "f_NL_local");
    assert_eq!(local.provenance["simulated"]["scenario"], "local");
}

#[test]
fn new_physics_changes_the_spectra() {
    let expectation = |scenario, name: &str, value: f64| {
        let request = Request {
            noise: false,
            ranges: [
                ("Omega_m", 0.3),
                ("Omega_b", 0.05),
                ("h", 0.7),
                ("n_s", 0.96),
                ("sigma_8", 0.8),
            ]
            .into_iter()
            .chain([(name, value)])
            .map(|(name, value)| (name.to_string(), [value, value]))
            .chain((scenario == &MODIFIED_GRAVITY).then(|| ("M_nu".into(), [0.0, 0.0])))
            .collect(),
            ..Request::new(scenario, 1, 1)
        };
        made(&request).unwrap().inputs.values
    };
    for (scenario, name, value) in [
        (&MODIFIED_GRAVITY, "f_R0", -1e-4),
        (&EQUILATERAL, "f_NL_equilateral", 600.0),
        (&LOCAL, "f_NL_local", 300.0),
    ] {
        let [with, without] = [value, 0.0].map(|value| expectation(scenario, name, value));
        let most = with.iter().zip(&without).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        assert!((0.005..1.0).contains(&most), "{name}: {most}");
    }
}

#[test]
fn a_simulation_reports_progress_and_can_be_stopped() {
    let (stop, seen) = (AtomicBool::new(false), AtomicUsize::new(0));
    let observe = |done: usize| {
        seen.fetch_max(done, Ordering::Relaxed);
        stop.store(done >= 10, Ordering::Relaxed);
    };
    let stopped = simulate(&Request::new(&LCDM, 100_000, 1), &observe, &stop);
    assert!(matches!(stopped, Err(Error::Interrupted(_))), "{stopped:?}");
    assert!(seen.into_inner() >= 10);
    let marked = Request { statistic: Statistic::Marked, ..Request::new(&LOCAL, 5, 1) };
    assert!(made(&marked).unwrap_err().to_string().contains("lcdm and neutrinos"));
}

#[test]
fn the_marked_spectrum_is_measured_in_the_same_boxes() {
    for scenario in [&LCDM, &NEUTRINOS] {
        let [power, marked] = Statistic::ALL.map(|statistic| {
            [true, false].map(|noise| {
                let request = Request { statistic, noise, ..Request::new(scenario, 300, 5) };
                made(&request).unwrap()
            })
        });
        assert_eq!(power[0].targets, marked[0].targets);
        assert!(marked[0].input_names[0].starts_with("M("));
        // ln of the ratio of the first bin to its expectation
        let [p, m] = [&power, &marked].map(|[noisy, plain]| -> Vec<f64> {
            let pairs = noisy.inputs.column(0).zip(plain.inputs.column(0));
            pairs.map(|(noisy, plain)| (noisy / plain).ln()).collect()
        });
        let sum = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let correlation = sum(&p, &m) / (sum(&p, &p) * sum(&m, &m)).sqrt();
        assert!((correlation - 0.96).abs() < 0.02, "{correlation}");
    }
}
