//! One frame or datagram of a made capture, from random numbers to bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::frame::{Ends, Frame, IPV4, IPV6, Piece, TcpState};
use super::{CaptureOptions, MOST_FRAME_BYTES, Protocol, Sizes, Tunnel};
use crate::generate::rng::{SplitMix, mix};

/// Shortest Ethernet frame, without check sequence.
const SHORTEST: usize = 60;
/// Fragments of a datagram carry so much of it, but for the last.
const PIECE: usize = 512;

const ARP: u16 = 0x0806;
const ETHERNET: u16 = 0x6558;
/// Client ports begin here.
const CLIENTS: u64 = 32_768;
const TCP_PORTS: [u16; 6] = [7, 9, 25, 80, 443, 8080];
/// Services that take any text: echo, discard, character generator, syslog.
const UDP_PORTS: [u16; 4] = [7, 9, 19, 514];

/// Makes frames.
#[derive(Debug)]
pub(super) struct Maker {
    hosts: u64,
    seed: u64,
    ipv6_of_65536: u32,
    fragments_of_65536: u32,
    sizes: Sizes,
    protocols: Vec<Protocol>,
    tunnels: Vec<Tunnel>,
    /// Printable text, of which payloads are pieces.
    text: Vec<u8>,
    /// Identification of the last IP packet.
    identification: u32,
}

/// What was drawn for a frame, all but how long its payload is.
struct Plan {
    tunnel: Tunnel,
    protocol: Protocol,
    outer: Ends,
    inner: Ends,
    ports: (u16, u16),
    /// Numbers for what is left: sequence numbers, types, labels.
    number: u64,
    identification: u32,
    is_answer: bool,
}

impl Maker {
    pub(super) fn new(options: &CaptureOptions, rng: &mut SplitMix) -> Self {
        // Products of IEEE numbers are the same everywhere.
        let of_65536 = |share: f64| (share * 65_536.0) as u32;
        let printable = |_| b' ' + rng.below(95) as u8;
        let text = (0..4 * MOST_FRAME_BYTES).map(printable).collect();
        Self {
            hosts: options.hosts,
            seed: mix(options.seed),
            ipv6_of_65536: of_65536(options.ipv6_share),
            fragments_of_65536: of_65536(options.fragment_share),
            sizes: options.sizes,
            protocols: options.protocols.clone(),
            tunnels: options.tunnels.clone(),
            text,
            identification: 0,
        }
    }

    /// Whether the next datagram comes in pieces.
    pub(super) fn fragments(&self, rng: &mut SplitMix) -> bool {
        self.fragments_of_65536 > 0 && rng.chance(self.fragments_of_65536)
    }

    /// Another frame in the memory of one.
    pub(super) fn frame(&mut self, rng: &mut SplitMix, frame: &mut Frame) {
        let plan = self.plan(rng);
        let wanted = self.len(rng);
        // How much there is without any payload tells how much payload there must be.
        build(&plan, &[], frame);
        let payload = wanted.saturating_sub(frame.bytes().len());
        build(&plan, self.payload(rng, payload), frame);
        frame.pad(SHORTEST);
    }

    /// Another datagram in two or three pieces, the first of them last.
    pub(super) fn datagram(&mut self, rng: &mut SplitMix, pieces: &mut Vec<Frame>) {
        let mut plan = self.plan(rng);
        if plan.protocol == Protocol::Arp {
            plan.protocol = Protocol::Udp;
        }
        let len = PIECE + 1 + rng.below(2 * PIECE as u64 - 80) as usize;
        let mut whole = Frame::new(self.payload(rng, len));
        let protocol = transport(&plan, &mut whole);
        let count = whole.bytes().len().div_ceil(PIECE);
        pieces.clear();
        for (number, part) in whole.bytes().chunks(PIECE).enumerate().rev() {
            let piece = Piece { offset: (number * PIECE) as u16, has_more: number + 1 < count };
            let mut frame = Frame::new(part);
            frame.ip(&plan.inner, protocol, plan.identification, 64, Some(piece));
            around(&plan, &mut frame);
            frame.pad(SHORTEST);
            pieces.push(frame);
        }
    }

