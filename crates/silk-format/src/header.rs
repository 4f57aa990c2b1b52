//! The file header: fixed part, entries (spec 2.1–2.4); legacy headers are in [`crate::legacy`].

use nom::Parser;
use nom::bytes::complete::take;
use nom::combinator::all_consuming;
use nom::number::complete::{be_i64, be_u16, be_u32};
use nom::sequence::pair;

use crate::error::{Error, ErrorKind, Result};
use crate::format::{ByteOrder, Compression, FormatId};
use crate::legacy;
use crate::options::Limits;

/// `DE AD BE EF`, the first bytes of every SiLK file.
pub const MAGIC: [u8; 4] = [0xDE, 0xAD, 0xBE, 0xEF];

/// The file version that writers have used since SiLK 1.0.
pub(crate) const CURRENT_VERSION: u8 = 16;

/// A header entry (spec 2.2). Texts end before the first NUL and need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Entry {
    /// Base time, flowtype and sensor of an hourly file.
    PackedFile {
        /// Milliseconds since the Unix epoch.
        base_time_ms: i64,
        /// 255 = none.
        flowtype: u8,
        /// 65535 = none.
        sensor: u16,
    },
    /// A command line that made the file.
    Invocation(Vec<u8>),
    /// A note.
    Annotation(Vec<u8>),
    /// The probe that the flows came from.
    ProbeName(Vec<u8>),
    /// A prefix map's name.
    PrefixMap {
        /// Entry version.
        version: u32,
        /// The map's name.
        name: Vec<u8>,
    },
    /// The key and counter of a bag.
    Bag {
        /// Key type.
        key_type: u16,
        /// Key length in bytes.
        key_len: u16,
        /// Counter type.
        counter_type: u16,
        /// Counter length in bytes.
        counter_len: u16,
    },
    /// The tree of an IPset.
    IpSet {
        /// Children per node.
        children: u32,
        /// Number of leaves.
        leaf_count: u32,
        /// Bytes of a leaf.
        leaf_size: u32,
        /// Number of nodes.
        node_count: u32,
        /// Bytes of a node.
        node_size: u32,
        /// Index of the root.
        root: u32,
    },
    /// The fields of an aggregate bag: keys first, then counters.
    AggregateBag {
        /// How many of `fields` are keys.
        keys: u16,
        /// Field ids.
        fields: Vec<u16>,
    },
    /// Reserved for SiLK 4; not interpreted.
    Sidecar(Vec<u8>),
    /// A tombstone; other versions than 1 carry an unknown payload.
    Tombstone {
        /// Entry version.
        version: u32,
        /// Tombstone id, of version 1.
        id: Option<u32>,
    },
    /// Any other id, kept as it is.
    Unknown {
        /// Entry id.
        id: u32,
        /// The bytes behind id and length.
        payload: Vec<u8>,
    },
}

/// What legacy headers hold instead of entries (spec 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Legacy {
    /// Base time in milliseconds, a whole hour; sensor and flowtype then come from the file name.
    pub(crate) base_time_ms: Option<i64>,
}

/// The header of a SiLK file: flow records or other content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub(crate) flags: u8,
    pub(crate) format: FormatId,
    pub(crate) file_version: u8,
    pub(crate) compression: Compression,
    pub(crate) silk_release: u32,
    pub(crate) record_size: u16,
    pub(crate) record_version: u8,
    pub(crate) entries: Vec<Entry>,
    pub(crate) len: usize,
    pub(crate) legacy: Option<Legacy>,
}

impl Header {
    /// Parses the header at the start of `bytes`, and tells its length: the data section begins there.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] if the header goes on behind `bytes`; other kinds if it contradicts spec 2.
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize)> {
        Self::parse_with(bytes, &Limits::default())
    }

    /// [`Header::parse`] under the caller's limits.
    ///
    /// # Errors
    /// As [`Header::parse`]; [`ErrorKind::Limit`] if the header is longer than allowed.
    pub fn parse_with(bytes: &[u8], limits: &Limits) -> Result<(Self, usize)> {
        let mut parser = HeaderParser::new(*limits);
        match parser.advance(bytes)? {
            Progress::Done(header) => {
                let len = header.len;
                Ok((*header, len))
            }
            Progress::Need { what, total } => Err(Error::truncated(
                what,
                total.saturating_sub(parser.at),
                bytes.len().saturating_sub(parser.at),
            )
            .at(parser.at as u64)),
        }
    }

    /// What the file holds.
    #[must_use]
    pub fn format(&self) -> FormatId {
        self.format
    }

    /// The version of the record layout; only the low 8 bits count (spec 2.1).
    #[must_use]
    pub fn record_version(&self) -> u8 {
        self.record_version
    }

    /// The version of the header: 16, or 0–15 for legacy headers.
    #[must_use]
    pub fn file_version(&self) -> u8 {
        self.file_version
    }

    /// The byte order of records.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        if self.flags & 1 != 0 { ByteOrder::Big } else { ByteOrder::Little }
    }

    /// How the data section is compressed.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The SiLK release that wrote the file, `major × 1000000 + minor × 1000 + patch`; 0 = unknown.
    #[must_use]
    pub fn silk_release(&self) -> u32 {
        self.silk_release
    }

    /// The record size as stored, in bytes; 0 = implied by format and version.
    #[must_use]
    pub fn record_size(&self) -> u16 {
        self.record_size
    }

    /// The entries in file order, without the one that ends the header.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The header's length in bytes, padding included.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a header is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the header is one of the time before SiLK 1.0.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        self.legacy.is_some()
    }

    /// The first packed-file entry: base time in ms, flowtype, sensor (spec 2.3).
    #[must_use]
    pub fn packed_file(&self) -> Option<(i64, u8, u16)> {
        self.entries.iter().find_map(|e| match *e {
            Entry::PackedFile { base_time_ms, flowtype, sensor } => Some((base_time_ms, flowtype, sensor)),
            _ => None,
        })
    }
}

