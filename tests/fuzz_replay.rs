//! Every fuzz body over every file of `testdata/` and of the fuzz seeds, and over mutations of them: what libFuzzer
//! checks for minutes, ordinary tests check for the inputs that matter most. The mutations are the same in each run.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of a test may stop at once")]

use std::fs;
use std::path::{Path, PathBuf};

use flowloom_fuzz::TARGETS;

/// How many mutations of a file of up to 4 KiB are run; of larger ones fewer, so that all take about as long.
const MUTATIONS: usize = 200;
/// Two pages are made for each input, which takes milliseconds.
const MUTATIONS_OF_PAGES: usize = 6;
/// Every input is made flows of four times.
const MUTATIONS_OF_FLOWS: usize = 10;
/// As libFuzzer's `-max_len` in `fuzz/run`.
const MAX_LEN: usize = 1 << 16;
/// Words that length fields do not like.
const WORDS: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0001_0000];

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of the table");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut runs = 0;
    for path in files(&root.join("testdata")).into_iter().chain(files(&root.join("fuzz/seeds").join(name))) {
        let content = fs::read(&path).expect("a readable file");
        // A panic tells what broke; this tells with which input.
        let running = Running(&path);
        let original = &content[..content.len().min(MAX_LEN)];
        let mut random = Random(original.len() as u64);
        (target.body)(original);
        for _ in 0..mutations(name, original.len()) {
            (target.body)(&mutated(original, &mut random));
            runs += 1;
        }
        std::mem::forget(running);
    }
    assert!(runs > 500, "only {runs} mutations: is testdata there?");
}

fn mutations(name: &str, len: usize) -> usize {
    match name {
        "report_page" => MUTATIONS_OF_PAGES,
        "flow_table" => MUTATIONS_OF_FLOWS,
        _ => (MUTATIONS * 4096 / len.max(4096)).max(2),
    }
}

struct Running<'a>(&'a Path);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        eprintln!("while running {} or a mutation of it", self.0.display());
    }
}

/// All files below a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// One to four changes: a bit, a byte, a word, a cut, a piece twice.
fn mutated(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(4) {
        let place = random.below(bytes.len().max(1));
        // Headers are short and decide everything.
        let place = if random.below(2) == 0 { place % 64 } else { place };
        match random.below(5) {
            0 => bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= 1 << random.below(8)),
            1 => bytes.get_mut(place).into_iter().for_each(|byte| *byte = random.below(256) as u8),
            2 => {
                let word = WORDS[random.below(WORDS.len())];
                let word = if random.below(2) == 0 { word.to_le_bytes() } else { word.to_be_bytes() };
                bytes.iter_mut().skip(place).zip(word).for_each(|(byte, new)| *byte = new);
            }
            3 => bytes.truncate(random.below(bytes.len().max(1))),
            _ => {
                let end = bytes.len().min(place + random.below(200));
                let piece = bytes.get(place..end).unwrap_or_default().to_vec();
                bytes.splice(place.min(bytes.len())..place.min(bytes.len()), piece);
            }
        }
    }
    bytes
}

/// A linear congruential generator: the same numbers for the same file.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(#[test] fn $name() { replay(stringify!($name)); })*

        #[test]
        fn every_target_is_replayed() {
            let replayed = [$(stringify!($name)),*];
            assert_eq!(TARGETS.map(|target| target.name).as_slice(), replayed);
        }
    };
}

replays! { mapped_codecs silk_header silk_reader silk_roundtrip silk_sets silk_site silk_selection pcap_reader pcapng_reader packet_walk packet_rows ends silk_filter flow_table open_any tshark_csv time_text where_parse report_page }
