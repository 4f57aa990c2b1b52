use std::collections::HashMap;
use std::io;

use super::super::{SiteConfig, SiteProblem};

/// Semantics 1.3.
const WORKED: &str = r##"# leading comment
version 2
sensor 0 S0    "Description for #sensor \"S0\""
sensor 1 S1
sensor 10 Alpha-1   # trailing comment
sensor 3 "B.eta"
group g1
    sensors S0 S1
end group
group g2
  sensors @g1 Alpha-1
end   group
class all
    sensors @g2
    type  0 in      in
    type  1 out
end class
class all
    sensors B.eta
    type 2 inweb iw
    default-types in inweb
end class
class other
  type 7 in
  sensors S1
  default-types in
end class
default-class other
default-class all
path-format "%C/%T/%Y/%m/%d/%x"
packing-logic "packlogic-twoway.so"
"##;

fn parse(text: &str) -> SiteConfig {
    SiteConfig::parse(text.as_bytes()).unwrap()
}

fn problems(text: &str) -> Vec<SiteProblem> {
    SiteConfig::parse(text.as_bytes()).unwrap_err().problems().to_vec()
}

/// `(line, message)` of each problem.
fn messages(text: &str) -> Vec<(u64, String)> {
    problems(text).into_iter().map(|p| (p.line.unwrap_or(0), p.message)).collect()
}

#[test]
fn worked_example() {
    let site = parse(WORKED);
    let types: Vec<_> = site.flowtypes().map(|t| (t.id, t.flowtype, t.class, t.name)).collect();
    assert_eq!(
        types,
        [
            (0, "in", "all", "in"),
            (1, "allout", "all", "out"),
            (2, "iw", "all", "inweb"),
            (7, "otherin", "other", "in"),
        ]
    );
    assert_eq!(site.default_class().unwrap().name, "all");
    assert_eq!(site.class("all").unwrap().default_types, [0, 2]);
    assert_eq!(site.class("other").unwrap().default_types, [7]);
    let sensors: Vec<_> =
        site.sensors().map(|s| (s.name.as_str(), s.id, s.description.as_deref().unwrap_or(""))).collect();
    assert_eq!(
        sensors,
        [("S0", 0, "Description for #sensor \"S0\""), ("S1", 1, ""), ("B.eta", 3, ""), ("Alpha-1", 10, ""),]
    );
    assert_eq!(site.class("all").unwrap().sensors, [0, 1, 10, 3]);
    assert_eq!(site.class("other").unwrap().sensors, [1]);
    assert_eq!(site.classes().iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["all", "other"]);
    assert_eq!(site.path_format(), "%C/%T/%Y/%m/%d/%x");
    assert_eq!(site.packing_logic(), Some("packlogic-twoway.so"));
    assert_eq!(site.class_type(2), Some(("all", "inweb")));
    assert_eq!(site.class_type(3), None);
    assert_eq!(site.flowtype_by_name("otherin"), Some(7));
    assert_eq!(site.flowtype_by_class_type("other", "in"), Some(7));
    assert_eq!(site.flowtype_by_class_type("other", "out"), None);
    assert_eq!(site.sensor_by_name("Alpha-1"), Some(10));
    assert_eq!(site.sensor_name(65535), None);
}

/// The table of errors in semantics 1.3, with the line.
#[test]
fn messages_of_the_table() {
    let in_class = |commands: &str| format!("class all\n{commands}\nend class\n");
    let table: [(String, u64, &str); 13] = [
        ("!foo bar\n".into(), 1, "Unrecognizable command"),
        ("foo bar\n".into(), 1, "Unknown command 'foo'"),
        ("\nsensor 1 S1,x\n".into(), 2, "Bad arguments to command 'sensor'"),
        ("sensor -1 S9\n".into(), 1, "Bad arguments to command 'sensor'"),
        ("version 3\n".into(), 1, "Unsupported version '3'"),
        ("version 1\nversion 2\n".into(), 2, "Multiple version commands specified"),
        (in_class("type 0 in in\ntype 1 out in"), 3, "A type with prefix 'in' already exists"),
        (in_class("type 0 in\nsensors @g"), 3, "Cannot add group to class 'all': group '@g' is not defined"),
        (
            in_class("type 0 in\nsensors S9"),
            3,
            "Cannot add sensor to class 'all': sensor 'S9' is not defined",
        ),
        (
            in_class("default-types in\ntype 0 in"),
            2,
            "Cannot set default type in class 'all': type 'in' is not defined",
        ),
        ("default-class all\n".into(), 1, "Cannot set default class: class 'all' is not defined"),
        (in_class("type 0 in") + "default-class all\n", 4, "Failed to set default class"),
        ("path-format \"%T/%x.gz\"\n".into(), 1, "The path-format '%T/%x.gz' does not end with '/%x'"),
    ];
    for (text, line, message) in table {
        assert_eq!(messages(&text), [(line, message.to_owned())], "{text}");
    }
    let problems = problems("class all\nend class\n");
    assert_eq!(problems[0].line, None);
    assert_eq!(problems[0].message, "Site configuration error: class 'all' contains no types");
}

