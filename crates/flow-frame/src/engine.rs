//! Inputs one behind the other, cut to pieces; pieces decoded on several threads; results in the inputs' order.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pcap_headers::{CaptureInfo, Report};
use silk_format::{Block, Blocks, Decoder};

use crate::error::{Error, ErrorKind, Result};
use crate::input::{Bytes, FlowInput, Memory, SourceFacts};
use crate::ordered::Ordered;
use crate::scan::Kind;
use crate::tshark_csv::{PacketRows, TableSource, TsharkCsvNotes, TsharkRows};

/// What is done with the records of an input, or with the packets of a capture. A clone of it works on each thread.
///
/// The records of an input come in pieces; how they are cut depends on the input and [`Plan::piece_records`] alone.
pub trait BlockWorker: Clone + Send + Sync + 'static {
    /// What becomes of a piece.
    type Out: Send + 'static;

    /// Takes records of the piece; they come in order.
    ///
    /// # Errors
    /// Any: it ends the input, behind what [`finish`](Self::finish) makes of the records before.
    fn block(&mut self, block: Block<'_>) -> Result<()>;

    /// Takes the packets of the piece, a piece of a capture, which stand in `bytes`.
    ///
    /// # Errors
    /// Any: it ends the input. Who does not say otherwise takes no captures.
    fn packets(&mut self, piece: &pcap_headers::Piece<'static>, bytes: &[u8]) -> Result<()> {
        let _ = (piece, bytes);
        Err(ErrorKind::KindUnsupported { kind: "packet" }.into())
    }

    /// Takes packets of the piece that come as rows: those of a table.
    ///
    /// # Errors
    /// As [`packets`](Self::packets).
    fn rows(&mut self, rows: &PacketRows) -> Result<()> {
        let _ = rows;
        Err(ErrorKind::KindUnsupported { kind: "packet" }.into())
    }

    /// Whether records are looked at; if not, they are only counted, compressed blocks are not inflated, and damage
    /// inside of them is not met.
    fn wants_records(&self) -> bool;

    /// Records that were not wanted.
    fn skip(&mut self, records: usize);

    /// Ends the piece; the next one begins afresh.
    ///
    /// # Errors
    /// Any: it ends the input.
    fn finish(&mut self) -> Result<Self::Out>;
}

/// How a job is spread.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Threads that decode; with one, the caller's own does.
    pub threads: NonZeroUsize,
    /// Records of a piece, about.
    pub piece_records: usize,
    /// Do not wait for the threads when the job is dropped: for inputs that may block for ever.
    pub detached: bool,
}

/// What comes out of a [`Job`], in the order of the inputs.
#[derive(Debug)]
pub enum Event<T, X, E> {
    /// An input was opened; what follows is of it. `X` is what came with it.
    Opened(Arc<SourceFacts>, X),
    /// An input could not be opened.
    Unopened(E),
    /// What became of a piece.
    Piece(T),
    /// What a capture said about itself, up to its end or to the damage, which comes next. Where what failed is the
    /// worker, the failure comes first, and this tells of the packets that were cut by then.
    Captured(Box<CaptureSummary>),
    /// The input ends early; all pieces before the damage were given.
    Failed(Error),
    /// The input has ended; so many bytes behind an end-of-data mark were ignored.
    Ended(u64),
}

/// What a capture says about itself, and what was odd about it.
#[derive(Debug, Clone, Default)]
pub struct CaptureSummary {
    /// Versions, interfaces, programs.
    pub info: CaptureInfo,
    /// Counts.
    pub report: Report,
    /// What was odd about a table of fields.
    pub table: TsharkCsvNotes,
}

/// Work on the records of inputs, on several threads, with the results in their order.
///
/// At most two more turns than there are threads are in flight, each of two pieces (of one if there is one thread, or if
/// an input may block); inputs
/// are opened when their turn comes.
pub struct Job<T, X, E> {
    steps: Ordered<Vec<Step<T, X, E>>>,
    /// Steps that were taken and not yet looked at.
    taken: VecDeque<Step<T, X, E>>,
    ready: VecDeque<Event<T, X, E>>,
    /// The input has failed: what other threads made of what lies behind the damage is not given.
    failed: bool,
}

