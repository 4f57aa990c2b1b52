//! A capture cut to pieces of whole packets, which can be decoded apart from each other.

use std::borrow::Cow;
use std::io::{self, Read};

use crate::ahead::Ahead;
use crate::container::Container;
use crate::error::{Error, ErrorKind, Result};
use crate::info::CaptureInfo;
use crate::linktype::LinkType;
use crate::options::Options;
use crate::packet::Packet;
use crate::report::Report;
use crate::time::TimeParts;
use crate::unit::{Found, Step};

/// Bytes after which a piece ends, however few packets it has.
const MOST: usize = 4 << 20;
/// Bytes that are read from a source at first, so that small captures take little.
const FIRST_READ: usize = 8 << 10;
/// Bytes that are read from a source at a time.
const READ: usize = 256 << 10;

/// Packets of a capture, one behind the other, with all that is needed to decode them by themselves.
///
/// Where they are was found by the [`Cutter`]; no record or block is looked at again.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    bytes: Cow<'a, [u8]>,
    offset: u64,
    marks: Vec<Mark>,
    /// Packets of the file before this piece.
    before: u64,
    /// Time of the file's first packet that has one, if it lies before this piece.
    first_ns: Option<i64>,
    /// Time of the last packet before this piece that has one.
    previous_ns: Option<i64>,
}

/// Where a packet is in a piece, and what its record says of it.
#[derive(Debug, Clone)]
struct Mark {
    start: usize,
    len: u32,
    wire_len: u32,
    link_type: LinkType,
    interface: Option<u32>,
    time_ns: Option<i64>,
}

/// A packet and its place in time among those of its file.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Timed<'a> {
    /// The packet; its [`time_parts`](Packet::time_parts) are the true time in two parts.
    pub packet: Packet<'a>,
    /// Nanoseconds since the last packet before it that has a time, 0 for the first; none if it has no time itself.
    pub delta_ns: Option<i64>,
    /// Nanoseconds since the first packet that has a time; none if it has no time itself.
    pub relative_ns: Option<i64>,
}

impl<'a> Piece<'a> {
    /// The number of packets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// The file offset of the piece's first byte.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The piece without its bytes, and the bytes: for who keeps them otherwise, such as by their place in a map.
    #[must_use]
    pub fn into_parts(self) -> (Piece<'static>, Cow<'a, [u8]>) {
        let Self { bytes, offset, marks, before, first_ns, previous_ns } = self;
        (Piece { bytes: Cow::Borrowed(&[]), offset, marks, before, first_ns, previous_ns }, bytes)
    }

    /// The packets of the piece.
    pub fn packets(&self) -> impl Iterator<Item = Timed<'_>> {
        self.packets_of(&self.bytes)
    }

    /// The packets of the piece whose bytes are `bytes`, as [`into_parts`](Self::into_parts) gave them.
    pub fn packets_of<'b>(&'b self, bytes: &'b [u8]) -> impl Iterator<Item = Timed<'b>> {
        let (mut number, mut first, mut previous) = (self.before, self.first_ns, self.previous_ns);
        self.marks.iter().map(move |mark| {
            number += 1;
            let time = mark.time_ns;
            let since = |other: &mut Option<i64>| {
                let time = time?;
                Some(time.saturating_sub(*other.get_or_insert(time)))
            };
            let (relative_ns, delta_ns) = (since(&mut first), since(&mut previous));
            previous = time.or(previous);
            let data = bytes.get(mark.start..).and_then(|rest| rest.get(..mark.len as usize));
            let packet = Packet {
                number,
                time_ns: time,
                time_parts: time.map(parts),
                link_type: mark.link_type,
                interface: mark.interface,
                data: data.unwrap_or_default(),
                wire_len: mark.wire_len,
            };
            Timed { packet, delta_ns, relative_ns }
        })
    }
}

#[inline]
fn parts(ns: i64) -> TimeParts {
    const NANOS: i64 = 1_000_000_000;
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of a thousand million")]
    let nanos = ns.rem_euclid(NANOS) as i32;
    TimeParts { seconds: ns.div_euclid(NANOS), nanos }
}

