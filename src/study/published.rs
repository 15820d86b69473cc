//! Whether networks of `[pretraining] models` fit a study: one that does not is refused with the
//! first difference.

use serde_json::json;

use crate::data::columns::{Columns, Function};
use crate::data::dataset::{Dataset, extent};
use crate::data::items::Items;
use crate::data::matrix::Matrix;
use crate::data::scaling::Features;
use crate::engine::graph::Graph;
use crate::engine::loss::Loss;
use crate::error::Result;
use crate::input_error;
use crate::study::columns::InputColumns;
use crate::study::config::study::StudyConfig;
use crate::study::notices::columns::FAR;
use crate::study::sources::check_targets;
use crate::study::store::model_layers::first_difference;
use crate::study::store::published::Published;

const WAY_OUT: &str = "pre-train on data.pretrain instead of pretraining.models";

impl Published {
    /// A dataset of two rows with the inputs, items and targets that the network knows, which
    /// stands for the data that it was trained on: means of the inputs minus and plus a deviation.
    pub(crate) fn dataset(&self) -> Result<Dataset> {
        let (about, scaling) = (&self.model.about, &self.model.about.scaling);
        let rows = |names: &[String], columns: &Option<Columns>, [mean, deviation]: [&[f64]; 2]| {
            let raw = |column: usize, side: f64| {
                let function = columns.as_ref().map_or(Function::Identity, |c| c.functions[column]);
                let value = mean[column] + side * deviation[column];
                function.inverse(if scaling.log10 { 10f64.powf(value) } else { value })
            };
            let sides = [-1.0, 1.0].into_iter();
            let values = sides.flat_map(|side| (0..names.len()).map(move |c| (c, side)));
            Matrix::new(2, names.len(), values.map(|(column, side)| raw(column, side)).collect())
        };
        let (names, items) = (about.raw_names(), about.raw_item_names());
        let inputs = rows(names, &about.columns, [&scaling.mean, &scaling.deviation]);
        let of_items = [&scaling.item_mean[..], &scaling.item_deviation];
        let items = (!items.is_empty()).then(|| {
            let values = rows(items, &about.item_columns, of_items);
            Items::from_counts(values, &[1.0, 1.0], Some(items.to_vec()))
        });
        let ranges = &scaling.target_ranges;
        let targets = [0, 1].into_iter().flat_map(|end| ranges.iter().map(move |range| range[end]));
        Ok(Dataset {
            targets: Matrix::new(2, ranges.len(), targets.collect()),
            axis: about.axis[..names.len()].to_vec(),
            axis_name: about.axis_name.clone(),
            input_names: names.to_vec(),
            target_names: about.target_names.clone(),
            target_ranges: ranges.clone(),
            inputs,
            items: items.transpose()?,
            weights: None,
            groups: None,
            provenance: json!({ "model": self.name, "sha256": self.sha256 }),
        })
    }

    /// The stand-in for the data to pre-train on, with the inputs and targets of `finetune` in its
    /// order. Returns also the notice about another order of the inputs.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for other outputs, inputs, items, an axis or target ranges.
    pub(crate) fn stand_in(
        &self,
        config: &StudyConfig,
        loss: &Loss,
        finetune: &mut Dataset,
    ) -> Result<(Dataset, Vec<String>)> {
        if self.model.about.predicts != loss.predicts {
            return Err(input_error!(
                "{} predicts {}, but training.loss = \"{}\" needs {}; choose another loss, or \
                 {WAY_OUT}",
                self.name,
                word(self.model.about.predicts),
                loss.name,
                word(loss.predicts)
            ));
        }
        let dataset = self.dataset()?;
        let (matched, note) =
            finetune.clone().with_inputs_of("data.finetune", &dataset, &self.name)?;
        *finetune = matched;
        for (name, range) in dataset.target_names.iter().zip(&dataset.target_ranges) {
            let place = finetune.target_names.iter().position(|other| other == name);
            let Some(place) = place.filter(|_| !config.data.ranges.contains_key(name)) else {
                continue;
            };
            // a range that is only the extent of the data gives way
            if finetune.target_ranges[place] == extent(&finetune.targets, place) {
                finetune.target_ranges[place] = *range;
            }
        }
        check_targets(&self.name, &dataset, finetune)?;
        Ok((dataset, note.into_iter().collect()))
    }

    /// What is done to the columns of the inputs: as the network has it. What the study file says
    /// must be the same.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the first input that is taken otherwise.
    pub(crate) fn columns(&self, config: &StudyConfig, own: InputColumns) -> Result<InputColumns> {
        let about = &self.model.about;
        let says = config.log10.is_some() || config.log1p.is_some() || config.missing.is_some();
        let of = |log10: bool, columns: &Option<Columns>, column: usize| {
            let function = columns.as_ref().map_or(Function::Identity, |c| c.functions[column]);
            if log10 { Function::Log10 } else { function }
        };
        let raw = [
            (about.raw_names(), about.scaling.log10, &about.columns, own.log10, &own.columns),
            (about.raw_item_names(), false, &about.item_columns, false, &own.item_columns),
        ];
        for (names, log10, theirs, own_log10, ours) in raw.into_iter().filter(|_| says) {
            for (column, name) in names.iter().enumerate() {
                let [there, here] = [of(log10, theirs, column), of(own_log10, ours, column)];
                if there != here {
                    return Err(input_error!(
                        "{}: the network takes '{name}' as {}, but the study file as {}; \
                         change log10 or log1p, or leave them out to take it as the \
                         network does",
                        self.name,
                        word(there),
                        word(here)
                    ));
                }
            }
        }
        Ok(InputColumns {
            log10: about.scaling.log10,
            columns: about.columns.clone(),
            item_columns: about.item_columns.clone(),
            ..own
        })
    }

    /// Checks that features have the unit of those that the network was trained on, and that the
    /// network is like one of the study.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the first feature whose mean is far outside, or as
    /// [`Published::check_network`].
    pub(crate) fn check(&self, features: &Features, dataset: &Dataset, own: &Graph) -> Result<()> {
        let scaling = &self.model.about.scaling;
        let items = features.items.as_ref().map(|items| &items.items.values);
        let all = [
            (Some(&features.values), &dataset.input_names, &scaling.mean, &scaling.deviation),
            (items, &self.model.about.item_names, &scaling.item_mean, &scaling.item_deviation),
        ];
        for (values, names, means, deviations) in all {
            let Some(values) = values.filter(|values| values.rows > 0) else { continue };
            for (column, name) in names.iter().enumerate() {
                let mean = values.column(column).sum::<f64>() / values.rows as f64;
                let (centre, width) = (means[column], deviations[column]);
                if (mean - centre).abs() > FAR * width {
                    return Err(input_error!(
                        "{}: the mean of '{name}' is {mean:e} in data.finetune, but {centre:e} ± \
                         {width:e} where the network was trained: another unit? Convert it, or \
                         {WAY_OUT}",
                        self.name
                    ));
                }
            }
        }
        self.check_network(own)
    }

    /// Checks that the network is like one of the study but for its weights.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the first layer that differs.
    pub(crate) fn check_network(&self, own: &Graph) -> Result<()> {
        match first_difference(&self.model.start.network, own) {
            None => Ok(()),
            Some(difference) => Err(input_error!(
                "{}: its network is not that of [network]: {difference}; write [network] as the \
                 network is (shoal inspect shows it), or {WAY_OUT}",
                self.name
            )),
        }
    }
}

fn word(predicts: impl serde::Serialize) -> String {
    serde_json::to_value(predicts).map_or_else(|_| String::new(), |word| word.to_string())
}