/// What a header parser says after looking at the bytes so far.
pub(crate) enum Progress {
    /// It cannot go on before `total` bytes of the file are there, because of `what`.
    Need {
        what: &'static str,
        total: usize,
    },
    Done(Box<Header>),
}

/// Parses a header whose bytes arrive in pieces: every call gets all bytes so far and goes on where it stopped.
pub(crate) struct HeaderParser {
    limits: Limits,
    /// Where the next entry (or legacy command) starts.
    pub(crate) at: usize,
    header: Option<Box<Header>>,
    legacy: Option<legacy::Tail>,
}

impl HeaderParser {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, at: 0, header: None, legacy: None }
    }

    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<Progress> {
        // Never past the limit: otherwise every tiny entry of a hostile file would be kept before anybody counts.
        let seen = bytes.get(..self.limits.header_bytes).unwrap_or(bytes);
        let progress = self.step(seen).map_err(|e| e.at(self.at as u64))?;
        if let Progress::Need { total, .. } = progress
            && total > self.limits.header_bytes
        {
            return Err(self.too_long(total));
        }
        Ok(progress)
    }

    fn too_long(&self, total: usize) -> Error {
        let limit = self.limits.header_bytes as u64;
        Error::new(ErrorKind::Limit { what: "header length", wanted: total as u64, limit }).at(self.at as u64)
    }

    fn step(&mut self, bytes: &[u8]) -> Result<Progress> {
        let mut header = match self.header.take() {
            Some(header) => header,
            None => match fixed_part(bytes)? {
                Fixed::Need(total) => return Ok(Progress::Need { what: "header", total }),
                Fixed::Current(header) => {
                    self.at = 16;
                    header
                }
                Fixed::Legacy(header) => {
                    self.at = 8;
                    self.legacy = Some(legacy::Tail::new(&header)?);
                    header
                }
            },
        };
        let need = match &mut self.legacy {
            Some(tail) => tail.advance(bytes, &mut self.at, &mut header)?,
            None => entries(bytes, &mut self.at, &mut header)?,
        };
        match need {
            Some((what, total)) => {
                self.header = Some(header);
                Ok(Progress::Need { what, total })
            }
            None if self.at > self.limits.header_bytes => Err(self.too_long(self.at)),
            None => {
                header.len = self.at;
                Ok(Progress::Done(header))
            }
        }
    }
}

enum Fixed {
    Need(usize),
    Current(Box<Header>),
    Legacy(Box<Header>),
}

/// Spec 2.1: 16 bytes, or 8 of a legacy header.
fn fixed_part(bytes: &[u8]) -> Result<Fixed> {
    let magic = &bytes[..bytes.len().min(4)];
    if *magic != MAGIC[..magic.len()] {
        let mut found = [0; 4];
        found[..magic.len()].copy_from_slice(magic);
        return Err(ErrorKind::NotSilk { found }.into());
    }
    let Some(&[_, _, _, _, flags, format, file_version, compression]) = bytes.first_chunk() else {
        return Ok(Fixed::Need(8));
    };
    let mut header = Box::new(Header {
        flags,
        format: FormatId(format),
        file_version,
        compression: Compression(compression),
        silk_release: 0,
        record_size: 0,
        record_version: file_version,
        entries: Vec::new(),
        len: 0,
        legacy: None,
    });
    if file_version < CURRENT_VERSION {
        return Ok(Fixed::Legacy(header));
    }
    if file_version > CURRENT_VERSION {
        return Err(Error::new(ErrorKind::FileVersion { version: file_version }).at(6));
    }
    let Some(rest) = bytes.get(8..16) else { return Ok(Fixed::Need(16)) };
    let fields: nom::IResult<_, _> = (be_u32, be_u16, be_u16).parse(rest);
    if let Ok((_, (release, size, version))) = fields {
        header.silk_release = release;
        header.record_size = size;
        header.record_version = version as u8;
    }
    Ok(Fixed::Current(header))
}

