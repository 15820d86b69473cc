//! What bounds a workload: the least times that its arithmetic, its memory traffic and its
//! dispatches take on a device.

use crate::engine::measure::ceilings::Ceilings;
use crate::engine::measure::cost::Cost;

/// What takes the longest at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Multiply-adds.
    Arithmetic,
    /// Bytes moved.
    Memory,
    /// Dispatches, one after the other.
    Dispatches,
}

impl Bound {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Arithmetic => "arithmetic",
            Bound::Memory => "memory",
            Bound::Dispatches => "dispatches",
        }
    }
}

/// Seconds that a piece of work takes at least, for each of what it needs.
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
    /// Of work of this cost in so many dispatches.
    pub fn new(cost: Cost, dispatches: usize, ceilings: &Ceilings) -> Self {
        Self {
            arithmetic: cost.flops / ceilings.flops,
            memory: cost.bytes / ceilings.bandwidth,
            dispatches: dispatches as f64 * ceilings.dispatch,
        }
    }

    /// What takes the longest.
    pub fn bound(&self) -> Bound {
        let all = [
            (self.arithmetic, Bound::Arithmetic),
            (self.memory, Bound::Memory),
            (self.dispatches, Bound::Dispatches),
        ];
        let longest = all.into_iter().max_by(|one, other| one.0.total_cmp(&other.0));
        longest.expect("bound: three floors").1
    }

    /// Seconds of what takes the longest: no implementation is faster.
    pub fn least(&self) -> f64 {
        self.arithmetic.max(self.memory).max(self.dispatches)
    }

    /// Seconds if arithmetic and traffic overlap and dispatches come on top.
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
