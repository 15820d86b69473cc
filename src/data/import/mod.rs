//! Importing: from the files that people have to a dataset.
//!
//! | file | what |
//! |---|---|
//! | `options` | what to import ([`Import`]) |
//! | `cut` | which of the first inputs are kept |
//! | `folder` | inputs from a folder with one folder per simulation |
//! | `folders` | which folder belongs to which simulation |
//! | `rows` | which rows of two files belong together |
//! | `inputs`, `targets` | the two halves of a dataset, each from its file |
//! | `read` | both together |

pub(crate) mod cut;
pub(crate) mod folder;
pub(crate) mod folders;
pub(crate) mod inputs;
pub mod options;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod targets;

pub use options::Import;
