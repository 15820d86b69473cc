//! What a study will take, before anything runs: runs, networks at a time, bytes, optimiser steps,
//! arithmetic and time.
//!
//! [`planned`] lists the runs of the groups that the experiment trains, with networks drawn at
//! random where there is a search; [`room`] packs them without training; [`forecast`] measures how
//! fast the device trains some of them; [`shares`] divides the groups into parts.

pub(crate) mod forecast;
pub(crate) mod planned;
pub(crate) mod room;
pub(crate) mod shares;

pub use forecast::{Forecast, Share, forecast, forecasts};
pub use planned::{Bounds, PATIENCES, PATIENCES_OF_HEADS};
pub use room::Room;
