//! The values of fields.

use crate::TimeParts;

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// An unsigned number.
    Number,
    /// A hardware address of 6 bytes.
    Mac,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A point in time.
    Time,
    /// A time between two packets.
    Duration,
    /// The names of protocols.
    Names,
}

/// A value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldValue {
    /// Of [`FieldType::Number`].
    Number(u64),
    /// Of [`FieldType::Mac`].
    Mac([u8; 6]),
    /// Of [`FieldType::Ipv4`].
    Ipv4([u8; 4]),
    /// Of [`FieldType::Ipv6`].
    Ipv6([u8; 16]),
    /// Of [`FieldType::Time`], since the Unix epoch, and of [`FieldType::Duration`].
    Time(TimeParts),
    /// One name of [`FieldType::Names`].
    Name(&'static str),
}
