//! Files cut at every byte: the whole records before the cut, and an error unless the cut is between records.

use std::io::Cursor;
use std::path::Path;

use mapped_input::Input;
use silk_format::{Header, Options};

use crate::build;
use crate::flow::Flow;
use crate::support::*;

/// Cuts `file` everywhere. `whole(cut)` = (records that are whole before the cut, whether the cut is a clean one).
fn every_cut(what: &str, file: &[u8], options: &Options, whole: impl Fn(usize) -> (usize, bool)) {
    let all = slice(file, options.clone(), Turn::Columns);
    assert!(all.error.is_none() && !all.flows.is_empty(), "{what}: {:?}", all.error);
    for cut in 0..=file.len() {
        let (rows, clean) = whole(cut);
        let pulled = read_all(&file[..cut], options.clone(), Turn::Records);
        let pulled_flows: Vec<Flow> = pulled.flows;
        let outcome = slice(&file[..cut], options.clone(), Turn::Columns);
        assert_flows(&outcome.flows, &all.flows[..rows], format_args!("{what}, cut at {cut}"));
        assert!(
            pulled_flows.iter().eq(&all.flows[..rows].iter().map(as_record).collect::<Vec<_>>()),
            "{what}, {cut}"
        );
        assert_eq!(outcome.error.is_none(), clean, "{what}, cut at {cut}: {:?}", outcome.error);
        let message = |error: Option<silk_format::Error>| error.map(|e| e.to_string());
        if let Some(error) = &outcome.error {
            let offset = error.offset().expect("an offset");
            assert!(offset <= cut as u64, "{what}, cut at {cut}: {error}");
        }
        assert_eq!(message(outcome.error), message(pulled.error), "{what}, cut at {cut}");
    }
}

/// The first rows of a file of the matrix: header and record bytes.
fn sample(pair: &str, rows: usize) -> (Vec<u8>, Vec<u8>, usize) {
    let bytes = std::fs::read(testdata(&format!("matrix/{pair}-c0-B.dat")).unwrap()).unwrap();
    let (header, len) = Header::parse(&bytes).unwrap();
    let size = usize::from(header.record_size());
    (bytes[..len].to_vec(), bytes[len..len + rows * size].to_vec(), size)
}

#[test]
fn uncompressed() {
    for pair in ["FT_RWSPLIT-v5", "FT_RWIPV6ROUTING-v3", "FT_RWGENERIC-v1"] {
        let (header, data, size) = sample(pair, 20);
        let file = [&header[..], &data].concat();
        every_cut(pair, &file, &Options::default(), |cut| match cut.checked_sub(header.len()) {
            Some(len) => (len / size, len % size == 0),
            None => (0, false),
        });
    }
}

/// Blocks of whole records, and blocks that records cross.
#[test]
fn compressed() {
    let (plain_header, data, size) = sample("FT_RWAUGMENTED-v4", 30);
    for compression in 1..4 {
        for block_size in [size * 4, 50] {
            let mut header = plain_header.clone();
            header[7] = compression;
            let mut file = header.clone();
            // Where each block ends, and how many bytes it brings.
            let mut ends = vec![(header.len(), 0)];
            for chunk in data.chunks(block_size) {
                file.extend(build::blocks(compression, chunk, block_size));
                ends.push((file.len(), chunk.len()));
            }
            let what = format!("c{compression}, blocks of {block_size}");
            every_cut(&what, &file, &Options::default(), |cut| {
                let inflated: usize = ends.iter().filter(|(end, _)| *end <= cut).map(|(_, len)| len).sum();
                let clean = ends.iter().any(|(end, _)| *end == cut) && inflated.is_multiple_of(size);
                (inflated / size, clean)
            });
        }
    }
}

