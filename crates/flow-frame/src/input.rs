//! An input that was opened and told what it is, before its rows are read.

use std::io::{BufRead, Cursor, Read};
use std::sync::Arc;

use mapped_input::{Codec, Input, Opened};
use silk_format::{Decoder, Header, Options};

use crate::error::{Error, ErrorKind, Result};
use crate::scan::Kind;
use crate::schema::Table;
use crate::tshark_csv::{FirstLine, headless, may_be_table};

/// What an input turned out to be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SourceFacts {
    /// The name that the caller gave.
    pub name: String,
    /// The kind.
    pub kind: Kind,
    /// The header of a SiLK file; a capture has none.
    pub silk: Option<Header>,
    /// How the bytes reach us.
    pub opened: Opened,
    /// What wraps the whole file.
    pub codec: Codec,
}

impl SourceFacts {
    /// What the rows are.
    #[must_use]
    pub fn table(&self) -> Table {
        self.kind.table()
    }

    /// The format in words: `FT_RWIPV6ROUTING v1`, `pcap`, `pcapng`.
    #[must_use]
    pub fn format(&self) -> String {
        match &self.silk {
            Some(header) => format!("{} v{}", header.format(), header.record_version()),
            None => self.kind.name().to_owned(),
        }
    }
}

/// An opened input of flows or packets: its header was read, its rows were not.
pub struct FlowInput {
    pub(crate) facts: Arc<SourceFacts>,
    pub(crate) options: Options,
    pub(crate) bytes: Bytes,
}

/// Where the data section is.
pub(crate) enum Bytes {
    Memory(Memory),
    /// Stands behind the header.
    Stream(Box<dyn Read + Send>),
}

/// The whole content of an input.
#[derive(Clone)]
pub(crate) struct Memory(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

impl FlowInput {
    /// Reads the header of any input. `name` stands in errors and in the schema's metadata; legacy SiLK headers take
    /// sensor and type from it unless the options give another file name.
    ///
    /// # Errors
    /// `Malformed` if the input is neither a file of flows nor a capture or its header is damaged; `Unsupported` if its
    /// format, version or compression is not read; `Io` if it cannot be read.
    pub fn new(input: Input, name: &str, options: &Options) -> Result<Self> {
        Self::of_input(input, name, options).map_err(|e| e.in_input(name))
    }

    /// The same for bytes in memory, which may be compressed as a whole.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_bytes(
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        name: &str,
        options: &Options,
    ) -> Result<Self> {
        let memory = Memory(Arc::new(bytes));
        match Kind::sniff(memory.as_ref()) {
            // Anything else may be compressed flows.
            None => Input::from_reader(Cursor::new(memory))
                .map_err(Error::from)
                .and_then(|input| Self::of_input(input, name, options)),
            _ => {
                let first = memory.as_ref().iter().take(Kind::MOST_BYTES + 1).copied().collect();
                Self::told(first, Bytes::Memory(memory), (Opened::Reader, Codec::Plain), name, options)
            }
        }
        .map_err(|e| e.in_input(name))
    }

    fn of_input(mut input: Input, name: &str, options: &Options) -> Result<Self> {
        // A single read may give less than there is: a pipe, or the first of several small gzip members.
        let mut first = Vec::with_capacity(4);
        input.by_ref().take(4).read_to_end(&mut first).map_err(ErrorKind::Io)?;
        if Kind::sniff(&first).is_none() && may_be_table(&first) && !first.contains(&b'\n') {
            let most = Kind::MOST_BYTES as u64 - 3;
            input.by_ref().take(most).read_until(b'\n', &mut first).map_err(ErrorKind::Io)?;
        }
        let how = (input.opened(), input.codec());
        let bytes = match input.map_of() {
            Some(map) => Bytes::Memory(Memory(Arc::clone(map) as Arc<dyn AsRef<[u8]> + Send + Sync>)),
            None => Bytes::Stream(Box::new(Cursor::new(first.clone()).chain(input))),
        };
        Self::told(first, bytes, how, name, options)
    }

    fn told(
        first: Vec<u8>,
        mut bytes: Bytes,
        (opened, codec): (Opened, Codec),
        name: &str,
        options: &Options,
    ) -> Result<Self> {
        let Some(kind) = Kind::sniff(&first) else {
            return Err(match FirstLine::of(&first) {
                FirstLine::Values => headless(&first),
                _ => ErrorKind::UnknownKind { found: first.into_iter().take(4).collect() }.into(),
            });
        };
        let mut options = options.clone();
        options.file_name.get_or_insert_with(|| name.to_owned());
        let facts = |silk| Arc::new(SourceFacts { name: name.to_owned(), kind, silk, opened, codec });
        match kind {
            Kind::Silk => {}
            Kind::Pcap | Kind::Pcapng => {
                let bytes = looked_at(bytes)?;
                return Ok(Self { facts: facts(None), options, bytes });
            }
            Kind::TsharkCsv => return Ok(Self { facts: facts(None), options, bytes }),
        }
        let header = match &mut bytes {
            Bytes::Memory(memory) => Header::parse_with(memory.as_ref(), &options.limits)?.0,
            Bytes::Stream(stream) => Header::read(stream, &options.limits)?,
        };
        // Refuses what is no flow file of a known layout.
        Decoder::new(&header, options.clone())?;
        Ok(Self { facts: facts(Some(header)), options, bytes })
    }

    /// The input if it holds flows, for who reads nothing else.
    ///
    /// # Errors
    /// `Unsupported` if it is a capture.
    pub fn of_flows(self) -> Result<Self> {
        match self.facts.table() {
            Table::Flows => Ok(self),
            Table::Packets => {
                let kind = ErrorKind::KindUnsupported { kind: self.facts.kind.name() };
                Err(Error::from(kind).in_input(&self.facts.name))
            }
        }
    }

    /// What the input turned out to be.
    #[must_use]
    pub fn facts(&self) -> &Arc<SourceFacts> {
        &self.facts
    }

    /// Whether its bytes come from a source that can be read once, rather than from memory.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.bytes, Bytes::Stream(_))
    }
}

/// A capture whose beginning is one that can be read.
fn looked_at(bytes: Bytes) -> Result<Bytes> {
    /// As many as the longest header of pcap files has.
    const BEGINNING: u64 = 28;
    let options = pcap_headers::Options::default();
    match bytes {
        Bytes::Memory(memory) => {
            pcap_headers::check_beginning(memory.as_ref(), options)?;
            Ok(Bytes::Memory(memory))
        }
        Bytes::Stream(mut stream) => {
            let mut first = Vec::with_capacity(BEGINNING as usize);
            stream.by_ref().take(BEGINNING).read_to_end(&mut first).map_err(ErrorKind::Io)?;
            pcap_headers::check_beginning(&first, options)?;
            Ok(Bytes::Stream(Box::new(Cursor::new(first).chain(stream))))
        }
    }
}

impl std::fmt::Debug for FlowInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlowInput").field("facts", &self.facts).finish_non_exhaustive()
    }
}