    fn plan(&mut self, rng: &mut SplitMix) -> Plan {
        let draw = |rng: &mut SplitMix, len: usize| rng.below(len as u64) as usize;
        let tunnel = self.tunnels.get(draw(rng, self.tunnels.len())).copied().unwrap_or(Tunnel::None);
        let mut protocol =
            self.protocols.get(draw(rng, self.protocols.len())).copied().unwrap_or(Protocol::Udp);
        let is_bridged =
            matches!(tunnel, Tunnel::None | Tunnel::Vlan | Tunnel::Qinq | Tunnel::Vxlan | Tunnel::Geneve);
        if protocol == Protocol::Arp && !is_bridged {
            protocol = Protocol::Udp;
        }
        let outer = self.ends(rng, tunnel == Tunnel::SixInFour, false);
        let must_be_ipv6 = tunnel == Tunnel::SixInFour || protocol == Protocol::Icmpv6;
        let inner = self.ends(rng, protocol == Protocol::Arp, must_be_ipv6);
        let services: &[u16] = if protocol == Protocol::Tcp { &TCP_PORTS } else { &UDP_PORTS };
        let service = services.get(draw(rng, services.len())).copied().unwrap_or(9);
        let client = (CLIENTS + rng.below(28_000)) as u16;
        let number = rng.next();
        let is_answer = number & 1 == 1;
        self.identification = self.identification.wrapping_add(1);
        Plan {
            tunnel,
            protocol,
            outer,
            inner,
            ports: if is_answer { (service, client) } else { (client, service) },
            number,
            identification: self.identification,
            is_answer,
        }
    }

    /// Two hosts.
    fn ends(&self, rng: &mut SplitMix, must_be_ipv4: bool, must_be_ipv6: bool) -> Ends {
        let is_ipv6 = must_be_ipv6 || !must_be_ipv4 && rng.chance(self.ipv6_of_65536);
        let mut host = || {
            let number = rng.zipf(self.hosts);
            let spread = mix(number ^ self.seed);
            match is_ipv6 {
                // Networks for benchmarks and documentation (RFC 2544, RFC 3849).
                false => IpAddr::V4(Ipv4Addr::from_bits(10 << 24 | spread as u32 >> 8)),
                true => IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(spread))),
            }
        };
        Ends { source: host(), destination: host() }
    }

    /// Bytes of a frame.
    fn len(&self, rng: &mut SplitMix) -> usize {
        match self.sizes {
            Sizes::Small => SHORTEST,
            Sizes::Imix => match rng.below(12) {
                0..7 => SHORTEST,
                7..11 => 590,
                _ => 1514,
            },
            Sizes::Jumbo => SHORTEST + rng.below(9014 - SHORTEST as u64 + 1) as usize,
        }
    }

    fn payload(&self, rng: &mut SplitMix, len: usize) -> &[u8] {
        let start = rng.below((self.text.len() - MOST_FRAME_BYTES) as u64) as usize;
        self.text.get(start..start + len.min(MOST_FRAME_BYTES)).unwrap_or_default()
    }
}

/// Everything around a payload.
fn build(plan: &Plan, payload: &[u8], frame: &mut Frame) {
    frame.restart(if plan.protocol == Protocol::Arp { &[] } else { payload });
    if plan.protocol != Protocol::Arp {
        let protocol = transport(plan, frame);
        frame.ip(&plan.inner, protocol, plan.identification, 64, None);
    }
    around(plan, frame);
}

/// The header of what IP carries; gives its number.
fn transport(plan: &Plan, frame: &mut Frame) -> u8 {
    let ends = &plan.inner;
    let (source, destination) = plan.ports;
    match plan.protocol {
        Protocol::Tcp => {
            const ACK_AND_PUSH: u16 = 0x18;
            const ACK: u16 = 0x10;
            let flags = if frame.bytes().is_empty() { ACK } else { ACK_AND_PUSH };
            let (sequence, acknowledgement) = (plan.number as u32, (plan.number >> 32) as u32);
            let window = 1024 + (plan.number >> 48) as u16 / 2;
            frame.tcp(ends, source, destination, TcpState { sequence, acknowledgement, flags, window });
            6
        }
        Protocol::Udp | Protocol::Arp => {
            frame.udp(ends, source, destination);
            17
        }
        Protocol::Sctp => {
            frame.sctp(source, destination, plan.number as u32, (plan.number >> 32) as u32);
            132
        }
        Protocol::Icmp | Protocol::Icmpv6 => icmp(plan, frame),
    }
}

