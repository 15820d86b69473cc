//! Which networks of a study predict and explain the test rows, and those of them that the process
//! which trained them still has.

use crate::study::store::model::Model;
use crate::study::store::run::RunRecord;

/// The largest number of networks that are averaged, the first seeds: three show whether networks
/// agree, and take a second or two.
const NETWORKS: usize = 3;

/// The saved networks of a strategy at the largest size and pre-training size.
fn largest<'a>(runs: &'a [RunRecord], strategy: &str) -> Vec<&'a RunRecord> {
    let saved =
        || runs.iter().filter(|run| run.key.curve.strategy == strategy && !run.model.is_empty());
    let sizes = |run: &RunRecord| (run.key.simulations, run.key.curve.pretraining_simulations);
    let most = saved().map(sizes).max();
    saved().filter(|run| Some(sizes(run)) == most).collect()
}

/// Of these the one with the lowest validation loss.
pub(crate) fn best<'a>(runs: &'a [RunRecord], strategy: &str) -> Option<&'a RunRecord> {
    let measured =
        largest(runs, strategy).into_iter().filter_map(|run| Some((run, run.validation_loss?)));
    measured.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(run, _)| run)
}

/// Of these the first ones by seed.
pub(crate) fn first<'a>(runs: &'a [RunRecord], strategy: &str) -> Vec<&'a RunRecord> {
    let mut first = largest(runs, strategy);
    first.sort_by_key(|run| run.key.seed);
    first.truncate(NETWORKS);
    first
}

/// The best and the first networks of each strategy among those that this process trained. No
/// others are held in memory.
#[derive(Clone, Debug, Default)]
pub struct KeptModels(Vec<(RunRecord, Model)>);

impl KeptModels {
    /// Takes the network of a run, `path` being its file. In a search it replaces that of an
    /// earlier trial.
    pub(crate) fn keep(&mut self, run: &RunRecord, path: &str, model: &Model) {
        let strategy = &run.key.curve.strategy;
        let replaced =
            |kept: &RunRecord| kept.key.group() == run.key.group() && kept.key.seed == run.key.seed;
        self.0.retain(|(kept, _)| !replaced(kept));
        self.0.push((RunRecord { model: path.to_owned(), ..run.clone() }, model.clone()));
        let runs: Vec<RunRecord> = self.0.iter().map(|(run, _)| run.clone()).collect();
        let wanted = first(&runs, strategy).into_iter().chain(best(&runs, strategy));
        let wanted: Vec<&str> = wanted.map(|run| run.model.as_str()).collect();
        self.0.retain(|(kept, _)| {
            kept.key.curve.strategy != *strategy || wanted.contains(&kept.model.as_str())
        });
    }

    /// The network of a file, if this process has it.
    pub(crate) fn get(&self, path: &str) -> Option<&Model> {
        self.0.iter().find(|(kept, _)| kept.model == path).map(|(_, model)| model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scaling::Scaling;
    use crate::engine::graph::Graph;
    use crate::engine::loss::Predicts;
    use crate::study::store::model::About;
    use crate::study::store::run::{Curve, RunKey};
    use crate::study::transfer::Start;

    #[test]
    fn the_best_and_the_first_networks_at_the_largest_size_are_kept_in_any_order() {
        let network = Graph::mlp(&[1, 1]).build().unwrap();
        let parameters = vec![0.0; network.parameter_len()];
        let about = About {
            columns: None,
            predicts: Predicts::Value,
            scaling: Scaling {
                log10: false,
                mean: vec![0.0],
                deviation: vec![1.0],
                target_ranges: vec![[0.0, 1.0]],
                item_mean: vec![],
                item_deviation: vec![],
            },
            input_names: vec!["x".into()],
            axis_name: String::new(),
            axis: vec![],
            item_names: vec![],
            edges: None,
            item_columns: None,
            target_names: vec!["y".into()],
            study: String::new(),
            strategy: String::new(),
            simulations: 0,
            seed: 0,
            validation_loss: None,
            shoal: String::new(),
        };
        let model = Model { start: Start { network, parameters }, about };
        let mut kept = KeptModels::default();
        let mut take = |simulations: usize, trial: Option<u32>, seed: u32, loss: f64| {
            let curve = Curve::of("scratch");
            let key = RunKey { curve, simulations, trial, seed, scenario: None };
            let run = RunRecord { validation_loss: Some(loss), ..RunRecord::untrained(key, 1) };
            kept.keep(&run, &run.key.stem(false), &model);
        };
        take(50, None, 1, 0.1);
        let losses = [(6, 0.3), (2, 0.9), (5, 0.4), (1, 0.8), (3, 0.7), (4, 0.6)];
        losses.iter().for_each(|(seed, loss)| take(100, None, *seed, *loss));
        take(50, None, 2, 0.1);
        let there = |kept: &KeptModels| -> Vec<u32> {
            (1..=6).filter(|seed| kept.get(&format!("scratch-100-{seed}")).is_some()).collect()
        };
        assert_eq!(there(&kept), [1, 2, 3, 6]);
        assert_eq!(kept.0.len(), 4, "nothing of the smaller size");
    }
}
