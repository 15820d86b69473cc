//! How often the disk is forced.

use std::time::{Duration, Instant};

/// The time between two forced writes, as a multiple of the time that one takes.
const PART: u32 = 100;
/// The longest time between two forced writes.
const LONGEST: Duration = Duration::from_secs(5);

/// Decides when to force the disk again: the longer it takes, the less often, so that it takes a
/// small share of the time on slow disks too.
pub struct Pace {
    next: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self { next: Instant::now() }
    }
}

impl Pace {
    /// Whether it is time.
    pub fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Notes that the disk was forced, since `begun`.
    pub fn waited(&mut self, begun: Instant) {
        self.next = Instant::now() + (PART * begun.elapsed()).min(LONGEST);
    }
}
