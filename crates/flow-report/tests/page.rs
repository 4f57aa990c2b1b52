//! The page: equal data give equal bytes, the numbers are on it, and no input can break out of its place.
#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail it")]

mod common;

use flow_report::{
    Account, Bin, Class, ReportData, Series, Source, Style, Summary, TimeRange, TopRow, Window, page,
    write_report,
};
use proptest::prelude::*;

const STYLES: [Style; 2] = [Style::Rates, Style::Article];

#[test]
fn equal_data_give_equal_bytes() {
    let Some(data) = common::report() else { return };
    for style in STYLES {
        // Charts drawn in between must leave no trace.
        let first = page(&data, style);
        let _ = STYLES.map(|style| page(&data, style));
        assert!(first == page(&data.clone(), style), "{style:?}");
    }
}

#[test]
fn numbers_of_the_reference() {
    let Some(data) = common::report() else { return };
    let html = page(&data, Style::Rates);
    for text in [
        "From 2016-09-29 13:22:19.625972 to 2016-09-29 13:52:19.625972 we had 182 MB in the wire",
        "<h1>2016-09-29 13:22:19 – 13:52:18 UTC</h1>",
        "182.9 MiB",
        "191,748,522",
        "167,028",
        "of 9,242 rows read",
        "In 143 of the 1,800 bins no flow starts; they are drawn as 0.",
        "A flow counts whole in the bin of time in which it starts",
        "28.173.196.29",
        "14,364,477",
        "7.5 %",
        ">TCP<",
        "MiB per second",
        "packets per second",
        "Time UTC, 2016-09-29",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn chart_of_the_articles() {
    let Some(data) = common::report() else { return };
    let html = page(&data, Style::Article);
    for text in [
        ">KB/s, Kp/s</text>",
        ">Time UTC</text>",
        ">KBps or KPps</text>",
        ">KBytes/s</text>",
        ">Kp/s</text>",
        "viewBox=\"0 0 1000 400\"",
        "stroke-width=\"1\" fill=\"none\"",
        "r=\"1.5\"",
        "the values are not rates",
        "does not make it bytes per second",
        "In 143 of the 1,800 bins no flow starts; they have no mean and stay empty.",
    ] {
        assert!(html.contains(text), "{text}");
    }
    // Every second with flows has two markers, and the line breaks where there is none.
    assert_eq!(html.matches("<circle ").count(), 2 * (1800 - 143));
    // Grid: minor of time, major of value, nothing else.
    let lines: Vec<&str> = html.split("<line ").skip(1).filter(|line| line.contains("var(--grid)")).collect();
    let vertical = |line: &str| attribute(line, "x1") == attribute(line, "x2");
    let minor = |line: &str| attribute(line, "stroke-width") == "0.5";
    assert!(lines.iter().any(|line| minor(line)) && lines.iter().any(|line| !minor(line)));
    assert!(lines.iter().all(|line| vertical(line) == minor(line)));
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    tag.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

/// The tags of the page, in order: what an attacker would have to change.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|tag| tag.split(['>', ' ']).next().unwrap_or_default()).collect()
}

#[test]
fn stands_alone() {
    let Some(data) = common::report() else { return };
    for style in STYLES {
        let html = page(&data, style);
        for word in [
            "http:",
            "https:",
            "//",
            "<script",
            "javascript",
            "url(http",
            "@import",
            "<link rel=\"style",
            "onload",
        ] {
            assert!(!html.contains(word), "{style:?}: {word}");
        }
        assert!(html.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
        assert!(html.len() < 600_000, "{style:?}: {} bytes", html.len());
        // Every element that opens is closed.
        let open = |name: &str| tags(&html).iter().filter(|tag| **tag == name).count();
        for name in [
            "div", "section", "table", "thead", "tbody", "tr", "th", "td", "svg", "g", "figure", "p", "span",
            "dl",
        ] {
            assert_eq!(open(name), open(&format!("/{name}")), "{style:?}: {name}");
        }
    }
}

fn small(text: &str) -> ReportData {
    let row = || TopRow { key: text.to_owned(), bytes: 5, packets: 1, flows: 1 };
    let range = TimeRange { start_ms: 0, step_ms: 1000, bins: 2 };
    let bins = [Bin { time_ms: 0, bytes: 5, packets: 1, flows: 1 }];
    let mut summary = Summary {
        inputs: vec![Source {
            path: text.to_owned(),
            kind: text.to_owned(),
            rows: 1,
            sha256: Some(text.to_owned()),
        }],
        window: Some(Window { start: None, end: None, mode: text.to_owned() }),
        bytes: 5,
        packets: 1,
        flows: 1,
        first: Some(0),
        last: Some(0),
        notes: vec![text.to_owned()],
        ..Summary::default()
    };
    summary.accounts.refused.insert(text.to_owned(), Account::default());
    summary.top.sip_bytes.push(row());
    summary.top.dip_bytes.push(row());
    summary.top.protocol_bytes.push(row());
    ReportData { summary, series: Series::from_bins(range, bins).unwrap() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_changes_the_markup(text in prop_oneof![
        any::<String>(),
        "[<>&\"'/=a-z! -]{0,40}",
        Just("</td><script>alert(1)</script>".to_owned()),
        Just("</style></title>--><svg onload=alert(1)>".to_owned()),
        Just("\" onmouseover=\"alert(1)".to_owned()),
        Just("$\\frac{1}{2}$ \u{202e}gpj.exe".to_owned()),
    ]) {
        for style in STYLES {
            // 24 letters of text at most keep the tables side by side in both pages.
            let (hostile, plain) = (page(&small(&text), style), page(&small("plain"), style));
            prop_assert_eq!(tags(&hostile), tags(&plain));
            prop_assert_eq!(hostile.matches('"').count(), plain.matches('"').count());
        }
    }
}

#[test]
fn extremes_are_drawn_without_panic() {
    let bin = |time_ms| Bin { time_ms, bytes: i128::MAX, packets: i128::MAX, flows: u64::MAX };
    let ranges = [
        TimeRange::covering(i64::MIN, i64::MAX, 1),
        TimeRange::covering(i64::MAX - 5, i64::MAX, 1000),
        TimeRange::covering(i64::MIN, i64::MIN, 1000),
        TimeRange::covering(-62_135_596_800_000, 253_402_300_000_000, 1000),
        TimeRange::covering(0, 0, 1),
        TimeRange::covering(0, 0, i64::MAX),
        TimeRange { start_ms: 999, step_ms: 1, bins: 3 },
        TimeRange { start_ms: 0, step_ms: 0, bins: 3 },
    ];
    for range in ranges {
        let series = Series::from_bins(range, [bin(range.start_ms)]).unwrap();
        let last = Some(range.time_ms(range.bins));
        let summary = Summary {
            first: Some(range.start_ms),
            last,
            bytes: i128::MAX,
            packets: i128::MIN,
            flows: u64::MAX,
            ..Summary::default()
        };
        let data = ReportData { summary, series };
        for style in STYLES {
            let html = page(&data, style);
            assert!(html.ends_with("</html>\n") && html.len() < 600_000);
            assert!(!html.contains("NaN") && !html.contains("inf "), "{range:?}");
        }
    }
}

#[test]
fn no_flows_no_chart() {
    let html = page(&ReportData { summary: Summary::default(), series: Series::empty() }, Style::Rates);
    assert!(html.contains("No flow, so there is nothing to draw.") && !html.contains("<svg"));
    assert!(html.contains("<h1>no flows</h1>"));
}

#[test]
fn writes_both_files_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("new").join("out");
    let mut data = small("plain");
    write_report(&dir, &data, Style::Rates).unwrap();
    data.summary.bytes = 6;
    let written = write_report(&dir, &data, Style::Rates).unwrap();
    assert_eq!(std::fs::read_to_string(&written.page).unwrap(), page(&data, Style::Rates));
    assert_eq!(std::fs::read_to_string(&written.summary).unwrap(), data.summary.to_json());
    let mut names: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["report.html", "summary.json"]);
}

#[test]
fn failing_to_write_is_an_error_that_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let error = write_report(&blocked, &small("plain"), Style::Rates).unwrap_err();
    assert_eq!(error.class(), Class::Io);
    assert!(error.to_string().contains(&*blocked.to_string_lossy()), "{error}");
    assert!(std::error::Error::source(&error).is_some());

    // A folder stands where the page should be: the rename fails, and no temporary file stays.
    let dir = folder.path().join("out");
    std::fs::create_dir_all(dir.join("report.html").join("full")).unwrap();
    write_report(&dir, &small("plain"), Style::Rates).unwrap_err();
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2);
}
