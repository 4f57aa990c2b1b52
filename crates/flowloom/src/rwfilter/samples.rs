//! The twelve records of semantics section 0, and every table of sections 2.5 and 3.2–3.8 as a test.

use std::ffi::{OsStr, OsString};

use flow_frame::predicate::{AddressSet, CompileOptions, Nulls, Predicate};
use silk_format::{Blocks, ColumnBuf, FlowRecord, Header, Options, Parity, Writer, WriterOptions};

use super::switches::{Job, Request, parse};

/// The records as section 0 lists them.
const RECORDS: &str = "\
10.1.2.3|192.0.2.10|52000|80|6|10|4000|S|APF||80|2009/02/12T23:59:59.500|2.750|S0|all|inweb|1|2|10.0.0.1|0|0
10.1.2.3|192.0.2.10|52001|443|6|3|180|S|AR|T|443|2009/02/13T00:00:00.000|0.000|S0|all|inweb|1|2|10.0.0.1|0|0
192.0.2.10|10.1.2.3|443|52001|6|2|120|SA|A|C|443|2009/02/13T00:00:00.001|1800.000|S0|all|outweb|2|1|0.0.0.0|0|0
10.2.1.0|198.51.100.7|5353|53|17|1|64||||53|2009/02/13T00:30:00.000|0.250|S1|all|in|0|0|0.0.0.0|0|0
10.2.3.0|198.51.100.7|5353|53|17|4|257||||0|2009/02/13T00:59:59.999|3600.001|S1|all|in|0|0|0.0.0.0|0|0
10.3.9.9|203.0.113.5|0|0|1|2|168||||0|2009/02/13T01:00:00.000|1.000|S1|all|inicmp|0|0|0.0.0.0|8|0
203.0.113.5|10.3.9.9|0|0|1|2|168||||0|2009/02/13T01:00:00.100|1.000|S1|all|outicmp|0|0|0.0.0.0|3|13
2001:db8::1|2001:db8:ffff::2|40000|22|6|100|123456|S|APEC|S|22|2009/02/13T05:06:07.089|60.123|S2|all|in|7|8|::|0|0
2001:db8::1|2001:db8:ffff::2|0|0|58|1|96||||0|2009/02/13T06:00:00.000|0|S2|all|in|7|8|::|135|0
10.9.9.9|192.0.2.1|1|2|58|1|96||||0|2009/02/13T07:00:00.000|0|S2|all|in|7|8|0.0.0.0|0|0
10.1.2.3|192.0.2.11|30000|25|6|7|707|||F|25|2009/02/14T23:00:00.000|120.5|S14|all|in|3|4|10.0.0.9|0|0
10.1.2.3|192.0.2.11|30001|25|6|7|707|||FS|25|2009/02/15T00:00:00.000|0|S14|all|in|3|4|10.0.0.9|0|0";

/// Types of the stock "twoway" site, by id.
const TYPES: [&str; 11] =
    ["in", "out", "inweb", "outweb", "innull", "outnull", "int2int", "ext2ext", "inicmp", "outicmp", "other"];

/// A FlowRecord of a line.
fn record(line: &str) -> FlowRecord {
    let cells: Vec<&str> = line.split('|').collect();
    let number = |at: usize| cells[at].parse::<u64>().unwrap();
    let letters = |at: usize, table: &[(char, u8)]| {
        cells[at].chars().fold(0, |bits, c| bits | table.iter().find(|(letter, _)| *letter == c).unwrap().1)
    };
    let flags = [('F', 1), ('S', 2), ('R', 4), ('P', 8), ('A', 16), ('U', 32), ('E', 64), ('C', 128)];
    let mut r = FlowRecord::default();
    r.sip = cells[0].parse().unwrap();
    r.dip = cells[1].parse().unwrap();
    r.nhip = cells[18].parse().unwrap();
    r.sport = number(2) as u16;
    r.protocol = number(4) as u8;
    // Type and code columns set the destination port of ICMP, and of protocol 58 of either version.
    let icmp = matches!(r.protocol, 1 | 58);
    r.dport = if icmp { (number(19) * 256 + number(20)) as u16 } else { number(3) as u16 };
    r.packets = number(5);
    r.bytes = number(6);
    (r.initial_tcpflags, r.session_tcpflags) = (letters(7, &flags), letters(8, &flags));
    r.tcpflags = r.initial_tcpflags | r.session_tcpflags;
    r.attributes = letters(9, &[('T', 0x20), ('C', 0x40), ('F', 0x08), ('S', 0x10)]);
    r.attributes |= u8::from(r.protocol == 6 && r.tcpflags != 0);
    r.application = number(10) as u16;
    r.stime_ms = cells[11].parse::<silk_format::silk_time::SilkTime>().unwrap().ms();
    r.duration_ms = (cells[12].parse::<f64>().unwrap() * 1000.0).round() as u32;
    r.sensor_id = cells[13].trim_start_matches('S').parse().unwrap();
    r.classtype_id = TYPES.iter().position(|name| *name == cells[15]).unwrap() as u8;
    r.input = number(16) as u32;
    r.output = number(17) as u32;
    r
}

