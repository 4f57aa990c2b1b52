//! Reads and writes the flow files of SiLK, the files that `rwfilter` and the SiLK packer write.
//!
//! ```
//! use silk_format::{Blocks, Column, ColumnBuf, Header, Options, Values};
//!
//! // A file of one record, as it might lie in memory or in a map.
//! # let file = [
//! #     &b"\xDE\xAD\xBE\xEF\x00\x14\x10\x00\x00\x2E\x10\xF9\x00\x1C\x00\x04"[..],
//! #     b"\x00\x00\x00\x01\x00\x00\x00\x18\x00\x00\x01\x1F\x6C\x13\x06\x00\x00\x00\x00\x00\x00\x00\x00\x03",
//! #     b"\x00\x00\x00\x00\x00\x00\x00\x08",
//! #     b"\xA3\x94\xB4\xB4\x01\x00\x40\x79\xFF\xFF\x4F\x1A\x71\x50\xBB\x01\xBB\x01\x5F\x03\xF9\xD1\xA1\x57\xAC\xB4\xCE\x04",
//! # ].concat();
//! let (header, len) = Header::parse(&file)?;
//! let mut blocks = Blocks::new(&header, Options::default(), &file[len..])?;
//! let mut bytes = ColumnBuf::new(Column::Bytes);
//! while let Some(block) = blocks.next_block() {
//!     let block = block?;
//!     // As columns …
//!     block.read(Column::Bytes, 0..block.len(), None, &mut bytes);
//!     // … or as records, views of the bytes that decode on access.
//!     for record in block.records() {
//!         println!("{} {} -> {}", record.stime_ms(), record.sip(), record.dip());
//!     }
//! }
//! assert_eq!(bytes.values, Values::U64(vec![2_742_629_832]));
//! # Ok::<(), silk_format::Error>(())
//! ```
//!
//! # Map
//!
//! | task | item |
//! |---|---|
//! | read a file, pipe or socket | [`Reader`], over any [`Read`](std::io::Read) |
//! | read bytes that lie in memory or in a map | [`Blocks`]; records of uncompressed data without any allocation: [`Records`] |
//! | push bytes as they come, without I/O | [`Decoder`] |
//! | decode one file on several threads | [`Cutter`] → [`Piece`]s, each for a [`Decoder`] of its own |
//! | many values of few fields | [`Block::read`] into a [`ColumnBuf`], perhaps for a [`Selection`] of rows |
//! | records one by one | [`Block::records`] → [`Record`] |
//! | what kind of file is this | [`Header`], [`Entry`], [`FormatId`], [`Compression`] |
//! | which layouts are known | [`formats`] |
//! | what all records of a file have in common | [`Constants`] |
//! | sensor, class and type names | [`SiteConfig`] |
//! | which files of a repository hold which hours | [`Repository`], asked with a [`Selector`] |
//! | times and ranges as SiLK's switches take them | [`silk_time`] |
//! | address sets, prefix maps | [`IpSet`], [`PrefixMap`] |
//! | which pairs exist, and what they keep in the header | [`FlowFormat`], [`default_version`] |
//! | write records, or blocks and selections of them | `Writer`, `WriterOptions` (feature `write`) |
//! | make the bytes of records, perhaps on several threads | `Encoder` (feature `write`) |
//! | answers exactly as SiLK 3.19.1 prints them | [`Parity::Silk`] |
//!
//! # Units and missing values
//!
//! | value | unit, form | missing |
//! |---|---|---|
//! | start, end | milliseconds since 1970-01-01 UTC, `i64` | – |
//! | duration | milliseconds | – |
//! | addresses | 16 bytes in columns, IPv4 as `::ffff:a.b.c.d`; [`IpAddr`](std::net::IpAddr) of the record's own version in views | next hop: the layout has none |
//! | packets, bytes | counts, `u64` | – |
//! | TCP flags | bits FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128 | initial, session: the record does not keep them apart |
//! | attributes, application, interfaces, memo | as stored | the layout has none |
//! | sensor, class and type | numbers of the site | 65535; 255 |
//! | ICMP type, code | from the destination port | the record is not ICMP |
//!
//! Columns carry a [`Validity`]; the getters of a [`Record`] give the stored value or the format's default, which is what
//! SiLK prints. Zero is a value. Volumes that a layout stores as packets and a ratio are as exact as that ratio.
//!
//! # Errors
//!
//! Every [`Error`] has a [`kind`](Error::kind) with the numbers, a [`class`](Error::class) that says who is to blame, and,
//! for what stands in a file, the [`offset`](Error::offset). All records before the damage come out first, then one
//! error, then nothing more. A record that a layout cannot express is refused with its number and field ([`Refusal`]);
//! the writer stays usable. No input makes this crate panic; [`Limits`] bound what a hostile header can take.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `zlib` | yes | zlib blocks, pure Rust |
//! | `libdeflate` | – | zlib blocks through the C library libdeflate, about twice as fast; wins over `zlib` |
//! | `lzo` | yes | lzo1x blocks, pure Rust |
//! | `snappy` | yes | snappy blocks, pure Rust |
//! | `write` | – | `Writer`, `Encoder`, `WriterOptions` and `FlowRecord`, with the codecs that are on |
//! | `serde` | – | `Serialize` and `Deserialize` for records, columns and header facts |
//!
//! # What this crate does not do
//!
//! It opens no files (a repository is only asked which are there), unwraps no gzip around a file, and knows no Arrow; it
//! does not follow files that grow, appends to none, and writes no legacy headers. It refuses
//! file versions above 16 and pairs of format and version that SiLK 3.19.1 does not know, among them whatever later
//! releases use for nanosecond times. Bags, aggregate bags and the other content of SiLK files end at their header.
//!
//! # Sources
//!
//! "Spec" with a number in these pages is a section of the project's own description of the formats, made from the
//! public documentation of SiLK and from what SiLK 3.19.1 reads and writes; "semantics" the one of the tools' behaviour.

mod bits;
mod blocks;
mod column;
mod columns;
mod constants;
mod decode;
mod decoder;
mod error;
mod field;
mod format;
mod header;
mod ipset;
mod layouts;
mod legacy;
mod options;
mod payload;
mod pieces;
mod prefix_map;
mod reader;
mod record;
pub mod repository;
mod rules;
pub mod silk_time;
pub mod site;
mod words;
#[cfg(feature = "write")]
mod write;

pub use bits::Bits;
pub use column::{Column, ColumnBuf, Selection, Validity, Values};
pub use constants::{Constant, Constants};
pub use decoder::Decoder;
pub use error::{Class, Error, ErrorKind, Refusal, Refusals, Result};
pub use format::{ByteOrder, Compression, FormatId, release_text};
pub use header::{Entry, Header, MAGIC};
pub use ipset::IpSet;
pub use layouts::{FlowFormat, default_version, formats};
pub use options::{IcmpRepair, Limits, Options, Parity};
pub use pieces::{Cutter, Piece};
pub use prefix_map::{MapKey, PrefixMap};
pub use reader::{Blocks, Reader, Records};
pub use record::{Block, Record};
pub use repository::{Repository, Selector};
pub use site::SiteConfig;
#[cfg(feature = "write")]
pub use write::{Encoder, FlowRecord, Writer, WriterOptions};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
