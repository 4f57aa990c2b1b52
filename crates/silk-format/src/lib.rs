//! Reads the flow files of SiLK, the files that `rwfilter` and the SiLK packer write.
mod blocks;
mod column;
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
mod prefix_map;
mod reader;
mod record;
mod rules;
pub mod site;
mod words;

pub use column::{Bits, Column, ColumnBuf, Selection, Validity, Values};
pub use decoder::Decoder;
pub use error::{Class, Error, ErrorKind, Result};
pub use format::{ByteOrder, Compression, FormatId, release_text};
pub use header::{Entry, Header, MAGIC};
pub use ipset::IpSet;
pub use layouts::{FlowFormat, formats};
pub use options::{IcmpRepair, Limits, Options, Parity};
pub use prefix_map::{MapKey, PrefixMap};
pub use reader::{Blocks, Reader, Records};
pub use record::{Block, Record};
pub use site::SiteConfig;
#[cfg(feature = "write")]
mod writer;
#[cfg(feature = "write")]
pub use writer::{FlowRecord, Writer, WriterOptions};
