//! Writing flow files: the inverse of the readers, from the same tables of layouts.
//!
//! [`rules`] says what goes into the stored fields of a record (spec 12); [`typed`] compiles it for each layout and
//! byte order; [`Encoder`] makes record bytes without I/O; [`Writer`] puts header and blocks around them.

mod deflate;
mod encoder;
mod flow;
mod header;
mod options;
mod record;
mod rules;
mod typed;
mod writer;

pub use encoder::Encoder;
pub use options::WriterOptions;
pub use record::FlowRecord;
pub(crate) use typed::WriteFns;
pub use writer::Writer;
