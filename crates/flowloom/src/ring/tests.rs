use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;
use crate::source::InputSource;

/// A file of one packet, at a second.
fn capture(seconds: u32) -> Vec<u8> {
    let mut file = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0".to_vec();
    for word in [seconds, 0, 4, 64] {
        file.extend(word.to_le_bytes());
    }
    file.extend([2, 0, 0, 0]);
    file
}

fn window(from: i64, to: i64) -> Option<Window> {
    let at = |second: i64| Some(flow_frame::Instant::from_ns(i128::from(second) * 1_000_000_000));
    Some(Window { start: at(from), end: at(to), ..Window::default() })
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

const AT: u32 = 1_475_156_200;

#[test]
fn names_tell_which_files_hold_a_window() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: String| fs::write(dir.path().join(name), capture(AT)).unwrap();
    for second in [0, 100, 200, 300] {
        write(format!("log.pcap.{}", AT + second));
    }
    write(format!("log.pcap.{}.42.lz4", AT + 100));
    fs::create_dir(dir.path().join("2016-09-29")).unwrap();
    write(format!("2016-09-29/log.pcap.{}", AT + 400));
    fs::create_dir(dir.path().join("other")).unwrap();
    write(format!("other/log.pcap.{}", AT + 150));
    let ring = Ring::new(dir.path());
    assert_eq!(ring.files().unwrap().len(), 6);
    let of = |from, to| names(&ring.clone().with_window(window(from, to)).files().unwrap());
    let at = i64::from(AT);
    assert_eq!(of(at + 150, at + 160), ["log.pcap.1475156300.42.lz4"]);
    assert_eq!(of(at + 250, at + 299), ["log.pcap.1475156400"]);
    assert_eq!(of(at + 1000, at + 2000), ["log.pcap.1475156600"]);
    assert_eq!(of(at - 20, at - 10), Vec::<String>::new());
    assert_eq!(names(&ring.live().unwrap()), ["log.pcap.1475156600"]);
    let Err(none) = ring.with_window(window(at - 20, at - 10)).begin() else { unreachable!("no file") };
    assert!(none.to_string().contains("none of the 6 files of"), "{none}");
}

#[test]
fn templates_choose_the_files_of_a_ring() {
    let dir = tempfile::tempdir().unwrap();
    for name in
        ["log.1.1475156200.pcap", "log.2.1475156250.pcap", "log.1.1475156300.pcap", "log.pcap.1475156200"]
    {
        fs::write(dir.path().join(name), capture(AT)).unwrap();
    }
    let ring = Ring::new(dir.path());
    let of = |template: &str| ring.clone().with_template(Some(template.parse().unwrap()));
    assert_eq!(
        names(&of("log.%n.%t.pcap").live().unwrap()),
        ["log.1.1475156300.pcap", "log.2.1475156250.pcap"]
    );
    let one = of("log.1.%t.pcap");
    assert_eq!(names(&one.files().unwrap()), ["log.1.1475156200.pcap", "log.1.1475156300.pcap"]);
    let Err(several) = of("log.%n.%t.pcap").with_follow(Some(Follow::default())).begin() else {
        unreachable!("two threads")
    };
    assert!(several.to_string().contains("--ring-name, such as log.1.%t.pcap"), "{several}");
}

#[test]
fn first_packets_tell_where_names_do_not() {
    let dir = tempfile::tempdir().unwrap();
    for (name, second) in [("c.pcap", 0), ("b.pcap", 100), ("a.pcap", 200)] {
        fs::write(dir.path().join(name), capture(AT + second)).unwrap();
    }
    let ring = Ring::new(dir.path());
    assert_eq!(names(&ring.files().unwrap()), ["c.pcap", "b.pcap", "a.pcap"]);
    let at = i64::from(AT);
    assert_eq!(names(&ring.with_window(window(at + 120, at + 130)).files().unwrap()), ["b.pcap"]);
}

/// All bytes of all files, in the order in which they are given.
fn read_all(ring: &Ring) -> Vec<u8> {
    let mut all = Vec::new();
    for next in ring.begin().unwrap() {
        next.into_stream().unwrap().read_to_end(&mut all).unwrap();
    }
    all
}

#[test]
fn what_is_written_while_it_is_read_arrives_whole_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let follow =
        Follow::default().with_poll(Duration::from_millis(5)).with_idle(Some(Duration::from_millis(500)));
    let ring = Ring::new(dir.path()).with_follow(Some(follow));
    let (folder, files) = (dir.path().to_owned(), 6u32);
    let writer = std::thread::spawn(move || {
        let mut all = Vec::new();
        for file in 0..files {
            let path = folder.join(format!("log.pcap.{}", AT + file));
            let mut out = fs::File::create(&path).unwrap();
            for (at, piece) in capture(AT + file).repeat(5).chunks(7).enumerate() {
                out.write_all(piece).unwrap();
                all.extend_from_slice(piece);
                if at % 5 == 0 {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            // The ring deletes its oldest files, some of them while they are read.
            if file >= 3 {
                fs::remove_file(folder.join(format!("log.pcap.{}", AT + file - 3))).unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        all
    });
    let read = read_all(&ring);
    assert!(read == writer.join().unwrap(), "{} bytes", read.len());
}

#[test]
fn following_ends_when_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(format!("log.pcap.{AT}")), capture(AT)).unwrap();
    let follow = Follow::default().with_poll(Duration::from_millis(5));
    let stop = follow.stop_flag();
    let until = Some(std::time::Instant::now() + Duration::from_millis(30));
    assert_eq!(
        read_all(&Ring::new(dir.path()).with_follow(Some(follow.clone().with_until(until)))),
        capture(AT)
    );
    stop.store(true, Ordering::Relaxed);
    assert_eq!(read_all(&Ring::new(dir.path()).with_follow(Some(follow))), capture(AT));
    // A window that has passed ends it too.
    fs::write(dir.path().join(format!("log.pcap.{}", AT + 100)), capture(AT + 100)).unwrap();
    let at = i64::from(AT);
    let ring = Ring::new(dir.path()).with_window(window(at, at + 50)).with_follow(Some(Follow::default()));
    assert_eq!(read_all(&ring), capture(AT));
}
