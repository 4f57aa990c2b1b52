//! Numbers of the header that have names: format ids, compression methods, byte order (spec 2.1, 2.6).

use std::fmt;

/// The format id of a SiLK file: which family of content it holds. Unknown ids stay legal values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FormatId(pub u8);

macro_rules! format_ids {
    ($($name:ident = $id:literal $text:literal,)*) => {
        impl FormatId {
            $(#[doc = $text]
            pub const $name: Self = Self($id);)*

            /// The name that SiLK gives the id, such as `FT_RWSPLIT`.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($id => Some($text),)* _ => None }
            }

            /// The id with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self($id)),)* _ => None }
            }
        }
    };
}

format_ids! {
    TCPDUMP = 0x00 "FT_TCPDUMP",
    GRAPH = 0x01 "FT_GRAPH",
    ADDRESSES = 0x02 "FT_ADDRESSES",
    PORTMAP = 0x03 "FT_PORTMAP",
    SERVICEMAP = 0x04 "FT_SERVICEMAP",
    NIDSMAP = 0x05 "FT_NIDSMAP",
    EXPERIMENT1 = 0x06 "FT_EXPERIMENT1",
    EXPERIMENT2 = 0x07 "FT_EXPERIMENT2",
    TEMPFILE = 0x08 "FT_TEMPFILE",
    AGGREGATEBAG = 0x09 "FT_AGGREGATEBAG",
    IPFIX = 0x0A "FT_IPFIX",
    RWIPV6 = 0x0B "FT_RWIPV6",
    RWIPV6ROUTING = 0x0C "FT_RWIPV6ROUTING",
    RWAUGSNMPOUT = 0x0D "FT_RWAUGSNMPOUT",
    RWAUGROUTING = 0x0E "FT_RWAUGROUTING",
    RESERVED_0F = 0x0F "FT_RESERVED_0F",
    RWROUTED = 0x10 "FT_RWROUTED",
    RWNOTROUTED = 0x11 "FT_RWNOTROUTED",
    RWSPLIT = 0x12 "FT_RWSPLIT",
    RWFILTER = 0x13 "FT_RWFILTER",
    RWAUGMENTED = 0x14 "FT_RWAUGMENTED",
    RWAUGWEB = 0x15 "FT_RWAUGWEB",
    RWGENERIC = 0x16 "FT_RWGENERIC",
    RESERVED_17 = 0x17 "FT_RESERVED_17",
    RWDAILY = 0x18 "FT_RWDAILY",
    RWSCAN = 0x19 "FT_RWSCAN",
    RWACL = 0x1A "FT_RWACL",
    RWCOUNT = 0x1B "FT_RWCOUNT",
    FLOWCAP = 0x1C "FT_FLOWCAP",
    IPSET = 0x1D "FT_IPSET",
    TAGTREE = 0x1E "FT_TAGTREE",
    RWWWW = 0x1F "FT_RWWWW",
    SHUFFLE = 0x20 "FT_SHUFFLE",
    RWBAG = 0x21 "FT_RWBAG",
    BLOOM = 0x22 "FT_BLOOM",
    RWPRINTSTATS = 0x23 "FT_RWPRINTSTATS",
    PDUFLOWCAP = 0x24 "FT_PDUFLOWCAP",
    PREFIXMAP = 0x25 "FT_PREFIXMAP",
}

impl fmt::Display for FormatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02x})", self.name().unwrap_or("unknown format"), self.0)
    }
}

impl fmt::Debug for FormatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The compression method of the data section (spec 4). Unknown ids stay legal values.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Compression(pub u8);

impl Compression {
    /// Records stored directly.
    pub const NONE: Self = Self(0);
    /// Blocks of one zlib stream each (RFC 1950).
    pub const ZLIB: Self = Self(1);
    /// Blocks of one raw LZO1X stream each.
    pub const LZO1X: Self = Self(2);
    /// Blocks of one raw Snappy block each.
    pub const SNAPPY: Self = Self(3);

    /// The name that SiLK gives the method.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::NONE => Some("none"),
            Self::ZLIB => Some("zlib"),
            Self::LZO1X => Some("lzo1x"),
            Self::SNAPPY => Some("snappy"),
            _ => None,
        }
    }

    /// The method with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NONE, Self::ZLIB, Self::LZO1X, Self::SNAPPY].into_iter().find(|one| one.name() == Some(name))
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name().unwrap_or("unknown"), self.0)
    }
}

impl fmt::Debug for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The order of the bytes of multi-byte integers inside records (spec 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The order of the machine that this was built for.
    pub const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };
}

/// The text of a SiLK release number, `3019001` → `3.19.1`; `unknown` for 0 (spec 2.1).
#[must_use]
pub fn release_text(release: u32) -> String {
    match release {
        0 => "unknown".to_owned(),
        r => format!("{}.{}.{}", r / 1_000_000, r / 1000 % 1000, r % 1000),
    }
}
