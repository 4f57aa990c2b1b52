//! The three codecs: several members, short reads, damage, truncation at every byte, limits.
#![cfg(all(feature = "gzip", feature = "zstd", feature = "lz4"))]
#![allow(clippy::unwrap_used, reason = "helpers of a test or bench may stop at once")]

mod common;

use std::io::{self, Read, Write};

use common::{CODECS, Pieces, content, drain, pack, pieces};
use mapped_input::{Class, Codec, Error, ErrorKind, Input, Options, class_of};
use proptest::prelude::*;

fn from(stored: Vec<u8>) -> Input {
    Input::from_reader(io::Cursor::new(stored)).unwrap()
}

#[test]
fn members_and_frames_follow_each_other() {
    for codec in CODECS {
        let (one, two) = (content(100_000), b"and a second part".to_vec());
        // Empty ones between and at the end.
        let stored = [pack(codec, &one), pack(codec, b""), pack(codec, &two), pack(codec, b"")].concat();
        let mut input = from(stored.clone());
        assert_eq!(input.codec(), codec);
        let (all, error) = drain(&mut input);
        assert!(error.is_none(), "{codec}: {error:?}");
        assert_eq!(all, [one, two].concat(), "{codec}");
        assert_eq!(input.stored_position(), stored.len() as u64, "{codec}");
    }
}

#[test]
fn lz4_frames_may_differ_in_block_size_and_mode() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let part = content(300_000);
    let mut stored = Vec::new();
    for (size, mode) in [
        (BlockSize::Max1MB, BlockMode::Linked),
        (BlockSize::Max64KB, BlockMode::Independent),
        (BlockSize::Max256KB, BlockMode::Linked),
    ] {
        let info = FrameInfo::new().block_size(size).block_mode(mode).block_checksums(true);
        let mut frame = FrameEncoder::with_frame_info(info, stored);
        frame.write_all(&part).unwrap();
        stored = frame.finish().unwrap();
    }
    let (all, error) = drain(&mut from(stored));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(all, part.repeat(3));
}

#[test]
fn skippable_frames_are_passed_over() {
    let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0][..], b"notes"].concat();
    for codec in [Codec::Zstd, Codec::Lz4] {
        let stored =
            [pack(codec, b"abc"), skippable.clone(), pack(codec, b"def"), skippable.clone()].concat();
        for piece in [1, 3, 1000] {
            let (all, error) = drain(&mut pieces(stored.clone(), piece, 16));
            assert!(error.is_none(), "{codec}: {error:?}");
            assert_eq!(all, b"abcdef", "{codec}");
        }
        let (all, error) = drain(&mut from(stored[..stored.len() - 1].to_vec()));
        assert_eq!(all, b"abcdef", "{codec}");
        assert_eq!(error.unwrap().kind(), io::ErrorKind::UnexpectedEof, "{codec}");
    }
    // Parallel zstd compressors begin with one.
    let mut input = from([skippable, pack(Codec::Zstd, b"abc")].concat());
    assert_eq!(input.codec(), Codec::Zstd);
    assert_eq!(drain(&mut input).0, b"abc");
}

#[test]
fn garbage_after_gzip_is_ignored_and_after_the_others_damage() {
    for garbage in [&b"\0\0\0\0\0\0\0\0"[..], b"x", b"\x1f", b"garbage that is longer"] {
        for codec in CODECS {
            let (all, error) = drain(&mut from([&pack(codec, b"content")[..], garbage].concat()));
            assert_eq!(all, b"content", "{codec}");
            match codec {
                Codec::Gzip => assert!(error.is_none(), "{error:?}"),
                _ => assert_eq!(class_of(&error.unwrap()), Class::Malformed, "{codec} {garbage:?}"),
            }
        }
    }
}

/// The oracle is the content itself: what a cut stream delivers is a beginning of it, no shorter for a later cut.
#[test]
fn a_cut_at_every_byte_gives_the_data_so_far_then_an_error() {
    for codec in CODECS {
        let (one, two) = (content(700), content(90));
        let first = pack(codec, &one);
        let stored = [&first[..], &pack(codec, &two)].concat();
        let whole = [&one[..], &two].concat();
        let mut delivered = 0;
        for cut in 4..stored.len() {
            let mut input = pieces(stored[..cut].to_vec(), 7, 64);
            assert_eq!(input.codec(), codec);
            let (all, error) = drain(&mut input);
            assert!(whole.starts_with(&all) && all.len() >= delivered, "{codec} cut at {cut}");
            delivered = all.len();
            // Between two members there is nothing to miss; one byte of a gzip magic is garbage behind the first.
            let complete = cut == first.len() || codec == Codec::Gzip && cut == first.len() + 1;
            let Some(error) = error else {
                assert!(complete, "{codec} cut at {cut}: no error");
                assert_eq!(all, one, "{codec}");
                continue;
            };
            assert!(!complete, "{codec} cut at {cut}: {error}");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{codec} cut at {cut}: {error}");
            assert_eq!(class_of(&error), Class::Malformed);
            let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
            assert!(matches!(inner.kind(), ErrorKind::Truncated { .. }), "{codec} cut at {cut}: {inner}");
            assert_eq!(inner.offset(), Some(cut as u64), "{codec}");
            // Fused: no second error, no more data.
            assert_eq!(input.read(&mut [0; 8]).unwrap(), 0);
        }
        // Only the checksum of the last member is missing: all data is there.
        let (all, _) = drain(&mut from(stored[..stored.len() - 1].to_vec()));
        assert_eq!(all, whole, "{codec}");
    }
}

