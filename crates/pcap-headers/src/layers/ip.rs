//! IPv4, IPv6 and its extension headers, fragments (semantics 4).

use super::{Ipv4, Ipv6, Ipv6Fragment, Kind, Layer, Span, Then, of_ip_protocol};
use crate::walk::Reason;

impl Ipv4<'_> {
    /// 4, unless the packet is something else.
    #[must_use]
    pub fn version(&self) -> Option<u8> {
        self.version_and_len().map(|byte| byte >> 4)
    }

    /// Bytes of the header with its options; below 20 it is malformed.
    #[must_use]
    pub fn header_len(&self) -> Option<usize> {
        self.version_and_len().map(|byte| usize::from(byte & 0xf) * 4)
    }

    /// The destination that a loose or strict source route means, else that of the header; none if the options that
    /// would tell were not captured (semantics 4, 5).
    #[must_use]
    pub fn final_destination(&self) -> Option<[u8; 4]> {
        let header = self.destination()?;
        match self.header_len()? {
            ..=Self::LEN => Some(header),
            len => match source_route(self.bytes(), len) {
                Route::Destination(address) => Some(address),
                Route::None => Some(header),
                Route::Uneven(_) | Route::Unknown => None,
            },
        }
    }

    /// The same for what is counted: a source route of addresses that are not whole ends with four bytes all the same.
    pub(crate) fn counted_destination(&self) -> Option<[u8; 4]> {
        match source_route(self.bytes(), self.header_len()?) {
            Route::Uneven(address) => Some(address),
            _ => self.final_destination(),
        }
    }

    /// Whether the rest of the datagram comes in other packets.
    pub(crate) fn has_more(&self) -> bool {
        self.flags_and_offset().is_some_and(|word| word & 0x2000 != 0)
    }

    fn is_fragment(&self) -> bool {
        self.flags_and_offset().is_some_and(|word| word & 0x3fff != 0)
    }
}

enum Route {
    None,
    Destination([u8; 4]),
    /// The last bytes of a route whose addresses are not whole.
    Uneven([u8; 4]),
    /// The options were not captured.
    Unknown,
}

/// The first source route of the options; its pointer counts from 1 at the option's type (RFC 791, 3.1).
fn source_route(header: &[u8], header_len: usize) -> Route {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    const LOOSE: u8 = 131;
    const STRICT: u8 = 137;

    let mut at = Ipv4::LEN;
    while at < header_len {
        let Some(&option) = header.get(at) else { return Route::Unknown };
        match option {
            END => return Route::None,
            NO_OPERATION => at += 1,
            _ => {
                let Some(&len) = header.get(at + 1) else { return Route::Unknown };
                let end = at + usize::from(len);
                if len < 2 || end > header_len {
                    return Route::None;
                }
                if matches!(option, LOOSE | STRICT) {
                    return last_address(header, at, end);
                }
                at = end;
            }
        }
    }
    Route::None
}

fn last_address(header: &[u8], at: usize, end: usize) -> Route {
    let (Some(&pointer), Some(route)) = (header.get(at + 2), header.get(at..end)) else {
        return Route::Unknown;
    };
    if pointer < 4 || pointer % 4 != 0 || usize::from(pointer) > route.len() {
        return Route::None;
    }
    match route.last_chunk() {
        Some(address) if (route.len() - 3).is_multiple_of(4) => Route::Destination(*address),
        Some(address) => Route::Uneven(*address),
        None => Route::Unknown,
    }
}

/// A header and what it carries; a version of 6 is left to IPv6.
#[inline]
pub(super) fn ipv4(span: Span<'_>) -> Option<Then<'_>> {
    let header = Ipv4::from_prefix(span.bytes());
    let header_len = header.header_len()?;
    match header.version()? {
        6 => return Some(Then::Next(Kind::Ipv6, span)),
        4 if header_len >= Ipv4::LEN => {}
        _ => return Some(Then::Stop(Reason::Malformed, span)),
    }
    // 0 stands for what segmentation left to the network card: everything to the end of the frame.
    let len = match header.total_len()? {
        0 => span.wire_len(),
        len => len.into(),
    };
    if len < header_len && header.total_len() != Some(0) {
        return Some(Then::Stop(Reason::Malformed, span));
    }
    if span.bytes().len() < header_len {
        return None;
    }
    let payload = span.cut(len).after(header_len);
    let is_first = header.flags_and_offset()? & 0x1fff == 0;
    if header.is_fragment() && (!is_first || payload.bytes().len() + header_len >= len) {
        return Some(Then::Stop(Reason::Fragment, payload));
    }
    Some(Then::known(of_ip_protocol(header.protocol()?), payload))
}

impl Ipv6<'_> {
    /// 6, unless the packet is something else.
    #[must_use]
    pub fn version(&self) -> Option<u8> {
        self.bytes().first().map(|byte| byte >> 4)
    }

    /// The flow label.
    #[must_use]
    pub fn flow(&self) -> Option<u32> {
        self.version_and_flow().map(|word| word & 0xf_ffff)
    }
}

