//! Views of the headers whose fields are asked for: the fixed parts, as tables of value, type and place.

use super::span::Value;

macro_rules! views {
    ($($(#[$doc:meta])* $view:ident[$len:literal] { $($(#[$value_doc:meta])* $value:ident: $type:ty = $at:literal,)* })*) => {
        $(
            $(#[$doc])*
            ///
            /// A view of a header of which only the beginning may have been captured: getters return `None` for what is
            /// not there as a whole.
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $view<'a>(&'a [u8]);

            impl<'a> $view<'a> {
                /// Bytes of the header's fixed part.
                pub const LEN: usize = $len;

                /// The header at the beginning of `bytes`.
                #[must_use]
                pub fn from_prefix(bytes: &'a [u8]) -> Self {
                    Self(bytes)
                }

                /// The captured bytes from this header on.
                #[must_use]
                pub fn bytes(&self) -> &'a [u8] {
                    self.0
                }

                /// Whether the fixed part was captured as a whole.
                #[must_use]
                pub fn is_complete(&self) -> bool {
                    self.0.len() >= Self::LEN
                }

                $(
                    $(#[$value_doc])*
                    #[must_use]
                    pub fn $value(&self) -> Option<$type> {
                        <$type>::read(self.0, $at)
                    }
                )*
            }
        )*

        #[cfg(test)]
        mod tests {
            use super::*;

            $(
                #[test]
                #[allow(non_snake_case, reason = "named after the view")]
                fn $view() {
                    let bytes: Vec<u8> = (0..$len).map(|at| at as u8 ^ 0xa5).collect();
                    for captured in 0..=$len {
                        let view = super::$view::from_prefix(&bytes[..captured]);
                        assert_eq!(view.is_complete(), captured == $len);
                        $(
                            let size = size_of::<$type>();
                            let expected = (captured.saturating_sub($at) >= size).then(|| {
                                <$type>::from_wire(&bytes[$at..$at + size])
                            });
                            assert_eq!(view.$value(), expected, "{} of {captured} bytes", stringify!($value));
                        )*
                    }
                }
            )*
        }
    };
}

views! {
    /// Ethernet II or IEEE 802.3.
    Ethernet[14] {
        /// Destination address.
        destination: [u8; 6] = 0,
        /// Source address.
        source: [u8; 6] = 6,
        /// EtherType from 0x600 on; up to 1500 the length of the payload.
        ether_type: u16 = 12,
    }

    /// A VLAN tag (IEEE 802.1Q) behind its EtherType.
    Vlan[4] {
        /// Priority (3 bits), drop eligible (1 bit), VLAN identifier (12 bits).
        control: u16 = 0,
        /// EtherType or length of what follows.
        ether_type: u16 = 2,
    }

    /// ARP (RFC 826).
    Arp[8] {
        /// Hardware type.
        hardware_type: u16 = 0,
        /// EtherType of the protocol whose addresses are resolved.
        protocol_type: u16 = 2,
        /// Bytes of a hardware address.
        hardware_len: u8 = 4,
        /// Bytes of a protocol address.
        protocol_len: u8 = 5,
        /// 1 request, 2 reply, …
        operation: u16 = 6,
    }

    /// IPv4 (RFC 791).
    Ipv4[20] {
        /// Version (4 bits) and header length in words (4 bits).
        version_and_len: u8 = 0,
        /// Differentiated services (6 bits) and congestion (2 bits).
        dsfield: u8 = 1,
        /// Bytes of header and payload, as stored.
        total_len: u16 = 2,
        /// Identification of fragments.
        identification: u16 = 4,
        /// Flags (3 bits) and fragment offset in units of 8 bytes (13 bits).
        flags_and_offset: u16 = 6,
        /// Time to live.
        ttl: u8 = 8,
        /// Protocol of the payload.
        protocol: u8 = 9,
        /// Source address.
        source: [u8; 4] = 12,
        /// Destination address of the header, which a source route may not mean.
        destination: [u8; 4] = 16,
    }

    /// IPv6 (RFC 8200).
    Ipv6[40] {
        /// Version (4 bits), traffic class (8 bits), flow label (20 bits).
        version_and_flow: u32 = 0,
        /// Bytes behind this header.
        payload_len: u16 = 4,
        /// Protocol or extension header behind this header.
        next_header: u8 = 6,
        /// Time to live.
        hop_limit: u8 = 7,
        /// Source address.
        source: [u8; 16] = 8,
        /// Destination address.
        destination: [u8; 16] = 24,
    }

    /// The fragment header of IPv6 (RFC 8200, 4.5).
    Ipv6Fragment[8] {
        /// Protocol or extension header of the datagram.
        next_header: u8 = 0,
        /// Fragment offset in units of 8 bytes (13 bits), reserved (2 bits), more fragments (1 bit).
        offset_and_more: u16 = 2,
        /// Identification of fragments.
        identification: u32 = 4,
    }

    /// TCP (RFC 9293).
    Tcp[20] {
        /// Source port.
        source_port: u16 = 0,
        /// Destination port.
        destination_port: u16 = 2,
        /// Sequence number.
        sequence: u32 = 4,
        /// Acknowledgement number.
        acknowledgement: u32 = 8,
        /// Header length in words (4 bits) and flags (12 bits).
        len_and_flags: u16 = 12,
        /// Window, as stored.
        window: u16 = 14,
    }

    /// UDP (RFC 768).
    Udp[8] {
        /// Source port.
        source_port: u16 = 0,
        /// Destination port.
        destination_port: u16 = 2,
        /// Bytes of header and payload.
        length: u16 = 4,
    }

    /// SCTP (RFC 9260).
    Sctp[12] {
        /// Source port.
        source_port: u16 = 0,
        /// Destination port.
        destination_port: u16 = 2,
        /// Verification tag.
        verification_tag: u32 = 4,
    }

    /// ICMP (RFC 792) and ICMPv6 (RFC 4443).
    Icmp[8] {
        /// Type of the message.
        icmp_type: u8 = 0,
        /// Code within the type.
        code: u8 = 1,
    }
}

#[cfg(test)]
trait FromWire {
    fn from_wire(bytes: &[u8]) -> Self;
}

/// The slow way: digits of base 256.
#[cfg(test)]
macro_rules! from_wire {
    ($($number:ty)*) => {$(
        impl FromWire for $number {
            fn from_wire(bytes: &[u8]) -> Self {
                bytes.iter().fold(0u64, |value, byte| value * 256 + u64::from(*byte)) as Self
            }
        }
    )*};
}

#[cfg(test)]
from_wire! { u8 u16 u32 }

#[cfg(test)]
impl<const N: usize> FromWire for [u8; N] {
    fn from_wire(bytes: &[u8]) -> Self {
        std::array::from_fn(|at| bytes[at])
    }
}
