//! Any bytes are records: columns, views and the oracle agree.

use proptest::prelude::*;
use silk_format::{Header, IcmpRepair, Options, Parity, Records};

use crate::build;
use crate::oracle::{self, Manner};
use crate::support::*;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(24))]

    /// All 61 pairs and both orders over the same bytes.
    #[test]
    fn any_bytes_are_records(
        data in proptest::collection::vec(prop_oneof![Just(0u8), Just(0xFF), Just(6), any::<u8>()], 0..700),
        packed in proptest::option::of((any::<i64>(), any::<u32>(), any::<u32>())),
        repair in any::<bool>(),
    ) {
        let entries: Vec<_> = packed.map(|(base, flowtype, sensor)| build::packed_file(base, flowtype, sensor))
            .into_iter().collect();
        for (format, version) in build::pairs() {
            for big_endian in [false, true] {
                let mut file = build::header(format, version, big_endian, 0, &entries);
                file.extend(&data);
                for parity in [Parity::Native, Parity::Silk] {
                    let options = Options::default()
                        .with_parity(parity)
                        .with_icmp_repair(if repair { IcmpRepair::On } else { IcmpRepair::Off });
                    let manner = Manner { as_reference: parity == Parity::Silk, icmp_repair: repair };
                    let (expected, stopped) = oracle::decode(&file, "x", manner);
                    let what = format!("{format:#04x} v{version} big={big_endian} {parity:?}");
                    let columns = slice(&file, options.clone(), Turn::Columns);
                    prop_assert_eq!(columns.error.is_some(), stopped.is_some());
                    assert_flows(&columns.flows, &expected, &what);
                    let records = slice(&file, options.clone(), Turn::Records);
                    let expected: Vec<_> = expected.iter().map(as_record).collect();
                    assert_flows(&records.flows, &expected, &what);
                    let (header, len) = Header::parse(&file).unwrap();
                    let views: Vec<_> = Records::with_options(&header, &options, &file[len..])
                        .unwrap().filter_map(Result::ok).map(|record| from_record(&record)).collect();
                    assert_flows(&views, &expected, &what);
                }
            }
        }
    }

    /// Any bytes at all: both faces end, and agree.
    #[test]
    fn any_bytes_are_a_file(mut file in proptest::collection::vec(any::<u8>(), 0..400), format in 0usize..61) {
        let (format, version) = build::pairs()[format];
        let start = build::header(format, version, false, file.first().map_or(0, |b| b % 4), &[]);
        let n = file.len().min(16);
        file[..n].copy_from_slice(&start[..n]);
        let whole = slice(&file, Options::default(), Turn::Records);
        let pulled = read_all(&file[..], Options::default(), Turn::Records);
        assert_flows(&pulled.flows, &whole.flows, "read");
        prop_assert_eq!(pulled.error.map(|e| e.to_string()), whole.error.map(|e| e.to_string()));
    }
}
