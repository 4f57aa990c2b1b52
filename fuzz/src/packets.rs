//! The walk of `pcap-headers` and its fields; packets as rows of plain values.

use std::cell::RefCell;

use pcap_headers::{
    Column, Cutter, Dissector, EndKind, EndPair, Ends, Field, FieldTable, Fields, LinkType, Occurrence,
    Options, Packet, PacketRow, Packets, Parity, Piece, Result, Walk,
};

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

/// A capture is cut from memory and from a source to pieces whose packets are those of the plain iterator, with the same
/// error; and every packet, of the capture and of the bytes as they are, reads the same directly and by the walk.
pub fn packet_rows(data: &[u8]) {
    let mut expected = Packets::new(data);
    let (mut packets, mut failure) = (Vec::new(), None);
    for packet in &mut expected {
        match packet {
            Ok(packet) => packets.push((packet.number, packet.time_ns, packet.data, packet.wire_len)),
            Err(error) => failure = Some(error.to_string()),
        }
    }
    let mut source = data;
    let most = 1 + data.len() % 5;
    same(&packets, &failure, most, |cutter| cutter.next_of(data));
    same(&packets, &failure, most, |cutter| cutter.next_from(&mut source));

    // The bytes as an Ethernet frame.
    let mut alone = b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0".to_vec();
    let frame = data.get(..2000).unwrap_or(data);
    let len = frame.len() as u32;
    for number in [7, 8, len, len + 3] {
        alone.extend(number.to_le_bytes());
    }
    alone.extend(frame);
    // They take longer to make than a few packets to read, and remember nothing of a packet.
    DISSECTORS.with_borrow_mut(|dissectors| {
        rows(data, dissectors);
        rows(&alone, dissectors);
    });
}

const FEW: [Column; 5] = [Column::IpLen, Column::EthSrc, Column::IpDst, Column::IpProto, Column::Sip];

thread_local! {
    static DISSECTORS: RefCell<[Dissector; 2]> = RefCell::new({
        let all = Column::ALL.iter().copied().filter(|column| *column != Column::FrameProtocols);
        [Dissector::new(all), Dissector::new(FEW)]
    });
}

type Seen<'a> = (u64, Option<i64>, &'a [u8], u32);

fn same<'a>(
    packets: &[Seen<'_>],
    failure: &Option<String>,
    most: usize,
    mut next: impl FnMut(&mut Cutter) -> Option<Result<Piece<'a>>>,
) {
    let mut cutter = Cutter::new(Options::default(), most);
    let (mut at, mut found) = (0, None);
    while let Some(piece) = next(&mut cutter) {
        match piece {
            Ok(piece) => {
                for timed in piece.packets() {
                    let packet = timed.packet;
                    let seen = (packet.number, packet.time_ns, packet.data, packet.wire_len);
                    assert_eq!(packets.get(at), Some(&seen));
                    at += 1;
                }
            }
            Err(error) => found = Some(error.to_string()),
        }
    }
    assert_eq!((at, &found), (packets.len(), failure));
}

fn rows(capture: &[u8], [all, few]: &mut [Dissector; 2]) {
    let mut cutter = Cutter::new(Options::default(), MOST);
    let Some(Ok(piece)) = cutter.next_of(capture) else { return };
    for timed in piece.packets() {
        let (mut direct, mut general) = (PacketRow::default(), PacketRow::default());
        all.read(&timed, &mut direct);
        all.read_general(&timed, &mut general);
        assert_eq!(direct, general, "{:02x?}", timed.packet.data);
        // What was not asked for may be there or not.
        few.read(&timed, &mut direct);
        let values = |row: &PacketRow| (row.ip_len, row.eth_src, row.ip_dst, row.ip_proto, row.sip);
        assert_eq!(values(&direct), values(&general), "{:02x?}", timed.packet.data);
    }
}

/// The ends of headers, of any bytes as an Ethernet frame and of the packets of what is a capture, are the same directly and
/// by the walk, whichever are asked for; they are no more than there can be.
pub fn ends(data: &[u8]) {
    const KINDS: [EndKind; 5] = [EndKind::Eth, EndKind::Ipv4, EndKind::Ipv6, EndKind::Tcp, EndKind::Udp];
    let options = Options::default().with_parity(Parity::Tshark);
    let packets = Packets::with_options(data, &options).take(MOST).map_while(|packet| packet.ok());
    let (mut direct, mut general) = (Ends::new(KINDS), Ends::new(KINDS));
    let mut apart = KINDS.map(|kind| (kind, Ends::new([kind])));
    for packet in packets.chain([Packet::new(LinkType(1), data)]) {
        let (mut expected, mut found) = (Vec::<EndPair>::new(), Vec::new());
        general.read_general(&packet, |pair| expected.push(*pair));
        direct.read(&packet, |pair| found.push(*pair));
        assert_eq!(found, expected, "{:02x?}", packet.data);
        for (kind, one) in &mut apart {
            found.clear();
            one.read(&packet, |pair| found.push(*pair));
            assert!(found.iter().eq(expected.iter().filter(|pair| pair.kind == *kind)), "{kind:?}");
        }
    }
    assert_eq!(direct.fragments(), general.fragments());
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
