//! A dataset of simulated collisions.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::collider::detector::Detector;
use crate::collider::hard_jet::Generator;
use crate::collider::quark_gluon::{CONSTITUENT_COLUMNS, JET_COLUMNS, LeadingJet, leading_jet};
use crate::data::dataset::Dataset;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::engine::random::{Stream, key};
use crate::engine::threads;
use crate::error::{Error, Result};
use crate::host::check_memory;
use crate::input_error;

/// A kind of collisions.
#[derive(Debug)]
pub struct Process {
    /// Its name in commands and study files.
    pub name: &'static str,
    /// What is simulated and what the target is, for help texts.
    pub help: &'static str,
}

/// Every kind of collisions.
pub static PROCESSES: [Process; 1] = [Process {
    name: "quark-gluon",
    help: "the leading jet of qg -> Zq (target quark = 1) or qq -> Zg (0) at 13 TeV, with its \
           constituents as items; pt above 150 GeV, |eta| below 2",
}];

/// A dataset to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The kind of collisions.
    pub process: &'static Process,
    /// What measures them; `None`: the stable particles themselves.
    pub detector: Option<&'static Detector>,
    /// Number of collisions.
    pub count: usize,
    /// Seed of the collisions.
    pub seed: u64,
    /// Threads at most; [`threads::count`] if not given. The collisions do not depend on them.
    pub threads: Option<usize>,
}

/// The largest number of collisions.
pub const MOST: usize = 1 << 24;

/// Simulates on all cores. `observe` gets the number of collisions that are done, from any thread;
/// `stop` ends it early.
///
/// The dataset is ragged: items are constituents, inputs are columns of the jet, and the target is
/// 1 for quarks and 0 for gluons. Row `index` depends on the seed, the process and the detector
/// alone.
///
/// # Errors
/// [`Error::Input`] for a number of collisions that is 0 or too large; [`Error::Interrupted`] after
/// `stop`.
pub fn simulate(
    request: &Request,
    observe: &(dyn Fn(usize) + Sync),
    stop: &AtomicBool,
) -> Result<Dataset> {
    let count = request.count;
    if !(1..=MOST).contains(&count) {
        return Err(input_error!("{count} collisions are requested; choose 1 to {MOST}"));
    }
    // items are held twice while the file is written; a jet has some 32
    let bytes = 2 * 32 * (CONSTITUENT_COLUMNS.len() * size_of::<f64>()) as u128 * count as u128;
    check_memory(&format!("a dataset of {count} collisions"), bytes, "choose fewer collisions")?;
    let (generator, key) = (Generator::default(), key(request.seed, Stream::Collisions, 0));
    let done = AtomicUsize::new(0);
    let row = |index: usize| {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted(format!(
                "stopped as requested after {} collisions; none were written",
                done.load(Ordering::Relaxed)
            )));
        }
        let jet = leading_jet(&generator, request.detector, key, index as u32);
        observe(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(jet)
    };
    let threads = request.threads.unwrap_or_else(threads::count);
    dataset(request, &threads::try_map((threads, count), row)?)
}

fn dataset(request: &Request, jets: &[LeadingJet]) -> Result<Dataset> {
    let rows: Vec<Vec<[f64; 12]>> = jets.iter().map(|jet| jet.rows().collect()).collect();
    let counts: Vec<f64> = rows.iter().map(|rows| rows.len() as f64).collect();
    let values: Vec<f64> = rows.iter().flatten().flatten().copied().collect();
    let columns = CONSTITUENT_COLUMNS.len();
    let items = Matrix::new(values.len() / columns, columns, values);
    let names = CONSTITUENT_COLUMNS.map(String::from).to_vec();
    let items = Items::from_counts(items, &counts, Some(names))?;
    let inputs = jets.iter().flat_map(LeadingJet::columns).collect();
    let labels = jets.iter().map(|jet| f64::from(u8::from(jet.quark))).collect();
    let detector = request.detector.map_or(PARTICLES, |detector| detector.name);
    let dataset = Dataset {
        weights: None,
        inputs: Matrix::new(jets.len(), JET_COLUMNS.len(), inputs),
        items: Some(items),
        targets: Matrix::new(jets.len(), 1, labels),
        input_names: JET_COLUMNS.map(String::from).to_vec(),
        axis: (0..JET_COLUMNS.len()).map(|column| column as f64).collect(),
        axis_name: "input".into(),
        target_names: vec!["quark".into()],
        target_ranges: vec![[0.0, 1.0]],
        provenance: json!({
            "shoal": env!("CARGO_PKG_VERSION"),
            "simulated": {
                "scenario": request.process.name,
                "detector": detector,
                "count": request.count,
                "seed": request.seed,
            },
        }),
    };
    dataset.check()?;
    Ok(dataset)
}

/// The name of no detector.
pub const PARTICLES: &str = "particles";
