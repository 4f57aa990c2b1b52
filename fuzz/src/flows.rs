//! Flows of packets.

use std::time::Duration;

use flow_frame::arrow_array::cast::AsArray;
use flow_frame::arrow_array::types::Int64Type;
use flow_frame::arrow_array::{Array, RecordBatch};
use flow_frame::{
    Error, FlowAccount, FlowBytes, FlowProjection, FlowTable, FlowTableOptions, PacketBatchBuilder,
    PacketRow, Scan, open_bytes,
};

/// More packets of one input would only take time.
const MOST: usize = 200;
/// Bytes of a packet that is made of an input.
const PACKET: usize = 8;

/// Packets of any capture and packets made of any bytes become flows: every packet is in one or counted, no more flows are
/// open than may be, none goes back in time, and batches make no difference.
pub fn flow_table(data: &[u8]) {
    let ms = |bits: usize| Duration::from_millis((data.len() / bits % 40) as u64);
    let options = FlowTableOptions::default()
        .with_idle(ms(1))
        .with_active(ms(3))
        .with_bidirectional(data.len().is_multiple_of(2))
        .with_vlan(data.len().is_multiple_of(3))
        .with_bytes(if data.len().is_multiple_of(5) { FlowBytes::Ip } else { FlowBytes::Wire })
        .with_max_flows(1 + data.len() % 31);
    let columns = FlowTable::packet_columns(&options);
    let scan = Scan::default().with_columns(columns.clone()).with_batch_rows(MOST);
    if let Ok(mut reader) = open_bytes(data.to_vec(), "capture", &scan) {
        let mut batches = Vec::new();
        while let Some(Ok(batch)) = reader.next_batch() {
            batches.push(batch);
            if batches.iter().map(RecordBatch::num_rows).sum::<usize>() >= MOST {
                break;
            }
        }
        // What holds flows has other columns.
        if batches.iter().all(|batch| batch.column_by_name("ip_version").is_some()) {
            check(&batches, &options);
        }
    }
    let Ok(mut builder) = PacketBatchBuilder::new(&columns) else { unreachable!("columns of packets") };
    let mut time = 1 << 60;
    for bytes in data.as_chunks::<PACKET>().0.iter().take(MOST) {
        builder.push(&packet(bytes, &mut time), None);
    }
    let Ok(batch) = builder.finish() else { unreachable!("columns of one length") };
    check(&[batch], &options);
}

/// A packet of few ends, near the one before in time, or anywhere.
fn packet(bytes: &[u8; PACKET], time: &mut i64) -> PacketRow {
    let [ends, kind, flags, gap, far, message, length, vlan] = *bytes;
    *time = match far {
        0xff => i64::from_be_bytes(*bytes),
        // Steps of a quarter of a millisecond, forwards and back.
        _ => time.saturating_add(i64::from(gap as i8) * (1 << 18)),
    };
    let end = |last: u8| {
        let mut address = [0; 16];
        (address[10], address[11], address[15]) = (0xff, 0xff, last);
        (kind & 0xc0 != 0xc0).then_some(address)
    };
    PacketRow {
        frame_time_epoch: (far != 0xfe).then_some(*time),
        frame_len: (length != 0xff).then_some(u32::from(length)),
        ip_len: (length != 0xfe).then_some(u32::from(length / 2)),
        ip_version: Some(4 + (kind >> 4 & 2)),
        sip: end(ends & 3),
        dip: end(ends >> 2 & 3),
        protocol: [Some(6), Some(17), Some(1), Some(58), None, Some(6), Some(6), Some(kind)]
            [usize::from(kind & 7)],
        sport: (ends & 0x40 == 0).then_some(u16::from(ends >> 4 & 3)),
        dport: (ends & 0x80 == 0).then_some(u16::from(ends >> 5 & 1)),
        tcp_flags: (kind & 8 == 0).then_some(u16::from(flags)),
        icmp_type: Some(message),
        icmp_code: Some(message >> 6),
        icmpv6_type: Some(message),
        icmpv6_code: Some(message >> 7),
        vlan_id: (vlan & 1 == 0).then_some(u16::from(vlan)),
        ..PacketRow::default()
    }
}

fn check(batches: &[RecordBatch], options: &FlowTableOptions) {
    let (flows, account) = flows(batches, options);
    let packets: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(account.packets + account.without_ip, packets as u64);
    let (mut counted, mut bytes) = (0, 0);
    for batch in &flows {
        let column = |name: &str| batch.column_by_name(name).map(|array| array.as_primitive::<Int64Type>());
        let sum = |name: &str| column(name).map_or(0, |counts| counts.values().iter().sum::<i64>());
        counted += sum("packets") + sum("reverse_packets");
        bytes += sum("bytes") + sum("reverse_bytes");
        let longest = options.active.as_millis() as i64 + 1;
        let lasts = column("duration").map_or(&[][..], |lasts| lasts.values());
        assert!(lasts.iter().all(|lasts| (0..=longest).contains(lasts)));
        assert_eq!(batch.column_by_name("stime").map_or(0, |times| times.null_count()), 0);
    }
    assert_eq!((counted as u64, bytes as u64), (account.packets, account.bytes));

    // A few packets a batch.
    let few = 1 + packets % 7;
    let single: Vec<RecordBatch> = batches
        .iter()
        .flat_map(|batch| {
            let starts = (0..batch.num_rows()).step_by(few);
            starts.map(move |start| batch.slice(start, few.min(batch.num_rows() - start)))
        })
        .collect();
    assert_eq!((flows, account), self::flows(&single, options));
}

fn flows(batches: &[RecordBatch], options: &FlowTableOptions) -> (Vec<RecordBatch>, FlowAccount) {
    let columns = FlowProjection::all(options.bidirectional);
    let Ok(mut table) = FlowTable::new(options, columns) else { unreachable!("possible options") };
    let mut flows = Vec::new();
    let mut sink = |batch| -> Result<(), Error> {
        flows.push(batch);
        Ok(())
    };
    let keys = table.key_maker();
    for batch in batches {
        let done = keys.prepare(batch).and_then(|keys| table.update(&keys, &mut sink));
        assert!(done.is_ok(), "{done:?}");
        assert!(table.open_flows() <= options.max_flows);
    }
    assert!(table.finish(&mut sink).is_ok());
    let account = *table.account();
    (flows, account)
}