enum Step<T, X, E> {
    Event(Event<T, X, E>),
    Piece(Option<T>, Option<Error>),
}

enum Task<W, X, E> {
    Opened(Arc<SourceFacts>, X),
    Unopened(E),
    Piece(PieceTask<W>),
    Captured(Box<CaptureSummary>),
    Failed(Error),
    Ended(u64),
}

struct PieceTask<W> {
    file: Arc<OpenFile<W>>,
    number: u64,
    piece: Piece,
    bytes: PieceBytes,
}

/// A piece of an input of either kind, without its bytes.
enum Piece {
    Records(silk_format::Piece<'static>),
    Packets(pcap_headers::Piece<'static>),
    Rows(PacketRows),
}

enum Cutter {
    Records(Box<silk_format::Cutter>),
    Packets(Box<pcap_headers::Cutter>),
    Table(Box<TsharkRows>, usize),
}

enum PieceBytes {
    /// Of the file's memory.
    At(Range<usize>),
    Owned(Vec<u8>),
}

struct OpenFile<W> {
    facts: Arc<SourceFacts>,
    options: silk_format::Options,
    memory: Option<Memory>,
    worker: W,
    /// The number of the first piece known to be damaged.
    failed_at: AtomicU64,
}

impl<T: Send + 'static, X: Send + 'static, E: Send + 'static> Job<T, X, E> {
    /// Starts the work. `worker` is asked once for each input, with what came with it.
    ///
    /// The first job of a process teaches glibc's allocator, if that is the one, not to give each freed batch back to the
    /// system: up to 16 MiB stay with the process.
    pub fn new<W: BlockWorker<Out = T>>(
        inputs: impl Iterator<Item = std::result::Result<(FlowInput, X), E>> + Send + 'static,
        plan: Plan,
        worker: impl Fn(&SourceFacts, &X) -> Result<W> + Send + 'static,
    ) -> Self {
        keep_freed_memory();
        let feed = Feed { inputs, worker, piece_records: plan.piece_records, current: None };
        // Taking turns costs threads something, and a thread alone nothing; what is made of a piece is the same.
        // What a slow source has given is not kept waiting for more (but for the first two packets of a live pcap file,
        // see `pcap_headers::Cutter`).
        let most = if plan.threads.get() > 1 && !plan.detached { TURN } else { 1 };
        let steps = Ordered::new(plan.threads, Turns { feed, most }, || {
            let mut hands = Hands::default();
            move |tasks: Vec<_>| tasks.into_iter().map(|task| hands.work(task)).collect()
        });
        let steps = if plan.detached { steps.detached() } else { steps };
        Self { steps, taken: VecDeque::new(), ready: VecDeque::new(), failed: false }
    }
}

/// Batches come and go by the megabyte, and glibc gives freed memory back to the system, page by page to be asked for
/// again, unless it has seen larger blocks come and go. So it sees one, once, of which no page is touched.
fn keep_freed_memory() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(8 << 20))));
}

impl<T, X, E> Iterator for Job<T, X, E> {
    type Item = Event<T, X, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let Some(step) = self.taken.pop_front() else {
                self.taken.extend(self.steps.next()?);
                continue;
            };
            match step {
                Step::Event(event @ (Event::Opened(..) | Event::Unopened(_))) => {
                    self.failed = false;
                    return Some(event);
                }
                _ if self.failed && !matches!(step, Step::Event(Event::Captured(_))) => {}
                Step::Event(event) => return Some(event),
                Step::Piece(made, failure) => {
                    self.ready.extend(made.map(Event::Piece));
                    self.failed = failure.is_some();
                    self.ready.extend(failure.map(Event::Failed));
                }
            }
        }
    }
}

