//! 6.1, 6.4–6.6, 8: every record is walked from its first byte to its last.

use std::net::Ipv4Addr;

use super::Header;

/// Takes the fields of a record one after the other.
struct Walk<'a> {
    rest: &'a [u8],
    big: bool,
}

impl Walk<'_> {
    fn take(&mut self, len: usize) -> &[u8] {
        let (head, rest) = self.rest.split_at(len);
        self.rest = rest;
        head
    }

    /// 3: an integer in the order of the file.
    fn int(&mut self, len: usize) -> u64 {
        let big = self.big;
        let bytes = self.take(len);
        let from_big = |n: u64, b: &u8| n << 8 | u64::from(*b);
        if big { bytes.iter().fold(0, from_big) } else { bytes.iter().rev().fold(0, from_big) }
    }

    fn u8(&mut self) -> u8 {
        self.int(1) as u8
    }
    fn u16(&mut self) -> u16 {
        self.int(2) as u16
    }
    fn u32(&mut self) -> u32 {
        self.int(4) as u32
    }
    fn ip4(&mut self) -> [u8; 16] {
        Ipv4Addr::from(self.u32()).to_ipv6_mapped().octets()
    }
    fn ip6(&mut self) -> [u8; 16] {
        self.take(16).try_into().unwrap()
    }
}

/// `hi..lo` of 6.1.
fn bits(word: u32, hi: u32, lo: u32) -> u32 {
    (u64::from(word) >> lo) as u32 & ((1u64 << (hi - lo + 1)) - 1) as u32
}

/// A record half decoded: the fields of section 5 and what the rules of section 6 need besides.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) sip: [u8; 16],
    pub(super) dip: [u8; 16],
    pub(super) nhip: Option<[u8; 16]>,
    pub(super) sport: u16,
    pub(super) dport: u16,
    pub(super) proto: u8,
    pub(super) pkts: u64,
    pub(super) bytes: u64,
    /// Milliseconds, without the base time.
    pub(super) start: i64,
    pub(super) relative: bool,
    pub(super) elapsed: u32,
    pub(super) flags: u8,
    pub(super) init: u8,
    pub(super) rest: u8,
    pub(super) state: Option<u8>,
    pub(super) application: Option<u16>,
    pub(super) memo: Option<u16>,
    pub(super) sensor: Option<u16>,
    pub(super) flowtype: Option<u8>,
    pub(super) input: Option<u32>,
    pub(super) output: Option<u32>,
    pub(super) pkts20: u32,
    pub(super) pflag: u32,
    pub(super) bpp: u32,
    pub(super) ratio: bool,
    pub(super) prot_flags: u8,
    pub(super) is_tcp: bool,
    pub(super) src_is_srv: u32,
    pub(super) srv_port: u32,
}

impl Raw {
    fn w1(&mut self, w: u32) {
        self.pkts20 = bits(w, 31, 12);
        self.elapsed = 1000 * bits(w, 11, 1);
        self.pflag = bits(w, 0, 0);
        self.ratio = true;
    }
    fn w2(&mut self, w: u32) {
        self.start = 1000 * i64::from(bits(w, 31, 20));
        self.relative = true;
        self.bpp = bits(w, 19, 0);
    }
    fn w3_w4_w5(&mut self, w3: u32, w4: u32, w5: u32) {
        self.ratio = true;
        self.relative = true;
        self.pkts20 = bits(w3, 31, 12);
        self.bpp = bits(w4, 31, 12);
        self.start = i64::from(1000 * bits(w3, 11, 0) + bits(w5, 31, 22));
        self.elapsed = 1000 * bits(w4, 11, 0) + bits(w5, 21, 12);
        self.pflag = bits(w5, 11, 11);
        self.is_tcp = bits(w5, 10, 10) == 1;
        self.src_is_srv = bits(w5, 10, 10);
        self.srv_port = bits(w5, 9, 8);
        self.prot_flags = bits(w5, 7, 0) as u8;
    }
    fn w6_w7_w8(&mut self, w6: u32, w7: u32, w8: u32) {
        self.ratio = true;
        self.relative = true;
        self.start = i64::from(bits(w6, 31, 10));
        self.bpp = bits(w6, 9, 0) << 10 | bits(w7, 31, 22);
        self.elapsed = bits(w7, 21, 0);
        self.prot_flags = bits(w8, 31, 24) as u8;
        self.pflag = bits(w8, 23, 23);
        self.is_tcp = bits(w8, 22, 22) == 1;
        self.src_is_srv = bits(w8, 22, 22);
        self.srv_port = bits(w8, 21, 20);
        self.pkts20 = bits(w8, 19, 0);
    }

