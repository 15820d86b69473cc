//! `shoal simulate`: a dataset without files.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use shoal::cosmology::{Request, SCENARIOS, Sampling, Scenario, Statistic, simulate};
use shoal::data::{Dataset, read_axis};
use shoal::{Result, check_writable};

use super::Output;
use super::check_npz;
use super::described;
use super::range;
use super::stop_on_ctrl_c;

/// Makes a dataset (.npz) of matter power spectra at redshift 0, as boxes of 1 (Gpc/h)^3 would
/// measure them
#[derive(Args, Debug)]
#[command(after_help = scenarios())]
pub struct SimulateArgs {
    /// The kind of universe: lcdm, neutrinos, modified-gravity, equilateral or local
    scenario: String,
    /// How many spectra, each of its own universe
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 2000)]
    count: usize,
    /// Names the set. The same seed gives the same spectra, and more of them begin with the same
    /// ones (Sobol)
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// What is measured, in (Mpc/h)^3: pk, the power spectrum; mpk, the marked power spectrum of
    /// the same boxes (lcdm, neutrinos)
    #[arg(long, value_name = "pk|mpk", default_value = "pk", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(Statistic::ALL.map(Statistic::name)))]
    spectrum: String,
    /// Range of a parameter in place of its prior, as in Omega_m=0.2:0.4; h=0.7:0.7 fixes it. Can
    /// be given for each
    #[arg(long, value_name = "NAME=LOW:HIGH", value_parser = range, allow_hyphen_values = true)]
    range: Vec<(String, [f64; 2])>,
    /// How the parameters fill their ranges
    #[arg(long, value_name = "sobol|latin-hypercube", default_value = "sobol", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(Sampling::ALL.map(Sampling::name)))]
    sampling: String,
    /// Write the expected spectra, without the scatter of one box
    #[arg(long)]
    no_noise: bool,
    /// Wavenumbers in h/Mpc, rising, one row or column (.npy or text) [default: the 79 bins of
    /// Quijote, 0.0089 to 0.5]
    #[arg(long, value_name = "FILE")]
    k: Option<PathBuf>,
    /// The dataset to write
    #[arg(short, long, value_name = "FILE.npz")]
    output: PathBuf,
}

/// The scenarios with the priors of their parameters, for `--help`.
fn scenarios() -> String {
    let mut text = "Scenarios, with the uniform priors of their parameters:".to_owned();
    for scenario in SCENARIOS {
        text += &format!("\n  {}: {}.\n", scenario.name, scenario.help);
        let priors = scenario.parameters.iter().map(|parameter| {
            let (name, [low, high]) = (parameter.name, parameter.prior);
            match low == high {
                true => format!("{name} = {low}"),
                false => format!("{name} {low} to {high} {}", parameter.unit).trim_end().to_owned(),
            }
        });
        text += &format!("    {}", priors.collect::<Vec<_>>().join(", "));
    }
    text
}

/// Simulates.
pub fn run(args: SimulateArgs, output: &Output) -> Result<()> {
    check_npz(&args.output)?;
    let request = request(&args)?;
    check_writable(&args.output)?;
    let stop = stop_on_ctrl_c()?;
    let dataset = shown(&request, output, &stop)?;
    dataset.save(&args.output)?;
    output.result(&format!(
        "{}: {} spectra in {} bins, targets {}",
        args.output.display(),
        dataset.inputs.rows,
        dataset.inputs.columns,
        dataset.target_names.join(" ")
    ));
    output.event("simulated", described(&args.output, &dataset));
    Ok(())
}

fn request(args: &SimulateArgs) -> Result<Request> {
    let known = "simulate: a value that was checked as it was args";
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

/// How often progress is told where there is no bar.
const LINE: Duration = Duration::from_secs(10);

/// Simulates with a progress bar, or a line now and then.
pub fn shown(request: &Request, output: &Output, stop: &AtomicBool) -> Result<Dataset> {
    let bar = output.bar(request.count, "spectra");
    let told = Mutex::new(Instant::now());
    let dataset = simulate(
        request,
        &|done| {
            bar.set_position(done as u64);
            // whoever finds it locked leaves the telling to the other
            let Ok(mut told) = told.try_lock() else {
                return;
            };
            if told.elapsed() > LINE {
                *told = Instant::now();
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
