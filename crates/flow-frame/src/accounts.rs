//! Accounts of a scan: where every row that was read went.

/// Rows and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows.
    pub rows: u64,
    /// The flows' own traffic, of packets their bytes on the wire; means nothing unless [`Accounts::bytes`] is [`BytesOf::Traffic`].
    pub traffic: u128,
    /// The records, uncompressed; of packets the captured bytes.
    pub records: u128,
}

impl Tally {
    pub(crate) fn add(&mut self, rows: usize, traffic: u128, record_len: usize) {
        self.rows += rows as u64;
        self.traffic += traffic;
        self.records += rows as u128 * record_len as u128;
    }

    pub(crate) fn add_packets(&mut self, rows: usize, wire: u64, captured: u64) {
        self.rows += rows as u64;
        self.traffic += u128::from(wire);
        self.records += u128::from(captured);
    }

    /// The bytes that accounts count.
    #[must_use]
    pub fn bytes(&self, of: BytesOf) -> u128 {
        match of {
            BytesOf::Traffic => self.traffic,
            BytesOf::Records => self.records,
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.traffic += other.traffic;
        self.records += other.records;
    }
}

/// Whose bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BytesOf {
    /// The flows' own traffic: the column `bytes` is read. Of packets always.
    Traffic,
    /// The stored records: `bytes` is not read, and to know it would cost a pass.
    Records,
}

impl BytesOf {
    /// The name in summaries: `traffic`, `records`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traffic => "traffic",
            Self::Records => "records",
        }
    }
}

/// Why a row is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The packet count is 2^63 or more.
    Packets,
    /// The byte count is 2^63 or more.
    Bytes,
}

impl Refusal {
    const ALL: [Self; 2] = [Self::Packets, Self::Bytes];

    /// The name in summaries: `packets_too_large`, `bytes_too_large`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets_too_large",
            Self::Bytes => "bytes_too_large",
        }
    }
}

/// The accounts of a reader so far. They balance after every batch:
/// read = delivered + filtered + refused, in rows and in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accounts {
    /// Whole records that were read; of an input of which no row can pass, as many as its blocks say they hold.
    pub read: Tally,
    /// Rows in batches (also in those that are made and not yet handed out).
    pub delivered: Tally,
    /// Rows outside the window, or that do not pass the predicate.
    pub filtered: Tally,
    /// Whose bytes the tallies count.
    pub bytes: BytesOf,
    refused: [Tally; Refusal::ALL.len()],
}

impl Accounts {
    /// Empty accounts.
    #[must_use]
    pub fn new(bytes: BytesOf) -> Self {
        let none = Tally::default();
        Self { read: none, delivered: none, filtered: none, bytes, refused: [none; Refusal::ALL.len()] }
    }

    /// What was refused, by reason, reasons that did not occur included.
    pub fn refused(&self) -> impl Iterator<Item = (Refusal, Tally)> {
        Refusal::ALL.into_iter().zip(self.refused)
    }

    /// Whether read = delivered + filtered + refused.
    #[must_use]
    pub fn balance(&self) -> bool {
        let mut sum = self.delivered;
        sum += self.filtered;
        self.refused.iter().for_each(|tally| sum += *tally);
        sum == self.read
    }

    /// Adds the accounts of another input. Bytes are the traffic's only if both count those.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.delivered += other.delivered;
        self.filtered += other.filtered;
        for (mine, theirs) in self.refused.iter_mut().zip(other.refused) {
            *mine += theirs;
        }
        if other.bytes == BytesOf::Records {
            self.bytes = BytesOf::Records;
        }
    }

    /// What was read and neither delivered nor refused was filtered.
    pub(crate) fn settle_filtered(&mut self) {
        let mut rest = self.read;
        for tally in std::iter::once(&self.delivered).chain(&self.refused) {
            rest.rows -= tally.rows;
            rest.traffic -= tally.traffic;
            rest.records -= tally.records;
        }
        self.filtered = rest;
    }

    pub(crate) fn refuse(&mut self, why: Refusal, traffic: u128, record_len: usize) {
        self.refused[why as usize].add(1, traffic, record_len);
    }
}
