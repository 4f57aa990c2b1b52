use proptest::prelude::*;

use super::*;
use crate::Class;

const SECOND: i64 = 1_000_000_000;

fn name(seconds: u32, micros: Option<u32>, thread: Option<u64>) -> Option<RingName> {
    Some(RingName { seconds, micros, thread })
}

/// Every form of semantics 13.
#[test]
fn names_by_themselves() {
    for (text, expected) in [
        ("log.pcap.1475156239", name(1_475_156_239, None, None)),
        ("log.pcap.1475156239.42", name(1_475_156_239, Some(42), None)),
        ("log.pcap.1475156239.625878", name(1_475_156_239, Some(625_878), None)),
        ("log.pcap.1475156239.lz4", name(1_475_156_239, None, None)),
        ("log.pcap.1475156239.42.lz4", name(1_475_156_239, Some(42), None)),
        ("pcaplog.1475156239", name(1_475_156_239, None, None)),
        ("2016-09-29/log.pcap.1475156239", name(1_475_156_239, None, None)),
        ("/nsm/pcap.log/log.pcap.1475156239", name(1_475_156_239, None, None)),
        ("log.1.1475156239.pcap", name(1_475_156_239, None, Some(1))),
        ("pcap.3.1475156239", name(1_475_156_239, None, Some(3))),
        ("pcap.3.1475156239.000007.zst", name(1_475_156_239, Some(7), Some(3))),
        ("log.pcap.4294967295", name(u32::MAX, None, None)),
        ("log.pcap.4294967296", None),
        ("log.pcap.99999999999", None),
        ("log.pcap", None),
        ("log.pcap.old", None),
        ("", None),
        ("log.pcap.1", None),
        ("trace.2016.pcap", None),
        ("trace.3.17", None),
        ("log.pcap.", None),
        ("log.pcap.-5", None),
    ] {
        assert_eq!(RingName::guess(text), expected, "{text}");
    }
}

#[test]
fn names_by_a_template() {
    for (template, text, expected) in [
        ("log.pcap", "log.pcap.1475156239", name(1_475_156_239, None, None)),
        ("log.pcap", "log.pcap.1475156239.42", name(1_475_156_239, Some(42), None)),
        ("log.pcap", "log.pcap.1475156239.42.lz4", name(1_475_156_239, Some(42), None)),
        ("/nsm/log.pcap", "log.pcap.1475156239", name(1_475_156_239, None, None)),
        ("log.pcap", "/nsm/log.pcap.1475156239", name(1_475_156_239, None, None)),
        ("log.pcap", "log2.pcap.1475156239", None),
        ("log.pcap", "log.pcap.1475156239.old", None),
        ("log.pcap", "log.pcap.1475156239.1000000", None),
        ("pcap.%n.%t", "pcap.12.1475156239", name(1_475_156_239, None, Some(12))),
        ("pcap.%n.%t", "pcap.1475156239", None),
        ("log.%n.%t.pcap", "log.1.1475156239.pcap", name(1_475_156_239, None, Some(1))),
        ("log.%n.%t.pcap", "log.1.1475156239.42.pcap.lz4", name(1_475_156_239, Some(42), Some(1))),
        ("log.%i.%t", "log.31337.7.8", name(7, Some(8), Some(31337))),
        ("%t-%n", "5-6", name(5, None, Some(6))),
        // A number of seconds that no rule of thumb would take for one.
        ("log.pcap", "log.pcap.7", name(7, None, None)),
    ] {
        let template: NameTemplate = template.parse().unwrap();
        assert_eq!(template.parse_name(text), expected, "{text}");
    }
    for template in ["log.%x", "log.%", "%t.%t", "%n.%i.%t"] {
        assert_eq!(template.parse::<NameTemplate>().unwrap_err().class(), Class::Usage, "{template}");
    }
}

fn ring(names: &[&str], template: &str) -> RingBuffer {
    let template = template.parse().unwrap();
    names.iter().map(|name| RingFile::new(*name, Some(&template))).collect()
}

fn chosen(ring: &RingBuffer, from: i64, to: i64) -> Vec<String> {
    ring.select(Some(from), Some(to)).into_iter().map(|file| file.name.clone()).collect()
}

/// As numbers: 42 µs are earlier than 100 µs, whatever the text says.
#[test]
fn order_is_numeric() {
    let ring = ring(
        &["log.pcap.1475156239.100", "log.pcap.1475156239.42", "log.pcap.999999999", "log.pcap.1475156239.9"],
        "log.pcap",
    );
    let names: Vec<_> = ring.files().iter().map(|file| &*file.name).collect();
    assert_eq!(
        names,
        ["log.pcap.999999999", "log.pcap.1475156239.9", "log.pcap.1475156239.42", "log.pcap.1475156239.100"]
    );
    assert_eq!(ring.newest().unwrap().name, "log.pcap.1475156239.100");
}

