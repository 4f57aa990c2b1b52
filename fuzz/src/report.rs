//! `flow-report`.

use flow_report::{
    Account, Accounts, Bin, ReportData, RowsAre, Series, Source, Style, Summary, TimeRange, Top, TopRow,
    Window, page,
};

/// Whatever texts and numbers a summary holds, its page has the same markup as with harmless texts, and its JSON gives
/// it back.
pub fn report_page(data: &[u8]) {
    // Drawing a series takes a hundred times longer than the rest, so only one page in 16 has one.
    let bins =
        if data.len().is_multiple_of(16) { u64::from(data.first().copied().unwrap_or(0)) * 20 } else { 0 };
    let range = TimeRange { start_ms: number(data, 0) >> 8, step_ms: 1000, bins };
    let bins = data.iter().zip(0..range.bins).map(|(&byte, index)| Bin {
        time_ms: range.time_ms(index),
        bytes: number(data, byte.into()).into(),
        packets: byte.into(),
        flows: u64::from(byte % 3),
    });
    let Ok(series) = Series::from_bins(range, bins) else {
        unreachable!("the bins are in order and in range");
    };
    // Long enough for any mischief, and every page costs about the same.
    let mut texts = data.split(|&byte| byte == b'\n').map(|text| {
        let text: String = String::from_utf8_lossy(text).chars().take(200).collect();
        format!("text {text}")
    });
    let hostile = summary(data, || texts.next().unwrap_or_else(|| "text".to_owned()));
    let harmless = summary(data, || "text".to_owned());

    assert_eq!(Summary::from_json(&hostile.to_json()).ok().as_ref(), Some(&hostile), "JSON gives it back");
    let _ = hostile.sentences();
    let style = if data.len().is_multiple_of(2) { Style::Rates } else { Style::Article };
    let hostile = page(&ReportData { summary: hostile, series: series.clone() }, style);
    let harmless = page(&ReportData { summary: harmless, series }, style);
    for mark in ['<', '>', '"', '\''] {
        assert_eq!(hostile.matches(mark).count(), harmless.matches(mark).count(), "{mark}");
    }
}

fn summary(data: &[u8], mut text: impl FnMut() -> String) -> Summary {
    let account =
        |place| Account { rows: place as u64, bytes: number(data, place).into(), ..Account::default() };
    let mut rows = |from: usize| {
        let row = |place| TopRow {
            key: text(),
            bytes: number(data, place).into(),
            packets: number(data, place + 1).into(),
            flows: 3,
        };
        (from..from + 3).map(row).collect::<Vec<_>>()
    };
    let top = Top { sip_bytes: rows(4), dip_bytes: rows(8), protocol_bytes: rows(12) };
    Summary {
        rows_are: [RowsAre::Flows, RowsAre::Packets, RowsAre::Both]
            [usize::from(data.first().copied().unwrap_or(0)) % 3],
        inputs: vec![Source { path: text(), kind: text(), rows: 7, sha256: Some(text()) }],
        window: Some(Window { start: Some(time(data, 16).into()), end: None, mode: text() }),
        accounts: Accounts {
            read: account(1),
            delivered: account(2),
            filtered: account(3),
            refused: [(text(), account(5))].into(),
        },
        bytes: number(data, 20).into(),
        packets: number(data, 21).into(),
        flows: 9,
        sip: 3,
        dip: 4,
        protocols: 5,
        first: Some(time(data, 22)),
        last: Some(time(data, 23)),
        empty_bins: 6,
        notes: vec![text(), text()],
        top,
    }
}

/// A time that RFC 3339 has a text for: the years 1970 to 9999.
fn time(data: &[u8], place: usize) -> i64 {
    number(data, place).rem_euclid(253_402_300_800_000)
}

/// A number from eight bytes at a place that wraps around; large as well as small ones, below zero too.
fn number(data: &[u8], place: usize) -> i64 {
    let mut bytes = [0; 8];
    for (out, byte) in bytes.iter_mut().zip(data.iter().cycle().skip(place * 8 % data.len().max(1))) {
        *out = *byte;
    }
    i64::from_le_bytes(bytes)
}
