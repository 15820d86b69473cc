//! The sections of the page, one file each: its figure, its sentences, its table.

pub(crate) mod attributions;
pub(crate) mod diagnostics;
pub(crate) mod differences;
pub(crate) mod files;
pub(crate) mod predictions;
pub(crate) mod pretraining_size;
pub(crate) mod savings;
pub(crate) mod scenarios;
pub(crate) mod search;
pub(crate) mod study_seeds;
pub(crate) mod test_error;
pub(crate) mod transfer_effect;