#[test]
fn the_file_that_contains_the_start() {
    let ring = ring(&["p.100", "p.200", "p.300", "p.400"], "p");
    assert_eq!(chosen(&ring, 250 * SECOND, 260 * SECOND), ["p.200"]);
    assert_eq!(chosen(&ring, 250 * SECOND, 300 * SECOND), ["p.200", "p.300"]);
    // The file named 300 may have been opened at 300.9, so the one before may hold 300.5.
    assert_eq!(chosen(&ring, 300 * SECOND + SECOND / 2, 350 * SECOND), ["p.200", "p.300"]);
    assert_eq!(chosen(&ring, 301 * SECOND, 350 * SECOND), ["p.300"]);
    assert_eq!(chosen(&ring, 0, 99 * SECOND), Vec::<String>::new());
    assert_eq!(chosen(&ring, 1000 * SECOND, 2000 * SECOND), ["p.400"]);
    assert_eq!(chosen(&ring, 5, 4), Vec::<String>::new());
    assert_eq!(ring.select(None, None).len(), 4);
    assert_eq!(ring.select(None, Some(150 * SECOND)).len(), 1);
}

/// Each thread has a ring of its own.
#[test]
fn threads_overlap() {
    let ring = ring(&["p.1.100000000", "p.1.100000200", "p.2.100000050", "p.2.100000150"], "p.%n.%t");
    let at = |second: i64| (100_000_000 + second) * SECOND;
    assert_eq!(chosen(&ring, at(160), at(170)), ["p.1.100000000", "p.2.100000150"]);
    assert_eq!(chosen(&ring, at(10), at(20)), ["p.1.100000000"]);
    assert_eq!(chosen(&ring, at(160), at(300)), ["p.1.100000000", "p.2.100000150", "p.1.100000200"]);
}

#[test]
fn files_whose_names_say_nothing() {
    let file = |name: &str| RingFile::new(name, None);
    let ring: RingBuffer = [
        file("c.pcap").or_first_packet(Some(300)),
        file("b.pcap").or_first_packet(Some(200)).or_modified(Some(9)),
        file("a.pcap").or_modified(Some(9)).or_first_packet(Some(100)),
        file("z.pcap").or_first_packet(None).or_modified(Some(250)),
        file("y.pcap").or_modified(Some(150)),
        file("x.pcap").or_modified(None),
        file("log.pcap.100000005").or_first_packet(Some(1)).or_modified(Some(2)),
    ]
    .into_iter()
    .collect();
    assert_eq!(ring.files().last().unwrap().start, RingStart::Name(name(100_000_005, None, None).unwrap()));
    assert_eq!(chosen(&ring, 210, 220), ["x.pcap", "b.pcap", "z.pcap"]);
    assert_eq!(chosen(&ring, 110, 140), ["x.pcap", "a.pcap", "y.pcap"]);
}

proptest! {
    /// Whatever the ring, no packet is missed: a file that was being written at a time is chosen for each window with it.
    #[test]
    fn nothing_is_missed(
        opened in prop::collection::vec((0..50u32, 0..1_000_000u32, 1..3u64), 1..12),
        with_micros: bool,
        at in (0..60i64, 0..SECOND),
        before in 0..SECOND * 20,
        after in 0..SECOND * 20,
    ) {
        let mut opened = opened;
        opened.sort();
        let text = |(seconds, micros, thread): &(u32, u32, u64)| {
            let seconds = 100_000_000 + seconds;
            if with_micros { format!("p.{thread}.{seconds}.{micros}") } else { format!("p.{thread}.{seconds}") }
        };
        let at = (100_000_000 + at.0) * SECOND + at.1;
        let ring: RingBuffer = opened.iter().map(|file| RingFile::new(text(file), None)).collect();
        let chosen = chosen(&ring, at - before, at + after);
        let really = |file: &(u32, u32, u64)| (100_000_000 + i64::from(file.0)) * SECOND + i64::from(file.1) * 1000;
        for thread in 1..3 {
            if let Some(file) = opened.iter().rfind(|file| file.2 == thread && really(file) <= at) {
                prop_assert!(chosen.contains(&text(file)), "{file:?} for {at}: {chosen:?}");
            }
        }
        // Nor is every file chosen: at most one before each thread's window, those within it, and those of its first second.
        for name in &chosen {
            let name = RingName::guess(name).unwrap();
            prop_assert!(name.start_ns() <= at + after);
        }
    }

    #[test]
    fn no_name_breaks_anything(text in "[a-z0-9.%/]{0,30}", template in "[a-z0-9.%nti]{0,12}") {
        let _ = RingName::guess(&text);
        if let Ok(template) = template.parse::<NameTemplate>() {
            let _ = template.parse_name(&text);
        }
    }
}