/// The file of section 0.
fn flows() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).unwrap();
    RECORDS.lines().for_each(|line| writer.write(&record(line)).unwrap());
    writer.finish().unwrap()
}

/// The numbers of the records of which the predicate is true.
fn passing(predicate: &Predicate) -> Vec<usize> {
    let bytes = flows();
    let (header, len) = Header::parse(&bytes).unwrap();
    let options = Options::default().with_parity(Parity::Silk);
    let mut blocks = Blocks::new(&header, options, &bytes[len..]).unwrap();
    let block = blocks.next_block().unwrap().unwrap();
    let compiled = predicate.compile(&CompileOptions::default().with_nulls(Nulls::AsStored)).unwrap();
    let columns = compiled.columns().iter().map(|column| {
        let mut buf = ColumnBuf::new(*column);
        block.read(*column, 0..block.len(), None, &mut buf);
        buf
    });
    let columns: Vec<ColumnBuf> = columns.collect();
    let mut evaluator = compiled.evaluator();
    let mask = evaluator.evaluate(columns.as_slice(), block.len()).unwrap();
    (0..block.len()).filter(|row| mask.get(*row)).map(|row| row + 1).collect()
}

fn job(switches: &str) -> Result<Job, String> {
    let arguments = switches.split(' ').chain(["--all-destination=x", "flows.rw"]);
    match parse(&arguments.map(OsString::from).collect::<Vec<_>>())? {
        Request::Filter(job) => Ok(*job),
        other => Err(format!("{other:?}")),
    }
}

fn set(name: &OsStr) -> Result<AddressSet, String> {
    match name.to_str() {
        Some("ten") => Ok(AddressSet::from_prefixes(["10.0.0.0/8".parse().unwrap()])),
        Some("six") => Ok(AddressSet::from_prefixes([
            "2001:db8::/32".parse().unwrap(),
            "::ffff:10.1.0.0/112".parse().unwrap(),
        ])),
        _ => Err("no such set".to_owned()),
    }
}

fn passes(switches: &str) -> Vec<usize> {
    let predicate = job(switches).and_then(|job| job.partition.predicate(&mut set));
    passing(&predicate.unwrap_or_else(|e| panic!("{switches}: {e}")))
}

const ALL: &str = "1 2 3 4 5 6 7 8 9 10 11 12";

fn check(table: &[(&str, &str)]) {
    for (switches, records) in table {
        let expected: Vec<usize> =
            records.split(' ').filter(|n| !n.is_empty()).map(|n| n.parse().unwrap()).collect();
        assert_eq!(passes(switches), expected, "{switches}");
    }
}

#[test]
fn totals_of_section_0() {
    let records: Vec<_> = RECORDS.lines().map(record).collect();
    assert_eq!(records.iter().map(|r| r.packets).sum::<u64>(), 140);
    assert_eq!(records.iter().map(|r| r.bytes).sum::<u64>(), 130_019);
    assert_eq!([5, 6, 8, 9].map(|at: usize| records[at].dport), [2048, 781, 34560, 0]);
}

#[test]
fn time_windows_3_2() {
    check(&[
        ("--stime=2009/02/13", "2"),
        ("--stime=2009/02/13-", "2"),
        ("--stime=2009/02/13-2009/02/13", "2 3 4 5 6 7 8 9 10"),
        ("--stime=2009/02/13T00-2009/02/13T00", "2 3 4 5"),
        ("--stime=2009/02/13T00:00:00-2009/02/13T00:00:00", "2 3"),
        ("--stime=2009/02/13-2009/02/13T00:59:59.998", "2 3 4"),
        ("--stime=2009/02/13-2009/02/13T00:59:59.9", "2 3 4"),
        ("--stime=1234483200-1234483200", "2 3"),
        ("--stime=1234483200-1234483200.0", "2"),
        ("--etime=2009/02/13T00:00:00-2009/02/13T00:00:02", "1 2"),
        ("--active-time=2009/02/13T00:00:00.001", "1 3"),
        ("--active-time=2009/02/12T23:59:59-2009/02/12T23:59:59.500", "1"),
        ("--active-time=2009/02/12T23:59:59-2009/02/12T23:59:59.499", ""),
        ("--active-time=2009/02/13T01-2009/02/13T01", "5 6 7"),
        ("--active-time=2009/02/13T02-2009/02/13T02", "5"),
    ]);
}

#[test]
fn durations_3_3() {
    check(&[
        ("--duration=0", "2 9 10 12"),
        ("--duration=0-1", "2 4 6 7 9 10 12"),
        ("--duration=1-", "1 3 5 6 7 8 11"),
        ("--duration=60.123", "8"),
        ("--duration=3600-3600.001", "5"),
        ("--duration=1.001", "6 7"),
    ]);
}

