//! The second opinion: a slow decoder, one record after the other, written from the prose of the specification
//! (`silk-file-format.md`, the numbers in parentheses) and from nothing else. No table of the crate is used here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::flow::{Flow, Known};

/// What stopped the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    Header,
    Data,
}

/// What the reference does where a modern reader would do better (6.2, 6.6 X3), and the ICMP repair (9).
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub as_reference: bool,
    pub icmp_repair: bool,
}

impl Manner {
    pub const REFERENCE: Self = Self { as_reference: true, icmp_repair: true };
    pub const TRUE: Self = Self { as_reference: false, icmp_repair: true };
}

/// Decodes a whole file that is not wrapped in gzip: all records before the first damage, and what it was.
pub fn decode(file: &[u8], file_name: &str, manner: Manner) -> (Vec<Flow>, Option<Stopped>) {
    let Some(header) = Header::read(file, file_name) else {
        return (Vec::new(), Some(Stopped::Header));
    };
    let Some(record_size) = record_size(header.format, header.version) else {
        return (Vec::new(), Some(Stopped::Header));
    };
    if header.record_size != 0 && header.record_size != record_size {
        return (Vec::new(), Some(Stopped::Header));
    }
    let (data, mut stopped) = inflate(header.compression, &file[header.length..]);
    if data.len() % record_size != 0 {
        stopped = Some(Stopped::Data);
    }
    let flows = data.chunks_exact(record_size).map(|record| flow(&header, record, manner)).collect();
    (flows, stopped)
}

// ---- 2 File header

#[derive(Debug)]
pub struct Header {
    big_endian: bool,
    pub format: u8,
    file_version: u8,
    compression: u8,
    record_size: usize,
    pub version: u8,
    base: i64,
    flowtype: u8,
    sensor: u16,
    pub length: usize,
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

impl Header {
    pub fn read(file: &[u8], file_name: &str) -> Option<Self> {
        if file.len() < 8 || file[..4] != [0xDE, 0xAD, 0xBE, 0xEF] {
            return None;
        }
        let mut header = Self {
            big_endian: file[4] & 1 == 1,
            format: file[5],
            file_version: file[6],
            compression: file[7],
            record_size: 0,
            version: file[6],
            base: 0,
            flowtype: 255,
            sensor: 65535,
            length: 0,
        };
        if header.file_version < 16 {
            return header.legacy(file, file_name);
        }
        if header.file_version > 16 || header.compression > 3 || file.len() < 16 {
            return None;
        }
        header.record_size = usize::from(u16::from_be_bytes([file[12], file[13]]));
        header.version = file[15];
        header.length = 16;
        let mut packed_file_seen = false;
        loop {
            let id = be32(file, header.length)?;
            let length = be32(file, header.length + 4)? as usize;
            if length < 8 || length > file.len() - header.length {
                return None;
            }
            let entry = &file[header.length..header.length + length];
            header.length += length;
            match id {
                0 => return Some(header),
                1 => {
                    if length != 24 {
                        return None;
                    }
                    if !packed_file_seen {
                        header.base = i64::from_be_bytes(entry[8..16].try_into().ok()?);
                        header.flowtype = entry[19];
                        header.sensor = u16::from_be_bytes([entry[22], entry[23]]);
                        packed_file_seen = true;
                    }
                }
                5 if length < 12 => return None,
                6 if length != 16 => return None,
                7 if length != 32 => return None,
                8 => {
                    let fields = usize::from(u16::from_be_bytes(entry.get(12..14)?.try_into().ok()?));
                    let keys = usize::from(u16::from_be_bytes(entry.get(14..16)?.try_into().ok()?));
                    if be32(entry, 8)? != 1 || fields < 2 || keys >= fields || length != 16 + 2 * fields {
                        return None;
                    }
                }
                10 => {
                    if length < 12 || be32(entry, 8)? == 1 && length != 16 {
                        return None;
                    }
                }
                _ => {}
            }
        }
    }

