//! The page: one HTML file that loads nothing and runs no script.

use crate::chart;
use crate::html::Html;
use crate::protocols;
use crate::series::Series;
use crate::summary::{Account, BytesAre, RowsAre, Summary, TopRow};
use crate::time;
use crate::units::{self, Quantity};

/// What a report shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportData {
    /// The numbers; [`crate::write_report`] writes them as `summary.json` too.
    pub summary: Summary,
    /// The series over time.
    pub series: Series,
}

/// Which chart the page has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Bytes per second and packets per second.
    #[default]
    Rates,
    /// The chart of the articles: means per flow under their own labels, and a note on why these are not rates.
    Article,
}

/// The report as one HTML page. Equal data give equal bytes.
///
/// # Cost
/// Independent of the number of flows and bins: some 100 to 500 kB.
#[must_use]
pub fn page(data: &ReportData, style: Style) -> String {
    let ReportData { summary, series } = data;
    let mut html = Html::default();
    head(&mut html, summary);
    html.raw("<body>\n");
    header(&mut html, summary);
    html.raw("<main>\n");
    tiles(&mut html, summary, series);
    over_time(&mut html, summary, series, style);
    talkers(&mut html, summary);
    protocol_table(&mut html, summary);
    accounts(&mut html, summary);
    notes(&mut html, summary);
    inputs(&mut html, summary);
    html.raw("</main>\n<footer>Written by flow-report ").text(env!("CARGO_PKG_VERSION"));
    html.raw(
        ". All times are UTC. The page is this one file: it loads nothing and runs no script.</footer>\n",
    );
    html.raw("</body>\n</html>\n");
    html.finish()
}

fn head(html: &mut Html, summary: &Summary) {
    html.raw(concat!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; ",
        "img-src data:; base-uri 'none'; form-action 'none'\">\n",
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n",
        "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>",
    ));
    html.text(summary.rows_are.say(&format!("Network flows, {}", span(summary))));
    html.raw("</title>\n<style>\n").raw(include_str!("page.css")).raw("</style>\n</head>\n");
}

/// What, when and where, and the sentences.
fn header(html: &mut Html, summary: &Summary) {
    html.raw("<header>\n<p class=\"kicker\">");
    let rows = summary.rows_are;
    html.text(rows.say("Network flows"));
    match summary.inputs.as_slice() {
        [] => {}
        [only] => {
            html.text(" from ").raw("<bdi>").text(&only.path).raw("</bdi>");
        }
        several => {
            html.text(format!(" from {} inputs", units::count(several.len() as u64)));
        }
    }
    html.raw("</p>\n<h1>").text(span(summary)).raw("</h1>\n<p class=\"lede\">");
    let [volume, addresses, protocols] = summary.sentences();
    html.text(volume).raw(". ").text(addresses).raw(" ").text(protocols).raw("</p>\n");
    if let Some(window) = &summary.window {
        let end = |ns: Option<i128>| ns.map_or_else(|| "open".to_owned(), time::sentence);
        html.raw("<p class=\"hint\">Window: ").text(end(window.start)).raw(" to ").text(end(window.end));
        html.text(rows.say(match window.mode.as_str() {
            "start" => "; a flow counts if it starts after the first and not after the second.",
            "overlap" => "; a flow counts if it is under way at any time between them, both included.",
            _ => ".",
        }));
        html.raw(" MB in the sentence above means MiB, 1,048,576 bytes.</p>\n");
    } else {
        html.raw("<p class=\"hint\">MB in the sentence above means MiB, 1,048,576 bytes.</p>\n");
    }
    html.raw("</header>\n");
}

/// First to last flow start; the day once, if it is one day.
fn span(summary: &Summary) -> String {
    let (Some(first), Some(last)) = (summary.first, summary.last) else {
        return summary.rows_are.say("no flows");
    };
    let (first, last) = (time::plain(whole_second(first)), time::plain(whole_second(last)));
    match (first.split_once(' '), last.split_once(' ')) {
        (Some((day, _)), Some((same, clock))) if day == same => format!("{first} – {clock} UTC"),
        _ => format!("{first} – {last} UTC"),
    }
}

fn whole_second(ms: i64) -> i64 {
    ms.saturating_sub(ms.rem_euclid(1000))
}

fn whole_day(ms: i64) -> i64 {
    ms.div_euclid(chart::DAY_MS)
}

