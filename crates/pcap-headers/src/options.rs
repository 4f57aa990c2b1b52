//! What a reader may be told.

/// Whose view of a file decides where tshark deviates from what a file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parity {
    /// Packets are packets, whatever their link type.
    #[default]
    Native,
    /// What tshark 4.0.17 counts as frames: custom blocks and journal entries of pcapng are frames too (link types
    /// [`LinkType::CUSTOM_BLOCK`](crate::LinkType::CUSTOM_BLOCK), [`LinkType::JOURNAL_ENTRY`](crate::LinkType::JOURNAL_ENTRY));
    /// pcap files of a link type that it does not know are refused.
    Tshark,
}

/// How much memory a hostile file can make a reader take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Captured bytes of a packet. Default 262,144, as in tshark. USB and D-Bus captures, whose transfers are larger, are
    /// bound by `block_bytes` alone.
    pub packet_bytes: usize,
    /// Bytes of a pcapng block. Default 134,348,832, as in tshark.
    pub block_bytes: usize,
    /// Bytes that are kept of all sections and interfaces together. Default 4 MiB.
    pub interface_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { packet_bytes: 262_144, block_bytes: 134_348_832, interface_bytes: 4 << 20 }
    }
}

impl Limits {
    /// With another limit of captured bytes.
    #[must_use]
    pub fn with_packet_bytes(mut self, bytes: usize) -> Self {
        self.packet_bytes = bytes;
        self
    }

    /// With another limit of block bytes.
    #[must_use]
    pub fn with_block_bytes(mut self, bytes: usize) -> Self {
        self.block_bytes = bytes;
        self
    }

    /// With another limit of what is kept of interfaces.
    #[must_use]
    pub fn with_interface_bytes(mut self, bytes: usize) -> Self {
        self.interface_bytes = bytes;
        self
    }
}

/// Options of the readers of captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whose view. Default: the true one.
    pub parity: Parity,
    /// Memory limits.
    pub limits: Limits,
    /// Whether the first three records of a pcap file whose magic does not tell (microseconds, or the modified one) are
    /// looked at to see whether their headers are of an old writer's shape. Default: they are. If not, all records are of
    /// the shape that the magic stands for, and a live capture gives its first packet before its third has arrived.
    pub guess_variant: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { parity: Parity::default(), limits: Limits::default(), guess_variant: true }
    }
}

impl Options {
    /// With another parity.
    #[must_use]
    pub fn with_parity(mut self, parity: Parity) -> Self {
        self.parity = parity;
        self
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With or without the look at the first records that guesses their shape.
    #[must_use]
    pub fn with_variant_guess(mut self, guess: bool) -> Self {
        self.guess_variant = guess;
        self
    }
}
