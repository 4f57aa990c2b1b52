//! `silk-format`: times as typed, and the selection of hour files.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use silk_format::repository::{FileName, Presence};
use silk_format::silk_time::{SilkTime, TimeRange};
use silk_format::{Class, Repository, Selector, SiteConfig};

/// Files beyond these are not looked at.
const MOST_FILES: usize = 300;

const SITE: &str = "sensor 0 S0\nsensor 1 S1\nclass all\n sensors S0 S1\n type 0 in in\n type 1 out out\n \
    default-types in\nend class\ndefault-class all\n";

/// A disk without any file.
struct Nothing;

impl Presence for Nothing {
    fn is_present(&mut self, _: &Path) -> bool {
        false
    }

    fn names(&mut self, _: &Path) -> Option<HashSet<OsString>> {
        Some(HashSet::new())
    }
}

/// Lines: start, end, class, types, flowtypes, sensors; then the site, if it is one. Times are refused or printed as a
/// text that gives them again; the files of a selection lie in its hours, and their names say what they are.
pub fn silk_selection(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.splitn(7, '\n');
    let mut switch = || lines.next().filter(|line| !line.is_empty());
    let (start, end) = (switch(), switch());
    let (class, types, flowtypes, sensors) = (switch(), switch(), switch(), switch());
    let given = lines.next().and_then(|site| SiteConfig::parse(site.as_bytes()).ok());
    let own = given.is_none();
    let Some(site) = given.or_else(|| SiteConfig::parse(SITE.as_bytes()).ok()) else {
        return;
    };

    let mut selector = Selector::new(1_475_155_339_000);
    selector.start = start.and_then(time);
    selector.end = end.and_then(time);
    selector.class = class.map(str::to_owned);
    selector.types = types.map(str::to_owned);
    selector.flowtypes = flowtypes.map(str::to_owned);
    selector.sensors = sensors.map(str::to_owned);
    let _ = selector.record_filter(&site);

    let repository = Repository::new("root", Arc::new(site));
    let selected = match repository.select(&selector) {
        Ok(selected) => selected,
        Err(error) => {
            assert!(error.class() == Class::Usage && !error.to_string().is_empty(), "{error}");
            return;
        }
    };
    let hours = selected.hours();
    assert!(hours.first_ms <= hours.last_ms);
    let mut count = 0;
    for file in selected.files_with(Nothing).take(MOST_FILES) {
        assert!((hours.first_ms..=hours.last_ms).contains(&file.hour_ms) && !file.present);
        let path = file.path.to_string_lossy();
        assert!(path.starts_with("root/"), "{path}");
        // Names of other sites may be ambiguous: flowtypes `in` and `in-x`.
        if own && hours.last_ms < 2_147_472_000_000 {
            let name = FileName::parse(&path, repository.site());
            let found = name.map(|name| (name.flowtype, name.sensor, name.hour_ms));
            assert_eq!(found, Some((file.flowtype, Some(file.sensor), Some(file.hour_ms))), "{path}");
        }
        count += 1;
    }
    // Of a site with thousands of hours without sensors there is nothing to count.
    assert_eq!(count, selected.candidates().min(MOST_FILES as u64));
}

fn time(text: &str) -> Option<SilkTime> {
    if let Ok(range) = text.parse::<TimeRange>() {
        assert!(range.first_ms <= range.last_ms, "{text}");
    }
    let time: SilkTime = text.parse().ok()?;
    let printed = time.to_string();
    assert_eq!(printed.parse().ok(), Some(time), "{text:?} printed as {printed:?}");
    assert!(time.ms() <= time.last_ms());
    Some(time)
}
