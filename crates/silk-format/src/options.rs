//! What a reader may be told.

use std::sync::Arc;

use crate::site::SiteConfig;

/// Whose arithmetic decides where the reference reader deviates from what a file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parity {
    /// The true values: 64-bit volumes, 32-bit interfaces, unsigned products.
    #[default]
    Native,
    /// What SiLK 3.19.1 prints: counts saturated to 32 and interfaces to 16 bits, the signed product of ratio volumes
    /// (spec 6.2, 6.6 X3), and reads of 64 KiB that are lost whole when one fails (spec 11.2).
    Silk,
}

/// Whether an ICMP type and code found in the source port is moved to the destination port (spec 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IcmpRepair {
    /// Repair, as the reference reader does.
    #[default]
    On,
    /// Ports as stored, as with `SILK_ICMP_SPORT_HANDLER=none`.
    Off,
}

/// How much memory a hostile file can make a reader take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a file header, entries included. Default 4 MiB.
    pub header_bytes: usize,
    /// Bytes of the payload of an IPset or prefix map, uncompressed. Default 1 GiB.
    pub payload_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { header_bytes: 4 << 20, payload_bytes: 1 << 30 }
    }
}

impl Limits {
    /// With another limit of header bytes.
    #[must_use]
    pub fn with_header_bytes(mut self, bytes: usize) -> Self {
        self.header_bytes = bytes;
        self
    }

    /// With another limit of payload bytes.
    #[must_use]
    pub fn with_payload_bytes(mut self, bytes: usize) -> Self {
        self.payload_bytes = bytes;
        self
    }
}

/// Options of the readers of flow records.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Whose arithmetic. Default: the true values.
    pub parity: Parity,
    /// The ICMP repair. Default: on.
    pub icmp_repair: IcmpRepair,
    /// The file's name, from which legacy headers take sensor and flowtype (spec 2.5); a path is fine.
    pub file_name: Option<String>,
    /// The site that gives those names their numbers.
    pub site: Option<Arc<SiteConfig>>,
    /// Memory limits.
    pub limits: Limits,
}

impl Options {
    /// With another parity.
    #[must_use]
    pub fn with_parity(mut self, parity: Parity) -> Self {
        self.parity = parity;
        self
    }

    /// With or without the ICMP repair.
    #[must_use]
    pub fn with_icmp_repair(mut self, repair: IcmpRepair) -> Self {
        self.icmp_repair = repair;
        self
    }

    /// With the file's name.
    #[must_use]
    pub fn with_file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// With a site configuration.
    #[must_use]
    pub fn with_site(mut self, site: Arc<SiteConfig>) -> Self {
        self.site = Some(site);
        self
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}
