//! The data of a study: datasets with their features, and the rows of each part.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use crate::data::dataset::Dataset;
use crate::data::names;
use crate::data::scaling::{Features, ItemFeatures};
use crate::data::split::{Pool, Split};
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::sets::Sets;
use crate::engine::table::Table;
use crate::engine::weights;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::prefix;
use crate::study::plan::{Plan, TestSet};
use crate::study::sizes::Edges;

/// Indices of the tables of [`Datasets::tables`].
pub const FINE_TUNING_TABLE: usize = 0;
/// The table of the pre-training.
pub const PRETRAINING_TABLE: usize = 1;

/// A study that is ready to run: its plan and its data.
#[derive(Debug)]
pub struct Study {
    /// The plan.
    pub plan: Plan,
    /// The data.
    pub data: Datasets,
    /// What is probably not as it was meant, and what the data decided where the study file says
    /// nothing: a sentence each.
    pub notices: Vec<String>,
}

/// The data of a study.
#[derive(Debug)]
pub struct Datasets {
    /// The simulations to fine-tune on: the targets shared with the pre-training first, then the
    /// new ones.
    pub fine_tuning: LoadedDataset,
    /// The simulations to pre-train on, if a strategy transfers.
    pub pretraining: Option<LoadedDataset>,
    /// The tables that runs are trained on, made when they are first needed: of several studies
    /// only one trains at a time.
    tables: OnceLock<Arc<[Table]>>,
    /// Cache of the rows of subsets, by size and seed: all strategies and trials have the same
    /// ones.
    subsets: Mutex<HashMap<(usize, u32), Subset>>,
}

/// Rows to train and validate on, and rows to test on.
type Subset = (Split, Vec<u32>);

/// A dataset in memory; several studies may share it.
#[derive(Debug)]
pub struct LoadedDataset {
    /// The simulations.
    pub dataset: Arc<Dataset>,
    /// Its inputs, or their logarithms, that scalings are fitted to.
    pub features: Arc<Features>,
    /// Its rows: those of a shared test set, and the rest.
    pub pool: Pool,
}

impl Datasets {
    /// The data from loaded datasets, for networks that read no edges.
    pub fn new(fine_tuning: LoadedDataset, pretraining: Option<LoadedDataset>) -> Self {
        let data = Self::with_edges(fine_tuning, pretraining, None);
        data.expect("datasets: only edges can be wrong")
    }

    /// The same with edges between the items, if there are some.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for edges in a column that the items do not have.
    pub fn with_edges(
        fine_tuning: LoadedDataset,
        pretraining: Option<LoadedDataset>,
        edges: Option<&Edges>,
    ) -> Result<Self> {
        let tables = OnceLock::new();
        let data = Self { fine_tuning, pretraining, tables, subsets: Mutex::default() };
        if edges.is_some() {
            // which can be wrong
            let made = data.make_tables(edges)?;
            data.tables.get_or_init(|| made);
        }
        Ok(data)
    }

    /// The tables that runs are trained on.
    pub fn tables(&self) -> Arc<[Table]> {
        let make = || self.make_tables(None).expect("datasets: only edges can be wrong");
        self.tables.get_or_init(make).clone()
    }

    fn make_tables(&self, edges: Option<&Edges>) -> Result<Arc<[Table]>> {
        let names = ["data.finetune", "data.pretrain"];
        let all = std::iter::once(&self.fine_tuning).chain(&self.pretraining).zip(names);
        let tables =
            all.map(|(data, name)| table(data, edges).map_err(|error| prefix(error, name)));
        Ok(tables.collect::<Result<Vec<Table>>>()?.into())
    }

    /// Shares the datasets of another study that are the same.
    pub(crate) fn share(&mut self, other: &Self) {
        self.fine_tuning.share(&other.fine_tuning);
        if let (Some(own), Some(other)) = (&mut self.pretraining, &other.pretraining) {
            own.share(other);
        }
    }
}

impl LoadedDataset {
    fn share(&mut self, other: &Self) {
        if *self.dataset == *other.dataset {
            self.dataset = other.dataset.clone();
        }
        if Arc::ptr_eq(&self.dataset, &other.dataset) && *self.features == *other.features {
            self.features = other.features.clone();
        }
    }
}

impl Study {
    /// The data of the pre-training.
    ///
    /// # Panics
    /// If the study has none.
    pub fn pretraining_data(&self) -> &LoadedDataset {
        self.data.pretraining.as_ref().expect("study: no data to pre-train on")
    }

    /// What a stage trains on: the pre-training, or the fine-tuning.
    ///
    /// # Panics
    /// As [`Study::pretraining_data`].
    pub fn data_of(&self, is_pretraining: bool) -> &LoadedDataset {
        if is_pretraining { self.pretraining_data() } else { &self.data.fine_tuning }
    }

