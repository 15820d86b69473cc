//! The search of a study as it is meant, and what a trial's hyper-parameters mean for its runs.

use crate::engine::activation::Activation;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::run::Training;
use crate::error::Result;
use crate::input_error;
use crate::study::config::search::SearchTable;
use crate::study::jobs::How;
use crate::study::plan::{DEEPEST, Plan, WIDEST};
use crate::study::search::distribution::{Choice, Distribution};
use crate::study::search::pruning::Pruner;
use crate::study::search::space::{Setting, Space, Stage};
use crate::study::search::tpe::Tpe;
use crate::study::transfer::Strategy;

/// A search that can run.
#[derive(Clone, Debug)]
pub struct SearchPlan {
    /// What was typed, checked.
    pub table: SearchTable,
    /// Which trials stop early.
    pub pruner: Pruner,
    /// The space of networks that start from random weights.
    fresh: Space,
    tpe: Tpe,
}

impl SearchPlan {
    /// Of what was typed.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the key.
    pub fn new(table: &SearchTable, seed: u64) -> Result<Self> {
        let fresh = table.space.space(Stage::Fresh)?;
        table.space.space(Stage::FineTuning { layers: 1 })?;
        let search = Self {
            pruner: table.pruning.pruner()?,
            tpe: table.tpe(seed)?,
            table: table.clone(),
            fresh,
        };
        for (name, limit) in [("layers", DEEPEST), ("units_1", WIDEST)] {
            if let Some(most) = search.most(name).filter(|most| *most > limit) {
                let key = name.trim_end_matches("_1");
                return Err(input_error!(
                    "search.space.{key} goes up to {most}; there are at most {limit}"
                ));
            }
        }
        Ok(search)
    }

    /// Runs of all searches of a plan, if none stops early.
    pub fn runs(&self, plan: &Plan) -> usize {
        let searches =
            plan.sizes.len() * plan.strategies.len() + usize::from(plan.pretraining.is_some());
        searches * self.table.trials as usize * self.table.seeds as usize
    }

    /// The space of the pre-training, of scratch and of heads.
    pub fn fresh(&self) -> Space {
        self.fresh.clone()
    }

    /// The space of networks with so many pre-trained hidden layers.
    pub fn fine_tuning(&self, layers: usize) -> Space {
        let space = self.table.space.space(Stage::FineTuning { layers });
        space.expect("search: a space that was checked")
    }

    /// The sampler of the pre-training, or of a strategy and size. It depends on nothing else of
    /// the study.
    pub fn tpe(&self, what: Option<(Strategy, usize)>) -> Tpe {
        let (stream, index) = match what {
            None => (Stream::PretrainingTrials, 0),
            Some((strategy, simulations)) => {
                (Stream::FineTuningTrials(strategy as u32), simulations as u32)
            }
        };
        let seed = u64::from(key(self.tpe.seed, stream, index));
        Tpe { seed, ..self.tpe }
    }

    /// The epoch after `epoch` at which the pruner decides, or `epochs`, where training ends.
    pub fn next_rung(&self, epoch: u32, epochs: u32) -> u32 {
        let mut later = epoch + 1..epochs;
        later.find(|epoch| self.pruner.decides_after(*epoch)).unwrap_or(epochs)
    }

    /// The largest value of a whole number of the fresh space.
    fn most(&self, name: &str) -> Option<usize> {
        let parameter = self.fresh.parameters().iter().find(|parameter| parameter.name == name)?;
        let whole = |choice: &Choice| match choice {
            Choice::Integer(value) => Some(*value as usize),
            Choice::Number(value) => Some(*value as usize),
            Choice::Word(_) => None,
        };
        match &parameter.distribution {
            Distribution::Range(range) => Some(range.high() as usize),
            Distribution::Choices(choices) => choices.iter().filter_map(whole).max(),
        }
    }

    /// The most hidden layers that a trial may have.
    pub fn most_layers(&self) -> usize {
        self.most("layers").expect("search: a space without layers")
    }

    /// The largest network that a trial may have.
    pub fn largest(&self, how: &How) -> How {
        let layers = self.most_layers();
        let units = self.most("units_1").expect("search: a space without units");
        let batch = self.most("batch").unwrap_or(how.training.batch);
        How {
            training: Training { batch, ..how.training },
            hidden: vec![units; layers],
            dropout: vec![0.0; layers],
            ..how.clone()
        }
    }
}

/// How the runs of a trial are made; what is not searched for is as in `how`.
pub fn of_setting(plan: &Plan, how: &How, setting: &Setting) -> How {
    let slope = match plan.shape.activation.slope() {
        0.0 => 0.2,
        typed => typed,
    };
    let named = setting.activation.as_ref().map(|name| Activation::named(name, slope));
    How {
        training: Training {
            batch: setting.batch.unwrap_or(how.training.batch),
            learning_rate: setting.learning_rate,
            weight_decay: setting.weight_decay,
            ..how.training
        },
        hidden: setting.units.clone(),
        activation: named
            .map_or(how.activation, |named| named.expect("search: an activation that was checked")),
        dropout: setting.dropout.iter().map(|dropout| *dropout as f32).collect(),
    }
}
