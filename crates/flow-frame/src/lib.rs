#![doc = include_str!("../README.md")]
//!
//! # Map
//!
//! | task | here |
//! |---|---|
//! | read a file of flows, a capture or a table of fields that tshark wrote | [`open`], [`open_input`], [`open_bytes`] → [`FlowReader`]; what to read: [`Scan`], [`Projection`] |
//! | know what an input is | [`Kind::sniff`], [`FlowReader::source`] |
//! | know where every row went | [`FlowReader::accounts`] → [`Accounts`] |
//! | read on several threads | [`Scan::with_threads`] |
//! | work of your own on the records, on several threads, in order | [`Job`] with a [`BlockWorker`]; on anything: [`Ordered`] |
//! | make batches of another source | [`FlowBatchBuilder`], [`FlowRow`]; of packets [`PacketBatchBuilder`], [`PacketRow`] |
//! | keep rows by their columns | [`Predicate::parse`] → [`PredicateFilter`]; on plain slices [`CompiledPredicate`] |
//! | write batches as SiLK files | `silk_rows` → `silk_format::Writer` (feature `write`) |
//! | keep a window | [`Scan::with_window`] while reading, [`WindowFilter`] afterwards |
//! | values over time | [`Resampler`] → [`Series`] |
//! | who sent how much | [`Talkers`]; with sums of your own: [`AddressTable`], [`Top`] |
//! | flows of packets | [`FlowTable`] |
//! | sums, counts, extremes, means by any columns | [`Groups`] |
//! | who talked with whom, each way; endpoints | [`Conversations`] |
//! | how many different values | [`Distinct`] |
//! | read and print times | [`time`] |
//! | print values | [`text`] |
//! | the tables of columns | [`FLOW_COLUMNS`], [`PACKET_COLUMNS`], [`mod@schema`] |
//!
//! # Units and missing values
//!
//! | value | unit | missing |
//! |---|---|---|
//! | times | milliseconds since 1970-01-01T00:00:00Z, as Arrow timestamps | never in flows |
//! | duration | milliseconds | never |
//! | addresses | 16 bytes in network order, IPv4 as `::ffff:a.b.c.d` | null: the layout has no such address |
//! | packets, bytes | counts, signed so that sums and differences work everywhere | never; ≥ 2^63 refuses the row |
//! | all others | as stored | null: the source does not say. Zero is a value |
//!
//! # Errors
//!
//! One [`Error`] with a [`ErrorKind`], a [`Class`] (who is to blame), the input's name and, if known, the byte offset.
//! A reader delivers every row before the damage, then one error, then nothing more.
//!
//! # Features
//!
//! `zlib` (on), `libdeflate`, `lzo` (on), `snappy` (on): compressed blocks of SiLK files, see `silk-format`.
//! `gzip`, `zstd`, `lz4`, `zip` (all on): compressed whole files, see `mapped-input`.
//! `write`: `silk_rows`, from batches to the records that `silk-format` writes.
//!
//! # What this crate does not do
//!
//! No SQL, no charts, no output formats, no clock: "now" is a value that the caller hands
//! in. It starts no threads unless a scan asks for them.
//!
//! # Sources
//!
//! The meaning of the columns follows PySiLK and the SiLK file formats; text of addresses RFC 5952, text of time
//! RFC 3339.

mod accounts;
mod batches;
mod builder;
mod engine;
mod error;
mod flow_batches;
mod flow_table;
mod input;
mod kernels;
mod names;
mod ordered;
mod packet_batches;
mod packet_builder;
mod packet_columns;
pub mod predicate;
mod projection;
mod reader;
mod scan;
pub mod schema;
#[cfg(feature = "write")]
mod silk_rows;
pub mod text;
pub mod time;
mod tshark_csv;

pub use accounts::{Accounts, BytesOf, Refusal, Tally};
pub use batches::{BatchMaker, Rows};
pub use builder::{FlowBatchBuilder, FlowRow};
pub use engine::{BlockWorker, CaptureSummary, Event, Job, Plan};
pub use error::{Class, Error, ErrorKind, Result};
pub use flow_table::{
    EndReason, FlowAccount, FlowBytes, FlowProjection, FlowTable, FlowTableOptions, KeyMaker,
    MADE_FLOW_COLUMNS, MadeColumn, PacketKeys,
};
pub use input::{FlowInput, SourceFacts};
pub use kernels::{
    AddressTable, Aggregate, Bin, Bins, Cell, ConversationKind, ConversationOrder, Conversations,
    DEFAULT_STATE_LIMIT, Distinct, Ends, GroupKey, Groups, Rank, Resampler, Role, Series, SeriesReader,
    Talker, TalkerBy, Talkers, Top, Value, WindowFilter,
};
pub use ordered::Ordered;
pub use packet_builder::{PacketBatchBuilder, PacketValues};
pub use pcap_headers::PacketRow;
pub use predicate::{CompiledPredicate, Predicate, PredicateFilter};
pub use reader::{FlowReader, open, open_bytes, open_input};
pub use scan::{Kind, Limits, Scan};
pub use schema::{FLOW_COLUMNS, FlowColumn, PACKET_COLUMNS, Projection, Table};
#[cfg(feature = "write")]
pub use silk_rows::{SilkRows, silk_rows};
pub use time::{Anchors, Instant, TimeSpec, Window, WindowMode};
pub use tshark_csv::{PacketRows, TsharkCsvNotes};

pub use {arrow_array, arrow_schema, mapped_input, pcap_headers, silk_format};
