//! Importing: from the files that people have to a dataset.
//!
//! | file | what |
//! |---|---|
//! | `options` | what to import ([`Import`]) |
//! | `cut` | which of the first inputs are kept |
//! | `folder` | inputs from a folder with one folder per simulation |
//! | `folders` | which folder belongs to which simulation |
//! | `rows` | which rows of two files belong together |
//! | `selection` | columns by their names, and which rows are kept |
//! | `several` | files whose rows follow each other |
//! | `define` | columns computed from others |
//! | `item_columns` | columns of items that are kept, and classes |
//! | `inputs`, `items`, `targets` | the parts of a dataset, each from its files |
//! | `read` | both together |

pub(crate) mod cut;
pub(crate) mod define;
pub(crate) mod folder;
pub(crate) mod folders;
pub(crate) mod inputs;
pub(crate) mod item_columns;
pub(crate) mod items;
pub mod options;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod selection;
pub(crate) mod several;
pub(crate) mod targets;

pub use options::Import;
