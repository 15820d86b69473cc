//! The networks of a study file, and whether they read what its data have.

use crate::data::dataset::Dataset;
use crate::data::names;
use crate::engine::architectures::Ends;
use crate::engine::loss::Loss;
use crate::error::Result;
use crate::input_error;
use crate::study::architecture::{ARCHITECTURES, Architecture};
use crate::study::config::checks::{activation, check_dropout, check_hidden, check_slope};
use crate::study::config::network::NetworkConfig;
use crate::study::loss::output;
use crate::study::plan::NetworkPlan;

/// The networks of a study file, for targets in [0, 1] or standardized ones.
///
/// # Errors
/// [`crate::Error::Input`] that names the key.
pub(crate) fn network(
    config: &NetworkConfig,
    loss: &Loss,
    standardizes: bool,
) -> Result<NetworkPlan> {
    let architecture = Architecture::of(config)?;
    let sizes = architecture.sizes(config)?;
    let hidden = config.hidden.clone().unwrap_or_else(|| architecture.hidden.to_vec());
    let dropout = config.dropout.unwrap_or(architecture.dropout);
    let named = config.activation.as_deref().unwrap_or(architecture.activation);
    // an architecture on items has layers without them
    if !(architecture.reads_items && hidden.is_empty()) {
        check_hidden("network.hidden", &hidden)?;
    }
    check_dropout("network.dropout", dropout)?;
    if architecture.keeps_dropout && config.dropout.is_some() {
        return Err(own_dropout("network.dropout"));
    }
    check_slope("network.slope", config.slope())?;
    Ok(NetworkPlan {
        architecture,
        sizes,
        hidden,
        activation: activation("network.activation", named, config.slope())?,
        output: output(config, loss, standardizes)?,
        dropout,
    })
}

/// The error for a dropout beside layers that have their own.
pub(crate) fn own_dropout(key: &str) -> crate::Error {
    input_error!("{key}: each of network.layers says its own `dropout`; remove this one")
}

impl NetworkPlan {
    /// Checks that the networks read what a dataset has.
    pub(crate) fn check_reads(&self, name: &str, dataset: &Dataset) -> Result<()> {
        let fitting = |items: bool| -> Vec<String> {
            let fits = |one: &&Architecture| if items { one.reads_items } else { one.reads_inputs };
            let fitting = ARCHITECTURES.iter().filter(fits);
            fitting.map(|one| format!("\"{}\"", one.name)).collect()
        };
        let own = self.architecture;
        match (own.reads_items, &dataset.items) {
            (true, None) if !own.reads_inputs => Err(input_error!(
                "network.architecture = \"{}\" reads items, but {name} has none, only {} inputs; \
                 give {}, or a dataset with items",
                own.name,
                dataset.inputs.columns,
                fitting(false).join(" or ")
            )),
            (false, Some(items)) => Err(input_error!(
                "{name} has items ({}), which network.architecture = \"{}\" does not read; give \
                 {}",
                names::shown(&items.names),
                own.name,
                fitting(true).join(" or ")
            )),
            _ => {
                let items = dataset.items.as_ref().map_or(0, |items| items.values.columns);
                let ends = Ends { items, columns: dataset.inputs.columns, outputs: 1 };
                own.check(&self.sizes, ends, &self.hidden)
            }
        }
    }
}