    /// 6.4 R1.
    fn r1(&mut self) {
        if self.is_tcp {
            (self.proto, self.flags) = (6, self.prot_flags);
        } else {
            (self.proto, self.flags) = (self.prot_flags, 0);
        }
    }
    /// 6.4 R2, and R3 if `or_rest`.
    fn r2(&mut self, state: u8, rest: u8, or_rest: bool) {
        self.state = Some(state);
        if !self.is_tcp {
            (self.proto, self.flags) = (self.prot_flags, rest);
        } else if state & 1 == 1 {
            self.proto = 6;
            (self.flags, self.init, self.rest) = (self.prot_flags | rest, self.prot_flags, rest);
        } else {
            self.proto = 6;
            self.flags = if or_rest { self.prot_flags | rest } else { self.prot_flags };
        }
    }
    /// 6.4 R4, from W9 and the two bytes behind it.
    fn r4(&mut self, w9: u32, proto_iflags: u8, state: u8) {
        self.start = i64::from(bits(w9, 21, 0));
        self.relative = true;
        self.src_is_srv = bits(w9, 22, 22);
        self.state = Some(state);
        let rest = bits(w9, 31, 24) as u8;
        if bits(w9, 23, 23) == 0 {
            self.proto = proto_iflags;
        } else if state & 1 == 1 {
            self.proto = 6;
            (self.flags, self.init, self.rest) = (proto_iflags | rest, proto_iflags, rest);
        } else {
            (self.proto, self.flags) = (6, proto_iflags);
        }
    }
    /// 6.4 R5.
    fn r5(&mut self, flags: u8, first: u8, state: u8) {
        self.state = Some(state);
        if state & 1 == 1 {
            (self.flags, self.init, self.rest) = (flags | first, first, flags);
        } else {
            self.flags = flags;
        }
    }
    /// 6.5.
    fn web_ports(&mut self, client: u16) {
        let server = match self.srv_port {
            0 => 80,
            1 => 443,
            2 => 8080,
            _ => 0,
        };
        (self.sport, self.dport) = if self.src_is_srv == 1 { (server, client) } else { (client, server) };
    }
    /// 6.6 X1.
    fn stale_expanded(&mut self) {
        let state = self.state.unwrap_or(0);
        if state & 1 == 1 && (self.proto != 6 || (self.init == 0 && self.rest == 0)) {
            self.state = Some(state & !1);
            (self.init, self.rest) = (0, 0);
        }
    }
    fn addresses(&mut self, w: &mut Walk<'_>) {
        self.sip = w.ip4();
        self.dip = w.ip4();
    }
    fn ports(&mut self, w: &mut Walk<'_>) {
        self.sport = w.u16();
        self.dport = w.u16();
    }
}