#[test]
fn includes() {
    let mut files = HashMap::from([
        ("sensors.conf", "sensor 1 S1\nsensor 2 S2\n"),
        ("self.conf", "include \"self.conf\"\n"),
        ("twice.conf", "include \"twice.conf\"\ninclude \"twice.conf\"\n"),
        ("bad.conf", "sensor 1 S1\nfoo\n"),
    ]);
    files.insert("nested.conf", "include \"sensors.conf\"\n");
    let mut load = |path: &str| -> io::Result<Vec<u8>> {
        files.get(path).map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    let mut parse = |text: &str| SiteConfig::parse_with("top.conf", text.as_bytes(), &mut load);

    let site = parse("include \"nested.conf\"\nclass all\ntype 0 in\nsensors S1 S2\nend class\n").unwrap();
    assert_eq!(site.class("all").unwrap().sensors, [1, 2]);

    let missing = parse("include \"inc_a.conf\"\n").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "top.conf:1: Cannot include 'inc_a.conf': File does not exist or is not a regular file"
    );
    let looped = parse("include \"self.conf\"\n").unwrap_err();
    assert_eq!(looped.problems().len(), 1);
    assert!(looped.to_string().ends_with("includes nested too deeply"), "{looped}");
    assert!(parse("include \"twice.conf\"\n").unwrap_err().problems().len() <= 1000);
    assert_eq!(parse("include \"bad.conf\"\n").unwrap_err().to_string(), "bad.conf:2: Unknown command 'foo'");
    assert!(parse("class all\ninclude \"sensors.conf\"\ntype 0 in\nend class\n").is_err());
}

#[test]
fn parsing_goes_on_but_not_after_an_unsupported_version() {
    let text = "foo\nsensor 1 S1\nsensor 1 S2\nsensors S1\nclass all\nsensor 2 S2\ntype 0 in\nend group\nend class\n";
    let lines: Vec<_> = messages(text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [1, 3, 4, 6, 8]);
    assert_eq!(messages(text)[3].1, "Command 'sensor' not allowed in class");
    assert_eq!(messages("foo\nversion 3\nbar\n").len(), 2);
}

#[test]
fn limits_and_names() {
    assert_eq!(parse("sensor 007 S7\nsensor 65534 Z\n").sensor_name(7), Some("S7"));
    assert!(SiteConfig::parse(b"sensor 65535 S\n").is_err());
    assert!(SiteConfig::parse(b"sensor 99999999999 S\n").is_err());
    assert!(SiteConfig::parse(b"sensor \"1\" S\n").is_err());
    assert!(SiteConfig::parse(b"version \"1\"\n").is_err());
    for name in ["a_b", "1a", "a/b", "\"a b\"", "\"\"", "\"a'b\"", "\"a\\001\""] {
        assert!(SiteConfig::parse(format!("sensor 1 {name}\n").as_bytes()).is_err(), "{name}");
    }
    let letters = |n: usize| "x".repeat(n);
    assert!(SiteConfig::parse(format!("sensor 1 {}\n", letters(64)).as_bytes()).is_ok());
    assert!(SiteConfig::parse(format!("sensor 1 {}\n", letters(65)).as_bytes()).is_err());
    assert!(SiteConfig::parse(b"version 1\nsensor 1 S1 \"d\"\n").is_err());
    assert!(SiteConfig::parse(b"sensor 1 S1 d\n").is_err());
    assert!(SiteConfig::parse(b"class all\ntype 255 in\nend class\n").is_err());

    let default_name = |class: usize, kind: usize| {
        let text = format!("class {}\ntype 1 {}\nend class\n", letters(class), letters(kind));
        SiteConfig::parse(text.as_bytes()).map(|site| site.flowtype(1).unwrap().flowtype.len())
    };
    assert_eq!(default_name(20, 11), Ok(31));
    assert_eq!(default_name(20, 12), Ok(31));
    assert!(default_name(20, 13).is_err());

    let classes = |n: usize| -> String {
        (0..n).map(|i| format!("class c{i}\ntype {i} t\nend class\n")).collect::<String>()
    };
    assert!(SiteConfig::parse(classes(32).as_bytes()).is_ok());
    // The type of the refused class is not added, and causes no further message.
    assert_eq!(messages(&classes(33)).len(), 1);
    let groups = |n: usize| (0..n).map(|i| format!("group g{i}\nend group\n")).collect::<String>();
    assert!(SiteConfig::parse(groups(255).as_bytes()).is_ok());
    assert!(SiteConfig::parse(groups(256).as_bytes()).is_err());
}

