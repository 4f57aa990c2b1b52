//! `tshark -q -z`: conversations and endpoints as tables, byte for byte as tshark 4.0.17 prints them (semantics 8 and 9).
//!
//! Workers find the ends of headers in pieces of the capture; what they found is counted in the order of the packets,
//! so that rows do not depend on how many there are.

mod end;
mod table;
mod text;

use std::io;

use pcap_headers::{EndKind, EndPair, Ends, FrameTimes, Packet, TimeParts};

use super::pieces::Maker;
use end::{End, Ipv4End, Ipv6End, MacEnd, PortEnd};
use table::{Conversations, Endpoints, Full};
use text::Put;

/// One table: whose ends, and whether they count one by one or in pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statistic {
    pub(super) kind: EndKind,
    pub(super) is_conversation: bool,
}

/// Names as `-z` takes them.
const KINDS: [(&str, EndKind); 5] = [
    ("ip", EndKind::Ipv4),
    ("ipv6", EndKind::Ipv6),
    ("eth", EndKind::Eth),
    ("tcp", EndKind::Tcp),
    ("udp", EndKind::Udp),
];
const TABLES: [(&str, bool); 2] = [("conv", true), ("endpoints", false)];

impl Statistic {
    /// The statistic of a name. The error is a message.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let mut words = name.splitn(3, ',');
        let mut next = || words.next().unwrap_or_default();
        let (table, kind) = (next(), next());
        let table = TABLES.iter().find(|known| known.0 == table);
        let kind = KINDS.iter().find(|known| known.0 == kind);
        let (Some((_, is_conversation)), Some((_, kind))) = (table, kind) else {
            return Err(format!("-z {name} is not supported: only {} are", Self::names().join(", ")));
        };
        match words.next() {
            None => Ok(Self { kind: *kind, is_conversation: *is_conversation }),
            Some(filter) => Err(format!("-z {name}: the filter \"{filter}\" is not supported")),
        }
    }

    /// All names.
    pub(super) fn names() -> Vec<String> {
        let with = |table: &str| KINDS.map(|(kind, _)| format!("{table},{kind}"));
        TABLES.iter().flat_map(|(table, _)| with(table)).collect()
    }
}

/// A header that counts, or one that at least opens a stream.
#[derive(Debug, Clone, Copy)]
struct Seen<E> {
    ends: [E; 2],
    /// Since the first packet of the file.
    time: TimeParts,
    bytes: i32,
    segment: pcap_headers::Segment,
}

/// The headers of a piece, by what they are.
#[derive(Debug, Default)]
pub(super) struct Found {
    eth: Vec<Seen<MacEnd>>,
    ipv4: Vec<Seen<Ipv4End>>,
    ipv6: Vec<Seen<Ipv6End>>,
    tcp: Vec<Seen<PortEnd>>,
    udp: Vec<Seen<PortEnd>>,
}

/// Finds the headers of packet after packet.
#[derive(Debug, Clone)]
pub(super) struct Finder {
    ends: Ends,
    times: FrameTimes,
}

impl Finder {
    pub(super) fn new(statistics: &[Statistic]) -> Self {
        let ends = Ends::new(statistics.iter().map(|statistic| statistic.kind));
        Self { ends, times: FrameTimes::default() }
    }
}

impl Maker for Finder {
    type Made = Found;
    const IS_APART: bool = true;

    #[inline]
    fn take(&mut self, packet: &Packet<'_>, found: &mut Found) {
        self.times.advance(packet);
        let time = self.times.since_first();
        #[expect(clippy::cast_possible_wrap, reason = "tshark's own rule")]
        let bytes = packet.frame_len() as i32;
        self.ends.read(packet, |pair| match pair.kind {
            EndKind::Eth => push(&mut found.eth, pair, time, bytes),
            EndKind::Ipv4 => push(&mut found.ipv4, pair, time, bytes),
            EndKind::Ipv6 => push(&mut found.ipv6, pair, time, bytes),
            EndKind::Tcp => push(&mut found.tcp, pair, time, bytes),
            EndKind::Udp => push(&mut found.udp, pair, time, bytes),
        });
    }

    fn resume(&mut self, times: FrameTimes) {
        self.times = times;
    }

    fn fragments(&self) -> u64 {
        self.ends.fragments()
    }
}

#[inline]
fn push<E: End>(list: &mut Vec<Seen<E>>, pair: &EndPair, time: TimeParts, bytes: i32) {
    list.push(Seen { ends: E::of(pair), time, bytes, segment: pair.segment });
}

/// The tables that were asked for, each once.
#[derive(Debug)]
pub(super) struct Tables {
    eth: Counted<MacEnd>,
    ipv4: Counted<Ipv4End>,
    ipv6: Counted<Ipv6End>,
    tcp: Counted<PortEnd>,
    udp: Counted<PortEnd>,
}

/// What is counted of one kind of ends.
#[derive(Debug)]
struct Counted<E: End> {
    conversations: Option<Conversations<E>>,
    endpoints: Option<Endpoints<E>>,
}

impl<E: End> Counted<E> {
    fn new(statistics: &[Statistic], kind: EndKind) -> Self {
        let wanted = |is_conversation| statistics.contains(&Statistic { kind, is_conversation });
        Self {
            conversations: wanted(true).then(|| Conversations::new(kind)),
            endpoints: wanted(false).then(|| Endpoints::new(kind)),
        }
    }

    /// Counts a list, which is empty then.
    fn add(&mut self, list: &mut Vec<Seen<E>>) -> Result<(), Full> {
        if let Some(conversations) = &mut self.conversations {
            list.iter().try_for_each(|seen| conversations.add(seen))?;
        }
        if let Some(endpoints) = &mut self.endpoints {
            list.iter().try_for_each(|seen| endpoints.add(seen))?;
        }
        list.clear();
        Ok(())
    }

    fn write(&self, is_conversation: bool, put: &mut Put<'_>) -> io::Result<()> {
        match (&self.conversations, &self.endpoints) {
            (Some(conversations), _) if is_conversation => conversations.write(put),
            (_, Some(endpoints)) if !is_conversation => endpoints.write(put),
            _ => Ok(()),
        }
    }
}

impl Tables {
    pub(super) fn new(statistics: &[Statistic]) -> Self {
        Self {
            eth: Counted::new(statistics, EndKind::Eth),
            ipv4: Counted::new(statistics, EndKind::Ipv4),
            ipv6: Counted::new(statistics, EndKind::Ipv6),
            tcp: Counted::new(statistics, EndKind::Tcp),
            udp: Counted::new(statistics, EndKind::Udp),
        }
    }

    /// Counts what was found, which is empty then.
    pub(super) fn add(&mut self, found: &mut Found) -> Result<(), Full> {
        self.eth.add(&mut found.eth)?;
        self.ipv4.add(&mut found.ipv4)?;
        self.ipv6.add(&mut found.ipv6)?;
        self.tcp.add(&mut found.tcp)?;
        self.udp.add(&mut found.udp)
    }

    /// Puts the table of a statistic.
    pub(super) fn write(&self, statistic: Statistic, put: &mut Put<'_>) -> io::Result<()> {
        match statistic.kind {
            EndKind::Eth => self.eth.write(statistic.is_conversation, put),
            EndKind::Ipv4 => self.ipv4.write(statistic.is_conversation, put),
            EndKind::Ipv6 => self.ipv6.write(statistic.is_conversation, put),
            EndKind::Tcp => self.tcp.write(statistic.is_conversation, put),
            EndKind::Udp => self.udp.write(statistic.is_conversation, put),
        }
    }
}
