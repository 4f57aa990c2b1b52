//! Captures made of parts, so that tests say what is in them.

/// Numbers in one byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order(pub bool);

impl Order {
    pub(crate) fn u16(self, number: u16) -> [u8; 2] {
        if self.0 { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub(crate) fn u32(self, number: u32) -> [u8; 4] {
        if self.0 { number.to_be_bytes() } else { number.to_le_bytes() }
    }
}

/// The header of a pcap file.
pub(crate) fn pcap(order: Order, magic: u32, snap_len: u32, network: u32) -> Vec<u8> {
    let mut file = order.u32(magic).to_vec();
    file.extend([order.u16(2), order.u16(4)].concat());
    file.extend([0, 0, snap_len, network].map(|number| order.u32(number)).concat());
    file
}

/// A record of a pcap file, with so many bytes between header and packet.
pub(crate) fn record(
    order: Order,
    seconds: u32,
    fraction: u32,
    wire: u32,
    extra: usize,
    data: &[u8],
) -> Vec<u8> {
    let mut record = [seconds, fraction, data.len() as u32, wire].map(|number| order.u32(number)).concat();
    record.extend(std::iter::repeat_n(1, extra));
    record.extend(data);
    record
}

/// A block of a pcapng file.
pub(crate) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = body.len().wrapping_neg() % 4;
    let len = order.u32((body.len() + padding + 12) as u32);
    [&order.u32(kind), &len, body, &[0; 3][..padding], &len].concat()
}

/// An option of a block.
pub(crate) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let padding = value.len().wrapping_neg() % 4;
    [&order.u16(code), &order.u16(value.len() as u16), value, &[0; 3][..padding]].concat()
}

pub(crate) fn section(order: Order, options: &[u8]) -> Vec<u8> {
    let version = [order.u16(1), order.u16(0)].concat();
    block(order, 0x0A0D_0D0A, &[&order.u32(0x1A2B_3C4D), &version[..], &[0xFF; 8], options].concat())
}

pub(crate) fn interface(order: Order, link_type: u16, snap_len: u32, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[&order.u16(link_type), &[0, 0][..], &order.u32(snap_len), options].concat())
}

pub(crate) fn enhanced(
    order: Order,
    interface: u32,
    ticks: u64,
    wire: u32,
    data: &[u8],
    options: &[u8],
) -> Vec<u8> {
    let numbers = [interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, wire];
    let padding = data.len().wrapping_neg() % 4;
    block(
        order,
        6,
        &[&numbers.map(|number| order.u32(number)).concat(), data, &[0; 3][..padding], options].concat(),
    )
}

/// A section with one block of each kind and a few packets.
pub(crate) fn every_block(order: Order) -> Vec<u8> {
    let comment = option(order, 1, b"a comment");
    let number = |number| order.u32(number).to_vec();
    let name = [&order.u16(1)[..], &order.u16(10), &[10, 0, 0, 1], b"one\0x\0\0\0"].concat();
    let names = [name, vec![0; 4], comment.clone()].concat();
    [
        section(order, &[option(order, 2, b"machine"), option(order, 4, b"program"), vec![0; 4]].concat()),
        interface(
            order,
            1,
            0,
            &[option(order, 2, b"eth0"), option(order, 9, &[9]), option(order, 11, b"\0tcp")].concat(),
        ),
        interface(order, 113, 60, &[option(order, 9, &[0x8A]), comment.clone()].concat()),
        enhanced(order, 0, 1_475_156_239_625_878_123, 100, b"0123456789", &comment),
        block(order, 0x77, b"unknown"),
        enhanced(order, 1, 1_475_156_239 << 10, 7, b"7 bytes", &[]),
        block(
            order,
            2,
            &[
                &order.u16(1)[..],
                &order.u16(5),
                &[number(3), number(4), number(3), number(9)].concat(),
                b"old\0",
            ]
            .concat(),
        ),
        block(order, 3, &[&order.u32(6), &b"simple\0\0"[..]].concat()),
        block(order, 4, &names),
        block(
            order,
            5,
            &[number(1), number(0), number(0), option(order, 4, &[1; 8]), option(order, 5, &[0; 8])].concat(),
        ),
        block(order, 10, &[number(0x544C_534B), number(6), b"secret\0\0".to_vec(), comment].concat()),
        block(order, 0xBAD, &[&order.u32(32473)[..], b"custom"].concat()),
        block(order, 9, b"__REALTIME_TIMESTAMP=1475156239123456\nMESSAGE=hi\n\n"),
        enhanced(order, 0, 1_475_156_240_000_000_000, 4, b"last", &[0; 4]),
    ]
    .concat()
}
