//! A dataset of simulated collisions.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::collider::detector::Detector;
use crate::collider::process::{Process, Row};
use crate::collider::{missing_momentum, quark_gluon, tau_pairs};
use crate::data::dataset::Dataset;
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::engine::random::{Stream, key};
use crate::engine::threads;
use crate::error::{Error, Result};
use crate::host::check_memory;
use crate::input_error;

/// Every kind of collisions.
pub static PROCESSES: [&Process; 4] =
    [&quark_gluon::PROCESS, &missing_momentum::PROCESS, &tau_pairs::PROCESS, &tau_pairs::OBJECTS];

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
/// Items, inputs and targets are those of the process. Row `index` depends on the seed, the process
/// and the detector alone, but for the scale of the weights.
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
    let process = request.process;
    let numbers = process.typical_items * process.items.len() + process.inputs.len();
    // held as rows, as a dataset, and while the file is written
    let bytes = 3 * (numbers * size_of::<f64>()) as u128 * count as u128;
    check_memory(&format!("a dataset of {count} collisions"), bytes, "choose fewer collisions")?;
    let (key, done) = (key(request.seed, Stream::Collisions, 0), AtomicUsize::new(0));
    let row = |index: usize| {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted(format!(
                "stopped as requested after {} collisions; none were written",
                done.load(Ordering::Relaxed)
            )));
        }
        let row = (process.row)(request.detector, key, index as u32);
        observe(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(row)
    };
    let threads = request.threads.unwrap_or_else(threads::count);
    dataset(request, &threads::try_map((threads, count), row)?)
}

fn dataset(request: &Request, rows: &[Row]) -> Result<Dataset> {
    let process = request.process;
    let matrix = |columns: usize, of: fn(&Row) -> &[f64]| {
        let values: Vec<f64> = rows.iter().flat_map(of).copied().collect();
        Matrix::new(values.len().checked_div(columns).unwrap_or(rows.len()), columns, values)
    };
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    let items = || {
        let columns = process.items.len();
        let counts: Vec<f64> = rows.iter().map(|row| (row.items.len() / columns) as f64).collect();
        let items = matrix(columns, |row| &row.items);
        Items::from_counts(items, &counts, Some(names(process.items)))
    };
    let weights = |events: f64| {
        let weight = |row: &Row| row.weight * events / rows.len() as f64;
        rows.iter().map(weight).collect()
    };
    let inputs = process.inputs.len();
    let dataset = Dataset {
        weights: process.events.map(weights),
        groups: None,
        inputs: matrix(inputs, |row| &row.inputs),
        items: (!process.items.is_empty()).then(items).transpose()?,
        targets: matrix(process.targets.len(), |row| &row.targets),
        input_names: names(process.inputs),
        axis: (0..inputs).map(|column| column as f64).collect(),
        axis_name: "input".into(),
        target_names: process.targets.iter().map(|(name, _)| name.to_string()).collect(),
        target_ranges: process.targets.iter().map(|(_, range)| *range).collect(),
        provenance: json!({
            "shoal": env!("CARGO_PKG_VERSION"),
            "simulated": {
                "scenario": process.name,
                "detector": request.detector.map_or(PARTICLES, |detector| detector.name),
                "count": request.count,
                "seed": request.seed,
            },
        }),
    };
    dataset.check_with(true)?;
    Ok(dataset)
}

/// The name of no detector.
pub const PARTICLES: &str = "particles";
