//! What was built is what is read, and no bytes break anything.

use pcap_headers::{LinkType, Options, Parity, TimeParts};
use proptest::prelude::*;

use crate::build::{self, Order};
use crate::support::*;

#[derive(Debug, Clone)]
struct Built {
    seconds: u32,
    fraction: u32,
    wire_more: u32,
    data: Vec<u8>,
}

fn built() -> impl Strategy<Value = Built> {
    let data = prop::collection::vec(any::<u8>(), 0..200);
    (any::<u32>(), 0..1_000_000u32, 0..2000u32, data).prop_map(|(seconds, fraction, wire_more, data)| Built {
        seconds,
        fraction,
        wire_more,
        data,
    })
}

fn expected(packets: &[Built], interface: Option<u32>, nanos: bool) -> Vec<Row> {
    let unit = if nanos { 1 } else { 1000 };
    let row = |(i, packet): (usize, &Built)| Row {
        number: i as u64 + 1,
        time_ns: Some(i64::from(packet.seconds) * 1_000_000_000 + i64::from(packet.fraction) * unit),
        time_parts: Some(TimeParts {
            seconds: i64::from(packet.seconds),
            nanos: (i64::from(packet.fraction) * unit) as i32,
        }),
        link_type: LinkType(101),
        interface,
        wire_len: packet.data.len() as u32 + packet.wire_more,
        data: packet.data.clone(),
    };
    packets.iter().enumerate().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pcap_files(big: bool, nanos: bool, packets in prop::collection::vec(built(), 0..8), step in 1..300usize) {
        let order = Order(big);
        let mut file = build::pcap(order, if nanos { 0xA1B2_3C4D } else { 0xA1B2_C3D4 }, 0, 101);
        for packet in &packets {
            let wire = packet.data.len() as u32 + packet.wire_more;
            file.extend(build::record(order, packet.seconds, packet.fraction, wire, 0, &packet.data));
        }
        for found in [slice(&file, &Options::default()), push(&file, &Options::default(), || step)] {
            prop_assert!(found.error.is_none());
            prop_assert_eq!(&found.rows, &expected(&packets, None, nanos));
        }
    }

    #[test]
    fn pcapng_files(big: bool, nanos: bool, packets in prop::collection::vec(built(), 0..8), step in 1..300usize) {
        let order = Order(big);
        let resolution = build::option(order, 9, &[if nanos { 9 } else { 6 }]);
        let mut file = build::section(order, &[]);
        file.extend(build::interface(order, 1, 0, &[]));
        file.extend(build::interface(order, 101, 0, &resolution));
        for packet in &packets {
            let wire = packet.data.len() as u32 + packet.wire_more;
            let units = if nanos { 1_000_000_000 } else { 1_000_000 };
            let ticks = u64::from(packet.seconds) * units + u64::from(packet.fraction);
            file.extend(build::enhanced(order, 1, ticks, wire, &packet.data, &[]));
        }
        for found in [slice(&file, &Options::default()), push(&file, &Options::default(), || step)] {
            prop_assert!(found.error.is_none());
            prop_assert_eq!(&found.rows, &expected(&packets, Some(1), nanos));
        }
    }

    /// Whatever stands behind a sound beginning, the three ways agree and the packets lie where they should.
    #[test]
    fn anything(big: bool, kind in 0..4usize, bytes in prop::collection::vec(any::<u8>(), 0..600), step in 1..100usize) {
        let order = Order(big);
        let mut file = match kind {
            0 => build::pcap(order, 0xA1B2_C3D4, 0, 1),
            1 => build::pcap(order, 0xA1B2_CD34, 0, 1),
            2 => [build::section(order, &[]), build::interface(order, 1, 0, &[])].concat(),
            _ => Vec::new(),
        };
        file.extend(bytes);
        let options = Options::default().with_parity(Parity::Tshark);
        let whole = slice(&file, &options);
        assert_same(&push(&file, &options, || step), &whole, "pushed");
        assert_same(&pull(&file[..], &options), &whole, "pulled");
    }
}
