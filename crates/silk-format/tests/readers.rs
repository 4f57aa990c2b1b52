//! Readers at the ends of their sources: marks, liars, and buffers of the wrong kind.

use std::io::Read;

use silk_format::{Blocks, Class, Column, ColumnBuf, Decoder, Header, Options, Reader};

/// FT_RWSPLIT version 5 (24-byte records) in snappy blocks (spec 2.1, 4.2).
fn header() -> Vec<u8> {
    let mut out = vec![0xDE, 0xAD, 0xBE, 0xEF, 0, 0x12, 16, 3, 0, 0, 0, 0, 0, 24, 0, 5];
    out.extend([0, 0, 0, 0, 0, 0, 0, 8]);
    out
}

/// A block of one record of zeros: a raw snappy literal.
fn block() -> Vec<u8> {
    let mut out = vec![0, 0, 0, 26, 0, 0, 0, 24, 24, 23 << 2];
    out.resize(out.len() + 24, 0);
    out
}

#[test]
fn ignored_bytes_do_not_depend_on_the_pieces() {
    for mark in [&[0, 0, 0, 0][..], &[0, 0, 0, 9, 0, 0, 0, 0]] {
        let data = [&block()[..], mark, b"behind the mark"].concat();
        let file = [header(), data.clone()].concat();
        let (header, _) = Header::parse(&file).unwrap();

        for size in 1..=data.len() {
            let mut decoder = Decoder::new(&header, Options::default()).unwrap();
            let mut rows = 0;
            for piece in data.chunks(size) {
                let mut rest = piece;
                while !rest.is_empty() {
                    rest = &rest[decoder.decode(rest).unwrap()..];
                    rows += decoder.block().len();
                }
            }
            decoder.flush().unwrap();
            assert_eq!((rows, decoder.ignored_bytes()), (1, 15), "{mark:?} in pieces of {size}");
        }

        let mut blocks = Blocks::new(&header, Options::default(), &data).unwrap();
        while let Some(block) = blocks.next_block() {
            assert_eq!(block.unwrap().len(), 1);
        }
        assert_eq!(blocks.ignored_bytes(), 15);

        let mut reader = Reader::new(&file[..], Options::default()).unwrap();
        assert!(reader.block().is_empty());
        while let Some(block) = reader.next_block() {
            assert_eq!(block.unwrap().len(), 1);
            assert_eq!(reader.block().len(), 1);
        }
        assert_eq!(reader.ignored_bytes(), 15);
    }
}

/// Claims to have read more than there is room for.
struct Liar<R>(R);

impl<R: Read> Read for Liar<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        Ok(match self.0.read(out)? {
            0 => 0,
            _ => out.len() + 1,
        })
    }
}

#[test]
fn a_lying_source_neither_hangs_nor_panics() {
    for compression in [0, 3] {
        let mut file = [header(), block()].concat();
        file[7] = compression;
        let Ok(mut reader) = Reader::new(Liar(&file[..]), Options::default()) else { continue };
        while let Some(Ok(_)) = reader.next_block() {}
        assert!(reader.next_block().is_none());
    }
}

/// Gives what it has, then fails.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(std::io::Error::other("the disk is gone")),
            n => Ok(n),
        }
    }
}

#[test]
fn a_failing_source_is_told_with_its_place_and_reason() {
    let file = [header(), block(), block()].concat();
    for (keep, rows) in [(10, 0), (24, 0), (24 + 34, 1), (24 + 34 + 9, 1), (file.len(), 2)] {
        let mut found = 0;
        let error = match Reader::new(Broken(&file[..keep]), Options::default()) {
            Err(error) => error,
            Ok(mut reader) => loop {
                match reader.next_block() {
                    Some(Ok(block)) => found += block.len(),
                    Some(Err(error)) => {
                        assert!(reader.next_block().is_none());
                        break error;
                    }
                    None => panic!("the failure was swallowed"),
                }
            },
        };
        assert_eq!((found, error.class(), error.offset()), (rows, Class::Io, Some(keep as u64)));
        assert!(error.to_string().contains("the disk is gone"), "{error}");
    }
}

#[test]
fn a_buffer_of_another_type_stays_as_it_was() {
    let file = [header(), block()].concat();
    let mut reader = Reader::new(&file[..], Options::default()).unwrap();
    let block = reader.next_block().unwrap().unwrap();
    for column in Column::ALL {
        for other in Column::ALL {
            let mut buf = ColumnBuf::new(other);
            block.read(column, 0..1, None, &mut buf);
            let same_type =
                std::mem::discriminant(&buf.values) == std::mem::discriminant(&ColumnBuf::new(column).values);
            if same_type {
                assert_eq!(buf.len(), 1, "{column:?} into {other:?}");
            } else {
                assert_eq!(buf, ColumnBuf::new(other), "{column:?} into {other:?}");
            }
        }
    }
}
