//! Errors, and the exit code of each.
//!
//! A mistake in what a user gives is an [`Error`] that names the thing, the numbers and the way
//! out. A mistake in the program is a panic.

/// A result whose error can be shown to a user as it is.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as a message for users.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// An argument, a file or a number cannot be used.
    #[error("{0}")]
    Input(String),
    /// There is no such device, it failed, or it computes wrong results.
    #[error("{0}")]
    Device(String),
    /// Results cannot be written.
    #[error("{0}")]
    Output(String),
    /// The user stopped the program.
    #[error("{0}")]
    Interrupted(String),
}

impl Error {
    /// The exit code of the process: 2 input, 3 device, 4 output, 130 interrupted (128 + SIGINT, as
    /// shells do).
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Input(_) => 2,
            Error::Device(_) => 3,
            Error::Output(_) => 4,
            Error::Interrupted(_) => 130,
        }
    }
}

/// An [`Error::Input`] from a format string.
#[macro_export]
macro_rules! input_error {
    ($($text:tt)*) => { $crate::error::Error::Input(format!($($text)*)) };
}
