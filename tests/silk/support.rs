//! Where the test data lies, and every way of reading a file into [`Flow`]s.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use mapped_input::{Codec, Input, Opened};
use silk_format::{
    Block, Blocks, Column, ColumnBuf, Error, Header, Options, Parity, Reader, Record, Selection, SiteConfig,
    Values,
};

use crate::flow::{Flow, Known};

/// `testdata/silk` of the project, and the larger collection beside it where there is one.
fn roots() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    [here.join("testdata/silk"), here.join("../shared/testdata/silk")]
        .into_iter()
        .filter(|p| p.is_dir())
        .collect()
}

/// The file at `path` below one of the roots.
pub(crate) fn testdata(path: &str) -> Option<PathBuf> {
    roots().into_iter().map(|root| root.join(path)).find(|file| file.exists())
}

/// The files of a folder by name, each once; the project's own go first.
pub(crate) fn files(folder: &str) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for root in roots() {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            files.entry(name).or_insert_with(|| entry.path());
        }
    }
    files
}

pub(crate) fn gunzip(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The site of the test data.
pub(crate) static SITE: LazyLock<Arc<SiteConfig>> = LazyLock::new(|| {
    let path = testdata("silk.conf").expect("testdata/silk/silk.conf");
    Arc::new(SiteConfig::parse(&std::fs::read(path).unwrap()).expect("silk.conf"))
});

/// The options under which the reference's answers come out.
pub(crate) fn reference_options(path: &Path) -> Options {
    native_options(path).with_parity(Parity::Silk)
}

pub(crate) fn native_options(path: &Path) -> Options {
    Options::default().with_site(Arc::clone(&SITE)).with_file_name(path.to_str().unwrap())
}

// ---- Faces

/// What came out of a file: all records, then perhaps an error.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub flows: Vec<Flow>,
    pub error: Option<Error>,
}

impl Outcome {
    pub(crate) fn failed(error: Error) -> Self {
        Self { flows: Vec::new(), error: Some(error) }
    }
}

/// How records are turned into flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Records,
    Columns,
}

impl Turn {
    pub(crate) fn flows(self, block: &Block<'_>) -> Vec<Flow> {
        match self {
            Self::Records => block.records().map(|record| from_record(&record)).collect(),
            Self::Columns => Columns::read(block, 0..block.len(), None).flows(),
        }
    }
}

/// Maps the file. Uncompressed data is read in place, which is asserted.
pub(crate) fn mapped(path: &Path, options: Options, turn: Turn) -> Outcome {
    // SAFETY: nobody writes to the test data while the tests run.
    #[expect(unsafe_code, reason = "mapping is what is tested")]
    let input = match unsafe { Input::map(path) } {
        Ok(input) => input,
        Err(e) => panic!("{}: {e}", path.display()),
    };
    assert_eq!(input.opened(), Opened::Mapped, "{}", path.display());
    let Some(bytes) = input.as_slice() else {
        assert_ne!(input.codec(), Codec::Plain);
        return read_all(input, options, turn);
    };
    slice(bytes, options, turn)
}

/// The slice face.
pub(crate) fn slice(bytes: &[u8], options: Options, turn: Turn) -> Outcome {
    let (header, len) = match Header::parse_with(bytes, &options.limits) {
        Ok(parsed) => parsed,
        Err(error) => return Outcome::failed(error),
    };
    let in_place = header.compression() == silk_format::Compression::NONE;
    let mut blocks = match Blocks::new(&header, options, &bytes[len..]) {
        Ok(blocks) => blocks,
        Err(error) => return Outcome::failed(error),
    };
    let mut flows = Vec::new();
    let mut count = 0;
    let error = loop {
        match blocks.next_block() {
            None => break None,
            Some(Err(e)) => break Some(e),
            Some(Ok(block)) => {
                count += 1;
                assert_eq!(in_place, bytes.as_ptr_range().contains(&block.bytes().as_ptr()));
                assert!(!in_place || count == 1, "uncompressed data is one block");
                flows.extend(turn.flows(&block));
            }
        }
    };
    assert!(blocks.next_block().is_none(), "fused");
    Outcome { flows, error }
}

/// Reads the file in the ordinary way.
pub(crate) fn read(path: &Path, options: Options, turn: Turn) -> Outcome {
    let input = Input::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(input.opened(), Opened::Read, "{}", path.display());
    read_all(input, options, turn)
}

