//! `rwcut` against the text that SiLK 3.19.1 printed for the same files, mapped and read.

#![expect(clippy::unwrap_used, reason = "a test that fails is meant to stop")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use flowloom::rwcut::{Setup, run_with};
use mapped_input::Opened;
use sha2::{Digest, Sha256};

/// The switches behind every answer.
const SWITCHES: [&str; 6] = [
    "--all-fields",
    "--no-titles",
    "--delimited=|",
    "--timestamp-format=epoch",
    "--integer-sensors",
    "--ip-format=canonical",
];

/// `testdata/silk` of the project, and the larger collection beside the project where there is one.
fn roots() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    [here.join("testdata/silk"), here.join("../shared/testdata/silk")]
        .into_iter()
        .filter(|p| p.is_dir())
        .collect()
}

/// The files below a folder, by their path in it, each once; the project's own go first.
fn files(folder: &str) -> BTreeMap<PathBuf, PathBuf> {
    fn walk(root: &Path, dir: &Path, files: &mut BTreeMap<PathBuf, PathBuf>) {
        for entry in std::fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                files.entry(path.strip_prefix(root).unwrap().to_owned()).or_insert(path);
            }
        }
    }
    let mut found = BTreeMap::new();
    for root in roots() {
        walk(&root.join(folder), &root.join(folder), &mut found);
    }
    found
}

fn site() -> PathBuf {
    roots()[0].join("silk.conf")
}

fn content(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut text).unwrap();
    text
}

/// What the tool does with one file: exit status and text.
fn cut(path: &Path, repair: bool, map: bool) -> (u8, Vec<u8>) {
    let mut arguments: Vec<OsString> = SWITCHES.iter().map(OsString::from).collect();
    arguments.push("--site-config-file".into());
    arguments.push(site().into());
    arguments.push(path.into());
    let mut setup = Setup::default().with_map(map);
    if !repair {
        setup = setup.with_variable("SILK_ICMP_SPORT_HANDLER", "NONE");
    }
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let run = run_with(&arguments, &setup, &mut out, &mut err);
    let expected = if map { Opened::Mapped } else { Opened::Read };
    assert!(run.opened.iter().all(|&opened| opened == expected), "{}: {:?}", path.display(), run.opened);
    assert_eq!(run.status == 0, err.is_empty(), "{}: {}", path.display(), String::from_utf8_lossy(&err));
    (run.status, out)
}

/// Runs `check` for every item on all cores, and fails with all messages.
fn for_all<T: Sync>(items: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(0);
    let messages = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(message) = check(item) {
                        messages.lock().unwrap().push(message);
                    }
                }
            });
        }
    });
    let messages = messages.into_inner().unwrap();
    assert!(messages.is_empty(), "{} of {} differ:\n{}", messages.len(), items.len(), messages.join("\n"));
}

/// The first line that differs.
fn compare(path: &Path, found: &[u8], expected: &[u8]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (String::from_utf8_lossy(found), String::from_utf8_lossy(expected));
    let lines = |text: &str| text.lines().count();
    let at = found.lines().zip(expected.lines()).position(|(a, b)| a != b);
    let line = |text: &str| at.and_then(|at| text.lines().nth(at)).unwrap_or("-").to_owned();
    Err(format!(
        "{}: {} lines, expected {}; line {:?}\n  found    {}\n  expected {}",
        path.display(),
        lines(&found),
        lines(&expected),
        at.map(|at| at + 1),
        line(&found),
        line(&expected)
    ))
}

/// A file, its answer, and whether the ICMP repair is on.
type Case = (PathBuf, PathBuf, bool);

fn check_cases(cases: &[Case]) {
    let both: Vec<_> = cases.iter().flat_map(|case| [(case, true), (case, false)]).collect();
    for_all(&both, |((data, answer, repair), map)| {
        let (status, text) = cut(data, *repair, *map);
        compare(data, &text, &content(answer))?;
        if status == 0 { Ok(()) } else { Err(format!("{}: exit {status}", data.display())) }
    });
}

/// `FT_NAME-vV-cC-B.dat` and its answer `FT_NAME-vV.rwcut[.gz]`, shared by all compressions and orders.
fn shared_answers(folder: &str, answers: &[(&str, bool)]) -> Vec<Case> {
    let files = files(folder);
    let mut cases = Vec::new();
    for (name, path) in &files {
        let name = name.to_str().unwrap();
        let Some((pair, _)) = name.strip_suffix(".dat").and_then(|name| name.rsplit_once("-c")) else {
            continue;
        };
        for (suffix, repair) in answers {
            if let Some(answer) = files.get(Path::new(&format!("{pair}{suffix}"))) {
                cases.push((path.clone(), answer.clone(), *repair));
            }
        }
    }
    cases
}

