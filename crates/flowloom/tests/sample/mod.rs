//! The sample of the semantics document (section 0).

use std::net::IpAddr;

use silk_format::{FlowRecord, Writer, WriterOptions};

/// The site: SiLK's "twoway" one, with the sensors of the sample.
pub(crate) const SITE: &str = "version 2
sensor 0 S0
sensor 1 S1
sensor 2 S2
sensor 14 S14
class all
  sensors S0 S1 S2 S14
  type 0 in in
  type 1 out out
  type 2 inweb iw
  type 3 outweb ow
  type 4 innull innull
  type 5 outnull outnull
  type 6 int2int int2int
  type 7 ext2ext ext2ext
  type 8 inicmp inicmp
  type 9 outicmp outicmp
  type 10 other other
  default-types in inweb inicmp
end class
default-class all
";

/// Addresses, ports, protocol, packets, bytes, initial and session flags, attributes, application, start in
/// ms behind 2009-02-12, duration in ms, sensor, flowtype, in, out, next hop. ICMP type and code stand in the port.
#[rustfmt::skip]
type Line = (&'static str, &'static str, u16, u16, u8, u64, u64, u8, u8, u8, u16, i64, u32, u16, u8, u32, u32, &'static str);

#[rustfmt::skip]
const SAMPLE: [Line; 12] = [
    ("10.1.2.3", "192.0.2.10", 52000, 80, 6, 10, 4000, 0x02, 0x19, 0x01, 80, 86_399_500, 2750, 0, 2, 1, 2, "10.0.0.1"),
    ("10.1.2.3", "192.0.2.10", 52001, 443, 6, 3, 180, 0x02, 0x14, 0x21, 443, 86_400_000, 0, 0, 2, 1, 2, "10.0.0.1"),
    ("192.0.2.10", "10.1.2.3", 443, 52001, 6, 2, 120, 0x12, 0x10, 0x41, 443, 86_400_001, 1_800_000, 0, 3, 2, 1, "0.0.0.0"),
    ("10.2.1.0", "198.51.100.7", 5353, 53, 17, 1, 64, 0, 0, 0, 53, 88_200_000, 250, 1, 0, 0, 0, "0.0.0.0"),
    ("10.2.3.0", "198.51.100.7", 5353, 53, 17, 4, 257, 0, 0, 0, 0, 89_999_999, 3_600_001, 1, 0, 0, 0, "0.0.0.0"),
    ("10.3.9.9", "203.0.113.5", 0, 2048, 1, 2, 168, 0, 0, 0, 0, 90_000_000, 1000, 1, 8, 0, 0, "0.0.0.0"),
    ("203.0.113.5", "10.3.9.9", 0, 781, 1, 2, 168, 0, 0, 0, 0, 90_000_100, 1000, 1, 9, 0, 0, "0.0.0.0"),
    ("2001:db8::1", "2001:db8:ffff::2", 40000, 22, 6, 100, 123_456, 0x02, 0x59, 0x11, 22, 104_767_089, 60_123, 2, 0, 7, 8, "::"),
    ("2001:db8::1", "2001:db8:ffff::2", 0, 34560, 58, 1, 96, 0, 0, 0, 0, 108_000_000, 0, 2, 0, 7, 8, "::"),
    ("10.9.9.9", "192.0.2.1", 1, 0, 58, 1, 96, 0, 0, 0, 0, 111_600_000, 0, 2, 0, 7, 8, "0.0.0.0"),
    ("10.1.2.3", "192.0.2.11", 30000, 25, 6, 7, 707, 0, 0, 0x08, 25, 255_600_000, 120_500, 14, 0, 3, 4, "10.0.0.9"),
    ("10.1.2.3", "192.0.2.11", 30001, 25, 6, 7, 707, 0, 0, 0x18, 25, 259_200_000, 0, 14, 0, 3, 4, "10.0.0.9"),
];

const DAY: i64 = 1_234_396_800_000;

/// The records.
pub(crate) fn records() -> Vec<FlowRecord> {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let record = |r: &Line| {
        let mut record = FlowRecord::default();
        (record.sip, record.dip, record.nhip) = (ip(r.0), ip(r.1), ip(r.17));
        (record.sport, record.dport, record.protocol) = (r.2, r.3, r.4);
        (record.packets, record.bytes) = (r.5, r.6);
        (record.initial_tcpflags, record.session_tcpflags, record.tcpflags) = (r.7, r.8, r.7 | r.8);
        (record.attributes, record.application) = (r.9, r.10);
        (record.stime_ms, record.duration_ms) = (DAY + r.11, r.12);
        (record.sensor_id, record.classtype_id, record.input, record.output) = (r.13, r.14, r.15, r.16);
        record
    };
    SAMPLE.iter().map(record).collect()
}

/// A file of records.
pub(crate) fn file(records: &[FlowRecord], options: &WriterOptions) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), options).unwrap();
    records.iter().for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap()
}
