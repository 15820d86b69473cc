//! The study file as it is parsed: TOML, with unknown keys refused and the nearest known key
//! suggested. [`crate::study::resolve`] checks the values and makes a plan of them.

pub(crate) mod checks;
pub(crate) mod data;
pub mod network;
pub(crate) mod one_or_several;
pub(crate) mod overrides;
pub(crate) mod scenario;
pub(crate) mod search;
pub(crate) mod space;
pub(crate) mod study;

pub use data::{DatasetConfig, SimulateConfig};
pub use overrides::Overrides;
pub use search::{DimensionConfig, PruningConfig, RangeConfig, SearchConfig, SpaceConfig};
pub use study::StudyConfig;
