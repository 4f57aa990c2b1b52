//! The worked examples of semantics 2.1 to 2.5, on empty files: only names matter here.

use super::*;
use crate::Class;
use crate::silk_time::{Precision, print};

/// 2009/02/14T07:31
const NOW: i64 = 1_234_596_660_000;

/// The stock "twoway" site of semantics section 0.
fn twoway() -> SiteConfig {
    let mut text = String::from("version 2\n");
    (0..15).for_each(|id| text += &format!("sensor {id} S{id}\n"));
    text += "class all\n";
    (0..15).for_each(|id| text += &format!(" sensors S{id}\n"));
    let types = [
        ("in", "in"),
        ("out", "out"),
        ("inweb", "iw"),
        ("outweb", "ow"),
        ("innull", "innull"),
        ("outnull", "outnull"),
        ("int2int", "int2int"),
        ("ext2ext", "ext2ext"),
        ("inicmp", "inicmp"),
        ("outicmp", "outicmp"),
        ("other", "other"),
    ];
    for (id, (name, flowtype)) in types.iter().enumerate() {
        text += &format!(" type {id} {name} {flowtype}\n");
    }
    text += " default-types in inweb inicmp\nend class\ndefault-class all\n";
    SiteConfig::parse(text.as_bytes()).unwrap()
}

/// The packed repository of semantics 2.1: file, and the records in it.
const PACKED: [(&str, &[u8]); 11] = [
    ("inweb/2009/02/12/iw-S0_20090212.23", &[1]),
    ("inweb/2009/02/13/iw-S0_20090213.00", &[2]),
    ("outweb/2009/02/13/ow-S0_20090213.00", &[3]),
    ("in/2009/02/13/in-S1_20090213.00", &[4, 5]),
    ("inicmp/2009/02/13/inicmp-S1_20090213.01", &[6]),
    ("outicmp/2009/02/13/outicmp-S1_20090213.01", &[7]),
    ("in/2009/02/13/in-S2_20090213.05", &[8]),
    ("in/2009/02/13/in-S2_20090213.06", &[9]),
    ("in/2009/02/13/in-S2_20090213.07", &[10]),
    ("in/2009/02/14/in-S14_20090214.23", &[11]),
    ("in/2009/02/15/in-S14_20090215.00", &[12]),
];

/// A data root with these empty files.
fn root<'a>(files: impl IntoIterator<Item = &'a str>) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        let path = root.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    root
}

/// `--name=value …` as a selector.
fn selector(switches: &str) -> Selector {
    let mut selector = Selector::new(NOW);
    for switch in switches.split_whitespace() {
        let (name, value) = switch.split_once('=').unwrap();
        let text = Some(value.to_owned());
        match name {
            "--start-date" => selector.start = Some(value.parse().unwrap()),
            "--end-date" => selector.end = Some(value.parse().unwrap()),
            "--class" => selector.class = text,
            "--type" => selector.types = text,
            "--flowtypes" => selector.flowtypes = text,
            "--sensors" => selector.sensors = text,
            _ => panic!("{switch}"),
        }
    }
    selector
}

fn relative(root: &Path, file: &HourFile) -> String {
    file.path.strip_prefix(root).unwrap().to_str().unwrap().to_owned()
}

/// Answers from the disk, remembering what was asked.
#[derive(Default)]
struct Asked {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Presence for Asked {
    fn is_present(&mut self, path: &Path) -> bool {
        self.files.push(path.to_owned());
        Disk.is_present(path)
    }

