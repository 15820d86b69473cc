//! The tables that follow from a study's runs, written beside them.

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::stats::savings::Bound;
use crate::study::store::fields::{csv_text, number_text};

use crate::study::stats::findings::Findings;
use crate::study::stats::negative_transfer::Transfer;
use crate::study::stats::pretraining_size::PretrainingSize;
use crate::study::stats::saved::Saved;
use crate::study::store::trials::Search;

/// The columns of the tables.
const SAVINGS: [&str; 6] = ["strategy", "simulations", "factor", "bound", "low", "high"];
const TRANSFERS: [&str; 9] = [
    "strategy",
    "simulations",
    "target",
    "runs",
    "ratio",
    "p",
    "p_signed_rank",
    "p_corrected",
    "transfer",
];
const AGREEMENT: [&str; 8] =
    ["strategy", "simulations", "seed", "target", "r_squared", "bias", "rms_error", "slope"];
const PRETRAINING_SIZES: [&str; 10] = [
    "strategy",
    "simulations",
    "pretraining_simulations",
    "seeds",
    "test_mse_mean",
    "low",
    "high",
    "ratio_to_largest",
    "ratio_low",
    "ratio_high",
];
const BEST_TRIALS: [&str; 4] = ["strategy", "simulations", "trials", "test_mse_best_mean"];

impl Findings {
    /// Writes `savings.csv` and `negative_transfer.csv`, with several pre-training sizes also
    /// `pretraining_size.csv`, with predictions `agreement.csv`, and with trials `best_trials.csv`.
    ///
    /// # Errors
    /// [`crate::Error::Output`] with the path.
    pub fn write_tables(&self) -> Result<()> {
        self.write_table("savings.csv", &SAVINGS, self.saved.iter().map(saved_line).collect())?;
        let transfers = self.transfers.iter().map(transfer_line).collect();
        self.write_table("negative_transfer.csv", &TRANSFERS, transfers)?;
        if !self.pretraining_sizes.is_empty() {
            let lines = self.pretraining_sizes.iter().map(pretraining_size_line);
            self.write_table("pretraining_size.csv", &PRETRAINING_SIZES, lines.collect())?;
        }
        if !self.predictions.is_empty() {
            self.write_table("agreement.csv", &AGREEMENT, self.agreement_lines())?;
        }
        if !self.searches.is_empty() {
            let lines = self.searches.iter().map(search_line).collect();
            self.write_table("best_trials.csv", &BEST_TRIALS, lines)?;
        }
        Ok(())
    }

    fn write_table(&self, name: &str, columns: &[&str], lines: Vec<Vec<String>>) -> Result<()> {
        let heading: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let all = std::iter::once(&heading[..]).chain(lines.iter().map(Vec::as_slice));
        write_bytes(&self.folder.join(name), &csv_text(all))
    }

    fn agreement_lines(&self) -> Vec<Vec<String>> {
        let lines = self.predictions.iter().flat_map(|(network, agreements)| {
            self.targets.iter().zip(agreements).map(|(target, found)| {
                let names = [
                    &network.strategy,
                    &network.simulations.to_string(),
                    &network.seed.to_string(),
                    target,
                ];
                let numbers =
                    [found.r_squared, Some(found.bias), Some(found.rms_error), found.slope];
                let names = names.into_iter().cloned();
                names.chain(numbers.map(number_text)).collect()
            })
        });
        lines.collect()
    }
}

fn saved_line(saved: &Saved) -> Vec<String> {
    let bound = match saved.bound {
        Bound::Exact => "exact",
        Bound::MoreThanLargest => "at least",
        Bound::LessThanSmallest => "at most",
    };
    vec![
        saved.strategy.clone(),
        saved.simulations.to_string(),
        number_text(Some(saved.factor)),
        bound.to_owned(),
        number_text(saved.low),
        number_text(saved.high),
    ]
}

fn pretraining_size_line(one: &PretrainingSize) -> Vec<String> {
    let counts = [one.simulations, one.pretraining_simulations, one.seeds];
    let ends = |interval: Option<[f64; 2]>| [0, 1].map(|end| interval.map(|ends| ends[end]));
    let ([low, high], [ratio_low, ratio_high]) = (ends(one.interval), ends(one.ratio_interval));
    let numbers = [Some(one.mean), low, high, one.ratio, ratio_low, ratio_high];
    std::iter::once(one.strategy.clone())
        .chain(counts.map(|count| count.to_string()))
        .chain(numbers.map(number_text))
        .collect()
}

fn search_line(search: &Search) -> Vec<String> {
    vec![
        search.strategy.clone(),
        search.simulations.to_string(),
        search.trials.len().to_string(),
        number_text(search.best),
    ]
}

/// The target is empty for the mean over all.
fn transfer_line(one: &Transfer) -> Vec<String> {
    let kind = match (one.is_negative(), one.is_positive()) {
        (true, _) => "negative",
        (_, true) => "positive",
        _ => "none",
    };
    vec![
        one.strategy.clone(),
        one.simulations.to_string(),
        one.target.clone().unwrap_or_default(),
        one.runs.to_string(),
        number_text(Some(one.ratio)),
        number_text(one.p),
        number_text(one.p_signed_rank),
        number_text(one.p_corrected),
        kind.to_owned(),
    ]
}
