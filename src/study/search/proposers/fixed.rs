//! The settings of the study file, for every trial.

use std::sync::Arc;

use crate::error::Result;
use crate::input_error;
use crate::study::config::search::SearchConfig;
use crate::study::search::proposer::{Proposer, ProposerEntry};
use crate::study::search::space::Space;
use crate::study::search::trial::Trial;

/// Proposes nothing: trials have the settings of the study file and differ in their seeds.
#[derive(Clone, Copy, Debug)]
pub struct Fixed;

impl Fixed {
    /// In the list of proposers.
    pub const ENTRY: ProposerEntry = ProposerEntry {
        name: "fixed",
        summary: "the settings of the study file, for each seed: a study without [search]",
        build: Self::build,
    };

    fn build(_config: &SearchConfig) -> Result<Arc<dyn Proposer>> {
        Err(input_error!(
            "search.proposer = \"fixed\": that is a study without a search; remove [search] and \
             give seeds"
        ))
    }
}

impl Proposer for Fixed {
    fn propose(&self, _: u64, space: &Space, _: &[Trial], _: u32) -> Vec<Option<f64>> {
        vec![None; space.parameters().len()]
    }
}
