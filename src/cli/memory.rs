//! Memory of the process.

/// Gives memory that is free in the allocator back to the system. Each study trains on threads of
/// its own, and glibc keeps what they have freed in an arena for each.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it only releases what is free.
    unsafe {
        libc::malloc_trim(0);
    }
}