fn tiles(html: &mut Html, summary: &Summary, series: &Series) {
    let range = series.range();
    html.raw("<dl class=\"tiles\">\n");
    let mut tile = |name: &str, value: String, more: String| {
        html.raw("<div><dt>").text(name).raw("</dt><dd class=\"value\">").text(value);
        html.raw("</dd><dd class=\"more\">").text(more).raw("</dd></div>\n");
    };
    let plain_bytes = format!("{} bytes", units::count(summary.bytes));
    let rate = units::rate(Quantity::Bytes, chart::mean_rate(&range, series.bytes()));
    let peak = match series.peak_bytes() {
        Some(peak) => {
            let value = units::rate(Quantity::Bytes, range.per_second(peak.sum));
            let one_day = whole_day(range.start_ms) == whole_day(range.time_ms(range.bins.saturating_sub(1)));
            let when = if one_day { time::clock(peak.time_ms) } else { time::plain(peak.time_ms) };
            format!("largest {value} at {when}")
        }
        None => String::new(),
    };
    let size = match summary.bytes.checked_div(summary.packets) {
        Some(mean) => format!("{} bytes each on average", units::count(mean)),
        None => String::new(),
    };
    let flows = format!("of {} rows read", units::count(summary.accounts.read.rows));
    let protocol = summary.top.protocol_bytes.first().map(|row| {
        format!("{} has {} of bytes", protocol_name(&row.key), units::percent(row.bytes, summary.bytes))
    });
    tile("Volume", units::bytes(summary.bytes as f64), plain_bytes);
    tile("Mean rate", rate, peak);
    tile("Packets", units::tile(summary.packets), size);
    match summary.rows_are {
        RowsAre::Flows => tile("Flows", units::tile(summary.flows.into()), flows),
        // A row is a packet, and those are told already.
        RowsAre::Packets => {}
        RowsAre::Both => tile("Flows and packets", units::tile(summary.flows.into()), flows),
    }
    tile(
        "Addresses",
        units::count(summary.sip),
        format!("sources, to {} destinations", units::count(summary.dip)),
    );
    tile("Protocols", units::count(summary.protocols), protocol.unwrap_or_default());
    html.raw("</dl>\n");
}

fn over_time(html: &mut Html, summary: &Summary, series: &Series, style: Style) {
    html.raw("<section aria-labelledby=\"over-time\">\n<h2 id=\"over-time\">Traffic over time</h2>\n");
    if series.range().bins == 0 || summary.flows == 0 {
        let nothing = summary.rows_are.say("No flow, so there is nothing to draw.");
        html.raw("<p class=\"hint\">").text(nothing).raw("</p>\n</section>\n");
        return;
    }
    match style {
        Style::Rates => rates(html, series, summary.rows_are),
        Style::Article => article(html, series, summary.rows_are),
    }
    html.raw("</section>\n");
}

fn rates(html: &mut Html, series: &Series, rows: RowsAre) {
    let range = series.range();
    let step = units::duration(range.step_ms.into());
    html.raw("<p class=\"hint\">").raw(match rows {
        RowsAre::Packets => "A packet counts in the bin of its time. ",
        _ => concat!(
            "A flow counts whole in the bin of time in which it starts: its bytes and packets are ",
            "not spread over its duration. "
        ),
    });
    html.text(if range.step_ms == 1000 {
        "Bins are 1 s long.".to_owned()
    } else {
        format!("Bins are {step} long and divided by that length, so the values are per second.")
    });
    html.raw(" ").text(emptiness(series, rows)).raw(" The dotted line is the mean over the whole time.");
    if chart::is_crowded(&range) {
        html.raw(" The pale line is the single bins, the strong one the mean of every ");
        html.text(units::duration(series.slice_ms())).raw(".");
    }
    if series.bytes_rate.thinned || series.packets_rate.thinned {
        html.raw(" There are more bins than can be drawn: of each pixel's bins the first, last, least and largest are.");
    }
    html.raw(" Point at a chart to read it.</p>\n");
    html.raw("<figure>\n<figcaption><span class=\"key bytes\"></span>Bytes per second</figcaption>\n");
    html.raw(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Chart of bytes per second\">",
    );
    html.drawing(&chart::rate_chart(series, Quantity::Bytes, rows)).raw("</div>\n</figure>\n");
    html.raw("<figure>\n<figcaption><span class=\"key packets\"></span>Packets per second</figcaption>\n");
    html.raw(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Chart of packets per second\">",
    );
    html.drawing(&chart::rate_chart(series, Quantity::Packets, rows)).raw("</div>\n</figure>\n");
}

fn emptiness(series: &Series, rows: RowsAre) -> String {
    let bins = units::count(series.range().bins);
    match series.empty_bins() {
        0 => rows.say("In every bin a flow starts."),
        empty => {
            let text =
                format!("In {} of the {bins} bins no flow starts; they are drawn as 0.", units::count(empty));
            rows.say(&text)
        }
    }
}

