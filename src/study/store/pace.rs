//! How often the disk is waited for.

use std::time::{Duration, Instant};

/// The part of the time in which the disk may be waited for: one in so many.
const PART: u32 = 100;
/// The longest that what is over may wait to be forced to disk.
const LONGEST: Duration = Duration::from_secs(5);

/// Says when to wait for the disk again: the longer it takes, the less often, so that it takes a
/// small part of the time on slow disks too.
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

    /// The disk was waited for since `begun`.
    pub fn waited(&mut self, begun: Instant) {
        self.next = Instant::now() + (PART * begun.elapsed()).min(LONGEST);
    }
}
