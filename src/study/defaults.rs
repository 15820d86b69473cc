//! What the data decide where a study file says nothing: the ranges of targets, and log10.

use std::collections::BTreeMap;

use crate::data::columns::Sentinels;
use crate::data::dataset::{Dataset, check_ranges, extent};
use crate::data::scaling::Features;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::prefix;

/// Inputs are no quantities for a logarithm if more than this part of a dataset's is not positive;
/// fewer may be noise around 0.
const NOT_POSITIVE: f64 = 0.01;

/// Sets the ranges of `[data.ranges]`; names that are no targets of this dataset are left out.
///
/// # Errors
/// [`crate::Error::Input`] for a range without extent, or with targets outside of it.
pub(crate) fn set_ranges(
    name: &str,
    dataset: &mut Dataset,
    ranges: &BTreeMap<String, [f64; 2]>,
) -> Result<()> {
    for (target, range) in dataset.target_names.iter().zip(&mut dataset.target_ranges) {
        *range = ranges.get(target).copied().unwrap_or(*range);
    }
    check_ranges(&dataset.targets, &dataset.target_names, &dataset.target_ranges)
        .map_err(|error| prefix(error, name))
}

/// Gives shared targets one range where one of the two is only the extent of its data: the common
/// range. Returns the notice that says so.
pub(crate) fn share_ranges(pre: &mut Dataset, fine: &mut Dataset) -> Option<String> {
    let mut shared = Vec::new();
    for (column, name) in pre.target_names.iter().enumerate() {
        let Some(place) = fine.target_names.iter().position(|other| other == name) else {
            continue;
        };
        let (one, other) = (&mut pre.target_ranges[column], &mut fine.target_ranges[place]);
        let of_data =
            [*one == extent(&pre.targets, column), *other == extent(&fine.targets, place)];
        if one == other || !of_data.contains(&true) {
            continue;
        }
        let common = [one[0].min(other[0]), one[1].max(other[1])];
        // a stated range that holds the other data needs no word
        let is_stated = |range: &[f64; 2], of_data: bool| !of_data && *range == common;
        if !is_stated(one, of_data[0]) && !is_stated(other, of_data[1]) {
            shared.push(format!("{name} from {:?} to {:?}", common[0], common[1]));
        }
        (*one, *other) = (common, common);
    }
    (!shared.is_empty()).then(|| {
        format!(
            "targets are scaled by the common extent of data.pretrain and data.finetune: {}. \
             [data.ranges] sets the ranges that they were drawn from",
            shared.join(", ")
        )
    })
}

/// Scales targets that are not in `ranges` by their mean and deviation: over the data to pre-train
/// on, if these are `owned` and not those of networks that have a scaling, and new targets over the
/// data to fine-tune on.
///
/// # Errors
/// [`crate::Error::Input`] for a target without deviation.
pub(crate) fn standardize(
    pretrain: Option<(&mut Dataset, bool)>,
    finetune: &mut Dataset,
    ranges: &BTreeMap<String, [f64; 2]>,
) -> Result<()> {
    let Some((pretrain, owned)) = pretrain else {
        return standardize_new(("data.finetune", finetune), ranges, None);
    };
    if owned {
        standardize_new(("data.pretrain", pretrain), ranges, None)?;
    }
    standardize_new(("data.finetune", finetune), ranges, Some(pretrain))
}

/// Gives targets that are not in `ranges` the range that `known` has for them, else that of their
/// mean and one deviation above it.
fn standardize_new(
    (source, dataset): (&str, &mut Dataset),
    ranges: &BTreeMap<String, [f64; 2]>,
    known: Option<&Dataset>,
) -> Result<()> {
    for (column, name) in dataset.target_names.iter().enumerate() {
        let place = known.and_then(|known| known.target_names.iter().position(|own| own == name));
        dataset.target_ranges[column] = match (ranges.get(name), known, place) {
            (Some(range), ..) => *range,
            (None, Some(known), Some(place)) => known.target_ranges[place],
            _ => {
                let targets = || dataset.targets.column(column);
                let rows = dataset.targets.rows as f64;
                let mean = targets().sum::<f64>() / rows;
                let variance = targets().map(|y| (y - mean).powi(2)).sum::<f64>() / rows;
                if variance == 0.0 {
                    return Err(input_error!(
                        "data.target_scaling = \"deviation\", but the target '{name}' is {mean} in \
                         every row of {source}; leave it out with `targets`, or set its range in \
                         [data.ranges]"
                    ));
                }
                [mean, mean + variance.sqrt()]
            }
        };
    }
    Ok(())
}

/// Whether networks take the log10 of the inputs: as stated, else unless many of those that are not
/// missing are not positive or there are items, of which none is taken; and the notice that says
/// so.
pub(crate) fn log10(
    stated: Option<bool>,
    missing: &Sentinels,
    data: [(&str, Option<&Dataset>); 2],
) -> (bool, Option<String>) {
    let part = |dataset: &Dataset| {
        let inputs = &dataset.inputs.values;
        let present = || inputs.iter().filter(|x| !missing.has(**x));
        present().filter(|x| **x <= 0.0).count() as f64 / present().count().max(1) as f64
    };
    let is_ragged = data.iter().any(|(_, dataset)| dataset.is_some_and(|one| one.items.is_some()));
    if stated.is_none() && is_ragged {
        return (false, None);
    }
    let parts = data.into_iter().filter_map(|(name, dataset)| Some((name, part(dataset?))));
    match (stated, parts.into_iter().find(|(_, part)| *part > NOT_POSITIVE)) {
        (Some(stated), _) => (stated, None),
        (None, None) => (true, None),
        (None, Some((name, part))) => (
            false,
            Some(format!(
                "inputs are not taken as log10, because {:.0} % of those of {name} are not \
                 positive; log10 = false in the study file says the same",
                100.0 * part
            )),
        ),
    }
}

/// Checks that there is something to learn from.
///
/// # Errors
/// [`crate::Error::Input`] if every input is the same in every row.
pub(crate) fn check_varies(dataset: &Dataset, features: &Features) -> Result<()> {
    let inputs = dataset.inputs.columns;
    if dataset.items.is_some() || !(0..inputs).all(|column| features.is_constant(column)) {
        return Ok(());
    }
    Err(input_error!(
        "data.finetune: every input is the same in every row, as '{}', {:?}; there is nothing to \
         learn from. Choose columns that vary; if these vary by less than 16 digits hold, subtract \
         the constant part before the file is written",
        dataset.input_names[0],
        dataset.inputs.row(0)[0]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::matrix::Matrix;

    #[test]
    fn a_target_without_deviation_is_not_standardized() {
        let (x, varying) = (vec![1.0, 2.0, 3.0], vec![1.0, 2.0, 4.0]);
        let [x, y] = [x, varying].map(|numbers| Matrix::new(3, 1, numbers));
        let mut stated = Dataset::new(x, y, vec!["mass".into()]).unwrap();
        stated.targets.values.fill(2.0);
        let given = BTreeMap::from([("mass".to_owned(), [0.0, 4.0])]);
        assert!(standardize(None, &mut stated.clone(), &given).is_ok());
        let error = standardize(None, &mut stated.clone(), &BTreeMap::new()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("'mass' is 2 in every row of data.finetune"), "{error}");
    }
}
