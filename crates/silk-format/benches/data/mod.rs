//! What both benches read: one layout of each family under each compression, records of the test data repeated to about
//! fifty megabytes, with the answers known beforehand.

#![allow(dead_code, reason = "each bench uses a part")]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use silk_format::{Block, Blocks, Column, ColumnBuf, Compression, Header, Options, Reader, Validity, Values};

/// Inflated bytes of a case.
const SIZE: usize = 50_000_000;
/// Rows of a batch, after which the buffers are used again.
const BATCH: usize = 8192;

#[allow(dead_code, reason = "not every bench reads two columns")]
type Buf = (Column, ColumnBuf);

pub(crate) const TWO: [Column; 2] = [Column::Stime, Column::Bytes];

const PAIRS: [&str; 7] = [
    "FT_RWIPV6ROUTING-v1",
    "FT_RWIPV6-v2",
    "FT_RWAUGMENTED-v4",
    "FT_RWSPLIT-v5",
    "FT_RWFILTER-v5",
    "FT_RWGENERIC-v5",
    "FT_FLOWCAP-v5",
];

/// How the bytes are reached: in place, as a map has them, or through a reader's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    InPlace,
    Read,
}

impl Way {
    pub(crate) const ALL: [(&str, Self); 2] = [("in place", Self::InPlace), ("read", Self::Read)];
}

pub(crate) struct Case {
    pub name: String,
    pub header: Header,
    /// The file from its header on.
    file: Vec<u8>,
    pub rows: usize,
    /// Wrapping sums of the two volume columns.
    sums: [u64; 2],
}

impl Case {
    /// The data section.
    pub(crate) fn data(&self) -> &[u8] {
        &self.file[self.header.len()..]
    }

    /// Decodes everything into columns that are dropped batch by batch; returns the rows.
    pub(crate) fn decode(&self, way: Way, columns: &[Column], mut each_batch: impl FnMut(&[Buf])) -> usize {
        let mut bufs: Vec<Buf> =
            columns.iter().map(|column| (*column, ColumnBuf::with_capacity(*column, BATCH))).collect();
        let mut rows = 0;
        let mut take = |block: Block<'_>| {
            rows += block.len();
            for start in (0..block.len()).step_by(BATCH) {
                block.slice(start..start + BATCH).read_columns(&mut bufs);
                each_batch(&bufs);
                bufs.iter_mut().for_each(|(_, buf)| buf.clear());
            }
        };
        match way {
            Way::InPlace => {
                let mut blocks =
                    Blocks::new(&self.header, Options::default(), self.data()).expect("a known layout");
                while let Some(block) = blocks.next_block() {
                    let block = block.expect("sound data");
                    if self.header.compression() == Compression::NONE {
                        assert!(self.data().as_ptr_range().contains(&block.bytes().as_ptr()), "in place");
                    }
                    take(block);
                }
            }
            Way::Read => {
                let mut reader = Reader::new(&self.file[..], Options::default()).expect("a known layout");
                while let Some(block) = reader.next_block() {
                    let block = block.expect("sound data");
                    assert!(!self.file.as_ptr_range().contains(&block.bytes().as_ptr()), "through a buffer");
                    take(block);
                }
            }
        }
        rows
    }

    /// The timed work: everything is made, nothing is kept.
    pub(crate) fn run(&self, way: Way, columns: &[Column]) -> usize {
        self.decode(way, columns, |bufs| {
            black_box(bufs);
        })
    }

    /// The answer must be right before it is timed.
    fn check(&self) {
        for (name, way) in Way::ALL {
            let mut sums = [0u64; 2];
            let rows = self.decode(way, &[Column::Packets, Column::Bytes], |bufs| {
                for ((_, buf), sum) in bufs.iter().zip(&mut sums) {
                    assert!(matches!(buf.validity, Validity::Unset | Validity::All(_)));
                    let Values::U64(values) = &buf.values else { panic!("{:?}", buf.values) };
                    *sum = values.iter().fold(*sum, |sum, value| sum.wrapping_add(*value));
                }
            });
            assert_eq!((rows, sums), (self.rows, self.sums), "{}, {name}", self.name);
            assert_eq!(self.run(way, &Column::ALL), self.rows);
        }
    }
}

/// The larger set where there is one, else the project's own.
fn file(pair: &str, compression: usize) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = format!("{pair}-c{compression}-L.dat");
    [
        here.join("../../testdata/silk/set-a").join(format!("A-{name}")),
        here.join("../../../shared/testdata/silk/set-a").join(format!("A-{name}")),
        here.join("../../testdata/silk/matrix").join(&name),
        here.join("../../../shared/testdata/silk/matrix").join(&name),
    ]
    .into_iter()
    .find(|path| path.exists())
    .unwrap_or_else(|| panic!("no file for {name}"))
}

/// Cases are made one by one and dropped, so that only one lies in memory.
pub(crate) fn for_each_case(mut work: impl FnMut(&Case)) {
    for pair in PAIRS {
        for compression in 0..4 {
            let bytes = std::fs::read(file(pair, compression)).expect("a readable file");
            let (header, len) = Header::parse(&bytes).expect("a header");
            let once = &bytes[len..];
            let (mut rows, mut sums, mut inflated) = (0, [0u64; 2], 0);
            let mut blocks = Blocks::new(&header, Options::default(), once).expect("a known layout");
            while let Some(block) = blocks.next_block() {
                let block = block.expect("sound data");
                inflated += block.bytes().len();
                for record in block.records() {
                    rows += 1;
                    sums[0] = sums[0].wrapping_add(record.packets());
                    sums[1] = sums[1].wrapping_add(record.bytes());
                }
            }
            let times = SIZE / inflated;
            let case = Case {
                name: format!("{pair}/{}", Compression(compression as u8).name().unwrap_or("?")),
                header,
                file: [&bytes[..len], &once.repeat(times)].concat(),
                rows: rows * times,
                sums: sums.map(|sum| sum.wrapping_mul(times as u64)),
            };
            case.check();
            work(&case);
        }
    }
}