impl<T, X, E> std::fmt::Debug for Job<T, X, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("steps", &self.steps).finish_non_exhaustive()
    }
}

/// Pieces that a thread takes at a time.
const TURN: usize = 2;

/// Tasks in turns of at most so many; one that begins or ends an input ends a turn, so that it is not waited for.
struct Turns<F> {
    feed: F,
    most: usize,
}

impl<W, X, E, F: Iterator<Item = Task<W, X, E>>> Iterator for Turns<F> {
    type Item = Vec<Task<W, X, E>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut turn = Vec::with_capacity(self.most);
        while turn.len() < self.most {
            let Some(task) = self.feed.next() else { break };
            let is_piece = matches!(task, Task::Piece(_));
            turn.push(task);
            if !is_piece {
                break;
            }
        }
        (!turn.is_empty()).then_some(turn)
    }
}

/// Opens inputs and cuts them.
struct Feed<I, F, W> {
    inputs: I,
    worker: F,
    piece_records: usize,
    current: Option<Result<Current<W>>>,
}

struct Current<W> {
    file: Arc<OpenFile<W>>,
    cutter: Cutter,
    stream: Option<Box<dyn Read + Send>>,
    /// The number of the next piece.
    number: u64,
    /// How the input ends, once that is known.
    end: Option<Result<u64>>,
}

impl<I, F, W, X, E> Iterator for Feed<I, F, W>
where
    I: Iterator<Item = std::result::Result<(FlowInput, X), E>>,
    F: Fn(&SourceFacts, &X) -> Result<W>,
{
    type Item = Task<W, X, E>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.current.take() {
            Some(Ok(mut current)) => {
                let task = current.task();
                if let Task::Piece(_) | Task::Captured(_) = task {
                    self.current = Some(Ok(current));
                }
                task
            }
            Some(Err(error)) => Task::Failed(error),
            None => match self.inputs.next()? {
                Ok((input, extra)) => {
                    let facts = Arc::clone(&input.facts);
                    self.current = Some(self.begin(input, &extra));
                    Task::Opened(facts, extra)
                }
                Err(error) => Task::Unopened(error),
            },
        })
    }
}

impl<I, F, W> Feed<I, F, W> {
    fn begin<X>(&self, input: FlowInput, extra: &X) -> Result<Current<W>>
    where
        F: Fn(&SourceFacts, &X) -> Result<W>,
    {
        let FlowInput { facts, options, bytes } = input;
        let named = |e: Error| e.in_input(&facts.name);
        let worker = (self.worker)(&facts, extra).map_err(named)?;
        let (memory, stream, table) = match bytes {
            bytes if facts.kind == Kind::TsharkCsv => (None, None, Some(TableSource::new(bytes))),
            Bytes::Memory(memory) => (Some(memory), None, None),
            Bytes::Stream(stream) => (None, Some(stream), None),
        };
        let cutter = match (&facts.silk, table) {
            (Some(header), _) => {
                let cutter = silk_format::Cutter::new(header, &options, self.piece_records);
                Cutter::Records(Box::new(cutter.map_err(|e| named(e.into()))?))
            }
            (None, Some(table)) => {
                Cutter::Table(Box::new(TsharkRows::new(table).map_err(named)?), self.piece_records)
            }
            (None, None) => {
                let options = pcap_headers::Options::default();
                Cutter::Packets(Box::new(pcap_headers::Cutter::new(options, self.piece_records)))
            }
        };
        let file = OpenFile { facts, options, memory, worker, failed_at: AtomicU64::new(u64::MAX) };
        Ok(Current { file: Arc::new(file), cutter, stream, number: 0, end: None })
    }
}

