//! What a writer puts into the header, and what follows from it for the records.

use crate::error::{ErrorKind, Result};
use crate::format::{ByteOrder, Compression, FormatId};
use crate::header::{Entry, Header};
use crate::layouts::{self, LayoutInfo};

/// The header of a file to be written. Default: uncompressed FT_RWIPV6ROUTING version 1 in little-endian order, the
/// complete format that SiLK's tools read and write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriterOptions {
    /// The record format.
    pub format: FormatId,
    /// The version of the record layout.
    pub version: u8,
    /// Byte order of the records; little-endian if `None`.
    pub byte_order: Option<ByteOrder>,
    /// How the data section is compressed.
    pub compression: Compression,
    /// The SiLK release that is said to have written the file, see [`Header::silk_release`]; 0 = not recorded.
    pub silk_release: u32,
    /// The header entries in file order. Texts end before their first NUL.
    pub entries: Vec<Entry>,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            format: FormatId::RWIPV6ROUTING,
            version: 1,
            byte_order: None,
            compression: Compression::NONE,
            silk_release: 0,
            entries: Vec::new(),
        }
    }
}

impl WriterOptions {
    /// The options that write such a header again. A legacy header is written as a current one, with the base time in
    /// a packed-file entry; the sensor and flowtype that a legacy file's name says are not in its header.
    #[must_use]
    pub fn like(header: &Header) -> Self {
        let mut entries = header.entries.clone();
        if let Some(base_time_ms) = header.legacy.and_then(|legacy| legacy.base_time_ms)
            && header.packed_file().is_none()
        {
            entries.insert(0, Entry::PackedFile { base_time_ms, flowtype: u8::MAX, sensor: u16::MAX });
        }
        Self {
            format: header.format,
            version: header.record_version,
            byte_order: Some(header.byte_order()),
            compression: header.compression,
            silk_release: header.silk_release,
            entries,
        }
    }

    /// With another record format and version.
    #[must_use]
    pub fn with_format(mut self, format: FormatId, version: u8) -> Self {
        self.format = format;
        self.version = version;
        self
    }

    /// With a byte order.
    #[must_use]
    pub fn with_byte_order(mut self, order: ByteOrder) -> Self {
        self.byte_order = Some(order);
        self
    }

    /// With a compression method.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// With the SiLK release that is said to have written the file.
    #[must_use]
    pub fn with_silk_release(mut self, release: u32) -> Self {
        self.silk_release = release;
        self
    }

    /// With a packed-file entry: the base time that start times of many layouts count from (milliseconds since the
    /// Unix epoch; SiLK's own writers give a whole hour), flowtype (255 = none) and sensor (65535 = none).
    #[must_use]
    pub fn with_packed_file(self, base_time_ms: i64, flowtype: u8, sensor: u16) -> Self {
        self.with_entry(Entry::PackedFile { base_time_ms, flowtype, sensor })
    }

    /// With the name of the probe that the flows came from, which must not be empty.
    #[must_use]
    pub fn with_probe_name(self, name: impl Into<String>) -> Self {
        self.with_entry(Entry::ProbeName(name.into().into_bytes()))
    }

    /// With one more command line that made the file.
    #[must_use]
    pub fn with_invocation(self, line: impl Into<String>) -> Self {
        self.with_entry(Entry::Invocation(line.into().into_bytes()))
    }

    /// With one more note.
    #[must_use]
    pub fn with_annotation(self, note: impl Into<String>) -> Self {
        self.with_entry(Entry::Annotation(note.into().into_bytes()))
    }

    /// With one more header entry.
    #[must_use]
    pub fn with_entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    pub(crate) fn layout(&self) -> Result<&'static LayoutInfo> {
        if let Some(format) = layouts::find(self.format, self.version) {
            return Ok(format.layout);
        }
        let (format, version) = (self.format, self.version);
        match layouts::formats().any(|known| known.id == format) {
            true => Err(ErrorKind::NoLayout { format, version }.into()),
            false => Err(ErrorKind::NotFlow { format }.into()),
        }
    }

    pub(crate) fn order(&self) -> ByteOrder {
        self.byte_order.unwrap_or(ByteOrder::Little)
    }

    /// Spec 2.3: the first packed-file entry counts; without one the base time is 0.
    pub(crate) fn base_time_ms(&self) -> i64 {
        let base = self.entries.iter().find_map(|entry| match entry {
            Entry::PackedFile { base_time_ms, .. } => Some(*base_time_ms),
            _ => None,
        });
        base.unwrap_or(0)
    }
}
