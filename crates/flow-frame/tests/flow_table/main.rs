//! Flows of packets: against a slow and obvious second implementation, whatever the batches; and every packet is somewhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at the first surprise")]

mod oracle;

use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMillisecondType, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use flow_frame::{
    Class, EndReason, Error, FlowAccount, FlowBytes, FlowProjection, FlowTable, FlowTableOptions,
    PacketBatchBuilder, PacketRow, Scan, Table,
};
use oracle::Made;
use proptest::prelude::*;

/// Flows of packets, `step` in a batch, and the account.
fn flows(rows: &[PacketRow], options: &FlowTableOptions, step: usize) -> (Vec<Made>, FlowAccount) {
    let columns = FlowProjection::all(options.bidirectional);
    let mut table = FlowTable::new(options, columns).unwrap();
    let mut packets = PacketBatchBuilder::new(&FlowTable::packet_columns(options)).unwrap();
    let (mut made, keys) = (Vec::new(), table.key_maker());
    let mut sink = |batch: RecordBatch| -> Result<(), Error> {
        made.extend(read(&batch));
        Ok(())
    };
    for (number, chunk) in rows.chunks(step.max(1)).enumerate() {
        packets.extend(chunk, []);
        let keys = keys.prepare(&packets.finish().unwrap()).unwrap();
        table.update(&keys, &mut sink).unwrap();
        assert!(table.open_flows() <= options.max_flows);
        // Who is in a hurry may have what there is at any time.
        if number % 3 == 2 {
            table.flush(&mut sink).unwrap();
        }
    }
    table.finish(&mut sink).unwrap();
    assert_eq!(table.open_flows(), 0);
    let account = *table.account();
    assert_eq!(account.flows(), made.len() as u64);
    for reason in EndReason::ALL {
        let found = made.iter().filter(|flow| flow.reason == reason.name()).count();
        assert_eq!(account.flows_of(reason), found as u64);
    }
    (made, account)
}

fn read(batch: &RecordBatch) -> Vec<Made> {
    let column = |name: &str| batch.column_by_name(name);
    let byte = |name: &str, row: usize| {
        let array = column(name)?.as_primitive::<UInt8Type>();
        array.is_valid(row).then(|| array.value(row))
    };
    let count =
        |name: &str, row| column(name).map_or(0, |array| array.as_primitive::<Int64Type>().value(row));
    let port = |name: &str, row| column(name).unwrap().as_primitive::<UInt16Type>().value(row);
    let time = |name: &str, row| column(name).unwrap().as_primitive::<TimestampMillisecondType>().value(row);
    let address =
        |name: &str, row| column(name).unwrap().as_fixed_size_binary().value(row).try_into().unwrap();
    let of = |row: usize| {
        let is_ipv6 = column("is_ipv6").unwrap().as_boolean().value(row);
        let protocol = byte("protocol", row).unwrap();
        let ports = ["sport", "dport"].map(|name| port(name, row));
        let is_icmp = protocol == 1 || protocol == 58 && is_ipv6;
        let icmp = is_icmp.then(|| ports[1].to_be_bytes());
        assert_eq!([byte("icmptype", row), byte("icmpcode", row)], [icmp.map(|i| i[0]), icmp.map(|i| i[1])]);
        let (stime, etime) = (time("stime", row), time("etime", row));
        assert_eq!(count("duration", row), etime - stime);
        let input = column("input").unwrap().as_primitive::<UInt32Type>();
        let reasons = column("end_reason").unwrap().as_dictionary::<Int32Type>();
        let name = reasons.values().as_string::<i32>().value(reasons.key(row).unwrap());
        Made {
            stime,
            etime,
            ends: [address("sip", row), address("dip", row)],
            ports,
            protocol,
            vlan: input.is_valid(row).then(|| input.value(row) as u16),
            packets: ["packets", "reverse_packets"].map(|name| count(name, row)),
            bytes: ["bytes", "reverse_bytes"].map(|name| count(name, row)),
            tcpflags: ["tcpflags", "reverse_tcpflags"].map(|name| byte(name, row).unwrap_or_default()),
            initial: ["initial_tcpflags", "reverse_initial_tcpflags"].map(|name| byte(name, row)),
            session: ["session_tcpflags", "reverse_session_tcpflags"].map(|name| byte(name, row)),
            attributes: byte("attributes", row).unwrap(),
            reason: EndReason::ALL.map(EndReason::name).into_iter().find(|known| *known == name).unwrap(),
        }
    };
    (0..batch.num_rows()).map(of).collect()
}