impl<W> Current<W> {
    fn task<X, E>(&mut self) -> Task<W, X, E> {
        let end = match self.end.take() {
            Some(end) => end,
            None => {
                let end = match self.cut() {
                    Some(Ok((piece, bytes))) => {
                        let number = self.number;
                        self.number += 1;
                        return Task::Piece(PieceTask { file: Arc::clone(&self.file), number, piece, bytes });
                    }
                    Some(Err(error)) => Err(error.in_input(&self.file.facts.name)),
                    None => Ok(self.cutter.ignored_bytes()),
                };
                if let Some(summary) = self.cutter.summary() {
                    self.end = Some(end);
                    return Task::Captured(Box::new(summary));
                }
                end
            }
        };
        match end {
            Ok(ignored) => Task::Ended(ignored),
            Err(error) => Task::Failed(error),
        }
    }

    fn cut(&mut self) -> Option<Result<(Piece, PieceBytes)>> {
        // What lies behind damage is not read.
        if self.file.failed_at.load(Ordering::Relaxed) < self.number {
            return None;
        }
        if let Cutter::Table(rows, most) = &mut self.cutter {
            let rows = rows.next_rows(*most)?;
            return Some(rows.map(|rows| (Piece::Rows(rows), PieceBytes::Owned(Vec::new()))));
        }
        match (&self.file.memory, &mut self.stream) {
            (Some(memory), _) => self.cutter.next_of(memory.as_ref()),
            (None, Some(stream)) => self.cutter.next_from(stream),
            (None, None) => None,
        }
    }
}

impl Cutter {
    fn next_of(&mut self, file: &[u8]) -> Option<Result<(Piece, PieceBytes)>> {
        Some(match self {
            Self::Records(cutter) => cutter.next_of(file)?.map_err(Error::from).map(|piece| {
                let (piece, bytes) = piece.into_parts();
                let bytes = PieceBytes::of(bytes, piece.offset(), file.len());
                (Piece::Records(piece), bytes)
            }),
            Self::Packets(cutter) => cutter.next_of(file)?.map_err(Error::from).map(|piece| {
                let (piece, bytes) = piece.into_parts();
                let bytes = PieceBytes::of(bytes, piece.offset(), file.len());
                (Piece::Packets(piece), bytes)
            }),
            // It has its own bytes.
            Self::Table(..) => return None,
        })
    }

    fn next_from(&mut self, stream: &mut Box<dyn Read + Send>) -> Option<Result<(Piece, PieceBytes)>> {
        Some(match self {
            Self::Records(cutter) => cutter.next_from(stream)?.map_err(Error::from).map(|piece| {
                let (piece, bytes) = piece.into_parts();
                (Piece::Records(piece), PieceBytes::Owned(bytes.into_owned()))
            }),
            Self::Packets(cutter) => cutter.next_from(stream)?.map_err(Error::from).map(|piece| {
                let (piece, bytes) = piece.into_parts();
                (Piece::Packets(piece), PieceBytes::Owned(bytes.into_owned()))
            }),
            Self::Table(..) => return None,
        })
    }

    fn ignored_bytes(&self) -> u64 {
        match self {
            Self::Records(cutter) => cutter.ignored_bytes(),
            Self::Packets(_) | Self::Table(..) => 0,
        }
    }

    fn summary(&self) -> Option<CaptureSummary> {
        match self {
            Self::Records(_) => None,
            Self::Packets(cutter) => {
                let (info, report) = (cutter.info().clone(), *cutter.report());
                Some(CaptureSummary { info, report, table: TsharkCsvNotes::default() })
            }
            Self::Table(rows, _) => {
                Some(CaptureSummary { table: rows.notes().clone(), ..CaptureSummary::default() })
            }
        }
    }
}

impl PieceBytes {
    /// The bytes of a piece of a file in memory, by their place.
    fn of(bytes: Cow<'_, [u8]>, offset: u64, file_len: usize) -> Self {
        match bytes {
            Cow::Owned(bytes) => Self::Owned(bytes),
            Cow::Borrowed(bytes) => {
                let start = usize::try_from(offset).unwrap_or(file_len);
                Self::At(start..start + bytes.len())
            }
        }
    }
}

/// What a thread works with: the worker and the decoder of the input that it saw last.
struct Hands<W> {
    held: Option<(Arc<OpenFile<W>>, W, Option<Decoder>)>,
}

