//! The one walk over the layers of a packet.

use crate::LinkType;
use crate::layers::{self, Ipv4, Kind, Layer, Span, Then, Udp};
use crate::packet::Packet;

/// How many layers a walk visits at most; 400 nested IP headers are decoded by the reference (semantics 6).
const MAX_LAYERS: u32 = 1024;
/// How many VLAN tags are decoded (semantics 6).
const MAX_VLAN_TAGS: u32 = 20;
/// How many layers with several packets inside may lie in each other.
const MAX_FORKS: usize = 4;

/// Where a walk came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Byte of the packet (or of the datagram put together from fragments) from which on nothing was decoded.
    pub offset: usize,
    /// The last layer; none if not even the link layer is known.
    pub layer: Option<Kind>,
    /// Why it went no further.
    pub reason: Reason,
}

/// Why a walk came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// What follows is payload, or a protocol that this crate does not decode.
    Payload,
    /// The capture ends within or before a header.
    Truncated,
    /// A header contradicts itself or the length of what surrounds it.
    Malformed,
    /// What follows is a piece of a datagram.
    Fragment,
    /// What follows is encrypted.
    Encrypted,
    /// A limit of the walk: 1024 layers, 20 VLAN tags.
    Limit,
}

/// An iterator over the layers of a packet, outermost first.
///
/// Layers of which only a part was captured are among them; their views say what is there. A fragment's payload is not
/// decoded: [`crate::Reassembler`] puts datagrams together, and [`Walk::datagram`] goes on in one.
///
/// # Cost
///
/// No allocation; each step is a table look-up and a few loads.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    /// What comes next.
    next: Option<(Kind, Span<'a>)>,
    /// Whose quotation that is.
    quoted_by: Option<Kind>,
    /// Whether it is in the first piece of a datagram, of which there is more elsewhere.
    in_piece: bool,
    /// Where to go on when that is finished: the other packets of layers that hold several.
    later: [Option<Later<'a>>; MAX_FORKS],
    layers_left: u32,
    vlan_tags: u32,
    last: Option<Kind>,
    stop: Option<Stop>,
}

/// Where another packet begins, and whose quotation it is.
type Later<'a> = (Kind, Span<'a>, Option<Kind>);

impl<'a> Walk<'a> {
    /// A walk over a captured packet.
    #[must_use]
    pub fn new(packet: &Packet<'a>) -> Self {
        Self::of(packet.link_type, packet.data, packet.wire_len as usize)
    }

    /// A walk over captured bytes of a link type, of which there were `wire_len` on the wire.
    #[must_use]
    pub fn of(link_type: LinkType, bytes: &'a [u8], wire_len: usize) -> Self {
        // The upper bits say whether there is a frame check sequence (semantics 7).
        Self::from(layers::of_link_type(link_type.0 & 0xffff), Span::new(bytes, wire_len))
    }

    /// A walk over the payload of a datagram, put together from fragments.
    #[must_use]
    pub fn datagram(ip_protocol: u8, payload: &'a [u8]) -> Self {
        Self::from(layers::of_ip_protocol(ip_protocol), Span::new(payload, payload.len()))
    }

    /// A walk that begins with a layer.
    pub(crate) fn from(first: Option<Kind>, span: Span<'a>) -> Self {
        let stop = Stop { offset: 0, layer: None, reason: Reason::Payload };
        Self {
            next: first.map(|kind| (kind, span)),
            quoted_by: None,
            in_piece: false,
            later: [None; MAX_FORKS],
            layers_left: MAX_LAYERS,
            vlan_tags: 0,
            last: None,
            stop: first.is_none().then_some(stop),
        }
    }

    /// Where and why the walk ended; none while it goes on. With several packets in one the last of them counts.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        self.stop.filter(|_| self.next.is_none())
    }

    /// The end of what was being decoded; another packet may wait.
    fn end(&mut self, reason: Reason, offset: usize) {
        self.stop = Some(Stop { offset, layer: self.last, reason });
        self.next = self.later.iter_mut().rev().find_map(Option::take).map(|(kind, span, quoted_by)| {
            self.quoted_by = quoted_by;
            (kind, span)
        });
    }

    /// Remembers where to go on later; innermost last.
    fn remember(&mut self, kind: Kind, span: Span<'a>) {
        if let Some(free) = self.later.iter_mut().find(|place| place.is_none()) {
            *free = Some((kind, span, self.quoted_by));
        }
    }

    fn is_within_limits(&mut self, kind: Kind) -> bool {
        self.layers_left = self.layers_left.saturating_sub(1);
        self.vlan_tags += u32::from(matches!(kind, Kind::Vlan | Kind::ServiceVlan));
        self.layers_left > 0 && self.vlan_tags <= MAX_VLAN_TAGS
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Layer<'a>;

    #[inline]
    fn next(&mut self) -> Option<Layer<'a>> {
        loop {
            let (kind, span) = self.next.take()?;
            if span.bytes().is_empty() {
                let reason = if span.wire_len() == 0 { Reason::Payload } else { Reason::Truncated };
                self.end(reason, span.offset());
                continue;
            }
            if !self.is_within_limits(kind) {
                self.later = [None; MAX_FORKS];
                self.end(Reason::Limit, span.offset());
                continue;
            }
            let then = match (kind, self.last) {
                // Jumbograms are IPv6's alone (semantics 6).
                (Kind::Udp, Some(Kind::Ipv4)) if Udp::from_prefix(span.bytes()).length() == Some(0) => {
                    Then::Stop(Reason::Malformed, span)
                }
                _ => layers::step(kind, span),
            };
            let layer = Layer {
                kind,
                span,
                quoted_by: self.quoted_by,
                in_piece: self.in_piece,
                is_ether_typed: matches!(then, Then::EtherType(..)),
            };
            self.last = Some(kind);
            if kind == Kind::Ipv4 {
                self.in_piece = Ipv4::from_prefix(span.bytes()).has_more();
            }
            if matches!(kind, Kind::Icmp | Kind::Icmpv6 | Kind::Sflow) {
                self.quoted_by = Some(kind);
            }
            match then {
                Then::Instead(kind) => {
                    self.next = Some((kind, span));
                    continue;
                }
                Then::Next(kind, span) => self.next = Some((kind, span)),
                Then::EtherType(ether_type, span) => match layers::of_ether_type(ether_type) {
                    Some(kind) => self.next = Some((kind, span)),
                    None => self.end(Reason::Payload, span.offset()),
                },
                Then::Both(first, (kind, span)) => {
                    self.remember(kind, span);
                    self.next = Some(first);
                }
                Then::Stop(reason, span) => self.end(reason, span.offset()),
            }
            return Some(layer);
        }
    }
}
