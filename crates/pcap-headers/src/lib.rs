//! Reads packet captures, pcap and pcapng files, without copying a packet.
//!
//! ```
//! use pcap_headers::Packets;
//!
//! // A file of one packet, as it might lie in memory or in a map.
//! # let file = b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\x01\0\0\0\
//! #     \x0F\x19\xED\x57\xD6\x8C\x09\0\x04\0\0\0\x40\0\0\0\x02\0\0\0";
//! let mut packets = Packets::new(file);
//! let mut bytes = 0;
//! for packet in &mut packets {
//!     let packet = packet?;
//!     println!("{} at {:?} ns: {} bytes", packet.number, packet.time_ns, packet.wire_len);
//!     bytes += packet.data.len();
//! }
//! assert_eq!(bytes, 4);
//! assert_eq!(packets.report().oddities().count(), 0);
//! # Ok::<(), pcap_headers::Error>(())
//! ```
//!
//! # Map
//!
//! | task | item |
//! |---|---|
//! | packets of a file in memory or in a map, in place | [`Packets`] |
//! | packets of a file, pipe or socket | [`Reader`], over any [`Read`](std::io::Read) |
//! | push bytes as they come, without I/O | [`Decoder`] |
//! | a packet: time, lengths, bytes, what its first header is | [`Packet`], [`LinkType`] |
//! | what a file says about itself: versions, interfaces, programs | [`CaptureInfo`], [`FileHeader`], [`Section`], [`Interface`] |
//! | comments, names, statistics, secrets | [`pcapng::Blocks`] |
//! | what was odd, but no error | [`Report`], [`Oddity`] |
//! | frames as tshark 4.0.17 counts them | [`Parity::Tshark`], [`TimeParts`] |
//! | header fields by name, as values and as tshark prints them | [`Fields`], [`FieldTable`] |
//! | pieces that threads can decode apart from each other | [`Cutter`], [`Piece`] |
//! | a packet as one row of plain values, columns by name | [`Dissector`], [`PacketRow`], [`Column`] |
//! | who spoke to whom in which layer, as conversations count them | [`Ends`], [`EndPair`] |
//! | the layers of a packet, and where decoding stopped | [`Walk`], [`layers`], [`Stop`] |
//! | datagrams from IP fragments | [`Reassembler`] |
//! | which files of a ring buffer hold which seconds | [`RingBuffer`], [`NameTemplate`] |
//!
//! # Units and missing values
//!
//! | value | unit, form | missing |
//! |---|---|---|
//! | time | nanoseconds since 1970-01-01 UTC, `i64`, whatever the file's resolution; cut off, not rounded | simple packet blocks have none |
//! | lengths | bytes; on the wire and captured are told apart | – |
//! | number | 1 for the first packet of the file, across sections | – |
//! | interface | number in its section | pcap files have none |
//! | link type | the registry's number, known or not | – |
//!
//! Zero is a time and a length. What happens to times that overflow stands in one table, at the top of `time.rs`.
//!
//! # Errors
//!
//! Every [`Error`] has a [`kind`](Error::kind) with the numbers, a [`class`](Error::class) that says who is to blame, and the
//! [`offset`](Error::offset) of the record or block where reading stopped. All packets before it come out first, then one
//! error, then nothing more. What allows going on is counted, not refused. No input makes this crate panic; [`Limits`] bound
//! what hostile lengths can take.
//!
//! # Features
//!
//! None. Three small direct dependencies, no C code, no `unsafe`.
//!
//! # What this crate does not do
//!
//! It opens no files and unwraps no compression around them; it captures nothing, writes nothing and knows no Arrow. It
//! reads pcap and pcapng and no other formats of captures. It neither checks nor removes frame check sequences.
//!
//! # Sources
//!
//! "Semantics" with a number in these pages is a section of the project's own description of what tshark 4.0.17 does, made
//! by running it. The formats are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng, the numbers of link types
//! the tcpdump group's.

mod ahead;
mod bytes;
mod columns;
mod container;
mod decoder;
mod dissect;
mod ends;
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
mod pieces;
mod reader;
mod report;
mod resync;
mod ring_buffer;
mod time;
mod unit;
mod walk;

pub use bytes::ByteOrder;
pub use columns::{Column, PacketRow, Sink, ValueSource, mapped};
pub use decoder::Decoder;
pub use dissect::Dissector;
pub use ends::{EndKind, EndPair, Ends, Network, Segment};
pub use error::{Class, Error, ErrorKind, Result};
pub use fields::{Field, FieldTable, FieldType, FieldValue, Fields, FrameTimes, Occurrence, Reassembler};
pub use info::{CaptureInfo, Interface, Section};
pub use linktype::LinkType;
pub use options::{Limits, Options, Parity};
pub use packet::Packet;
pub use packets::Packets;
pub use pcap::{FileHeader, Variant};
pub use pieces::{Cutter, Piece, Timed, check_beginning};
pub use reader::Reader;
pub use report::{Oddity, Report};
pub use ring_buffer::{NameTemplate, RingBuffer, RingFile, RingName, RingStart};
pub use time::{Resolution, TimeParts};
pub use walk::{Reason, Stop, Walk};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
