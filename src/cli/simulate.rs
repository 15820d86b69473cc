//! `shoal simulate`: a dataset without files.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use shoal::Result;
use shoal::cosmology::{Request, Sampling, Scenario, Statistic, simulate};
use shoal::data::{Dataset, read_axis};

use super::help::scenarios;
use crate::cli::common::check_output;
use crate::cli::common::range;
use crate::cli::common::save;
use crate::cli::output::Output;
use crate::cli::signals;

/// Makes a dataset (.npz) of matter power spectra at redshift 0, as boxes of 1 (Gpc/h)^3 would
/// measure them
///
/// Each spectrum is that of its own universe. The same arguments give the same bits, on any number
/// of cores. Inputs are the spectra in (Mpc/h)^3; targets are the parameters of the universes.
#[derive(Args, Debug)]
#[command(after_long_help = reference())]
pub struct SimulateArgs {
    /// The kind of universe; --help lists them with their parameters
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    /// Number of spectra
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 2000)]
    count: usize,
    /// Seed of the universes and their boxes. With Sobol points, more spectra of a seed begin with
    /// the same ones
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// What is measured: pk, the power spectrum; mpk, the marked power spectrum of the same boxes
    /// (lcdm and neutrinos)
    #[arg(long, value_name = "pk|mpk", default_value = "pk", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(Statistic::ALL.map(Statistic::name)))]
    spectrum: String,
    /// Range of a parameter in place of its prior, once for each parameter; h=0.7:0.7 fixes h
    #[arg(long, value_name = "NAME=LOW:HIGH", value_parser = range, allow_hyphen_values = true)]
    range: Vec<(String, [f64; 2])>,
    /// How the parameters fill their ranges. All points of a Latin hypercube change with the number
    /// of spectra
    #[arg(long, value_name = "sobol|latin-hypercube", default_value = "sobol", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(Sampling::ALL.map(Sampling::name)))]
    sampling: String,
    /// Write expected spectra, without the scatter of one box
    #[arg(long)]
    no_noise: bool,
    /// Wavenumbers in h/Mpc, rising, one row or column of a file [default: the 79 bins of Quijote,
    /// 0.0089 to 0.5]
    #[arg(long, value_name = "FILE")]
    k: Option<PathBuf>,
    /// The dataset to write
    #[arg(short, long, value_name = "FILE.npz")]
    output: PathBuf,
}

fn reference() -> String {
    format!(
        "\
Scenarios, with the uniform priors of their parameters:
{}

Examples:
  shoal simulate lcdm -n 32768 --seed 1 -o lcdm.npz
  shoal simulate neutrinos -n 500 --range Omega_m=0.2:0.4 -o neutrinos.npz

A study file can name a scenario in place of a file:
  [data.pretrain.simulate]
  scenario = \"lcdm\"
  count = 32768

Events (--json):
  simulating  every ten seconds: done, of
  simulated   file, simulations, inputs, targets",
        scenarios()
    )
}

/// Simulates.
pub fn run(args: SimulateArgs, output: &Output) -> Result<()> {
    check_output(&args.output, "a dataset is", &["npz"], args.k.as_deref())?;
    let request = request(&args)?;
    let dataset = signals::gracefully(|stop| shown(&request, output, stop))?;
    save(&dataset, &args.output, ["spectra", "bins"], "simulated", output)
}

fn request(args: &SimulateArgs) -> Result<Request> {
    let known = "simulate: clap has checked the value";
    let statistic = Statistic::ALL.into_iter().find(|s| s.name() == args.spectrum);
    let sampling = Sampling::ALL.into_iter().find(|s| s.name() == args.sampling);
    Ok(Request {
        statistic: statistic.expect(known),
        sampling: sampling.expect(known),
        ranges: args.range.clone(),
        noise: !args.no_noise,
        k: args.k.as_deref().map(read_axis).transpose()?,
        ..Request::new(Scenario::named(&args.scenario)?, args.count, args.seed)
    })
}

/// How often progress is printed where there is no bar.
const LINE: Duration = Duration::from_secs(10);

/// Simulates with a progress bar, or a line every ten seconds.
pub fn shown(request: &Request, output: &Output, stop: &AtomicBool) -> Result<Dataset> {
    let bar = output.bar(request.count, "spectra");
    let last = Mutex::new(Instant::now());
    let dataset = simulate(
        request,
        &|done| {
            bar.set_position(done as u64);
            // a thread that finds it locked leaves the line to the other
            let Ok(mut last) = last.try_lock() else {
                return;
            };
            if last.elapsed() > LINE {
                *last = Instant::now();
                let value = json!({ "done": done, "of": request.count });
                output.event("simulating", value);
                if bar.is_hidden() && !output.json() {
                    output.say(&format!("{done} of {} spectra", request.count));
                }
            }
        },
        stop,
    );
    bar.finish_and_clear();
    dataset
}
