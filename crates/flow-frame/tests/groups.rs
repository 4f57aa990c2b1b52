//! Groups and conversations against maps over rows; any split into batches and any merging gives the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMillisecondType, UInt8Type, UInt16Type};
use arrow_select::concat::concat_batches;
use flow_frame::{
    Class, ConversationKind, ConversationOrder, Conversations, Ends, FlowBatchBuilder, FlowRow, GroupKey,
    Groups, Projection, Rank, Value,
};
use proptest::prelude::*;

/// IPv4 addresses and an IPv6 one or two.
fn address(number: u8) -> [u8; 16] {
    let mut address = [0; 16];
    if number < 5 {
        address[10..12].fill(255);
    }
    address[15] = number;
    address
}

/// Flows between few hosts, and counts of every size.
fn flows() -> impl Strategy<Value = Vec<FlowRow>> {
    let count = prop_oneof![8 => 0u64..3000, 1 => 0u64..1 << 62];
    let row = (-5000i64..5000, 0i64..3000, (0u8..7, 0u8..7, 0u16..3, 0u16..3), count.clone(), count, 0u8..3)
        .prop_map(|(stime, life, (sip, dip, sport, dport), packets, bytes, protocol)| FlowRow {
            stime,
            etime: stime + life,
            sip: address(sip),
            dip: address(dip),
            sport,
            dport,
            packets,
            bytes,
            protocol: [1, 6, 17][usize::from(protocol)],
            application: (protocol > 0).then_some(u16::from(sip)),
            ..FlowRow::default()
        });
    proptest::collection::vec(row, 0..150)
}

/// The rows in batches of the given sizes (the last size goes on for ever).
fn batches(rows: &[FlowRow], sizes: &[usize]) -> Vec<RecordBatch> {
    let mut builder = FlowBatchBuilder::new(&Projection::default());
    let (mut batches, mut rest) = (Vec::new(), rows);
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(sizes.last().copied().unwrap_or(50)));
    while !rest.is_empty() {
        let (now, later) = rest.split_at(sizes.next().unwrap().min(rest.len()));
        now.iter().for_each(|row| builder.push(row).unwrap());
        batches.push(builder.finish().unwrap());
        rest = later;
    }
    batches
}

fn empty() -> RecordBatch {
    FlowBatchBuilder::new(&Projection::default()).finish().unwrap()
}

fn groups(keys: &[&str], values: &[&str]) -> Groups {
    let keys = keys.iter().map(|name| GroupKey::new(name));
    Groups::new(keys, values.iter().map(|text| Value::parse(text).unwrap())).unwrap()
}

/// One table of all batches, or a table of each, merged by twos and ones.
fn gathered<T: Clone>(
    batches: &[RecordBatch],
    new: &T,
    update: impl Fn(&mut T, &RecordBatch),
    merge: impl Fn(&mut T, &T),
    apart: bool,
) -> T {
    let mut total = new.clone();
    update(&mut total, &empty());
    if !apart {
        batches.iter().for_each(|batch| update(&mut total, batch));
        return total;
    }
    for pair in batches.chunks(2) {
        let mut part = new.clone();
        for batch in pair {
            let mut one = new.clone();
            update(&mut one, batch);
            merge(&mut part, &one);
        }
        merge(&mut total, &part);
    }
    total
}

fn integers<'a>(batch: &'a RecordBatch, name: &str) -> &'a [i64] {
    batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().values()
}

fn addresses(batch: &RecordBatch, name: &str) -> Vec<[u8; 16]> {
    let column = batch.column_by_name(name).unwrap().as_fixed_size_binary();
    column.iter().map(|value| value.unwrap().try_into().unwrap()).collect()
}

