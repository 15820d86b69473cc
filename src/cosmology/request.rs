//! A dataset of simulated spectra.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::cosmology::bispectrum::Shape;
use crate::cosmology::correction::Correction;
use crate::cosmology::linear::linear;
use crate::cosmology::marked::Mark;
use crate::cosmology::noise::{Bins, Noise, Statistic};
use crate::cosmology::one_loop::matter;
use crate::cosmology::parameter::{Parameter, Universe};
use crate::cosmology::sampling::Sampling;
use crate::cosmology::scenario::{Prior, SCENARIOS, Scenario};
use crate::cosmology::{bispectrum, correction, gravity};
use crate::data::dataset::Dataset;
use crate::data::matrix::Matrix;
use crate::data::names::number_text;
use crate::engine::threads;
use crate::error::{Error, Result};
use crate::host::check_memory;
use crate::input_error;

/// A dataset to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The kind of universes.
    pub scenario: &'static Scenario,
    /// Number of universes, one box of each.
    pub count: usize,
    /// Seed of the universes and their boxes.
    pub seed: u64,
    /// What is measured.
    pub statistic: Statistic,
    /// Ranges in place of priors, by the name of the parameter.
    pub ranges: Vec<(String, [f64; 2])>,
    /// How the parameters fill their ranges.
    pub sampling: Sampling,
    /// Whether a spectrum is what one box of 1 (Gpc/h)^3 measures, or the expectation.
    pub noise: bool,
    /// Wavenumbers in h/Mpc, rising; those of Quijote's 79 bins if none are given.
    pub k: Option<Vec<f64>>,
    /// Threads at most; [`threads::count`] if not given. The spectra do not depend on them.
    pub threads: Option<usize>,
}

/// Wavenumbers in h/Mpc for which the spectra are compared with simulations.
pub const WAVENUMBERS: [f64; 2] = [1e-3, correction::K_MAX];

/// The largest number of universes.
pub const MOST: usize = 1 << 20;

impl Request {
    /// P(k) of Quijote's bins with noise, from the whole prior.
    pub fn new(scenario: &'static Scenario, count: usize, seed: u64) -> Self {
        Self {
            scenario,
            count,
            seed,
            statistic: Statistic::default(),
            ranges: vec![],
            sampling: Sampling::default(),
            noise: true,
            k: None,
            threads: None,
        }
    }

    fn check(&self) -> Result<()> {
        let (count, scenario) = (self.count, self.scenario);
        if !(1..=MOST).contains(&count) {
            return Err(input_error!("{count} spectra are requested; choose 1 to {MOST}"));
        }
        if self.statistic == Statistic::Marked && !scenario.has_marked {
            let marked = SCENARIOS.iter().filter(|other| other.has_marked).map(|other| other.name);
            return Err(input_error!(
                "there is no marked spectrum of {}; there is of {}. Choose P(k) (--spectrum pk, \
                 `spectrum = \"pk\"`)",
                scenario.name,
                marked.collect::<Vec<_>>().join(" and ")
            ));
        }
        self.k.as_deref().map_or(Ok(()), check_wavenumbers)
    }

    fn provenance(&self, bins: &Bins) -> Value {
        let ranges: serde_json::Map<String, Value> =
            (self.ranges.iter()).map(|(name, range)| (name.clone(), json!(range))).collect();
        json!({
            "shoal": env!("CARGO_PKG_VERSION"),
            "simulated": {
                "scenario": self.scenario.name,
                "count": self.count,
                "seed": self.seed,
                "spectrum": self.statistic.name(),
                "sampling": self.sampling.name(),
                "ranges": ranges,
                "noise": self.noise,
                "bins": bins.k.len(),
            },
        })
    }
}

fn check_wavenumbers(k: &[f64]) -> Result<()> {
    let [low, high] = WAVENUMBERS;
    if k.is_empty() {
        return Err(input_error!("there are no wavenumbers; give at least one"));
    }
    if let Some(bad) = k.iter().find(|k| !(low..=high).contains(*k)) {
        return Err(input_error!(
            "k = {} h/Mpc: the spectra are made and checked for {low} to {high} h/Mpc; choose k \
             there",
            number_text(*bad)
        ));
    }
    match k.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => Err(input_error!(
            "k = {} h/Mpc comes after {}; wavenumbers must rise",
            number_text(pair[1]),
            number_text(pair[0])
        )),
        None => Ok(()),
    }
}