/// Why the labels are not rates: acceptance of the articles' chart asks for their words and for the truth about them.
fn article(html: &mut Html, series: &Series, rows: RowsAre) {
    let step = units::duration(series.range().step_ms.into());
    html.raw(
        "<figure>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Chart KB/s, Kp/s\">",
    );
    html.drawing(&chart::article_chart(series)).raw("</div>\n</figure>\n");
    html.raw(
        "<p class=\"note\"><strong>The labels are those of the articles; the values are not rates.</strong> ",
    );
    html.text(rows.say(&format!(
        "Each point is a mean per flow, over the flows that start in the same bin of {step}. \
         “KBytes/s” is the mean number of bytes of such a flow divided by 1024, and that division does not make \
         it bytes per second. “Kp/s” is the mean number of packets of such a flow, and is not divided by 1000. \
         In {} of the {} bins no flow starts; they have no mean and stay empty. ",
        units::count(series.empty_bins()),
        units::count(series.range().bins),
    )));
    html.raw("The report in its usual style draws bytes and packets per second.</p>\n");
}

fn talkers(html: &mut Html, summary: &Summary) {
    html.raw("<section aria-labelledby=\"talkers\">\n<h2 id=\"talkers\">Top talkers</h2>\n");
    let hint = "Addresses by the bytes of all their flows; the share is that of all bytes.";
    html.raw("<p class=\"hint\">").text(summary.rows_are.say(hint)).raw("</p>\n");
    // Two tables side by side have no room for long IPv6 addresses.
    let rows = || summary.top.sip_bytes.iter().chain(&summary.top.dip_bytes);
    let wide = rows().any(|row| row.key.len() > 24);
    html.raw(if wide { "<div class=\"pair wide\">\n" } else { "<div class=\"pair\">\n" });
    top_table(html, "Sources", &summary.top.sip_bytes, summary);
    top_table(html, "Destinations", &summary.top.dip_bytes, summary);
    html.raw("</div>\n</section>\n");
}

fn top_table(html: &mut Html, caption: &'static str, rows: &[TopRow], summary: &Summary) {
    html.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"").raw(caption);
    html.raw("\"><table>\n<caption>").raw(caption).raw(concat!(
        "</caption>\n<thead><tr><th scope=\"col\" class=\"rank\">#</th><th scope=\"col\">Address</th>",
        "<th scope=\"col\" class=\"n\">Bytes</th><th scope=\"col\" class=\"share\">Share</th>",
        "<th scope=\"col\" class=\"n\">Packets</th>",
    ));
    html.raw(last_column(summary.rows_are));
    for (place, row) in rows.iter().enumerate() {
        html.raw("<tr><td class=\"rank\">").text(units::count(place as u64 + 1));
        html.raw("</td><th scope=\"row\" class=\"address mono\">").text(&row.key).raw("</th>");
        numbers(html, row, summary);
        html.raw("</tr>\n");
    }
    if rows.is_empty() {
        html.raw("<tr><td colspan=\"6\">None.</td></tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n");
}

/// The end of a table's head: the number of rows, unless a row is a packet.
fn last_column(rows: RowsAre) -> &'static str {
    match rows {
        RowsAre::Flows => "<th scope=\"col\" class=\"n\">Flows</th></tr></thead>\n<tbody>\n",
        RowsAre::Packets => "</tr></thead>\n<tbody>\n",
        RowsAre::Both => "<th scope=\"col\" class=\"n\">Flows and packets</th></tr></thead>\n<tbody>\n",
    }
}

/// Bytes, their share as a bar, packets and flows.
fn numbers(html: &mut Html, row: &TopRow, summary: &Summary) {
    let total = summary.bytes;
    let width = units::fraction(row.bytes, total).unwrap_or(0.0) * 100.0;
    html.raw("<td class=\"n\">").text(units::count(row.bytes)).raw("</td><td class=\"share\"><span>");
    html.text(units::percent(row.bytes, total))
        .raw("</span><span class=\"bar\" aria-hidden=\"true\"><i style=\"width:");
    html.text(format!("{width:.2}"))
        .raw("%\"></i></span></td><td class=\"n\">")
        .text(units::count(row.packets));
    if summary.rows_are != RowsAre::Packets {
        html.raw("</td><td class=\"n\">").text(units::count(row.flows));
    }
    html.raw("</td>");
}