/// The `Read` face over any source.
pub(crate) fn read_all(source: impl Read, options: Options, turn: Turn) -> Outcome {
    let mut reader = match Reader::new(source, options) {
        Ok(reader) => reader,
        Err(error) => return Outcome::failed(error),
    };
    let mut flows = Vec::new();
    let error = loop {
        match reader.next_block() {
            None => break None,
            Some(Err(e)) => break Some(e),
            Some(Ok(block)) => {
                assert!(!block.is_empty(), "a block that is handed out holds records");
                flows.extend(turn.flows(&block));
            }
        }
    };
    assert!(reader.next_block().is_none(), "fused");
    assert!(reader.next_block().is_none(), "fused");
    Outcome { flows, error }
}

// ---- Records and columns → flows

/// The getters of a record. They do not say what the layout lacks, so that part of `known` stays false.
pub(crate) fn from_record(r: &Record<'_>) -> Flow {
    assert_eq!(r.etime_ms(), r.stime_ms().wrapping_add(i64::from(r.duration_ms())));
    let icmp = r.is_icmp().then_some(r.dport());
    assert_eq!(r.icmptype(), icmp.map(|port| (port >> 8) as u8));
    assert_eq!(r.icmpcode(), icmp.map(|port| port as u8));
    Flow {
        sip: r.sip(),
        dip: r.dip(),
        nhip: r.nhip(),
        is_ipv6: r.is_ipv6(),
        sport: r.sport(),
        dport: r.dport(),
        protocol: r.protocol(),
        packets: r.packets(),
        bytes: r.bytes(),
        stime_ms: r.stime_ms(),
        duration_ms: r.duration_ms(),
        flags: r.tcpflags(),
        init_flags: r.initial_tcpflags(),
        rest_flags: r.session_tcpflags(),
        tcp_state: r.attributes(),
        application: r.application(),
        memo: r.memo(),
        sensor: r.sensor_id(),
        flowtype: r.classtype_id(),
        input: r.input(),
        output: r.output(),
        known: Known { icmp: r.is_icmp(), separate_flags: r.has_separate_flags(), ..Known::default() },
    }
}

/// What [`from_record`] can say of a flow.
pub(crate) fn as_record(flow: &Flow) -> Flow {
    let Known { icmp, separate_flags, .. } = flow.known;
    Flow { known: Known { icmp, separate_flags, ..Known::default() }, ..*flow }
}

/// All 24 columns of some rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Columns {
    pub bufs: Vec<ColumnBuf>,
}

impl Columns {
    pub(crate) fn new() -> Self {
        Self { bufs: Column::ALL.map(ColumnBuf::new).into() }
    }

    pub(crate) fn read(
        block: &Block<'_>,
        rows: std::ops::Range<usize>,
        selection: Option<&Selection>,
    ) -> Self {
        let mut columns = Self::new();
        columns.append(block, rows, selection);
        columns
    }