/// Spec 2.2: parses entries from `at` on. Tells what is missing, or `None` when the end of the header was reached.
fn entries(bytes: &[u8], at: &mut usize, header: &mut Header) -> Result<Option<(&'static str, usize)>> {
    loop {
        let rest = bytes.get(*at..).unwrap_or_default();
        let head: nom::IResult<&[u8], (u32, u32)> = pair(be_u32, be_u32).parse(rest);
        let Ok((behind, (id, len))) = head else {
            return Ok(Some(("header entry", at.saturating_add(8))));
        };
        let len = len as usize;
        let Some(payload_len) = len.checked_sub(8) else {
            return Err(Error::invalid("length of a header entry", "at least 8", len));
        };
        let payload: nom::IResult<&[u8], &[u8]> = take(payload_len).parse(behind);
        let Ok((_, payload)) = payload else {
            return Ok(Some(("header entry", at.saturating_add(len))));
        };
        if id == 0 {
            *at += len;
            return Ok(None);
        }
        header.entries.push(entry(id, payload)?);
        *at += len;
    }
}

/// The payload of one entry, its id and length removed.
fn entry(id: u32, payload: &[u8]) -> Result<Entry> {
    let wrong = |what, expected: &str| Error::invalid(what, expected, format!("{} bytes", payload.len()));
    match id {
        1 => fixed((be_i64, be_u32, be_u32), payload)
            .map(|(base_time_ms, flowtype, sensor)| Entry::PackedFile {
                base_time_ms,
                flowtype: flowtype as u8,
                sensor: sensor as u16,
            })
            .ok_or_else(|| wrong("packed-file entry", "16 bytes of payload")),
        2 => Ok(Entry::Invocation(text(payload))),
        3 => Ok(Entry::Annotation(text(payload))),
        4 => Ok(Entry::ProbeName(text(payload))),
        5 => match payload.split_first_chunk() {
            Some((version, name)) => {
                Ok(Entry::PrefixMap { version: u32::from_be_bytes(*version), name: text(name) })
            }
            None => Err(wrong("prefix-map entry", "at least 4 bytes of payload")),
        },
        6 => fixed((be_u16, be_u16, be_u16, be_u16), payload)
            .map(|(key_type, key_len, counter_type, counter_len)| Entry::Bag {
                key_type,
                key_len,
                counter_type,
                counter_len,
            })
            .ok_or_else(|| wrong("bag entry", "8 bytes of payload")),
        7 => fixed((be_u32, be_u32, be_u32, be_u32, be_u32, be_u32), payload)
            .map(|(children, leaf_count, leaf_size, node_count, node_size, root)| Entry::IpSet {
                children,
                leaf_count,
                leaf_size,
                node_count,
                node_size,
                root,
            })
            .ok_or_else(|| wrong("IPset entry", "24 bytes of payload")),
        8 => aggregate_bag(payload)
            .ok_or_else(|| wrong("aggregate-bag entry", "version 1, counts and as many field ids")),
        9 => Ok(Entry::Sidecar(payload.to_vec())),
        10 => match (payload.first_chunk().map(|v| u32::from_be_bytes(*v)), payload.len()) {
            (Some(1), 8) => {
                Ok(Entry::Tombstone { version: 1, id: payload.last_chunk().map(|v| u32::from_be_bytes(*v)) })
            }
            (Some(version), _) if version != 1 => Ok(Entry::Tombstone { version, id: None }),
            _ => Err(wrong("tombstone entry", "8 bytes of payload")),
        },
        id => Ok(Entry::Unknown { id, payload: payload.to_vec() }),
    }
}

/// Parses a payload that must have exactly the parser's length.
fn fixed<'a, O>(
    parser: impl Parser<&'a [u8], Output = O, Error = nom::error::Error<&'a [u8]>>,
    payload: &'a [u8],
) -> Option<O> {
    all_consuming(parser).parse(payload).ok().map(|(_, value)| value)
}

/// Spec 2.2, id 8: version 1, field count ≥ 2, key count < field count, as many 16-bit ids.
fn aggregate_bag(payload: &[u8]) -> Option<Entry> {
    let head: nom::IResult<_, _> = (be_u32, be_u16, be_u16).parse(payload);
    let (ids, (version, count, keys)) = head.ok()?;
    let whole = version == 1 && count >= 2 && keys < count && ids.len() == usize::from(count) * 2;
    let (ids, _) = ids.as_chunks();
    whole
        .then(|| Entry::AggregateBag { keys, fields: ids.iter().map(|id| u16::from_be_bytes(*id)).collect() })
}

/// The bytes up to the first NUL.
pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    payload.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}