/// Simulates on all cores. `observe` gets the number of spectra that are done, from any thread;
/// `stop` ends it early.
///
/// The dataset has the spectra as inputs, (simulations, bins) in (Mpc/h)^3, and the parameters that
/// are targets. Row `index` depends on the request without its count and its threads (a Latin
/// hypercube: on the count too).
///
/// # Errors
/// [`Error::Input`] for a request that is impossible; [`Error::Interrupted`] after `stop`.
pub fn simulate(
    request: &Request,
    observe: &(dyn Fn(usize) + Sync),
    stop: &AtomicBool,
) -> Result<Dataset> {
    request.check()?;
    let bins = match &request.k {
        Some(k) => Bins::around(k),
        None => Bins::quijote(),
    };
    let noise = match request.noise {
        true => Some(Noise::new(&bins, request.scenario.seed(request.seed))?),
        false => None,
    };
    let prior = Prior::new(
        request.scenario,
        &request.ranges,
        request.sampling,
        request.count as u32,
        request.seed,
    )?;
    let targets = prior.parameters.iter().filter(|p| p.is_target()).count();
    let row = |index: usize| {
        let (values, universe) = prior.universe(index as u32)?;
        let mut inputs = vec![0.0; bins.k.len()];
        expected(&universe, request, &bins, &mut inputs)
            .map_err(|error| named(error, index, &prior, &values))?;
        if let Some(noise) = &noise {
            noise.apply(&universe.cosmology, index as u32, request.statistic, &mut inputs);
        }
        let kept = prior.parameters.iter().zip(values).filter(|(p, _)| p.is_target());
        Ok((inputs, kept.map(|(_, value)| value).collect::<Vec<f64>>()))
    };
    // inputs and what is written of them
    let bytes = 2 * size_of::<f64>() as u128 * request.count as u128 * bins.k.len() as u128;
    let what = format!("a dataset of {} spectra of {} bins", request.count, bins.k.len());
    check_memory(&what, bytes, "choose fewer spectra or wavenumbers")?;
    let done = AtomicUsize::new(0);
    let observed = |index: usize| {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted(String::new()));
        }
        let row = row(index)?;
        observe(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(row)
    };
    let threads = request.threads.unwrap_or_else(threads::count);
    let rows = threads::try_map((threads, request.count), observed);
    let rows = rows.map_err(|error| match error {
        Error::Interrupted(_) => Error::Interrupted(format!(
            "stopped as requested after {} spectra; none were written",
            done.load(Ordering::Relaxed)
        )),
        error => error,
    })?;
    let (inputs, outputs): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let matrix = |rows: Vec<Vec<f64>>, columns| Matrix::new(rows.len(), columns, rows.concat());
    let (inputs, outputs) = (matrix(inputs, bins.k.len()), matrix(outputs, targets));
    dataset(request, &prior, &bins, inputs, outputs)
}

/// The expectation of a universe's spectrum in each bin, in (Mpc/h)^3.
fn expected(
    universe: &Universe,
    request: &Request,
    bins: &Bins,
    spectrum: &mut [f64],
) -> Result<()> {
    let cosmology = &universe.cosmology;
    let linear = match request.statistic {
        Statistic::Power => (request.scenario.linear)(cosmology)?,
        // the fit of the mark starts from the spectrum as it is
        Statistic::Marked => linear(cosmology)?,
    };
    let matter = matter(cosmology, &linear)?;
    spectrum.copy_from_slice(&bins.expectation(&matter));
    if request.statistic == Statistic::Marked {
        let mark = Mark::new(cosmology)?;
        for (value, k) in spectrum.iter_mut().zip(&bins.k) {
            *value *= mark.at(*k)?;
        }
        return Ok(());
    }
    let correction = Correction::new(cosmology);
    for (value, k) in spectrum.iter_mut().zip(&bins.k) {
        *value *= correction.at(*k)?;
    }
    if universe.f_r0 != 0.0 {
        let boost = gravity::nonlinear_boost(cosmology, universe.f_r0, &bins.k)?;
        (spectrum.iter_mut().zip(boost)).for_each(|(value, boost)| *value *= boost);
    }
    for (shape, f_nl) in
        [(Shape::Equilateral, universe.f_nl_equilateral), (Shape::Local, universe.f_nl_local)]
    {
        if f_nl != 0.0 {
            let added = bispectrum::correction(cosmology, &linear, shape, f_nl, &bins.k)?;
            (spectrum.iter_mut().zip(added)).for_each(|(value, added)| *value += added);
        }
    }
    Ok(())
}

/// Adds the universe to an error.
fn named(error: Error, index: usize, prior: &Prior, values: &[f64]) -> Error {
    let values = prior.parameters.iter().zip(values);
    let values: Vec<String> =
        values.map(|(parameter, value)| format!("{} = {value:.6}", parameter.name)).collect();
    match error {
        Error::Input(text) => {
            Error::Input(format!("universe {index} ({}): {text}", values.join(", ")))
        }
        other => other,
    }
}

fn dataset(
    request: &Request,
    prior: &Prior,
    bins: &Bins,
    inputs: Matrix,
    targets: Matrix,
) -> Result<Dataset> {
    let kept: Vec<_> = prior.parameters.iter().filter(|p| p.is_target()).collect();
    // the range of the literature, so that networks of several datasets can be compared, and wider
    // where the prior is
    let range = |parameter: &Parameter| {
        let ([low, high], [least, most]) =
            (parameter.prior, parameter.scaled.unwrap_or(parameter.prior));
        [least.min(low), most.max(high)]
    };
    let letter = request.statistic.letter();
    let dataset = Dataset {
        items: None,
        weights: None,
        groups: None,
        input_names: bins.k.iter().map(|k| format!("{letter}({k:.6})")).collect(),
        axis: bins.k.clone(),
        axis_name: "k [h/Mpc]".into(),
        target_names: kept.iter().map(|p| p.name.to_string()).collect(),
        target_ranges: kept.iter().map(|p| range(p)).collect(),
        provenance: request.provenance(bins),
        inputs,
        targets,
    };
    dataset.check()?;
    Ok(dataset)
}
