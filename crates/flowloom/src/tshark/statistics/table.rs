//! Conversations and endpoints: rows in the order in which they were first seen.
//!
//! A table takes at most 1 GiB: rows and slots with what both reserve as they grow. An IPv4 conversation takes up to some
//! 200 bytes so, five million fit.

use hashbrown::HashMap;
use pcap_headers::{EndKind, Segment, TimeParts};

use super::Seen;
use super::end::End;

/// What a table may take.
const MOST_BYTES: usize = 1 << 30;

/// A table takes no more rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the table of {} is full: {rows} rows take 1 GiB. What is printed counts the packets before that; count fewer at a time, \
     such as with -c", super::text::name(*.kind, *.is_conversation)
)]
pub(crate) struct Full {
    kind: EndKind,
    is_conversation: bool,
    rows: usize,
}

/// Rows of which as many fit as the bound says: both vectors and maps double.
const fn most_rows<Row, Key>() -> usize {
    MOST_BYTES / (2 * (size_of::<Row>() + size_of::<(Key, u32)>() + 1))
}

/// Packets and bytes of one direction. Bytes are signed for the reference.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) packets: u64,
    pub(super) bytes: i64,
}

impl Sum {
    #[inline]
    fn add(&mut self, bytes: i32) {
        self.packets += 1;
        self.bytes = self.bytes.wrapping_add(bytes.into());
    }
}

/// Two ends, the source of the first packet first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conversation<E> {
    pub(super) ends: [E; 2],
    /// From the first end, from the second.
    pub(super) sums: [Sum; 2],
    /// Since the first packet of the file.
    pub(super) earliest: TimeParts,
    pub(super) latest: TimeParts,
}

/// Pairs of ends; of TCP a row for each stream.
#[derive(Debug)]
pub(super) struct Conversations<E: End> {
    pub(super) kind: EndKind,
    pub(super) rows: Vec<Conversation<E>>,
    /// The last row of a pair.
    index: HashMap<E::Pair, u32>,
    /// The row that was counted last: the next packet is often of the same pair.
    last: usize,
    /// Of TCP: by row, what tells whether another stream begins.
    streams: Vec<Stream>,
}

impl<E: End> Conversations<E> {
    const MOST_ROWS: usize = most_rows::<(Conversation<E>, Stream), E::Pair>();

    pub(super) fn new(kind: EndKind) -> Self {
        Self { kind, rows: Vec::new(), index: HashMap::new(), last: 0, streams: Vec::new() }
    }

    #[inline]
    pub(super) fn add(&mut self, seen: &Seen<E>) -> Result<(), Full> {
        let [source, destination] = seen.ends;
        let is_turned = source > destination;
        let pair = E::pair(if is_turned { [destination, source] } else { [source, destination] });
        let is_last = |row: &Conversation<E>| {
            row.ends == seen.ends || (row.ends[0] == destination && row.ends[1] == source)
        };
        let known = match self.rows.get(self.last) {
            Some(row) if is_last(row) && self.kind != EndKind::Tcp => Some(self.last),
            _ => self.index.get(&pair).map(|row| *row as usize),
        };
        let mut place = known;
        if self.kind == EndKind::Tcp {
            if let Some(stream) = known.and_then(|row| self.streams.get_mut(row))
                && stream.ends_with(&seen.segment, is_turned)
            {
                place = None;
            }
            if seen.segment.is_quoted {
                return Ok(());
            }
        }
        let place = match place {
            Some(place) => place,
            None => self.begin(pair, seen)?,
        };
        if let Some(stream) = self.streams.get_mut(place) {
            stream.take(&seen.segment, is_turned);
        }
        self.last = place;
        if let Some(row) = self.rows.get_mut(place) {
            let [forth, back] = &mut row.sums;
            let sum = if row.ends[0] == source { forth } else { back };
            sum.add(seen.bytes);
            if compare(seen.time, row.latest) > 0 {
                row.latest = seen.time;
            } else if compare(seen.time, row.earliest) < 0 {
                row.earliest = seen.time;
            }
        }
        Ok(())
    }

