//! A capture in memory, printed on several threads, piece by piece in the order of the packets.
//!
//! A line depends on packets before it in two ways. The times of the packets before are known where a piece is cut. Fragments
//! are not: a worker that meets one gives its piece up, and the piece is printed here, in order, by the one printer
//! whose datagrams are put together.

use std::collections::VecDeque;
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use pcap_headers::{Error, FrameTimes, Packets};

use super::text::Printer;
use crate::rwcut::Failure;

/// How many captured bytes are printed at a time: lines can be many times as long as packets.
const PIECE_BYTES: usize = 1 << 20;

/// A run of packets: where they begin, how many there are, and what was seen before them.
#[derive(Clone)]
struct Piece<'a> {
    packets: Packets<'a>,
    count: usize,
    times: FrameTimes,
}

impl Piece<'_> {
    /// The lines of the piece; `None` if there are fragments and they may not be put together.
    fn lines(self, printer: &mut Printer, may_join: bool, mut out: Vec<u8>) -> Option<Vec<u8>> {
        printer.resume(self.times);
        let fragments = printer.fragments();
        for packet in self.packets.take(self.count).map_while(Result::ok) {
            printer.line(&packet, &mut out);
            if !may_join && printer.fragments() != fragments {
                return None;
            }
        }
        Some(out)
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
        let mut piece = Piece { packets: self.packets.clone(), count: 0, times: self.times };
        let mut bytes = 0;
        while self.left > 0 && piece.count < self.piece && bytes < PIECE_BYTES && self.error.is_none() {
            match self.packets.next() {
                None => break,
                Some(Err(error)) => self.error = Some(error),
                Some(Ok(packet)) => {
                    self.times.advance(&packet);
                    piece.count += 1;
                    bytes += packet.data.len();
                    self.left -= 1;
                }
            }
        }
        (piece.count > 0).then_some(piece)
    }
}

struct Work<'a> {
    piece: Piece<'a>,
    /// Memory to use again.
    lines: Vec<u8>,
    reply: SyncSender<Option<Vec<u8>>>,
}

/// Prints the pieces; the error is where the capture ends early.
pub(super) fn print(
    mut cutter: Cutter<'_>,
    printer: &mut Printer,
    threads: NonZeroUsize,
    out: &mut dyn Write,
) -> Result<Option<Error>, Failure> {
    let (sender, receiver) = mpsc::channel::<Work<'_>>();
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        let mut workers = 0;
        for _ in 0..threads.get() {
            let mut own = printer.clone();
            let receiver = &receiver;
            // The system may refuse: then those that it gave do all the work, if need be none.
            let worker = thread::Builder::new().spawn_scoped(scope, move || work(&mut own, receiver));
            workers += usize::from(worker.is_ok());
        }
        let done = in_order(&mut cutter, &sender, workers + 2, printer, out);
        // Workers end when nothing can come any more.
        drop(sender);
        done
    })?;
    Ok(cutter.error)
}

fn work(printer: &mut Printer, receiver: &Mutex<Receiver<Work<'_>>>) {
    let unused = printer.clone();
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Work { piece, lines, reply }) = next else { return };
        let lines = piece.lines(printer, false, lines);
        if lines.is_none() {
            printer.clone_from(&unused);
        }
        // Nobody waits for it after an error.
        let _ = reply.send(lines);
    }
}

/// Sends pieces out, at most `ahead` before they are written, and writes them in their order.
fn in_order<'a>(
    cutter: &mut Cutter<'a>,
    sender: &Sender<Work<'a>>,
    ahead: usize,
    printer: &mut Printer,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut waiting = VecDeque::new();
    let mut spare = Vec::new();
    loop {
        while waiting.len() < ahead
            && let Some(piece) = cutter.next_piece()
        {
            let (reply, lines) = mpsc::sync_channel(1);
            waiting.push_back((piece.clone(), lines));
            let work = Work { piece, lines: std::mem::take(&mut spare), reply };
            // Without workers the reply is dropped with the work.
            let _ = sender.send(work);
        }
        let Some((piece, lines)) = waiting.pop_front() else { return Ok(()) };
        let lines = match lines.recv().ok().flatten() {
            Some(lines) => lines,
            None => piece.lines(printer, true, Vec::new()).unwrap_or_default(),
        };
        out.write_all(&lines)?;
        spare = lines;
        spare.clear();
    }
}