    /// 2.5: the eight bytes of before, then what the format needs, in the order of the file.
    fn legacy(mut self, file: &[u8], file_name: &str) -> Option<Self> {
        let number = |at: usize, len: usize| {
            let bytes = file.get(at..at + len)?;
            let from_big = |n: u64, b: &u8| n << 8 | u64::from(*b);
            Some(if self.big_endian {
                bytes.iter().fold(0, from_big)
            } else {
                bytes.iter().rev().fold(0, from_big)
            })
        };
        let has_base = |format| matches!(format, 0x14 | 0x0E | 0x0D | 0x15 | 0x11 | 0x10 | 0x12 | 0x1F);
        let compressed_from = match self.format {
            0x14 | 0x0E | 0x0D | 0x15 => 2,
            0x11 | 0x10 | 0x12 | 0x1F | 0x16 => 3,
            0x13 => 4,
            0x1C => 1,
            _ => return None,
        };
        if self.compression != 0 && self.version < compressed_from {
            return None;
        }
        self.length = 8;
        if has_base(self.format) {
            let seconds = number(8, 4)?;
            self.base = (seconds - seconds % 3600) as i64 * 1000;
            self.length += 4;
            if let Some((flowtype, sensor)) = name_parts(file_name) {
                self.flowtype = flowtype;
                self.sensor = sensor;
            }
        } else if self.format == 0x13 {
            let commands = number(8, 4)?;
            self.length += 4;
            for _ in 0..commands {
                self.length += 2 + number(self.length, 2)? as usize;
            }
        } else if self.format == 0x1C {
            let names = file.get(8..58)?;
            if names[0] == 0 && names[25] == 0 {
                return None;
            }
            self.length += 50;
            if self.compression == 6 {
                self.compression = 2;
            }
        }
        if self.compression > 3 {
            return None;
        }
        if self.version >= 2 && self.format != 0x1C {
            self.length = self.length.next_multiple_of(record_size(self.format, self.version)?);
        }
        (self.length <= file.len()).then_some(self)
    }
}

/// 2.5: `FLOWTYPE-SENSOR_YYYYMMDD.HH` → flowtype and sensor id, for the site of the test data.
fn name_parts(path: &str) -> Option<(u8, u16)> {
    const FLOWTYPES: [&str; 11] = [
        "in", "out", "iw", "ow", "innull", "outnull", "int2int", "ext2ext", "inicmp", "outicmp", "other",
    ];
    let name = path.rsplit('/').next()?;
    let (flowtype, rest) = name.match_indices('-').find_map(|(at, _)| {
        let id = FLOWTYPES.iter().position(|known| *known == &name[..at])?;
        Some((id as u8, &name[at + 1..]))
    })?;
    let (sensor, rest) = rest.split_once('_')?;
    let (date, hour) = rest.split_once('.')?;
    let decimal = |text: &str| {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) { None } else { text.parse::<u64>().ok() }
    };
    if !(19_700_101..=20_380_118).contains(&decimal(date)?) {
        return None;
    }
    if decimal(hour.split('.').next()?)? > 23 {
        return None;
    }
    let sensor = (0..15).find(|id| sensor == format!("S{id}")).unwrap_or(65535);
    Some((flowtype, sensor))
}

// ---- 4 Data section

fn inflate(compression: u8, mut data: &[u8]) -> (Vec<u8>, Option<Stopped>) {
    if compression == 0 {
        return (data.to_vec(), None);
    }
    let mut out = Vec::new();
    loop {
        if data.is_empty() {
            return (out, None);
        }
        let Some(stored) = be32(data, 0) else {
            return (out, Some(Stopped::Data));
        };
        if stored == 0 {
            return (out, None);
        }
        let Some(size) = be32(data, 4) else {
            return (out, Some(Stopped::Data));
        };
        let (stored, size) = (stored as usize, size as usize);
        if stored > 1_048_576 || size + 3 > 1_048_576 {
            return (out, Some(Stopped::Data));
        }
        if size == 0 {
            return (out, None);
        }
        match data.get(8..8 + stored).and_then(|block| inflate_block(compression, block, size)) {
            Some(bytes) if bytes.len() == size => out.extend_from_slice(&bytes),
            _ => return (out, Some(Stopped::Data)),
        }
        data = &data[8 + stored..];
    }
}

