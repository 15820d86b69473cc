//! The list of proposers.

pub(crate) mod fixed;
pub(crate) mod random;
pub(crate) mod tpe;

use std::sync::Arc;

use crate::error::Result;
use crate::study::config::checks::unknown;
use crate::study::config::search::SearchConfig;
use crate::study::search::proposer::{Proposer, ProposerEntry};
use crate::study::search::proposers::fixed::Fixed;
use crate::study::search::proposers::random::Random;
use crate::study::search::proposers::tpe::Tpe;

/// All proposers. A new one is a file beside this one and two lines here.
pub const PROPOSERS: [ProposerEntry; 3] = [Fixed::ENTRY, Random::ENTRY, Tpe::ENTRY];

/// The proposer of a search.
///
/// # Errors
/// [`crate::Error::Input`] for an unknown name, or settings that it cannot have.
pub fn proposer(config: &SearchConfig) -> Result<Arc<dyn Proposer>> {
    let name = config.proposer.as_deref().unwrap_or("tpe");
    match PROPOSERS.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.build)(config),
        None => {
            let known = PROPOSERS.map(|entry| entry.name);
            Err(unknown("search.proposer", name, "proposer", &known))
        }
    }
}
