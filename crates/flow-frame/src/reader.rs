//! From an input to record batches.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use mapped_input::Input;

use crate::accounts::Accounts;
use crate::batches::{BatchMaker, Rows};
use crate::engine::{CaptureSummary, Event, Job, Plan};
use crate::error::{Error, Result};
use crate::input::{FlowInput, SourceFacts};
use crate::scan::Scan;

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

/// Reads flows or packets from any input. `name` stands in errors and in the schema's metadata; legacy SiLK headers take sensor
/// and type from it unless the options give another file name.
///
/// # Errors
/// As [`FlowInput::new`]; `Usage` or `Limit` if the scan makes no sense.
pub fn open_input(input: Input, name: &str, scan: &Scan) -> Result<FlowReader> {
    FlowReader::new(FlowInput::new(input, name, &scan.silk)?, scan)
}

/// Reads flows from bytes in memory. Uncompressed records are decoded where they lie.
///
/// # Errors
/// As [`open_input`].
pub fn open_bytes(
    bytes: impl AsRef<[u8]> + Send + Sync + 'static,
    name: &str,
    scan: &Scan,
) -> Result<FlowReader> {
    FlowReader::new(FlowInput::of_bytes(bytes, name, &scan.silk)?, scan)
}

/// Record batches of one input, in its order, with bounded memory: two pieces for each of `Scan::threads` + 2, each of a batch, a block
/// of records (at most 1 MiB) and the input's bytes of them. `Send`; a batch never spans inputs.
///
/// Damage ends the reading: all rows before it, then one error, then nothing more. [`Self::next_batch`] gives this
/// crate's errors; as a [`RecordBatchReader`] they come wrapped (see [`Error::from_arrow`]).
pub struct FlowReader {
    /// None once it has ended, so that its threads end too.
    job: Option<Job<Rows, (), Error>>,
    /// Batches that were made and not yet given out.
    ready: VecDeque<RecordBatch>,
    batch_rows: usize,
    accounts: Accounts,
    ignored: u64,
    capture: Option<Box<CaptureSummary>>,
    facts: Arc<SourceFacts>,
    schema: SchemaRef,
}

impl FlowReader {
    /// Reads the rows of an input that was opened.
    ///
    /// # Errors
    /// `Usage` or `Limit` if the scan makes no sense.
    pub fn new(input: FlowInput, scan: &Scan) -> Result<Self> {
        let facts = Arc::clone(&input.facts);
        let maker = BatchMaker::new(&facts, scan)?;
        let (accounts, schema) = (maker.no_accounts(), SchemaRef::clone(maker.schema()));
        let plan =
            Plan { threads: scan.threads, piece_records: scan.batch_rows, detached: input.is_stream() };
        let job = Job::new(std::iter::once(Ok((input, ()))), plan, move |_, ()| Ok(maker.clone()));
        let batch_rows = scan.batch_rows;
        let (ready, capture) = Default::default();
        Ok(Self { job: Some(job), ready, batch_rows, accounts, ignored: 0, capture, facts, schema })
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
            match self.job.as_mut()?.next() {
                Some(Event::Piece(rows)) => {
                    self.accounts.add(&rows.accounts);
                    self.ready.extend(rows.batches(self.batch_rows));
                }
                Some(Event::Opened(..)) => {}
                Some(Event::Captured(summary)) => self.capture = Some(summary),
                Some(Event::Ended(ignored)) => {
                    self.ignored = ignored;
                    self.job = None;
                }
                Some(Event::Failed(error) | Event::Unopened(error)) => {
                    self.job = None;
                    return Some(Err(error));
                }
                None => self.job = None,
            }
        }
    }

    /// Where the rows read so far went.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Bytes behind the mark that ends the blocks of a compressed SiLK file, once the reading has ended: they are not
    /// decoded, as SiLK's own tools do not.
    #[must_use]
    pub fn ignored_bytes(&self) -> u64 {
        self.ignored
    }

    /// What a capture said about itself, once the reading has ended, also by damage.
    #[must_use]
    pub fn capture(&self) -> Option<&CaptureSummary> {
        self.capture.as_deref()
    }

    /// What the input turned out to be.
    #[must_use]
    pub fn source(&self) -> &SourceFacts {
        &self.facts
    }
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
        Arc::clone(&self.schema)
    }
}

impl std::fmt::Debug for FlowReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlowReader").field("source", &self.facts).field("accounts", self.accounts()).finish()
    }
}
