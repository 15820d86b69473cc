//! The strategies of a study file, each with its own settings.

use crate::engine::ops::{self, OPS};
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::run::Training;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{check_dropout, check_hidden};
use crate::study::config::study::{StrategyTable, StudyConfig};
use crate::study::networks::own_dropout;
use crate::study::plan::{NetworkPlan, StrategyPlan};
use crate::study::transfer::{Parts, Reads, Strategy};

pub(crate) fn strategies(
    config: &StudyConfig,
    training: &Training,
    network: &NetworkPlan,
) -> Result<Vec<StrategyPlan>> {
    let all = || {
        let tables = Strategy::ALL.into_iter();
        tables.filter_map(|strategy| Some((strategy, config.strategies.table(strategy)?)))
    };
    let chosen: Vec<(Strategy, StrategyTable)> = match all().next() {
        Some(_) => all().collect(),
        None => Strategy::DEFAULT.map(|strategy| (strategy, StrategyTable::default())).into(),
    };
    let plan = |(strategy, table)| strategy_plan(strategy, &table, training, network);
    chosen.into_iter().map(plan).collect()
}

fn strategy_plan(
    strategy: Strategy,
    table: &StrategyTable,
    training: &Training,
    network: &NetworkPlan,
) -> Result<StrategyPlan> {
    let key = format!("strategies.{}", strategy.name());
    let training = table.overrides.apply(&key, training)?;
    let dropout = table.dropout.unwrap_or(network.dropout);
    check_dropout(&format!("{key}.dropout"), dropout)?;
    let is_head = strategy == Strategy::AttachHead;
    if network.architecture.keeps_dropout && table.dropout.is_some() && !is_head {
        return Err(own_dropout(&format!("{key}.dropout")));
    }
    let reads = table.reads.as_ref().map_or(Ok(Reads::Outputs), |given| reads(&key, given))?;
    let head = table.hidden.clone().unwrap_or_else(|| network.hidden.clone());
    if let Some(head) = &table.hidden {
        check_hidden(&format!("{key}.hidden"), head)?;
    }
    Ok(StrategyPlan { strategy, training, dropout, parts: parts(&key, table)?, reads, head })
}

/// What a head reads; whether the networks have such a layer is checked when they are known.
fn reads(key: &str, given: &toml::Value) -> Result<Reads> {
    let number = given.as_integer().and_then(|number| usize::try_from(number).ok());
    let op = given.as_str().and_then(ops::named);
    match (given.as_str(), number, op) {
        (Some("outputs"), ..) => Ok(Reads::Outputs),
        (Some("last-hidden"), ..) => Ok(Reads::LastHidden),
        (_, Some(number), _) => Ok(Reads::Layer(number)),
        (.., Some(op)) => Ok(Reads::Op(op)),
        _ => {
            let ops = OPS.iter().map(|kernels| kernels.op.name).collect::<Vec<_>>().join(", ");
            Err(input_error!(
                "{key}.reads = {given}: a head reads \"outputs\" or \"last-hidden\", or a layer by \
                 its number, from 0, or by its op, the last one of them: {ops}"
            ))
        }
    }
}

/// The factors of the learning rate and the weight decay of body and head.
fn parts(key: &str, table: &StrategyTable) -> Result<Parts> {
    for (name, factor) in &table.parts {
        if let Some(factor) = factor.filter(|factor| !(factor.is_finite() && *factor >= 0.0)) {
            return Err(input_error!("{key}.{name} = {factor}: a factor of at least 0"));
        }
    }
    let [body_rate, body_decay, head_rate, head_decay] =
        table.parts.map(|(_, factor)| factor.unwrap_or(1.0));
    if body_rate == 0.0 && head_rate == 0.0 {
        return Err(input_error!(
            "{key}: body_rate and head_rate are 0, so nothing trains; \"applied\" is that strategy"
        ));
    }
    Ok(Parts {
        body: UpdateScale { rate: body_rate, decay: body_decay },
        head: UpdateScale { rate: head_rate, decay: head_decay },
    })
}
