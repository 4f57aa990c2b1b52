//! Tables of fields that tshark wrote (`-T fields -E header=y`), as packets.
//!
//! The first line tells everything: what separates the cells, which columns they are. Values are tshark's own text
//! (semantics 1 and 2); an empty cell is a null.

mod layout;
mod lines;
mod rows;
mod source;
mod text;

pub(crate) use layout::{FirstLine, LONGEST_HEADER, may_be_table};
pub use rows::{PacketRows, TsharkCsvNotes};
pub(crate) use rows::{TsharkRows, headless};
pub(crate) use source::TableSource;
