//! Tables as text (semantics 8 and 9).

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::thread;

use pcap_headers::{EndKind, TimeParts};

use super::end::End;
use super::table::{Conversation, Conversations, Endpoint, Endpoints, Sum};

const RULER: &str = "================================================================================";

const CONVERSATIONS: [&str; 2] = [
    "|       <-      | |       ->      | |     Total     |    Relative    |   Duration   |",
    "| Frames  Bytes | | Frames  Bytes | | Frames  Bytes |      Start     |              |",
];
const ENDPOINTS: &str = "|  Packets  | |  Bytes  | | Tx Packets | | Tx Bytes | | Rx Packets | | Rx Bytes |";

fn kind_name(kind: EndKind) -> &'static str {
    match kind {
        EndKind::Eth => "Ethernet",
        EndKind::Ipv4 => "IPv4",
        EndKind::Ipv6 => "IPv6",
        EndKind::Tcp => "TCP",
        EndKind::Udp => "UDP",
    }
}

/// What a table holds.
pub(super) fn name(kind: EndKind, is_conversation: bool) -> String {
    format!("{} {}", kind_name(kind), if is_conversation { "Conversations" } else { "Endpoints" })
}

fn has_ports(kind: EndKind) -> bool {
    matches!(kind, EndKind::Tcp | EndKind::Udp)
}

/// Rows that a thread makes text of at a time.
const SHARE: usize = 8192;

/// Where text goes.
pub(super) type Put<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// Puts the text of all rows, made on several threads if there are many.
fn rows<R: Sync>(rows: &[&R], put: &mut Put<'_>, write: impl Fn(&R, &mut Vec<u8>) + Sync) -> io::Result<()> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let make = &|rows: &[&R], text: &mut Vec<u8>| rows.iter().for_each(|row| write(row, text));
    let mut texts = vec![Vec::new(); threads];
    for turn in rows.chunks(threads.saturating_mul(SHARE)) {
        texts.iter_mut().for_each(Vec::clear);
        thread::scope(|scope| {
            let mut parts = turn.chunks(SHARE).zip(&mut texts);
            let own = parts.next();
            parts.for_each(|(part, text)| {
                let _ = thread::Builder::new().spawn_scoped(scope, move || make(part, text));
            });
            own.into_iter().for_each(|(part, text)| make(part, text));
        });
        for (part, text) in turn.chunks(SHARE).zip(&mut texts) {
            // The system may have refused a thread.
            if text.is_empty() {
                make(part, text);
            }
            put(text)?;
        }
    }
    Ok(())
}

/// Memory takes all that is written.
fn line(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
    out.push(b'\n');
}

fn head(out: &mut Vec<u8>, kind: EndKind, is_conversation: bool) {
    line(out, format_args!("{RULER}\n{}\nFilter:<No Filter>", name(kind, is_conversation)));
}

impl<E: End> Conversations<E> {
    /// Puts the table.
    pub(super) fn write(&self, put: &mut Put<'_>) -> io::Result<()> {
        let out = &mut Vec::new();
        head(out, self.kind, true);
        let (indent, ends) = if has_ports(self.kind) { (59, 26) } else { (47, 20) };
        CONVERSATIONS.iter().for_each(|text| line(out, format_args!("{:indent$}{text}", "")));
        put(out)?;
        rows(&self.sorted(), put, |row, out| row.write(ends, out))?;
        put(format!("{RULER}\n").as_bytes())
    }
}

impl<E: End> Conversation<E> {
    fn write(&self, width: usize, out: &mut Vec<u8>) {
        let [forth, back] = self.sums;
        let both = Sum { packets: forth.packets + back.packets, bytes: forth.bytes.wrapping_add(back.bytes) };
        left(width, out, |out| labelled(self.ends[0], out));
        out.extend_from_slice(b" <-> ");
        left(width, out, |out| labelled(self.ends[1], out));
        for sum in [back, forth, both] {
            out.extend_from_slice(b"  ");
            number(6, sum.packets, out);
            out.push(b' ');
            left(9, out, |out| size(sum.bytes, out));
        }
        out.extend_from_slice(b"  ");
        start(self.earliest, out);
        out.extend_from_slice(b"   ");
        duration(self.earliest, self.latest, out);
        out.push(b'\n');
    }
}

impl<E: End> Endpoints<E> {
    /// Puts the table.
    pub(super) fn write(&self, put: &mut Put<'_>) -> io::Result<()> {
        let out = &mut Vec::new();
        head(out, self.kind, false);
        let port = if has_ports(self.kind) { "|  Port  |" } else { "" };
        line(out, format_args!("{:23}{port}{ENDPOINTS}", ""));
        put(out)?;
        rows(&self.sorted(), put, |row, out| row.write(out))?;
        put(format!("{RULER}\n").as_bytes())
    }
}

/// As the reference prints what a length beyond 31 bits made negative.
fn unsigned(bytes: i64) -> u64 {
    bytes.cast_unsigned()
}

impl<E: End> Endpoint<E> {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { end, sent, received } = self;
        left(20, out, |out| end.write(out));
        let port = end.port().map_or_else(|| " ".to_owned(), |port| format!("     {port:>6}"));
        line(
            out,
            format_args!(
                "{port}     {:6}     {:9}     {:6}       {:9}      {:6}       {:9}   ",
                sent.packets + received.packets,
                unsigned(sent.bytes.wrapping_add(received.bytes)),
                sent.packets,
                unsigned(sent.bytes),
                received.packets,
                unsigned(received.bytes),
            ),
        );
    }
}

