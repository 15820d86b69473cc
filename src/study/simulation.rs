//! A dataset of a study that is simulated and not read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::data::{names, read_axis};
use crate::error::Result;
use crate::simulate::{Request, Sampling, Scenario, Statistic};

/// `simulate`: a scenario in place of files, with the options of `shoal simulate`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulateTable {
    /// Which: lcdm, neutrinos, modified-gravity, equilateral or local.
    pub scenario: String,
    /// How many simulations; default 2000.
    #[serde(default = "two_thousand")]
    pub count: usize,
    /// Names the universes and their boxes; default 1.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is measured: "pk" (default) or "mpk".
    pub spectrum: Option<String>,
    /// Ranges in place of the prior's.
    #[serde(default)]
    pub ranges: BTreeMap<String, [f64; 2]>,
    /// How the parameters fill their ranges: "sobol" (default) or "latin-hypercube".
    pub sampling: Option<String>,
    /// Whether spectra have the scatter of one box; default true.
    #[serde(default = "yes")]
    pub noise: bool,
    /// A file of wavenumbers in h/Mpc; default Quijote's 79 bins.
    pub k: Option<PathBuf>,
}

fn two_thousand() -> usize {
    2000
}
fn one() -> u64 {
    1
}
fn yes() -> bool {
    true
}

impl SimulateTable {
    /// What is meant; a relative path from `base`.
    ///
    /// # Errors
    /// An unknown word, with the nearest one; wavenumbers that cannot be read.
    pub fn request(&self, base: &Path) -> Result<Request> {
        let choose = |known: &[&str], typed: &Option<String>, what: &str| -> Result<usize> {
            let known: Vec<String> = known.iter().map(|name| name.to_string()).collect();
            (typed.as_ref()).map_or(Ok(0), |typed| names::find(&known, typed, what))
        };
        let statistics = Statistic::ALL.map(Statistic::name);
        let samplings = Sampling::ALL.map(Sampling::name);
        Ok(Request {
            statistic: Statistic::ALL[choose(&statistics, &self.spectrum, "spectrum")?],
            sampling: Sampling::ALL[choose(&samplings, &self.sampling, "sampling")?],
            ranges: (self.ranges.iter())
                .map(|(name, range)| (name.clone(), *range))
                .collect(),
            noise: self.noise,
            k: (self.k.as_ref())
                .map(|path| read_axis(&base.join(path)))
                .transpose()?,
            ..Request::new(Scenario::named(&self.scenario)?, self.count, self.seed)
        })
    }
}