/// Every file that has its own `NAME.rwcut.gz`.
fn own_answers(folder: &str) -> Vec<Case> {
    let files = files(folder);
    let answer = |name: &Path| files.get(Path::new(&format!("{}.rwcut.gz", name.display())));
    files.iter().filter_map(|(name, path)| Some((path.clone(), answer(name)?.clone(), true))).collect()
}

#[test]
fn matrix() {
    let cases = shared_answers("matrix", &[(".rwcut", true)]);
    assert_eq!(cases.len(), 488);
    check_cases(&cases);
}

#[test]
fn set_a_with_and_without_the_icmp_repair() {
    let cases = shared_answers("set-a", &[(".rwcut.gz", true), (".icmpnone.rwcut.gz", false)]);
    assert!(cases.iter().any(|case| case.2) && cases.iter().any(|case| !case.2));
    check_cases(&cases);
}

#[test]
fn random_records() {
    let cases = own_answers("fuzz");
    assert!(!cases.is_empty());
    check_cases(&cases);
}

#[test]
fn legacy_headers_and_file_names() {
    let cases = own_answers("legacy");
    assert!(!cases.is_empty());
    check_cases(&cases);
}

#[test]
fn damaged_files() {
    // Decided differences (testdata/README.md): refused by us, and read by us.
    const REFUSED: [&str; 2] = ["25-fv17", "26-fv255"];
    const READ: [&str; 3] = ["71-nogzname", "74-x.gzip", "79-x.gzz.gz"];
    let root = roots().into_iter().find(|root| root.join("damaged.tsv").is_file()).unwrap();
    let table = std::fs::read_to_string(root.join("damaged.tsv")).unwrap();
    let rows: Vec<_> = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()).collect();
    let both: Vec<_> = rows.iter().flat_map(|row| [(row, true), (row, false)]).collect();
    assert_eq!(rows.len(), 90);
    for_all(&both, |(row, map)| {
        let (name, exit) = (row[0], row[1].parse::<u8>().unwrap());
        let path = root.join("damaged").join(name);
        let (status, text) = cut(&path, true, *map);
        if READ.contains(&name) {
            let lines = text.iter().filter(|&&byte| byte == b'\n').count();
            return if status == 0 && lines == 10 {
                Ok(())
            } else {
                Err(format!("{name}: {status}, {lines} rows"))
            };
        }
        let (expected_status, expected) = match name {
            name if REFUSED.contains(&name) => (1, Vec::new()),
            // The reference crashed.
            _ if exit > 100 => (1, Vec::new()),
            _ => (exit, content(&root.join("damaged-expected").join(format!("{name}.gz")))),
        };
        compare(&path, &text, &expected)?;
        if status == expected_status {
            Ok(())
        } else {
            Err(format!("{name}: exit {status}, expected {exit}"))
        }
    });
}

/// Six files of real traffic, which only stand beside the project.
#[test]
fn real_traffic() {
    let Some(root) = roots().into_iter().find(|root| root.join("real/expected.tsv").is_file()) else {
        return;
    };
    let table = std::fs::read_to_string(root.join("real/expected.tsv")).unwrap();
    let rows = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let cases: Vec<_> = rows.flat_map(|row| [true, false].map(|map| (row.clone(), map))).collect();
    for_all(&cases, |(row, map)| {
        let path = root.join("real").join(row[0]);
        let (status, text) = cut(&path, true, *map);
        let lines: Vec<_> = text.split_inclusive(|&byte| byte == b'\n').collect();
        let ends = content(&path.with_extension("rwcut-head100-tail100.gz"));
        compare(&path, &[lines[..100].concat(), lines[lines.len() - 100..].concat()].concat(), &ends)?;
        let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        match (status, lines.len().to_string() == row[1], digest == row[2]) {
            (0, true, true) => Ok(()),
            facts => Err(format!("{}: {facts:?}", row[0])),
        }
    });
}

/// What `rwfilter` wrote for the articles' query.
#[test]
fn query() {
    let files = files("query");
    let file = |name: &str| files[Path::new(name)].clone();
    check_cases(&[(file("query.rwf"), file("query.rwcut"), true)]);
}
