//! Transport protocols, ICMP and the packets that its errors quote, ARP.

use super::{Icmp, Kind, Sctp, Span, Tcp, Then, Udp, tables};
use crate::walk::Reason;

/// TCP (RFC 9293); what it carries is not decoded.
pub(super) fn tcp(span: Span<'_>) -> Option<Then<'_>> {
    let header = Tcp::from_prefix(span.bytes());
    let len = header.header_len()?;
    if len < Tcp::LEN {
        return Some(Then::Stop(Reason::Malformed, span));
    }
    header.is_complete().then(|| Then::Stop(Reason::Payload, span.after(len)))
}

impl Tcp<'_> {
    /// Bytes of the header with its options; below 20 it is malformed.
    #[must_use]
    pub fn header_len(&self) -> Option<usize> {
        self.len_and_flags().map(|word| usize::from(word >> 12) * 4)
    }

    /// The flags, with the reserved bits above them.
    #[must_use]
    pub fn flags(&self) -> Option<u16> {
        self.len_and_flags().map(|word| word & 0xfff)
    }
}

/// UDP (RFC 768): a tunnel by either port. A length of 0 stands for a jumbogram (RFC 2675, 4).
pub(super) fn udp(span: Span<'_>) -> Option<Then<'_>> {
    let header = Udp::from_prefix(span.bytes());
    let (source, destination, len) = (header.source_port()?, header.destination_port()?, header.length()?);
    if (1..8).contains(&len) {
        return Some(Then::Stop(Reason::Malformed, span));
    }
    let datagram = if len == 0 { span } else { span.cut(len.into()) };
    let kind =
        tables::of_udp_port(source.min(destination)).or_else(|| tables::of_udp_port(source.max(destination)));
    header.is_complete().then(|| Then::known(kind, datagram.after(Udp::LEN)))
}

/// SCTP (RFC 9260); its chunks are not decoded.
pub(super) fn sctp(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::Stop(Reason::Payload, span.after(Sctp::LEN)))
}

/// ICMP (RFC 792): errors quote the packet that caused them, followed by extensions if a length says so (RFC 4884).
pub(super) fn icmp(span: Span<'_>) -> Option<Then<'_>> {
    let payload = span.after(Icmp::LEN);
    Some(match span.get::<u8>(0)? {
        3 | 11 | 12 => Then::Next(Kind::Ipv4, quoted(payload, span.get::<u8>(5)?, 4)),
        4 | 5 => Then::Next(Kind::Ipv4, payload),
        _ => Then::Stop(Reason::Payload, payload),
    })
}

/// ICMPv6 (RFC 4443): errors quote as those of ICMP do.
pub(super) fn icmpv6(span: Span<'_>) -> Option<Then<'_>> {
    let payload = span.after(Icmp::LEN);
    Some(match span.get::<u8>(0)? {
        1 | 3 => Then::Next(Kind::Ipv6, quoted(payload, span.get::<u8>(4)?, 8)),
        2 | 4 => Then::Next(Kind::Ipv6, payload),
        137 => redirected(span.after(40)),
        _ => Then::Stop(Reason::Payload, payload),
    })
}

/// A redirect message of neighbour discovery quotes a packet in an option (RFC 4861, 4.6.3).
fn redirected(mut options: Span<'_>) -> Then<'_> {
    const REDIRECTED: u8 = 4;
    while let (Some(option), Some(units @ 1..)) = (options.get::<u8>(0), options.get::<u8>(1)) {
        let len = 8 * usize::from(units);
        if option == REDIRECTED {
            return Then::Next(Kind::Ipv6, options.cut(len).after(8));
        }
        options = options.after(len);
    }
    Then::Stop(Reason::Payload, options)
}

fn quoted(payload: Span<'_>, units: u8, unit: usize) -> Span<'_> {
    match usize::from(units) * unit {
        0 => payload,
        len => payload.cut(len),
    }
}

/// ARP (RFC 826).
pub(super) fn arp(span: Span<'_>) -> Option<Then<'_>> {
    Some(Then::Stop(Reason::Payload, span))
}

impl super::Arp<'_> {
    /// The sender's IPv4 address; none for other protocols and addresses of another length.
    #[must_use]
    pub fn sender_ipv4(&self) -> Option<[u8; 4]> {
        self.ipv4_at(usize::from(self.hardware_len()?))
    }

    /// The target's IPv4 address; none for other protocols and addresses of another length.
    #[must_use]
    pub fn target_ipv4(&self) -> Option<[u8; 4]> {
        self.ipv4_at(2 * usize::from(self.hardware_len()?) + 4)
    }

    /// Addresses are only there if all of them are.
    fn ipv4_at(&self, at: usize) -> Option<[u8; 4]> {
        let (hardware, protocol) = (self.hardware_len()?, self.protocol_len()?);
        let addresses =
            self.bytes().get(Self::LEN..)?.get(..2 * (usize::from(hardware) + usize::from(protocol)))?;
        let is_ipv4 = self.protocol_type()? == 0x0800 && protocol == 4;
        addresses.get(at..)?.first_chunk().copied().filter(|_| is_ipv4)
    }
}
