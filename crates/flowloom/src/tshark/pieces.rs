//! A capture in memory, looked at on several threads, piece by piece, and what is made of it in the order of the packets.
//!
//! What is made of a packet depends on packets before it in two ways. Their times are known where a piece is cut. Fragments
//! are not: a worker that meets one gives its piece up, and the piece is worked on here, in order, by the one maker
//! whose datagrams are put together.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use pcap_headers::{Error, FrameTimes, Packet, Packets};

use crate::rwcut::Failure;

/// How many captured bytes a piece has, about: lines can be many times as long as packets.
const PIECE_BYTES: usize = 1 << 20;

/// Makes something of packets: lines, lists of what is counted.
pub(super) trait Maker: Clone + Send {
    /// What is made of a piece.
    type Made: Default + Send;

    /// Adds what the next packet gives.
    fn take(&mut self, packet: &Packet<'_>, made: &mut Self::Made);

    /// Goes on elsewhere in the file, where `times` were what had been seen of it.
    fn resume(&mut self, times: FrameTimes);

    /// How many fragments of datagrams were met: only they make something depend on packets before.
    fn fragments(&self) -> u64;
}

/// A run of packets, and what was seen before them. Records are gone through once: where the next one is, is known only when
/// the one before has come from memory, which takes longer than anything else that is done with it.
#[derive(Clone)]
struct Piece<'a> {
    packets: Arc<Vec<Packet<'a>>>,
    times: FrameTimes,
}

impl Piece<'_> {
    /// What `maker` makes of the piece; `None` if there are fragments and they may not be put together.
    fn make<M: Maker>(self, maker: &mut M, may_join: bool, mut made: M::Made) -> Option<M::Made> {
        maker.resume(self.times);
        let fragments = maker.fragments();
        for packet in self.packets.iter() {
            maker.take(packet, &mut made);
            if !may_join && maker.fragments() != fragments {
                return None;
            }
        }
        Some(made)
    }
}

/// The packets of a capture, cut into pieces.
pub(super) struct Cutter<'a> {
    packets: Packets<'a>,
    /// Packets of a piece.
    piece: usize,
    times: FrameTimes,
    left: u64,
    error: Option<Error>,
}

impl<'a> Cutter<'a> {
    /// The first `left` packets.
    pub(super) fn new(packets: Packets<'a>, left: u64, piece: usize) -> Self {
        Self { packets, piece, times: FrameTimes::default(), left, error: None }
    }

    fn next_piece(&mut self) -> Option<Piece<'a>> {
        /// What is taken before the packets have come.
        const MOST_EXPECTED: usize = 2048;
        let times = self.times;
        let mut packets = Vec::with_capacity(self.piece.min(MOST_EXPECTED));
        let mut bytes = 0;
        while self.left > 0 && packets.len() < self.piece && bytes < PIECE_BYTES && self.error.is_none() {
            match self.packets.next() {
                None => break,
                Some(Err(error)) => self.error = Some(error),
                Some(Ok(packet)) => {
                    self.times.advance(&packet);
                    bytes += packet.data.len();
                    self.left -= 1;
                    packets.push(packet);
                }
            }
        }
        (!packets.is_empty()).then(|| Piece { packets: Arc::new(packets), times })
    }
}

struct Work<'a, T> {
    piece: Piece<'a>,
    /// Memory to use again.
    made: T,
    reply: SyncSender<Option<T>>,
}

/// Works on the pieces and gives what is made to `put`, which leaves it empty; the error is where the capture ends early.
pub(super) fn run<M: Maker>(
    mut cutter: Cutter<'_>,
    maker: &mut M,
    threads: NonZeroUsize,
    put: &mut dyn FnMut(&mut M::Made) -> Result<(), Failure>,
) -> Result<Option<Error>, Failure> {
    let (sender, receiver) = mpsc::channel::<Work<'_, M::Made>>();
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        let mut workers = 0;
        for _ in 0..threads.get() {
            let mut own = maker.clone();
            let receiver = &receiver;
            // The system may refuse: then those that it gave do all the work, if need be none.
            let worker = thread::Builder::new().spawn_scoped(scope, move || work(&mut own, receiver));
            workers += usize::from(worker.is_ok());
        }
        let done = in_order(&mut cutter, &sender, workers + 2, maker, put);
        // Workers end when nothing can come any more.
        drop(sender);
        done
    })?;
    Ok(cutter.error)
}

fn work<M: Maker>(maker: &mut M, receiver: &Mutex<Receiver<Work<'_, M::Made>>>) {
    let unused = maker.clone();
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Work { piece, made, reply }) = next else { return };
        let made = piece.make(maker, false, made);
        if made.is_none() {
            maker.clone_from(&unused);
        }
        // Nobody waits for it after an error.
        let _ = reply.send(made);
    }
}

/// Sends pieces out, at most `ahead` before they are put, and puts what is made of them in their order.
fn in_order<'a, M: Maker>(
    cutter: &mut Cutter<'a>,
    sender: &Sender<Work<'a, M::Made>>,
    ahead: usize,
    maker: &mut M,
    put: &mut dyn FnMut(&mut M::Made) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut waiting = VecDeque::new();
    let mut spare = M::Made::default();
    loop {
        while waiting.len() < ahead
            && let Some(piece) = cutter.next_piece()
        {
            let (reply, made) = mpsc::sync_channel(1);
            waiting.push_back((piece.clone(), made));
            let work = Work { piece, made: std::mem::take(&mut spare), reply };
            // Without workers the reply is dropped with the work.
            let _ = sender.send(work);
        }
        let Some((piece, made)) = waiting.pop_front() else { return Ok(()) };
        let mut made = match made.recv().ok().flatten() {
            Some(made) => made,
            None => piece.make(maker, true, M::Made::default()).unwrap_or_default(),
        };
        put(&mut made)?;
        spare = made;
    }
}
