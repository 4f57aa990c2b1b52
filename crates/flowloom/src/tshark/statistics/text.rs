//! Tables as text (semantics 8 and 9).

use std::io::Write;

use pcap_headers::{EndKind, TimeParts};

use super::end::End;
use super::table::{Conversation, Conversations, Endpoint, Endpoints};

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

/// Memory takes all that is written.
fn line(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
    out.push(b'\n');
}

fn head(out: &mut Vec<u8>, kind: EndKind, is_conversation: bool) {
    line(out, format_args!("{RULER}\n{}\nFilter:<No Filter>", name(kind, is_conversation)));
}

impl<E: End> Conversations<E> {
    /// Appends the table.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        head(out, self.kind, true);
        let (indent, ends) = if has_ports(self.kind) { (59, 26) } else { (47, 20) };
        CONVERSATIONS.iter().for_each(|text| line(out, format_args!("{:indent$}{text}", "")));
        self.sorted().into_iter().for_each(|row| row.write(ends, out));
        line(out, format_args!("{RULER}"));
    }
}

impl<E: End> Conversation<E> {
    fn write(&self, width: usize, out: &mut Vec<u8>) {
        let [a, b] = self.ends.map(labelled);
        let [forth, back] = self.sums;
        let packets = forth.packets + back.packets;
        let [forth_size, back_size, size] =
            [forth.bytes, back.bytes, forth.bytes.wrapping_add(back.bytes)].map(size);
        let start = seconds(self.earliest);
        let duration = seconds(self.latest) - start;
        line(
            out,
            format_args!(
                "{a:<width$} <-> {b:<width$}  {:6} {back_size:<9}  {:6} {forth_size:<9}  {packets:6} {size:<9}  \
                 {start:14.9}   {duration:12.4}",
                back.packets, forth.packets,
            ),
        );
    }
}

impl<E: End> Endpoints<E> {
    /// Appends the table.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        head(out, self.kind, false);
        let port = if has_ports(self.kind) { "|  Port  |" } else { "" };
        line(out, format_args!("{:23}{port}{ENDPOINTS}", ""));
        self.sorted().into_iter().for_each(|row| row.write(out));
        line(out, format_args!("{RULER}"));
    }
}

impl<E: End> Endpoint<E> {
    fn write(&self, out: &mut Vec<u8>) {
        let address = address(self.end);
        let Self { sent, received, .. } = self;
        let port = self.end.port().map_or_else(|| " ".to_owned(), |port| format!("     {port:>6}"));
        line(
            out,
            format_args!(
                "{address:<20}{port}     {:6}     {:9}     {:6}       {:9}      {:6}       {:9}   ",
                sent.packets + received.packets,
                sent.bytes.wrapping_add(received.bytes),
                sent.packets,
                sent.bytes,
                received.packets,
                received.bytes,
            ),
        );
    }
}

fn address<E: End>(end: E) -> String {
    let mut text = Vec::new();
    end.write(&mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// The address, and the port behind a colon.
fn labelled<E: End>(end: E) -> String {
    let address = address(end);
    match end.port() {
        Some(port) => format!("{address}:{port}"),
        None => address,
    }
}

/// Steps of a thousand, taken when there are ten of the next unit, and cut off.
fn size(bytes: i64) -> String {
    const UNITS: [&str; 7] = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut number, mut unit) = (bytes, 0);
    while number >= 10_000 && unit + 1 < UNITS.len() {
        (number, unit) = (number / 1000, unit + 1);
    }
    format!("{number} {}", UNITS.get(unit).copied().unwrap_or_default())
}

/// As a double, which shows in the last digits.
#[expect(clippy::cast_precision_loss, reason = "as the reference")]
fn seconds(time: TimeParts) -> f64 {
    time.seconds as f64 + f64::from(time.nanos) / 1_000_000_000.0
}
