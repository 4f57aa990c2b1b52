//! A pcap file in memory, walked on several threads at once, and what is made of it in the order of the packets.
//!
//! A walk from record to record takes longer than all that is made of the headers for a table. So every worker has a segment
//! of the file, begins at a record that it guesses, and goes on until it is behind the segment's end. If the segments before
//! end exactly where it began, the guess was right. Else, and where a segment has fragments or an error, it is walked again
//! here, in order. So what comes out depends neither on guesses nor on the number of threads.
//!
//! Only for makers to whom a packet's number and the time of the one before do not matter.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use mapped_input::Mapped;
use pcap_headers::{Error, FrameTimes, Packets};

use super::pieces::Maker;
use crate::rwcut::Failure;

/// Bytes of a segment: several of the longest packets, and with what is made of them it stays in the cache.
const SEGMENT: u64 = 1 << 20;

/// A capture that can be walked in segments.
#[derive(Clone)]
pub(super) struct Segments<'a> {
    map: &'a Mapped,
    file: &'a [u8],
    /// The whole capture.
    capture: Packets<'a>,
    /// One that has given its first packet: it knows the records.
    opened: Packets<'a>,
    /// With the first packet.
    times: FrameTimes,
    bytes: u64,
}

/// What was walked: from where to where, and what was made of it.
struct Walked<T> {
    from: u64,
    to: u64,
    made: T,
}

struct Work<T> {
    number: u64,
    memory: T,
    reply: SyncSender<Option<Walked<T>>>,
}

impl<'a> Segments<'a> {
    /// None if it is no pcap file, or has no first packet.
    pub(super) fn new(map: &'a Mapped, capture: Packets<'a>, bytes: Option<NonZeroUsize>) -> Option<Self> {
        let file = map.as_ref();
        let mut opened = capture.clone();
        let first = opened.next()?.ok()?;
        opened.at(file, opened.offset())?;
        let mut times = FrameTimes::default();
        times.advance(&first);
        let bytes = bytes.map_or(SEGMENT, |bytes| bytes.get() as u64);
        Some(Self { map, file, capture, opened, times, bytes })
    }

    fn count(&self) -> u64 {
        (self.file.len() as u64).div_ceil(self.bytes)
    }

    /// The offset at which a segment ends.
    fn end(&self, number: u64) -> u64 {
        (number + 1).saturating_mul(self.bytes)
    }

    /// A walk that begins in a segment, perhaps at a record.
    fn begin(&self, number: u64) -> Option<Packets<'a>> {
        match number {
            0 => Some(self.capture.clone()),
            _ => self.opened.guess(self.file, number * self.bytes),
        }
    }

    /// What a worker makes of a segment; none if that has to be done in order.
    fn walk<M: Maker>(&self, number: u64, maker: &mut M, mut made: M::Made) -> Option<Walked<M::Made>> {
        let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        self.map.expect(place(number * self.bytes)..place(self.end(number)));
        let mut packets = self.begin(number)?;
        let (from, fragments) = (packets.offset(), maker.fragments());
        maker.resume(self.times);
        while packets.offset() < self.end(number) {
            match packets.next() {
                None => break,
                Some(packet) => maker.take(&packet.ok()?, &mut made),
            }
            if maker.fragments() != fragments {
                return None;
            }
        }
        Some(Walked { from, to: packets.offset(), made })
    }

    /// What is made of a segment from a record on, and where the next one is, or the error that ends the capture.
    fn walk_on<M: Maker>(&self, number: u64, from: u64, maker: &mut M) -> (Result<u64, Error>, M::Made) {
        let mut made = M::Made::default();
        let packets = if from == 0 { Some(self.capture.clone()) } else { self.opened.at(self.file, from) };
        let Some(mut packets) = packets else { return (Ok(from), made) };
        maker.resume(self.times);
        while packets.offset() < self.end(number) {
            match packets.next() {
                None => break,
                Some(Ok(packet)) => maker.take(&packet, &mut made),
                Some(Err(error)) => return (Err(error), made),
            }
        }
        (Ok(packets.offset()), made)
    }
}

/// Gives what is made of all segments to `put`, which leaves it empty; the error is where the capture ends early.
pub(super) fn run<M: Maker>(
    segments: &Segments<'_>,
    maker: &mut M,
    threads: NonZeroUsize,
    put: &mut dyn FnMut(&mut M::Made) -> Result<(), Failure>,
) -> Result<Option<Error>, Failure> {
    let (sender, receiver) = mpsc::channel();
    let receiver = Mutex::new(receiver);
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            let (mut own, receiver) = (maker.clone(), &receiver);
            // The system may refuse: then those that it gave do all the work, if need be none.
            let _ = thread::Builder::new().spawn_scoped(scope, move || work(segments, &mut own, receiver));
        }
        let done = in_order(segments, &sender, threads.get() + 2, maker, put);
        // Workers end when nothing can come any more.
        drop(sender);
        done
    })
}

fn work<M: Maker>(segments: &Segments<'_>, maker: &mut M, receiver: &Mutex<Receiver<Work<M::Made>>>) {
    let unused = maker.clone();
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Work { number, memory, reply }) = next else { return };
        let walked = segments.walk(number, maker, memory);
        if walked.is_none() {
            maker.clone_from(&unused);
        }
        // Nobody waits for it after an error.
        let _ = reply.send(walked);
    }
}

/// Hands segments out, at most `ahead` before they are put, and puts what is made of them in their order.
fn in_order<M: Maker>(
    segments: &Segments<'_>,
    sender: &Sender<Work<M::Made>>,
    ahead: usize,
    maker: &mut M,
    put: &mut dyn FnMut(&mut M::Made) -> Result<(), Failure>,
) -> Result<Option<Error>, Failure> {
    let mut waiting = VecDeque::new();
    let mut spare = Vec::new();
    let (mut numbers, mut at) = (0..segments.count(), 0);
    loop {
        while waiting.len() < ahead
            && let Some(number) = numbers.next()
        {
            let (reply, walked) = mpsc::sync_channel(1);
            waiting.push_back((number, walked));
            // Without workers the reply is dropped with the work.
            let _ = sender.send(Work { number, memory: spare.pop().unwrap_or_default(), reply });
        }
        let Some((number, walked)) = waiting.pop_front() else { return Ok(None) };
        let walked = walked.recv().ok().flatten();
        let (next, mut made) = match walked {
            // It lies within a packet.
            _ if at >= segments.end(number) => continue,
            Some(Walked { from, to, made }) if from == at => (Ok(to), made),
            _ => segments.walk_on(number, at, maker),
        };
        put(&mut made)?;
        spare.push(made);
        match next {
            Ok(next) => at = next,
            Err(error) => return Ok(Some(error)),
        }
    }
}
