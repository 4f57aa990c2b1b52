//! Selections of `tools/` over the hour files of `repository/`: the reference read as many flows as the selected files
//! hold, or refused with the same words.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use silk_format::repository::FileName;
use silk_format::silk_time::TimeRange;
use silk_format::{Options, Reader, Repository, Selector, SiteConfig};

use crate::support::testdata;

/// 2016-09-30T00:00: no case depends on the present.
const NOW: i64 = 1_475_193_600_000;

fn repository() -> Repository {
    let root = testdata("repository").expect("testdata/silk/repository");
    let site = std::fs::read(root.join("silk.conf")).unwrap();
    Repository::new(root, Arc::new(SiteConfig::parse(&site).unwrap()))
}

/// The selection switches of a case; the others are partitioning switches, which select no files.
fn selector(switches: &str) -> Result<Selector, silk_format::Error> {
    let mut selector = Selector::new(NOW);
    for switch in switches.split(' ') {
        let (name, value) = switch.split_once('=').unwrap();
        match name {
            "--start-date" => selector = selector.with_start(value.parse()?),
            "--end-date" => selector = selector.with_end(value.parse()?),
            "--type" => selector = selector.with_types(value),
            "--flowtypes" => selector = selector.with_flowtypes(value),
            "--sensors" => selector = selector.with_sensors(value),
            "--stime" | "--etime" | "--active-time" => {
                value.parse::<TimeRange>()?;
            }
            _ => {}
        }
    }
    Ok(selector)
}

fn rows(path: &PathBuf) -> u64 {
    let mut reader = Reader::new(File::open(path).unwrap(), Options::default()).unwrap();
    let mut rows = 0;
    while let Some(block) = reader.next_block() {
        rows += block.unwrap().len() as u64;
    }
    rows
}

#[test]
fn every_selection_reads_what_the_reference_read() {
    let repository = repository();
    let table = std::fs::read_to_string(testdata("tools/rwfilter-expected.tsv").unwrap()).unwrap();
    let mut known = HashMap::new();
    let (mut read, mut refused) = (0, 0);
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (switches, expected) = (cells[0], cells[1]);
        let selected = selector(switches).and_then(|selector| repository.select(&selector));
        // A switch that is none is not the selection's to refuse.
        if cells[2].contains("unrecognized option") {
            continue;
        }
        if expected.starts_with("error") {
            let message = format!("rwfilter: {}", selected.unwrap_err());
            assert_eq!(message, cells[2], "{switches}");
            refused += 1;
            continue;
        }
        let selected = selected.unwrap();
        let present = selected.files().filter(|file| file.present);
        let sum: u64 =
            present.map(|file| *known.entry(file.path.clone()).or_insert_with(|| rows(&file.path))).sum();
        assert_eq!(sum.to_string(), expected, "{switches}");
        read += 1;
    }
    assert_eq!((read, refused), (25, 2));
    assert_eq!(known.len(), 33, "all files of the repository");
}

/// Files come by hour, then flowtype, then sensor, and the headers that the packer wrote agree with their names.
#[test]
fn files_are_where_their_headers_say() {
    let repository = repository();
    let selector = selector("--type=all --start-date=2016/09/29 --end-date=2016/09/29").unwrap();
    let selected = repository.select(&selector).unwrap();
    let files: Vec<_> = selected.files().filter(|file| file.present).collect();
    assert_eq!(files.len(), 33);
    assert!(files.is_sorted_by_key(|file| (file.hour_ms, file.flowtype, file.sensor)));
    let mut packed = 0;
    for file in files {
        let name = FileName::parse(file.path.to_str().unwrap(), repository.site()).unwrap();
        let facts = (file.flowtype, Some(file.sensor), Some(file.hour_ms));
        assert_eq!((name.flowtype, name.sensor, name.hour_ms), facts);
        let reader = Reader::new(File::open(&file.path).unwrap(), Options::default()).unwrap();
        if let Some((hour_ms, flowtype, sensor)) = reader.header().packed_file() {
            assert_eq!((flowtype, Some(sensor), Some(hour_ms)), facts, "{}", file.path.display());
            packed += 1;
        }
    }
    assert!(packed > 0);
}
