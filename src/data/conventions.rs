//! What a field of science adds to the reading of its data.

/// The conventions of a field: the ranges of its well-known targets, and how its simulations lie in
/// folders. [`Conventions::default`] has none.
#[derive(Clone, Copy, Debug)]
pub struct Conventions {
    /// The range of a target by its name, which scaling takes to [0, 1]; `None` for an unknown
    /// name.
    pub range: fn(&str) -> Option<[f64; 2]>,
    /// Layouts of a folder with one folder per simulation.
    pub folders: &'static [FolderLayout],
    /// Whether an input may be NaN, which then stands for a missing number.
    pub nan_inputs: bool,
}

impl Default for Conventions {
    fn default() -> Self {
        Self { range: |_| None, folders: &[], nan_inputs: false }
    }
}

/// A folder with one folder per simulation, named 0, 1, 2, ... after the rows of the targets. Each
/// has a text file with two columns: where an input lies, and its value.
#[derive(Debug)]
pub struct FolderLayout {
    /// The file of a simulation.
    pub file: &'static str,
    /// The two columns, as in messages.
    pub columns: [&'static str; 2],
    /// What the first column is, with its unit.
    pub axis_name: &'static str,
    /// One line of help.
    pub help: &'static str,
}
