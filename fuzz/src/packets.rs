//! The walk of `pcap-headers` and its fields.

use pcap_headers::{Field, FieldTable, Fields, LinkType, Occurrence, Options, Packet, Packets, Parity, Walk};

/// Link types up to here are tried, and one that is not known.
const LINK_TYPES: u32 = 300;
/// More packets of one input would only take time.
const MOST: usize = 200;

/// Any bytes are walked under any link type, and the packets of what is a capture: layers lie one behind the other within
/// the packet, the walk ends within it, and the first of all occurrences is what is found by looking for the first.
pub fn packet_walk(data: &[u8]) {
    for link_type in (0..LINK_TYPES).map(LinkType) {
        let mut packet = Packet::new(link_type, data);
        packet.wire_len += packet.wire_len % 7 * 30;
        walk(&packet);
    }
    let options = Options::default().with_parity(Parity::Tshark);
    let packets = Packets::with_options(data, &options).take(MOST).map_while(|packet| packet.ok());
    let names = || FieldTable::all().iter().map(Field::name);
    let (Ok(mut first), Ok(mut last), Ok(mut all)) = (
        Fields::new(names(), Occurrence::First),
        Fields::new(names(), Occurrence::Last),
        Fields::new(names(), Occurrence::All),
    ) else {
        unreachable!("the names are those of the table");
    };
    let mut text = Vec::new();
    for packet in packets {
        walk(&packet);
        for fields in [&mut first, &mut last, &mut all] {
            fields.read(&packet);
        }
        for (column, field) in FieldTable::all().iter().enumerate() {
            let values = all.values(column);
            assert_eq!(first.value(column), values.first().copied(), "{}", field.name());
            if field.name() != "frame.protocols" {
                assert_eq!(last.value(column), values.last().copied(), "{}", field.name());
            }
            text.clear();
            all.write(column, ",", &mut text);
            assert_eq!(text.is_empty(), values.is_empty(), "{}", field.name());
            assert!(text.is_ascii());
        }
    }
}

fn walk(packet: &Packet<'_>) {
    let mut walk = Walk::new(packet);
    let (mut last, mut at_one_place, mut layers) = (0, 0, 0);
    for layer in &mut walk {
        let (start, end) = (layer.span().offset(), layer.span().offset() + layer.span().bytes().len());
        assert!(last <= start && start < end && end <= packet.data.len(), "{:?}", layer.kind());
        at_one_place = if last == start { at_one_place + 1 } else { 0 };
        assert!(at_one_place < 8, "{:?} does not advance", layer.kind());
        last = start;
        layers += 1;
    }
    let Some(stop) = walk.stop() else { unreachable!("a walk that ended says where") };
    assert!(last <= stop.offset && stop.offset <= packet.data.len(), "{stop:?}");
    assert_eq!(stop.layer.is_some(), layers > 0);
    assert!(layers <= 1024);
}
