//! The result of a run in numbers, and its text as `summary.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{ErrorKind, Result};
use crate::time;

/// The schema number that [`Summary::to_json`] writes. Keys are added, never renamed.
pub const SCHEMA: u32 = 1;

/// What a run found: exact counts over all flows that passed, and where they came from.
///
/// # Units
/// Bytes and packets are plain sums; times are milliseconds since 1970 in UTC, ends of a window nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Where the flows came from, in the order given.
    pub inputs: Vec<Source>,
    /// The window that was asked for; none if all flows count.
    pub window: Option<Window>,
    /// What became of every row that was read.
    pub accounts: Accounts,
    /// What the rows are. Left out of the text if they are flows.
    #[serde(default, skip_serializing_if = "RowsAre::are_flows")]
    pub rows_are: RowsAre,
    /// Sum of the flows' bytes; of packets their bytes on the wire.
    pub bytes: i128,
    /// Sum of the flows' packets.
    pub packets: i128,
    /// Number of flows.
    pub flows: u64,
    /// Number of different source addresses.
    pub sip: u64,
    /// Number of different destination addresses.
    pub dip: u64,
    /// Number of different protocols.
    pub protocols: u64,
    /// Start of the earliest flow, ms; none without flows. Written as RFC 3339.
    #[serde(with = "ms_text")]
    pub first: Option<i64>,
    /// Start of the latest flow, ms; none without flows. Written as RFC 3339.
    #[serde(with = "ms_text")]
    pub last: Option<i64>,
    /// Bins of the time series, first to last, in which no flow starts.
    pub empty_bins: u64,
    /// What the reader of the numbers should know.
    pub notes: Vec<String>,
    /// The largest of each kind, largest first.
    pub top: Top,
}

/// What the rows of the inputs are; everything that counts flows counts these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowsAre {
    /// Flows.
    #[default]
    Flows,
    /// Packets of captures.
    Packets,
    /// Both.
    Both,
}

impl RowsAre {
    /// What some and what one of them are called.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Flows => ("flows", "flow"),
            Self::Packets => ("packets", "packet"),
            Self::Both => ("flows and packets", "flow or packet"),
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn are_flows(&self) -> bool {
        *self == Self::Flows
    }

    /// A text about flows, about these rows.
    pub(crate) fn say(self, text: &str) -> String {
        let (many, one) = self.words();
        let parts: Vec<String> = text.split("flows").map(|part| part.replace("flow", one)).collect();
        parts.join(many)
    }
}

/// One input file or stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The path as given (`-` is standard input); not to be trusted, it may hold any character.
    pub path: String,
    /// What the content is: `FT_RWIPV6ROUTING v1`, `pcap` …
    pub kind: String,
    /// Rows read from it.
    pub rows: u64,
    /// SHA-256 of the stored bytes in lower-case hex; none if it was not computed.
    pub sha256: Option<String>,
}

/// A window of time: `start < stime ≤ end`, or the flows under way in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Start, ns since 1970, exactly as typed; none if open. Written as RFC 3339.
    #[serde(with = "ns_text")]
    pub start: Option<i128>,
    /// End, ns since 1970, exactly as typed; none if open. Written as RFC 3339.
    #[serde(with = "ns_text")]
    pub end: Option<i128>,
    /// `start` or `overlap`.
    pub mode: String,
}

/// Every row that was read, by what became of it. It balances: read = delivered + filtered + refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// All rows of the inputs.
    pub read: Account,
    /// Rows that count in the result.
    pub delivered: Account,
    /// Rows outside of the window, or that a condition left out.
    pub filtered: Account,
    /// Rows that could not be used, by reason.
    pub refused: BTreeMap<String, Account>,
}

/// Rows and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Number of rows.
    pub rows: u64,
    /// Their bytes; see `bytes_are`.
    pub bytes: i128,
    /// Which bytes these are.
    #[serde(default)]
    pub bytes_are: BytesAre,
}

/// Which bytes an account counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BytesAre {
    /// The records' own `bytes`: what went over the wire.
    #[default]
    Traffic,
    /// The stored length of the records, where their traffic is not known.
    Stored,
}

/// The largest of each kind, by bytes; ties by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top {
    /// Source addresses.
    pub sip_bytes: Vec<TopRow>,
    /// Destination addresses.
    pub dip_bytes: Vec<TopRow>,
    /// Protocols; the key is the protocol's number.
    #[serde(default)]
    pub protocol_bytes: Vec<TopRow>,
}

