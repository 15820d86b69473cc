//! The files of a study, one format a file, with the struct, its writer and its reader.
//!
//! [`results::StudyResults`] has all of them in memory; [`folder::StudyFolder`] writes them while a
//! study runs.

pub mod agreement;
pub mod attribution_table;
pub(crate) mod class_attributions;
pub mod degeneracy;
pub mod diagnostics;
pub(crate) mod difference;
pub(crate) mod folder;
pub mod foreign;
pub mod gather;
pub mod group_predictions;
pub mod journal;
pub mod kept_models;
pub mod model;
pub(crate) mod model_inputs;
pub(crate) mod model_items;
pub(crate) mod model_layers;
pub(crate) mod model_writer;
pub mod negative_transfer;
pub(crate) mod pace;
pub mod predictions;
pub mod pretraining_size;
pub mod provenance;
pub mod published;
pub mod results;
pub mod run;
pub mod runs;
pub mod savings;
pub(crate) mod settings;
pub mod study_seeds;
pub mod summary;
pub(crate) mod table;
pub mod trials;