fn address(last: u8) -> [u8; 16] {
    let mut address = [0; 16];
    (address[10], address[11], address[15]) = (0xff, 0xff, last);
    address
}

/// Few ends, ports and messages, so that packets meet; times that mostly go on.
fn packets() -> impl Strategy<Value = Vec<PacketRow>> {
    let protocol = prop_oneof![Just(Some(6)), Just(Some(17)), Just(Some(1)), Just(Some(58)), Just(None)];
    let flags = prop_oneof![
        Just(None),
        Just(Some(2u16)),
        Just(Some(0x12)),
        Just(Some(0x11)),
        Just(Some(4)),
        Just(Some(0x110))
    ];
    let gap = prop_oneof![6 => 0i64..3_000_000, 2 => 0i64..12_000_000, 1 => -4_000_000i64..0, 1 => -40_000_000i64..0];
    let message = (prop_oneof![Just(0u8), Just(8), Just(14), Just(3), Just(128), Just(129)], 0u8..2);
    let ports = prop::option::weighted(0.9, (1u16..3, 1u16..3));
    let packet = (
        (protocol, flags, prop::option::weighted(0.9, gap), message),
        (1u8..4, 1u8..4, ports, 60u32..62),
        (any::<bool>(), prop::option::of(0u16..2)),
    );
    let packet =
        packet.prop_map(|((protocol, flags, gap, (kind, code)), (sip, dip, ports, len), (v6, vlan))| {
            let end = |last| address(if v6 { last + 100 } else { last });
            let tells = protocol.is_some();
            let row = PacketRow {
                frame_len: Some(len),
                ip_version: Some(if v6 { 6 } else { 4 }),
                sip: tells.then(|| end(sip)),
                dip: tells.then(|| end(dip)),
                protocol,
                sport: ports.map(|ports| ports.0),
                dport: ports.map(|ports| ports.1),
                tcp_flags: flags,
                vlan_id: vlan,
                icmp_type: Some(kind),
                icmp_code: Some(code),
                icmpv6_type: Some(kind),
                icmpv6_code: Some(code),
                ..PacketRow::default()
            };
            (row, gap)
        });
    prop::collection::vec(packet, 0..150).prop_map(|packets| {
        let mut time = 1_475_156_239_000_000_000;
        let at = |(row, gap): (PacketRow, Option<i64>)| {
            time += gap.unwrap_or_default();
            PacketRow { frame_time_epoch: gap.map(|_| time), ..row }
        };
        packets.into_iter().map(at).collect()
    })
}