    /// Number of targets of the pre-training.
    pub fn shared_targets(&self) -> usize {
        (self.data.pretraining.as_ref()).map_or(0, |data| data.dataset.target_names.len())
    }

    /// The rows of a fine-tuning, the same for every strategy: to train and validate on, and to
    /// test on.
    ///
    /// # Errors
    /// None for the study's own sizes.
    pub fn rows(&self, simulations: usize, seed: u32) -> Result<(Split, Vec<u32>)> {
        let mut subsets = self.data.subsets.lock().expect("study: a thread panicked");
        if let Some(rows) = subsets.get(&(simulations, seed)) {
            return Ok(rows.clone());
        }
        let (pool, validation) = (&self.data.fine_tuning.pool, self.plan.validation);
        let subset = key(self.plan.seed, Stream::FineTuningRows, seed);
        let rows = match self.plan.test {
            TestSet::Fraction(test) => {
                pool.subset_with_test(simulations, validation, test, subset)?
            }
            TestSet::Shared(_) => {
                (pool.subset(simulations, validation, subset)?, pool.test().to_vec())
            }
        };
        subsets.insert((simulations, seed), rows.clone());
        Ok(rows)
    }
}

impl Study {
    /// Checks that the weights of the rows of every run can be normalised.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with the size, the seed and the sum of the weights.
    pub(crate) fn check_weights(&self) -> Result<()> {
        let (plan, balances) = (&self.plan, self.balances_classes());
        let check = |table: &Table, split: &Split, what: &str, seed: u32| {
            let rows = [&split.train[..], &split.validation];
            weights::of_rows(table, balances, rows).map_err(|error| {
                input_error!(
                    "{what}, seed {seed}: {error}. Use more simulations, or weights that are \
                     positive"
                )
            })
        };
        let has_weights = |data: &LoadedDataset| data.dataset.weights.is_some() || balances;
        if has_weights(&self.data.fine_tuning) {
            let table = &self.data.tables()[FINE_TUNING_TABLE];
            for (size, seed) in
                plan.sizes.iter().flat_map(|size| (1..=plan.seeds).map(move |seed| (*size, seed)))
            {
                let (split, _) = self.rows(size, seed)?;
                check(table, &split, &format!("data.finetune, {size} simulations"), seed)?;
            }
        }
        let (Some(data), Some(pretraining)) = (&self.data.pretraining, &plan.pretraining) else {
            return Ok(());
        };
        if !plan.models().is_empty() {
            return Ok(());
        }
        if has_weights(data) {
            let table = &self.data.tables()[PRETRAINING_TABLE];
            for (size, seed) in (pretraining.simulations.iter())
                .flat_map(|size| (1..=plan.seeds).map(move |seed| (*size, seed)))
            {
                let subset = key(plan.seed, Stream::PretrainingRows, seed);
                let split = data.pool.subset(size, pretraining.validation, subset)?;
                check(table, &split, &format!("data.pretrain, {size} simulations"), seed)?;
            }
        }
        Ok(())
    }

    fn balances_classes(&self) -> bool {
        self.plan.strategies.first().is_some_and(|how| how.training.balance_classes)
    }
}

fn table(data: &LoadedDataset, edges: Option<&Edges>) -> Result<Table> {
    let dataset = &data.dataset;
    let ranges = dataset.target_ranges.iter().cycle();
    let y = dataset.targets.values.iter().zip(ranges);
    let Features { values, scale, items, .. } = &*data.features;
    let sets = items.as_ref().map(|ItemFeatures { items, scale, .. }| {
        let sets = Sets {
            x: scale.apply(&items.values.values),
            columns: items.values.columns,
            offsets: items.offsets.clone(),
            edges: None,
            scale: scale.clone(),
        };
        with_edges(sets, &items.names, edges)
    });
    let weights = dataset.weights.as_ref();
    Ok(Table {
        x: scale.apply(&values.values),
        scale: scale.clone(),
        y: y.map(|(value, [low, high])| ((value - low) / (high - low)) as f32).collect(),
        rows: dataset.targets.rows,
        inputs: dataset.inputs.columns,
        targets: dataset.targets.columns,
        sets: sets.transpose()?,
        weights: weights.map(|all| all.iter().map(|weight| *weight as f32).collect()),
    })
}

/// Items, whose columns have these names, with edges, if there are some.
pub(crate) fn with_edges(sets: Sets, item_names: &[String], edges: Option<&Edges>) -> Result<Sets> {
    let Some(Edges { neighbours, near }) = edges else { return Ok(sets) };
    let column = |(name, period): &(String, Option<f64>)| {
        let column = names::find(item_names, name, "item column");
        column.map(|column| (column, *period)).map_err(|error| prefix(error, "network.near"))
    };
    let near = near.iter().map(column).collect::<Result<Vec<_>>>()?;
    sets.with_edges(*neighbours, &near)
}
