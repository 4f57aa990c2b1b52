//! The first line of a table of fields: what separates and quotes its cells, and which column each field is.

use pcap_headers::Column;

/// What stands between two cells; the one that gives the most fields that are known.
const SEPARATORS: &[u8] = b",\t;| ";

/// Bytes of the longest first line that is looked at.
pub(crate) const LONGEST_HEADER: usize = 64 << 10;

/// A mark that some programs put in front of text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a field of the table becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// A column of packets.
    Column(Column),
    /// `frame.time`, where the table has no `frame.time_epoch`.
    Calendar,
    /// Nothing: it is not known, follows from others, or stands twice.
    Ignored,
}

/// The fields of a table in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(super) separator: u8,
    pub(super) fields: Vec<Field>,
    /// Names of the fields, as the table has them.
    pub(super) names: Vec<String>,
    /// Names of those that no column of packets has.
    pub(super) unknown: Vec<String>,
}

/// What the first line of an input says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FirstLine {
    /// It names fields of packets.
    Header(Layout),
    /// It holds values of packets: the names are missing.
    Values,
    /// It is something else.
    Other,
}

impl FirstLine {
    /// What the first line of `bytes` is, whose end may be cut off.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..=LONGEST_HEADER).unwrap_or(bytes);
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.len() > LONGEST_HEADER || !line.iter().all(is_text) {
            return Self::Other;
        }
        let layouts = SEPARATORS.iter().filter_map(|separator| Layout::of(line, *separator));
        // The first of several that are alike.
        match layouts.rev().max_by_key(Layout::known) {
            Some(layout) => Self::Header(layout),
            None if has_values(line) => Self::Values,
            None => Self::Other,
        }
    }
}

/// Whether bytes may begin the first line of a table.
pub(crate) fn may_be_table(first: &[u8]) -> bool {
    let first = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first);
    first.iter().all(is_text)
}

fn is_text(byte: &u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

impl Layout {
    /// The fields of a line, if it names any that packets have and nothing that is no name.
    fn of(line: &[u8], separator: u8) -> Option<Self> {
        let names: Option<Vec<String>> = cells(line, separator).map(name).collect();
        let names = names?;
        let mut layout =
            Self { separator, fields: Vec::with_capacity(names.len()), names, unknown: Vec::new() };
        let columns: Vec<Option<Option<Column>>> = layout.names.iter().map(|name| known(name)).collect();
        for (place, found) in columns.iter().enumerate() {
            let field = match found {
                None => {
                    layout.unknown.extend(layout.names.get(place).cloned());
                    Field::Ignored
                }
                // The text of a time says less than the number: its zone is an abbreviation.
                Some(None) if columns.contains(&Some(Some(Column::FrameTimeEpoch))) => Field::Ignored,
                Some(None) => Field::Calendar,
                // These are made of others.
                Some(Some(Column::Stime | Column::Packets | Column::Bytes)) => Field::Ignored,
                Some(Some(column)) => Field::Column(*column),
            };
            let again = layout.fields.contains(&field);
            layout.fields.push(if again { Field::Ignored } else { field });
        }
        (layout.known() > 0).then_some(layout)
    }

    /// How many fields only a table of packets has.
    fn known(&self) -> usize {
        let of_packets = |field: &&Field| match field {
            Field::Column(column) => column.name().contains('_'),
            Field::Calendar => true,
            Field::Ignored => false,
        };
        self.fields.iter().filter(of_packets).count()
    }
}

/// A name of a field: letters, digits, points, underscores and strokes.
fn name(cell: &[u8]) -> Option<String> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let begins = cell.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    (begins && cell.iter().all(is_name)).then(|| String::from_utf8_lossy(cell).into_owned())
}

/// The column of a field's name, with points or underscores; `Some(None)` is `frame.time`.
fn known(name: &str) -> Option<Option<Column>> {
    match name.replace('.', "_").as_str() {
        "frame_time" => Some(None),
        name => Column::by_name(name).map(Some),
    }
}

