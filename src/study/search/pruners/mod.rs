//! The list of pruners.

pub(crate) mod halving;
pub(crate) mod median;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::nearest;
use crate::study::config::search::PruningConfig;
use crate::study::search::pruner::{Off, Pruner, PrunerEntry, PrunerKey};
use crate::study::search::pruners::halving::Halving;
use crate::study::search::pruners::median::Median;

/// All pruners; the first is the default. A new one is a file beside this one and two lines here.
pub const PRUNERS: [PrunerEntry; 3] = [Halving::ENTRY, Median::ENTRY, Off::ENTRY];

/// The pruner of `[search.pruning]`.
///
/// # Errors
/// [`crate::Error::Input`] for an unknown rule, a key that the rule does not have, or a number that
/// is too small.
pub fn pruner(config: &PruningConfig) -> Result<Arc<dyn Pruner>> {
    let rule = config.rule.as_deref().unwrap_or(PRUNERS[0].name);
    let Some(entry) = PRUNERS.iter().find(|entry| entry.name == rule) else {
        let hint = nearest(rule, PRUNERS.iter().map(|entry| entry.name));
        let hint = hint.map_or_else(String::new, |name| format!("; did you mean '{name}'?"));
        let known = PRUNERS.map(|entry| entry.name).join(", ");
        return Err(input_error!(
            "search.pruning.rule is '{rule}': no such rule; there are {known}{hint}"
        ));
    };
    check_keys(entry, &config.keys)?;
    let value = |key: &PrunerKey| {
        let value = config.keys.get(key.name).copied().unwrap_or(key.default);
        match value < key.least {
            true => Err(input_error!(
                "search.pruning.{} is {value}; it must be at least {}",
                key.name,
                key.least
            )),
            false => Ok(value),
        }
    };
    Ok((entry.build)(&entry.keys.iter().map(value).collect::<Result<Vec<_>>>()?))
}

/// Checks that a rule has the keys.
fn check_keys(entry: &PrunerEntry, keys: &BTreeMap<String, u32>) -> Result<()> {
    let has = |entry: &PrunerEntry, key: &str| entry.keys.iter().any(|known| known.name == key);
    let Some(key) = keys.keys().find(|key| !has(entry, key)) else {
        return Ok(());
    };
    if PRUNERS.iter().any(|other| has(other, key)) {
        return Err(input_error!(
            "search.pruning.{key} means nothing to the rule '{}'; remove it",
            entry.name
        ));
    }
    let known = || PRUNERS.iter().flat_map(|entry| entry.keys.iter().map(|key| key.name));
    let hint = nearest(key, known());
    let hint = hint.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    let known = known().collect::<Vec<_>>().join(", ");
    Err(input_error!("search.pruning: unknown field `{key}`; there are rule, {known}{hint}"))
}
