//! What was read, and what was odd about it without being an error.

/// Something that a sound capture would not have, or that is no packet, but that allows going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Oddity {
    /// The file is empty.
    EmptyFile,
    /// More bytes were captured than the packet had.
    CapturedBeyondWire,
    /// More bytes were captured than the snap length allows.
    CapturedBeyondSnap,
    /// The lengths of a record of an old pcap file stood in the wrong order.
    LengthsSwapped,
    /// A fraction of a second is a second or more.
    FractionOverflow,
    /// A time is none that 64 bits of nanoseconds hold.
    TimeOutOfRange,
    /// The length of a block is no multiple of four.
    UnalignedBlock,
    /// A block's kind is not known; it was skipped.
    UnknownBlock,
    /// A custom block.
    CustomBlock,
    /// A journal entry.
    JournalEntry,
    /// An option that matters has a wrong length; it was ignored.
    OptionLength,
    /// Statistics of an interface that is not described.
    UnknownInterface,
}

impl Oddity {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::EmptyFile,
        Self::CapturedBeyondWire,
        Self::CapturedBeyondSnap,
        Self::LengthsSwapped,
        Self::FractionOverflow,
        Self::TimeOutOfRange,
        Self::UnalignedBlock,
        Self::UnknownBlock,
        Self::CustomBlock,
        Self::JournalEntry,
        Self::OptionLength,
        Self::UnknownInterface,
    ];

    /// What it is, for a list of counts.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::EmptyFile => "empty file",
            Self::CapturedBeyondWire => "packets with more captured bytes than bytes on the wire",
            Self::CapturedBeyondSnap => "packets with more captured bytes than the snap length",
            Self::LengthsSwapped => "records with swapped lengths",
            Self::FractionOverflow => "times with a fraction of a second or more",
            Self::TimeOutOfRange => "times out of range",
            Self::UnalignedBlock => "blocks whose length is no multiple of four",
            Self::UnknownBlock => "blocks of unknown kinds, skipped",
            Self::CustomBlock => "custom blocks",
            Self::JournalEntry => "journal entries",
            Self::OptionLength => "options of a wrong length, ignored",
            Self::UnknownInterface => "statistics of an interface that is not described",
        }
    }
}

/// Counts of what was read so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Packets that were given.
    pub packets: u64,
    /// Their captured bytes.
    pub captured_bytes: u64,
    /// Their bytes on the wire.
    pub wire_bytes: u64,
    /// The earliest of their times, nanoseconds since the Unix epoch; none if none has a time.
    pub earliest_ns: Option<i64>,
    /// The latest of their times.
    pub latest_ns: Option<i64>,
    oddities: [u64; Oddity::ALL.len()],
}

impl Report {
    /// How often something odd was met.
    #[must_use]
    pub fn count(&self, oddity: Oddity) -> u64 {
        self.oddities.get(oddity as usize).copied().unwrap_or_default()
    }

    /// Everything odd that was met, with its count.
    pub fn oddities(&self) -> impl Iterator<Item = (Oddity, u64)> + '_ {
        Oddity::ALL.into_iter().map(|oddity| (oddity, self.count(oddity))).filter(|(_, count)| *count > 0)
    }

    pub(crate) fn odd(&mut self, oddity: Oddity) {
        if let Some(count) = self.oddities.get_mut(oddity as usize) {
            *count += 1;
        }
    }
}