/// One file of each kind of legacy header.
#[test]
fn legacy() {
    for folder in
        ["FT_RWSPLIT-v3-B", "FT_RWAUGWEB-v2-L", "FT_RWFILTER-v2-L", "FT_RWGENERIC-v0-B", "FT_FLOWCAP-v3-L"]
    {
        let files = files(&format!("legacy/{folder}"));
        let Some((name, path)) = files.into_iter().find(|(name, _)| !name.ends_with(".gz")) else { continue };
        let bytes = std::fs::read(&path).unwrap();
        let (header, len) = Header::parse(&bytes).unwrap();
        let size = crate::oracle::record_size(header.format().0, header.record_version()).unwrap();
        every_cut(&name, &bytes[..len + 10 * size], &native_options(&path), |cut| {
            match cut.checked_sub(len) {
                Some(data) => (data / size, data % size == 0),
                None => (0, false),
            }
        });
    }
}

/// A legacy command list and every known entry, cut within.
#[test]
fn long_headers() {
    let mut file = vec![0xDE, 0xAD, 0xBE, 0xEF, 1, 0x13, 1, 0];
    file.extend(2u32.to_be_bytes());
    for command in ["rwfilter\0--proto=6\0in.rwf\0", ""] {
        file.extend((command.len() as u16).to_be_bytes());
        file.extend(command.bytes());
    }
    let legacy_len = file.len();
    file.extend([7; 64]);
    every_cut("commands", &file, &Options::default(), |cut| match cut.checked_sub(legacy_len) {
        Some(data) => (data / 32, data % 32 == 0),
        None => (0, false),
    });

    let entries = [
        build::packed_file(1_234_468_800_000, 3, 4),
        (2, b"rwfilter x\0".to_vec()),
        (3, b"note\0".to_vec()),
        (4, b"probe\0".to_vec()),
        (5, b"\0\0\0\x01map\0".to_vec()),
        (6, vec![1; 8]),
        (7, vec![2; 24]),
        (8, vec![0, 0, 0, 1, 0, 2, 0, 1, 0, 5, 0, 6]),
        (9, vec![9; 5]),
        (10, vec![0, 0, 0, 1, 0, 0, 0, 7]),
        (77, vec![8; 30]),
    ];
    let mut file = build::header(0x12, 5, false, 0, &entries);
    let len = file.len();
    assert_eq!(Header::parse(&file).unwrap().0.entries().len(), entries.len());
    file.extend([7; 48]);
    every_cut("entries", &file, &Options::default(), |cut| match cut.checked_sub(len) {
        Some(data) => (data / 24, data % 24 == 0),
        None => (0, false),
    });
}

/// A gzip wrapper cut everywhere: the records that can be inflated, and an error, for data is missing.
#[test]
fn gzip() {
    let (header, data, _) = sample("FT_RWSPLIT-v5", 60);
    let file = [&header[..], &data].concat();
    let wrapped = build::gzip(&file);
    let all = slice(&file, Options::default(), Turn::Records);
    let folder = tempfile::tempdir().unwrap();
    for cut in (0..wrapped.len()).chain([wrapped.len()]) {
        let path = folder.path().join("cut.gz");
        std::fs::write(&path, &wrapped[..cut]).unwrap();
        let mut inflated = Vec::new();
        let _ = std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&wrapped[..cut]), &mut inflated);
        let expected = slice(&inflated, Options::default(), Turn::Records).flows;
        for outcome in [
            mapped_and_gone(&path),
            read_all(Input::open(&path).unwrap(), Options::default(), Turn::Records),
            read_all(
                Input::from_reader(Cursor::new(wrapped[..cut].to_vec())).unwrap(),
                Options::default(),
                Turn::Records,
            ),
        ] {
            assert_flows(&outcome.flows, &expected, format_args!("gzip cut at {cut}"));
            assert_eq!(
                outcome.error.is_none(),
                cut == wrapped.len(),
                "gzip cut at {cut}: {:?}",
                outcome.error
            );
        }
    }
    assert_eq!(all.flows.len(), 60);
}

fn mapped_and_gone(path: &Path) -> Outcome {
    // SAFETY: this test alone writes the file, and not while it is mapped.
    #[expect(unsafe_code, reason = "mapping is what is tested")]
    let input = unsafe { Input::map(path) }.unwrap();
    read_all(input, Options::default(), Turn::Records)
}
