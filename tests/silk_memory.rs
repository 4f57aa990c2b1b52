//! What reading takes of memory, counted by the allocator: nothing per record where records lie mapped, and no more
//! than the limits say however large the sizes are that a hostile file announces.

#![expect(clippy::unwrap_used, reason = "a test that fails is meant to stop")]

#[path = "common/counting.rs"]
mod counting;

use std::io::Read;

use mapped_input::{Input, Opened};
use silk_format::{
    Blocks, Class, Column, ColumnBuf, Decoder, ErrorKind, Header, Limits, Options, Reader, Records,
};

use crate::counting::measured;

const MIB: usize = 1 << 20;

// ---- Files

fn header(format: u8, version: u8, compression: u8, entries: &[u8]) -> Vec<u8> {
    let mut out = vec![0xDE, 0xAD, 0xBE, 0xEF, 0, format, 16, compression, 0, 0, 0, 0, 0, 0, 0, version];
    out.extend(entries);
    out.extend([0, 0, 0, 0, 0, 0, 0, 8]);
    out
}

/// A file whose first bytes are given and that then goes on with zeros for ever.
struct Endless<'a> {
    start: &'a [u8],
    filler: u8,
}

impl Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.start.is_empty() {
            out.fill(self.filler);
            return Ok(out.len());
        }
        self.start.read(out)
    }
}

// ---- Records in place

