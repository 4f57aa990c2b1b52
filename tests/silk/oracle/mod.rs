//! The second opinion: a slow decoder, one record after the other, written from the prose of the specification
//! (`silk-file-format.md`, the numbers in parentheses) and from nothing else. No table of the crate is used here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::flow::{Flow, Known};

mod record;

use record::{Raw, walk};

/// What stopped the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    Header,
    Data,
}

/// What the reference does where a modern reader would do better (6.2, 6.6 X3), and the ICMP repair (9).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub as_reference: bool,
    pub icmp_repair: bool,
}

impl Manner {
    pub(crate) const REFERENCE: Self = Self { as_reference: true, icmp_repair: true };
    pub(crate) const TRUE: Self = Self { as_reference: false, icmp_repair: true };
}

/// Decodes a whole file that is not wrapped in gzip: all records before the first damage, and what it was.
pub(crate) fn decode(file: &[u8], file_name: &str, manner: Manner) -> (Vec<Flow>, Option<Stopped>) {
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
pub(crate) struct Header {
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
    pub(crate) fn read(file: &[u8], file_name: &str) -> Option<Self> {
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
                10 if length < 12 || be32(entry, 8)? == 1 && length != 16 => return None,
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
    const FLOWTYPES: [&str; 11] =
        ["in", "out", "iw", "ow", "innull", "outnull", "int2int", "ext2ext", "inicmp", "outicmp", "other"];
    let name = path.rsplit('/').next()?;
    let (flowtype, rest) = name.match_indices('-').find_map(|(at, _)| {
        let id = FLOWTYPES.iter().position(|known| *known == &name[..at])?;
        Some((id as u8, &name[at + 1..]))
    })?;
    let (sensor, rest) = rest.split_once('_')?;
    let (date, hour) = rest.split_once('.')?;
    let decimal = |text: &str| {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            None
        } else {
            text.parse::<u64>().ok()
        }
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
pub(crate) fn record_size(format: u8, version: u8) -> Option<usize> {
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