/// Echo and its answer, and one in four an error that quotes a UDP packet.
fn icmp(plan: &Plan, frame: &mut Frame) -> u8 {
    const IS_ERROR: u64 = 0x30;
    let ends = &plan.inner;
    let is_ipv6 = ends.is_ipv6();
    let identity = [(plan.number >> 8) as u8, (plan.number >> 16) as u8, 0, (plan.number >> 24) as u8];
    let (icmp_type, code, rest) = match (plan.number & IS_ERROR == 0, is_ipv6, plan.is_answer) {
        (true, ..) => {
            let quoted = Ends { source: ends.destination, destination: ends.source };
            frame.udp(&quoted, plan.ports.1, plan.ports.0);
            frame.ip(&quoted, 17, plan.identification.wrapping_add(7), 57, None);
            if is_ipv6 { (1, 4, [0; 4]) } else { (3, 3, [0; 4]) }
        }
        (false, false, false) => (8, 0, identity),
        (false, false, true) => (0, 0, identity),
        (false, true, false) => (128, 0, identity),
        (false, true, true) => (129, 0, identity),
    };
    frame.icmp(ends, icmp_type, code, rest);
    if is_ipv6 { 58 } else { 1 }
}

/// Hardware addresses that belong to hosts.
fn mac(address: IpAddr) -> [u8; 6] {
    let [a, b, c] = match address {
        IpAddr::V4(address) => address.octets().last_chunk().copied().unwrap_or_default(),
        IpAddr::V6(address) => address.octets().last_chunk().copied().unwrap_or_default(),
    };
    [2, 0, 0x5e, a, b, c]
}

/// What is around the inner IP packet or ARP message.
fn around(plan: &Plan, frame: &mut Frame) {
    let (inner, outer) = (&plan.inner, &plan.outer);
    let inner_type = match plan.protocol {
        Protocol::Arp => ARP,
        _ if inner.is_ipv6() => IPV6,
        _ => IPV4,
    };
    if plan.protocol == Protocol::Arp {
        arp(plan, frame);
    }
    let [number, other] = [plan.number >> 20, plan.number >> 40].map(|number| number as u32 & 0xf_ffff);
    let id = 1 + (number % 4000) as u16;
    let ip_in_ip = if inner.is_ipv6() { 41 } else { 4 };
    let ethernet = |frame: &mut Frame, ends: &Ends, ether_type| {
        frame.ethernet(mac(ends.destination), mac(ends.source), ether_type);
    };
    let outer_type = if outer.is_ipv6() { IPV6 } else { IPV4 };
    // The protocol of the outer IP header; tunnels below IP end here.
    let protocol = match plan.tunnel {
        Tunnel::None => return ethernet(frame, inner, inner_type),
        Tunnel::Vlan => {
            frame.vlan(id, inner_type);
            return ethernet(frame, inner, 0x8100);
        }
        Tunnel::Qinq => {
            frame.vlan(id, inner_type);
            frame.vlan(1 + (other % 4000) as u16, 0x8100);
            return ethernet(frame, inner, 0x88a8);
        }
        Tunnel::Mpls => {
            frame.mpls(16 + number % 100_000, true);
            frame.mpls(16 + other % 100_000, false);
            return ethernet(frame, inner, 0x8847);
        }
        Tunnel::Pppoe => {
            frame.pppoe(id, if inner.is_ipv6() { 0x0057 } else { 0x0021 });
            return ethernet(frame, inner, 0x8864);
        }
        Tunnel::Gre => {
            frame.gre(inner_type);
            47
        }
        Tunnel::Ipip | Tunnel::SixInFour => ip_in_ip,
        Tunnel::Vxlan => {
            ethernet(frame, inner, inner_type);
            frame.vxlan(number);
            frame.udp(outer, 49_152 + id, 4789);
            17
        }
        Tunnel::Geneve => {
            ethernet(frame, inner, inner_type);
            frame.geneve(ETHERNET, number);
            frame.udp(outer, 49_152 + id, 6081);
            17
        }
        Tunnel::Gtp => {
            frame.gtp(number);
            frame.udp(outer, 2152, 2152);
            17
        }
    };
    frame.ip(outer, protocol, plan.identification, 63, None);
    ethernet(frame, outer, outer_type);
}

/// A request or its answer.
fn arp(plan: &Plan, frame: &mut Frame) {
    let ipv4 = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(_) => [0; 4],
    };
    let Ends { source, destination } = plan.inner;
    let target = if plan.is_answer { mac(destination) } else { [0; 6] };
    let operation = if plan.is_answer { 2 } else { 1 };
    frame.arp(operation, (mac(source), ipv4(source)), (target, ipv4(destination)));
}