proptest! {
    #[test]
    fn groups_equal_a_map_of_lists(
        rows in flows(),
        sizes in proptest::collection::vec(1usize..60, 1..5),
        n in 0usize..40,
        apart in any::<bool>(),
        smallest in any::<bool>(),
    ) {
        // Their sums fit the result.
        let rows: Vec<FlowRow> = rows.into_iter().map(|row| FlowRow { bytes: row.bytes >> 8, ..row }).collect();
        let mut expected = BTreeMap::<(u8, [u8; 16]), Vec<&FlowRow>>::new();
        for row in &rows {
            expected.entry((row.protocol, row.sip)).or_default().push(row);
        }
        let sum = |rows: &[&FlowRow]| rows.iter().map(|row| row.bytes as i64).sum::<i64>();
        let mut expected: Vec<_> = expected.into_iter().collect();
        match smallest {
            true => expected.sort_by_key(|(key, rows)| (sum(rows), *key)),
            false => expected.sort_by_key(|(key, rows)| (Reverse(sum(rows)), *key)),
        }
        let all = expected.len();
        expected.truncate(n);
        let new = groups(
            &["protocol", "sip"],
            &["sum(bytes)", "count", "min(stime)", "max(etime)", "mean(dport)", "count(application)", "max(application)"],
        );
        let found = gathered(
            &batches(&rows, &sizes),
            &new,
            |table, batch| table.update(batch).unwrap(),
            |table, other| table.merge(other).unwrap(),
            apart,
        );
        prop_assert_eq!(found.len(), all);
        let rank = if smallest { Rank::Smallest } else { Rank::Largest };
        let top = found.top(n, rank).unwrap();
        let in_parts: Vec<RecordBatch> = found.batches(n, rank, 3).map(Result::unwrap).collect();
        prop_assert_eq!(&concat_batches(top.schema_ref(), &in_parts).unwrap(), &top);

        let protocols = top["protocol"].as_primitive::<UInt8Type>().values();
        let keys: Vec<_> = protocols.iter().copied().zip(addresses(&top, "sip")).collect();
        prop_assert_eq!(&keys, &expected.iter().map(|(key, _)| *key).collect::<Vec<_>>());
        let column = |of: &dyn Fn(&[&FlowRow]) -> i64| expected.iter().map(|(_, rows)| of(rows)).collect::<Vec<_>>();
        prop_assert_eq!(integers(&top, "sum(bytes)"), column(&|rows| sum(rows)));
        prop_assert_eq!(integers(&top, "count(*)"), column(&|rows| rows.len() as i64));
        let with_application = |rows: &[&FlowRow]| rows.iter().filter(|row| row.application.is_some()).count();
        prop_assert_eq!(integers(&top, "count(application)"), column(&|rows| with_application(rows) as i64));
        let times = |name: &str| top[name].as_primitive::<TimestampMillisecondType>().values().to_vec();
        prop_assert_eq!(times("min(stime)"), column(&|rows| rows.iter().map(|row| row.stime).min().unwrap()));
        prop_assert_eq!(times("max(etime)"), column(&|rows| rows.iter().map(|row| row.etime).max().unwrap()));
        let largest: Vec<Option<i64>> = expected
            .iter()
            .map(|(_, rows)| rows.iter().filter_map(|row| row.application).max().map(i64::from))
            .collect();
        prop_assert_eq!(top["max(application)"].as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), largest);
        let means = top["mean(dport)"].as_primitive::<Float64Type>().values();
        let mib = top["sum(bytes) MiB"].as_primitive::<Float64Type>().values();
        for ((mean, mib), (_, rows)) in means.iter().zip(mib).zip(&expected) {
            let ports: i64 = rows.iter().map(|row| i64::from(row.dport)).sum();
            prop_assert_eq!(*mean, ports as f64 / rows.len() as f64);
            prop_assert_eq!(*mib, sum(rows) as f64 / 1_048_576.0);
        }
    }

    #[test]
    fn pairs_have_no_direction(rows in flows(), apart in any::<bool>()) {
        let mut expected = BTreeMap::<([u8; 16], [u8; 16]), i64>::new();
        for row in &rows {
            *expected.entry((row.sip.min(row.dip), row.sip.max(row.dip))).or_default() += 1;
        }
        let new = groups(&["conversation"], &["count(*)"]);
        let found = gathered(
            &batches(&rows, &[20]),
            &new,
            |table, batch| table.update(batch).unwrap(),
            |table, other| table.merge(other).unwrap(),
            apart,
        );
        let top = found.top(usize::MAX, Rank::Largest).unwrap();
        let mut expected: Vec<_> = expected.into_iter().collect();
        expected.sort_by_key(|(key, count)| (Reverse(*count), *key));
        let keys = addresses(&top, "a").into_iter().zip(addresses(&top, "b"));
        prop_assert!(keys.zip(integers(&top, "count(*)").iter().copied()).eq(expected));
    }

    /// A key behind a pair is its own, wherever it stands.
    #[test]
    fn keys_stand_beside_pairs(rows in flows(), is_first in any::<bool>()) {
        prop_assume!(!rows.is_empty());
        let mut expected = BTreeMap::<([u8; 16], [u8; 16], u16), i64>::new();
        for row in &rows {
            *expected.entry((row.sip.min(row.dip), row.sip.max(row.dip), row.sport)).or_default() += 1;
        }
        let keys = if is_first { ["sport", "conversation"] } else { ["conversation", "sport"] };
        let mut found = groups(&keys, &["count(*)"]);
        batches(&rows, &[20]).iter().for_each(|batch| found.update(batch).unwrap());
        let top = found.top(usize::MAX, Rank::Largest).unwrap();
        let ports = top.column_by_name("sport").unwrap().as_primitive::<UInt16Type>().values();
        let keys = addresses(&top, "a").into_iter().zip(addresses(&top, "b")).zip(ports.iter().copied());
        let counts = integers(&top, "count(*)").iter().copied();
        let found: BTreeMap<_, _> = keys.map(|((a, b), port)| (a, b, port)).zip(counts).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn nulls_group_like_values_and_come_last(rows in flows()) {
        let mut expected = BTreeMap::<(bool, u16), i64>::new();
        for row in &rows {
            *expected.entry((row.application.is_none(), row.application.unwrap_or(0))).or_default() += 1;
        }
        let mut found = groups(&["application"], &["count(*)"]);
        batches(&rows, &[33]).iter().for_each(|batch| found.update(batch).unwrap());
        if rows.is_empty() {
            prop_assert!(found.schema().is_none() && found.top(1, Rank::Largest).is_err());
            return Ok(());
        }
        let top = found.top(usize::MAX, Rank::Largest).unwrap();
        let mut expected: Vec<_> = expected.into_iter().collect();
        expected.sort_by_key(|((is_null, key), count)| (*is_null, Reverse(*count), *key));
        let keys: Vec<Option<u16>> = top["application"].as_primitive::<UInt16Type>().iter().collect();
        let expected_keys: Vec<Option<u16>> =
            expected.iter().map(|((is_null, key), _)| (!is_null).then_some(*key)).collect();
        prop_assert_eq!(keys, expected_keys);
        prop_assert!(integers(&top, "count(*)").iter().copied().eq(expected.into_iter().map(|(_, count)| count)));
    }

    #[test]
    fn conversations_equal_a_map(
        rows in flows(),
        sizes in proptest::collection::vec(1usize..60, 1..5),
        apart in any::<bool>(),
        kind in prop_oneof![
            Just(ConversationKind::Any), Just(ConversationKind::Ip), Just(ConversationKind::Ipv6),
            Just(ConversationKind::Tcp), Just(ConversationKind::Udp),
        ],
    ) {
        let rows: Vec<FlowRow> =
            rows.into_iter().map(|row| FlowRow { bytes: row.bytes >> 8, packets: row.packets >> 8, ..row }).collect();
        let expected = slow_conversations(&rows, kind);
        let new = Conversations::new(kind, Ends::Both);
        let found = gathered(
            &batches(&rows, &sizes),
            &new,
            |table, batch| table.update(batch).unwrap(),
            |table, other| table.merge(other).unwrap(),
            apart,
        );
        prop_assert_eq!(found.skipped(), (rows.len() - rows.iter().filter(|row| counts(kind, row)).count()) as u64);
        for order in [
            ConversationOrder::Bytes, ConversationOrder::Packets, ConversationOrder::Start, ConversationOrder::Duration,
        ] {
            let mut expected = expected.clone();
            expected.sort_by_key(|c| {
                let by = match order {
                    ConversationOrder::Bytes => -(c.bytes[0] + c.bytes[1]),
                    ConversationOrder::Packets => -(c.packets[0] + c.packets[1]),
                    ConversationOrder::Start => c.first,
                    ConversationOrder::Duration => c.first - c.last,
                };
                (by, c.key)
            });
            let found: Vec<RecordBatch> = found.batches(usize::MAX, order, 7).map(Result::unwrap).collect();
            let found: Vec<Slow> = found.iter().flat_map(|batch| conversation_rows(batch, kind)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn endpoints_equal_a_map(rows in flows(), sizes in proptest::collection::vec(1usize..60, 1..5), apart in any::<bool>()) {
        let rows: Vec<FlowRow> =
            rows.into_iter().map(|row| FlowRow { bytes: row.bytes >> 8, packets: row.packets >> 8, ..row }).collect();
        let mut expected = BTreeMap::<([u8; 16], u16), ([i64; 4], i64, i64)>::new();
        for row in rows.iter().filter(|row| counts(ConversationKind::Tcp, row)) {
            for (at, key) in [(0, (row.sip, row.sport)), (2, (row.dip, row.dport))] {
                let (sums, first, last) = expected.entry(key).or_insert(([0; 4], i64::MAX, i64::MIN));
                sums[at] += row.packets as i64;
                sums[at + 1] += row.bytes as i64;
                (*first, *last) = ((*first).min(row.stime), (*last).max(row.etime));
            }
        }
        let new = Conversations::new(ConversationKind::Tcp, Ends::Each);
        let found = gathered(
            &batches(&rows, &sizes),
            &new,
            |table, batch| table.update(batch).unwrap(),
            |table, other| table.merge(other).unwrap(),
            apart,
        );
        let skipped = rows.iter().filter(|row| !counts(ConversationKind::Tcp, row)).count();
        prop_assert_eq!(found.skipped(), skipped as u64);
        let mut expected: Vec<_> = expected.into_iter().collect();
        expected.sort_by_key(|(key, (sums, ..))| (Reverse(sums[0] + sums[2]), *key));
        let mut at = 0;
        for batch in found.batches(usize::MAX, ConversationOrder::Packets, 4) {
            let batch = batch.unwrap();
            let ports = batch["port"].as_primitive::<UInt16Type>().values();
            let times = |name: &str| batch[name].as_primitive::<TimestampMillisecondType>().values().to_vec();
            for (row, address) in addresses(&batch, "address").into_iter().enumerate() {
                let (key, (sums, first, last)) = &expected[at];
                at += 1;
                prop_assert_eq!(*key, (address, ports[row]));
                let names = ["tx_packets", "tx_bytes", "rx_packets", "rx_bytes"];
                prop_assert_eq!(*sums, names.map(|name| integers(&batch, name)[row]));
                prop_assert_eq!(integers(&batch, "bytes")[row], sums[1] + sums[3]);
                prop_assert_eq!((*first, *last), (times("first")[row], times("last")[row]));
            }
        }
        prop_assert_eq!(at, expected.len());
    }
}

/// A conversation as the slow way finds it; `key` is the pair with the smaller end first.
#[derive(Debug, Clone, PartialEq)]
struct Slow {
    key: ([u8; 16], [u8; 16], u16, u16),
    a: ([u8; 16], u16),
    packets: [i64; 2],
    bytes: [i64; 2],
    first: i64,
    last: i64,
}

fn counts(kind: ConversationKind, row: &FlowRow) -> bool {
    let is_ipv4 = |address: &[u8; 16]| address[10] == 255;
    match kind {
        ConversationKind::Ip => is_ipv4(&row.sip) && is_ipv4(&row.dip),
        ConversationKind::Ipv6 => !is_ipv4(&row.sip) && !is_ipv4(&row.dip),
        ConversationKind::Tcp => row.protocol == 6,
        ConversationKind::Udp => row.protocol == 17,
        _ => true,
    }
}

fn key(a: ([u8; 16], u16), b: ([u8; 16], u16)) -> ([u8; 16], [u8; 16], u16, u16) {
    let (a, b) = (a.min(b), a.max(b));
    (a.0, b.0, a.1, b.1)
}

fn slow_conversations(rows: &[FlowRow], kind: ConversationKind) -> Vec<Slow> {
    let mut found: Vec<Slow> = Vec::new();
    for row in rows.iter().filter(|row| counts(kind, row)) {
        let has_ports = matches!(kind, ConversationKind::Tcp | ConversationKind::Udp);
        let [from, to] = [(row.sip, row.sport), (row.dip, row.dport)]
            .map(|(ip, port)| (ip, if has_ports { port } else { 0 }));
        let key = key(from, to);
        let at = found.iter().position(|known| known.key == key).unwrap_or_else(|| {
            found.push(Slow {
                key,
                a: from,
                packets: [0; 2],
                bytes: [0; 2],
                first: i64::MAX,
                last: i64::MIN,
            });
            found.len() - 1
        });
        let known = &mut found[at];
        let way = usize::from(known.a != from);
        known.packets[way] += row.packets as i64;
        known.bytes[way] += row.bytes as i64;
        (known.first, known.last) = (known.first.min(row.stime), known.last.max(row.etime));
    }
    found
}

fn conversation_rows(batch: &RecordBatch, kind: ConversationKind) -> Vec<Slow> {
    let (a, b) = (addresses(batch, "a"), addresses(batch, "b"));
    let has_ports = matches!(kind, ConversationKind::Tcp | ConversationKind::Udp);
    let port = |name: &str, row: usize| match has_ports {
        true => batch[name].as_primitive::<UInt16Type>().value(row),
        false => 0,
    };
    let row = |row: usize| {
        let count = |name: &str| integers(batch, name)[row];
        let time = |name: &str| batch[name].as_primitive::<TimestampMillisecondType>().value(row);
        assert_eq!(count("packets"), count("packets_ab") + count("packets_ba"));
        assert_eq!(count("bytes"), count("bytes_ab") + count("bytes_ba"));
        assert_eq!(count("duration"), time("last") - time("first"));
        let (a, b) = ((a[row], port("aport", row)), (b[row], port("bport", row)));
        Slow {
            key: key(a, b),
            a,
            packets: [count("packets_ab"), count("packets_ba")],
            bytes: [count("bytes_ab"), count("bytes_ba")],
            first: time("first"),
            last: time("last"),
        }
    };
    (0..batch.num_rows()).map(row).collect()
}

#[test]
fn wrong_questions_are_refused() {
    let usage =
        |error: flow_frame::Error| (error.class() == Class::Usage).then(|| error.to_string()).unwrap();
    let message = usage(groups(&["sip"], &["sum(byte)"]).projection().unwrap_err());
    assert!(message.starts_with("no column is named \"byte\": did you mean bytes"), "{message}");
    usage(groups(&["eth_src"], &["sum(nhip)"]).projection().unwrap_err());
    assert!(Groups::new([], []).is_err());
    let twice = [GroupKey::new("sip"), GroupKey::new("sip")];
    usage(Groups::new(twice, [Value::parse("count").unwrap()]).unwrap_err());
    let rows = batches(&[FlowRow::default()], &[1]);
    usage(groups(&["sip"], &["sum(stime)"]).update(&rows[0]).unwrap_err());
    usage(groups(&["sip"], &["mean(sip)"]).update(&rows[0]).unwrap_err());
    usage(groups(&["frame_len"], &["count"]).update(&rows[0]).unwrap_err());
    let mut both = groups(&["sip"], &["count"]);
    both.update(&rows[0]).unwrap();
    let mut other = groups(&["dport"], &["count"]);
    other.update(&rows[0]).unwrap();
    usage(both.merge(&other).unwrap_err());
    usage(Conversations::new(ConversationKind::Eth, Ends::Both).update(&rows[0]).unwrap_err());
}

/// Texts are numbered by each table in its own order.
#[test]
fn texts_are_keys_whatever_their_numbers() {
    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, DictionaryArray, Int64Array, StringArray};
    use std::sync::Arc;
    let texts =
        [Some("b"), Some("a"), None, Some("c"), Some("a"), Some(""), Some("b"), Some("b"), None, Some("c")];
    let mut expected = BTreeMap::<(bool, &str), i64>::new();
    for text in texts {
        *expected.entry((text.is_none(), text.unwrap_or(""))).or_default() += 1;
    }
    let batch = |texts: &[Option<&str>]| {
        let plain: ArrayRef = Arc::new(StringArray::from_iter(texts.iter().copied()));
        let named: ArrayRef = Arc::new(texts.iter().copied().collect::<DictionaryArray<Int32Type>>());
        let one: ArrayRef = Arc::new(Int64Array::from(vec![1; texts.len()]));
        RecordBatch::try_from_iter_with_nullable([
            ("frame_protocols", plain, true),
            ("type", named, true),
            ("bytes", one, false),
        ])
        .unwrap()
    };
    for size in 1..=texts.len() {
        for keys in [&["frame_protocols"][..], &["type"], &["type", "frame_protocols"]] {
            let mut total = groups(keys, &["sum(bytes)"]);
            for texts in texts.chunks(size) {
                let mut part = groups(keys, &["sum(bytes)"]);
                part.update(&batch(texts)).unwrap();
                total.merge(&part).unwrap();
            }
            let top = total.top(usize::MAX, Rank::Largest).unwrap();
            let mut expected: Vec<_> = expected.iter().collect();
            expected.sort_by_key(|((is_null, text), count)| (*is_null, Reverse(**count), *text));
            assert!(integers(&top, "sum(bytes)").iter().eq(expected.iter().map(|(_, count)| *count)));
            for name in keys {
                let found: Vec<Option<&str>> = top[*name].as_string::<i32>().iter().collect();
                let texts = expected.iter().map(|((is_null, text), _)| (!is_null).then_some(*text));
                assert_eq!(found, texts.collect::<Vec<_>>(), "{size} {name}");
            }
        }
    }
}

#[test]
fn sums_beyond_64_bits_are_told_and_no_key_is_one_group() {
    let row = FlowRow { bytes: i64::MAX as u64, ..FlowRow::default() };
    let mut sums = groups(&[], &["max(bytes)", "sum(bytes)"]);
    batches(&[row, row], &[1]).iter().for_each(|batch| sums.update(batch).unwrap());
    assert_eq!(sums.len(), 1);
    assert_eq!(sums.top(1, Rank::Largest).unwrap_err().class(), Class::Limit);
    let mut table = Conversations::new(ConversationKind::Any, Ends::Both);
    batches(&[row, row], &[2]).iter().for_each(|batch| table.update(batch).unwrap());
    let result = table.batches(1, ConversationOrder::Bytes, 10).next().unwrap();
    assert_eq!(result.unwrap_err().class(), Class::Limit);
}

#[test]
fn too_many_groups_are_a_limit() {
    let rows: Vec<FlowRow> = (0..20_000u32)
        .map(|host| FlowRow { sip: u128::from(host).to_be_bytes(), ..FlowRow::default() })
        .collect();
    let batches = batches(&rows, &[8192]);
    let mut sums = groups(&["sip"], &["sum(bytes)"]).with_limit(500_000);
    let error = batches.iter().find_map(|batch| sums.update(batch).err()).unwrap();
    assert_eq!(error.class(), Class::Limit);
    assert!(sums.memory() <= 500_000, "{}", sums.memory());
    let mut table = Conversations::new(ConversationKind::Any, Ends::Both).with_limit(1_000_000);
    let error = batches.iter().find_map(|batch| table.update(batch).err()).unwrap();
    assert_eq!(error.class(), Class::Limit);
    assert!(table.memory() <= 1_000_000);
}
