//! Made records against a slow evaluation of each.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::path::Path;
use std::rc::Rc;

use flowloom::rwfilter;
use proptest::prelude::*;
use silk_format::{Blocks, ByteOrder, Compression, FlowRecord, Header, Options, WriterOptions};

use crate::bench::run;
use crate::sample;

/// A switch and what it means, said of one record.
#[derive(Clone)]
struct Meaning(String, Rc<dyn Fn(&FlowRecord) -> bool>);

impl fmt::Debug for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn meaning() -> impl Strategy<Value = Meaning> {
    fn of(switch: String, holds: impl Fn(&FlowRecord) -> bool + 'static) -> Meaning {
        Meaning(switch, Rc::new(holds))
    }
    let icmp = |r: &FlowRecord| r.protocol == 1 || (r.protocol == 58 && r.sip.is_ipv6());
    prop_oneof![
        any::<u8>().prop_map(|n| of(format!("--protocol=1,6,{n}"), move |r| [1, 6, n].contains(&r.protocol))),
        (0..9u16, 0..9u16).prop_map(|(a, b)| {
            let (first, last) = (a.min(b), a.max(b));
            of(format!("--dport={first}-{last},8-"), move |r| (first..=last).contains(&r.dport) || r.dport >= 8)
        }),
        (0..9u16).prop_map(|n| of(format!("--aport={n}"), move |r| r.sport == n || r.dport == n)),
        (0..3u8).prop_map(move |n| of(format!("--icmp-type={n}"), move |r| {
            icmp(r) && r.dport >> 8 == u16::from(n)
        })),
        (0..9u64).prop_map(|n| of(format!("--packets={n}-"), move |r| r.packets >= n)),
        (0..1000u64).prop_map(|n| of(format!("--bytes=10-{}", n + 10), move |r| {
            (10..=n + 10).contains(&r.bytes)
        })),
        (1..50u64).prop_map(|n| of(format!("--bytes-per-packet={n}-"), move |r| {
            r.bytes >= n * r.packets
        })),
        any::<u8>().prop_map(|n| of(format!("--saddress=10.x.x.{n},1-99"), move |r| {
            matches!(r.sip, IpAddr::V4(a) if a.octets()[0] == 10 && (a.octets()[3] == n || (1..=99).contains(&a.octets()[3])))
        })),
        any::<u8>().prop_map(|n| of(format!("--not-any-cidr=10.{n}.0.0/9,2001:db8::/127"), move |r| {
            let inside = |ip: IpAddr| match ip {
                IpAddr::V4(a) => a.octets()[0] == 10 && a.octets()[1] >> 7 == n >> 7,
                IpAddr::V6(a) => u128::from(a) >> 1 == 0x2001_0db8_u128 << 95,
            };
            !inside(r.sip) && !inside(r.dip)
        })),
        Just(of("--flags-initial=S/SA".to_owned(), |r| r.initial_tcpflags & 0x12 == 2)),
        Just(of("--tcp-flags=FR".to_owned(), |r| r.tcpflags & 5 != 0)),
        Just(of("--attributes=T/TC".to_owned(), |r| r.attributes & 0x60 == 0x20)),
        Just(of("--ip-version=6".to_owned(), |r| r.sip.is_ipv6())),
        (0..60u32).prop_map(|n| of(format!("--duration={n}-"), move |r| r.duration_ms >= n * 1000)),
        (0..3600i64).prop_map(|n| {
            let at = 1_234_483_200 + n;
            of(format!("--active-time={at}-{}", at + 60), move |r| {
                let end = r.stime_ms + i64::from(r.duration_ms);
                r.stime_ms <= (at + 60) * 1000 + 999 && end >= at * 1000
            })
        }),
        (0..4u32).prop_map(|n| of(format!("--any-index={n}"), move |r| r.input == n || r.output == n)),
    ]
}

