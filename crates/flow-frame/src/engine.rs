//! Inputs one behind the other, cut to pieces; pieces decoded on several threads; results in the inputs' order.

use std::collections::VecDeque;
use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use silk_format::{Block, Blocks, Cutter, Decoder, Piece};

use crate::error::{Error, Result};
use crate::input::{Bytes, FlowInput, Memory, SourceFacts};
use crate::ordered::Ordered;

/// What is done with the records of an input. A clone of it works on each thread.
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
    /// The input ends early; all pieces before the damage were given.
    Failed(Error),
    /// The input has ended; so many bytes behind an end-of-data mark were ignored.
    Ended(u64),
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
    Failed(Error),
    Ended(u64),
}

struct PieceTask<W> {
    file: Arc<OpenFile<W>>,
    number: u64,
    piece: Piece<'static>,
    bytes: PieceBytes,
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
        // What a slow source has given is not kept waiting for more.
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
                _ if self.failed => {}
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
                if let Task::Piece(_) = task {
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
        let cutter = Cutter::new(&facts.header, &options, self.piece_records).map_err(|e| named(e.into()))?;
        let (memory, stream) = match bytes {
            Bytes::Memory(memory) => (Some(memory), None),
            Bytes::Stream(stream) => (None, Some(stream)),
        };
        let file = OpenFile { facts, options, memory, worker, failed_at: AtomicU64::new(u64::MAX) };
        Ok(Current { file: Arc::new(file), cutter, stream, number: 0 })
    }
}

impl<W> Current<W> {
    fn task<X, E>(&mut self) -> Task<W, X, E> {
        // What lies behind damage is not read.
        let cut = match (&self.file.memory, &mut self.stream) {
            _ if self.file.failed_at.load(Ordering::Relaxed) < self.number => None,
            (Some(memory), _) => {
                let file = memory.as_ref();
                self.cutter.next_of(file).map(|piece| piece.map(|piece| placed(piece, file.len())))
            }
            (None, Some(stream)) => self.cutter.next_from(stream).map(|piece| piece.map(owned)),
            (None, None) => None,
        };
        match cut {
            Some(Ok((piece, bytes))) => {
                let number = self.number;
                self.number += 1;
                Task::Piece(PieceTask { file: Arc::clone(&self.file), number, piece, bytes })
            }
            Some(Err(error)) => Task::Failed(Error::from(error).in_input(&self.file.facts.name)),
            None => Task::Ended(self.cutter.ignored_bytes()),
        }
    }
}

/// A piece of a file in memory, by its place.
fn placed(piece: Piece<'_>, file_len: usize) -> (Piece<'static>, PieceBytes) {
    let (piece, bytes) = piece.into_parts();
    match bytes {
        std::borrow::Cow::Owned(bytes) => (piece, PieceBytes::Owned(bytes)),
        std::borrow::Cow::Borrowed(bytes) => {
            let start = usize::try_from(piece.offset()).unwrap_or(file_len);
            (piece, PieceBytes::At(start..start + bytes.len()))
        }
    }
}

fn owned(piece: Piece<'static>) -> (Piece<'static>, PieceBytes) {
    let (piece, bytes) = piece.into_parts();
    (piece, PieceBytes::Owned(bytes.into_owned()))
}

/// What a thread works with: the worker and the decoder of the input that it saw last.
struct Hands<W> {
    held: Option<(Arc<OpenFile<W>>, W, Decoder)>,
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
        piece: &Piece<'static>,
        bytes: &PieceBytes,
    ) -> Result<(W::Out, Option<Error>)> {
        let same = self.held.take().filter(|(held, ..)| Arc::ptr_eq(held, &file));
        let (mut worker, decoder) = match same {
            Some((_, worker, decoder)) => (worker, decoder),
            None => (file.worker.clone(), Decoder::new(&file.facts.header, file.options.clone())?),
        };
        let bytes = match bytes {
            PieceBytes::Owned(bytes) => bytes,
            PieceBytes::At(range) => {
                file.memory.as_ref().and_then(|memory| memory.as_ref().get(range.clone())).unwrap_or_default()
            }
        };
        let counted = if worker.wants_records() { None } else { piece.record_count(bytes, &decoder) };
        let (decoder, failure) = match counted {
            Some(records) => {
                worker.skip(records);
                (decoder, None)
            }
            None => {
                let mut blocks = piece.blocks_of(bytes, decoder);
                let failure = all_blocks(&mut blocks, &mut worker).err();
                (blocks.into_decoder(), failure)
            }
        };
        let made = worker.finish()?;
        self.held = Some((Arc::clone(&file), worker, decoder));
        Ok((made, failure))
    }
}

fn all_blocks(blocks: &mut Blocks<'_>, worker: &mut impl BlockWorker) -> Result<()> {
    while let Some(block) = blocks.next_block() {
        worker.block(block?)?;
    }
    Ok(())
}