/// Cuts a capture to [`Piece`]s of at most so many packets, from memory or from a source.
///
/// It goes from record to record, so that damage is met here: the packets before it come in a piece of their own, then the
/// error, then nothing more. From memory the cuts depend on the capture and the number asked for alone; a source that
/// gives little at a time makes smaller pieces, so that what has arrived is not kept waiting. One wait is left: the shape of
/// the records of a pcap file with microseconds is guessed from the first three, so a live one gives nothing before its third
/// packet (or its end), unless [`Options::with_variant_guess`] says not to guess.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use pcap_headers::{Cutter, Options};
/// let file = std::fs::read("trace.pcap")?;
/// let mut cutter = Cutter::new(Options::default(), 8192);
/// while let Some(piece) = cutter.next_of(&file) {
///     // Each piece might as well be sent to another thread.
///     for timed in piece?.packets() {
///         println!("{} {:?}", timed.packet.number, timed.delta_ns);
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Cutter {
    container: Container,
    ahead: Ahead,
    packets: usize,
    first_ns: Option<i64>,
    previous_ns: Option<i64>,
    state: State,
    /// Bytes that were read from a source; those before `taken` are in pieces.
    pending: Vec<u8>,
    taken: usize,
    /// What is read at a time.
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Cutting,
    /// The source has ended.
    Ended,
    /// The source failed; what it gave before comes first.
    Broken(io::Error),
    /// What came before the error is in the piece that was given last.
    Failing(Error),
    Done,
}

/// Why there is no more of a piece.
enum Stop {
    Full,
    /// The next unit needs bytes that are not there.
    Need {
        what: &'static str,
        total: usize,
    },
    Damage(Error),
}

/// What is gathered for a piece: marks relative to the first byte that was looked at.
struct Gathered {
    marks: Vec<Mark>,
    /// Bytes of whole units.
    len: usize,
    stop: Stop,
}

impl Cutter {
    /// A cutter of a capture of either kind into pieces of at most so many packets, and of 4 MiB and a packet.
    #[must_use]
    pub fn new(options: Options, packets: usize) -> Self {
        Self {
            container: Container::new(options),
            ahead: Ahead::default(),
            packets: packets.max(1),
            first_ns: None,
            previous_ns: None,
            state: State::Cutting,
            pending: Vec::new(),
            taken: 0,
            buffer: Vec::new(),
        }
    }

    /// What the capture said about itself so far.
    #[must_use]
    pub fn info(&self) -> &CaptureInfo {
        self.container.info()
    }

    /// What was cut so far, and what was odd.
    #[must_use]
    pub fn report(&self) -> &Report {
        self.container.report()
    }

