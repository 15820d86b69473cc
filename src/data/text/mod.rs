//! Columns of numbers in text, as `numpy.savetxt`, pandas, R, spreadsheets and simulation codes
//! write them.
//!
//! | file | what |
//! |---|---|
//! | `decode` | bytes to lines: UTF-8, UTF-16, all ends of lines, comments |
//! | `cells` | the cells of a line, with quotes |
//! | `number` | numbers with decimal points and commas |
//! | `dialect` | what separates the columns of a file, and which decimal mark it has |
//! | `first_line` | whether it is names |
//! | `reader` | lines to a [`Table`](crate::data::table::Table) |

pub(crate) mod cells;
pub(crate) mod decode;
pub(crate) mod dialect;
pub(crate) mod first_line;
pub mod number;
pub mod options;
pub(crate) mod reader;

use crate::data::format::{Contents, Format};

pub use number::Decimal;
pub use options::TextOptions;

/// The format of columns in text.
pub(crate) const FORMAT: Format = Format {
    name: "text",
    extensions: &["txt", "csv", "dat", "tsv"],
    help: "columns of numbers between spaces, tabs, commas or semicolons; # begins a comment. \
           Names come from a first line of words, or from a # line directly above the numbers",
    matches: decode::is_text,
    table: |contents: &Contents| reader::table(contents.bytes, contents.options),
    array: None,
    observations: None,
    dataset: None,
    members: false,
};
