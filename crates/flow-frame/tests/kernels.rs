//! The kernels against obvious implementations; any split into batches gives the same result.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test or bench may end at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use flow_frame::{
    Class, Distinct, FlowBatchBuilder, FlowRow, Instant, Projection, Resampler, Role, Series, TalkerBy,
    Talkers, Value, Window, WindowFilter, WindowMode,
};
use proptest::prelude::*;

fn address(number: u8) -> [u8; 16] {
    let mut address = [0; 16];
    address[15] = number;
    address
}

/// Flows in time stretches that are far apart, few addresses, and counts of every size.
fn flows() -> impl Strategy<Value = Vec<FlowRow>> {
    let stime =
        prop_oneof![6 => -5000i64..5000, 1 => any::<i64>(), 1 => 1_475_155_339_000i64..1_475_155_999_000];
    let count = prop_oneof![4 => 0u64..3000, 1 => 0u64..1 << 63];
    let row = (stime, 0i64..3000, 0u8..6, 0u8..9, count.clone(), count, 0u8..4).prop_map(
        |(stime, life, sip, dip, packets, bytes, protocol)| FlowRow {
            stime,
            etime: stime.saturating_add(life),
            sip: address(sip),
            dip: address(dip),
            packets,
            bytes,
            protocol,
            application: (protocol > 0).then_some(u16::from(sip)),
            ..FlowRow::default()
        },
    );
    proptest::collection::vec(row, 0..200)
}

/// The rows in batches of the given sizes (the last size goes on for ever).
fn batches(rows: &[FlowRow], sizes: &[usize]) -> Vec<RecordBatch> {
    let mut builder = FlowBatchBuilder::new(&Projection::default());
    let (mut batches, mut rest) = (Vec::new(), rows);
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(sizes.last().copied().unwrap_or(50)));
    while !rest.is_empty() {
        let (now, later) = rest.split_at(sizes.next().unwrap().min(rest.len()));
        now.iter().for_each(|row| builder.push(row).unwrap());
        batches.push(builder.finish().unwrap());
        rest = later;
    }
    batches
}

fn series(batches: &[RecordBatch], step_ms: u64) -> Series {
    let values = ["sum(bytes)", "mean(packets)", "count(application)", "min(protocol)"];
    let values = values.map(|text| Value::parse(text).unwrap()).to_vec();
    let mut resampler = Resampler::new(Duration::from_millis(step_ms), values).unwrap();
    batches.iter().for_each(|batch| resampler.update(batch).unwrap());
    resampler.finish()
}

