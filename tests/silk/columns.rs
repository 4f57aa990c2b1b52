//! Ranges, selections and appending to columns equal what is cut out of the whole afterwards.

use silk_format::{Bits, Block, Blocks, Column, ColumnBuf, Header, Options, Selection};

use crate::build::Numbers;
use crate::flow::Flow;
use crate::support::*;

fn with_block(name: &str, check: impl FnOnce(Block<'_>)) {
    let path = testdata(&format!("matrix/{name}")).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let (header, len) = Header::parse(&bytes).unwrap();
    let mut blocks = Blocks::new(&header, Options::default(), &bytes[len..]).unwrap();
    check(blocks.next_block().unwrap().unwrap());
}

fn uncompressed() -> Vec<String> {
    files("matrix").into_keys().filter(|name| name.contains("-c0-")).collect()
}

#[test]
fn ranges_and_selections() {
    let mut numbers = Numbers(1);
    for name in uncompressed() {
        with_block(&name, |block| {
            let whole = Columns::read(&block, 0..block.len(), None).flows();
            for _ in 0..12 {
                let start = numbers.below(block.len() + 1);
                let end = start + numbers.below(block.len() + 20 - start);
                let range = &whole[start..end.min(whole.len())];
                assert_flows(&Columns::read(&block, start..end, None).flows(), range, &name);
                assert_flows(&Turn::Columns.flows(&block.slice(start..end)), range, &name);

                let one_in = 1 + numbers.below(6);
                let picked: Vec<bool> = range.iter().map(|_| numbers.below(one_in) == 0).collect();
                let expected: Vec<Flow> =
                    range.iter().zip(&picked).filter(|(_, picked)| **picked).map(|(flow, _)| *flow).collect();
                let mut bits = Bits::default();
                bits.extend(picked.iter().copied());
                let by_bits = Selection::from_bits(&bits);
                assert_eq!((by_bits.len(), by_bits.is_empty()), (expected.len(), expected.is_empty()));
                assert_flows(&Columns::read(&block, start..end, Some(&by_bits)).flows(), &expected, &name);

                // By number, in disorder, twice, and some behind the end.
                let mut rows: Vec<u32> = by_bits.rows().iter().rev().copied().collect();
                rows.extend_from_slice(by_bits.rows());
                rows.extend([range.len() as u32, 4_000_000_000]);
                let by_rows = Selection::from_rows(rows);
                assert_flows(&Columns::read(&block, start..end, Some(&by_rows)).flows(), &expected, &name);
            }
        });
    }
}

/// The same buffers take the rows of one file after the other, although one layout has what the next lacks.
#[test]
fn appending_over_layouts() {
    let mut columns = Columns::new();
    let mut expected = Vec::new();
    let mut numbers = Numbers(2);
    for name in uncompressed() {
        with_block(&name, |block| {
            let rows = 0..numbers.below(block.len());
            columns.append(&block, rows.clone(), None);
            expected.extend(Columns::read(&block, rows, None).flows());
        });
    }
    assert_flows(&columns.flows(), &expected, "all layouts");
}

/// Blocks of odd lengths into one buffer equal one read, bit by bit.
#[test]
fn appending_in_pieces() {
    for name in uncompressed() {
        with_block(&name, |block| {
            let whole = Columns::read(&block, 0..block.len(), None);
            let mut columns = Columns::new();
            let mut numbers = Numbers(9);
            let mut start = 0;
            while start < block.len() {
                let end = (start + 1 + numbers.below(13)).min(block.len());
                columns.append(&block, start..end, None);
                start = end;
            }
            assert_eq!(columns, whole, "{name}");
        });
    }
}

/// A buffer that is cleared reads as a new one; a buffer of another column takes nothing.
#[test]
fn buffers() {
    with_block("FT_RWIPV6ROUTING-v1-c0-L.dat", |block| {
        for column in Column::ALL {
            let mut buf = ColumnBuf::with_capacity(column, 10);
            assert!(buf.is_empty());
            block.read(column, 0..100, None, &mut buf);
            buf.clear();
            block.read(column, 3..9, None, &mut buf);
            let mut fresh = ColumnBuf::new(column);
            block.read(column, 3..9, None, &mut fresh);
            assert_eq!(buf, fresh, "{}", column.name());
            assert_eq!(buf.len(), 6);
        }
        let mut buf = ColumnBuf::new(Column::Sip);
        block.read(Column::Bytes, 0..5, None, &mut buf);
        assert!(buf.is_empty());
        #[expect(clippy::reversed_empty_ranges, reason = "what a caller's mistake gives")]
        let backwards = Columns::read(&block, 9..3, None);
        assert_eq!(backwards.len(), 0);
        assert_eq!(Columns::read(&block, usize::MAX - 1..usize::MAX, None).len(), 0);
        assert!(block.record(block.len()).is_none() && block.record(usize::MAX).is_none());
    });
}
