//! Files cut at every byte: the whole packets before the cut, and an error unless the cut is between records or blocks.

use pcap_headers::{Options, Parity};

use crate::build::{self, Order};
use crate::support::*;

/// `parts` are the header and each record or block; a packet is one that brings a row.
fn every_cut(what: &str, parts: &[Vec<u8>]) {
    let options = Options::default().with_parity(Parity::Tshark);
    let file = parts.concat();
    let all = slice(&file, &options);
    assert!(all.error.is_none() && all.rows.len() > 2, "{what}: {:?}", all.error);
    // Where a unit ends, and how many rows are there then.
    let mut ends = vec![(0, 0)];
    let mut at = 0;
    for part in parts {
        at += part.len();
        ends.push((at, slice(&file[..at], &options).rows.len()));
    }
    for cut in 0..=file.len() {
        let found = slice(&file[..cut], &options);
        let (end, rows) = *ends.iter().rfind(|(end, _)| *end <= cut).unwrap();
        assert_eq!(found.rows, all.rows[..rows], "{what}, cut at {cut}");
        assert_eq!(found.error.is_none(), end == cut, "{what}, cut at {cut}: {:?}", found.error);
        if let Some(error) = &found.error {
            assert_eq!(error.offset(), Some(end as u64), "{what}, cut at {cut}: {error}");
            assert!(error.to_string().contains("cut short"), "{error}");
        }
        assert_same(
            &push(&file[..cut], &options, || 5),
            &found,
            format_args!("{what}, cut at {cut}, pushed"),
        );
        assert_same(&pull(&file[..cut], &options), &found, format_args!("{what}, cut at {cut}, pulled"));
    }
}

#[test]
fn pcap_files() {
    for big in [false, true] {
        let order = Order(big);
        for (magic, header_more, extra) in
            [(0xA1B2_C3D4, 0, 0), (0xA1B2_3C4D, 0, 0), (0xA1B2_CD34, 0, 8), (0x1C00_01AC, 4, 0)]
        {
            let mut header = build::pcap(order, magic, 65535, 1);
            header.extend(vec![0; header_more]);
            let mut parts = vec![header];
            for i in 0..4u32 {
                parts.push(build::record(
                    order,
                    1_475_156_239 + i,
                    i,
                    100,
                    extra,
                    &vec![0xEE; 10 + i as usize],
                ));
            }
            every_cut(&format!("{magic:#x} {big}"), &parts);
        }
    }
}

#[test]
fn pcapng_files() {
    for big in [false, true] {
        let order = Order(big);
        let file = build::every_block(order);
        let mut parts = Vec::new();
        let mut rest = &file[..];
        while !rest.is_empty() {
            let len: [u8; 4] = rest[4..8].try_into().unwrap();
            let len = if big { u32::from_be_bytes(len) } else { u32::from_le_bytes(len) } as usize;
            parts.push(rest[..len].to_vec());
            rest = &rest[len..];
        }
        every_cut(&format!("pcapng {big}"), &parts);
    }
}