fn protocol_table(html: &mut Html, summary: &Summary) {
    if summary.top.protocol_bytes.is_empty() {
        return;
    }
    html.raw(concat!(
        "<section aria-labelledby=\"protocols\">\n<h2 id=\"protocols\">Protocols</h2>\n",
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Protocols\"><table>\n",
        "<thead><tr><th scope=\"col\" class=\"n rank\">No.</th><th scope=\"col\">Name</th>",
        "<th scope=\"col\" class=\"n\">Bytes</th><th scope=\"col\" class=\"share\">Share</th>",
        "<th scope=\"col\" class=\"n\">Packets</th>",
    ));
    html.raw(last_column(summary.rows_are));
    for row in &summary.top.protocol_bytes {
        html.raw("<tr><td class=\"n rank\">").text(&row.key).raw("</td><th scope=\"row\">");
        html.text(protocol_name(&row.key)).raw("</th>");
        numbers(html, row, summary);
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n</section>\n");
}

fn protocol_name(key: &str) -> String {
    match key.parse().ok().and_then(protocols::name) {
        Some(name) => name.to_owned(),
        None => format!("protocol {key}"),
    }
}

fn accounts(html: &mut Html, summary: &Summary) {
    let accounts = &summary.accounts;
    html.raw(concat!(
        "<section aria-labelledby=\"accounts\">\n<h2 id=\"accounts\">Accounts</h2>\n",
        "<p class=\"hint\">What became of every row: read = delivered + filtered + refused.</p>\n",
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Accounts\"><table>\n",
        "<thead><tr><th scope=\"col\">Rows</th><th scope=\"col\" class=\"n\">Number</th>",
        "<th scope=\"col\" class=\"n\">Share</th><th scope=\"col\" class=\"n\">Bytes</th>",
        "<th scope=\"col\">Which bytes</th></tr></thead>\n<tbody>\n",
    ));
    let all = accounts.read.rows;
    account_row(html, "Delivered: they count in this report", &accounts.delivered, all);
    account_row(html, "Filtered: outside of the window or left out by a condition", &accounts.filtered, all);
    for (reason, account) in &accounts.refused {
        account_row(html, &format!("Refused: {reason}"), account, all);
    }
    if accounts.refused.is_empty() {
        account_row(
            html,
            "Refused",
            &Account { bytes_are: accounts.read.bytes_are, ..Account::default() },
            all,
        );
    }
    html.raw("</tbody>\n<tfoot class=\"total\">");
    account_row(html, "Read", &accounts.read, all);
    html.raw("</tfoot>\n</table></div>\n");
    if !accounts.balance() {
        html.raw("<p class=\"note warn\">These accounts do not balance. Do not rely on the numbers of this report.</p>\n");
    }
    html.raw("</section>\n");
}

fn account_row(html: &mut Html, name: &str, account: &Account, all: u64) {
    html.raw("<tr><th scope=\"row\">")
        .text(name)
        .raw("</th><td class=\"n\">")
        .text(units::count(account.rows));
    html.raw("</td><td class=\"n\">").text(units::percent(account.rows.into(), all.into()));
    html.raw("</td><td class=\"n\">").text(units::count(account.bytes)).raw("</td><td>");
    html.raw(match account.bytes_are {
        BytesAre::Traffic => "traffic",
        BytesAre::Stored => "stored records",
    });
    html.raw("</td></tr>\n");
}

fn notes(html: &mut Html, summary: &Summary) {
    if summary.notes.is_empty() {
        return;
    }
    html.raw("<section aria-labelledby=\"notes\">\n<h2 id=\"notes\">Notes</h2>\n<ul class=\"notes\">\n");
    for note in &summary.notes {
        html.raw("<li>").text(note).raw("</li>\n");
    }
    html.raw("</ul>\n</section>\n");
}

fn inputs(html: &mut Html, summary: &Summary) {
    html.raw(concat!(
        "<section aria-labelledby=\"inputs\">\n<h2 id=\"inputs\">Inputs</h2>\n",
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Inputs\"><table>\n",
        "<thead><tr><th scope=\"col\">File</th><th scope=\"col\">Content</th>",
        "<th scope=\"col\" class=\"n\">Rows</th><th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n",
    ));
    for input in &summary.inputs {
        html.raw("<tr><th scope=\"row\" class=\"path\"><bdi>").text(&input.path).raw("</bdi></th><td>");
        html.text(&input.kind).raw("</td><td class=\"n\">").text(units::count(input.rows));
        html.raw("</td><td class=\"hash mono\">");
        html.text(input.sha256.as_deref().unwrap_or("not computed")).raw("</td></tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n</section>\n");
}