prop_compose! {
    fn made_record()(
        bits in any::<[u8; 12]>(),
        ports in [0..12u16, 0..12u16],
        counts in (1..12u64, 0..2000u64),
        times in (0..3_600_000i64, 0..120_000u32),
        ids in (0..4u16, 0..9u8, 0..4u32, 0..4u32),
    ) -> FlowRecord {
        let v6 = bits[0] % 4 == 0;
        let ip = |a: u8, b: u8| match v6 {
            true => IpAddr::from(Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(a % 4))),
            false => IpAddr::from(Ipv4Addr::new(if b.is_multiple_of(3) { 192 } else { 10 }, b, 0, a)),
        };
        let mut record = FlowRecord::default();
        (record.sip, record.dip) = (ip(bits[1], bits[2]), ip(bits[3], bits[4]));
        record.nhip = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        record.protocol = [1, 6, 6, 17, 58, bits[5]][usize::from(bits[6]) % 6];
        (record.sport, record.dport) = (ports[0], if bits[7] % 2 == 0 { ports[1] } else { ports[1] << 8 });
        (record.packets, record.bytes) = counts;
        (record.initial_tcpflags, record.session_tcpflags) = (bits[8], bits[9]);
        record.tcpflags = bits[8] | bits[9];
        record.attributes = bits[10] & 0x78 | 1;
        (record.stime_ms, record.duration_ms) = (1_234_483_200_000 + times.0, times.1);
        (record.sensor_id, record.classtype_id, record.input, record.output) = ids;
        record
    }
}

/// The records of a file as they are.
fn stored(file: &[u8]) -> Vec<FlowRecord> {
    let (header, len) = Header::parse(file).unwrap();
    let mut blocks = Blocks::new(&header, Options::default(), &file[len..]).unwrap();
    let mut records = Vec::new();
    while let Some(block) = blocks.next_block() {
        records.extend(block.unwrap().records().map(FlowRecord::from));
    }
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Passing and failing records are all records, and each goes where a slow evaluation says.
    #[test]
    fn passing_and_failing_is_all(
        records in prop::collection::vec(made_record(), 1..300),
        repeats in 1..12usize,
        tests in prop::collection::vec(meaning(), 1..4),
        threads in 1..4usize,
        compressed in any::<bool>(),
        order in prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)],
    ) {
        let records = records.repeat(repeats);
        let compression = if compressed { Compression::ZLIB } else { Compression::NONE };
        let options = WriterOptions::default().with_compression(compression).with_byte_order(order);
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(Path::new(&at("in")), sample::file(&records, &options)).unwrap();
        let mut switches: Vec<(String, &Meaning)> = Vec::new();
        for test in &tests {
            let name = test.0.split('=').next().unwrap().to_owned();
            if switches.iter().all(|(other, _)| *other != name) {
                switches.push((name, test));
            }
        }
        let mut arguments: Vec<String> = switches.iter().map(|(_, test)| test.0.clone()).collect();
        // A list of protocols without ICMP excludes a test of ICMP; these lists all have it.
        arguments.extend([
            format!("--pass={}", at("pass")), format!("--fail={}", at("fail")), format!("--all={}", at("all")),
            "--print-volume-statistics".to_owned(), at("in"),
        ]);
        let setup = rwfilter::Setup::default().with_threads(NonZeroUsize::new(threads).unwrap());
        let (status, _, err) = run(&arguments, &setup);
        prop_assert_eq!(status, 0, "{}", err);
        let read = |name: &str| stored(&std::fs::read(at(name)).unwrap());
        let (passing, failing): (Vec<FlowRecord>, Vec<FlowRecord>) =
            read("in").into_iter().partition(|record| switches.iter().all(|(_, test)| (test.1)(record)));
        let line = |title: &str, records: &[FlowRecord], files: &str| {
            let packets: u64 = records.iter().map(|r| r.packets).sum();
            let bytes: u64 = records.iter().map(|r| r.bytes).sum();
            format!("{title:>5}|{:>18}|{packets:>18}|{bytes:>20}|{files:>10}|\n", records.len())
        };
        prop_assert_eq!(err.split_once('\n').unwrap().1.to_owned(), [
            line("Total", &records, "1"), line("Pass", &passing, ""), line("Fail", &failing, ""),
        ].concat());
        prop_assert!(read("pass") == passing);
        prop_assert!(read("fail") == failing);
        prop_assert!(read("all") == read("in"));
    }
}