#[test]
fn integer_lists_3_4() {
    check(&[
        ("--protocol=0-255", ALL),
        ("--protocol=1,58", "6 7 9 10"),
        ("--protocol=6,", "1 2 3 8 11 12"),
        ("--dport=1024-", "3 6 9"),
        ("--sport=0", "6 7 9"),
        ("--aport=53", "4 5"),
        ("--application=25,53", "4 11 12"),
        ("--icmp-type=8", "6"),
        ("--icmp-type=135", "9"),
        ("--icmp-code=0", "6 9"),
        ("--icmp-type=3 --icmp-code=13", "7"),
        ("--input-index=1", "1 2"),
        ("--any-index=8", "8 9 10"),
        ("--ip-version=6", "8 9"),
        ("--ip-version=4,6", ALL),
        ("--ip-version=4 --protocol=58", "10"),
    ]);
    let icmp = |switches| job(switches).unwrap().partition.predicate(&mut set);
    assert!(icmp("--icmp-type=8 --protocol=6").is_err());
    assert!(icmp("--icmp-type=8 --protocol=1,6").is_ok());
}

#[test]
fn volumes_3_5() {
    check(&[
        ("--bytes=707", "11 12"),
        ("--bytes=100-200", "2 3 6 7"),
        ("--packets=100-", "8"),
        ("--bytes-per-packet=60", "2 3"),
        ("--bytes-per-packet=60-64.25", "2 3 4 5"),
    ]);
}

#[test]
fn addresses_3_6() {
    check(&[
        ("--saddress=10.x.1-3,5.0", "4 5"),
        ("--saddress=x.x.x.x", "1 2 3 4 5 6 7 10 11 12"),
        ("--saddress=x:x:x:x:x:x:x:x", ALL),
        ("--saddress=::ffff:10.x.x.x", "1 2 4 5 6 10 11 12"),
        ("--saddress=2001:db8::x", "8 9"),
        ("--saddress=10.1.2.3/31", "1 2 11 12"),
        ("--saddress=167838211", "1 2 11 12"),
        ("--not-saddress=10.x.x.x", "3 7 8 9"),
        ("--any-address=192.0.2.10", "1 2 3"),
        ("--not-any-address=10.x.x.x", "8 9"),
        ("--next-hop-id=0.0.0.0", "3 4 5 6 7 10"),
        ("--next-hop-id=::", "8 9"),
        ("--not-next-hop-id=10.0.0.x", "3 4 5 6 7 8 9 10"),
        ("--scidr=10.1.2.77/24,10.3.0.0/16", "1 2 6 11 12"),
        ("--not-scidr=10.0.0.0/8", "3 7 8 9"),
        ("--scidr=::ffff:0:0/96", "1 2 3 4 5 6 7 10 11 12"),
        ("--scidr=::/96", ""),
        ("--any-cidr=2001:db8::/32", "8 9"),
        // Sets compare as lists of blocks do.
        ("--sipset=ten", "1 2 4 5 6 10 11 12"),
        ("--not-sipset=ten", "3 7 8 9"),
        ("--anyset=ten", "1 2 3 4 5 6 7 10 11 12"),
        ("--not-anyset=ten", "8 9"),
        ("--dipset=six", "3 8 9"),
        ("--nhipset=ten", "1 2 11 12"),
    ]);
}

#[test]
fn flags_3_7() {
    check(&[
        ("--flags-all=S/SA", ""),
        ("--flags-all=S/SA,SA/SA", "1 2 3 8"),
        ("--flags-all=S/SA --flags-all=SA/SA", "1 2 3 8"),
        ("--flags-all=SAF/SAFR,SAR/SAFR", "1 2"),
        ("--flags-all=/F", "2 3 4 5 6 7 8 9 10 11 12"),
        ("--flags-initial=S/SA", "1 2 8"),
        ("--flags-session=A/A", "1 2 3 8"),
        ("--tcp-flags=FR", "1 2"),
        ("--tcp-flags=", ""),
        ("--syn-flag=1 --ack-flag=1 --fin-flag=0", "2 3 8"),
        ("--syn-flag=1 --flags-all=F/F", "1 2 3 8"),
        ("--syn-flag=x", "4 5 6 7 9 10 11 12"),
    ]);
}

#[test]
fn attributes_3_8() {
    check(&[
        ("--attributes=T/T", "2"),
        ("--attributes=C/TC,F/F", "3 11 12"),
        ("--attributes=S/SF", "8"),
        ("--attributes=FS/FS", "12"),
        ("--attributes=/TC", "1 4 5 6 7 8 9 10 11 12"),
    ]);
}

#[test]
fn the_shortcut_over_packed_hours_3_2() {
    let hour = 1_234_483_200_000;
    for (switches, fails) in [
        ("--stime=2009/02/13T01-2009/02/13T01", false),
        ("--stime=2009/02/13T01:00:01-2009/02/13T02", true),
        ("--stime=2009/02/12T23-2009/02/12T23", true),
        ("--etime=2009/02/13T05-2009/02/13T05", false),
        ("--etime=2009/02/12T23-2009/02/12T23", true),
        ("--active-time=2009/02/13T02-2009/02/13T02", false),
        ("--active-time=2009/02/13T02:00:01-2009/02/13T03", true),
        ("--active-time=2009/02/12T23-2009/02/12T23", true),
        ("--protocol=6", false),
    ] {
        assert_eq!(job(switches).unwrap().partition.fails_hour(hour), fails, "{switches}");
    }
}
