//! Packet captures to header fields.

mod bytes;
mod container;
mod decoder;
mod error;
mod fields;
mod info;
pub mod layers;
mod linktype;
mod options;
mod packet;
mod packets;
mod pcap;
pub mod pcapng;
mod reader;
mod report;
mod ring_buffer;
mod time;
mod unit;
mod walk;

pub use bytes::ByteOrder;
pub use decoder::Decoder;
pub use error::{Class, Error, ErrorKind, Result};
pub use fields::{Field, FieldTable, FieldType, FieldValue, Fields, FrameTimes, Occurrence, Reassembler};
pub use info::{CaptureInfo, Interface, Section};
pub use linktype::LinkType;
pub use options::{Limits, Options, Parity};
pub use packet::Packet;
pub use packets::Packets;
pub use pcap::{FileHeader, Variant};
pub use reader::Reader;
pub use report::{Oddity, Report};
pub use ring_buffer::{NameTemplate, RingBuffer, RingFile, RingName, RingStart};
pub use time::{Resolution, TimeParts};
pub use walk::{Reason, Stop, Walk};
