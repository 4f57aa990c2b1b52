//! Who talks: made addresses and how often each is drawn.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::rng::{SplitMix, mix};

/// What a host does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Ours: sends and receives.
    Inside,
    /// Elsewhere: sends and receives.
    Outside,
    /// Elsewhere: probes us and is never answered.
    Scanner,
    /// An address of ours that only probes reach.
    Dark,
}

/// One host of a population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) role: Role,
    pub(super) index: u64,
}

/// How many hosts there are of each role, in one address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Population {
    pub(super) ipv6: bool,
    pub(super) inside: u64,
    pub(super) outside: u64,
    pub(super) scanners: u64,
    pub(super) dark: u64,
}

/// The address that both planted reflections hit: inside host 0 of the IPv4 population (RFC 5737).
pub const VICTIM: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);

impl Population {
    /// One host in twenty inside, as many dark, one in five a scanner, the rest outside.
    pub(super) fn of(hosts: u64, ipv6: bool) -> Self {
        let inside = (hosts / 20).max(1);
        let (dark, scanners) = (hosts / 20, hosts / 5);
        let outside = hosts.saturating_sub(inside + dark + scanners).max(1);
        Self { ipv6, inside, outside, scanners, dark }
    }

    /// Hosts that send.
    pub(super) fn sources(&self) -> u64 {
        self.inside + self.outside + self.scanners
    }

    /// Hosts that receive.
    pub(super) fn destinations(&self) -> u64 {
        self.inside + self.outside + self.dark
    }

    /// The sender with this number, below [`Self::sources`].
    pub(super) fn source(&self, number: u64) -> Host {
        self.nth(number, Role::Scanner)
    }

    /// The receiver with this number, below [`Self::destinations`].
    pub(super) fn destination(&self, number: u64) -> Host {
        self.nth(number, Role::Dark)
    }

    fn nth(&self, number: u64, last: Role) -> Host {
        match number.checked_sub(self.inside) {
            None => Host { role: Role::Inside, index: number },
            Some(number) => match number.checked_sub(self.outside) {
                None => Host { role: Role::Outside, index: number },
                Some(index) => Host { role: last, index },
            },
        }
    }

    /// An inside host by popularity. The most popular one is not number 0, the victim.
    pub(super) fn draw_inside(&self, rng: &mut SplitMix) -> Host {
        let rank = rng.zipf(self.inside);
        Host { role: Role::Inside, index: (rank + self.inside / 2) % self.inside.max(1) }
    }

    /// An outside host by popularity.
    pub(super) fn draw_outside(&self, rng: &mut SplitMix) -> Host {
        Host { role: Role::Outside, index: rng.zipf(self.outside) }
    }

    /// Someone who probes: a scanner, or where there are none any outside host.
    pub(super) fn draw_prober(&self, rng: &mut SplitMix) -> Host {
        match self.scanners {
            0 => self.draw_outside(rng),
            n => Host { role: Role::Scanner, index: rng.zipf(n) },
        }
    }

    /// Whom a probe reaches: all of our addresses equally often.
    pub(super) fn draw_probed(&self, rng: &mut SplitMix) -> Host {
        let number = rng.below(self.inside + self.dark);
        match number.checked_sub(self.inside) {
            None => Host { role: Role::Inside, index: number },
            Some(index) => Host { role: Role::Dark, index },
        }
    }

    /// The address of a host; no two hosts of a run share one.
    ///
    /// Ours are 10.0.0.0/8 and 2001:db8:10::/48, the others 16.0.0.0 to 47.255.255.255 and 3fff::/20 (RFC 9637).
    pub(super) fn address(&self, host: Host) -> IpAddr {
        let number = match host.role {
            Role::Inside | Role::Outside => host.index,
            Role::Dark => self.inside + host.index,
            Role::Scanner => self.outside + host.index,
        };
        let ours = matches!(host.role, Role::Inside | Role::Dark);
        match (self.ipv6, ours) {
            (false, true) if number == 0 => VICTIM.into(),
            (false, true) => Ipv4Addr::from_bits(10 << 24 | scatter(number, 24)).into(),
            (false, false) => Ipv4Addr::from_bits((16 << 24) + scatter(number + 1, 29)).into(),
            (true, true) => {
                let high = 0x2001_0db8_0010_0000 | number & 0xff;
                Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(mix(number))).into()
            }
            (true, false) => {
                let spread = mix(number ^ 0x5EED);
                let high = 0x3fff << 48 | (spread >> 52) << 32;
                Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(spread)).into()
            }
        }
    }
}

/// A permutation of `bits`-bit numbers: an odd factor has an inverse modulo a power of two.
fn scatter(number: u64, bits: u32) -> u32 {
    (number.wrapping_mul(0x9E37_79B1) & ((1 << bits) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn addresses_are_distinct_and_roles_keep_their_ranges() {
        let mut seen = HashSet::new();
        for ipv6 in [false, true] {
            let population = Population::of(40_000, ipv6);
            for number in 0..population.sources() {
                assert!(seen.insert(population.address(population.source(number))));
            }
            for number in population.inside + population.outside..population.destinations() {
                assert!(seen.insert(population.address(population.destination(number))));
            }
        }
        assert!(seen.contains(&IpAddr::V4(VICTIM)));
        assert_eq!(seen.len(), 80_000);
    }
}
