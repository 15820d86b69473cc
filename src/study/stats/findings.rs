//! The analysis of a study.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::study::metric::Metric;
use crate::study::objective::Objective;
use crate::study::stats::agreement::agreement;
use crate::study::stats::bootstrap::Bootstrap;
use crate::study::stats::degeneracy::degeneracy_sentences;
use crate::study::stats::diagnostics::{Figure, diagnostics, test_metrics};
use crate::study::stats::domain_gap::domain_gap;
use crate::study::stats::headline::{headline, ranked};
use crate::study::stats::pretraining_size::{pretraining_size_verdict, pretraining_sizes};
use crate::study::stats::savings::savings;
use crate::study::stats::scatter::Scatter;
use crate::study::stats::searches::searches;
use crate::study::stats::sentences::strategy_sentences;
use crate::study::stats::summary::summarize;
use crate::study::stats::transfers::transfers;
use crate::study::store::agreement::{AGREEMENT_FILE, Agreement, write_agreement};
use crate::study::store::attribution_table::Usage;
use crate::study::store::degeneracy::Degeneracy;
use crate::study::store::diagnostics::{Band, write_bands};
use crate::study::store::negative_transfer::{NEGATIVE_TRANSFER_FILE, Transfer, write_transfers};
use crate::study::store::predictions::Predictions;
use crate::study::store::pretraining_size::{
    PRETRAINING_SIZE_FILE, PretrainingSize, write_pretraining_sizes,
};
use crate::study::store::provenance::Provenance;
use crate::study::store::results::StudyResults;
use crate::study::store::run::{Curve, RunRecord};
use crate::study::store::savings::{SAVINGS_FILE, Saving, write_savings};
use crate::study::store::summary::{SUMMARY_FILE, Spread, Summary};
use crate::study::store::trials::{BEST_TRIALS_FILE, SearchSummary, write_best_trials};
use crate::study::transfer::BASELINE;

/// The largest number of bootstrap samples, and of runs in all of them together: a study of ten
/// thousand runs takes fewer samples.
const SAMPLES: usize = 2000;
const SAMPLED_RUNS: usize = 2_000_000;
/// Number of groups of rows, by their prediction, for the calibration.
const GROUPS: usize = 8;

