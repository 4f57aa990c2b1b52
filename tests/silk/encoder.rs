//! What the encoder writes of whole blocks, and on several threads, is what it writes record by record.

use proptest::prelude::*;
use silk_format::{
    Block, Blocks, Compression, Encoder, FlowRecord, FormatId, Header, IcmpRepair, Options, Parity, Refusals,
    Selection, Writer, WriterOptions,
};

use crate::build::{self, Numbers};
use crate::support::testdata;
use crate::writing::{BASE, config, cuts, options, refusal, stored};

/// Appends a block at once and record by record, and compares the bytes and what is refused.
fn fast_equals_slow(encoder: &Encoder, block: Block<'_>, selection: Option<&Selection>, what: &str) {
    let (mut fast, mut slow) = (encoder.clone(), encoder.clone());
    // Whatever stands before stays.
    let (mut quick, mut careful) = (vec![1, 2, 3], vec![1, 2, 3]);
    let refused = fast.append_block(block, selection, &mut quick);
    let mut refusals = Refusals::default();
    let rows: Vec<usize> = match selection {
        None => (0..block.len()).collect(),
        Some(rows) => rows.rows().iter().map(|row| *row as usize).filter(|row| *row < block.len()).collect(),
    };
    for row in rows {
        let record = FlowRecord::from(block.record(row).unwrap());
        if let Err(error) = slow.append(&record, &mut careful) {
            refusals.add(refusal(&error).into());
        }
    }
    assert_eq!(refused, refusals, "{what}");
    assert_eq!(fast.offered(), slow.offered(), "{what}");
    let len = encoder.record_len();
    let row = quick[3..].chunks(len).zip(careful[3..].chunks(len)).position(|(a, b)| a != b);
    assert_eq!(row, None, "{what}");
    assert_eq!(quick.len(), careful.len(), "{what}");
}

proptest! {
    #![proptest_config(config(16))]

    /// Any bytes as records, and real records with some bytes changed: of every pair and order, to the same and to some
    /// other one.
    #[test]
    fn the_fast_way_is_the_slow_way(
        data in proptest::collection::vec(prop_oneof![Just(0u8), Just(0xFF), Just(6), any::<u8>()], 0..2000),
        seed in any::<u64>(),
        (silk, repair) in (any::<bool>(), any::<bool>()),
        other_base in prop_oneof![Just(BASE), Just(BASE - 3_600_000), any::<i64>()],
    ) {
        let mut numbers = Numbers(seed | 1);
        let options_read = Options::default()
            .with_parity(if silk { Parity::Silk } else { Parity::Native })
            .with_icmp_repair(if repair { IcmpRepair::On } else { IcmpRepair::Off });
        let pairs = build::pairs();
        for &pair in &pairs {
            for big_endian in [false, true] {
                let name = FormatId(pair.0).name().unwrap();
                let order = if big_endian { "B" } else { "L" };
                let path = testdata(&format!("matrix/{name}-v{}-c0-{order}.dat", pair.1)).unwrap();
                let mut changed = stored(&std::fs::read(path).unwrap());
                for _ in 0..numbers.below(20) {
                    let place = numbers.below(changed.len());
                    changed[place] = numbers.below(256) as u8;
                }
                let entries = [build::packed_file(BASE, 1, 3)];
                let header = build::header(pair.0, pair.1, big_endian, 0, &entries);
                let (header, _) = Header::parse(&header).unwrap();
                let same = Encoder::new(&WriterOptions::like(&header)).unwrap();
                let moved = options(pair, big_endian).with_packed_file(other_base, 1, 3);
                let moved = Encoder::new(&moved).unwrap();
                let to = pairs[numbers.below(pairs.len())];
                let other = options(to, numbers.below(2) == 0).with_packed_file(other_base, 1, 3);
                let other = Encoder::new(&other).unwrap();
                for bytes in [&data, &changed] {
                    let mut blocks = Blocks::new(&header, options_read.clone(), bytes).unwrap();
                    let Some(Ok(block)) = blocks.next_block() else { continue };
                    let rows = (0..=block.len() as u32 + 1).filter(|_| numbers.below(4) > 0).collect();
                    let selection = Selection::from_rows(rows);
                    for (encoder, what) in [(&same, "same"), (&moved, "moved"), (&other, "other")] {
                        let what = format!("{pair:02x?} big={big_endian} to {what} {to:02x?}");
                        fast_equals_slow(encoder, block, None, &what);
                        fast_equals_slow(encoder, block, Some(&selection), &what);
                    }
                }
            }
        }
    }
}

/// Pieces that were encoded on threads and written in order make the file that one writer makes.
#[test]
fn pieces_of_threads_make_the_same_file() {
    fn travels<T: Send>() {}
    travels::<Encoder>();
    let source = stored(&std::fs::read(testdata("matrix/FT_RWIPV6ROUTING-v1-c0-B.dat").unwrap()).unwrap());
    let source = source.repeat(40);
    let header = build::header(0x0C, 1, true, 0, &[]);
    let (header, _) = Header::parse(&header).unwrap();
    for (compression, to) in (0..4).zip([(0x0C, 1), (0x0C, 1), (0x16, 5), (0x14, 5)]) {
        let options =
            options(to, false).with_compression(Compression(compression)).with_packed_file(BASE, 0, 0);
        let mut one = Writer::new(Vec::new(), &options).unwrap();
        let mut blocks = Blocks::new(&header, Options::default(), &source).unwrap();
        let refused = one.write_block(blocks.next_block().unwrap().unwrap(), None).unwrap();

        let mut many = Writer::new(Vec::new(), &options).unwrap();
        let pieces: Vec<_> = source.chunks(88 * 777).collect();
        let encoded: Vec<(Vec<u8>, Refusals)> = std::thread::scope(|scope| {
            let threads: Vec<_> = pieces
                .iter()
                .enumerate()
                .map(|(i, piece)| {
                    let mut encoder = many.encoder().with_offered(i as u64 * 777);
                    let header = &header;
                    scope.spawn(move || {
                        let mut blocks = Blocks::new(header, Options::default(), piece).unwrap();
                        let mut out = Vec::new();
                        let refused =
                            encoder.append_block(blocks.next_block().unwrap().unwrap(), None, &mut out);
                        (out, refused)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut refusals = Refusals::default();
        for (records, refused) in encoded {
            many.write_encoded(&records).unwrap();
            refusals.add(refused);
        }
        assert_eq!(refusals, refused);
        assert_eq!(one.records(), many.records());
        assert_eq!((one.records() + refused.count) as usize, source.len() / 88);
        let (one, many) = (one.finish().unwrap(), many.finish().unwrap());
        assert!(one == many, "{to:?}");
        let (header, start) = Header::parse(&one).unwrap();
        if compression > 0 {
            // 4.2: full blocks but the last.
            let full = 65_536 - 65_536 % u32::from(header.record_size());
            let cuts = cuts(&one[start..]);
            assert!(cuts.len() > 1 && cuts[..cuts.len() - 1].iter().all(|cut| *cut == full), "{cuts:?}");
        }
    }
}
