//! Thinning and series: against a slow oracle, and against the bins that pandas computed.
#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail it")]

mod common;

use flow_report::{
    Bin, Class, Column, DRAWN_WIDTH, Point, Series, SeriesBuilder, Thinned, Thinner, TimeRange,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// The definition, at leisure: all values of each pixel column in memory.
fn slowly(values: &[(u64, f64)], bins: u64, width: u64) -> Vec<Column> {
    let column = |index: u64| if bins <= 4 * width { index } else { index * width / bins };
    values
        .chunk_by(|a, b| column(a.0) == column(b.0))
        .map(|group| {
            let point = |&(index, value): &(u64, f64)| Point { index, value };
            let least = group.iter().map(|v| v.1).fold(f64::INFINITY, f64::min);
            let largest = group.iter().map(|v| v.1).fold(f64::NEG_INFINITY, f64::max);
            Column {
                column: column(group[0].0),
                first: point(&group[0]),
                min: point(group.iter().find(|v| v.1 == least).unwrap()),
                max: point(group.iter().find(|v| v.1 == largest).unwrap()),
                last: point(group.last().unwrap()),
            }
        })
        .collect()
}

fn thin(values: &[(u64, f64)], bins: u64, width: u32) -> Thinned {
    let mut thinner = Thinner::new(bins, width);
    values.iter().for_each(|&(index, value)| thinner.push(index, value));
    thinner.finish()
}

/// Some values at rising indices, the number of bins, the width.
fn sparse() -> impl Strategy<Value = (Vec<(u64, f64)>, u64, u32)> {
    let values = vec((1_u64..9, -50_i32..50), 1..400);
    (values, 0_u64..40, 1_u32..60).prop_map(|(steps, after, width)| {
        let mut index = 0;
        let values = steps.into_iter().map(|(step, value)| {
            index += step;
            (index - 1, f64::from(value))
        });
        let values: Vec<_> = values.collect();
        (values, index + after, width)
    })
}

proptest! {
    #[test]
    fn equals_the_slow_definition((values, bins, width) in sparse()) {
        prop_assert_eq!(thin(&values, bins, width).columns, slowly(&values, bins, width.into()));
    }

    #[test]
    fn keeps_ends_and_invents_nothing((values, bins, width) in sparse()) {
        let points: Vec<_> = thin(&values, bins, width).points().map(|point| (point.index, point.value)).collect();
        prop_assert_eq!(points.first(), values.first());
        prop_assert_eq!(points.last(), values.last());
        prop_assert!(points.iter().all(|point| values.contains(point)));
        prop_assert!(points.is_sorted_by(|a, b| a.0 < b.0));
        prop_assert!(points.len() <= 4 * width as usize);
    }

    #[test]
    fn a_run_equals_its_values(runs in vec((0_u64..30, 0_u64..90, -9_i32..9), 1..12), width in 1_u32..40) {
        let bins = 700;
        let (mut whole, mut single) = (Thinner::new(bins, width), Thinner::new(bins, width));
        let mut start = 0;
        for (gap, length, value) in runs {
            start += gap;
            whole.push_run(start, start + length, value.into());
            (start..start + length).for_each(|index| single.push(index, value.into()));
            start += length;
        }
        prop_assert_eq!(whole.finish(), single.finish());
    }

    #[test]
    fn absent_bins_are_zero_rates_and_no_means(
        counts in vec(prop_oneof![Just(0_u64), 1_u64..5], 1..600), step_ms in 1_i64..100_000, start in -50_i64..50,
    ) {
        let range = TimeRange { start_ms: start * step_ms, step_ms, bins: counts.len() as u64 };
        let bin = |(index, &flows): (usize, &u64)| Bin {
            time_ms: range.time_ms(index as u64),
            bytes: i128::from(flows) * 100 + index as i128 % 7,
            packets: i128::from(flows),
            flows,
        };
        let all: Vec<Bin> = counts.iter().enumerate().map(bin).collect();
        let occupied = all.iter().copied().filter(|bin| bin.flows > 0);
        let series = Series::from_bins(range, occupied.clone()).unwrap();
        let dense: Vec<f64> = all
            .iter()
            .map(|bin| if bin.flows == 0 { 0.0 } else { bin.bytes as f64 * 1000.0 / step_ms as f64 })
            .collect();
        let dense: Vec<(u64, f64)> = dense.into_iter().enumerate().map(|(i, rate)| (i as u64, rate)).collect();
        prop_assert_eq!(&series.bytes_rate().columns, &slowly(&dense, range.bins, DRAWN_WIDTH.into()));
        prop_assert_eq!(series.bytes_mean().columns.len(), occupied.clone().count());
        prop_assert_eq!(series.empty_bins(), counts.iter().filter(|&&flows| flows == 0).count() as u64);
        prop_assert_eq!(series.bytes(), occupied.map(|bin| bin.bytes).sum::<i128>());
        // Empty bins given as bins change nothing.
        prop_assert_eq!(Series::from_bins(range, all).unwrap(), series);
    }
}

/// 1,800 bins fit four to a pixel: every one is kept, with the values that pandas computed.
#[test]
fn series_of_the_reference() {
    let Some(lines) = common::lines() else { return };
    let series =
        Series::from_bins(TimeRange::covering(common::FIRST, common::LAST, 1000), common::bins(&lines))
            .unwrap();
    assert_eq!(
        series.range(),
        TimeRange { start_ms: lines[0].time_ms, step_ms: 1000, bins: lines.len() as u64 }
    );
    assert_eq!(series.empty_bins(), 143);
    assert_eq!(series.bytes(), 191_748_522);
    assert_eq!(series.packets(), 167_028);
    let rates: Vec<f64> = series.bytes_rate().points().map(|point| point.value).collect();
    assert_eq!(rates, lines.iter().map(|line| line.bytes_sum as f64).collect::<Vec<_>>());
    for (drawn, expected) in [
        (series.bytes_mean(), lines.iter().map(|line| line.bytes_mean).collect::<Vec<_>>()),
        (series.packets_mean(), lines.iter().map(|line| line.packets_mean).collect()),
    ] {
        let found = drawn.points().collect::<Vec<_>>();
        assert_eq!(found.len(), 1800 - 143);
        for point in found {
            let expected = expected[point.index as usize].unwrap();
            assert!((point.value - expected).abs() <= 1e-12 * expected, "{point:?} {expected}");
        }
    }
    let largest = lines.iter().max_by_key(|line| line.bytes_sum).unwrap();
    let peak = series.peak_bytes().unwrap();
    assert_eq!((peak.time_ms, peak.sum), (largest.time_ms, largest.bytes_sum));
}

#[test]
fn bins_longer_than_a_second_are_rates_still() {
    let range = TimeRange { start_ms: 0, step_ms: 60_000, bins: 2 };
    let series = Series::from_bins(range, [Bin { time_ms: 0, bytes: 6000, packets: 30, flows: 3 }]).unwrap();
    assert_eq!(series.bytes_rate().points().map(|point| point.value).collect::<Vec<_>>(), [100.0, 0.0]);
    assert_eq!(series.packets_rate().max(), Some(0.5));
    assert_eq!(series.bytes_mean().max(), Some(2000.0));
}

/// Five million bins that nobody holds, and the widest range that times can span.
#[test]
fn long_series_stay_bounded() {
    let range = TimeRange { start_ms: 0, step_ms: 1000, bins: 5_000_000 };
    let bin = |index| Bin {
        time_ms: range.time_ms(index),
        bytes: (index * 7919 % 1009).into(),
        packets: 1,
        flows: 1,
    };
    let series = Series::from_bins(range, (0..range.bins).map(bin)).unwrap();
    assert!(series.bytes_rate().thinned);
    assert_eq!(series.bytes_rate().columns.len(), DRAWN_WIDTH as usize);
    assert_eq!(series.bytes_rate().max(), Some(1008.0));

    let range = TimeRange::covering(i64::MIN, i64::MAX, 1);
    assert_eq!(range.bins, u64::MAX);
    let ends = [i64::MIN, 0, i64::MAX - 1];
    let series =
        Series::from_bins(range, ends.map(|time_ms| Bin { time_ms, bytes: 5, packets: 1, flows: 1 }))
            .unwrap();
    assert_eq!(series.empty_bins(), u64::MAX - 3);
    assert_eq!(series.bytes_rate().columns.len(), DRAWN_WIDTH as usize);
}

#[test]
fn ranges_count_bins_from_the_epoch() {
    assert_eq!(TimeRange::covering(1999, 1999, 1000), TimeRange { start_ms: 1000, step_ms: 1000, bins: 1 });
    assert_eq!(TimeRange::covering(-1, 0, 1000), TimeRange { start_ms: -1000, step_ms: 1000, bins: 2 });
    assert_eq!(TimeRange::covering(1000, 999, 1000).bins, 0);
    assert_eq!(TimeRange::covering(5, 7, 0), TimeRange { start_ms: 5, step_ms: 1, bins: 3 });
}

#[test]
fn refuses_bins_out_of_order_or_range() {
    let range = TimeRange { start_ms: 0, step_ms: 1000, bins: 5 };
    let bin = |time_ms| Bin { time_ms, bytes: 1, packets: 1, flows: 1 };
    let mut builder = SeriesBuilder::new(range);
    builder.push(bin(2000)).unwrap();
    for (time_ms, message) in [
        (2000, "bin 2 after bin 2: bins must come in rising order"),
        (1000, "bin 1 after bin 2: bins must come in rising order"),
        (2500, "bin at 2500 ms is none of the 5 bins of 1000 ms from 0 ms"),
        (5000, "bin at 5000 ms is none of the 5 bins of 1000 ms from 0 ms"),
        (-1000, "bin at -1000 ms is none of the 5 bins of 1000 ms from 0 ms"),
    ] {
        let error = builder.push(bin(time_ms)).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.class()), (message, Class::Usage));
    }
    builder.push(bin(4000)).unwrap();
    assert_eq!(builder.finish().empty_bins(), 3);
}

#[test]
fn values_that_cannot_be_drawn_are_left_out() {
    let mut thinner = Thinner::new(10, 100);
    thinner.push(0, f64::NAN);
    thinner.push(1, f64::INFINITY);
    thinner.push(10, 1.0);
    thinner.push(5, 2.0);
    thinner.push(5, 3.0);
    thinner.push(4, 3.0);
    let points: Vec<_> = thinner.finish().points().collect();
    assert_eq!(points, [Point { index: 5, value: 2.0 }]);
}