    pub(crate) fn append(
        &mut self,
        block: &Block<'_>,
        rows: std::ops::Range<usize>,
        selection: Option<&Selection>,
    ) {
        for (column, buf) in Column::ALL.into_iter().zip(&mut self.bufs) {
            block.read(column, rows.clone(), selection, buf);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bufs[0].len()
    }

    fn buf(&self, column: Column) -> &ColumnBuf {
        &self.bufs[column as usize]
    }

    fn known(&self, column: Column, row: usize) -> bool {
        self.buf(column).validity.is_present(row)
    }

    /// Row by row; asserts what the schema promises of lengths, types and nulls.
    pub(crate) fn flows(&self) -> Vec<Flow> {
        use Column as C;
        const NULLABLE: [Column; 12] = [
            C::Nhip,
            C::InitialTcpflags,
            C::SessionTcpflags,
            C::Attributes,
            C::Application,
            C::SensorId,
            C::ClasstypeId,
            C::Input,
            C::Output,
            C::Icmptype,
            C::Icmpcode,
            C::Memo,
        ];
        for (column, buf) in C::ALL.into_iter().zip(&self.bufs) {
            assert_eq!(buf.len(), self.len(), "{}", column.name());
            if !NULLABLE.contains(&column) {
                assert!((0..self.len()).all(|row| buf.validity.is_present(row)), "{}", column.name());
            }
        }
        macro_rules! values {
            ($column:ident, $kind:ident) => {
                match &self.buf(C::$column).values {
                    Values::$kind(values) => values,
                    other => panic!("{}: {other:?}", C::$column.name()),
                }
            };
        }
        let (stime, etime, duration) = (values!(Stime, I64), values!(Etime, I64), values!(Duration, I64));
        let (sip, dip, nhip) = (values!(Sip, Address), values!(Dip, Address), values!(Nhip, Address));
        let is_ipv6 = values!(IsIpv6, Bool);
        let (sport, dport) = (values!(Sport, U16), values!(Dport, U16));
        let protocol = values!(Protocol, U8);
        let (packets, bytes) = (values!(Packets, U64), values!(Bytes, U64));
        let (flags, init, rest) =
            (values!(Tcpflags, U8), values!(InitialTcpflags, U8), values!(SessionTcpflags, U8));
        let (attributes, application) = (values!(Attributes, U8), values!(Application, U16));
        let (sensor, flowtype) = (values!(SensorId, U16), values!(ClasstypeId, U8));
        let (input, output) = (values!(Input, U32), values!(Output, U32));
        let (icmptype, icmpcode) = (values!(Icmptype, U8), values!(Icmpcode, U8));
        let memo = values!(Memo, U16);
        (0..self.len())
            .map(|row| {
                assert_eq!(etime[row], stime[row].wrapping_add(duration[row]));
                let separate_flags = self.known(C::InitialTcpflags, row);
                assert_eq!(separate_flags, self.known(C::SessionTcpflags, row));
                let icmp = self.known(C::Icmptype, row);
                assert_eq!(icmp, self.known(C::Icmpcode, row));
                if icmp {
                    assert_eq!([icmptype[row], icmpcode[row]], dport[row].to_be_bytes());
                }
                let v6 = is_ipv6.get(row).unwrap();
                Flow {
                    sip: address(sip[row], v6),
                    dip: address(dip[row], v6),
                    nhip: address(nhip[row], v6),
                    is_ipv6: v6,
                    sport: sport[row],
                    dport: dport[row],
                    protocol: protocol[row],
                    packets: packets[row],
                    bytes: bytes[row],
                    stime_ms: stime[row],
                    duration_ms: u32::try_from(duration[row]).unwrap(),
                    flags: flags[row],
                    init_flags: init[row],
                    rest_flags: rest[row],
                    tcp_state: attributes[row],
                    application: application[row],
                    memo: memo[row],
                    sensor: sensor[row],
                    flowtype: flowtype[row],
                    input: input[row],
                    output: output[row],
                    known: Known {
                        nhip: self.known(C::Nhip, row),
                        separate_flags,
                        attributes: self.known(C::Attributes, row),
                        application: self.known(C::Application, row),
                        sensor: self.known(C::SensorId, row),
                        flowtype: self.known(C::ClasstypeId, row),
                        input: self.known(C::Input, row),
                        output: self.known(C::Output, row),
                        icmp,
                        memo: self.known(C::Memo, row),
                    },
                }
            })
            .collect()
    }
}

/// 16 bytes of a column, in the record's own IP version: IPv4 must stand there as `::ffff:a.b.c.d`.
fn address(bytes: [u8; 16], is_ipv6: bool) -> IpAddr {
    let v6 = std::net::Ipv6Addr::from(bytes);
    if is_ipv6 { IpAddr::V6(v6) } else { IpAddr::V4(v6.to_ipv4_mapped().expect("a mapped address")) }
}

/// Compares flow by flow, so that a failure shows one record and not a file.
#[track_caller]
pub(crate) fn assert_flows(found: &[Flow], expected: &[Flow], what: impl std::fmt::Display) {
    if let Some(row) = found.iter().zip(expected).position(|(a, b)| a != b) {
        panic!("{what}: row {row}\n   found {:?}\nexpected {:?}", found[row], expected[row]);
    }
    assert_eq!(found.len(), expected.len(), "{what}: rows");
}

/// Compares line by line.
#[track_caller]
pub(crate) fn assert_text(found: &[u8], expected: &[u8], what: impl std::fmt::Display) {
    if found == expected {
        return;
    }
    let lines = |text: &[u8]| {
        String::from_utf8(text.to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (found, expected) = (lines(found), lines(expected));
    if let Some(row) = found.iter().zip(&expected).position(|(a, b)| a != b) {
        panic!("{what}: line {row}\n   found {}\nexpected {}", found[row], expected[row]);
    }
    panic!("{what}: {} lines, expected {}", found.len(), expected.len());
}
