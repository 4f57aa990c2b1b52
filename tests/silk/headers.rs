//! Headers that are written: their entries come back, and what no file can be is refused.

use proptest::prelude::*;
use silk_format::{
    Class, Compression, Entry, FlowFormat, FormatId, Header, Writer, WriterOptions, default_version, formats,
};

use crate::build;
use crate::support::files;
use crate::writing::{config, options};

proptest! {
    #![proptest_config(config(60))]

    /// 2.1–2.4: any entries come back, and the header is a whole number of records long.
    #[test]
    fn headers_come_back(
        pair in 0usize..61,
        (big_endian, compression) in (any::<bool>(), 0u8..4),
        release in any::<u32>(),
        lines in proptest::collection::vec("[ -~]{0,40}", 0..3),
        packed in proptest::option::of((any::<i64>(), any::<u8>(), any::<u16>())),
        probe in proptest::option::of("[a-z]{1,9}"),
        unknown in proptest::collection::vec(any::<u8>(), 0..9),
    ) {
        let mut options = options(build::pairs()[pair], big_endian)
            .with_compression(Compression(compression))
            .with_silk_release(release)
            .with_entry(Entry::Unknown { id: 77, payload: unknown });
        for line in &lines {
            options = options.with_invocation(line.as_str()).with_annotation(line.as_str());
        }
        if let Some((base, flowtype, sensor)) = packed {
            options = options.with_packed_file(base, flowtype, sensor);
        }
        if let Some(probe) = probe {
            options = options.with_probe_name(probe);
        }
        let file = Writer::new(Vec::new(), &options).unwrap().finish().unwrap();
        let (header, len) = Header::parse(&file).unwrap();
        prop_assert_eq!(len, file.len());
        prop_assert_eq!(len % usize::from(header.record_size()), 0);
        prop_assert_eq!(header.entries(), &options.entries[..]);
        prop_assert_eq!(header.packed_file(), packed);
        prop_assert_eq!(WriterOptions::like(&header), options);
    }
}

#[test]
fn other_entries_come_back_too() {
    let entries = [
        Entry::PrefixMap { version: 1, name: b"map".to_vec() },
        Entry::Bag { key_type: 1, key_len: 4, counter_type: 2, counter_len: 8 },
        Entry::IpSet { children: 1, leaf_count: 2, leaf_size: 3, node_count: 4, node_size: 5, root: 6 },
        Entry::AggregateBag { keys: 1, fields: vec![7, 8, 9] },
        Entry::Sidecar(vec![1, 2, 3]),
        Entry::Tombstone { version: 1, id: Some(9) },
    ];
    let mut options = WriterOptions::default();
    for entry in &entries {
        options = options.with_entry(entry.clone());
    }
    let file = Writer::new(Vec::new(), &options).unwrap().finish().unwrap();
    assert_eq!(Header::parse(&file).unwrap().0.entries(), entries);
}

#[test]
fn a_legacy_header_becomes_a_current_one() {
    let mut seen = 0;
    let all = files("legacy").into_keys().flat_map(|folder| files(&format!("legacy/{folder}")));
    for (name, path) in all.filter(|(name, _)| !name.ends_with(".gz")) {
        let file = std::fs::read(path).unwrap();
        let Ok((header, _)) = Header::parse(&file) else { continue };
        let written = Writer::new(Vec::new(), &WriterOptions::like(&header)).unwrap().finish().unwrap();
        let (current, _) = Header::parse(&written).unwrap();
        assert!(header.is_legacy() && !current.is_legacy(), "{name}");
        assert_eq!(current.record_version(), header.record_version(), "{name}");
        let hourly = FlowFormat::find(header.format(), header.record_version()).unwrap().is_hourly;
        assert_eq!(current.packed_file().is_some(), hourly, "{name}");
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn what_no_file_can_be_is_refused() {
    let refused = |options: WriterOptions| Writer::new(Vec::new(), &options).unwrap_err();
    let error = refused(options((0x12, 6), false));
    assert_eq!(
        (error.class(), error.to_string().as_str()),
        (Class::Unsupported, "no layout is known for FT_RWSPLIT (0x12) version 6",)
    );
    assert_eq!(refused(options((0x1D, 1), false)).class(), Class::Unsupported);
    assert_eq!(refused(WriterOptions::default().with_compression(Compression(9))).class(), Class::Malformed);
    assert_eq!(refused(WriterOptions::default().with_probe_name("")).class(), Class::Usage);
    let mut writer = Writer::new(Vec::new(), &WriterOptions::default()).unwrap();
    assert_eq!(writer.write_encoded(&[0; 87]).unwrap_err().class(), Class::Usage);
    assert_eq!(writer.records(), 0);
}

/// 7: the versions that the reference writes by default exist.
#[test]
fn every_format_has_a_default_version() {
    for format in formats() {
        let version = default_version(format.id).unwrap();
        assert!(FlowFormat::find(format.id, version).is_some(), "{} {version}", format.id);
    }
    assert_eq!(default_version(FormatId::IPSET), None);
}
