//! The one loop of all jobs: inputs in their order, batch by batch, into a consumer.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use flow_frame::pcap_headers::Piece as CapturePiece;
use flow_frame::{
    Accounts, BatchMaker, BlockWorker, CaptureSummary, Event, FlowAccount, Instant, Job, PacketRows, Plan,
    Scan, SourceFacts, Table,
};
use silk_format::Block;

use crate::error::{Error, Result};
use crate::source::{InputSource, OpenOptions, Source, Stored};

/// What takes the rows of a job.
pub trait Consumer {
    /// What the threads make of each batch.
    type Made: Send + 'static;

    /// The part of the work that any thread can do.
    fn maker(&self) -> Maker<Self::Made>;

    /// The only table whose rows it takes; none if it takes any. An input of others is refused.
    fn only(&self) -> Option<Table> {
        None
    }

    /// An input was opened; its rows come next, with this schema.
    ///
    /// # Errors
    /// Any: it ends the job.
    fn open(&mut self, schema: &SchemaRef) -> Result<()>;

    /// Takes what was made of a batch, in the order of the rows; `Break` if no more are wanted.
    ///
    /// # Errors
    /// Any: it ends the job.
    fn take(&mut self, made: Self::Made) -> Result<ControlFlow<()>>;
}

/// Makes something of a batch, on any thread.
pub type Maker<M> = Arc<dyn Fn(RecordBatch) -> Result<M> + Send + Sync>;

/// A maker for who wants the batches themselves.
#[must_use]
pub fn as_it_is() -> Maker<RecordBatch> {
    Arc::new(Ok)
}

/// Who is told how a job goes. `()` is nobody.
pub trait Listener {
    /// An input of so many stored bytes was opened.
    fn opened(&mut self, _facts: &SourceFacts, _stored: Option<u64>) {}
    /// So far, so much of the input was read.
    fn advanced(&mut self, _accounts: &Accounts) {}
    /// Flows were made of packets: where these went.
    fn flows_made(&mut self, _account: &FlowAccount) {}
    /// The input came to its end, or an error ended it.
    fn closed(&mut self, _input: &InputReport) {}
}

impl Listener for () {}

/// What became of one input.
#[derive(Debug)]
#[non_exhaustive]
pub struct InputReport {
    /// The path as given.
    pub path: PathBuf,
    /// What it turned out to be; none if it could not be opened.
    pub facts: Option<Arc<SourceFacts>>,
    /// Where its rows went.
    pub accounts: Option<Accounts>,
    /// What a capture said about itself, up to its end or to the damage.
    pub capture: Option<Box<CaptureSummary>>,
    /// The SHA-256 of its stored bytes, if it was asked for; of a stream only if it was read to its end.
    pub sha256: Option<String>,
    /// Why reading ended early. The rows before have been delivered.
    pub failure: Option<Error>,
}

impl InputReport {
    /// Rows that the consumer got.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.accounts.map_or(0, |accounts| accounts.delivered.rows)
    }

    /// The same as if it had ended well.
    pub(crate) fn without_failure(&self) -> Self {
        Self {
            path: self.path.clone(),
            facts: self.facts.clone(),
            accounts: self.accounts,
            capture: self.capture.clone(),
            sha256: self.sha256.clone(),
            failure: None,
        }
    }
}