    /// The next piece of `file`, the whole capture in memory: pass the same bytes in every call.
    ///
    /// # Errors
    /// As [`crate::Packets`]. Nothing comes after an error.
    pub fn next_of<'a>(&mut self, file: &'a [u8]) -> Option<Result<Piece<'a>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Failing(error) => return Some(Err(error)),
                State::Done => return None,
                _ => {}
            }
            let offset = self.container.offset();
            let rest = usize::try_from(offset).ok().and_then(|from| file.get(from..)).unwrap_or_default();
            let piece = self.empty_piece(offset);
            let Gathered { marks, len, stop } = self.gather(rest, true);
            self.state = match stop {
                Stop::Full => State::Cutting,
                Stop::Damage(error) => State::Failing(error),
                Stop::Need { what, total } => self.ended(what, total, rest.len() - len),
            };
            // Without packets there is nothing to give but an error or the end, or more blocks follow.
            if !marks.is_empty() {
                let bytes = Cow::Borrowed(rest.get(..len).unwrap_or_default());
                return Some(Ok(Piece { bytes, marks, ..piece }));
            }
        }
    }

    /// The next piece of the capture that `source` gives: pass the same source in every call.
    ///
    /// Holds the bytes of a piece, or one record or block if that is larger (bound by [`Limits`](crate::Limits), taken as
    /// its bytes arrive).
    ///
    /// # Errors
    /// As [`next_of`](Self::next_of); `Io` if the source fails, behind all packets that it gave.
    pub fn next_from(&mut self, source: &mut impl Read) -> Option<Result<Piece<'static>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Failing(error) => return Some(Err(error)),
                State::Done => return None,
                state => self.state = state,
            }
            let end = !matches!(self.state, State::Cutting);
            let piece = self.empty_piece(self.container.offset());
            let pending = std::mem::take(&mut self.pending);
            let bytes = pending.get(self.taken..).unwrap_or_default();
            let Gathered { marks, len, stop } = self.gather(bytes, end);
            let (gathered, rest) = bytes.split_at_checked(len).unwrap_or_default();
            let have = rest.len();
            // Copied, so that small pieces of much that has arrived cost no more than large ones.
            let owned = if marks.is_empty() { Vec::new() } else { gathered.to_vec() };
            self.taken += len;
            self.pending = pending;
            let mut wanted = None;
            match stop {
                Stop::Full => {}
                Stop::Damage(error) => self.state = State::Failing(error),
                Stop::Need { what, total } if end => {
                    self.state = match std::mem::replace(&mut self.state, State::Done) {
                        State::Broken(error) => {
                            let at = self.container.offset() + have as u64;
                            State::Failing(Error::new(ErrorKind::Io(error)).at(at))
                        }
                        _ => self.ended(what, total, have),
                    };
                }
                Stop::Need { total, .. } => wanted = Some(total),
            }
            if !marks.is_empty() {
                return Some(Ok(Piece { bytes: Cow::Owned(owned), marks, ..piece }));
            }
            if let Some(total) = wanted {
                self.fill(source, total);
            }
        }
    }

    /// A piece that begins here.
    fn empty_piece<'a>(&self, offset: u64) -> Piece<'a> {
        Piece {
            bytes: Cow::Borrowed(&[]),
            offset,
            marks: Vec::new(),
            before: self.container.report().packets,
            first_ns: self.first_ns,
            previous_ns: self.previous_ns,
        }
    }

    /// Goes from unit to unit until there is enough for a piece.
    fn gather(&mut self, bytes: &[u8], end: bool) -> Gathered {
        let mut gathered = Gathered { marks: Vec::new(), len: 0, stop: Stop::Full };
        while gathered.marks.len() < self.packets && gathered.len < MOST {
            let unit = bytes.get(gathered.len..).unwrap_or_default();
            self.ahead.look(unit);
            match self.container.step(unit, end) {
                Ok(Step::Unit { len, found }) => {
                    if let Some(found) = found {
                        if gathered.marks.is_empty() {
                            gathered.marks.reserve(self.packets.min(unit.len() / 48 + 1));
                        }
                        let mark = Mark::new(&found, gathered.len);
                        self.first_ns = self.first_ns.or(mark.time_ns);
                        self.previous_ns = mark.time_ns.or(self.previous_ns);
                        gathered.marks.push(mark);
                    }
                    gathered.len += len;
                    self.ahead.pass(len);
                }
                Ok(Step::Need { what, total }) => {
                    gathered.stop = Stop::Need { what, total };
                    break;
                }
                Err(error) => {
                    gathered.stop = Stop::Damage(error);
                    break;
                }
            }
        }
        gathered
    }

    fn ended(&mut self, what: &'static str, total: usize, have: usize) -> State {
        match self.container.ended(what, total, have) {
            Ok(()) => State::Done,
            Err(error) => State::Failing(error),
        }
    }

    /// Reads until `total` bytes are there, and on as long as the source gives much at a time. What is announced takes memory
    /// only as it arrives.
    fn fill(&mut self, source: &mut impl Read, total: usize) {
        /// What a reader that has more to give at once gives at least.
        const MUCH: usize = 32 << 10;
        self.pending.drain(..self.taken);
        self.taken = 0;
        loop {
            let usual = if self.buffer.is_empty() { FIRST_READ } else { READ };
            if self.buffer.len() < usual {
                self.buffer.resize(usual, 0);
            }
            match source.read(&mut self.buffer) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => self.state = State::Broken(error),
                Ok(0) => self.state = State::Ended,
                Ok(n) => {
                    // A reader that claims more than it was given is not believed.
                    let n = n.min(self.buffer.len());
                    self.pending.extend_from_slice(self.buffer.get(..n).unwrap_or_default());
                    let have = self.pending.len();
                    if have < total || (n >= MUCH.min(self.buffer.len()) && have < MOST / 4) {
                        continue;
                    }
                }
            }
            return;
        }
    }
}

impl Mark {
    #[inline]
    fn new(found: &Found, unit_at: usize) -> Self {
        Self {
            start: unit_at + found.data.start,
            // Limited to what a unit may have.
            len: u32::try_from(found.data.len()).unwrap_or(u32::MAX),
            wire_len: found.wire_len,
            link_type: found.link_type,
            interface: found.interface,
            time_ns: found.time.map(|time| time.ns),
        }
    }
}

