//! Header fields, named and printed as tshark does.

mod digits;
mod reader;
mod reassembler;
mod table;
mod text;
mod times;
mod value;
mod visit;

pub use reader::{Fields, Occurrence};
pub use reassembler::Reassembler;
pub(crate) use table::ipv4 as sound_ipv4;
pub use table::{Field, FieldTable};
pub use times::FrameTimes;
pub use value::{FieldType, FieldValue};
pub(crate) use visit::{MAX_DATAGRAMS, Shown, visit};
