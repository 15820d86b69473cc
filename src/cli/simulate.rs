//! `shoal simulate`: a dataset without files.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use shoal::Result;
use shoal::cosmology::{Sampling, Statistic};
use shoal::data::Dataset;
use shoal::study::Simulation;
use shoal::study::config::SimulateConfig;

use super::help::{processes, scenarios};
use crate::cli::common::check_output;
use crate::cli::common::range;
use crate::cli::common::save;
use crate::cli::output::Output;
use crate::cli::signals;

/// Makes a dataset (.npz) of simulated universes or collisions
///
/// Universes: matter power spectra at redshift 0, as boxes of 1 (Gpc/h)^3 would measure them, each
/// of its own universe. Inputs are the spectra in (Mpc/h)^3; targets are the parameters of the
/// universes. Collisions: what a detector sees of collisions of protons; items are particles. The
/// same arguments give the same bits, on any number of cores.
#[derive(Args, Debug)]
#[command(after_long_help = reference())]
pub struct SimulateArgs {
    /// The kind of universes or collisions; --help lists them
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    /// Number of spectra or collisions
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 2000)]
    count: usize,
    /// Seed of all random numbers. More collisions of a seed begin with the same ones, and so do
    /// spectra with Sobol points
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// What is measured: pk, the power spectrum; mpk, the marked power spectrum of the same boxes
    /// (lcdm and neutrinos) [default: pk]
    #[arg(long, value_name = "pk|mpk", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(Statistic::ALL.map(Statistic::name)))]
    spectrum: Option<String>,
    /// Range of a parameter in place of its prior, once for each parameter; h=0.7:0.7 fixes h
    #[arg(long, value_name = "NAME=LOW:HIGH", value_parser = range, allow_hyphen_values = true)]
    range: Vec<(String, [f64; 2])>,
    /// How the parameters fill their ranges. All points of a Latin hypercube change with the number
    /// of spectra [default: sobol]
    #[arg(long, value_name = "sobol|latin-hypercube", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(Sampling::ALL.map(Sampling::name)))]
    sampling: Option<String>,
    /// Write expected spectra, without the scatter of one box
    #[arg(long)]
    no_noise: bool,
    /// Wavenumbers in h/Mpc, rising, one row or column of a file [default: the 79 bins of Quijote,
    /// 0.0089 to 0.5]
    #[arg(long, value_name = "FILE")]
    k: Option<PathBuf>,
    /// What measures collisions: atlas, cms, detailed, or particles for none [default: atlas]
    #[arg(long, value_name = "NAME")]
    detector: Option<String>,
    /// The dataset to write
    #[arg(short, long, value_name = "FILE.npz")]
    output: PathBuf,
}

fn reference() -> String {
    format!(
        "\
Universes, with the uniform priors of their parameters:
{}

Collisions, measured as by the ATLAS and CMS cards of Delphes, or in more
detail (pile-up, noise, energies that are not linear):
{}

Examples:
  shoal simulate quark-gluon -n 20000 --detector cms -o jets.npz
  shoal simulate lcdm -n 32768 --seed 1 -o lcdm.npz
  shoal simulate neutrinos -n 500 --range Omega_m=0.2:0.4 -o neutrinos.npz

A study file can name a scenario in place of a file:
  [data.pretrain.simulate]
  scenario = \"lcdm\"
  count = 32768

Events (--json):
  simulating  every ten seconds: done, of
  simulated   file, simulations, inputs, targets",
        scenarios(),
        processes()
    )
}

/// Simulates.
pub fn run(args: SimulateArgs, output: &Output) -> Result<()> {
    check_output(&args.output, "a dataset is", &["npz"], args.k.as_deref())?;
    let simulation = simulation(&args)?;
    let dataset = signals::gracefully(|stop| shown(&simulation, output, stop))?;
    save(&dataset, &args.output, simulation.units(), "simulated", output)
}

fn simulation(args: &SimulateArgs) -> Result<Simulation> {
    let config = SimulateConfig {
        scenario: args.scenario.clone(),
        targets: None,
        count: args.count,
        seed: args.seed,
        spectrum: args.spectrum.clone(),
        ranges: args.range.iter().cloned().collect(),
        sampling: args.sampling.clone(),
        noise: !args.no_noise,
        k: args.k.clone(),
        detector: args.detector.clone(),
    };
    let mut simulation = config.simulation(Path::new(""))?;
    if let Simulation::Universes(request) = &mut simulation {
        // as they were given: one that is there twice is an error
        request.ranges.clone_from(&args.range);
    }
    Ok(simulation)
}

/// How often progress is printed where there is no bar.
const LINE: Duration = Duration::from_secs(10);

/// Simulates with a progress bar, or a line every ten seconds.
pub fn shown(simulation: &Simulation, output: &Output, stop: &AtomicBool) -> Result<Dataset> {
    let (count, [unit, _]) = (simulation.count(), simulation.units());
    let bar = output.bar(count, unit);
    let last = Mutex::new(Instant::now());
    let dataset = simulation.run(
        &|done| {
            bar.set_position(done as u64);
            // a thread that finds it locked leaves the line to the other
            let Ok(mut last) = last.try_lock() else {
                return;
            };
            if last.elapsed() > LINE {
                *last = Instant::now();
                let value = json!({ "done": done, "of": count });
                output.event("simulating", value);
                if bar.is_hidden() && !output.json() {
                    output.say(&format!("{done} of {count} {unit}"));
                }
            }
        },
        stop,
    );
    bar.finish_and_clear();
    dataset
}
