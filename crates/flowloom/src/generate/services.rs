//! What they say: services with their ports, sizes and shares, as one table.

/// IP protocols of the made traffic.
pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
const GRE: u8 = 47;
const ESP: u8 = 50;
pub(super) const ICMPV6: u8 = 58;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    pub(super) protocol: u8,
    /// Port of the server; 0 where the protocol has none.
    pub(super) port: u16,
    /// Flows of this service in a thousand.
    pub(super) share: u32,
    /// The most packets of a request and of a response.
    pub(super) packets: [u64; 2],
    /// Mean bytes of a packet of a request and of a response.
    pub(super) packet_bytes: [u64; 2],
}

const fn service(protocol: u8, port: u16, share: u32, packets: [u64; 2], packet_bytes: [u64; 2]) -> Service {
    Service { protocol, port, share, packets, packet_bytes }
}

/// The shares add up to 1000.
pub(super) const SERVICES: [Service; 15] = [
    service(TCP, 443, 390, [32, 128], [220, 1180]),
    service(TCP, 80, 110, [16, 64], [260, 1120]),
    service(UDP, 53, 200, [1, 1], [68, 180]),
    service(UDP, 443, 80, [64, 128], [180, 1200]),
    service(TCP, 25, 30, [32, 16], [640, 80]),
    service(TCP, 993, 40, [16, 32], [110, 720]),
    service(TCP, 22, 30, [64, 64], [120, 160]),
    service(TCP, 3389, 10, [128, 256], [90, 540]),
    service(TCP, 8080, 15, [16, 32], [240, 900]),
    service(TCP, 3306, 10, [16, 64], [140, 620]),
    service(UDP, 123, 35, [1, 1], [76, 76]),
    service(UDP, 161, 5, [4, 4], [90, 150]),
    service(ICMP, 0, 30, [8, 8], [84, 84]),
    service(GRE, 0, 5, [64, 64], [420, 420]),
    service(ESP, 0, 10, [128, 128], [480, 480]),
];

/// The service at `number` of a thousand.
pub(super) fn pick(number: u64) -> &'static Service {
    let mut rest = number;
    for service in &SERVICES {
        match rest.checked_sub(u64::from(service.share)) {
            Some(less) => rest = less,
            None => return service,
        }
    }
    &SERVICES[0]
}

/// A planted amplification: many hosts answer a victim who never asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reflection {
    pub(super) port: u16,
    /// When, in thousandths of the traffic's duration.
    pub(super) from: u64,
    pub(super) to: u64,
    /// How many records of that time belong to it, of 65,536.
    pub(super) share: u32,
    /// How many outside hosts take part.
    pub(super) reflectors: u64,
    pub(super) packets: u64,
    pub(super) packet_bytes: u64,
}

/// Large DNS answers.
pub(super) const DNS: Reflection = Reflection {
    port: 53,
    from: 300,
    to: 460,
    share: 20_000,
    reflectors: 400,
    packets: 64,
    packet_bytes: 1_380,
};

/// SNMP bulk answers.
pub(super) const SNMP: Reflection = Reflection {
    port: 161,
    from: 730,
    to: 830,
    share: 6_500,
    reflectors: 150,
    packets: 256,
    packet_bytes: 1_440,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        assert_eq!(SERVICES.iter().map(|s| s.share).sum::<u32>(), 1000);
        assert_eq!(pick(0).port, 443);
        assert_eq!(pick(999).protocol, ESP);
        assert_eq!(pick(5_000).port, 443);
    }
}