#[test]
fn path_formats() {
    for good in ["%x", "%T/%x", "%Y-%m/%d-%N/%C/%T/%f.%n/%H/%F/%%/%x"] {
        assert_eq!(parse(&format!("path-format \"{good}\"\n")).path_format(), good);
    }
    for bad in ["x", "%T/%x/", "%T%x", "%Q/%x", "%", ""] {
        assert!(SiteConfig::parse(format!("path-format \"{bad}\"\n").as_bytes()).is_err(), "{bad}");
    }
    assert!(SiteConfig::parse(b"path-format %T/%x\n").is_err());
    assert_eq!(SiteConfig::default().path_format(), "%T/%Y/%m/%d/%x");
}

#[test]
fn groups_are_copied_at_that_moment() {
    let text = "sensor 1 S1\nsensor 2 S2\ngroup g\nsensors S1\nend group\nclass all\nsensors @g S1\ntype 0 in\n\
                end class\ngroup g\nsensors S2\nend group\n";
    assert_eq!(parse(text).class("all").unwrap().sensors, [1]);
}

#[test]
fn repeats_are_added_once_and_cost_little() {
    let sensors: String = (0..65_535).map(|id| format!("sensor {id} S{id}\n")).collect();
    let names: String = (0..65_535).map(|id| format!(" S{id}")).collect();
    let often = " @g".repeat(100_000);
    let site = parse(&format!(
        "{sensors}group g\n sensors{names} S7\nend group\nclass all\n sensors S9{often}\n type 0 in\nend class\n"
    ));
    let found = &site.classes()[0].sensors;
    assert_eq!((found.len(), &found[..3], found.last()), (65_535, &[9, 0, 1][..], Some(&65_534)));
}

#[test]
fn lenient_ends() {
    // No newline: the last line is lost. An open block is accepted, and so is an empty file.
    assert_eq!(parse("sensor 1 S1\nsensor 2 S2").sensors().count(), 1);
    assert_eq!(parse("class all\r\ntype 0 in\r\n").classes().len(), 1);
    assert_eq!(parse(""), SiteConfig::default());
    assert!(SiteConfig::parse(b"sensor 1 S1\nfoo").is_ok());
}

/// The site of the workspace's test data; not there in the published crate.
#[test]
fn site_of_the_test_data() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/silk/silk.conf");
    let Ok(bytes) = std::fs::read(path) else { return };
    let site = SiteConfig::parse(&bytes).unwrap();
    assert!(site.sensors().map(|s| (s.id, s.name.clone())).eq((0..15).map(|id| (id, format!("S{id}")))));
    let names: Vec<_> = site.flowtypes().map(|t| (t.id, t.class, t.name, t.flowtype)).collect();
    assert_eq!(names.len(), 11);
    assert_eq!((names[2], names[10]), ((2, "all", "inweb", "iw"), (10, "all", "other", "other")));
    let all = site.default_class().unwrap();
    assert_eq!((all.sensors.len(), all.default_types.as_slice()), (15, &[0, 2, 8][..]));
    assert_eq!(site.path_format(), "%T/%Y/%m/%d/%x");
}

mod hostile {
    use super::SiteConfig;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = SiteConfig::parse(&bytes);
        }

        #[test]
        fn any_words_end(text in "((version|sensor|class|type|end|group|sensors|[0-9]{1,6}|[a-z@\"\\\\]{1,4})[ \n]){0,80}") {
            let _ = SiteConfig::parse(text.as_bytes());
        }
    }
}