fn options() -> impl Strategy<Value = FlowTableOptions> {
    let ms = Duration::from_millis;
    (0u64..20, 0u64..40, any::<bool>(), any::<bool>(), prop_oneof![Just(3usize), Just(8), Just(1000)])
        .prop_map(move |(idle, active, bidirectional, vlan, most)| {
            FlowTableOptions::default()
                .with_idle(ms(idle))
                .with_active(ms(active))
                .with_bidirectional(bidirectional)
                .with_vlan(vlan)
                .with_max_flows(most)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn flows_are_those_of_the_slow_way(rows in packets(), options in options(), step in 1usize..80) {
        let mut expected = oracle::flows(&rows, &options);
        let (made, account) = flows(&rows, &options, step);
        // Order and all, whatever the batches.
        prop_assert_eq!(&made, &flows(&rows, &options, rows.len()).0);
        let mut sorted = made;
        sorted.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(&sorted, &expected);

        // Every packet is somewhere.
        let sum = |counts: fn(&Made) -> [i64; 2]| sorted.iter().flat_map(counts).sum::<i64>() as u64;
        prop_assert_eq!(sum(|flow| flow.packets), account.packets);
        prop_assert_eq!(sum(|flow| flow.bytes), account.bytes);
        prop_assert_eq!(account.packets + account.without_ip, rows.len() as u64);
        let on_wire: u64 = rows.iter().filter_map(|row| row.frame_len).map(u64::from).sum();
        prop_assert_eq!(account.bytes + account.without_ip_bytes, on_wire);

        // No flow goes back in time or lasts longer than it may.
        for flow in &sorted {
            let lasts = flow.etime - flow.stime;
            prop_assert!(lasts >= 0 && lasts <= options.active.as_millis() as i64 + 1);
        }
    }
}

/// A packet of a connection, so many seconds after the first.
fn tcp(seconds: f64, flags: u16) -> PacketRow {
    PacketRow {
        frame_time_epoch: Some(1_475_156_239_000_000_000 + (seconds * 1e9) as i64),
        frame_len: Some(60),
        ip_len: Some(40),
        ip_version: Some(4),
        sip: Some(address(1)),
        dip: Some(address(2)),
        protocol: Some(6),
        sport: Some(40000),
        dport: Some(443),
        tcp_flags: Some(flags),
        ..PacketRow::default()
    }
}

fn parts(rows: &[PacketRow], options: &FlowTableOptions) -> Vec<(i64, &'static str, u8)> {
    flows(rows, options, 1)
        .0
        .iter()
        .map(|flow| (flow.packets[0], flow.reason, flow.attributes & !1))
        .collect()
}

#[test]
fn time_outs_cut_at_the_packet_that_is_too_late() {
    let options = FlowTableOptions::default();
    let at = |seconds: &[f64]| seconds.iter().map(|at| tcp(*at, 0x10)).collect::<Vec<_>>();
    assert_eq!(parts(&at(&[0.0, 300.0]), &options), [(2, "forced", 0x10)]);
    assert_eq!(parts(&at(&[0.0, 300.000_001]), &options), [(1, "idle", 0), (1, "forced", 0)]);
    // T where it was cut, C where it goes on.
    let every_minute: Vec<f64> = (0..=62).map(|minute| f64::from(minute) * 60.0).collect();
    assert_eq!(
        parts(&at(&every_minute), &options),
        [(31, "active", 0x30), (31, "active", 0x70), (1, "forced", 0x40)]
    );
}

#[test]
fn a_new_connection_is_a_new_flow() {
    let options = FlowTableOptions::default();
    let rows = [(0.0, 0x02), (0.1, 0x11), (0.2, 0x10), (0.3, 0x02), (0.4, 0x14)];
    let rows = rows.map(|(at, flags)| tcp(at, flags));
    assert_eq!(parts(&rows, &options), [(3, "end", 0x10), (2, "end", 0x10)]);
    let (made, _) = flows(&rows, &options, 2);
    let flags = made.iter().map(|flow| (flow.tcpflags[0], flow.initial[0], flow.session[0]));
    assert_eq!(flags.collect::<Vec<_>>(), [(0x13, Some(2), Some(0x11)), (0x16, Some(2), Some(0x14))]);
}

#[test]
fn at_the_bound_the_one_that_was_idle_longest_goes() {
    let options = FlowTableOptions::default().with_max_flows(2);
    let port = |at: f64, port: u16| PacketRow { sport: Some(port), ..tcp(at, 0x10) };
    let rows = [port(0.0, 1), port(1.0, 2), port(2.0, 1), port(3.0, 3)];
    let (made, account) = flows(&rows, &options, 10);
    assert_eq!((made[0].ports[0], made[0].reason), (2, "resources"));
    assert_eq!((account.flows_of(EndReason::Resources), account.flows()), (1, 3));
}

#[test]
fn ip_bytes_are_those_of_the_headers() {
    let ipv6 = PacketRow { ip_version: Some(6), ip_len: None, ipv6_plen: Some(20), ..tcp(0.0, 2) };
    let options = FlowTableOptions::default().with_bytes(FlowBytes::Ip);
    let (made, account) = flows(&[tcp(0.0, 2), ipv6], &options, 1);
    assert_eq!((made[0].bytes[0], made[1].bytes[0], account.bytes), (40, 60, 100));
}

#[test]
fn columns_are_those_asked_for() {
    let names = |text: &str, both| {
        let schema = FlowProjection::parse(text, both).unwrap().schema_with(&[]);
        schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>().join(",")
    };
    let some = "reverse_bytes,sip,end_reason,timestamp,stime,sensor";
    assert_eq!(names(some, true), some);
    assert!(names("all", false).ends_with(",memo,end_reason"));
    assert!(names("all", true).ends_with(",end_reason,reverse_packets,reverse_bytes,reverse_tcpflags,reverse_initial_tcpflags,reverse_session_tcpflags"));
    assert!(names("article", true).starts_with("timestamp,stime,"));
    for (text, message) in [
        ("end_raeson", "no column is named \"end_raeson\": did you mean end_reason?"),
        ("sip,ip_len", "no column of flows is named \"ip_len\""),
        ("end_reason,end_reason", "column \"end_reason\" is asked for twice"),
        ("reverse_bytes", "only bidirectional flows have a column \"reverse_bytes\""),
    ] {
        let error = FlowProjection::parse(text, false).unwrap_err();
        assert_eq!((error.class(), error.to_string().as_str()), (Class::Usage, message));
    }

    let options = FlowTableOptions::default();
    let columns = FlowTable::packet_columns(&options.clone().with_vlan(true).with_bytes(FlowBytes::Ip));
    assert_eq!(columns.columns().len(), 16);
    let mut table = FlowTable::new(
        &options,
        FlowProjection::parse(some.trim_start_matches("reverse_bytes,"), false).unwrap(),
    )
    .unwrap();
    let mut packets = PacketBatchBuilder::new(&FlowTable::packet_columns(&options)).unwrap();
    packets.push(&tcp(0.0, 2), None);
    let keys = table.key_maker().prepare(&packets.finish().unwrap()).unwrap();
    let mut batches = Vec::new();
    let mut sink = |batch| -> Result<(), Error> {
        batches.push(batch);
        Ok(())
    };
    table.update(&keys, &mut sink).unwrap();
    table.finish(&mut sink).unwrap();
    assert_eq!((batches.len(), batches[0].schema(), batches[0].num_rows()), (1, table.schema(), 1));
    assert_eq!(batches[0].column(4).null_count() + batches[0].column(4).logical_null_count(), 2);
}

#[test]
fn impossible_options_are_refused() {
    let long = Duration::from_secs(1 << 32);
    let default = FlowTableOptions::default;
    for options in [default().with_idle(long), default().with_active(long), default().with_max_flows(0)] {
        let error = FlowTable::new(&options, FlowProjection::all(false)).unwrap_err();
        assert_eq!(error.class(), Class::Usage);
    }
}

/// All captures below a folder.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { captures(&path) } else { vec![path] }).collect()
}

#[test]
fn no_packet_of_any_capture_is_lost() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = captures(&root.join("testdata/pcap"));
    files.extend(captures(&root.join("../shared/testdata/pcap")));
    let mut checked = 0;
    for path in files {
        for bidirectional in [false, true] {
            let options = FlowTableOptions::default().with_bidirectional(bidirectional).with_max_flows(500);
            let scan = Scan::default().with_columns(FlowTable::packet_columns(&options));
            let Ok(mut reader) = flow_frame::open(&path, &scan) else { continue };
            if reader.source().table() != Table::Packets {
                continue;
            }
            let mut table = FlowTable::new(&options, FlowProjection::all(bidirectional)).unwrap();
            let (keys, mut sums) = (table.key_maker(), [0; 2]);
            let mut sink = |batch: RecordBatch| -> Result<(), Error> {
                for (sum, name) in sums.iter_mut().zip(["packets", "bytes"]) {
                    let count =
                        |name: &str| Some(batch.column_by_name(name)?.as_primitive::<Int64Type>().values());
                    let both = [count(name), count(&format!("reverse_{name}"))];
                    *sum += both.into_iter().flatten().flatten().sum::<i64>() as u64;
                }
                Ok(())
            };
            // Damage ends a capture; the packets before it count.
            while let Some(Ok(batch)) = reader.next_batch() {
                table.update(&keys.prepare(&batch).unwrap(), &mut sink).unwrap();
            }
            table.finish(&mut sink).unwrap();
            let (account, delivered) = (*table.account(), reader.accounts().delivered);
            assert_eq!(sums, [account.packets, account.bytes], "{}", path.display());
            let all = (account.packets + account.without_ip, account.bytes + account.without_ip_bytes);
            assert_eq!((all.0, u128::from(all.1)), (delivered.rows, delivered.traffic), "{}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 40, "only {checked} captures: is testdata there?");
}
