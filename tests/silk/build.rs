//! Small files made on the spot: headers, compressed blocks, pieces.

use std::io::Write;

/// The 61 pairs of format and record version (7).
pub(crate) fn pairs() -> Vec<(u8, u8)> {
    let formats: [(u8, &[u8]); 13] = [
        (0x0B, &[1, 2]),
        (0x0C, &[1, 2, 3]),
        (0x0D, &[1, 2, 3, 4, 5]),
        (0x0E, &[1, 2, 3, 4, 5]),
        (0x10, &[1, 2, 3, 4, 5]),
        (0x11, &[1, 2, 3, 4, 5]),
        (0x12, &[1, 2, 3, 4, 5]),
        (0x13, &[1, 2, 3, 4, 5]),
        (0x14, &[1, 2, 3, 4, 5]),
        (0x15, &[1, 2, 3, 4, 5]),
        (0x16, &[0, 1, 2, 3, 4, 5]),
        (0x1C, &[2, 3, 4, 5, 6]),
        (0x1F, &[1, 2, 3, 4, 5]),
    ];
    let pairs: Vec<_> = formats
        .iter()
        .flat_map(|(format, versions)| versions.iter().map(|version| (*format, *version)))
        .collect();
    assert_eq!(pairs.len(), 61);
    pairs
}

/// A header of file version 16 with these entries, given as id and payload.
pub(crate) fn header(
    format: u8,
    version: u8,
    big_endian: bool,
    compression: u8,
    entries: &[(u32, Vec<u8>)],
) -> Vec<u8> {
    let mut out = vec![0xDE, 0xAD, 0xBE, 0xEF, u8::from(big_endian), format, 16, compression];
    out.extend([0, 0, 0, 0, 0, 0, 0, version]);
    for (id, payload) in entries.iter().chain(&[(0, Vec::new())]) {
        out.extend(id.to_be_bytes());
        out.extend((payload.len() as u32 + 8).to_be_bytes());
        out.extend(payload);
    }
    out
}

/// The payload of a packed-file entry.
pub(crate) fn packed_file(base_ms: i64, flowtype: u32, sensor: u32) -> (u32, Vec<u8>) {
    let payload = [&base_ms.to_be_bytes()[..], &flowtype.to_be_bytes(), &sensor.to_be_bytes()].concat();
    (1, payload)
}

/// Data cut into blocks of `size` bytes and compressed.
pub(crate) fn blocks(compression: u8, data: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in data.chunks(size) {
        let block = compress(compression, chunk);
        out.extend((block.len() as u32).to_be_bytes());
        out.extend((chunk.len() as u32).to_be_bytes());
        out.extend(block);
    }
    out
}

pub(crate) fn compress(compression: u8, data: &[u8]) -> Vec<u8> {
    match compression {
        1 => {
            let mut stream = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            stream.write_all(data).unwrap();
            stream.finish().unwrap()
        }
        2 => lzokay::compress::compress(data).unwrap(),
        3 => snap::raw::Encoder::new().compress_vec(data).unwrap(),
        _ => panic!("no such method"),
    }
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut stream = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    stream.write_all(data).unwrap();
    stream.finish().unwrap()
}

/// A repeatable stream of numbers (xorshift).
pub(crate) struct Numbers(pub u64);

impl Numbers {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }
}