#[test]
fn shorter_than_the_magic_is_plain() {
    for codec in CODECS {
        let magic = if codec == Codec::Gzip { 3 } else { 4 };
        for cut in 0..magic {
            let stored = pack(codec, b"content")[..cut].to_vec();
            let mut input = from(stored.clone());
            assert_eq!(input.codec(), Codec::Plain);
            let (all, error) = drain(&mut input);
            assert!(error.is_none());
            assert_eq!(all, stored);
        }
    }
}

#[test]
fn a_wrong_checksum_is_damage_after_the_data() {
    for codec in CODECS {
        let mut stored = pack(codec, &content(5000));
        // gzip ends with CRC and length, the others with their checksum.
        let place = stored.len() - if codec == Codec::Gzip { 8 } else { 4 };
        stored[place] ^= 1;
        let (all, error) = drain(&mut from(stored));
        let error = error.unwrap();
        assert_eq!(
            (error.kind(), class_of(&error)),
            (io::ErrorKind::InvalidData, Class::Malformed),
            "{codec}"
        );
        assert!(content(5000).starts_with(&all), "{codec}");
    }
}

/// Whatever can be decoded before the damage is delivered, in whatever pieces the input comes.
#[test]
fn damage_in_the_middle_gives_the_data_before_it() {
    for codec in CODECS {
        // Bytes that hardly compress, so that the middle of the stored bytes is the middle of the content.
        let mut state = 1_u64;
        let whole: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 57) as u8
        })
        .take(600_000)
        .collect();
        let mut stored = pack(codec, &whole);
        let middle = stored.len() / 2;
        stored[middle..middle + 40].fill(0xff);
        let (all, error) = drain(&mut from(stored.clone()));
        assert_eq!(class_of(&error.unwrap()), Class::Malformed, "{codec}");
        assert!(all.len() > 100_000, "{codec}: {}", all.len());
        assert_eq!(drain(&mut pieces(stored, 1000, 777)).0.len(), all.len(), "{codec}");
        // A codec may find out only by its checksum; what comes before the damage is sound in any case.
        let sound = all.len().min(whole.len() / 2 - (128 << 10));
        assert!(all[..sound] == whole[..sound], "{codec}");
    }
}

/// One block of 3000 equal bytes, then a wrong checksum, or a block of the reserved type.
#[test]
fn a_sound_zstd_block_before_damage_is_delivered() {
    let header = [0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x40];
    let block = |last: u32, size: u32| (last | 1 << 1 | size << 3).to_le_bytes()[..3].to_vec();
    let wrong_sum = [&header[..], &block(1, 3000), b"x", &[1, 2, 3, 4]].concat();
    let reserved = [&header[..], &block(0, 3000), b"x", &[7, 0, 0]].concat();
    for stored in [wrong_sum, reserved] {
        for (piece, buffer) in [(1, 16), (1000, 100), (1000, 1 << 16)] {
            let (all, error) = drain(&mut pieces(stored.clone(), piece, buffer));
            assert_eq!(class_of(&error.unwrap()), Class::Malformed);
            assert_eq!(all, [b'x'; 3000]);
        }
    }
}

#[test]
fn optional_gzip_header_fields_are_passed_over_and_checked() {
    let gzip = |name: &str| {
        flate2::GzBuilder::new()
            .filename(name)
            .comment("a comment")
            .extra(vec![7; 300])
            .write(Vec::new(), flate2::Compression::fast())
    };
    let mut member = gzip("name");
    member.write_all(b"content").unwrap();
    let mut stored = member.finish().unwrap();
    for piece in [1, 5, 1000] {
        let (all, error) = drain(&mut pieces(stored.clone(), piece, 16));
        assert!(error.is_none() && all == b"content", "{error:?}");
    }
    // Flag bit 1 announces a header checksum, which the encoder does not write: the two bytes there are wrong.
    stored[3] |= 2;
    assert_eq!(class_of(&drain(&mut from(stored.clone())).1.unwrap()), Class::Malformed);
    stored[3] |= 0x20;
    assert_eq!(class_of(&drain(&mut from(stored)).1.unwrap()), Class::Malformed);
    let mut checked = Vec::from(*b"\x1f\x8b\x08\x02\0\0\0\0\0\xff");
    let mut crc = flate2::Crc::new();
    crc.update(&checked);
    checked.extend_from_slice(&(crc.sum() as u16).to_le_bytes());
    // An empty final block of fixed codes; checksum and length of nothing.
    checked.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let (all, error) = drain(&mut from(checked));
    assert!(error.is_none() && all.is_empty(), "{error:?}");
}