impl<W> Default for Hands<W> {
    fn default() -> Self {
        Self { held: None }
    }
}

impl<W: BlockWorker> Hands<W> {
    fn work<X, E>(&mut self, task: Task<W, X, E>) -> Step<W::Out, X, E> {
        Step::Event(match task {
            Task::Piece(task) => return self.piece(task),
            Task::Opened(facts, extra) => Event::Opened(facts, extra),
            Task::Unopened(error) => Event::Unopened(error),
            Task::Captured(summary) => Event::Captured(summary),
            Task::Failed(error) => Event::Failed(error),
            Task::Ended(ignored) => Event::Ended(ignored),
        })
    }

    fn piece<X, E>(&mut self, task: PieceTask<W>) -> Step<W::Out, X, E> {
        let file = Arc::clone(&task.file);
        if task.number > file.failed_at.load(Ordering::Relaxed) {
            return Step::Piece(None, None);
        }
        let (made, failure) = match self.decoded(task.file, &task.piece, &task.bytes) {
            Ok((made, failure)) => (Some(made), failure),
            Err(error) => (None, Some(error)),
        };
        if failure.is_some() {
            file.failed_at.fetch_min(task.number, Ordering::Relaxed);
        }
        Step::Piece(made, failure.map(|e| e.in_input(&file.facts.name)))
    }

    /// What the worker makes of the piece, and the damage where it ends.
    fn decoded(
        &mut self,
        file: Arc<OpenFile<W>>,
        piece: &Piece,
        bytes: &PieceBytes,
    ) -> Result<(W::Out, Option<Error>)> {
        let same = self.held.take().filter(|(held, ..)| Arc::ptr_eq(held, &file));
        let (mut worker, mut decoder) = match same {
            Some((_, worker, decoder)) => (worker, decoder),
            None => (file.worker.clone(), None),
        };
        let bytes = match bytes {
            PieceBytes::Owned(bytes) => bytes,
            PieceBytes::At(range) => {
                file.memory.as_ref().and_then(|memory| memory.as_ref().get(range.clone())).unwrap_or_default()
            }
        };
        let failure = match (piece, &file.facts.silk) {
            (Piece::Packets(piece), _) if worker.wants_records() => worker.packets(piece, bytes).err(),
            (Piece::Packets(piece), _) => {
                worker.skip(piece.len());
                None
            }
            (Piece::Rows(rows), _) if worker.wants_records() => worker.rows(rows).err(),
            (Piece::Rows(rows), _) => {
                worker.skip(rows.rows.len());
                None
            }
            (Piece::Records(piece), Some(header)) => {
                let of_file = match decoder.take() {
                    Some(decoder) => decoder,
                    None => Decoder::new(header, file.options.clone())?,
                };
                let (of_file, failure) = records(piece, bytes, of_file, &mut worker);
                decoder = Some(of_file);
                failure
            }
            (Piece::Records(_), None) => None,
        };
        let made = worker.finish()?;
        self.held = Some((Arc::clone(&file), worker, decoder));
        Ok((made, failure))
    }
}

/// What stopped the work on a piece of records, if anything did.
fn records(
    piece: &silk_format::Piece<'static>,
    bytes: &[u8],
    decoder: Decoder,
    worker: &mut impl BlockWorker,
) -> (Decoder, Option<Error>) {
    let counted = if worker.wants_records() { None } else { piece.record_count(bytes, &decoder) };
    match counted {
        Some(records) => {
            worker.skip(records);
            (decoder, None)
        }
        None => {
            let mut blocks = piece.blocks_of(bytes, decoder);
            let failure = all_blocks(&mut blocks, worker).err();
            (blocks.into_decoder(), failure)
        }
    }
}

fn all_blocks(blocks: &mut Blocks<'_>, worker: &mut impl BlockWorker) -> Result<()> {
    while let Some(block) = blocks.next_block() {
        worker.block(block?)?;
    }
    Ok(())
}
