//! `flow-frame`.

use std::io::Cursor;

use flow_frame::mapped_input::{self, Input};
use flow_frame::silk_format;
use flow_frame::{Anchors, Instant, Scan, TimeSpec, Window, WindowMode, open_input};

/// Rows beyond these are not looked at.
const MOST_ROWS: u64 = 20_000;

/// Any bytes are opened and read to their end or to an error, in small batches, and the accounts balance.
pub fn open_any(data: &[u8]) {
    let options = mapped_input::Options::default().with_zstd_window_log(20);
    let Ok(input) = Input::from_reader_with(Cursor::new(data.to_vec()), &options) else {
        return;
    };
    let limits = silk_format::Limits::default().with_header_bytes(1 << 16).with_payload_bytes(1 << 20);
    let batch_rows = 1 + data.len() % 300;
    let window = Window {
        start: Some(Instant::from_ms(1_234_400_000_000)),
        end: None,
        mode: if data.len().is_multiple_of(2) { WindowMode::Start } else { WindowMode::Overlap },
    };
    let scan = Scan::default()
        .with_batch_rows(batch_rows)
        .with_silk(silk_format::Options::default().with_limits(limits))
        .with_window(data.len().is_multiple_of(3).then_some(window));
    let Ok(mut reader) = open_input(input, "in-S3_20090212.05", &scan) else {
        return;
    };
    let mut rows = 0;
    while let Some(batch) = reader.next_batch() {
        assert!(reader.accounts().balance(), "{:?}", reader.accounts());
        let Ok(batch) = batch else {
            assert!(reader.next_batch().is_none(), "fused");
            break;
        };
        assert!((1..=batch_rows).contains(&batch.num_rows()), "{} rows in a batch", batch.num_rows());
        rows += batch.num_rows() as u64;
        if rows > MOST_ROWS {
            return;
        }
    }
    assert!(reader.accounts().balance(), "{:?}", reader.accounts());
    assert_eq!(rows, reader.accounts().delivered.rows);
}

/// Times and windows are parsed or refused; an absolute time that was parsed prints as a text that gives it again.
pub fn time_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let now = Instant::from_ms(1_475_155_339_000);
    let anchors = Anchors { now: Some(now), end: Some(now) };
    if let Ok(window) = Window::parse(text, WindowMode::Start, anchors) {
        let _ = window.contains_ms(i64::MIN, i64::MAX);
    }
    let _ = TimeSpec::parse(text).and_then(|spec| spec.resolve(anchors));
    if let Ok(instant) = Instant::parse(text) {
        let printed = instant.to_string();
        assert_eq!(Instant::parse(&printed).ok(), Some(instant), "{text:?} printed as {printed:?}");
    }
}