pub(super) fn walk(header: &Header, record: &[u8]) -> Raw {
    let mut w = Walk { rest: record, big: header.big_endian };
    let mut r = Raw::default();
    match (header.format, header.version) {
        (0x0B, 1) => complete(&mut r, &mut w, Extent::Ipv6),
        (0x0C, 1 | 2) => complete(&mut r, &mut w, Extent::Ipv6Routing),
        (0x0C, _) => complete(&mut r, &mut w, Extent::Wide),
        (0x16, 5) => complete(&mut r, &mut w, Extent::Generic),
        (0x0B, _) => {
            augmented_5(&mut r, &mut w);
            r.sip = w.ip6();
            r.dip = w.ip6();
        }
        (0x14 | 0x0E | 0x0D, 5) => {
            augmented_5(&mut r, &mut w);
            r.addresses(&mut w);
            routing(&mut r, &mut w, header.format);
        }
        (0x14 | 0x0E | 0x0D, 4) => {
            r.w6_w7_w8(w.u32(), w.u32(), w.u32());
            r.r2(w.u8(), w.u8(), true);
            r.application = Some(w.u16());
            r.ports(&mut w);
            if header.format == 0x0E {
                r.input = Some(u32::from(w.u16()));
                r.output = Some(u32::from(w.u16()));
            }
            r.addresses(&mut w);
            if header.format == 0x0E {
                r.nhip = Some(w.ip4());
            }
            if header.format == 0x0D {
                r.output = Some(u32::from(w.u16()));
            }
        }
        (0x14 | 0x0E | 0x0D, _) => {
            r.addresses(&mut w);
            r.ports(&mut w);
            r.w3_w4_w5(w.u32(), w.u32(), w.u32());
            // The corner of 6.4: protocol 6 without the bit counts as TCP.
            r.is_tcp |= r.prot_flags == 6;
            r.application = Some(w.u16());
            r.r2(w.u8(), w.u8(), false);
            routing(&mut r, &mut w, header.format);
        }
        (0x15, 5) => {
            r.r4(w.u32(), w.u8(), w.u8());
            r.application = Some(w.u16());
            let w10 = w.u32();
            r.srv_port = bits(w10, 31, 30);
            r.elapsed = bits(w10, 29, 0);
            r.pkts = w.int(4);
            r.bytes = w.int(4);
            r.addresses(&mut w);
            let client = w.u16();
            r.web_ports(client);
        }
        (0x15, 4) => {
            r.w6_w7_w8(w.u32(), w.u32(), w.u32());
            r.is_tcp = true;
            r.r2(w.u8(), w.u8(), true);
            r.application = Some(w.u16());
            r.addresses(&mut w);
            let client = w.u16();
            r.web_ports(client);
        }
        (0x15, _) => {
            r.addresses(&mut w);
            r.w3_w4_w5(w.u32(), w.u32(), w.u32());
            r.is_tcp = true;
            let client = w.u16();
            r.web_ports(client);
            r.application = Some(w.u16());
            r.r2(w.u8(), w.u8(), false);
        }
        (0x16, 0 | 1) => {
            whole_seconds_head(&mut r, &mut w);
            r.pkts = w.int(4);
            r.bytes = w.int(4);
            r.elapsed = w.u32().wrapping_mul(1000);
            r.sensor = Some(u16::from(w.u8()));
            if header.version == 0 {
                w.take(3);
            }
        }
        (0x16, _) => {
            addresses_to_interfaces(&mut r, &mut w);
            r.start = 1000 * i64::from(w.u32());
            r.elapsed = w.u32().wrapping_mul(1000);
            r.pkts = w.int(4);
            r.bytes = w.int(4);
            r.proto = w.u8();
            r.flowtype = Some(w.u8());
            r.sensor = Some(w.u16());
            r.flags = w.u8();
            r.init = w.u8();
            r.rest = w.u8();
            r.state = Some(w.u8());
            w.take(4);
            if header.version > 2 {
                r.start += i64::from(w.u16());
                r.elapsed = r.elapsed.wrapping_add(u32::from(w.u16()));
                r.application = Some(w.u16());
                w.take(2);
            }
            r.stale_expanded();
        }
        (0x13, 1 | 2) => {
            whole_seconds_head(&mut r, &mut w);
            r.w1(w.u32());
            let word = w.u32();
            r.bpp = bits(word, 31, 12);
            let sensor = if header.version == 1 { bits(word, 11, 6) } else { bits(word, 7, 0) };
            r.sensor = Some(sensor as u16);
        }
        (0x13, 3) => {
            addresses_to_interfaces(&mut r, &mut w);
            r.start = 1000 * i64::from(w.u32());
            r.elapsed = w.u32().wrapping_mul(1000);
            let w13 = w.u32();
            r.ratio = true;
            r.pkts20 = bits(w13, 31, 12);
            r.pflag = bits(w13, 11, 11);
            r.flowtype = Some(bits(w13, 7, 0) as u8);
            r.bpp = bits(w.u32(), 31, 12);
            r.sensor = Some(w.u16());
            r.proto = w.u8();
            r.flags = w.u8();
        }
        (0x13, _) => {
            addresses_to_interfaces(&mut r, &mut w);
            r.start = 1000 * i64::from(w.u32());
            r.elapsed = w.u32().wrapping_mul(1000);
            let (w11, w12) = (w.u32(), w.u32());
            r.ratio = true;
            r.pkts20 = bits(w11, 31, 12);
            r.pflag = bits(w11, 11, 11);
            r.is_tcp = bits(w11, 10, 10) == 1;
            r.start += i64::from(bits(w11, 9, 0));
            r.bpp = bits(w12, 31, 12);
            r.elapsed = r.elapsed.wrapping_add(bits(w12, 9, 0));
            r.sensor = Some(w.u16());
            r.flowtype = Some(w.u8());
            r.prot_flags = w.u8();
            r.application = Some(w.u16());
            r.r2(w.u8(), w.u8(), false);
        }
        (0x10..=0x12, 5) => {
            r.w6_w7_w8(w.u32(), w.u32(), w.u32());
            r.r1();
            r.ports(&mut w);
            if header.format == 0x10 {
                r.input = Some(u32::from(w.u16()));
                r.output = Some(u32::from(w.u16()));
            }
            r.addresses(&mut w);
            if header.format == 0x10 {
                r.nhip = Some(w.ip4());
            }
            if header.format == 0x11 {
                r.input = Some(u32::from(w.u16()));
            }
        }
        (0x10..=0x12, 3 | 4) => {
            r.addresses(&mut w);
            r.ports(&mut w);
            r.w3_w4_w5(w.u32(), w.u32(), w.u32());
            r.r1();
            if header.format == 0x10 {
                r.nhip = Some(w.ip4());
            }
            if header.format != 0x12 {
                r.input = Some(u32::from(w.u16()));
            }
            if header.format == 0x10 {
                r.output = Some(u32::from(w.u16()));
            }
        }
        (0x10..=0x12, _) => {
            r.addresses(&mut w);
            if header.format == 0x10 {
                r.nhip = Some(w.ip4());
            }
            r.ports(&mut w);
            r.w1(w.u32());
            r.w2(w.u32());
            r.proto = w.u8();
            r.flags = w.u8();
            if header.format != 0x12 {
                r.input = Some(u32::from(w.u8()));
            }
            if header.format == 0x10 {
                r.output = Some(u32::from(w.u8()));
            }
        }
        (0x1F, 5) => {
            r.w6_w7_w8(w.u32(), w.u32(), w.u32());
            r.is_tcp = true;
            r.r1();
            r.addresses(&mut w);
            let client = w.u16();
            r.web_ports(client);
        }
        (0x1F, 3 | 4) => {
            r.addresses(&mut w);
            r.w3_w4_w5(w.u32(), w.u32(), w.u32());
            r.is_tcp = true;
            r.r1();
            let client = w.u16();
            r.web_ports(client);
        }
        (0x1F, _) => {
            r.addresses(&mut w);
            r.w1(w.u32());
            r.w2(w.u32());
            let client = w.u16();
            let (web_flags, web_port) = (w.u8(), w.u8());
            r.proto = 6;
            r.src_is_srv = u32::from(web_flags >> 7);
            r.flags = web_flags & 0x3F;
            r.srv_port = u32::from(web_port >> 6);
            r.web_ports(client);
        }
        _ => flowcap(&mut r, &mut w, header.version),
    }
    assert!(w.rest.is_empty(), "the record is walked to its end");
    r
}