/// The analysis of a study, or of one of its scenarios.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The folder.
    pub folder: PathBuf,
    /// The study's title, or the folder's name if there is no `study.json`.
    pub name: String,
    /// The contents of `study.json`.
    pub provenance: Option<Provenance>,
    /// Names of the targets.
    pub targets: Vec<String>,
    /// All runs; after a search the best trials, the seed of each being its rank.
    pub runs: Vec<RunRecord>,
    /// The pre-trainings.
    pub pretraining: Vec<RunRecord>,
    /// What the runs of one curve and size differ in.
    pub scatter: Scatter,
    /// Statistics over the runs.
    pub summary: Summary,
    /// Simulations saved by transfer.
    pub savings: Vec<Saving>,
    /// Test scores relative to the baseline.
    pub transfers: Vec<Transfer>,
    /// The effect of the pre-training size, if there are several.
    pub pretraining_sizes: Vec<PretrainingSize>,
    /// A sentence about that effect for each strategy.
    pub pretraining_size_verdict: Vec<String>,
    /// The searches for hyper-parameters, if there were any.
    pub searches: Vec<SearchSummary>,
    /// Predictions of networks on the test rows, each with the agreement of every target.
    pub predictions: Vec<(Predictions, Vec<Agreement>)>,
    /// Curves of every saved network at the largest size on its test rows.
    pub diagnostics: Vec<(&'static Figure, Vec<Band>)>,
    /// Every metric of these networks.
    pub test_metrics: Vec<(Curve, Vec<(&'static Metric, Spread)>)>,
    /// How much worse the pre-trained networks are than others without fine-tuning, if the study
    /// says; a sentence each.
    pub domain_gap: Vec<String>,
    /// Which targets of the pre-training new targets are taken for.
    pub degeneracies: Vec<Degeneracy>,
    /// Attribution profiles of the networks, the pre-trained ones first if there are any.
    pub usages: Vec<Usage>,
}

impl Findings {
    /// Analyses the results of a study.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if there is no finished run.
    pub fn new(results: StudyResults) -> Result<Self> {
        results.check_not_empty()?;
        let StudyResults {
            folder,
            provenance,
            targets,
            runs,
            pretraining,
            trials,
            predictions,
            tested,
            usages,
            degeneracies,
            ..
        } = results;
        let searches = searches(&trials);
        let scatter = match searches.is_empty() {
            true => Scatter::Seeds,
            false => Scatter::Trials,
        };
        let summary = summarize(&targets, &runs);
        let samples = (SAMPLED_RUNS / runs.len()).clamp(200, SAMPLES);
        let seed = provenance.as_ref().map_or(0, |provenance| provenance.seed);
        let bootstrap = Bootstrap::new(&runs, &tested, scatter, (samples, seed));
        let agreeing = |one: Predictions| {
            let found = agreement(&one.truth, &one.prediction, GROUPS);
            (one, found)
        };
        Ok(Self {
            savings: savings(&summary, &bootstrap),
            transfers: transfers(
                &targets,
                &without(&constant(&predictions), &runs),
                scatter,
                &bootstrap,
            ),
            domain_gap: domain_gap(&summary, &bootstrap),
            diagnostics: diagnostics(&tested),
            test_metrics: test_metrics(&tested),
            pretraining_sizes: pretraining_sizes(&runs, scatter),
            pretraining_size_verdict: pretraining_size_verdict(&runs, scatter),
            predictions: predictions.into_iter().map(agreeing).collect(),
            name: name(&folder, provenance.as_ref()),
            folder,
            provenance,
            targets,
            runs,
            pretraining,
            scatter,
            summary,
            searches,
            usages,
            degeneracies,
        })
    }

    /// Writes `summary.csv`, `savings.csv` and `negative_transfer.csv`; with several pre-training
    /// sizes also `pretraining_size.csv`, with predictions `agreement.csv` and the curves of
    /// [`FIGURES`](crate::study::stats::diagnostics::FIGURES), and with trials `best_trials.csv`.
    ///
    /// # Errors
    /// [`crate::Error::Output`] with the path.
    pub fn write_tables(&self) -> Result<()> {
        let path = |name: &str| self.folder.join(name);
        self.summary.write(&path(SUMMARY_FILE))?;
        write_savings(&path(SAVINGS_FILE), &self.savings)?;
        write_transfers(&path(NEGATIVE_TRANSFER_FILE), &self.transfers)?;
        if !self.pretraining_sizes.is_empty() {
            write_pretraining_sizes(&path(PRETRAINING_SIZE_FILE), &self.pretraining_sizes)?;
        }
        if !self.predictions.is_empty() {
            write_agreement(&path(AGREEMENT_FILE), &self.targets, &self.predictions)?;
        }
        for (figure, bands) in &self.diagnostics {
            write_bands(&path(&format!("{}.csv", figure.stem)), bands)?;
        }
        if !self.searches.is_empty() {
            write_best_trials(&path(BEST_TRIALS_FILE), &self.searches)?;
        }
        Ok(())
    }

    /// The metric that strategies are compared by.
    pub fn metric(&self) -> &'static Metric {
        self.summary.metric()
    }

    /// What its searches look for.
    pub fn objective(&self) -> Objective {
        self.searches.first().map_or_else(Objective::default, |search| search.objective)
    }

    /// The result in two sentences: the best saving, and negative transfer.
    pub fn headline(&self) -> [String; 2] {
        headline((&self.runs, self.scatter), &self.savings, &self.transfers)
    }

    /// The result of each strategy, the best one first.
    pub fn by_strategy(&self) -> Vec<String> {
        let mut sentences = strategy_sentences(&self.savings, &self.transfers, self.scatter);
        let known = |curve: &Curve| {
            curve.strategy == BASELINE || self.transfers.iter().any(|one| one.curve == *curve)
        };
        let silent = self.summary.curves.iter().filter(|curve| !known(curve));
        sentences.extend(silent.map(|curve| {
            let name = curve.label();
            format!("{name}: no finished run can be compared with one of {BASELINE}.")
        }));
        sentences
    }

    /// Whether degeneracies predict where transfer hurts, a sentence for each new target.
    pub fn by_degeneracy(&self) -> Vec<String> {
        degeneracy_sentences(&self.summary, &self.degeneracies, &self.transfers)
    }

    /// The curves that can be compared with the baseline, the best one first.
    pub fn ranked(&self) -> Vec<&Curve> {
        ranked(&self.transfers)
    }

    /// The largest number of runs of a curve and size: seeds, or best trials.
    pub fn most_runs(&self) -> usize {
        self.summary.rows.iter().map(|row| row.runs).max().unwrap_or(0)
    }
}

/// The study's title, or the folder's name.
fn name(folder: &Path, provenance: Option<&Provenance>) -> String {
    let whole = folder.canonicalize().ok();
    let last = whole.as_deref().and_then(Path::file_name);
    let last = last.map(|name| name.to_string_lossy().into_owned());
    let title = provenance.map(|provenance| provenance.name.clone());
    title.or(last).unwrap_or_else(|| "study".to_owned())
}

/// Indices of targets that are constant over the predicted rows: errors of these are rounding, and
/// ratios of them have no meaning.
fn constant(predictions: &[Predictions]) -> Vec<usize> {
    let Some(Predictions { truth, .. }) = predictions.first() else {
        return vec![];
    };
    let is_constant = |place: &usize| {
        let mut values = (0..truth.rows).map(|row| truth.row(row)[*place]);
        let first = values.next();
        values.all(|value| Some(value) == first)
    };
    (0..truth.columns).filter(is_constant).collect()
}

/// The runs without the scores of these targets.
fn without(places: &[usize], runs: &[RunRecord]) -> Vec<RunRecord> {
    let mut runs = runs.to_vec();
    for score in runs.iter_mut().flat_map(|run| &mut run.test) {
        places.iter().for_each(|place| score.targets[*place] = None);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::matrix::Matrix;

    #[test]
    fn targets_that_never_vary_are_found() {
        let matrix = |values: &[f64]| Matrix { rows: 3, columns: 3, values: values.to_vec() };
        let predictions = Predictions {
            curve: Curve::of("scratch"),
            simulations: 50,
            seed: 1,
            rows: vec![0, 1, 2],
            truth: matrix(&[0.3, 0.049, 1.0, 0.4, 0.049, 1.0, 0.3, 0.049, 1.5]),
            prediction: matrix(&[0.0; 9]),
            deviation: None,
        };
        assert_eq!(constant(&[predictions]), [1]);
        assert_eq!(constant(&[]), [0usize; 0]);
    }
}
