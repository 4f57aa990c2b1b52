//! A capture in memory, looked at on several threads, piece by piece, and what is made of it in the order of the packets.
//!
//! What is made of a packet depends on packets before it in two ways. Their times are known where a piece is cut. Fragments
//! are not: a worker that meets one gives its piece up, and the piece is worked on here, in order, by the one maker
//! whose datagrams are put together.

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

    /// Whether a packet's number and the time of the packet before do not matter.
    const IS_APART: bool;

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

    /// The next piece, in memory that is used again.
    fn next_piece(&mut self, mut packets: Vec<Packet<'a>>) -> Option<Piece<'a>> {
        let times = self.times;
        let mut bytes = 0;
        packets.clear();
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

/// What a worker gets.
struct Work<'a, T> {
    piece: Piece<'a>,
    memory: T,
    reply: SyncSender<Option<T>>,
}

/// A piece that is worked on.
struct Awaited<'a, T> {
    piece: Piece<'a>,
    made: Receiver<Option<T>>,
}

/// Memory to use again.
struct Spare<'a, T> {
    packets: Vec<Packet<'a>>,
    made: T,
}

/// Works on the pieces and gives what is made to `put`, which leaves it empty; the error is where the capture ends early.
///
/// One thread cuts, some work, and the one that called puts.
pub(super) fn run<M: Maker>(
    cutter: Cutter<'_>,
    maker: &mut M,
    threads: NonZeroUsize,
    put: &mut dyn FnMut(&mut M::Made) -> Result<(), Failure>,
) -> Result<Option<Error>, Failure> {
    let (work_sender, work_receiver) = mpsc::channel();
    let work_receiver = Mutex::new(work_receiver);
    let (awaited_sender, awaited) = mpsc::sync_channel(threads.get() + 2);
    let (spare_sender, spare) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            let mut own = maker.clone();
            let receiver = &work_receiver;
            // The system may refuse: then those that it gave do all the work, if need be none.
            let _ = thread::Builder::new().spawn_scoped(scope, move || work(&mut own, receiver));
        }
        // Workers end when nothing can come any more: when the cutter has ended.
        let cutting = thread::Builder::new()
            .spawn_scoped(scope, move || cut(cutter, work_sender, awaited_sender, spare));
        let cutting =
            cutting.map_err(|error| Failure::Message(format!("no thread could be started: {error}")))?;
        let done = in_order(awaited, spare_sender, maker, put);
        let error = cutting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        done.map(|()| error)
    })
}

/// Sends pieces out, no more at a time than the one who waits for them takes.
fn cut<'a, T: Default>(
    mut cutter: Cutter<'a>,
    workers: Sender<Work<'a, T>>,
    awaited: SyncSender<Awaited<'a, T>>,
    spare: Receiver<Spare<'a, T>>,
) -> Option<Error> {
    loop {
        let (packets, memory) =
            spare.try_recv().map_or_else(|_| Default::default(), |Spare { packets, made }| (packets, made));
        let Some(piece) = cutter.next_piece(packets) else { return cutter.error };
        let (reply, made) = mpsc::sync_channel(1);
        // Without workers the reply is dropped with the work.
        let _ = workers.send(Work { piece: piece.clone(), memory, reply });
        // Nobody waits after an error.
        if awaited.send(Awaited { piece, made }).is_err() {
            return None;
        }
    }
}

fn work<M: Maker>(maker: &mut M, receiver: &Mutex<Receiver<Work<'_, M::Made>>>) {
    let unused = maker.clone();
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Work { piece, memory, reply }) = next else { return };
        let made = piece.make(maker, false, memory);
        if made.is_none() {
            maker.clone_from(&unused);
        }
        // Nobody waits for it after an error.
        let _ = reply.send(made);
    }
}

/// Puts what is made of the pieces in their order.
fn in_order<'a, M: Maker>(
    awaited: Receiver<Awaited<'a, M::Made>>,
    spare: Sender<Spare<'a, M::Made>>,
    maker: &mut M,
    put: &mut dyn FnMut(&mut M::Made) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for Awaited { piece, made } in awaited {
        let mut made = match made.recv().ok().flatten() {
            Some(made) => made,
            None => piece.clone().make(maker, true, M::Made::default()).unwrap_or_default(),
        };
        put(&mut made)?;
        if let Ok(packets) = Arc::try_unwrap(piece.packets) {
            // The cutter may have ended.
            let _ = spare.send(Spare { packets, made });
        }
    }
    Ok(())
}
