//! The charts, drawn with `kuva` as inline SVG.
//!
//! `kuva` gets numbers and our own words, never text of the input. Colours are CSS variables of the page, so that one
//! drawing serves light, dark and paper. What a reader points at is answered by CSS alone; there is no script.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::plot::annotations::ReferenceLine;
use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::datetime::{DateTimeAxis, DateUnit};
use kuva::render::layout::{AxisLabelOverlap, Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{Primitive, Scene, TextAnchor, render_multiple};
use kuva::render::theme::Theme;

use crate::html::escape;
use crate::series::{DRAWN_WIDTH, Series, Slice, TimeRange};
use crate::summary::RowsAre;
use crate::thin::Thinned;
use crate::time;
use crate::units::{self, Quantity};

/// Bytes or packets per second over time, as one `<svg>` element.
pub(crate) fn rate_chart(series: &Series, quantity: Quantity, rows: RowsAre) -> String {
    let (line, total, unit_name, colour, soft, id) = match quantity {
        Quantity::Bytes => {
            (&series.bytes_rate, series.bytes(), "", "var(--bytes)", "var(--bytes-soft)", "bytes")
        }
        Quantity::Packets => (
            &series.packets_rate,
            series.packets(),
            "packets",
            "var(--packets)",
            "var(--packets-soft)",
            "packets",
        ),
    };
    let largest = line.max().unwrap_or(0.0);
    let prefix = quantity.prefix(largest);
    let axis = units::axis(largest / prefix.factor);
    let mean = mean_rate(&series.range, total) / prefix.factor;

    let mut points = scaled(line, &series.range, prefix.factor);
    let stepped = series.range.bins <= u64::from(DRAWN_WIDTH) / 2;
    if let (true, Some(&(_, last))) = (stepped, points.last()) {
        // The last bin lasts until the end of the range.
        points.push((end_s(&series.range), last));
    }
    let crowded = is_crowded(&series.range);
    let mut bins = LinePlot::new().with_data(points).with_color(if crowded { soft } else { colour });
    bins = bins.with_stroke_width(1.2).with_fill().with_fill_opacity(0.16);
    if stepped {
        bins = bins.with_step();
    }
    let mut plots = vec![Plot::Line(bins)];
    if crowded {
        let means = slice_means(series, quantity, prefix.factor);
        plots.push(Plot::Line(
            LinePlot::new().with_data(means).with_step().with_color(colour).with_stroke_width(1.6),
        ));
    }
    let unit =
        [prefix.name, unit_name].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let layout = page_layout(&series.range, RATE_CHART, axis)
        .with_y_label(format!("{unit} per second"))
        .with_x_label(x_label(&series.range))
        .with_reference_line(
            ReferenceLine::horizontal(mean)
                .with_color("var(--ink)")
                .with_stroke_width(1.0)
                .with_dasharray("1 4"),
        );
    let mut scene = render_multiple(plots, layout);
    add_read_outs(&mut scene, series, quantity, rows);
    let what = if quantity == Quantity::Bytes { "Bytes" } else { "Packets" };
    let title = format!("{what} per second over time");
    let description = format!(
        "{what} of the {} that start in each bin of {}, from {} to {} UTC. Mean {}, largest {}.",
        rows.words().0,
        units::duration(series.range.step_ms.into()),
        time::plain(series.range.start_ms),
        time::plain(series.range.time_ms(series.range.bins)),
        units::rate(quantity, mean * prefix.factor),
        units::rate(quantity, largest),
    );
    finish(scene, id, &title, &description)
}

/// The chart of the articles: means per flow and bin, bytes divided by 1024, at ten by four inches.
pub(crate) fn article_chart(series: &Series) -> String {
    let kilobytes = scaled_max(&series.bytes_mean, 1024.0);
    let packets = scaled_max(&series.packets_mean, 1.0);
    let axis = units::axis(kilobytes.max(packets));
    let mut plots = Vec::new();
    let lines = [
        (&series.bytes_mean, 1024.0, "var(--article-bytes)"),
        (&series.packets_mean, 1.0, "var(--article-packets)"),
    ];
    for (thinned, divisor, colour) in lines {
        for run in thinned.runs() {
            let run = Thinned { columns: run.to_vec(), thinned: false };
            let points = scaled(&run, &series.range, divisor);
            plots.push(Plot::Line(
                LinePlot::new().with_data(points).with_color(colour).with_stroke_width(1.0),
            ));
        }
        let points = scaled(thinned, &series.range, divisor);
        plots.push(Plot::Scatter(
            ScatterPlot::new().with_data(points).with_color(colour).with_size(MARKER / 2.0),
        ));
    }
    let entry = |label: &str, colour: &str| LegendEntry {
        label: label.to_owned(),
        color: colour.to_owned(),
        shape: LegendShape::Line,
        dasharray: None,
    };
    let layout = page_layout(&series.range, ARTICLE_CHART, axis)
        .with_title("KB/s, Kp/s")
        .with_title_size(16)
        .with_x_label("Time UTC")
        .with_y_label("KBps or KPps")
        .with_minor_ticks(5)
        .with_show_minor_grid(true)
        .with_legend_entries(vec![
            entry("KBytes/s", "var(--article-bytes)"),
            entry("Kp/s", "var(--article-packets)"),
        ])
        .with_legend_position(quietest_corner(series, axis.max));
    let mut scene = render_multiple(plots, layout);
    keep_article_grid(&mut scene);
    let description = format!(
        "Mean kilobytes and mean packets per flow, by the {} in which the flow starts.",
        units::duration(series.range.step_ms.into())
    );
    finish(scene, "article", "KB/s, Kp/s", &description)
}

/// Where the legend covers least: the upper corner or middle under which the lines stay lowest.
fn quietest_corner(series: &Series, top: f64) -> LegendPosition {
    let height = |from: u64, to: u64| {
        let bins = series.range.bins.max(1);
        let place = |index: u64| u128::from(index) * 12 / u128::from(bins);
        let inside = |index: u64| (u128::from(from)..u128::from(to)).contains(&place(index));
        let lines = [(&series.bytes_mean, 1024.0), (&series.packets_mean, 1.0)];
        let values = lines.into_iter().flat_map(|(line, divisor)| {
            line.points().filter(|point| inside(point.index)).map(move |point| point.value / divisor)
        });
        values.fold(0.0, f64::max)
    };
    // The box takes up to a sixth of the width, and the upper quarter of the height.
    let places = [
        (LegendPosition::InsideTopRight, height(10, 12)),
        (LegendPosition::InsideTopLeft, height(0, 2)),
        (LegendPosition::InsideTopCenter, height(5, 7)),
    ];
    let free = places.iter().find(|(_, height)| *height < 0.75 * top);
    let least = || places.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    free.or_else(least).map_or(LegendPosition::InsideTopRight, |(position, _)| *position)
}

/// Whether so many bins share a pixel that their line hides how much there is on the whole; then the means of
/// stretches of bins are drawn over it.
pub(crate) fn is_crowded(range: &TimeRange) -> bool {
    range.bins > u64::from(DRAWN_WIDTH)
}

fn slice_means(series: &Series, quantity: Quantity, divisor: f64) -> Vec<(f64, f64)> {
    let range = &series.range;
    let mean = |slice: &Slice| {
        let bins = TimeRange { bins: slice.end.saturating_sub(slice.start), ..*range };
        let sum = if quantity == Quantity::Bytes { slice.bytes } else { slice.packets };
        mean_rate(&bins, sum) / divisor
    };
    let start = |slice: &Slice| range.time_ms(slice.start) as f64 / 1000.0;
    let mut means: Vec<_> = series.slices.iter().map(|slice| (start(slice), mean(slice))).collect();
    // The last stretch lasts until the end of the range.
    means.extend(series.slices.last().map(|slice| (end_s(range), mean(slice))));
    means
}

/// The mean rate over the whole range.
pub(crate) fn mean_rate(range: &TimeRange, total: i128) -> f64 {
    range.per_second(total) / range.bins.max(1) as f64
}

/// Size and margins of a drawing, in pixels.
struct Frame {
    height: f64,
    top: f64,
    bottom: f64,
}

const RATE_CHART: Frame = Frame { height: 256.0, top: 28.0, bottom: 50.0 };
const ARTICLE_CHART: Frame = Frame { height: 400.0, top: 40.0, bottom: 56.0 };
const WIDTH: f64 = 1000.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = WIDTH - LEFT - DRAWN_WIDTH as f64;
/// Diameter of the articles' markers.
const MARKER: f64 = 3.0;
/// Width of a major grid line; `kuva` draws minor ones half as wide.
const GRID: f64 = 1.0;

fn page_layout(range: &TimeRange, frame: Frame, axis: units::Axis) -> Layout {
    let (start, end) = (start_s(range), end_s(range));
    let decimals = axis.decimals;
    let mut layout = Layout::new((start, end), (0.0, axis.max))
        .with_width(WIDTH)
        .with_height(frame.height)
        .with_force_margins(LEFT, RIGHT)
        .with_force_margins_y(frame.top, frame.bottom)
        .with_x_axis_min(start)
        .with_x_axis_max(end)
        .with_y_axis_min(0.0)
        .with_y_axis_max(axis.max)
        .with_y_tick_step(axis.step)
        .with_y_tick_format(TickFormat::Custom(Arc::new(move |value| format!("{value:.decimals$}"))))
        .with_x_label_overlap(AxisLabelOverlap::Thin)
        .with_font_family("inherit")
        .with_label_size(13)
        .with_tick_size(12)
        .with_body_size(12)
        .with_grid_line_width(GRID)
        .with_theme(theme());
    layout = match time_axis(start, end) {
        Some(axis) => layout.with_x_datetime(axis),
        None => layout.with_x_tick_format(TickFormat::Custom(Arc::new(|seconds| format!("@{seconds:.0}")))),
    };
    layout
}

fn theme() -> Theme {
    Theme {
        background: "none".into(),
        axis_color: "var(--axis)".into(),
        grid_color: "var(--grid)".into(),
        tick_color: "var(--axis)".into(),
        text_color: "var(--muted)".into(),
        legend_bg: "var(--paper)".into(),
        legend_border: "var(--line)".into(),
        ..Theme::light()
    }
}

/// A unit and step of the calendar that give at most ten labels; none outside of the years that a calendar prints.
fn time_axis(start: f64, end: f64) -> Option<DateTimeAxis> {
    if start < -62_135_596_800.0 || end > 253_402_300_799.0 {
        return None;
    }
    let (unit, step, _, format) = TIME_STEPS
        .into_iter()
        .find(|(_, step, seconds, _)| (end - start) / (*step as f64 * seconds) <= 10.0)
        .unwrap_or((DateUnit::Year, 1000, YEAR, "%Y"));
    Some(DateTimeAxis { unit, step, format: format.to_owned() })
}

pub(crate) const DAY_MS: i64 = 86_400_000;
const DAY: f64 = 86_400.0;
const MONTH: f64 = 30.4 * DAY;
const YEAR: f64 = 365.0 * DAY;

/// Unit, number of units, seconds of a unit, form of the label.
const TIME_STEPS: [(DateUnit, usize, f64, &str); 27] = [
    (DateUnit::Second, 1, 1.0, "%H:%M:%S"),
    (DateUnit::Second, 2, 1.0, "%H:%M:%S"),
    (DateUnit::Second, 5, 1.0, "%H:%M:%S"),
    (DateUnit::Second, 10, 1.0, "%H:%M:%S"),
    (DateUnit::Second, 15, 1.0, "%H:%M:%S"),
    (DateUnit::Second, 30, 1.0, "%H:%M:%S"),
    (DateUnit::Minute, 1, 60.0, "%H:%M"),
    (DateUnit::Minute, 2, 60.0, "%H:%M"),
    (DateUnit::Minute, 5, 60.0, "%H:%M"),
    (DateUnit::Minute, 10, 60.0, "%H:%M"),
    (DateUnit::Minute, 15, 60.0, "%H:%M"),
    (DateUnit::Minute, 30, 60.0, "%H:%M"),
    (DateUnit::Hour, 1, 3600.0, "%H:%M"),
    (DateUnit::Hour, 2, 3600.0, "%H:%M"),
    (DateUnit::Hour, 3, 3600.0, "%d %b %H:%M"),
    (DateUnit::Hour, 6, 3600.0, "%d %b %H:%M"),
    (DateUnit::Hour, 12, 3600.0, "%d %b %H:%M"),
    (DateUnit::Day, 1, DAY, "%d %b"),
    (DateUnit::Day, 2, DAY, "%d %b"),
    (DateUnit::Week, 1, 7.0 * DAY, "%d %b %Y"),
    (DateUnit::Week, 2, 7.0 * DAY, "%d %b %Y"),
    (DateUnit::Month, 1, MONTH, "%b %Y"),
    (DateUnit::Month, 3, MONTH, "%b %Y"),
    (DateUnit::Year, 1, YEAR, "%Y"),
    (DateUnit::Year, 5, YEAR, "%Y"),
    (DateUnit::Year, 20, YEAR, "%Y"),
    (DateUnit::Year, 100, YEAR, "%Y"),
];

/// The day stands in the axis label where it is one day only.
fn x_label(range: &TimeRange) -> String {
    let day = |ms: i64| time::plain(ms).split(' ').next().map(str::to_owned);
    let last = range.time_ms(range.bins.saturating_sub(1));
    match (day(range.start_ms), day(last)) {
        (Some(first), Some(last)) if first == last => format!("Time UTC, {first}"),
        _ => "Time UTC".to_owned(),
    }
}

/// The axis starts at a whole second, as its labels do.
fn start_s(range: &TimeRange) -> f64 {
    range.start_ms.div_euclid(1000) as f64
}

fn end_s(range: &TimeRange) -> f64 {
    let (start, end) = (start_s(range), range.time_ms(range.bins) as f64 / 1000.0);
    // At the end of all representable times a bin has no length; an axis must have one, also after rounding.
    if end > start { end } else { start + start.abs().mul_add(1e-9, 1.0) }
}

fn scaled(thinned: &Thinned, range: &TimeRange, divisor: f64) -> Vec<(f64, f64)> {
    let time = |index| range.time_ms(index) as f64 / 1000.0;
    thinned.points().map(|point| (time(point.index), point.value / divisor)).collect()
}

fn scaled_max(thinned: &Thinned, divisor: f64) -> f64 {
    thinned.max().unwrap_or(0.0) / divisor
}

/// Over each stretch of the chart an unseen rectangle, and a line of text that shows while the pointer is on it.
fn add_read_outs(scene: &mut Scene, series: &Series, quantity: Quantity, rows: RowsAre) {
    let range = &series.range;
    let (start, end) = (start_s(range), end_s(range));
    let x = |index: u64| {
        let share = (range.time_ms(index) as f64 / 1000.0 - start) / (end - start);
        LEFT + share.clamp(0.0, 1.0) * f64::from(DRAWN_WIDTH)
    };
    for slice in &series.slices {
        let (left, right) = (x(slice.start), x(slice.end));
        scene.add(group("class=\"slice\""));
        scene.add(Primitive::Rect {
            x: left,
            y: RATE_CHART.top,
            width: right - left,
            height: RATE_CHART.height - RATE_CHART.top - RATE_CHART.bottom,
            fill: "var(--ink)".into(),
            stroke: None,
            stroke_width: None,
            opacity: None,
        });
        scene.add(Primitive::Text {
            x: WIDTH - RIGHT,
            y: RATE_CHART.top - 10.0,
            content: read_out(slice, range, quantity, rows),
            size: 13,
            anchor: TextAnchor::End,
            rotate: None,
            bold: false,
            color: Some("var(--ink)".into()),
        });
        scene.add(Primitive::GroupEnd);
    }
}

fn read_out(slice: &Slice, range: &TimeRange, quantity: Quantity, rows: RowsAre) -> String {
    let (sum, peak) = match quantity {
        Quantity::Bytes => (slice.bytes, slice.peak_bytes),
        Quantity::Packets => (slice.packets, slice.peak_packets),
    };
    let (start, end) = (range.time_ms(slice.start), range.time_ms(slice.end));
    let bins = TimeRange { bins: slice.end.saturating_sub(slice.start), ..*range };
    let mean = units::rate(quantity, mean_rate(&bins, sum));
    let flows = format!("{} {}", units::count(slice.flows), rows.words().0);
    let whole_days = end.saturating_sub(start) >= DAY_MS;
    let when =
        format!("{} – {}", time::plain(start), if whole_days { time::plain(end) } else { time::clock(end) });
    if bins.bins == 1 {
        return format!("{when} · {mean} · {flows}");
    }
    let peak = units::rate(quantity, range.per_second(peak));
    format!("{when} · mean {mean} · largest {peak} · {flows}")
}

/// The articles' grid: minor lines of time and major lines of value, and no others.
fn keep_article_grid(scene: &mut Scene) {
    let grid = kuva::render::color::Color::from("var(--grid)").to_svg_string();
    scene.elements.retain(|element| match element {
        Primitive::Line { x1, x2, stroke, stroke_width, .. } if stroke.to_svg_string() == grid => {
            let minor = *stroke_width < GRID;
            minor == (x1 == x2)
        }
        _ => true,
    });
}

fn group(attributes: &str) -> Primitive {
    Primitive::GroupStart { transform: None, title: None, extra_attrs: Some(attributes.to_owned()) }
}

/// The scene as an `<svg>` element that scales with its page and says what it shows.
fn finish(mut scene: Scene, id: &str, title: &str, description: &str) -> String {
    scene.background_color = None;
    name_clips(&mut scene, id);
    let drawn = SvgBackend::new().render_scene(&scene);
    // kuva opens with one <svg …> tag of fixed size; ours has a viewBox instead, and the names that readers hear.
    let content = drawn.split_once('>').map_or("", |(_, content)| content);
    let (width, height) = (scene.width, scene.height);
    let (title, description) = (escape(title), escape(description));
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"inherit\" \
         fill=\"var(--muted)\" aria-labelledby=\"{id}-title {id}-text\"><title id=\"{id}-title\">{title}</title>\
         <desc id=\"{id}-text\">{description}</desc>{content}"
    )
}

/// kuva numbers clip paths through the whole process; equal data must give equal bytes, so they are named anew.
fn name_clips(scene: &mut Scene, prefix: &str) {
    let mut number = 0;
    for element in &mut scene.elements {
        if let Primitive::ClipStart { id, .. } = element {
            let name = format!("{prefix}-clip-{number}");
            number += 1;
            let (old, new) = (format!("id=\"{id}\""), format!("id=\"{name}\""));
            scene.defs.iter_mut().for_each(|definition| *definition = definition.replace(&old, &new));
            *id = name;
        }
    }
}