#[test]
fn mapped_records_cost_nothing() {
    const ROWS: usize = 100_000;
    let mut bytes = header(0x0C, 1, 0, &[]);
    let start = bytes.len();
    bytes.resize(start + ROWS * 88, 5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.rwf");
    std::fs::write(&path, &bytes).unwrap();

    // SAFETY: nobody else knows the file.
    #[expect(unsafe_code, reason = "mapping is what is tested")]
    let input = unsafe { Input::map(&path) }.unwrap();
    assert_eq!(input.opened(), Opened::Mapped);
    let map = input.as_slice().unwrap();
    let inside = map.as_ptr_range();
    let (header, len) = Header::parse(map).unwrap();

    let records = Records::new(&header, &map[len..]).unwrap();
    let (rows, calls, _) = measured(|| {
        let mut rows = 0;
        for record in records {
            let record = record.unwrap();
            assert!(inside.contains(&record.raw().as_ptr()) && record.raw().as_ptr_range().end <= inside.end);
            assert_eq!((record.packets(), record.sport()), (0x0505_0505, 0x0505));
            rows += 1;
        }
        rows
    });
    assert_eq!((rows, calls), (ROWS, 0), "rows, allocations");

    let mut blocks = Blocks::new(&header, Options::default(), &map[len..]).unwrap();
    let mut bufs = Column::ALL.map(|column| ColumnBuf::with_capacity(column, 8192));
    let ((), calls, _) = measured(|| {
        let block = blocks.next_block().unwrap().unwrap();
        assert_eq!(block.bytes().as_ptr(), map[len..].as_ptr());
        assert_eq!(block.records().map(|record| usize::from(record.protocol())).sum::<usize>(), ROWS * 5);
    });
    assert_eq!(calls, 0);

    // Columns into buffers that are used again: a fixed number of allocations for bits, however many the rows.
    let mut blocks = Blocks::new(&header, Options::default(), &map[len..]).unwrap();
    let block = blocks.next_block().unwrap().unwrap();
    let mut read_batches = |batches: std::ops::Range<usize>| {
        measured(|| {
            for batch in batches {
                for (column, buf) in Column::ALL.into_iter().zip(&mut bufs) {
                    buf.clear();
                    block.read(column, batch * 8192..(batch + 1) * 8192, None, buf);
                }
            }
        })
    };
    let (_, one, _) = read_batches(0..1);
    let (_, ten, peak) = read_batches(0..10);
    assert!(ten <= 10 * one.max(24), "{one} allocations for one batch, {ten} for ten");
    assert!(peak < MIB, "{peak} bytes");
}

// ---- Streams

#[test]
fn a_stream_takes_two_buffers() {
    const ROWS: usize = 800_000;
    for compression in 0..4 {
        let mut bytes = header(0x12, 5, compression, &[]);
        let data: Vec<u8> = (0..ROWS * 24).map(|i| (i * i / 7) as u8).collect();
        if compression == 0 {
            bytes.extend(&data);
        }
        for chunk in data.chunks(65_520).filter(|_| compression != 0) {
            let block = match compression {
                1 => flate2_block(chunk),
                2 => lzokay::compress::compress(chunk).unwrap(),
                _ => snap::raw::Encoder::new().compress_vec(chunk).unwrap(),
            };
            bytes.extend((block.len() as u32).to_be_bytes());
            bytes.extend((chunk.len() as u32).to_be_bytes());
            bytes.extend(block);
        }
        let (rows, _, peak) = measured(|| {
            let mut reader = Reader::new(&bytes[..], Options::default()).unwrap();
            let mut rows = 0;
            while let Some(block) = reader.next_block() {
                rows += block.unwrap().len();
            }
            rows
        });
        assert_eq!(rows, ROWS);
        assert!(peak < 512 << 10, "compression {compression}: {peak} bytes");
    }
}

fn flate2_block(data: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    flate2::read::ZlibEncoder::new(data, flate2::Compression::fast()).read_to_end(&mut block).unwrap();
    block
}

// ---- Hostile sizes

/// A file that announces much and is short, and one that goes on for ever: bounded memory, and an error.
#[test]
fn hostile_headers() {
    let u32s = |values: &[u32]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>();
    let legacy = |format, version, tail: &[u8]| {
        let mut out = vec![0xDE, 0xAD, 0xBE, 0xEF, 1, format, version, 0];
        out.extend(tail);
        out
    };
    let mut many_entries = header(0x12, 5, 0, &[]);
    many_entries.truncate(16);
    let mut many_texts = many_entries.clone();
    for _ in 0..2_000_000 {
        many_entries.extend(u32s(&[77, 8]));
        many_texts.extend(u32s(&[2, 9]));
        many_texts.push(b'x');
    }
    let mut commands = legacy(0x13, 1, &u32s(&[u32::MAX]));
    for _ in 0..4_000_000 {
        commands.extend([0, 1, b'x']);
    }
    let entry_of_4_gib = header(0x12, 5, 0, &u32s(&[2, u32::MAX]));
    let cases = [
        ("an entry of 4 GiB", &entry_of_4_gib, 0, MIB),
        ("an entry of 4 MiB", &header(0x12, 5, 0, &u32s(&[2, 4 << 20])), 1, 10 * MIB),
        ("2^32 commands", &legacy(0x13, 1, &u32s(&[u32::MAX])), 0, 10 * MIB),
        ("2^32 commands of 64 KiB", &legacy(0x13, 1, &u32s(&[u32::MAX])), 0xFF, 20 * MIB),
        ("2^32 commands of a byte", &commands, 0, 128 * MIB),
        ("millions of entries", &many_entries, 0, 40 * MIB),
        ("millions of texts", &many_texts, 0, 40 * MIB),
    ];
    for (what, start, filler, most) in cases {
        let (class, _, peak) = measured(|| Header::parse(start).unwrap_err().class());
        assert!(matches!(class, Class::Limit | Class::Malformed), "{what}: {class:?}");
        assert!(peak <= most, "{what}, parsed: {peak} bytes");

        let (class, _, peak) = measured(|| Reader::new(&start[..], Options::default()).unwrap_err().class());
        assert!(matches!(class, Class::Limit | Class::Malformed), "{what}: {class:?}");
        assert!(peak <= most, "{what}, read: {peak} bytes");

        let (kind, _, peak) = measured(|| {
            let error = Reader::new(Endless { start, filler }, Options::default()).err();
            error.map(|e| (e.class(), e.offset()))
        });
        let (class, offset) = kind.unwrap_or_else(|| panic!("{what}: no error"));
        assert!(matches!(class, Class::Limit | Class::Malformed) && offset.is_some(), "{what}: {class:?}");
        assert!(peak <= most, "{what}, endless: {peak} bytes");

        // With a small limit nothing of it is large.
        let small = Options::default().with_limits(Limits::default().with_header_bytes(4096));
        let (class, _, peak) =
            measured(|| Reader::new(Endless { start, filler }, small).map(|_| ()).unwrap_err().class());
        assert_eq!(class, Class::Limit, "{what}");
        assert!(peak <= 400 << 10, "{what}, small limit: {peak} bytes");
    }
}

/// The limit itself: a header just as long is read, one byte more is not.
#[test]
fn the_limit_of_headers() {
    let file = header(0x12, 5, 0, &[0, 0, 0, 77, 0, 0, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let limits = |bytes| Limits::default().with_header_bytes(bytes);
    assert_eq!(Header::parse_with(&file, &limits(file.len())).unwrap().1, file.len());
    let error = Header::parse_with(&file, &limits(file.len() - 1)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Limit { .. }), "{error}");
}

/// Blocks that claim the most they may, one byte each, and blocks that claim more.
#[test]
fn hostile_blocks() {
    for compression in 1..4 {
        let start = header(0x12, 5, compression, &[]);
        for (stored, inflated) in [
            (1, 1_048_573),
            (1 << 20, 1_048_573),
            (1 << 20, 1),
            (u32::MAX, u32::MAX),
            (1, u32::MAX),
            (u32::MAX, 1),
        ] {
            let mut file = start.clone();
            for _ in 0..1000 {
                file.extend(stored.to_be_bytes());
                file.extend(inflated.to_be_bytes());
                file.push(0);
            }
            let (error, _, peak) = measured(|| {
                let mut reader = Reader::new(&file[..], Options::default()).unwrap();
                let error = reader.next_block().unwrap().unwrap_err().class();
                assert!(reader.next_block().is_none());
                error
            });
            assert_eq!(error, Class::Malformed);
            assert!(peak < 5 * MIB, "{stored}/{inflated}: {peak} bytes");

            let (class, _, peak) = measured(|| {
                let mut reader =
                    Reader::new(Endless { start: &file, filler: 1 }, Options::default()).unwrap();
                reader.next_block().unwrap().unwrap_err().class()
            });
            assert_eq!(class, Class::Malformed);
            assert!(peak < 5 * MIB, "{stored}/{inflated}, endless: {peak} bytes");

            let (header, len) = Header::parse(&file).unwrap();
            let (_, _, peak) = measured(|| {
                let mut decoder = Decoder::new(&header, Options::default()).unwrap();
                for piece in file[len..].chunks(3) {
                    if decoder.decode(piece).is_err() {
                        break;
                    }
                }
            });
            assert!(peak < 5 * MIB, "{stored}/{inflated}, pushed: {peak} bytes");
        }
    }
}

/// A block that inflates to far more than it says is stopped at what it says.
#[test]
fn bombs() {
    let zeros = vec![0; 100 * MIB];
    let mut block = Vec::new();
    flate2::read::ZlibEncoder::new(&zeros[..], flate2::Compression::best()).read_to_end(&mut block).unwrap();
    let mut file = header(0x12, 5, 1, &[]);
    file.extend((block.len() as u32).to_be_bytes());
    file.extend(240u32.to_be_bytes());
    file.extend(&block);
    let (class, _, peak) = measured(|| {
        let mut reader = Reader::new(&file[..], Options::default()).unwrap();
        reader.next_block().unwrap().unwrap_err().class()
    });
    assert_eq!(class, Class::Malformed);
    assert!(peak < MIB, "{peak} bytes");
}