/// Looks at the first bytes of a capture, at least 28 of them unless it has fewer, and tells whether it can be read on.
///
/// # Errors
/// `Malformed` or `Unsupported` if this is no capture, or one of a kind that is not read.
pub fn check_beginning(bytes: &[u8], options: Options) -> Result<()> {
    let mut container = Container::new(options);
    match container.step(bytes, false)? {
        Step::Unit { .. } => Ok(()),
        Step::Need { what, total } if bytes.len() < total => {
            Err(Error::truncated(what, total, bytes.len()).at(0))
        }
        Step::Need { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Packets;

    /// Gives at most so many bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(buffer.len());
            self.0.read(&mut buffer[..len])
        }
    }

    fn files() -> Vec<Vec<u8>> {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pcap");
        let mut files = vec![Vec::new()];
        let mut folders = vec![std::path::PathBuf::from(root)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let is_capture = path.extension().is_some_and(|e| e == "pcap" || e == "pcapng");
                if path.is_dir() {
                    folders.push(path);
                } else if is_capture {
                    files.push(std::fs::read(path).unwrap());
                }
            }
        }
        assert!(files.len() > 100);
        files
    }

    type Pieces<'a> = Box<dyn FnMut(&mut Cutter) -> Option<Result<Piece<'a>>> + 'a>;

    /// However it is cut, the packets and the error are those of the plain iterator.
    #[test]
    fn cuts_change_nothing() {
        for file in files() {
            let mut packets = Packets::new(&file);
            let (mut expected, mut failure) = (Vec::new(), None);
            for packet in &mut packets {
                match packet {
                    Ok(packet) => expected.push(packet),
                    Err(error) => failure = Some(error.to_string()),
                }
            }
            let (mut first, mut previous) = (None, None);
            let mut times = Vec::new();
            for packet in &mut expected {
                packet.time_parts = packet.time_ns.map(parts);
                let time = packet.time_ns;
                first = first.or(time);
                times.push((
                    time.map(|time| time.saturating_sub(previous.unwrap_or(time))),
                    time.map(|time| time.saturating_sub(first.unwrap_or(time))),
                ));
                previous = time.or(previous);
            }
            for most in [1, 2, 3, 8192] {
                let mut slow = [Slow(&file, 1), Slow(&file, 100), Slow(&file, usize::MAX)];
                let [one, some, all] = &mut slow;
                let ways: [Pieces<'_>; 4] = [
                    Box::new(|cutter| cutter.next_of(&file)),
                    Box::new(|cutter| cutter.next_from(one)),
                    Box::new(|cutter| cutter.next_from(some)),
                    Box::new(|cutter| cutter.next_from(all)),
                ];
                for mut next in ways {
                    let mut cutter = Cutter::new(Options::default(), most);
                    let (mut at, mut found) = (0, None);
                    while let Some(piece) = next(&mut cutter) {
                        let piece = match piece {
                            Ok(piece) => piece,
                            Err(error) => {
                                found = Some(error.to_string());
                                assert!(next(&mut cutter).is_none());
                                break;
                            }
                        };
                        assert!(!piece.is_empty() && piece.len() <= most);
                        for timed in piece.packets() {
                            assert_eq!(Some(&timed.packet), expected.get(at));
                            assert_eq!((timed.delta_ns, timed.relative_ns), times[at]);
                            at += 1;
                        }
                    }
                    assert!(next(&mut cutter).is_none());
                    assert_eq!((at, &found), (expected.len(), &failure));
                    assert_eq!(cutter.report(), packets.report());
                    assert_eq!(cutter.info(), packets.info());
                }
            }
        }
    }

    #[test]
    fn the_third_packet_is_waited_for_only_to_guess() {
        /// Notes whether more was asked for than has arrived.
        struct Live<'a>(&'a [u8], bool);
        impl Read for Live<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.1 |= self.0.is_empty();
                self.0.read(buffer)
            }
        }
        let header = *b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\x01\0\0\0";
        let record = *b"\x0F\x19\xED\x57\xD6\x8C\x09\0\x04\0\0\0\x40\0\0\0\x02\0\0\0";
        let first = |options, records: usize| {
            let live = [&header[..], &record.repeat(records)].concat();
            let mut source = Live(&live, false);
            let piece = Cutter::new(options, 8192).next_from(&mut source).unwrap().unwrap();
            (piece.len(), source.1)
        };
        assert_eq!(first(Options::default(), 3), (3, false));
        assert_eq!(first(Options::default(), 2), (2, true));
        assert_eq!(first(Options::default().with_variant_guess(false), 1), (1, false));
    }

    #[test]
    fn a_beginning_is_looked_at() {
        for file in files() {
            let first = Packets::new(&file).next();
            let refused = check_beginning(&file, Options::default()).err();
            if let Some(error) = refused {
                let found = first.and_then(std::result::Result::err).map(|e| e.to_string());
                assert!(file.is_empty() || found == Some(error.to_string()), "{error}");
            }
        }
        let future = *b"\xD4\xC3\xB2\xA1\x01\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\x01\0\0\0";
        assert_eq!(
            check_beginning(&future, Options::default()).unwrap_err().class(),
            crate::Class::Unsupported
        );
    }
}
