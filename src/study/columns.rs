//! What a study file says of the columns of the inputs: logarithms and missing numbers.

use crate::data::columns::{Columns, Function, Sentinels};
use crate::data::dataset::Dataset;
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::prefix;
use crate::study::config::study::StudyConfig;
use crate::study::defaults;

/// What is done to the inputs before they are scaled.
pub(crate) struct InputColumns {
    /// Whether the log10 of all features is taken.
    pub(crate) log10: bool,
    /// What is done column by column before that.
    pub(crate) columns: Option<Columns>,
    /// What is done to the columns of the items.
    pub(crate) item_columns: Option<Columns>,
    /// What the data decided, for the user.
    pub(crate) notices: Vec<String>,
}

/// The numbers that stand for a missing input.
///
/// # Errors
/// [`crate::Error::Input`] for anything but a number or a list of numbers.
pub(crate) fn missing(config: &StudyConfig) -> Result<Sentinels> {
    let number = |value: &toml::Value| {
        let number = value.as_float().or(value.as_integer().map(|number| number as f64));
        number.filter(|number| !number.is_infinite()).ok_or_else(|| {
            input_error!(
                "missing = {value}: the number that stands for a missing input, such as -999 or \
                 nan, or a list of such numbers"
            )
        })
    };
    let all = match &config.missing {
        None => vec![],
        Some(toml::Value::Array(all)) => all.iter().map(number).collect::<Result<_>>()?,
        Some(value) => vec![number(value)?],
    };
    Ok(Sentinels::new(&all))
}

/// What is done to the columns of datasets with the same inputs.
///
/// # Errors
/// [`crate::Error::Input`] for a name that is no input, or is there twice.
pub(crate) fn input_columns(
    config: &StudyConfig,
    pretrain: Option<&Dataset>,
    finetune: &Dataset,
) -> Result<InputColumns> {
    let missing = missing(config)?;
    let (stated, named) = match &config.log10 {
        None => (None, None),
        Some(toml::Value::Boolean(all)) => (Some(*all), None),
        Some(toml::Value::Array(names)) => (None, Some(words(names)?)),
        Some(other) => return Err(wrong_log10(&other.to_string())),
    };
    let all = [("data.finetune", Some(finetune)), ("data.pretrain", pretrain)];
    let lists = [("log10", named.as_ref()), ("log1p", config.log1p.as_ref())];
    let is_named = lists.iter().any(|(_, list)| list.is_some());
    if !is_named && missing.is_empty() {
        let (log10, notice) = defaults::log10(stated, &missing, all);
        return Ok(InputColumns {
            log10,
            columns: None,
            item_columns: None,
            notices: notice.into_iter().collect(),
        });
    }
    let (log10, notice) = match is_named {
        true => (stated.unwrap_or(false), None),
        false => defaults::log10(stated, &missing, all),
    };
    let names = &finetune.input_names;
    let item_names = finetune.items.as_ref().map_or(&[][..], |items| &items.names);
    let mut functions = vec![Function::Identity; names.len()];
    let mut of_items = vec![Function::Identity; item_names.len()];
    for ((key, list), function) in lists.into_iter().zip([Function::Log10, Function::Log1p]) {
        for name in list.into_iter().flatten() {
            let own = match item_names.iter().position(|item| item == name) {
                Some(column) if !names.contains(name) => &mut of_items[column],
                _ => {
                    let all = [names, item_names].concat();
                    let column =
                        names::find(&all, name, "input").map_err(|error| prefix(error, key))?;
                    &mut functions[column]
                }
            };
            if *own != Function::Identity {
                return Err(input_error!("{key}: the input '{name}' is there twice; remove one"));
            }
            *own = function;
        }
    }
    if log10 {
        let rest = functions.iter_mut().filter(|function| **function == Function::Identity);
        rest.for_each(|function| *function = Function::Log10);
    }
    let datasets: Vec<&Dataset> = pretrain.into_iter().chain([finetune]).collect();
    let is_declared = !missing.is_empty();
    let inputs: Vec<&Matrix> = datasets.iter().map(|dataset| &dataset.inputs).collect();
    let items = datasets.iter().filter_map(|dataset| Some(&dataset.items.as_ref()?.values));
    let columns = Columns::new(functions, missing.clone(), &inputs);
    let item_columns = Columns::new(of_items, missing, &items.collect::<Vec<_>>());
    let none = is_declared && columns.fills.is_empty() && item_columns.fills.is_empty();
    let notices = notice.into_iter().chain(none.then(|| {
        "missing: no input is one of these numbers; a network then refuses them".to_owned()
    }));
    let plain = |function: &Function| *function == Function::Identity;
    let has_effect = is_declared || !item_columns.functions.iter().all(plain);
    let item_columns = Some(item_columns).filter(|own| own.inputs() > 0 && has_effect);
    // beside items there may be no inputs
    let columns = Some(columns).filter(|columns| columns.inputs() > 0);
    Ok(InputColumns { log10: false, columns, item_columns, notices: notices.collect() })
}

fn words(names: &[toml::Value]) -> Result<Vec<String>> {
    let word = |value: &toml::Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| wrong_log10(&value.to_string()))
    };
    names.iter().map(word).collect()
}

fn wrong_log10(given: &str) -> crate::Error {
    input_error!("log10 = {given}: true, false, or a list of the inputs that are taken as log10")
}