    #[cold]
    fn begin(&mut self, pair: E::Pair, seen: &Seen<E>) -> Result<usize, Full> {
        let place = self.rows.len();
        let number = u32::try_from(place).ok().filter(|_| place < Self::MOST_ROWS);
        let number = number.ok_or(Full { kind: self.kind, is_conversation: true, rows: place })?;
        self.index.insert(pair, number);
        let (earliest, latest) = (seen.time, seen.time);
        self.rows.push(Conversation { ends: seen.ends, sums: Default::default(), earliest, latest });
        if self.kind == EndKind::Tcp {
            self.streams.push(Stream::default());
        }
        Ok(place)
    }

    /// The rows, those with most packets first.
    pub(super) fn sorted(&self) -> Vec<&Conversation<E>> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.sums[0].packets + row.sums[1].packets));
        rows
    }
}

/// Above zero if `a` is later; wrong as the reference is where times are further apart than 32 bits hold.
#[inline]
fn compare(a: TimeParts, b: TimeParts) -> i32 {
    if a.seconds == b.seconds {
        return a.nanos.wrapping_sub(b.nanos);
    }
    #[expect(clippy::cast_possible_truncation, reason = "tshark's own rule")]
    let seconds = a.seconds.wrapping_sub(b.seconds) as i32;
    seconds
}

/// What is known of the last stream between two ends: the number before the first byte of each direction.
///
/// A segment that opens a connection (SYN without ACK) with another number than its direction began with belongs to another
/// stream. Numbers come from the first segment of a direction or from what the other one acknowledges first; a segment
/// with SYN and ACK replaces that of its direction. Quoted segments open streams, but their numbers are not kept.
#[derive(Debug, Clone, Copy, Default)]
struct Stream {
    bases: [Option<u32>; 2],
    /// A quoted segment opened another stream, which has no row yet.
    is_over: bool,
}

impl Stream {
    /// Whether `segment` belongs to another stream.
    fn ends_with(&mut self, segment: &Segment, is_turned: bool) -> bool {
        const SYN_ACK: u16 = 0x12;
        const SYN: u16 = 0x02;
        if let Some(base) = &mut self.bases[usize::from(is_turned)] {
            match segment.flags & SYN_ACK {
                SYN => self.is_over |= *base != segment.sequence,
                SYN_ACK => *base = segment.sequence,
                _ => {}
            }
        }
        self.is_over
    }

    fn take(&mut self, segment: &Segment, is_turned: bool) {
        const SYN: u16 = 0x02;
        const ACK: u16 = 0x10;
        let [own, other] = if is_turned { [1, 0] } else { [0, 1] };
        let first = segment.sequence.wrapping_sub(u32::from(segment.flags & SYN == 0));
        self.bases[own].get_or_insert(first);
        if segment.flags & ACK != 0 {
            self.bases[other].get_or_insert_with(|| segment.acknowledgement.wrapping_sub(1));
        }
    }
}

/// What an end sent and what it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint<E> {
    pub(super) end: E,
    pub(super) sent: Sum,
    pub(super) received: Sum,
}

/// Ends one by one.
#[derive(Debug)]
pub(super) struct Endpoints<E> {
    pub(super) kind: EndKind,
    rows: Vec<Endpoint<E>>,
    index: HashMap<E, u32>,
}

impl<E: End> Endpoints<E> {
    const MOST_ROWS: usize = most_rows::<Endpoint<E>, E>();

    pub(super) fn new(kind: EndKind) -> Self {
        Self { kind, rows: Vec::new(), index: HashMap::new() }
    }

    #[inline]
    pub(super) fn add(&mut self, seen: &Seen<E>) -> Result<(), Full> {
        if seen.segment.is_quoted {
            return Ok(());
        }
        let [source, destination] = seen.ends;
        self.row(source)?.sent.add(seen.bytes);
        self.row(destination)?.received.add(seen.bytes);
        Ok(())
    }

    fn row(&mut self, end: E) -> Result<&mut Endpoint<E>, Full> {
        let rows = self.rows.len();
        let full = Full { kind: self.kind, is_conversation: false, rows };
        let place = match self.index.get(&end) {
            Some(place) => *place as usize,
            None => {
                let number = u32::try_from(rows).ok().filter(|_| rows < Self::MOST_ROWS).ok_or(full)?;
                self.index.insert(end, number);
                self.rows.push(Endpoint { end, sent: Sum::default(), received: Sum::default() });
                rows
            }
        };
        self.rows.get_mut(place).ok_or(full)
    }

    /// The rows, those with most packets first.
    pub(super) fn sorted(&self) -> Vec<&Endpoint<E>> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.sent.packets + row.received.packets));
        rows
    }
}
