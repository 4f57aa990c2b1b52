//! pcapng files: blocks, each with its length before and behind. (Semantics 2, 10; draft-ietf-opsawg-pcapng.)
//! Public: [`Blocks`], [`Block`] and one type for each kind of block.
//!
//! ```text
//! kind 4 · length 4 · body, a multiple of four · length 4         byte order and interfaces hold to the next section header
//! ```
//!
//! Whoever wants packets needs none of this: [`Packets`](crate::Packets) reads both kinds of files. The blocks are for who
//! wants comments, names, statistics or secrets.
//!
//! ```no_run
//! use pcap_headers::pcapng::{Block, Blocks};
//! let file = std::fs::read("trace.pcapng")?;
//! for block in Blocks::new(&file) {
//!     if let Block::NameResolution(names) = block?.block {
//!         for (address, name) in names.records() {
//!             println!("{address} {name}");
//!         }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod custom;
mod enhanced;
mod framing;
mod interface;
mod journal;
mod name_resolution;
mod obsolete;
mod option;
mod secrets;
mod section;
mod simple;
mod state;
mod statistics;

pub use block::{Block, Blocks, PlacedBlock};
pub use custom::CustomBlock;
pub use enhanced::EnhancedPacket;
pub use framing::SECTION_MAGIC;
pub use interface::InterfaceDescription;
pub use journal::JournalEntry;
pub use name_resolution::{NameRecords, NameResolution};
pub use obsolete::ObsoletePacket;
pub use option::{BlockOption, OptionList};
pub use secrets::DecryptionSecrets;
pub use section::SectionHeader;
pub use simple::SimplePacket;
pub(crate) use state::State;
pub use statistics::InterfaceStatistics;