fn inflate_block(compression: u8, block: &[u8], size: usize) -> Option<Vec<u8>> {
    match compression {
        1 => {
            let mut bytes = Vec::new();
            let mut stream = std::io::Read::take(flate2::read::ZlibDecoder::new(block), size as u64 + 1);
            std::io::Read::read_to_end(&mut stream, &mut bytes).ok()?;
            Some(bytes)
        }
        2 => {
            let mut bytes = vec![0; size];
            let used = lzokay::decompress::decompress(block, &mut bytes).ok()?;
            bytes.truncate(used);
            Some(bytes)
        }
        _ => {
            if snap::raw::decompress_len(block).ok()? != size {
                return None;
            }
            snap::raw::Decoder::new().decompress_vec(block).ok()
        }
    }
}

// ---- 7 Formats

/// The record length of a pair; `None`: there is no such pair.
pub fn record_size(format: u8, version: u8) -> Option<usize> {
    Some(match (format, version) {
        (0x0B, 1) => 68,
        (0x0B, 2) => 56,
        (0x0C, 1 | 2) => 88,
        (0x0C, 3) => 100,
        (0x0D, 1..=4) => 30,
        (0x0D, 5) => 34,
        (0x0E, 1..=4) => 36,
        (0x0E, 5) => 40,
        (0x10, 1 | 2) => 28,
        (0x10, 3..=5) => 32,
        (0x11, 1 | 2) => 23,
        (0x11, 3..=5) => 26,
        (0x12, 1 | 2) => 22,
        (0x12, 3..=5) => 24,
        (0x13, 1 | 2) => 32,
        (0x13, 3) => 40,
        (0x13, 4 | 5) => 44,
        (0x14, 1..=4) => 28,
        (0x14, 5) => 32,
        (0x15, 1..=4) => 26,
        (0x15, 5) => 30,
        (0x16, 0) => 40,
        (0x16, 1) => 37,
        (0x16, 2) => 48,
        (0x16, 3 | 4) => 56,
        (0x16, 5) => 52,
        (0x1C, 2) => 30,
        (0x1C, 3) => 36,
        (0x1C, 4) => 40,
        (0x1C, 5 | 6) => 38,
        (0x1F, 1 | 2) => 20,
        (0x1F, 3..=5) => 22,
        _ => return None,
    })
}

