//! Names of IP protocols.

/// The keyword that IANA gives a protocol number, for those that are met; the full registry is no help to a reader.
/// Source: IANA "Assigned Internet Protocol Numbers".
pub(crate) fn name(number: u8) -> Option<&'static str> {
    let place = NAMES.binary_search_by_key(&number, |(number, _)| *number).ok()?;
    NAMES.get(place).map(|(_, name)| *name)
}

/// In rising order.
const NAMES: [(u8, &str); 37] = [
    (0, "HOPOPT"),
    (1, "ICMP"),
    (2, "IGMP"),
    (3, "GGP"),
    (4, "IPv4"),
    (6, "TCP"),
    (8, "EGP"),
    (9, "IGP"),
    (17, "UDP"),
    (27, "RDP"),
    (33, "DCCP"),
    (41, "IPv6"),
    (43, "IPv6-Route"),
    (44, "IPv6-Frag"),
    (46, "RSVP"),
    (47, "GRE"),
    (50, "ESP"),
    (51, "AH"),
    (55, "MOBILE"),
    (58, "IPv6-ICMP"),
    (59, "IPv6-NoNxt"),
    (60, "IPv6-Opts"),
    (88, "EIGRP"),
    (89, "OSPF"),
    (94, "IPIP"),
    (97, "ETHERIP"),
    (98, "ENCAP"),
    (103, "PIM"),
    (108, "IPComp"),
    (112, "VRRP"),
    (115, "L2TP"),
    (124, "ISIS over IPv4"),
    (132, "SCTP"),
    (133, "FC"),
    (136, "UDPLite"),
    (137, "MPLS-in-IP"),
    (139, "HIP"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_order() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(name(6), Some("TCP"));
        assert_eq!(name(17), Some("UDP"));
        assert_eq!(name(58), Some("IPv6-ICMP"));
        assert_eq!(name(255), None);
    }
}