enum Extent {
    Ipv6,
    Ipv6Routing,
    Wide,
    Generic,
}

/// L-6A, L-6R1, L-6R3, L-G5: separate fields in nearly the same order.
fn complete(r: &mut Raw, w: &mut Walk<'_>, extent: Extent) {
    r.start = w.int(8) as i64;
    r.elapsed = w.u32();
    r.ports(w);
    r.proto = w.u8();
    r.flowtype = Some(w.u8());
    r.sensor = Some(w.u16());
    r.flags = w.u8();
    r.init = w.u8();
    r.rest = w.u8();
    r.state = Some(w.u8());
    r.application = Some(w.u16());
    r.memo = Some(w.u16());
    match extent {
        Extent::Ipv6 => {}
        Extent::Wide => r.input = Some(w.u32()),
        Extent::Ipv6Routing | Extent::Generic => {
            r.input = Some(u32::from(w.u16()));
            r.output = Some(u32::from(w.u16()));
        }
    }
    let count_len = if matches!(extent, Extent::Wide) { 8 } else { 4 };
    r.pkts = w.int(count_len);
    r.bytes = w.int(count_len);
    match extent {
        Extent::Generic => {
            r.addresses(w);
            r.nhip = Some(w.ip4());
        }
        Extent::Ipv6 => {
            r.sip = w.ip6();
            r.dip = w.ip6();
        }
        Extent::Ipv6Routing | Extent::Wide => {
            r.sip = w.ip6();
            r.dip = w.ip6();
            r.nhip = Some(w.ip6());
        }
    }
    if matches!(extent, Extent::Wide) {
        r.output = Some(w.u32());
    } else {
        r.stale_expanded();
    }
}

