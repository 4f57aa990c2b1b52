//! Predicates against an evaluation of one row after the other with SQL's three values, written for this test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

mod common;

use std::net::IpAddr;

use flow_frame::predicate::{
    AddressSet, CompileOptions, HeaderFacts, Nulls, ParseContext, Predicate, PredicateFilter, Ranges,
    Wildcard,
};
use flow_frame::silk_format::{
    Bits, Blocks, Column, ColumnBuf, Constant, Constants, Header, Options, Selection, SiteConfig, Validity,
    Values,
};
use flow_frame::{FlowBatchBuilder, FlowRow, Projection};
use proptest::prelude::*;

/// A condition as this test has it.
#[derive(Debug, Clone)]
enum Ask {
    Always(bool),
    Number(Column, Vec<(i128, i128)>),
    /// Nanoseconds.
    Time(Column, Vec<(i128, i128)>),
    Address(Column, Vec<(IpAddr, u8)>),
    Pattern(Column, &'static str),
    Masks(Column, Vec<(u8, u8)>),
    Named(&'static str, Vec<&'static str>),
    IsIpv6,
    IsNull(Column),
    NameIsNull(&'static str),
    Quotient(f64, f64),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

const SITE: &str = "sensor 0 S0\nsensor 1 S1\nsensor 3 S3\nclass all\n sensors S0 S1 S3\n type 0 in\n type 2 inweb\n\
                    end class\nclass ext\n sensors S3\n type 4 in ein\nend class\n";
const SENSORS: [(u64, &str); 3] = [(0, "S0"), (1, "S1"), (3, "S3")];
const CLASSES: [(u64, &str); 3] = [(0, "all"), (2, "all"), (4, "ext")];
const TYPES: [(u64, &str); 3] = [(0, "in"), (2, "inweb"), (4, "in")];
/// The patterns that the oracle knows by another way.
const PATTERNS: [&str; 4] = ["10.x.0-1.x", "x.x.x.x", "2001:db8::x", "::ffff:10.0.0.1-2"];

fn site() -> SiteConfig {
    SiteConfig::parse(SITE.as_bytes()).unwrap()
}

/// The value of a number column, a time in milliseconds.
fn number(row: &FlowRow, column: Column) -> Option<i128> {
    let icmp = row.protocol == 1 || (row.protocol == 58 && row.is_ipv6);
    Some(match column {
        Column::Stime => row.stime.into(),
        Column::Etime => row.etime.into(),
        Column::Duration => (row.etime - row.stime).into(),
        Column::Sport => row.sport.into(),
        Column::Dport => row.dport.into(),
        Column::Protocol => row.protocol.into(),
        Column::Packets => row.packets.into(),
        Column::Bytes => row.bytes.into(),
        Column::Tcpflags => row.tcpflags.into(),
        Column::InitialTcpflags => row.initial_tcpflags?.into(),
        Column::SessionTcpflags => row.session_tcpflags?.into(),
        Column::Attributes => row.attributes?.into(),
        Column::Application => row.application?.into(),
        Column::SensorId => row.sensor_id?.into(),
        Column::ClasstypeId => row.classtype_id?.into(),
        Column::Input => row.input?.into(),
        Column::Output => row.output?.into(),
        Column::Memo => row.memo?.into(),
        Column::Icmptype if icmp => (row.dport >> 8).into(),
        Column::Icmpcode if icmp => (row.dport & 255).into(),
        Column::IsIpv6 => row.is_ipv6.into(),
        _ => return None,
    })
}

fn address(row: &FlowRow, column: Column) -> Option<[u8; 16]> {
    match column {
        Column::Sip => Some(row.sip),
        Column::Dip => Some(row.dip),
        _ => row.nhip,
    }
}

fn name(row: &FlowRow, column: &str) -> Option<&'static str> {
    let (id, names) = match column {
        "sensor" => (row.sensor_id.map(u64::from), SENSORS),
        "class" => (row.classtype_id.map(u64::from), CLASSES),
        _ => (row.classtype_id.map(u64::from), TYPES),
    };
    names.iter().find(|(known, _)| Some(*known) == id).map(|(_, name)| *name)
}

fn bytes_of(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn in_block(address: [u8; 16], (net, len): (IpAddr, u8)) -> bool {
    let len = if net.is_ipv4() { len + 96 } else { len };
    let net = bytes_of(net);
    (0..usize::from(len)).all(|bit| (address[bit / 8] ^ net[bit / 8]) >> (7 - bit % 8) & 1 == 0)
}

fn in_pattern(a: [u8; 16], pattern: &str) -> bool {
    let v4 = a[..10] == [0; 10] && a[10..12] == [255, 255];
    match pattern {
        "10.x.0-1.x" => v4 && a[12] == 10 && a[14] <= 1,
        "x.x.x.x" => v4,
        "2001:db8::x" => a[..4] == [0x20, 0x01, 0x0d, 0xb8] && a[4..14] == [0; 10],
        _ => v4 && a[12..15] == [10, 0, 0] && (1..=2).contains(&a[15]),
    }
}

/// `None` is unknown.
fn truth(ask: &Ask, row: &FlowRow) -> Option<bool> {
    let inside = |ranges: &[(i128, i128)], value| ranges.iter().any(|(a, b)| (*a..=*b).contains(&value));
    match ask {
        Ask::Always(value) => Some(*value),
        Ask::Number(column, ranges) => number(row, *column).map(|value| inside(ranges, value)),
        Ask::Time(column, ranges) => number(row, *column).map(|ms| inside(ranges, ms * 1_000_000)),
        Ask::Address(column, nets) => address(row, *column).map(|a| nets.iter().any(|net| in_block(a, *net))),
        Ask::Pattern(column, pattern) => address(row, *column).map(|a| in_pattern(a, pattern)),
        Ask::Masks(column, pairs) => {
            number(row, *column).map(|v| pairs.iter().any(|(high, mask)| v as u8 & mask == *high))
        }
        Ask::Named(column, names) => name(row, column).map(|name| names.contains(&name)),
        Ask::IsIpv6 => Some(row.is_ipv6),
        Ask::IsNull(Column::Sip | Column::Dip) => Some(false),
        Ask::IsNull(Column::Nhip) => Some(row.nhip.is_none()),
        Ask::IsNull(column) => Some(number(row, *column).is_none()),
        Ask::NameIsNull(column) => Some(name(row, column).is_none()),
        Ask::Quotient(low, high) => {
            let (bytes, packets) = (row.bytes as f64, row.packets as f64);
            Some(packets == 0.0 && bytes == 0.0 || (bytes / packets >= *low && bytes / packets <= *high))
        }
        Ask::Not(inner) => truth(inner, row).map(|value| !value),
        Ask::All(parts) => {
            let values: Vec<_> = parts.iter().map(|part| truth(part, row)).collect();
            if values.contains(&Some(false)) {
                Some(false)
            } else {
                values.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
            }
        }
        Ask::Any(parts) => {
            let values: Vec<_> = parts.iter().map(|part| truth(part, row)).collect();
            if values.contains(&Some(true)) {
                Some(true)
            } else {
                values.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
            }
        }
    }
}

fn predicate(ask: &Ask) -> Predicate {
    match ask {
        Ask::Always(value) => Ok(Predicate::always(*value)),
        Ask::Number(column, ranges) | Ask::Time(column, ranges) => {
            Predicate::within(column.name(), ranges.iter().copied().collect::<Ranges>())
        }
        Ask::Address(column, nets) => {
            let nets = nets.iter().map(|(net, len)| format!("{net}/{len}").parse().unwrap());
            Predicate::address(column.name(), AddressSet::from_prefixes(nets))
        }
        Ask::Pattern(column, pattern) => {
            Predicate::wildcard(column.name(), Wildcard::parse(pattern).unwrap())
        }
        Ask::Masks(column, pairs) => Predicate::masks(column.name(), pairs.iter().copied()),
        Ask::Named(column, names) => Predicate::named(column, names.iter().copied()),
        Ask::IsIpv6 => Predicate::is_true("is_ipv6"),
        Ask::IsNull(column) => Predicate::is_null(column.name()),
        Ask::NameIsNull(column) => Predicate::is_null(column),
        Ask::Quotient(low, high) => Predicate::bytes_per_packet(*low, *high),
        Ask::All(parts) => Ok(Predicate::all(parts.iter().map(predicate))),
        Ask::Any(parts) => Ok(Predicate::any(parts.iter().map(predicate))),
        Ask::Not(inner) => Ok(!predicate(inner)),
    }
    .unwrap_or_else(|e| panic!("{ask:?}: {e}"))
}

/// Addresses that meet.
fn some_address() -> impl Strategy<Value = [u8; 16]> {
    let texts = [
        "::ffff:10.0.0.1",
        "::ffff:10.7.1.2",
        "::ffff:192.0.2.1",
        "2001:db8::1",
        "2001:db8::7:1",
        "::",
        "::1",
    ];
    (0..texts.len()).prop_map(move |at| texts[at].parse::<std::net::Ipv6Addr>().unwrap().octets())
}

fn some_row() -> impl Strategy<Value = FlowRow> {
    let small = || prop_oneof![Just(0u64), 0u64..200, Just(1 << 40)];
    let times = (-2000i64..2000, 0i64..2000);
    let addresses = (some_address(), some_address(), proptest::option::of(some_address()), any::<bool>());
    let ports = (prop_oneof![Just(80u16), Just(443), 0u16..600, any::<u16>()], 0u16..600);
    let flags = (
        any::<u8>(),
        proptest::option::of(0u8..8),
        proptest::option::of(any::<u8>()),
        proptest::option::of(0u8..0x79),
    );
    let ids = (proptest::option::of(0u16..5), proptest::option::of(0u8..6), proptest::option::of(0u32..4));
    let protocol = prop_oneof![Just(6u8), Just(1), Just(58), Just(17)];
    (times, addresses, ports, (small(), small()), flags, ids, (protocol, proptest::option::of(0u16..3)))
        .prop_map(
            |(
                (stime, life),
                (sip, dip, nhip, is_ipv6),
                (sport, dport),
                (packets, bytes),
                flags,
                ids,
                (protocol, memo),
            )| FlowRow {
                stime,
                etime: stime + life,
                sip,
                dip,
                nhip,
                is_ipv6,
                sport,
                dport,
                protocol,
                packets,
                bytes,
                tcpflags: flags.0,
                initial_tcpflags: flags.1,
                session_tcpflags: flags.2,
                attributes: flags.3,
                application: memo,
                sensor_id: ids.0,
                classtype_id: ids.1,
                input: ids.2,
                output: ids.2.map(|input| input / 2),
                memo,
            },
        )
}

fn of<T: Clone + std::fmt::Debug + 'static>(items: &'static [T]) -> impl Strategy<Value = T> {
    (0..items.len()).prop_map(move |at| items[at].clone())
}

fn some_test() -> impl Strategy<Value = Ask> {
    use Column::*;
    const NUMBERS: [Column; 16] = [
        Sport,
        Dport,
        Protocol,
        Packets,
        Bytes,
        Tcpflags,
        InitialTcpflags,
        Attributes,
        Application,
        SensorId,
        ClasstypeId,
        Input,
        Output,
        Icmptype,
        Icmpcode,
        Memo,
    ];
    let ranges = |span: i128| {
        proptest::collection::vec((-3i128..span, 0i128..span / 4), 0..7).prop_map(|ranges| {
            ranges.into_iter().map(|(first, len)| (first, first + len)).collect::<Vec<_>>()
        })
    };
    let open = proptest::collection::vec(
        prop_oneof![
            (0i128..100).prop_map(|v| (v, i128::MAX)),
            (0i128..100).prop_map(|v| (i128::MIN, v)),
            (0i128..600).prop_map(|v| (v, v)),
        ],
        1..2,
    );
    const NETS: [(&str, u8); 8] = [
        ("10.0.0.0", 8),
        ("10.0.0.1", 32),
        ("0.0.0.0", 0),
        ("192.0.2.0", 24),
        ("2001:db8::", 32),
        ("::", 0),
        ("::", 96),
        ("::ffff:0:0", 96),
    ];
    let nets = proptest::collection::vec(
        (0..NETS.len()).prop_map(|at| (NETS[at].0.parse().unwrap(), NETS[at].1)),
        0..3,
    );
    let pairs = |all: u8| {
        proptest::collection::vec(
            (1u8..=255, any::<u8>()).prop_map(move |(mask, high)| {
                let mask = if mask & all == 0 { all } else { mask & all };
                (high & mask, mask)
            }),
            0..6,
        )
    };
    let name = |column: &'static str, names: &'static [&'static str]| {
        proptest::collection::vec(of(names), 0..3).prop_map(move |names| Ask::Named(column, names))
    };
    prop_oneof![
        any::<bool>().prop_map(Ask::Always),
        (of(&NUMBERS), prop_oneof![ranges(12), ranges(600), open])
            .prop_map(|(column, ranges)| Ask::Number(column, ranges)),
        (of(&[Stime, Etime, Duration]), ranges(2_000_000_000))
            .prop_map(|(column, ranges)| Ask::Time(column, ranges)),
        (of(&[Sip, Dip, Nhip]), nets).prop_map(|(column, nets)| Ask::Address(column, nets)),
        (of(&[Sip, Dip, Nhip]), of(&PATTERNS)).prop_map(|(column, pattern)| Ask::Pattern(column, pattern)),
        (of(&[Tcpflags, InitialTcpflags, SessionTcpflags]), pairs(255))
            .prop_map(|(column, pairs)| Ask::Masks(column, pairs)),
        pairs(0x78).prop_map(|pairs| Ask::Masks(Attributes, pairs)),
        name("sensor", &["S0", "S1", "S3"]),
        name("type", &["in", "inweb"]),
        name("class", &["all", "ext"]),
        Just(Ask::IsIpv6),
        of(&Column::ALL).prop_map(Ask::IsNull),
        of(&["sensor", "type"]).prop_map(Ask::NameIsNull),
        (0u32..200, 0u32..300)
            .prop_map(|(low, len)| Ask::Quotient(f64::from(low) / 4.0, f64::from(low + len) / 4.0)),
        (0u32..200).prop_map(|low| Ask::Quotient(f64::from(low), f64::INFINITY)),
    ]
}

fn some_ask() -> impl Strategy<Value = Ask> {
    some_test().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Ask::All),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Ask::Any),
            inner.prop_map(|inner| Ask::Not(Box::new(inner))),
        ]
    })
}