proptest! {
    #[test]
    fn resample_equals_a_map_of_lists(
        rows in flows(),
        sizes in proptest::collection::vec(1usize..60, 1..5),
        step_ms in prop_oneof![1u64..4000, Just(86_400_000 * 300)],
    ) {
        let step = step_ms as i64;
        let mut expected = BTreeMap::<i64, Vec<&FlowRow>>::new();
        for row in &rows {
            expected.entry(row.stime.div_euclid(step)).or_default().push(row);
        }
        let series = series(&batches(&rows, &sizes), step_ms);
        let [bytes, packets, application, protocol] =
            ["bytes", "packets", "application", "protocol"].map(|name| series.column(name).unwrap());
        let mut found = 0;
        for (bin, (number, rows)) in series.occupied_bins().zip(&expected) {
            let start = i128::from(*number) * i128::from(step);
            prop_assert_eq!(i128::from(bin.start), start.max(i64::MIN.into()));
            prop_assert_eq!(bin.rows as usize, rows.len());
            prop_assert_eq!(bin.cell(bytes).sum, rows.iter().map(|row| i128::from(row.bytes)).sum::<i128>());
            let mean = rows.iter().map(|row| i128::from(row.packets)).sum::<i128>() as f64 / rows.len() as f64;
            prop_assert_eq!(bin.cell(packets).mean(), Some(mean));
            prop_assert_eq!(bin.cell(packets).max(), rows.iter().map(|row| row.packets as i64).max());
            let known = rows.iter().filter(|row| row.application.is_some()).count();
            prop_assert_eq!(bin.cell(application).count as usize, known);
            prop_assert_eq!(bin.cell(protocol).min(), rows.iter().map(|row| i64::from(row.protocol)).min());
            found += 1;
        }
        prop_assert_eq!(found, expected.len());
        let range = expected.keys().next().zip(expected.keys().last());
        let len = range.map_or(0, |(first, last)| last.abs_diff(*first).saturating_add(1));
        prop_assert_eq!((series.len(), series.empty_bins()), (len, len - found as u64));
        if len < 20_000 {
            let dense: Vec<(i64, u64)> = series.bins().map(|bin| (bin.start, bin.rows)).collect();
            prop_assert_eq!(dense.len() as u64, len);
            prop_assert!(dense.windows(2).all(|pair| pair[0].0 + step == pair[1].0));
            let rows_in = |start: i64| expected.get(&(start.div_euclid(step))).map_or(0, Vec::len);
            prop_assert!(dense.iter().all(|(start, rows)| rows_in(*start) as u64 == *rows));
        }
    }

    #[test]
    fn talkers_equal_a_map(rows in flows(), sizes in proptest::collection::vec(1usize..60, 1..5), n in 0usize..10) {
        let mut talkers = Talkers::new();
        batches(&rows, &sizes).iter().for_each(|batch| talkers.update(batch).unwrap());
        for role in [Role::Source, Role::Destination] {
            let mut sums = BTreeMap::<[u8; 16], [u128; 3]>::new();
            for row in &rows {
                let sum = sums.entry(if role == Role::Source { row.sip } else { row.dip }).or_default();
                sum[0] += u128::from(row.bytes);
                sum[1] += u128::from(row.packets);
                sum[2] += 1;
            }
            prop_assert_eq!(talkers.distinct(role), sums.len());
            for (index, by) in [TalkerBy::Bytes, TalkerBy::Packets, TalkerBy::Flows].into_iter().enumerate() {
                let mut ranked: Vec<_> = sums.iter().collect();
                ranked.sort_by_key(|(key, sum)| (std::cmp::Reverse(sum[index]), **key));
                ranked.truncate(n);
                let top = talkers.top(role, by, n);
                let found: Vec<_> = top.iter().map(|t| (t.key, [t.bytes, t.packets, t.flows])).collect();
                prop_assert_eq!(found, ranked.into_iter().map(|(key, sum)| (*key, *sum)).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn distinct_equals_a_set(rows in flows(), sizes in proptest::collection::vec(1usize..60, 1..5)) {
        let batches = batches(&rows, &sizes);
        let count = |name: &str| {
            let schema = Projection::default().schema();
            let mut distinct = Distinct::new(schema.field_with_name(name).unwrap().data_type()).unwrap();
            batches.iter().for_each(|batch| distinct.update(batch.column_by_name(name).unwrap()).unwrap());
            distinct.count()
        };
        let set = |value: fn(&FlowRow) -> i128| rows.iter().map(value).collect::<BTreeSet<_>>().len();
        prop_assert_eq!(count("protocol"), set(|row| row.protocol.into()));
        prop_assert_eq!(count("bytes"), set(|row| row.bytes.into()));
        prop_assert_eq!(count("stime"), set(|row| row.stime.into()));
        prop_assert_eq!(count("dip"), set(|row| row.dip[15].into()));
        let known: BTreeSet<u16> = rows.iter().filter_map(|row| row.application).collect();
        prop_assert_eq!(count("application"), known.len());
        prop_assert_eq!(count("is_ipv6"), usize::from(!rows.is_empty()));
    }

    #[test]
    fn window_equals_comparing_nanoseconds(
        rows in flows(),
        sizes in proptest::collection::vec(1usize..60, 1..5),
        start in proptest::option::of(-6_000_000_000i128..6_000_000_000),
        end in proptest::option::of(-6_000_000_000i128..6_000_000_000),
    ) {
        for mode in [WindowMode::Start, WindowMode::Overlap] {
            let window = Window { start: start.map(Instant::from_ns), end: end.map(Instant::from_ns), mode };
            let ns = |ms: i64| i128::from(ms) * 1_000_000;
            let inside = |row: &&FlowRow| {
                let after_start = start.is_none_or(|start| match mode {
                    WindowMode::Start => start < ns(row.stime),
                    WindowMode::Overlap => start <= ns(row.etime),
                });
                after_start && end.is_none_or(|end| ns(row.stime) <= end)
            };
            let expected: Vec<i64> = rows.iter().filter(inside).map(|row| row.stime).collect();
            let filter = WindowFilter::new(window);
            let found: Vec<i64> = batches(&rows, &sizes)
                .iter()
                .flat_map(|batch| {
                    let kept = filter.filter(batch).unwrap();
                    let times = kept.column_by_name("stime").unwrap().as_primitive::<TimestampMillisecondType>();
                    times.values().to_vec()
                })
                .collect();
            prop_assert_eq!(&found, &expected);
            prop_assert!(rows.iter().all(|row| window.contains_ms(row.stime, row.etime) == inside(&row)));
        }
    }
}

#[test]
fn hostile_times_meet_the_limit() {
    let rows: Vec<FlowRow> = (0..3000).map(|n| FlowRow { stime: n << 40, ..FlowRow::default() }).collect();
    let batches = batches(&rows, &[100]);
    let mut resampler = Resampler::new(Duration::from_secs(1), vec![Value::parse("sum(bytes)").unwrap()])
        .unwrap()
        .with_limit(1 << 20);
    let error = batches.iter().find_map(|batch| resampler.update(batch).err()).unwrap();
    assert_eq!(error.class(), Class::Limit);

    let series = series(&batches, 1000);
    assert_eq!(series.occupied_bins().count(), 3000);
    let error = series.into_batches(10).unwrap_err();
    assert_eq!(error.class(), Class::Limit);
}

#[test]
fn wrong_columns_are_named() {
    let mut builder = FlowBatchBuilder::new(&Projection::parse("stime,bytes,sip").unwrap());
    builder.push(&FlowRow::default()).unwrap();
    let batch = builder.finish().unwrap();
    let error = Talkers::new().update(&batch).unwrap_err();
    assert_eq!(error.to_string(), "the batch has no column \"packets\"");
    let value = vec![Value::parse("sum(sip)").unwrap()];
    let error = Resampler::new(Duration::from_secs(1), value).unwrap().update(&batch).unwrap_err();
    assert!(error.to_string().contains("\"sip\""), "{error}");
    for text in ["bytes", "median(bytes)", "sum()", "sum(*)", "sum(bytes"] {
        assert_eq!(Value::parse(text).unwrap_err().class(), Class::Usage, "{text}");
    }
    let fine = Resampler::new(Duration::from_micros(1), Vec::new()).unwrap().update(&batch).unwrap_err();
    assert_eq!(fine.class(), Class::Usage);
    assert!(Resampler::new(Duration::ZERO, Vec::new()).is_err());
}

#[test]
fn values_of_another_type_are_refused_not_dropped() {
    use arrow_array::{Int64Array, UInt8Array, UInt16Array};
    let mut distinct = Distinct::new(&arrow_schema::DataType::UInt8).unwrap();
    distinct.update(&UInt8Array::from(vec![1, 2])).unwrap();
    assert_eq!(distinct.update(&UInt16Array::from(vec![1000])).unwrap_err().class(), Class::Usage);
    assert_eq!(distinct.update(&Int64Array::from(vec![1])).unwrap_err().class(), Class::Usage);
    assert_eq!(distinct.count(), 2);
}