/// Reads all inputs into the consumer, on as many threads as the scan says. A damaged input ends early and the next one
/// follows; the reports say so.
///
/// # Errors
/// Those of the consumer, and of the source of inputs; those of inputs are in their reports.
pub fn pump<I: InputSource + ?Sized, C: Consumer>(
    inputs: &I,
    scan: &Scan,
    options: OpenOptions,
    listener: &mut dyn Listener,
    consumer: &mut C,
) -> Result<Vec<InputReport>> {
    let mut job = job(inputs, scan.clone(), options, consumer.only(), consumer.maker())?;
    let mut reports = Reports { done: Vec::new(), open: None };
    let mut flow = ControlFlow::Continue(());
    for event in job.by_ref() {
        match event {
            Event::Opened(facts, Opening { path, stored, batches }) => {
                listener.opened(&facts, stored.len);
                consumer.open(batches.schema())?;
                let accounts = batches.no_accounts();
                reports.open = Some(Open { path, facts, stored, accounts, capture: None });
            }
            Event::Unopened((path, failure)) => reports.unopened(path, failure, listener),
            Event::Piece(Piece { accounts, made }) => {
                let Some(open) = &mut reports.open else { continue };
                open.accounts.add(&accounts);
                for made in made {
                    flow = consumer.take(made?)?;
                    if flow.is_break() {
                        break;
                    }
                }
                listener.advanced(&open.accounts);
            }
            Event::Captured(summary) => {
                if let Some(open) = &mut reports.open {
                    open.capture = Some(summary);
                }
            }
            Event::Failed(failure) => reports.close(Some(failure.into()), listener),
            Event::Ended(_) => reports.close_at(Reached::End, None, listener),
        }
        if flow.is_break() {
            break;
        }
    }
    drop(job);
    if reports.open.is_some() {
        reports.close(None, listener);
    }
    Ok(reports.done)
}

/// What comes with an input that was opened.
struct Opening {
    path: PathBuf,
    stored: Stored,
    batches: BatchMaker,
}

/// Batches made of all inputs.
fn job<I: InputSource + ?Sized, M: Send + 'static>(
    inputs: &I,
    scan: Scan,
    options: OpenOptions,
    only: Option<Table>,
    make: Maker<M>,
) -> Result<Job<Piece<M>, Opening, (PathBuf, Error)>> {
    let plan =
        Plan { threads: scan.threads, piece_records: scan.piece_records(), detached: inputs.may_wait() };
    let batch_rows = scan.batch_rows;
    let inputs = inputs.begin()?.map(move |next| {
        let path = next.path().to_owned();
        let opened = next.open(&scan.silk, options).and_then(|Source { input, stored }| {
            if only.is_some_and(|table| input.facts().table() != table) {
                return Err(Error::usage(format!(
                    "{}: --as-flows makes flows of packets, and this input holds flows already: leave one of them out",
                    path.display()
                )));
            }
            let batches = BatchMaker::new(input.facts(), &scan)?;
            Ok((input, stored, batches))
        });
        match opened {
            Ok((input, stored, batches)) => Ok((input, Opening { path, stored, batches })),
            Err(failure) => Err((path, failure)),
        }
    });
    Ok(Job::new(inputs, plan, move |_, opening: &Opening| {
        let batches = opening.batches.clone();
        Ok(Making { batches, batch_rows, make: Arc::clone(&make) })
    }))
}

/// Batches, and what is made of them.
struct Making<M> {
    batches: BatchMaker,
    batch_rows: usize,
    make: Maker<M>,
}

impl<M> Clone for Making<M> {
    fn clone(&self) -> Self {
        let Self { batches, batch_rows, make } = self;
        Self { batches: batches.clone(), batch_rows: *batch_rows, make: Arc::clone(make) }
    }
}

/// What became of a piece of an input.
struct Piece<M> {
    accounts: Accounts,
    made: Vec<Result<M>>,
}

impl<M: Send + 'static> BlockWorker for Making<M> {
    type Out = Piece<M>;

    fn block(&mut self, block: Block<'_>) -> flow_frame::Result<()> {
        self.batches.block(block)
    }

    fn packets(&mut self, piece: &CapturePiece<'static>, bytes: &[u8]) -> flow_frame::Result<()> {
        self.batches.packets(piece, bytes)
    }

    fn rows(&mut self, rows: &PacketRows) -> flow_frame::Result<()> {
        self.batches.rows(rows)
    }

    fn wants_records(&self) -> bool {
        self.batches.wants_records()
    }

    fn skip(&mut self, records: usize) {
        self.batches.skip(records);
    }

    fn finish(&mut self) -> flow_frame::Result<Piece<M>> {
        let rows = self.batches.finish()?;
        let accounts = rows.accounts;
        Ok(Piece { accounts, made: rows.batches(self.batch_rows).map(|batch| (self.make)(batch)).collect() })
    }
}

