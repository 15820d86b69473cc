//! The optimiser: clock, AdamW, its fused form, clipping, learning-rate schedules.

pub mod adamw;
pub mod clip;
pub mod clock;
pub mod fused_update;
pub mod gradient_norm;
pub mod schedule;
pub mod update_scale;
