//! Memory of the process.

use std::time::{Duration, Instant};

/// How often memory is given back while a study trains: it takes some milliseconds.
const INTERVAL: Duration = Duration::from_secs(10);

/// Gives memory back now and then. Between the small records that stay, searches allocate and free
/// so much that the process would have twice the memory that it uses.
pub struct GivesBack(Instant);

impl GivesBack {
    /// From now on.
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Gives memory back if it is time.
    pub fn look(&mut self) {
        if self.0.elapsed() > INTERVAL {
            give_back();
            self.0 = Instant::now();
        }
    }
}

/// Gives memory that is free in the allocator back to the system. Each study trains on threads of
/// its own, and glibc keeps what they have freed in an arena for each.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it only releases what is free.
    unsafe {
        libc::malloc_trim(0);
    }
}