/// The input that is being read, and what became of those before.
struct Reports {
    done: Vec<InputReport>,
    open: Option<Open>,
}

struct Open {
    path: PathBuf,
    facts: Arc<SourceFacts>,
    stored: Stored,
    accounts: Accounts,
    capture: Option<Box<CaptureSummary>>,
}

/// How far an input was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    End,
    Middle,
}

impl Reports {
    fn unopened(&mut self, path: PathBuf, failure: Error, listener: &mut dyn Listener) {
        let (facts, accounts, capture, sha256) = (None, None, None, None);
        self.add(InputReport { path, facts, accounts, capture, sha256, failure: Some(failure) }, listener);
    }

    /// The input whose turn it is was left, or ended early.
    fn close(&mut self, failure: Option<Error>, listener: &mut dyn Listener) {
        self.close_at(Reached::Middle, failure, listener);
    }

    fn close_at(&mut self, reached: Reached, failure: Option<Error>, listener: &mut dyn Listener) {
        let Some(Open { path, facts, stored, accounts, capture }) = self.open.take() else { return };
        let (sha256, unhashed) = match stored.digest(&path, reached == Reached::End) {
            Ok(digest) => (digest, None),
            Err(failure) => (None, Some(failure)),
        };
        let (facts, accounts, failure) = (Some(facts), Some(accounts), failure.or(unhashed));
        self.add(InputReport { path, facts, accounts, capture, sha256, failure }, listener);
    }

    fn add(&mut self, report: InputReport, listener: &mut dyn Listener) {
        listener.closed(&report);
        self.done.push(report);
    }
}

/// The start of the last flow, the time of the last packet of all inputs: what `end` in a window means. Costs one pass over one column.
///
/// # Errors
/// `Usage` if an input is standard input or a pipe, which cannot be read twice; those of opening.
pub fn data_end<P: AsRef<Path>>(
    inputs: &[P],
    options: OpenOptions,
    threads: NonZeroUsize,
) -> Result<Option<Instant>> {
    if inputs.iter().any(|input| crate::source::is_stream(input.as_ref())) {
        return Err(Error::usage(
            "a window relative to the end needs files: standard input and pipes can be read only once",
        ));
    }
    let scan = Scan::default().with_columns(flow_frame::Projection::names(["stime"])?).with_threads(threads);
    let mut last = Last(None);
    let options = options.with_digest(false);
    pump(inputs, &scan, options, &mut (), &mut last)?;
    Ok(last.0)
}

struct Last(Option<Instant>);

impl Consumer for Last {
    type Made = RecordBatch;

    fn maker(&self) -> Maker<RecordBatch> {
        as_it_is()
    }

    fn open(&mut self, _: &SchemaRef) -> Result<()> {
        Ok(())
    }

    fn take(&mut self, batch: RecordBatch) -> Result<ControlFlow<()>> {
        use arrow_array::cast::AsArray;
        use arrow_array::types::{TimestampMillisecondType, TimestampNanosecondType};
        let times = batch.column(0);
        let flows = times.as_primitive_opt::<TimestampMillisecondType>();
        let flows = flows.and_then(|times| times.values().iter().copied().max()).map(Instant::from_ms);
        let packets = times.as_primitive_opt::<TimestampNanosecondType>();
        let packets = packets.and_then(|times| times.iter().flatten().max());
        let packets = packets.map(|ns| Instant::from_ns(ns.into()));
        self.0 = self.0.max(flows).max(packets);
        Ok(ControlFlow::Continue(()))
    }
}
