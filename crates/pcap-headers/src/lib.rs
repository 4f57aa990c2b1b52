//! Packet captures to header fields.

mod error;
mod fields;
pub mod layers;
mod linktype;
mod packet;
mod walk;

pub use error::{Class, Error, ErrorKind, Result};
pub use fields::{
    Field, FieldTable, FieldType, FieldValue, Fields, FrameTimes, Occurrence, Reassembler, Time,
};
pub use linktype::LinkType;
pub use packet::Packet;
pub use walk::{Reason, Stop, Walk};