/// The address, and the port behind a colon.
fn labelled<E: End>(end: E, out: &mut Vec<u8>) {
    end.write(out);
    if let Some(port) = end.port() {
        out.push(b':');
        number(0, port.into(), out);
    }
}

/// Blanks behind what is written, up to a width.
fn left(width: usize, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let end = out.len() + width;
    write(out);
    if out.len() < end {
        out.resize(end, b' ');
    }
}

/// Digits behind blanks. Tables have many rows: this is several times as fast as the general way.
fn number(width: usize, value: u64, out: &mut Vec<u8>) {
    digits(width, b' ', value, out);
}

fn digits(width: usize, fill: u8, mut value: u64, out: &mut Vec<u8>) {
    let mut text = [fill; 20];
    let mut len = 0;
    for place in text.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        (value, len) = (value / 10, len + 1);
        if value == 0 {
            break;
        }
    }
    let from = text.len() - len.max(width.min(text.len()));
    out.extend_from_slice(text.get(from..).unwrap_or_default());
}

/// Steps of a thousand, taken when there are ten of the next unit, and cut off.
fn size(bytes: i64, out: &mut Vec<u8>) {
    const UNITS: [&str; 7] = [" bytes", " kB", " MB", " GB", " TB", " PB", " EB"];
    let (mut amount, mut unit) = (bytes, 0);
    while amount >= 10_000 && unit + 1 < UNITS.len() {
        (amount, unit) = (amount / 1000, unit + 1);
    }
    if amount < 0 {
        out.push(b'-');
    }
    number(0, amount.unsigned_abs(), out);
    out.extend_from_slice(UNITS.get(unit).copied().unwrap_or_default().as_bytes());
}

/// Below this many seconds a double is right to the nanosecond.
const EXACT: i64 = 1 << 20;
const NANOS: u64 = 1_000_000_000;

/// Nanoseconds, if a double of the seconds has them all.
fn exact(time: TimeParts) -> Option<u64> {
    let nanos = u64::try_from(time.nanos).ok().filter(|nanos| *nanos < NANOS)?;
    let seconds = u64::try_from(time.seconds).ok().filter(|_| time.seconds < EXACT)?;
    Some(seconds * NANOS + nanos)
}

/// `%14.9f` of the seconds.
fn start(time: TimeParts, out: &mut Vec<u8>) {
    let Some(nanos) = exact(time) else {
        let _ = write!(out, "{:14.9}", seconds(time));
        return;
    };
    number(4, nanos / NANOS, out);
    out.push(b'.');
    digits(9, b'0', nanos % NANOS, out);
}

/// `%12.4f` of the difference of two doubles. Far from where rounding turns, it does not matter that they are doubles.
fn duration(earliest: TimeParts, latest: TimeParts, out: &mut Vec<u8>) {
    const STEP: u64 = NANOS / 10_000;
    const MARGIN: u64 = 100;
    let nanos =
        exact(latest).zip(exact(earliest)).and_then(|(latest, earliest)| latest.checked_sub(earliest));
    match nanos.filter(|nanos| (nanos % STEP).abs_diff(STEP / 2) > MARGIN) {
        None => {
            let _ = write!(out, "{:12.4}", seconds(latest) - seconds(earliest));
        }
        Some(nanos) => {
            let steps = (nanos + STEP / 2) / STEP;
            number(7, steps / 10_000, out);
            out.push(b'.');
            digits(4, b'0', steps % 10_000, out);
        }
    }
}

/// As a double, which shows in the last digits.
#[expect(clippy::cast_precision_loss, reason = "as the reference")]
fn seconds(time: TimeParts) -> f64 {
    time.seconds as f64 + f64::from(time.nanos) / 1_000_000_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// As the formats of C have it.
    fn check(earliest: TimeParts, latest: TimeParts) {
        assert_eq!(text(|out| start(earliest, out)), format!("{:14.9}", seconds(earliest)));
        let difference = seconds(latest) - seconds(earliest);
        assert_eq!(text(|out| duration(earliest, latest, out)), format!("{difference:12.4}"));
    }

    fn time() -> impl Strategy<Value = TimeParts> {
        let seconds = prop_oneof![0..3i64, 0..2 * EXACT, -5..5i64, any::<i64>()];
        let nanos = prop_oneof![
            0..1_000_000_000i32,
            (0..10_000i32, -120..120i32).prop_map(|(steps, off)| steps * 100_000 + 50_000 + off),
            any::<i32>(),
        ];
        (seconds, nanos).prop_map(|(seconds, nanos)| TimeParts { seconds, nanos })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn times_are_those_of_doubles(earliest in time(), latest in time()) {
            check(earliest, latest);
        }

        #[test]
        fn numbers(value: u64, width in 0usize..12) {
            assert_eq!(text(|out| number(width, value, out)), format!("{value:width$}"));
        }
    }

    /// Semantics 8.
    #[test]
    fn sizes() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1, "1 bytes"),
            (9_999, "9999 bytes"),
            (10_000, "10 kB"),
            (99_999, "99 kB"),
            (9_999_999, "9999 kB"),
            (10_000_000, "10 MB"),
            (10_000_000_000, "10 GB"),
            (-201_458_128, "-201458128 bytes"),
        ] {
            assert_eq!(text(|out| size(bytes, out)), expected);
        }
    }
}
