//! The datasets of a study, read, imported or simulated, and whether they fit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cosmology::conventions::CONVENTIONS;
use crate::cosmology::request::Request;
use crate::data::dataset::Dataset;
use crate::data::names;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::prefix;
use crate::study::config::data::DatasetConfig;

/// Makes the dataset of a request, as [`crate::cosmology::request::simulate`] does.
pub type Simulate<'a> = &'a mut dyn FnMut(&Request) -> Result<Dataset>;

/// Where the datasets of a study come from.
pub(crate) struct Sources<'a> {
    /// Paths are relative to this folder.
    base: &'a Path,
    simulate: Simulate<'a>,
    /// The data to pre-train on, which all scenarios share.
    pretrain: Option<Dataset>,
    /// Names of all targets so far.
    targets: BTreeSet<String>,
}

impl<'a> Sources<'a> {
    /// Relative paths from `base`.
    pub(crate) fn new(base: &'a Path, simulate: Simulate<'a>) -> Self {
        Self { base, simulate, pretrain: None, targets: BTreeSet::new() }
    }

    /// Reads a dataset.
    pub(crate) fn read(&mut self, source: &DatasetConfig) -> Result<Dataset> {
        let dataset = match source {
            DatasetConfig::File(path) => Dataset::load(&self.base.join(path), &CONVENTIONS)?,
            DatasetConfig::Import(source) => source.read(self.base, &CONVENTIONS)?,
            DatasetConfig::Simulate(table) => (self.simulate)(&table.request(self.base)?)?,
        };
        self.targets.extend(dataset.target_names.iter().cloned());
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

    /// The dataset to pre-train on, which is made once.
    pub(crate) fn pretrain(&mut self, source: &DatasetConfig) -> Result<Dataset> {
        if self.pretrain.is_none() {
            self.pretrain = Some(self.read(source)?);
        }
        Ok(self.pretrain.clone().expect("sources: just read"))
    }
}

/// Checks that a network of one dataset can read the other.
pub(crate) fn check_inputs(pretrain: &Dataset, finetune: &Dataset) -> Result<()> {
    let (before, after) = (pretrain.inputs.columns, finetune.inputs.columns);
    if before != after {
        return Err(input_error!(
            "data.pretrain has {before} inputs but data.finetune has {after}; a network can only be reused on the same inputs"
        ));
    }
    let apart = |(a, b): &(&f64, &f64)| (*a - *b).abs() > 1e-6 * a.abs().max(b.abs());
    match pretrain.axis.iter().zip(&finetune.axis).position(|pair| apart(&pair)) {
        Some(place) => Err(input_error!(
            "input {place} lies at {} {} in data.pretrain but at {} in data.finetune; the bins must be the same",
            pretrain.axis_name,
            pretrain.axis[place],
            finetune.axis[place]
        )),
        None => Ok(()),
    }
}

/// Checks that the targets of `pretrain` are among those of `finetune`, and are scaled alike.
pub(crate) fn check_targets(pretrain: &Dataset, finetune: &Dataset) -> Result<()> {
    for (name, range) in pretrain.target_names.iter().zip(&pretrain.target_ranges) {
        let Some(place) = finetune.target_names.iter().position(|other| other == name) else {
            return Err(input_error!(
                "data.pretrain has the target '{name}', which data.finetune has not ({}); choose the shared ones with \
                 `targets = [...]`, or rename with `target_names`",
                finetune.target_names.join(", ")
            ));
        };
        if finetune.target_ranges[place] != *range {
            return Err(input_error!(
                "target '{name}' is scaled from {range:?} in data.pretrain but from {:?} in data.finetune; set one range for \
                 both in [data.ranges] of the study file",
                finetune.target_ranges[place]
            ));
        }
    }
    Ok(())
}