#[test]
fn a_failing_reader_is_not_a_damaged_file() {
    for codec in CODECS {
        let stored = pack(codec, &content(3000));
        for cut in [4, stored.len() / 2, stored.len() - 1] {
            let reader = Pieces { stored: stored[..cut].to_vec(), at: 0, piece: 100, failing: true };
            let mut input = Input::from_reader(reader).unwrap();
            let (_, error) = drain(&mut input);
            let error = error.unwrap();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{codec}");
            assert_eq!(class_of(&error), Class::Io);
            assert_eq!(input.read(&mut [0; 8]).unwrap(), 0, "{codec}: fused");
        }
    }
}

#[test]
fn a_window_above_the_limit_is_refused() {
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zstd.window_log(24).unwrap();
    // Without its length in the frame header the window stays as large as asked.
    zstd.include_contentsize(false).unwrap();
    zstd.write_all(&content(1000)).unwrap();
    let stored = zstd.finish().unwrap();

    let small = Options::default().with_zstd_window_log(20);
    let mut input = Input::from_reader_with(io::Cursor::new(stored.clone()), &small).unwrap();
    let error = drain(&mut input).1.unwrap();
    assert_eq!(class_of(&error), Class::Limit);
    assert!(error.to_string().contains("1048576"), "{error}");
    assert_eq!(drain(&mut from(stored)).0, content(1000));
}

#[test]
fn a_dictionary_is_unsupported() {
    // Single segment with dictionary 7 and one byte of content; one raw block.
    let stored = [0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 1, 9, 0, 0, b'a'];
    let error = drain(&mut from(stored.to_vec())).1.unwrap();
    assert_eq!(class_of(&error), Class::Unsupported, "{error}");

    // The same for lz4: flag bit 0 (version 1, independent blocks), block size 4, dictionary 1, header checksum.
    let stored = [0x04, 0x22, 0x4d, 0x18, 0x61, 0x40, 1, 0, 0, 0, 0xd0, 0, 0, 0, 0];
    let error = drain(&mut from(stored.to_vec())).1.unwrap();
    assert!(matches!(class_of(&error), Class::Unsupported), "{error}");
}

#[test]
fn a_legacy_lz4_frame_behind_a_frame_is_unsupported() {
    let legacy = [0x02, 0x21, 0x4c, 0x18, 1, 0, 0, 0, 0];
    let error = drain(&mut from([&pack(Codec::Lz4, b"abc")[..], &legacy].concat())).1.unwrap();
    assert_eq!(class_of(&error), Class::Unsupported);
}

#[test]
fn sniffing_can_be_switched_off() {
    let stored = pack(Codec::Gzip, b"content");
    let options = Options::default().with_sniff(false);
    let mut input = Input::from_reader_with(io::Cursor::new(stored.clone()), &options).unwrap();
    assert_eq!((input.codec(), drain(&mut input).0), (Codec::Plain, stored));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any size of the reader's pieces, of our buffers and of the caller's reads gives the same bytes.
    #[test]
    fn pieces_equal_the_whole(
        parts in prop::collection::vec(prop::collection::vec(0u8..4, 0..3000), 0..4),
        codec in 0usize..4, piece in 1usize..500, buffer in 16usize..700, step in 1usize..500,
    ) {
        let codec = CODECS.get(codec).copied().unwrap_or(Codec::Plain);
        let stored = parts.iter().flat_map(|part| pack(codec, part)).collect();
        let mut input = pieces(stored, piece, buffer);
        let mut all = Vec::new();
        let mut out = vec![0; step];
        loop {
            match input.read(&mut out).unwrap() {
                0 => break,
                n => all.extend_from_slice(&out[..n]),
            }
        }
        prop_assert_eq!(all, parts.concat());
    }

    /// One changed byte gives the data, a beginning of some data and an error, or (where gzip's header has a name, or a
    /// flag bit means nothing) other data: never a panic, never more than the codec's ratio allows, always an end.
    #[test]
    fn one_changed_byte_ends(codec in 0usize..3, at in any::<prop::sample::Index>(), bit in 0u32..8) {
        let mut stored = pack(CODECS[codec], &content(2000));
        let at = at.index(stored.len());
        stored[at] ^= 1 << bit;
        let mut input = from(stored);
        let mut total = 0;
        loop {
            match input.read(&mut [0; 4096]) {
                Ok(0) => break,
                Ok(n) => total += n,
                Err(error) => prop_assert!(class_of(&error) != Class::Io, "{}", error),
            }
            prop_assert!(total < 10 << 20);
        }
    }
}
