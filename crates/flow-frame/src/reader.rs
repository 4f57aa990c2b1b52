//! From an input to record batches.

use std::collections::VecDeque;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use mapped_input::{Codec, Input, Opened};
use silk_format::{Blocks, Compression, Header, Options, Reader};

use crate::accounts::Accounts;
use crate::assembler::Assembler;
use crate::error::{Error, ErrorKind, Result};
use crate::scan::{Kind, Scan};
use crate::schema::{FORMAT_KEY, SOURCE_KEY};

/// Opens a file by its content and reads it with large buffers (never through a map: that promise is the caller's to
/// make, with [`Input::map`] and [`open_input`]).
///
/// # Errors
/// As [`open_input`]; `Io` if the file cannot be opened. Every error names the path.
pub fn open(path: impl AsRef<Path>, scan: &Scan) -> Result<FlowReader> {
    let path = path.as_ref();
    let name = path.to_string_lossy();
    let input = Input::open(path).map_err(|e| Error::from(e).in_input(&name))?;
    open_input(input, &name, scan)
}

/// Reads flows from any input. `name` stands in errors and in the schema's metadata; legacy SiLK headers take sensor
/// and type from it unless the options give another file name.
///
/// # Errors
/// `Malformed` if the input is no file of flows or its header is damaged; `Unsupported` if its kind, format, version
/// or compression is not read; `Io` if it cannot be read; `Usage` or `Limit` if the scan makes no sense.
pub fn open_input(input: Input, name: &str, scan: &Scan) -> Result<FlowReader> {
    FlowReader::of_input(input, name, scan).map_err(|e| e.in_input(name))
}

/// Reads flows from bytes in memory. Uncompressed records are decoded where they lie.
///
/// # Errors
/// As [`open_input`].
pub fn open_bytes(bytes: impl AsRef<[u8]> + Send + 'static, name: &str, scan: &Scan) -> Result<FlowReader> {
    let memory = Memory(Box::new(bytes));
    let first = memory.as_ref().iter().take(4).copied().collect();
    let opened = (Opened::Reader, Codec::Plain);
    match Kind::sniff(memory.as_ref()) {
        // Anything else may be compressed flows.
        None => Input::from_reader(Cursor::new(memory))
            .map_err(Error::from)
            .and_then(|input| FlowReader::of_input(input, name, scan)),
        _ => FlowReader::new(first, opened, name, scan, |options| Engine::of_memory(memory, options)),
    }
    .map_err(|e| e.in_input(name))
}

/// What an input turned out to be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SourceFacts {
    /// The name that the caller gave.
    pub name: String,
    /// The kind.
    pub kind: Kind,
    /// The header of a SiLK file.
    pub header: Header,
    /// How the bytes reach us.
    pub opened: Opened,
    /// What wraps the whole file.
    pub codec: Codec,
}

/// Record batches of one input, in its order, with bounded memory: one batch, one block of records (at most 1 MiB),
/// the input's buffer. `Send`; a batch never spans inputs.
///
/// Damage ends the reading: all rows before it, then one error, then nothing more. [`Self::next_batch`] gives this
/// crate's errors; as a [`RecordBatchReader`] they come wrapped (see [`Error::from_arrow`]).
pub struct FlowReader {
    engine: Engine,
    assembler: Assembler,
    ready: VecDeque<RecordBatch>,
    state: State,
    facts: SourceFacts,
}

enum State {
    Reading,
    /// The rows before the error are still in `ready`.
    Failed(Error),
    Ended,
}

/// Where records come from.
enum Engine {
    /// Uncompressed records in memory: decoded in place, `next` is the first record that was not.
    InPlace { memory: Memory, header: Header, options: Options, next: usize },
    /// Blocks one by one: `next` is the first record of the reader's block that was not decoded.
    Stream { reader: Box<Reader<Box<dyn Read + Send>>>, next: usize },
}

/// The whole content of an input.
struct Memory(Box<dyn AsRef<[u8]> + Send>);

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// A plain input that is mapped.
struct Map(Input);

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice().unwrap_or_default()
    }
}

impl FlowReader {
    fn of_input(mut input: Input, name: &str, scan: &Scan) -> Result<Self> {
        // A single read may give less than there is: a pipe, or the first of several small gzip members.
        let mut first = Vec::with_capacity(4);
        input.by_ref().take(4).read_to_end(&mut first).map_err(ErrorKind::Io)?;
        let opened = (input.opened(), input.codec());
        Self::new(first.clone(), opened, name, scan, |options| match input.as_slice() {
            Some(_) => Engine::of_memory(Memory(Box::new(Map(input))), options),
            None => Engine::of_reader(Cursor::new(first).chain(input), options),
        })
    }

