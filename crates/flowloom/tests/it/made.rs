//! Made traffic.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::path::Path;

use silk_format::{Options, Reader};

use crate::support::{WINDOW, fails, ok};

fn generate(path: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut all = vec!["generate", "-o", path.to_str().unwrap()];
    all.extend(arguments);
    ok(all);
    std::fs::read(path).unwrap()
}

#[test]
fn the_same_options_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.rw"), dir.path().join("b.rw"));
    let options = ["--records", "5000", "--seed", "7", "--ipv6-share", "0.25"];
    assert_eq!(generate(&a, &options), generate(&b, &options));
    assert_ne!(
        generate(&a, &["--records", "5000", "--seed", "8"]),
        generate(&b, &["--records", "5000", "--seed", "7"])
    );
}

/// The numbers of the articles, by the most obvious loop over records: no columns, no kernels.
#[test]
fn the_preset_has_the_numbers_of_the_articles() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("article.rw");
    generate(&path, &["--preset", "article"]);
    let mut reader = Reader::new(std::fs::File::open(&path).unwrap(), Options::default()).unwrap();
    let (mut all, mut inside, mut bytes) = (0u64, 0u64, 0u64);
    let (mut sources, mut destinations, mut protocols) = (HashSet::new(), HashSet::new(), BTreeSet::new());
    let mut last_start = i64::MIN;
    while let Some(block) = reader.next_block() {
        for record in block.unwrap().records() {
            all += 1;
            let start = record.stime_ms();
            assert!(start >= last_start, "starts ascend");
            last_start = start;
            // Everything is under way in the window, as rwfilter's --active-time would have it.
            assert!(record.etime_ms() >= 1_475_155_339_625 && record.duration_ms() <= 1_800_000);
            // 13:22:19.625972 < start ≤ 13:52:19.625972, in microseconds.
            if start * 1000 > 1_475_155_339_625_972 && start * 1000 <= 1_475_157_139_625_972 {
                inside += 1;
                bytes += record.bytes();
                sources.insert(record.sip());
                destinations.insert(record.dip());
                protocols.insert(record.protocol());
            }
        }
    }
    assert_eq!((all, inside), (1_086_153, 1_061_359));
    assert_eq!((sources.len(), destinations.len(), protocols.len()), (11_980, 10_126, 6));
    assert_eq!(bytes >> 20, 40_102);

    let out = dir.path().join("out");
    let text = ok(["report", "--window", WINDOW, path.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    let sentences: Vec<&str> = text.lines().take(3).collect();
    assert_eq!(
        sentences,
        [
            "From 2016-09-29 13:22:19.625972 to 2016-09-29 13:52:19.625972 we had 40102 MB in the wire",
            "The traffic was caused by 11980 source IPs and 10126 dest IPs.",
            "We analyzed 6 different protocols.",
        ]
    );
}

#[test]
fn records_are_plausible() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.rw");
    generate(&path, &["--records", "60000", "--hosts", "2000", "--ipv6-share", "0.3"]);
    let mut reader = Reader::new(std::fs::File::open(&path).unwrap(), Options::default()).unwrap();
    let (mut rows, mut ipv6, mut reflected, mut hosts) = (0u32, 0u32, 0u32, HashSet::new());
    while let Some(block) = reader.next_block() {
        for record in block.unwrap().records() {
            rows += 1;
            ipv6 += u32::from(record.is_ipv6());
            hosts.extend([record.sip(), record.dip()]);
            assert!(record.packets() >= 1 && record.bytes() >= 20 * record.packets());
            let (all, first, rest) =
                (record.tcpflags(), record.initial_tcpflags(), record.session_tcpflags());
            match record.protocol() {
                6 => assert_eq!(all, first | rest),
                _ => assert_eq!((all, first, rest), (0, 0, 0)),
            }
            if matches!(record.protocol(), 1 | 58) {
                assert_eq!(record.sport(), 0);
                assert_eq!(record.protocol() == 58, record.is_ipv6());
            }
            let victim: IpAddr = "192.0.2.80".parse().unwrap();
            reflected += u32::from(record.dip() == victim && matches!(record.sport(), 53 | 161));
        }
    }
    assert_eq!(rows, 60_000);
    assert_eq!(hosts.len(), 2000, "every host appears");
    assert!((15_000..21_000).contains(&ipv6), "{ipv6}");
    assert!((1_500..6_000).contains(&reflected), "{reflected}");
}

#[test]
fn other_formats_hold_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let options = ["--records", "3000", "--ipv6-share", "0.4"];
    let silk = dir.path().join("a.rw");
    generate(&silk, &options);
    let converted = ok(["convert", silk.to_str().unwrap()]);
    let direct = generate(&dir.path().join("a.csv"), &options);
    assert_eq!(String::from_utf8(direct).unwrap(), converted);
}

#[test]
fn impossible_options_are_refused() {
    fails(2, ["generate", "--hosts", "3", "-o", "/dev/null"]);
    fails(2, ["generate", "--ipv6-share", "1.5", "-o", "/dev/null"]);
    fails(2, ["generate", "--duration", "long", "-o", "/dev/null"]);
    fails(2, ["generate", "--preset", "article", "--records", "5", "-o", "/dev/null"]);
}
