//! A flow record as plain values, and its line of text as `rwcut` prints it. All ways of reading end here.

use std::io::Write;
use std::net::IpAddr;

/// Every stored value of a record, and which of them the source does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flow {
    pub sip: IpAddr,
    pub dip: IpAddr,
    pub nhip: IpAddr,
    pub is_ipv6: bool,
    pub sport: u16,
    pub dport: u16,
    pub protocol: u8,
    pub packets: u64,
    pub bytes: u64,
    pub stime_ms: i64,
    pub duration_ms: u32,
    pub flags: u8,
    pub init_flags: u8,
    pub rest_flags: u8,
    pub tcp_state: u8,
    pub application: u16,
    pub memo: u16,
    pub sensor: u16,
    pub flowtype: u8,
    pub input: u32,
    pub output: u32,
    pub known: Known,
}

/// Which of the fields that can be missing are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Known {
    pub nhip: bool,
    pub separate_flags: bool,
    pub attributes: bool,
    pub application: bool,
    pub sensor: bool,
    pub flowtype: bool,
    pub input: bool,
    pub output: bool,
    pub icmp: bool,
    pub memo: bool,
}

impl Flow {
    pub(crate) fn etime_ms(&self) -> i64 {
        self.stime_ms.wrapping_add(i64::from(self.duration_ms))
    }

    /// The site of the test data: one class, eleven types.
    fn class_type(&self) -> (&'static str, Option<&'static str>) {
        const TYPES: [&str; 11] = [
            "in", "out", "inweb", "outweb", "innull", "outnull", "int2int", "ext2ext", "inicmp", "outicmp",
            "other",
        ];
        match TYPES.get(usize::from(self.flowtype)) {
            Some(&name) => ("all", Some(name)),
            None => ("?", None),
        }
    }

    /// The 26 columns of `rwcut --all-fields --no-titles --delimited='|' --timestamp-format=epoch
    /// --integer-sensors --ip-format=canonical`.
    pub(crate) fn line(&self, out: &mut Vec<u8>) {
        address(out, self.sip);
        address(out, self.dip);
        number(out, u64::from(self.sport));
        number(out, u64::from(self.dport));
        number(out, u64::from(self.protocol));
        number(out, self.packets);
        number(out, self.bytes);
        letters(out, self.flags, &TCP_FLAGS);
        time(out, self.stime_ms);
        time(out, i64::from(self.duration_ms));
        time(out, self.etime_ms());
        match self.sensor {
            65535 => out.extend_from_slice(b"-1|"),
            id => number(out, u64::from(id)),
        }
        number(out, u64::from(self.input));
        number(out, u64::from(self.output));
        address(out, self.nhip);
        letters(out, self.init_flags, &TCP_FLAGS);
        letters(out, self.rest_flags, &TCP_FLAGS);
        letters(out, self.tcp_state, &ATTRIBUTES);
        number(out, u64::from(self.application));
        let (class, kind) = self.class_type();
        out.extend_from_slice(class.as_bytes());
        out.push(b'|');
        match kind {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => digits(out, u64::from(self.flowtype), 1),
        }
        out.push(b'|');
        time(out, self.stime_ms);
        time(out, self.etime_ms());
        time(out, i64::from(self.duration_ms));
        if self.known.icmp {
            number(out, u64::from(self.dport >> 8));
            digits(out, u64::from(self.dport & 255), 1);
        } else {
            out.push(b'|');
        }
        out.push(b'\n');
    }
}

/// The whole text of many flows.
pub(crate) fn text(flows: &[Flow]) -> Vec<u8> {
    let mut out = Vec::with_capacity(flows.len() * 200);
    for flow in flows {
        flow.line(&mut out);
    }
    out
}

const TCP_FLAGS: [(u8, u8); 8] =
    [(1, b'F'), (2, b'S'), (4, b'R'), (8, b'P'), (16, b'A'), (32, b'U'), (64, b'E'), (128, b'C')];
const ATTRIBUTES: [(u8, u8); 4] = [(0x20, b'T'), (0x40, b'C'), (0x08, b'F'), (0x10, b'S')];

fn letters(out: &mut Vec<u8>, bits: u8, table: &[(u8, u8)]) {
    out.extend(table.iter().filter(|(bit, _)| bits & bit != 0).map(|&(_, letter)| letter));
    out.push(b'|');
}

fn digits(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut buffer = [b'0'; 20];
    let mut at = buffer.len();
    while value > 0 || at > buffer.len() - width {
        at -= 1;
        buffer[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&buffer[at..]);
}

fn number(out: &mut Vec<u8>, value: u64) {
    digits(out, value, 1);
    out.push(b'|');
}

/// Seconds and milliseconds, both divided towards zero; `printf` pads the sign with the digits: `-3.-07`.
fn time(out: &mut Vec<u8>, ms: i64) {
    if ms >= 0 {
        digits(out, ms as u64 / 1000, 1);
        out.push(b'.');
        digits(out, ms as u64 % 1000, 3);
        out.push(b'|');
    } else {
        write!(out, "{}.{:03}|", ms / 1000, ms % 1000).unwrap();
    }
}

fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(v4) => {
            for (i, octet) in v4.octets().into_iter().enumerate() {
                if i > 0 {
                    out.push(b'.');
                }
                digits(out, u64::from(octet), 1);
            }
        }
        IpAddr::V6(v6) => {
            // glibc's inet_ntop also writes `::192.0.2.1` for the v4-compatible ones.
            let segments = v6.segments();
            let low = u32::from(segments[6]) << 16 | u32::from(segments[7]);
            if segments[..6] == [0; 6] && low > 0xFFFF {
                write!(out, "::{}", std::net::Ipv4Addr::from(low)).unwrap();
            } else {
                write!(out, "{v6}").unwrap();
            }
        }
    }
    out.push(b'|');
}
