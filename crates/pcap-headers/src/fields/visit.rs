//! The layers of a packet and of the datagrams that it completes.

use std::ops::ControlFlow;

use super::Reassembler;
use crate::layers::{Ipv4, Ipv6, Kind, Layer};
use crate::walk::Walk;

/// How often datagrams put together from fragments may hold fragments themselves.
pub(crate) const MAX_DATAGRAMS: u32 = 4;

/// What a visit comes to.
pub(crate) enum Shown<'s, 'a> {
    /// A layer.
    Layer(&'s Layer<'a>),
    /// A datagram, complete with the fragment whose layer was shown last: protocol and payload, whose layers follow.
    Datagram(u8, &'s [u8]),
}

/// Shows every layer, those of completed datagrams behind the fragment that completes them.
pub(crate) fn visit(
    walk: &mut Walk<'_>,
    reassembler: &mut Reassembler,
    datagrams_left: u32,
    show: &mut impl FnMut(Shown<'_, '_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut addresses = None;
    for layer in walk {
        show(Shown::Layer(&layer))?;
        match layer.kind {
            Kind::Ipv6 => addresses = ipv6_addresses(&layer),
            Kind::Ipv4 | Kind::Ipv6Fragment => {}
            _ => continue,
        }
        let Some(fragment) = layer.fragment().filter(|_| datagrams_left > 0) else { continue };
        let identity = if layer.kind == Kind::Ipv4 { ipv4_addresses(&layer) } else { addresses };
        let Some((source, destination)) = identity else { continue };
        if let Some(datagram) = reassembler.add(source, destination, &fragment) {
            show(Shown::Datagram(fragment.protocol, &datagram))?;
            visit(&mut Walk::datagram(fragment.protocol, &datagram), reassembler, datagrams_left - 1, show)?;
        }
    }
    ControlFlow::Continue(())
}

fn ipv6_addresses(layer: &Layer<'_>) -> Option<([u8; 16], [u8; 16])> {
    let header = Ipv6::from_prefix(layer.span.bytes());
    header.source().zip(header.destination())
}

fn ipv4_addresses(layer: &Layer<'_>) -> Option<([u8; 16], [u8; 16])> {
    let header = Ipv4::from_prefix(layer.span.bytes());
    let padded = |address: [u8; 4]| {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&address);
        bytes
    };
    Some((padded(header.source()?), padded(header.destination()?)))
}