/// A header and what it carries.
pub(super) fn ipv6(span: Span<'_>) -> Option<Then<'_>> {
    let header = Ipv6::from_prefix(span.bytes());
    if header.version()? != 6 {
        return Some(Then::Stop(Reason::Malformed, span));
    }
    if !header.is_complete() {
        return None;
    }
    let (next, rest) = (header.next_header()?, span.after(Ipv6::LEN));
    let payload = match header.payload_len()? {
        0 if jumbo_len(next, rest).is_some() => rest,
        len => rest.cut(len.into()),
    };
    Some(Then::known(of_ip_protocol(next), payload))
}

/// The length of a jumbogram in hop-by-hop options (RFC 2675); 0 if it was not captured.
pub(crate) fn jumbo_len(next: u8, rest: Span<'_>) -> Option<u32> {
    const PADDING: u8 = 0;
    const JUMBO: u8 = 0xc2;
    if next != 0 {
        return None;
    }
    let units = rest.get::<u8>(1)?;
    let mut options = rest.cut(8 + 8 * usize::from(units)).after(2);
    while let Some(option) = options.get::<u8>(0) {
        match (option, options.get::<u8>(1)) {
            (JUMBO, _) => return Some(options.get(2).unwrap_or_default()),
            (PADDING, _) => options = options.after(1),
            (_, Some(len)) => options = options.after(2 + usize::from(len)),
            (_, None) => return None,
        }
    }
    None
}

/// An extension header with its length in units of `unit` bytes, not counting the first `uncounted` bytes.
pub(super) fn extension(span: Span<'_>, unit: usize, uncounted: usize) -> Option<Then<'_>> {
    let (next, units) = (span.get(0)?, span.get::<u8>(1)?);
    let len = uncounted + usize::from(units) * unit;
    Some(Then::known(of_ip_protocol(next), span.after(len)))
}

/// A fragment header; a datagram in one piece is decoded in place (RFC 6946).
pub(super) fn ipv6_fragment(span: Span<'_>) -> Option<Then<'_>> {
    let header = Ipv6Fragment::from_prefix(span.bytes());
    let (next, place, payload) =
        (header.next_header()?, header.offset_and_more()?, span.after(Ipv6Fragment::LEN));
    if !header.is_complete() {
        return None;
    }
    let (is_first, has_more) = (place & 0xfff8 == 0, place & 1 == 1);
    if is_first && !has_more {
        return Some(Then::known(of_ip_protocol(next), payload));
    }
    Some(Then::Stop(Reason::Fragment, payload))
}

/// A piece of a datagram, captured as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Identification; source and destination tell the rest of a datagram's identity.
    pub identification: u32,
    /// The protocol of the datagram.
    pub protocol: u8,
    /// Where the piece lies in the datagram's payload.
    pub offset: usize,
    /// Whether others follow behind it.
    pub has_more: bool,
    /// The piece.
    pub payload: &'a [u8],
}

impl<'a> Layer<'a> {
    /// The piece of a datagram that an IPv4 layer or IPv6 fragment header holds, if it must be put together first.
    #[must_use]
    pub fn fragment(&self) -> Option<Fragment<'a>> {
        if self.kind == Kind::Ipv4 && !Ipv4::from_prefix(self.span.bytes()).is_fragment() {
            return None;
        }
        let Then::Stop(Reason::Fragment, payload) = super::step(self.kind, self.span) else { return None };
        if payload.bytes().len() < payload.wire_len() {
            return None;
        }
        let payload = payload.bytes();
        match self.kind {
            Kind::Ipv4 => {
                let header = Ipv4::from_prefix(self.span.bytes());
                let place = header.flags_and_offset()?;
                Some(Fragment {
                    identification: header.identification()?.into(),
                    protocol: header.protocol()?,
                    offset: usize::from(place & 0x1fff) * 8,
                    has_more: place & 0x2000 != 0,
                    payload,
                })
            }
            Kind::Ipv6Fragment => {
                let header = Ipv6Fragment::from_prefix(self.span.bytes());
                let place = header.offset_and_more()?;
                Some(Fragment {
                    identification: header.identification()?,
                    protocol: header.next_header()?,
                    offset: (place & 0xfff8).into(),
                    has_more: place & 1 == 1,
                    payload,
                })
            }
            _ => None,
        }
    }
}
