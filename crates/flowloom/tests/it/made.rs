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

/// Number, time, first layer and bytes of every packet of a capture.
fn packets(file: &[u8]) -> Vec<(u64, Option<i64>, Vec<u8>, u32)> {
    let packets = pcap_headers::Packets::new(file).map(Result::unwrap);
    packets.map(|packet| (packet.number, packet.time_ns, packet.data.to_vec(), packet.wire_len)).collect()
}

const EVERYTHING: &str = "--packets 3000 --protocols tcp,udp,icmp,icmpv6,arp,sctp --fragments 0.1 --ipv6-share 0.3 \
                          --tunnels none,vlan,qinq,mpls,pppoe,gre,ipip,six-in-four,vxlan,geneve,gtp";

#[test]
fn captures_hold_the_same_packets_however_they_are_stored() {
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str, more: &str| {
        let arguments: Vec<_> = EVERYTHING.split_whitespace().chain(more.split_whitespace()).collect();
        generate(&dir.path().join(name), &arguments)
    };
    let file = make("a.pcap", "--nanoseconds");
    assert_eq!(file, make("b.pcap", "--nanoseconds"), "the same options");
    assert_ne!(file, make("b.pcap", "--nanoseconds --seed 8"), "another seed");
    let all = packets(&file);
    assert_eq!(all.len(), 3000);
    assert!(all.is_sorted_by_key(|packet| packet.1));
    assert!(all.iter().all(|packet| packet.2.len() == packet.3 as usize && packet.2.len() >= 60));
    for more in [
        "--nanoseconds --big-endian",
        "--nanoseconds --capture pcapng",
        "--nanoseconds --capture pcapng --big-endian",
    ] {
        assert_eq!(packets(&make("c.pcap", more)), all, "{more}");
    }
    for more in ["", "--capture pcapng"] {
        let cut = packets(&make("c.pcap", more));
        let in_micros = all.iter().map(|packet| packet.1.map(|ns| ns / 1000 * 1000));
        assert!(cut.iter().map(|packet| packet.1).eq(in_micros), "{more}");
    }
    let short = packets(&make("d.pcapng", "--snaplen 70"));
    assert!(short.iter().zip(&all).all(|(short, long)| long.2.starts_with(&short.2) && short.3 == long.3));
    assert!(short.iter().all(|packet| packet.2.len() <= 70) && short.iter().any(|packet| packet.3 > 70));
}

#[test]
fn sizes_and_rates_of_captures() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pcap");
    let lens = |sizes: &str| -> Vec<usize> {
        let file =
            generate(&path, &["--packets", "5000", "--sizes", sizes, "--protocols", "tcp", "--rate", "250"]);
        let packets = packets(&file);
        let span = packets[4999].1.unwrap() - packets[0].1.unwrap();
        assert!((19_980_000_000..20_020_000_000).contains(&span), "{span}");
        packets.iter().map(|packet| packet.2.len()).collect()
    };
    assert!(lens("small").iter().all(|len| (60..=74).contains(len)));
    let imix = lens("imix");
    let share =
        |range: std::ops::RangeInclusive<usize>| imix.iter().filter(|len| range.contains(len)).count();
    assert!((2700..3150).contains(&share(60..=74)) && (1500..1850).contains(&share(590..=590)));
    assert!((330..510).contains(&share(1514..=1514)));
    let jumbo = lens("jumbo");
    assert!(jumbo.iter().all(|len| (60..=9014).contains(len)) && jumbo.iter().any(|len| *len > 8000));
}

#[test]
fn captures_that_make_no_sense() {
    for arguments in [
        "--packets 5 -o a.rw",
        "--capture pcap --rate 0 -o a",
        "--capture pcap --fragments 2 -o a",
        "--capture pcap --hosts 1 -o a",
        "--capture pcap --preset article -o a",
        "--preset article -o a.pcap",
        "--capture pcap --start 1960-01-01T00:00 -o a",
        "--capture pcap --start 2105-12-31T00:00 --rate 1 --packets 10000000 -o a",
        "--capture erf -o a",
    ] {
        fails(2, ["generate"].into_iter().chain(arguments.split_whitespace()));
    }
}
