//! Lower bounds of the time of a workload on a device, from its arithmetic, its memory traffic and
//! its dispatches.

use crate::engine::measure::ceilings::Ceilings;
use crate::engine::measure::cost::Cost;

/// The resource that bounds a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Multiply-adds.
    Arithmetic,
    /// Memory traffic.
    Memory,
    /// Dispatches, one after the other.
    Dispatches,
}

impl Bound {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Arithmetic => "arithmetic",
            Bound::Memory => "memory",
            Bound::Dispatches => "dispatches",
        }
    }
}

/// Lower bounds of the time of a workload in seconds, one per resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floors {
    /// For its multiply-adds.
    pub arithmetic: f64,
    /// For its bytes.
    pub memory: f64,
    /// For its dispatches.
    pub dispatches: f64,
}

impl Floors {
    /// The bounds of a workload with this cost and number of dispatches.
    pub fn new(cost: Cost, dispatches: usize, ceilings: &Ceilings) -> Self {
        Self {
            arithmetic: cost.flops / ceilings.flops,
            memory: cost.bytes / ceilings.bandwidth,
            dispatches: dispatches as f64 * ceilings.dispatch,
        }
    }

    /// The resource with the largest bound.
    pub fn bound(&self) -> Bound {
        let all = [
            (self.arithmetic, Bound::Arithmetic),
            (self.memory, Bound::Memory),
            (self.dispatches, Bound::Dispatches),
        ];
        let longest = all.into_iter().max_by(|one, other| one.0.total_cmp(&other.0));
        longest.expect("bound: three floors").1
    }

    /// The largest bound in seconds: no implementation is faster.
    pub fn least(&self) -> f64 {
        self.arithmetic.max(self.memory).max(self.dispatches)
    }

    /// Seconds if arithmetic and memory traffic overlap and dispatches are added.
    pub fn together(&self) -> f64 {
        self.arithmetic.max(self.memory) + self.dispatches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_floor_bounds() {
        let ceilings = Ceilings { flops: 1e12, bandwidth: 1e11, dispatch: 1e-5 };
        let of = |flops: f64, bytes: f64, dispatches| {
            Floors::new(Cost { flops, bytes }, dispatches, &ceilings)
        };
        assert_eq!(of(1e9, 1e7, 9).bound(), Bound::Arithmetic);
        assert_eq!(of(1e9, 1e9, 9).bound(), Bound::Memory);
        assert_eq!(of(1e6, 1e6, 9).bound(), Bound::Dispatches);
        let floors = of(1e9, 1e9, 9);
        assert!((floors.least() - 1e-2).abs() < 1e-12);
        assert!((floors.together() - 1.009e-2).abs() < 1e-12);
    }
}
