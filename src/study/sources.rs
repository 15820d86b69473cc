//! The datasets of a study, read, imported or simulated, and whether they fit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cosmology::conventions::CONVENTIONS;
use crate::data::conventions::Conventions;
use crate::data::dataset::Dataset;
use crate::data::names;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::prefix;
use crate::study::config::data::DatasetConfig;
use crate::study::simulation::Simulation;

/// Makes the dataset of a simulation, as [`Simulation::run`] does.
pub type Simulate<'a> = &'a mut dyn FnMut(&Simulation) -> Result<Dataset>;

/// Where the datasets of a study come from.
pub(crate) struct Sources<'a> {
    /// Paths are relative to this folder.
    pub(crate) base: &'a Path,
    simulate: Simulate<'a>,
    /// What inputs and targets may be.
    conventions: Conventions,
    /// Datasets that several studies share, with what they are made from.
    known: Vec<(DatasetConfig, bool, Dataset)>,
    /// Whether there are several studies.
    several: bool,
    /// Names of all targets so far.
    targets: BTreeSet<String>,
    /// What the user should know of the datasets that were imported.
    pub(crate) notices: Vec<String>,
}

impl<'a> Sources<'a> {
    /// Relative paths from `base`; `several` studies may share datasets.
    pub(crate) fn new(base: &'a Path, several: bool, simulate: Simulate<'a>) -> Self {
        Self {
            base,
            several,
            simulate,
            conventions: CONVENTIONS,
            known: Vec::new(),
            targets: BTreeSet::new(),
            notices: Vec::new(),
        }
    }

    /// Whether an input may be NaN in what is read from now on.
    pub(crate) fn set_nan_inputs(&mut self, nan_inputs: bool) {
        self.conventions.nan_inputs = nan_inputs;
    }

    /// Reads a dataset, once.
    pub(crate) fn read(&mut self, source: &DatasetConfig) -> Result<Dataset> {
        let nan = self.conventions.nan_inputs;
        let mut known = self.known.iter();
        let dataset = match known.find(|one| (&one.0, one.1) == (source, nan)) {
            Some((.., dataset)) => dataset.clone(),
            None => self.make(source)?,
        };
        if let DatasetConfig::Import(_) = source {
            self.notices.extend(dataset.notes());
        }
        Ok(dataset)
    }

    fn make(&mut self, source: &DatasetConfig) -> Result<Dataset> {
        let dataset = match source {
            DatasetConfig::File(path) => Dataset::load(&self.base.join(path), &self.conventions)?,
            DatasetConfig::Import(source) => source.read(self.base, &self.conventions)?,
            DatasetConfig::Simulate(table) => {
                let dataset = (self.simulate)(&table.simulation(self.base)?)?;
                let checked = dataset.check_with(self.conventions.nan_inputs);
                checked.map_err(|error| prefix(error, &table.scenario))?;
                match &table.targets {
                    Some(names) => (dataset.select_targets(names))
                        .map_err(|error| prefix(error, &table.scenario))?,
                    None => dataset,
                }
            }
        };
        self.targets.extend(dataset.target_names.iter().cloned());
        if self.several {
            let nan = self.conventions.nan_inputs;
            self.known.push((source.clone(), nan, dataset.clone()));
        }
        Ok(dataset)
    }

    /// Checks that `[data.ranges]` names targets of the datasets that were read.
    pub(crate) fn check_ranges(&self, ranges: &BTreeMap<String, [f64; 2]>) -> Result<()> {
        let known: Vec<String> = self.targets.iter().cloned().collect();
        (ranges.keys()).try_for_each(|name| {
            let found = names::find(&known, name, "target").map(|_| ());
            found.map_err(|error| prefix(error, "data.ranges"))
        })
    }
}

/// Checks that the targets of `pretrain`, which messages call `source`, are among those of
/// `finetune`, and are scaled alike.
pub(crate) fn check_targets(source: &str, pretrain: &Dataset, finetune: &Dataset) -> Result<()> {
    for (name, range) in pretrain.target_names.iter().zip(&pretrain.target_ranges) {
        let Some(place) = finetune.target_names.iter().position(|other| other == name) else {
            return Err(input_error!(
                "{source} has the target '{name}', which data.finetune has not ({}); choose \
                 the shared ones with `targets = [...]`, or rename with `target_names`",
                finetune.target_names.join(", ")
            ));
        };
        if finetune.target_ranges[place] != *range {
            return Err(input_error!(
                "target '{name}' is scaled from {range:?} in {source} but from {:?} in \
                 data.finetune; set one range for both in [data.ranges] of the study file",
                finetune.target_ranges[place]
            ));
        }
    }
    Ok(())
}
