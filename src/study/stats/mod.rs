//! Statistics of the results of a study: pure functions on the structs of
//! [`store`](crate::study::store).
//!
//! [`findings::Findings`] has all of them: [`savings`] and [`transfers`] compare strategies over
//! seeds or trials, [`bootstrap`] draws seeds and test rows, [`agreement`] compares predictions
//! with the truth, [`diagnostics`] has the curves of single networks, [`searches`] summarizes
//! trials, and [`pretraining_size`] gives the effect of a larger pre-training. [`study_seeds`]
//! compares studies that differ in their seed alone.

pub mod agreement;
pub mod bootstrap;
pub mod curves;
pub(crate) mod degeneracy;
pub mod diagnostics;
pub(crate) mod domain_gap;
pub mod findings;
pub(crate) mod headline;
pub(crate) mod least_squares;
pub mod pretraining_size;
pub mod savings;
pub mod scatter;
pub mod searches;
pub mod sentences;
pub mod statistics;
pub mod study_seeds;
pub mod summary;
pub mod transfers;
pub(crate) mod words;
