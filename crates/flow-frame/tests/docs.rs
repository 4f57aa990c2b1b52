//! Generated pages of the top-level `docs/`: they must be what the tables say. `FLOWLOOM_BLESS=1` rewrites them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use flow_frame::{schema, silk_format};

fn check(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    if std::env::var_os("FLOWLOOM_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "docs/{page} is stale: FLOWLOOM_BLESS=1 cargo test -p flow-frame rewrites it");
}

#[test]
fn schema_page() {
    check("schema.md", &schema::to_markdown());
}

#[test]
fn conformance_page() {
    check("conformance.md", &conformance());
}

const COMPRESSIONS: [(&str, &str); 4] = [("c0", "none"), ("c1", "zlib"), ("c2", "lzo1x"), ("c3", "snappy")];
const ORDERS: [(&str, &str); 2] = [("L", "little"), ("B", "big")];

/// The files that stand for one (format, version) pair.
struct Golden {
    /// (compression, order) of the files of the chosen records.
    matrix: BTreeSet<(String, String)>,
    answered: bool,
    corners: usize,
    random: usize,
}

fn conformance() -> String {
    let mut page = String::from(
        "# Conformance: which SiLK layouts are checked by what\n\n\
         Generated from the table of layouts in `silk-format` and the files in `testdata/silk`; do not edit.\n\
         `FLOWLOOM_BLESS=1 cargo test -p flow-frame` rewrites it.\n\n\
         A cell names the byte orders (L little, B big) for which a file of 151 chosen records stands in `matrix/`; its \
         rows are compared with the text that SiLK 3.19.1's `rwcut` printed for that file. *Corner cases*: files of \
         1,644 records with every corner case (`set-a/`). *Random*: files of random bytes as records (`fuzz/`). *Written*: \
         how many of the pair's files in `matrix/` the writer makes from the same records, those of FT_RWIPV6ROUTING \
         version 1: header and records byte for byte, compressed ones after inflating and with the same cuts between \
         blocks. All of them are also decoded by a second, slow decoder written from the specification's prose, and read whole, in \
         pieces, and mapped.\n\n\
         | format | version | layout | bytes |",
    );
    for (_, name) in COMPRESSIONS {
        let _ = write!(page, " {name} |");
    }
    page.push_str(" corner cases | random | written |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
    let golden = golden();
    let source = common::testdata("matrix/FT_RWIPV6ROUTING-v1-c0-L.dat").exists();
    let mut cells = 0;
    for format in silk_format::formats() {
        let name = format.id.name().unwrap_or("?");
        let key = (name.to_owned(), format.version);
        let found = golden.get(&key);
        let _ = write!(page, "| {name} | {} | {} | {} |", format.version, format.layout, format.record_len);
        for (compression, _) in COMPRESSIONS {
            let orders = ORDERS.iter().filter(|(order, _)| {
                let file = (compression.to_owned(), (*order).to_owned());
                found.is_some_and(|golden| golden.answered && golden.matrix.contains(&file))
            });
            let orders: Vec<&str> = orders.map(|(order, _)| *order).collect();
            cells += orders.len();
            let _ = write!(page, " {} |", if orders.is_empty() { "–".to_owned() } else { orders.join(" ") });
        }
        let count = |n: usize| if n == 0 { "–".to_owned() } else { n.to_string() };
        let (corners, random) = found.map_or((0, 0), |golden| (golden.corners, golden.random));
        let written = found.filter(|_| source).map_or(0, |golden| golden.matrix.len());
        let _ = writeln!(page, " {} | {} | {} |", count(corners), count(random), count(written));
    }
    let pairs = silk_format::formats().count();
    let _ = write!(
        page,
        "\n{cells} of {} combinations of {pairs} layouts, two orders and four compressions have a file of their own.\n\n\
         | also | files | checked by |\n|---|---|---|\n",
        pairs * COMPRESSIONS.len() * ORDERS.len()
    );
    for (folder, what) in [
        ("legacy", "headers of versions 0 to 15: text of `rwcut`"),
        ("damaged", "rows before the damage, and the kind of the error"),
        ("query", "sums, windows and series that pandas and scipy computed"),
    ] {
        let _ = writeln!(page, "| `{folder}/` | {} | {what} |", inputs(folder).len());
    }
    page
}

/// Names of the files of a folder that are inputs, not answers.
fn inputs(folder: &str) -> Vec<String> {
    const ANSWERS: [&str; 7] = ["rwcut", "rwcut.gz", "json", "csv", "txt", "jsonl.gz", "md"];
    let mut names = Vec::new();
    let mut folders = vec![common::testdata(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !ANSWERS.iter().any(|answer| name.ends_with(&format!(".{answer}"))) {
                names.push(name);
            }
        }
    }
    names.sort();
    names
}

fn golden() -> BTreeMap<(String, u8), Golden> {
    let mut golden = BTreeMap::new();
    for format in silk_format::formats() {
        let name = format.id.name().unwrap_or("?").to_owned();
        let pair = format!("{name}-v{}", format.version);
        let of_pair = |folder: &str| -> Vec<String> {
            let belongs =
                |file: &String| file.split_once(&pair).is_some_and(|(_, rest)| rest.starts_with(['-', '.']));
            inputs(folder).into_iter().filter(belongs).collect()
        };
        let matrix = of_pair("matrix").into_iter().filter_map(|file| {
            let rest = file.strip_prefix(&format!("{pair}-"))?.strip_suffix(".dat")?;
            rest.split_once('-').map(|(compression, order)| (compression.to_owned(), order.to_owned()))
        });
        let entry = Golden {
            matrix: matrix.collect(),
            answered: common::testdata(&format!("matrix/{pair}.rwcut")).exists(),
            corners: of_pair("set-a").len(),
            random: of_pair("fuzz").len(),
        };
        golden.insert((name, format.version), entry);
    }
    golden
}