    fn new(
        first_bytes: Vec<u8>,
        (opened, codec): (Opened, Codec),
        name: &str,
        scan: &Scan,
        engine: impl FnOnce(Options) -> Result<Engine>,
    ) -> Result<Self> {
        scan.check()?;
        let kind = match Kind::sniff(&first_bytes) {
            Some(Kind::Silk) => Kind::Silk,
            Some(other) => return Err(ErrorKind::KindUnsupported { kind: other.name() }.into()),
            None => return Err(ErrorKind::UnknownKind { found: first_bytes }.into()),
        };
        let mut options = scan.silk.clone();
        options.file_name.get_or_insert_with(|| name.to_owned());

        let engine = engine(options)?;
        let header = engine.header().clone();
        let format = format!("{} v{}", header.format(), header.record_version());
        let schema = scan.columns.schema_with(&[(SOURCE_KEY, name), (FORMAT_KEY, &format)]);
        let assembler = Assembler::new(scan, &header, schema);
        let facts = SourceFacts { name: name.to_owned(), kind, header, opened, codec };
        Ok(Self { engine, assembler, ready: VecDeque::new(), state: State::Reading, facts })
    }

    /// The next batch; `None` at the end and ever after.
    ///
    /// # Errors
    /// `Malformed` where the input is damaged or cut short, `Io` where it cannot be read. Nothing comes after an error.
    pub fn next_batch(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Some(Ok(batch));
            }
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return None,
                State::Failed(error) => return Some(Err(error.in_input(&self.facts.name))),
                State::Reading => self.state = self.advance(),
            }
        }
    }

    /// Reads until a batch is ready, or to the end.
    fn advance(&mut self) -> State {
        let step = match &mut self.engine {
            Engine::InPlace { memory, header, options, next } => {
                in_place_step(memory.as_ref(), header, options, next, &mut self.assembler, &mut self.ready)
            }
            Engine::Stream { reader, next } => {
                stream_step(reader, next, &mut self.assembler, &mut self.ready)
            }
        };
        match step {
            Ok(true) => State::Reading,
            Ok(false) => match self.assembler.flush(&mut self.ready) {
                Ok(()) => State::Ended,
                Err(error) => State::Failed(error),
            },
            // If the last rows cannot be made a batch either, the first error is the one to tell.
            Err(error) => {
                let _ = self.assembler.flush(&mut self.ready);
                State::Failed(error)
            }
        }
    }

    /// Where the rows read so far went.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        self.assembler.accounts()
    }

    /// Bytes so far behind the mark that ends the blocks of a compressed SiLK file: they are not decoded, as SiLK's own
    /// tools do not.
    #[must_use]
    pub fn ignored_bytes(&self) -> u64 {
        match &self.engine {
            Engine::InPlace { .. } => 0,
            Engine::Stream { reader, .. } => reader.ignored_bytes(),
        }
    }

    /// What the input turned out to be.
    #[must_use]
    pub fn source(&self) -> &SourceFacts {
        &self.facts
    }
}

impl Engine {
    fn of_memory(memory: Memory, options: Options) -> Result<Self> {
        let (header, len) = Header::parse_with(memory.as_ref(), &options.limits)?;
        if header.compression() != Compression::NONE {
            return Self::of_reader(Cursor::new(memory), options);
        }
        // Refuses what is no flow file of a known layout.
        Blocks::new(&header, options.clone(), memory.as_ref().get(len..).unwrap_or_default())?;
        Ok(Self::InPlace { memory, header, options, next: 0 })
    }

    fn of_reader(reader: impl Read + Send + 'static, options: Options) -> Result<Self> {
        let reader: Box<dyn Read + Send> = Box::new(reader);
        Ok(Self::Stream { reader: Box::new(Reader::new(reader, options)?), next: 0 })
    }

    fn header(&self) -> &Header {
        match self {
            Self::InPlace { header, .. } => header,
            Self::Stream { reader, .. } => reader.header(),
        }
    }
}

/// Decodes as many records in place as make a batch. `Ok(false)`: that was the last of them.
fn in_place_step(
    bytes: &[u8],
    header: &Header,
    options: &Options,
    next: &mut usize,
    assembler: &mut Assembler,
    ready: &mut VecDeque<RecordBatch>,
) -> Result<bool> {
    let data = bytes.get(header.len()..).unwrap_or_default();
    // Finding the records again for each batch costs next to nothing.
    let mut blocks = Blocks::new(header, options.clone(), data)?;
    if let Some(block) = blocks.next_block() {
        let block = block?;
        *next = assembler.append(block, *next, ready)?;
        if *next < block.len() {
            return Ok(true);
        }
    }
    match blocks.next_block() {
        Some(Err(error)) => Err(error.into()),
        _ => Ok(false),
    }
}

/// Decodes as many records of the reader's block as make a batch. `Ok(false)`: there is no block left.
fn stream_step(
    reader: &mut Reader<Box<dyn Read + Send>>,
    next: &mut usize,
    assembler: &mut Assembler,
    ready: &mut VecDeque<RecordBatch>,
) -> Result<bool> {
    if *next >= reader.block().len() {
        let Some(block) = reader.next_block() else { return Ok(false) };
        block?;
        *next = 0;
    }
    *next = assembler.append(reader.block(), *next, ready)?;
    Ok(true)
}

impl Iterator for FlowReader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().map(|batch| batch.map_err(ArrowError::from))
    }
}

impl std::iter::FusedIterator for FlowReader {}

impl RecordBatchReader for FlowReader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.assembler.schema())
    }
}

impl std::fmt::Debug for FlowReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlowReader").field("source", &self.facts).field("accounts", self.accounts()).finish()
    }
}