/// The cells of a line without what quotes them.
fn cells(line: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    line.split(move |byte| *byte == separator).map(|cell| match cell {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        cell => cell,
    })
}

/// Whether a line looks like one that tshark prints below the names: several cells, one with an address or a time.
fn has_values(line: &[u8]) -> bool {
    SEPARATORS.iter().any(|separator| {
        let is_telling = |cell: &[u8]| {
            let is_time = cell.iter().rev().take_while(|byte| byte.is_ascii_digit()).count() == 9;
            super::text::mac(cell).is_ok()
                || super::text::address(cell).is_ok()
                || is_time && super::text::epoch(cell).is_ok()
                || super::text::calendar(cell).is_ok()
        };
        cells(line, *separator).nth(1).is_some() && cells(line, *separator).any(is_telling)
    })
}

/// What quotes the cells of a table whose first line of values this is.
pub(super) fn quote(values: &[u8], separator: u8) -> u8 {
    let mut before = separator;
    for byte in values {
        if *byte == b'\'' && before == separator {
            return b'\'';
        }
        before = *byte;
    }
    b'"'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(line: &str) -> Layout {
        match FirstLine::of(line.as_bytes()) {
            FirstLine::Header(layout) => layout,
            other => unreachable!("{line}: {other:?}"),
        }
    }

    #[test]
    fn names_with_points_or_underscores_and_any_separator() {
        use Column::{EthSrc, FrameNumber, IpSrc};
        let expected =
            [Field::Column(FrameNumber), Field::Calendar, Field::Column(EthSrc), Field::Column(IpSrc)];
        for separator in SEPARATORS.iter().map(|byte| char::from(*byte)) {
            for names in [
                ["frame.number", "frame.time", "eth.src", "ip.src"],
                ["frame_number", "frame_time", "eth_src", "ip_src"],
                ["\"frame.number\"", "\"frame.time\"", "\"eth.src\"", "\"ip.src\""],
            ] {
                let line = names.join(&separator.to_string());
                for line in [line.clone(), format!("{line}\n1"), format!("\u{feff}{line}\r\n1")] {
                    let layout = header(&line);
                    assert_eq!(
                        (layout.separator, &layout.fields[..]),
                        (separator as u8, &expected[..]),
                        "{line}"
                    );
                    assert!(layout.unknown.is_empty());
                }
            }
        }
    }

    #[test]
    fn what_is_not_known_is_named_and_what_stands_twice_is_read_once() {
        let layout = header("ip.src,dns.qry.name,ip.src,frame.time,frame.time_epoch,http.host");
        use Field::{Column as Of, Ignored};
        let expected = [Of(Column::IpSrc), Ignored, Ignored, Ignored, Of(Column::FrameTimeEpoch), Ignored];
        assert_eq!(layout.fields, expected);
        assert_eq!(layout.unknown, ["dns.qry.name", "http.host"]);
    }

    #[test]
    fn other_first_lines() {
        for line in [
            "",
            "\n",
            "stime,etime,sip,dip",
            "a,b,c",
            "{\"ip.src\":1}",
            "ip src",
            "frame.number,1",
            "\0ip.src",
        ] {
            assert_eq!(FirstLine::of(line.as_bytes()), FirstLine::Other, "{line}");
        }
        for line in [
            "\"1\",\"Sep 29, 2016 13:37:19.625878000 UTC\",\"1475156239.625878000\",,,,,,",
            "1\t1475156239.625878000\t46",
            "1;00:1a:ff:03:04:05",
            "'10.0.0.1'|'10.0.0.2'",
        ] {
            assert_eq!(FirstLine::of(line.as_bytes()), FirstLine::Values, "{line}");
        }
    }

    #[test]
    fn quotes_are_seen_in_the_values() {
        assert_eq!(quote(b"'1','2'", b','), b'\'');
        assert_eq!(quote(b",,'2'", b','), b'\'');
        assert_eq!(quote(b"\"1\",\"it's\"", b','), b'"');
        assert_eq!(quote(b"1,2", b','), b'"');
    }
}