/// What L-6B, L-A5, L-AR5, L-AS5 have in common: all before the addresses.
fn augmented_5(r: &mut Raw, w: &mut Walk<'_>) {
    r.r4(w.u32(), w.u8(), w.u8());
    r.application = Some(w.u16());
    r.ports(w);
    r.elapsed = w.u32();
    r.pkts = w.int(4);
    r.bytes = w.int(4);
}

/// The end of the augmented layouts 1–3 and 5.
fn routing(r: &mut Raw, w: &mut Walk<'_>, format: u8) {
    if format == 0x0E {
        r.nhip = Some(w.ip4());
        r.input = Some(u32::from(w.u16()));
    }
    if format != 0x14 {
        r.output = Some(u32::from(w.u16()));
    }
}

/// The first 24 bytes of L-G0, L-G1, L-F1, L-F2.
fn whole_seconds_head(r: &mut Raw, w: &mut Walk<'_>) {
    r.addresses(w);
    r.ports(w);
    r.proto = w.u8();
    r.flags = w.u8();
    r.input = Some(u32::from(w.u8()));
    r.output = Some(u32::from(w.u8()));
    r.nhip = Some(w.ip4());
    r.start = 1000 * i64::from(w.u32());
}

/// The first 20 bytes of L-G2, L-G3, L-F3, L-F4.
fn addresses_to_interfaces(r: &mut Raw, w: &mut Walk<'_>) {
    r.addresses(w);
    r.ports(w);
    r.nhip = Some(w.ip4());
    r.input = Some(u32::from(w.u16()));
    r.output = Some(u32::from(w.u16()));
}

/// 8.13.
fn flowcap(r: &mut Raw, w: &mut Walk<'_>, version: u8) {
    r.addresses(w);
    r.bytes = w.int(4);
    r.start = 1000 * i64::from(w.u32());
    r.elapsed = 1000 * u32::from(w.u16());
    r.ports(w);
    if version > 2 {
        r.application = Some(w.u16());
    }
    let interface_len = if version > 4 { 2 } else { 1 };
    r.input = Some(w.int(interface_len) as u32);
    r.output = Some(w.int(interface_len) as u32);
    r.pkts = w.int(3);
    r.proto = w.u8();
    if version == 2 {
        r.flags = w.u8();
        w.take(1);
        return;
    }
    r.r5(w.u8(), w.u8(), w.u8());
    let frac = w.take(3).iter().fold(0, |n, b| n << 8 | u32::from(*b));
    r.start += i64::from(bits(frac, 23, 14));
    r.elapsed += bits(frac, 13, 4);
    if version == 4 {
        r.nhip = Some(w.ip4());
    }
}