/// The columns as a reader of records fills them.
fn buffer(rows: &[FlowRow], column: Column) -> ColumnBuf {
    let mut buf = ColumnBuf::new(column);
    let numbers = rows.iter().map(|row| number(row, column));
    let mut present: Vec<bool> = numbers.clone().map(|value| value.is_some()).collect();
    let numbers = numbers.map(Option::unwrap_or_default);
    match &mut buf.values {
        Values::I64(values) => values.extend(numbers.map(|v| v as i64)),
        Values::U64(values) => values.extend(numbers.map(|v| v as u64)),
        Values::U32(values) => values.extend(numbers.map(|v| v as u32)),
        Values::U16(values) => values.extend(numbers.map(|v| v as u16)),
        Values::U8(values) => values.extend(numbers.map(|v| v as u8)),
        Values::Bool(bits) => bits.extend(numbers.map(|v| v != 0)),
        Values::Address(values) => {
            present = rows.iter().map(|row| address(row, column).is_some()).collect();
            values.extend(rows.iter().map(|row| address(row, column).unwrap_or_default()));
        }
    }
    buf.validity = match (present.iter().all(|p| *p), present.iter().any(|p| *p)) {
        (true, _) => Validity::All(rows.len()),
        (_, false) => Validity::None(rows.len()),
        _ => {
            let mut bits = Bits::default();
            bits.extend(present.into_iter());
            Validity::Some(bits)
        }
    };
    buf
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn evaluation_is_the_row_by_row_truth(
        ask in some_ask(),
        rows in proptest::collection::vec(some_row(), 0..150),
        slice in (0usize..70, 0usize..70),
    ) {
        let predicate = predicate(&ask);
        let site = site();
        let expected: Vec<bool> = rows.iter().map(|row| truth(&ask, row) == Some(true)).collect();

        let compiled = predicate.compile(&CompileOptions::default().with_site(Some(&site))).unwrap();
        let columns: Vec<ColumnBuf> = compiled.columns().iter().map(|column| buffer(&rows, *column)).collect();
        let mut evaluator = compiled.evaluator();
        for _ in 0..2 {
            let mask = evaluator.evaluate(columns.as_slice(), rows.len()).unwrap();
            prop_assert_eq!(mask.len(), rows.len());
            prop_assert_eq!((0..rows.len()).map(|row| mask.get(row)).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(mask.count(), expected.iter().filter(|held| **held).count());
            let mut selection = Selection::default();
            mask.select_into(&mut selection);
            let chosen: Vec<u32> = (0..rows.len() as u32).filter(|row| expected[*row as usize]).collect();
            prop_assert_eq!(selection.rows(), chosen);
        }

        let mut builder = FlowBatchBuilder::new(&Projection::default());
        rows.iter().for_each(|row| builder.push(row).unwrap());
        let batch = builder.finish().unwrap();
        let filter = PredicateFilter::new(&predicate, Some(&site)).unwrap();
        let start = slice.0.min(rows.len());
        let len = (rows.len() - start).saturating_sub(slice.1);
        for (batch, expected) in [(batch.clone(), &expected[..]), (batch.slice(start, len), &expected[start..start + len])] {
            let mask = filter.mask(&batch).unwrap();
            prop_assert_eq!(mask.iter().map(|held| held == Some(true)).collect::<Vec<_>>(), expected);
            prop_assert_eq!(filter.filter(&batch).unwrap().num_rows(), mask.true_count());
        }

        let printed = predicate.to_string();
        match Predicate::parse(&printed, &ParseContext::default()) {
            Ok(again) => prop_assert_eq!(&again, &predicate, "{}", printed),
            // Values that the column cannot hold.
            Err(error) => {
                let beyond = ["a number of at most", "a length of time", "a unit"].iter().any(|e| error.to_string().contains(e));
                prop_assert!(beyond, "{}: {}", printed, error);
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn facts_never_lose_a_row(asks in proptest::collection::vec(some_ask(), 20)) {
        let site = site();
        for file in files() {
            for ask in &asks {
                for nulls in [Nulls::Unknown, Nulls::AsStored] {
                    let options = CompileOptions::default().with_site(Some(&site)).with_nulls(nulls);
                    let compiled = predicate(ask).compile(&options).unwrap();
                    if !compiled.could_match(&file.facts) {
                        let columns: Vec<ColumnBuf> = compiled.columns().iter().map(|c| file.column(*c).clone()).collect();
                        let found = compiled.evaluator().evaluate(columns.as_slice(), file.rows).unwrap().count();
                        prop_assert_eq!(found, 0, "{}: {:?}", file.name, ask);
                    }
                }
            }
        }
    }
}

struct File {
    name: String,
    header: Header,
    facts: HeaderFacts,
    rows: usize,
    columns: Vec<ColumnBuf>,
}

impl File {
    fn column(&self, column: Column) -> &ColumnBuf {
        &self.columns[Column::ALL.iter().position(|c| *c == column).unwrap()]
    }
}

/// One file of every layout, read whole.
fn files() -> &'static [File] {
    static FILES: std::sync::OnceLock<Vec<File>> = std::sync::OnceLock::new();
    FILES.get_or_init(|| {
        let folder = common::testdata("matrix");
        let names = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with("-c0-L.dat")).collect();
        names.sort();
        assert_eq!(names.len(), 61);
        names
            .into_iter()
            .map(|name| {
                let bytes = std::fs::read(folder.join(&name)).unwrap();
                let (header, len) = Header::parse(&bytes).unwrap();
                let options = Options::default();
                let facts = HeaderFacts::silk(&header, &options);
                let mut blocks = Blocks::new(&header, options, &bytes[len..]).unwrap();
                let block = blocks.next_block().unwrap().unwrap();
                let columns = Column::ALL.map(|column| {
                    let mut buf = ColumnBuf::new(column);
                    block.read(column, 0..block.len(), None, &mut buf);
                    buf
                });
                File { name, rows: block.len(), columns: columns.into(), header, facts }
            })
            .collect()
    })
}

#[test]
fn constants_are_what_the_records_hold() {
    let mut found = 0;
    for file in files() {
        let constants = Constants::new(&file.header, &Options::default()).unwrap();
        for column in Column::ALL {
            let Some(constant) = constants.get(column) else { continue };
            found += 1;
            let buf = file.column(column);
            for row in 0..file.rows {
                let value = match &buf.values {
                    Values::U8(values) => u64::from(values[row]),
                    Values::U16(values) => values[row].into(),
                    Values::U32(values) => values[row].into(),
                    Values::Bool(bits) => bits.get(row).unwrap().into(),
                    _ => 0,
                };
                let held = if buf.validity.is_present(row) { Constant::Value(value) } else { Constant::Null };
                assert_eq!(held, constant, "{}: {column:?} of row {row}", file.name);
            }
        }
    }
    assert!(found > 300, "{found} facts");
}

#[test]
fn whole_files_are_left_out() {
    let left_out = |text: &str, ends: &str| {
        let compiled = Predicate::parse(text, &ParseContext::default())
            .unwrap()
            .compile(&CompileOptions::default())
            .unwrap();
        let files: Vec<_> = files().iter().filter(|file| file.name.contains(ends)).collect();
        assert!(!files.is_empty(), "{ends}");
        files.iter().all(|file| !compiled.could_match(&file.facts))
    };
    for text in ["proto = 17", "not proto = 6", "icmptype = 8", "proto in (1-5, 7-) and bytes > 1"] {
        assert!(left_out(text, "FT_RWWWW"), "{text}");
        assert!(!left_out(text, "FT_RWSPLIT"), "{text}");
    }
    for text in [
        "is_ipv6",
        "sip in 2001:db8::/32",
        "dip in 2001:db8::x",
        "nhip = 10.0.0.1",
        "nhip is not null",
        "input = 3",
        "not input = 3",
        "sip not in 0.0.0.0/0",
    ] {
        assert!(left_out(text, "FT_RWSPLIT"), "{text}");
        assert!(!left_out(text, "FT_RWIPV6ROUTING"), "{text}");
    }
    for text in ["nhip is null", "sip in ::/0", "dip = ::ffff:10.0.0.1", "proto = 6 or is_ipv6"] {
        assert!(!left_out(text, "FT_RWSPLIT"), "{text}");
    }
}

#[test]
fn names_that_the_site_does_not_know() {
    let site = site();
    let options = CompileOptions::default().with_site(Some(&site));
    let error = Predicate::named("sensor", ["s2"]).unwrap().compile(&options).unwrap_err();
    assert_eq!(error.to_string(), "no sensor is named \"s2\": did you mean S0, S1, S3?");
    assert_eq!(error.class(), flow_frame::Class::Usage);
    assert!(Predicate::named("type", ["in"]).unwrap().compile(&CompileOptions::default()).is_err());
    let deep = (0..600).fold(Predicate::always(true), |p, i| {
        let test = Predicate::is_null("sip").unwrap();
        if i % 2 == 0 { p.and(test) } else { p.or(test) }
    });
    assert_eq!(deep.compile(&CompileOptions::default()).unwrap_err().class(), flow_frame::Class::Limit);
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let compiled =
        Predicate::within("dport", Ranges::one(80)).unwrap().compile(&CompileOptions::default()).unwrap();
    let mut evaluator = compiled.evaluator();
    let mut evaluate =
        |columns: &[ColumnBuf], rows| evaluator.evaluate(columns, rows).map(|mask| mask.count());
    assert!(evaluate(&[], 0).is_err());
    assert!(evaluate(&[ColumnBuf::new(Column::Dport)], 1).is_err());
    assert!(evaluate(&[ColumnBuf::new(Column::Protocol)], 0).is_err());
    let one = ColumnBuf { values: Values::U16(vec![80]), validity: Validity::Some(Bits::default()) };
    assert!(evaluate(&[one], 1).is_err());
    let one = ColumnBuf { values: Values::U16(vec![80]), validity: Validity::Unset };
    assert_eq!(evaluate(&[one], 1).unwrap(), 1);
}