/// One row of a table of the largest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopRow {
    /// What the row is about, as text.
    pub key: String,
    /// Sum of bytes.
    pub bytes: i128,
    /// Sum of packets.
    pub packets: i128,
    /// Number of flows.
    pub flows: u64,
}

impl Summary {
    /// The text of `summary.json`: one object, indented, a line feed at its end; equal data give equal bytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Only a map key that is no text, or a failing writer, can make this fail; neither exists here.
        let mut text =
            serde_json::to_string_pretty(&Versioned { schema: SCHEMA, summary: self }).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a `summary.json`. Unknown keys are left out.
    ///
    /// # Errors
    /// `Malformed`: no such object, or another schema.
    pub fn from_json(text: &str) -> Result<Self> {
        let refuse = |source: serde_json::Error| ErrorKind::Summary {
            line: source.line(),
            column: source.column(),
            source,
        };
        let Schema { schema } = serde_json::from_str(text).map_err(refuse)?;
        if schema != SCHEMA {
            return Err(ErrorKind::Schema { found: schema }.into());
        }
        Ok(serde_json::from_str(text).map_err(refuse)?)
    }

    /// The three sentences of the articles.
    #[must_use]
    pub fn sentences(&self) -> [String; 3] {
        [self.volume_sentence(), self.address_sentence(), self.protocol_sentence()]
    }

    /// `From 2016-09-29 13:22:19.625972 to 2016-09-29 13:52:19.625972 we had 182 MB in the wire`: the window as
    /// typed, where an end is open the first or last flow start; whole MiB, written `MB` as the articles have it.
    #[must_use]
    pub fn volume_sentence(&self) -> String {
        let window = self.window.as_ref();
        let start = window.and_then(|window| window.start).or_else(|| self.first.map(time::ns_of_ms));
        let end = window.and_then(|window| window.end).or_else(|| self.last.map(time::ns_of_ms));
        let mib = self.bytes.div_euclid(1 << 20);
        match (start, end) {
            (Some(start), Some(end)) => {
                format!(
                    "From {} to {} we had {mib} MB in the wire",
                    time::sentence(start),
                    time::sentence(end)
                )
            }
            (Some(start), None) => format!("From {} on we had {mib} MB in the wire", time::sentence(start)),
            (None, Some(end)) => format!("Up to {} we had {mib} MB in the wire", time::sentence(end)),
            (None, None) => format!("We had {mib} MB in the wire"),
        }
    }

    /// `The traffic was caused by 1661 source IPs and 1094 dest IPs.`
    #[must_use]
    pub fn address_sentence(&self) -> String {
        format!("The traffic was caused by {} source IPs and {} dest IPs.", self.sip, self.dip)
    }

    /// `We analyzed 5 different protocols.`
    #[must_use]
    pub fn protocol_sentence(&self) -> String {
        format!("We analyzed {} different protocols.", self.protocols)
    }
}

impl Accounts {
    /// Whether read = delivered + filtered + refused, in rows and, where all count the same bytes, in bytes.
    #[must_use]
    pub fn balance(&self) -> bool {
        let parts = || [&self.delivered, &self.filtered].into_iter().chain(self.refused.values());
        let rows: u128 = parts().map(|part| u128::from(part.rows)).sum();
        let bytes = parts().fold(0_i128, |sum, part| sum.saturating_add(part.bytes));
        let comparable = parts().all(|part| part.rows == 0 || part.bytes_are == self.read.bytes_are);
        rows == u128::from(self.read.rows) && (!comparable || bytes == self.read.bytes)
    }
}

/// The schema number in front of the summary's own keys.
#[derive(Serialize)]
struct Versioned<'a> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a Summary,
}

#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

mod ms_text {
    use super::{Deserialize, Deserializer, Serialize, Serializer, de, time};

    pub(super) fn serialize<S: Serializer>(value: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
        value.map(time::rfc3339_ms).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let ns = time::parse_ns(&text).ok_or_else(|| de::Error::custom("not a time"))?;
        i64::try_from(ns.div_euclid(1_000_000)).map(Some).map_err(de::Error::custom)
    }
}

mod ns_text {
    use super::{Deserialize, Deserializer, Serialize, Serializer, de, time};

    pub(super) fn serialize<S: Serializer>(value: &Option<i128>, to: S) -> Result<S::Ok, S::Error> {
        value.map(time::rfc3339_ns).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i128>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        time::parse_ns(&text).map(Some).ok_or_else(|| de::Error::custom("not a time"))
    }
}