    fn names(&mut self, folder: &Path) -> Option<HashSet<OsString>> {
        self.folders.push(folder.to_owned());
        Disk.names(folder)
    }
}

/// Semantics 2.3: the table of verified selections.
#[test]
fn hours_of_the_packed_repository() {
    let root = root(PACKED.map(|(path, _)| path));
    let repository = Repository::new(root.path(), Arc::new(twoway()));
    for (switches, expected) in [
        ("--start-date=2009/02/12 --end-date=2009/02/13:00", &[1u8, 2, 3, 4, 5, 6, 7, 8, 9, 10][..]),
        ("--start-date=2009/02/12:05 --end-date=2009/02/13", &[1, 2, 3, 4, 5, 6, 7, 8]),
        ("--start-date=2009/02/13:01", &[6, 7]),
        ("--start-date=1234501200 --end-date=1234504799", &[8]),
        ("--start-date=1234483200", &[2, 3, 4, 5]),
        ("--start-date=1234483200 --end-date=2009/02/13:05", &[2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("--start-date=2009/02/13 --end-date=1234504799", &[2, 3, 4, 5, 6, 7, 8]),
    ] {
        let selected = repository.select(&selector(switches).with_types("all")).unwrap();
        assert!(selected.warnings().is_empty());
        let present = selected.files().filter(|file| file.present);
        let mut records: Vec<u8> = present
            .flat_map(|file| {
                let name = relative(root.path(), &file);
                PACKED.iter().find(|(path, _)| *path == name).unwrap().1
            })
            .copied()
            .collect();
        records.sort_unstable();
        assert_eq!(records, expected, "{switches}");
        // Listing folders and asking for each file are the same.
        let one_by_one = Selected { list: false, ..selected.clone() };
        assert!(selected.files().eq(one_by_one.files()), "{switches}");
    }
}

/// Semantics 2.4: without types, outgoing data is not read; without dates, today up to now.
#[test]
fn defaults() {
    let root = root(PACKED.map(|(path, _)| path));
    let repository = Repository::new(root.path(), Arc::new(twoway()));
    let present = |selector: &Selector| {
        let selected = repository.select(selector).unwrap();
        let files = selected.files().filter(|file| file.present);
        files.map(|file| relative(root.path(), &file)).collect::<Vec<_>>()
    };
    assert_eq!(
        present(&selector("--start-date=2009/02/13")),
        [
            "in/2009/02/13/in-S1_20090213.00",
            "inweb/2009/02/13/iw-S0_20090213.00",
            "inicmp/2009/02/13/inicmp-S1_20090213.01",
            "in/2009/02/13/in-S2_20090213.05",
            "in/2009/02/13/in-S2_20090213.06",
            "in/2009/02/13/in-S2_20090213.07",
        ]
    );
    let today = Selector::new(1_234_652_459_999);
    assert_eq!(print(today.now_ms, Precision::Second, 'T'), "2009/02/14T23:00:59");
    assert_eq!(present(&today), ["in/2009/02/14/in-S14_20090214.23"]);
    assert_eq!(repository.select(&today).unwrap().candidates(), 24 * 3 * 15);
    assert!(present(&Selector { now_ms: today.now_ms - 60_000, ..today }).is_empty());
}

/// The example of semantics 2.4 with two classes.
fn two_classes() -> SiteConfig {
    let text = "sensor 0 A\nsensor 1 B\nsensor 2 C\n\
        class all\n sensors A B\n type 0 in in\n type 1 out out\n default-types in\nend class\n\
        class ext\n sensors C B\n type 2 in ein\n type 3 web eweb\n default-types in web\nend class\n\
        default-class ext\n";
    SiteConfig::parse(text.as_bytes()).unwrap()
}

#[test]
fn classes_types_and_sensors() {
    let repository = Repository::new("ROOT", Arc::new(two_classes()));
    for (switches, warnings, expected) in [
        ("--flowtypes=all/web", &[][..], &["eweb-B", "eweb-C"][..]),
        ("--flowtypes=ext/all", &[], &["ein-B", "ein-C", "eweb-B", "eweb-C"]),
        (
            "--sensors=0-1",
            &["Ignoring sensor A (ID=0) that is not used by specified flowtypes"],
            &["ein-B", "eweb-B"],
        ),
        ("--class=all --type=out,in --sensors=B,A", &[], &["out-B", "out-A", "in-B", "in-A"]),
        // With a class named `all`, `all/in` is that class only, and `all/all` every flowtype.
        ("--flowtypes=all/in", &[], &["in-A", "in-B"]),
        (
            "--flowtypes=all/all",
            &[],
            &["in-A", "in-B", "out-A", "out-B", "ein-B", "ein-C", "eweb-B", "eweb-C"],
        ),
        // Duplicates do not count, order is the user's.
        ("--flowtypes=ext/web,ext/in,ext/web,ext/all --sensors=B,1,B", &[], &["eweb-B", "ein-B"]),
        ("--type=web,all,in", &[], &["eweb-B", "eweb-C", "ein-B", "ein-C"]),
        ("--class=all", &[], &["in-A", "in-B"]),
    ] {
        let selected = repository.select(&selector(switches).with_start("2009/02/13:05".parse().unwrap()));
        let selected = selected.unwrap();
        assert_eq!(selected.warnings(), warnings, "{switches}");
        let names: Vec<String> = selected
            .files()
            .map(|file| {
                let path = file.path.to_str().unwrap();
                assert!(path.ends_with("_20090213.05") && path.contains("/2009/02/13/"), "{path}");
                path.rsplit('/').next().unwrap().replace("_20090213.05", "")
            })
            .collect();
        assert_eq!(names, expected, "{switches}");
        assert_eq!(selected.candidates(), expected.len() as u64);
    }
}

#[test]
fn messages() {
    let repository = Repository::new("ROOT", Arc::new(two_classes()));
    for (switches, message) in [
        (
            "--class=all --type=foo",
            "Invalid type 'foo': The type name 'foo' is not recognized in the specified class(es)",
        ),
        (
            "--class=all --type=in,foo",
            "Invalid type 'in,foo': The type name 'foo' is not recognized in the specified class(es)",
        ),
        (
            "--flowtypes=ext/out",
            "Invalid flowtypes 'ext/out': The type name 'out' is not recognized in the specified class(es)",
        ),
        ("--flowtypes=foo/in", "Invalid flowtypes 'foo/in': Cannot find class 'foo'"),
        ("--flowtypes=in", "Invalid flowtypes 'in': 'in' is not of the form CLASS/TYPE"),
        ("--class=foo", "Invalid class 'foo': Cannot find class 'foo'"),
        // Names are case-sensitive, and a class is one name.
        ("--class=ALL", "Invalid class 'ALL': Cannot find class 'ALL'"),
        ("--class=all,ext", "Invalid class 'all,ext': Cannot find class 'all,ext'"),
        ("--sensors=S99", "Invalid sensors 'S99': The sensor name 'S99' is not recognized"),
        ("--sensors=A,7", "Invalid sensors 'A,7': The sensor ID '7' is not recognized"),
        ("--sensors=1-7", "Invalid sensors '1-7': The sensor ID '7' is not recognized"),
        ("--sensors=1-", "Invalid sensors '1-': The sensor ID '' is not recognized"),
        ("--sensors=2-1", "Invalid sensors '2-1': The range '2-1' ends before it begins"),
        ("--sensors=,", "Invalid sensors ',': The list is empty"),
        ("--flowtypes=all/in --class=all", "Cannot use --flowtypes together with --class or --type"),
        ("--class=all --type=in --sensors=C", "No corresponding sensors given for class/type pair 'all/in'"),
        (
            "--flowtypes=ext/in,all/in --sensors=C",
            "No corresponding sensors given for class/type pair 'all/in'",
        ),
        ("--end-date=2009/02/13", "Cannot use --end-date without --start-date"),
        (
            "--start-date=2009/02/13 --end-date=2009/02/12",
            "end-date of 2009/02/12 is earlier than start-date of 2009/02/13",
        ),
    ] {
        let error = repository.select(&selector(switches)).unwrap_err();
        assert_eq!((error.class(), &*error.to_string()), (Class::Usage, message), "{switches}");
    }
    let bare = Repository::new("ROOT", Arc::new(SiteConfig::default()));
    assert!(bare.select(&Selector::new(NOW)).unwrap_err().to_string().contains("no default class"));
}

/// Semantics 2.1: the plain path first, then the one with `.gz`; a regular file or a FIFO, links followed.
#[cfg(unix)]
#[test]
fn presence() {
    let name = |hour: usize| format!("in/2009/02/13/in-S0_20090213.{hour:02}");
    let root = root([&*name(0), &format!("{}.gz", name(0)), &format!("{}.gz", name(1))]);
    let at = |name: &str| root.path().join(name);
    std::fs::create_dir(at(&name(2))).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(at(&name(3))).status().unwrap();
    assert!(fifo.success());
    std::os::unix::fs::symlink(at(&name(0)), at(&name(4))).unwrap();
    std::os::unix::fs::symlink(at("nowhere"), at(&name(5))).unwrap();
    std::os::unix::fs::symlink("/dev/null", at(&name(6))).unwrap();
    let repository = Repository::new(root.path(), Arc::new(twoway()));
    for sensors in [Some("S0".to_owned()), None] {
        let selector = Selector { sensors, ..selector("--type=in --start-date=2009/02/13") };
        let selected = repository.select(&selector).unwrap();
        let files: Vec<_> = selected.files().filter(|file| file.sensor == 0).collect();
        let found: Vec<_> = files.iter().map(|file| (relative(root.path(), file), file.present)).collect();
        let mut expected: Vec<_> = (0..24).map(|hour| (name(hour), matches!(hour, 0 | 3 | 4))).collect();
        expected[1] = (format!("{}.gz", name(1)), true);
        assert_eq!(found, expected);
    }
}

/// The string join is literal.
#[test]
fn a_root_that_ends_in_a_slash_shows() {
    let repository = Repository::new("repo/", Arc::new(twoway()));
    let selected = repository.select(&selector("--type=in --start-date=2009/02/13:05")).unwrap();
    let first = selected.files().next().unwrap();
    assert_eq!(first.path.as_os_str(), "repo//in/2009/02/13/in-S0_20090213.05");
}

#[test]
fn only_what_the_dates_allow_is_looked_at() {
    let root = root(PACKED.map(|(path, _)| path));
    let repository = Repository::new(root.path(), Arc::new(twoway()));
    let look = |selector: Selector| {
        let mut asked = Asked::default();
        let selected = repository.select(&selector.with_types("all")).unwrap();
        let present = selected.files_with(&mut asked).filter(|file| file.present).count();
        (asked, selected.candidates() as usize, present)
    };
    // Hours one by one: a look for each file, two for each that is missing.
    let (asked, candidates, present) = look(selector("--start-date=2009/02/13:00"));
    assert_eq!((candidates, present), (165, 3));
    assert_eq!((asked.files.len(), asked.folders.len()), (2 * 165 - 3, 0));
    // Whole days: a look for each folder and for each file that is there.
    let (asked, candidates, present) = look(selector("--start-date=2009/02/12 --end-date=2009/02/13"));
    assert_eq!((candidates, present), (48 * 165, 9));
    assert_eq!((asked.files.len(), asked.folders.len()), (9, 2 * 11));
    assert!(
        asked.folders.iter().all(|folder| folder.ends_with("2009/02/12") || folder.ends_with("2009/02/13"))
    );
    // Of one sensor, only its files.
    let (asked, candidates, present) = look(selector("--start-date=2009/02/13 --sensors=S2"));
    assert_eq!((candidates, present), (24 * 11, 3));
    assert_eq!((asked.files.len(), asked.folders.len()), (2 * 24 * 11 - 3, 0));
    // A month costs what its folders cost.
    let start = "2020/01/01".parse().unwrap();
    let (asked, _, present) =
        look(Selector::new(NOW).with_start(start).with_end("2020/01/31".parse().unwrap()));
    assert_eq!((present, asked.files.len(), asked.folders.len()), (0, 0, 31 * 11));
}

/// A flat repository is never listed.
#[test]
fn folders_of_more_than_a_day_are_not_listed() {
    let text = "sensor 0 A\nclass all\n sensors A\n type 0 in in\n default-types in\nend class\n\
        default-class all\npath-format \"%x\"\n";
    let root = root(["in-A_20090213.05"]);
    let repository = Repository::new(root.path(), Arc::new(SiteConfig::parse(text.as_bytes()).unwrap()));
    let mut asked = Asked::default();
    let selected = repository.select(&selector("--start-date=2009/02/13")).unwrap();
    let present: Vec<_> = selected.files_with(&mut asked).filter(|file| file.present).collect();
    assert_eq!(present.len(), 1);
    assert_eq!((asked.files.len(), asked.folders.len()), (47, 0));
}

/// A folder that cannot be listed is asked file by file.
#[test]
fn what_cannot_be_told_counts_as_present() {
    struct Closed;
    impl Presence for Closed {
        fn is_present(&mut self, path: &Path) -> bool {
            path.to_str().is_some_and(|path| path.ends_with(".07.gz"))
        }
        fn names(&mut self, _: &Path) -> Option<HashSet<OsString>> {
            None
        }
    }
    let repository = Repository::new("ROOT", Arc::new(twoway()));
    let selected = repository.select(&selector("--start-date=2009/02/13")).unwrap();
    assert_eq!(selected.files_with(Closed).filter(|file| file.present).count(), 3 * 15);
}

/// Every file's name says what the file is (semantics 2.1).
#[test]
fn names_are_read_back() {
    let site = twoway();
    let repository = Repository::new("ROOT", Arc::new(site.clone()));
    let selected = repository.select(&selector("--type=all --start-date=2009/02/12 --end-date=2009/02/13"));
    for file in selected.unwrap().files_with(Asked::default()) {
        let name = FileName::parse(file.path.to_str().unwrap(), &site).unwrap();
        let expected = (file.flowtype, Some(file.sensor), Some(file.hour_ms));
        assert_eq!((name.flowtype, name.sensor, name.hour_ms), expected);
    }
}

/// Semantics 2.5: on files named by the user the switches filter records. Flowtype and sensor of the records 1 to 12.
#[test]
fn switches_as_filters_of_records() {
    let records: [(u8, u16); 12] =
        [(2, 0), (2, 0), (3, 0), (0, 1), (0, 1), (8, 1), (9, 1), (0, 2), (0, 2), (0, 2), (0, 14), (0, 14)];
    let site = twoway();
    for (switches, expected) in [
        ("--class=all", &[1, 2, 4, 5, 6, 8, 9, 10, 11, 12][..]),
        ("--class=all --type=all", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ("--type=in,inweb", &[1, 2, 4, 5, 8, 9, 10, 11, 12]),
        ("--sensors=1-2", &[4, 5, 6, 7, 8, 9, 10]),
        ("--flowtypes=all/in", &[4, 5, 8, 9, 10, 11, 12]),
        ("", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ] {
        let filter = selector(switches).record_filter(&site).unwrap();
        let numbered = (1..).zip(records);
        let passed: Vec<i32> = numbered
            .filter(|(_, (flowtype, sensor))| filter.passes(*flowtype, *sensor))
            .map(|(number, _)| number)
            .collect();
        assert_eq!(passed, expected, "{switches}");
    }
}
