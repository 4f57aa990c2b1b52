//! Packet captures to header fields.

mod error;
mod linktype;
mod packet;

pub use error::{Class, Error, ErrorKind, Result};
pub use linktype::LinkType;
pub use packet::Packet;