// ---- 8 Layouts: every record is walked from its first byte to its last

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
struct Raw {
    sip: [u8; 16],
    dip: [u8; 16],
    nhip: Option<[u8; 16]>,
    sport: u16,
    dport: u16,
    proto: u8,
    pkts: u64,
    bytes: u64,
    /// Milliseconds, without the base time.
    start: i64,
    relative: bool,
    elapsed: u32,
    flags: u8,
    init: u8,
    rest: u8,
    state: Option<u8>,
    application: Option<u16>,
    memo: Option<u16>,
    sensor: Option<u16>,
    flowtype: Option<u8>,
    input: Option<u32>,
    output: Option<u32>,
    pkts20: u32,
    pflag: u32,
    bpp: u32,
    ratio: bool,
    prot_flags: u8,
    is_tcp: bool,
    src_is_srv: u32,
    srv_port: u32,
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

fn walk(header: &Header, record: &[u8]) -> Raw {
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
        (0x10 | 0x11 | 0x12, 5) => {
            r.w6_w7_w8(w.u32(), w.u32(), w.u32());
            r.r1();
            r.ports(&mut w);
            if header.format != 0x12 {
                r.input = Some(u32::from(w.u16()));
            }
            if header.format == 0x10 {
                r.output = Some(u32::from(w.u16()));
            }
            r.addresses(&mut w);
            if header.format == 0x10 {
                r.nhip = Some(w.ip4());
            }
        }
        (0x10 | 0x11 | 0x12, 3 | 4) => {
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
        (0x10 | 0x11 | 0x12, _) => {
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
fn routing(r: &mut Raw, w: &mut Walk<'_'>, format: u8) {
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

// ---- 5, 6, 9: from the stored fields to the record

fn flow(header: &Header, record: &[u8], manner: Manner) -> Flow {
    let mut r = walk(header, record);
    let (format, version) = (header.format, header.version);

    if r.ratio {
        volumes(&mut r, manner);
    }
    let base = if r.relative { header.base } else { 0 };

    // 5.1: two bits are dropped, bit 0x80 speaks of the addresses, in two formats only.
    let is_ipv6 = matches!(format, 0x0B | 0x0C) && r.state.unwrap_or(0) & 0x80 != 0;
    let tcp_state = r.state.unwrap_or(0) & 0x79;

    // 7: sensor and flowtype from the record, from the header, or from nowhere.
    let stores_sensor = matches!(format, 0x0C | 0x13 | 0x16) || (format, version) == (0x0B, 1);
    let sensor = if stores_sensor { r.sensor.unwrap() } else { header.sensor };
    let flowtype = match (format, version) {
        (0x0C, _) | (0x0B, 1) | (0x13, 3..) | (0x16, 2..) => r.flowtype.unwrap(),
        (0x13 | 0x16 | 0x1C, _) => 255,
        _ => header.flowtype,
    };

    // 6.6 X2.
    let untrusted_application = matches!((format, version), (0x0C, 2) | (0x1C, 6));
    if untrusted_application {
        r.application = Some(0);
    }

    // 9.
    let is_icmp = r.proto == 1 || (is_ipv6 && r.proto == 58);
    if manner.icmp_repair && is_icmp && r.sport != 0 && r.dport == 0 {
        let swapped = header.file_version < 16 && matches!(format, 0x13 | 0x11 | 0x10 | 0x12 | 0x1F);
        r.dport = if swapped { r.sport.swap_bytes() } else { r.sport };
        r.sport = 0;
    }

    // 6.6 X3.
    let count = |n: u64| if manner.as_reference { n.min(u64::from(u32::MAX)) } else { n };
    let interface = |n: Option<u32>| {
        let n = n.unwrap_or(0);
        if manner.as_reference { n.min(65535) } else { n }
    };

    // 6.7.
    let address = |bytes: [u8; 16]| {
        if is_ipv6 {
            IpAddr::V6(Ipv6Addr::from(bytes))
        } else {
            IpAddr::V4(Ipv4Addr::new(bytes[12], bytes[13], bytes[14], bytes[15]))
        }
    };
    Flow {
        sip: address(r.sip),
        dip: address(r.dip),
        nhip: address(r.nhip.unwrap_or([0; 16])),
        is_ipv6,
        sport: r.sport,
        dport: r.dport,
        protocol: r.proto,
        packets: count(r.pkts),
        bytes: count(r.bytes),
        stime_ms: base.wrapping_add(r.start),
        duration_ms: r.elapsed,
        flags: r.flags,
        init_flags: r.init,
        rest_flags: r.rest,
        tcp_state,
        application: r.application.unwrap_or(0),
        memo: r.memo.unwrap_or(0),
        sensor,
        flowtype,
        input: interface(r.input),
        output: interface(r.output),
        known: Known {
            nhip: r.nhip.is_some(),
            separate_flags: tcp_state & 1 == 1,
            attributes: r.state.is_some(),
            application: r.application.is_some(),
            sensor: sensor != 65535,
            flowtype: flowtype != 255,
            input: r.input.is_some(),
            output: r.output.is_some(),
            icmp: is_icmp,
            memo: r.memo.is_some(),
        },
    }
}

/// 6.2.
fn volumes(r: &mut Raw, manner: Manner) {
    r.pkts = u64::from(r.pkts20) * if r.pflag == 1 { 64 } else { 1 };
    let (whole, frac) = (u64::from(r.bpp >> 6), u64::from(r.bpp & 63));
    if !manner.as_reference {
        r.bytes = whole * r.pkts + (frac * r.pkts + 32) / 64;
        return;
    }
    let p = (frac * r.pkts) as u32 as i32;
    let (q, rem) = (p / 64, p % 64);
    let sum = (whole * r.pkts) as i64 + i64::from(q) + i64::from(rem >= 32);
    r.bytes = u64::from(sum as u32);
}
