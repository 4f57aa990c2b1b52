//! Made traffic: any number of flow records from a seed, in start-time order, in bounded memory.
//!
//! The same options give the same records on every machine and with every release of this crate that keeps
//! [`MODEL_VERSION`]: all arithmetic is on integers.

pub(crate) mod args;
pub mod capture;
mod hosts;
mod rng;
mod services;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use silk_format::FlowRecord;

pub use self::hosts::VICTIM;
use self::hosts::{Host, Population, Role};
use self::rng::SplitMix;
use self::services::{ICMP, ICMPV6, Reflection, Service, TCP, UDP};
use crate::error::{Error, Result};

/// The version of the model; it grows when the same options give other records.
pub const MODEL_VERSION: u32 = 1;

/// The most hosts of a run: so many addresses of each kind exist.
pub const MOST_HOSTS: u64 = 16_000_000;

/// The active timeout of the made sensor: no flow lasts longer.
const ACTIVE_TIMEOUT_MS: u64 = 1_800_000;

/// Which reflections are planted against [`VICTIM`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reflections {
    /// Answers of DNS servers.
    Dns,
    /// Answers of SNMP agents.
    Snmp,
    /// Both, one after the other.
    #[default]
    Both,
    /// None.
    None,
}

/// What to make.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// How many records.
    pub records: u64,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Distinct addresses, at most [`MOST_HOSTS`]; all are used if there are more than twice as many records.
    pub hosts: u64,
    /// The share of IPv6 hosts and flows, 0 to 1.
    pub ipv6_share: f64,
    /// Start of the first flow, milliseconds since the epoch.
    pub start_ms: i64,
    /// Time from the first flow's start to the last one's, milliseconds.
    pub duration_ms: u64,
    /// The planted reflections.
    pub reflections: Reflections,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            records: 100_000,
            seed: 1,
            hosts: 20_000,
            ipv6_share: 0.1,
            start_ms: ARTICLE_START_MS,
            duration_ms: ARTICLE_DURATION_MS,
            reflections: Reflections::Both,
        }
    }
}

impl Options {
    /// With so many records.
    #[must_use]
    pub fn with_records(mut self, records: u64) -> Self {
        self.records = records;
        self
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With so many distinct addresses.
    #[must_use]
    pub fn with_hosts(mut self, hosts: u64) -> Self {
        self.hosts = hosts;
        self
    }

    /// With another share of IPv6.
    #[must_use]
    pub fn with_ipv6_share(mut self, share: f64) -> Self {
        self.ipv6_share = share;
        self
    }

    /// With other times, in milliseconds.
    #[must_use]
    pub fn with_times(mut self, start_ms: i64, duration_ms: u64) -> Self {
        (self.start_ms, self.duration_ms) = (start_ms, duration_ms);
        self
    }

    /// With other reflections.
    #[must_use]
    pub fn with_reflections(mut self, reflections: Reflections) -> Self {
        self.reflections = reflections;
        self
    }
}

/// 2016-09-29 13:22:19.626, the first millisecond inside the articles' window.
const ARTICLE_START_MS: i64 = 1_475_155_339_626;
/// Half an hour.
const ARTICLE_DURATION_MS: u64 = 1_800_000;

/// A stretch of time with its number of records.
#[derive(Debug, Clone, Copy)]
struct Phase {
    records: u64,
    start_ms: i64,
    duration_ms: u64,
    /// Every flow lasts at least until then.
    lasts_until_ms: Option<i64>,
    /// Whether every host appears, the reflections happen and the volume is met here.
    main: bool,
}

/// An iterator over made records, in start-time order.
#[derive(Debug, Clone)]
pub struct Traffic {
    rng: SplitMix,
    populations: Vec<Population>,
    ipv6_of_65536: u32,
    reflections: Vec<Reflection>,
    phases: Vec<Phase>,
    phase: usize,
    /// Records of this phase so far.
    made: u64,
    /// The bytes that the main phase must add up to.
    volume: Option<u64>,
    /// The bytes of the main phase so far.
    bytes: u64,
}

/// Bytes that the last record of a phase with a given volume makes up for; more than chance can run ahead.
const VOLUME_RESERVE: u64 = 64 << 20;

impl Traffic {
    /// Traffic as the options say.
    ///
    /// # Errors
    /// `Usage` if there are fewer than 8 or more than [`MOST_HOSTS`] hosts, if the share is outside 0 to 1, or if the
    /// times leave the range of stored times.
    pub fn new(options: &Options) -> Result<Self> {
        let Options { records, seed, hosts, ipv6_share, start_ms, duration_ms, reflections } = *options;
        if !(8..=MOST_HOSTS).contains(&hosts) {
            return Err(Error::usage(format!("--hosts {hosts}: expected 8 to {MOST_HOSTS}")));
        }
        if !(0.0..=1.0).contains(&ipv6_share) {
            return Err(Error::usage(format!("--ipv6-share {ipv6_share}: expected 0 to 1")));
        }
        let last = i64::try_from(duration_ms).ok().and_then(|duration| start_ms.checked_add(duration));
        if start_ms < 0 || last.is_none() {
            return Err(Error::usage(
                "--start and --duration: expected times between 1970 and the end of time",
            ));
        }
        // Products of IEEE numbers are the same everywhere.
        let hosts6 = (hosts as f64 * ipv6_share) as u64;
        let populations = match hosts6 {
            0 => vec![Population::of(hosts, false)],
            n if n == hosts => vec![Population::of(hosts, true)],
            n => vec![Population::of(hosts - n, false), Population::of(n, true)],
        };
        Ok(Self {
            rng: SplitMix::new(seed),
            populations,
            ipv6_of_65536: (ipv6_share * 65536.0) as u32,
            reflections: match reflections {
                Reflections::Dns => vec![services::DNS],
                Reflections::Snmp => vec![services::SNMP],
                Reflections::Both => vec![services::DNS, services::SNMP],
                Reflections::None => Vec::new(),
            },
            phases: vec![Phase { records, start_ms, duration_ms, lasts_until_ms: None, main: true }],
            phase: 0,
            made: 0,
            volume: None,
            bytes: 0,
        })
    }

    /// Traffic of the articles' size: 1,086,153 records as `rwfilter` would pass them for the articles' activity
    /// window, of which 1,061,359 start inside 2016-09-29 13:22:19.625972 to 13:52:19.625972, with exactly 11,980
    /// source and 10,126 destination addresses, 6 protocols and 40,102 whole MiB among those.
    #[must_use]
    pub fn article(seed: u64) -> Self {
        let main = Phase {
            records: 1_061_359,
            start_ms: ARTICLE_START_MS,
            duration_ms: ARTICLE_DURATION_MS,
            lasts_until_ms: None,
            main: true,
        };
        let before = Phase {
            records: 1_086_153 - main.records,
            start_ms: ARTICLE_START_MS - 1_200_000,
            duration_ms: 1_200_000,
            lasts_until_ms: Some(ARTICLE_START_MS),
            main: false,
        };
        Self {
            rng: SplitMix::new(seed),
            populations: vec![
                Population { ipv6: false, inside: 500, outside: 8_900, scanners: 2_400, dark: 580 },
                Population { ipv6: true, inside: 30, outside: 100, scanners: 50, dark: 16 },
            ],
            ipv6_of_65536: 3_277,
            reflections: vec![services::DNS, services::SNMP],
            phases: vec![before, main],
            phase: 0,
            made: 0,
            volume: Some((40_102 << 20) + (1 << 19)),
            bytes: 0,
        }
    }

    /// How many records there will be in all.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.phases.iter().map(|phase| phase.records).sum()
    }

    /// The start of record `made` of a phase: the phase is cut into as many equal parts as it has records, and each
    /// record starts somewhere in its own part. So starts ascend, and no list of them is kept.
    fn start(&mut self, phase: Phase) -> i64 {
        let fraction = self.rng.next() >> 32;
        let parts = (u128::from(self.made) << 32) + u128::from(fraction);
        let offset = parts * u128::from(phase.duration_ms) / (u128::from(phase.records.max(1)) << 32);
        phase.start_ms.saturating_add(offset as i64)
    }

    fn record(&mut self, phase: Phase) -> FlowRecord {
        let stime = self.start(phase);
        let mut record = match self.planted(phase, stime) {
            Some(record) => record,
            None => {
                let (population, source, destination) = self.pair(phase);
                self.flow(&population, source, destination)
            }
        };
        record.stime_ms = stime;
        if let Some(until) = phase.lasts_until_ms {
            let least = until.saturating_sub(stime).clamp(0, ACTIVE_TIMEOUT_MS as i64) as u32;
            record.duration_ms = least.saturating_add(record.duration_ms / 4).min(ACTIVE_TIMEOUT_MS as u32);
            record.packets = record.packets.max(2);
            record.bytes = record.bytes.max(record.packets * 40);
        }
        if phase.main {
            self.meet_volume(phase, &mut record);
        }
        record
    }

    /// A record of a reflection, if one happens at this time and this record is one of its.
    fn planted(&mut self, phase: Phase, stime: i64) -> Option<FlowRecord> {
        if !phase.main || self.covers(phase).is_some() {
            return None;
        }
        let passed = u128::from(stime.saturating_sub(phase.start_ms).unsigned_abs());
        let thousandth = (passed * 1000 / u128::from(phase.duration_ms.max(1))) as u64;
        let attack = *self.reflections.iter().find(|r| (r.from..r.to).contains(&thousandth))?;
        let population = *self.populations.iter().find(|p| !p.ipv6)?;
        if !self.rng.chance(attack.share) {
            return None;
        }
        let reflector =
            Host { role: Role::Outside, index: self.rng.below(attack.reflectors.min(population.outside)) };
        let mut record = self.addressed(&population, reflector, Host { role: Role::Inside, index: 0 });
        record.protocol = UDP;
        record.sport = attack.port;
        record.dport = 1024 + self.rng.below(64_512) as u16;
        record.application = attack.port;
        record.packets = self.rng.long_tailed(attack.packets);
        record.bytes = record.packets * (attack.packet_bytes + self.rng.below(120) - 60);
        record.duration_ms = (record.packets * self.rng.below(40)) as u32;
        Some(record)
    }

    /// Every so often the next host that has not appeared gets its record; tells that host's number.
    fn covers(&self, phase: Phase) -> Option<u64> {
        let hosts: u64 = self.populations.iter().map(|p| p.sources() + p.destinations()).sum();
        // The last record is kept for the volume.
        let stride = phase.records.saturating_sub(1) / hosts.max(1);
        if !phase.main || stride == 0 || !self.made.is_multiple_of(stride) {
            return None;
        }
        Some(self.made / stride).filter(|number| *number < hosts)
    }

    /// Who talks to whom in this record.
    fn pair(&mut self, phase: Phase) -> (Population, Host, Host) {
        if let Some(mut number) = self.covers(phase) {
            for population in self.populations.clone() {
                if number < population.sources() {
                    let source = population.source(number);
                    return (population, source, self.partner(&population, source));
                }
                number -= population.sources();
                if number < population.destinations() {
                    let destination = population.destination(number);
                    return (population, self.partner(&population, destination), destination);
                }
                number -= population.destinations();
            }
        }
        let ipv6 = self.rng.chance(self.ipv6_of_65536);
        let population = *self.populations.iter().find(|p| p.ipv6 == ipv6).unwrap_or(&self.populations[0]);
        let rng = &mut self.rng;
        match rng.below(32) {
            0 => (population, population.draw_prober(rng), population.draw_probed(rng)),
            n if n & 1 == 0 => (population, population.draw_inside(rng), population.draw_outside(rng)),
            _ => (population, population.draw_outside(rng), population.draw_inside(rng)),
        }
    }

    /// Someone who may talk with this host.
    fn partner(&mut self, population: &Population, host: Host) -> Host {
        match host.role {
            Role::Inside => population.draw_outside(&mut self.rng),
            Role::Outside => population.draw_inside(&mut self.rng),
            Role::Scanner => population.draw_probed(&mut self.rng),
            Role::Dark => population.draw_prober(&mut self.rng),
        }
    }

    /// A record with addresses and what follows from them: sensor, type, interfaces, next hop.
    fn addressed(&mut self, population: &Population, source: Host, destination: Host) -> FlowRecord {
        let outbound = source.role == Role::Inside;
        let mut record = FlowRecord::default();
        record.sip = population.address(source);
        record.dip = population.address(destination);
        record.nhip = match (outbound, population.ipv6) {
            (true, false) => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            (true, true) => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)),
            (false, _) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        record.sensor_id = (if outbound { source.index } else { destination.index } % 3) as u16;
        record.classtype_id = u8::from(outbound);
        (record.input, record.output) = if outbound { (2, 1) } else { (1, 2) };
        record
    }

    /// An ordinary flow between two hosts: a probe, or one direction of a service.
    fn flow(&mut self, population: &Population, source: Host, destination: Host) -> FlowRecord {
        let mut record = self.addressed(population, source, destination);
        if source.role == Role::Scanner || destination.role == Role::Dark {
            self.probe(&mut record);
            return record;
        }
        let service = services::pick(self.rng.below(1000));
        // Mostly our hosts are the clients; each side of a conversation is one record.
        let client_inside = !self.rng.chance(13_000);
        let request = client_inside == (source.role == Role::Inside);
        let side = usize::from(!request);
        record.packets = self.rng.long_tailed(service.packets[side]);
        let mean = service.packet_bytes[side];
        record.bytes = record.packets * (mean * 3 / 4 + self.rng.below(mean / 2 + 1)).max(40);
        record.duration_ms = match record.packets {
            1 => 0,
            n => self.rng.long_tailed((n * 4_000).min(ACTIVE_TIMEOUT_MS)) as u32,
        };
        if u64::from(record.duration_ms) == ACTIVE_TIMEOUT_MS {
            record.attributes |= 0x20;
        }
        record.application = service.port;
        self.ports(&mut record, service, request, population.ipv6);
        if record.protocol == TCP {
            self.tcp_flags(&mut record, request);
        }
        // The types `inweb` and `outweb` of the default site.
        if record.protocol == TCP && matches!(service.port, 80 | 443 | 8080) {
            record.classtype_id += 2;
        }
        record
    }

    fn ports(&mut self, record: &mut FlowRecord, service: &Service, request: bool, ipv6: bool) {
        record.protocol = service.protocol;
        match service.protocol {
            TCP | UDP => {
                let client = 32_768 + self.rng.below(28_232) as u16;
                (record.sport, record.dport) =
                    if request { (client, service.port) } else { (service.port, client) };
            }
            // Type and code stand in the destination port: echo, its answer, and now and then an unreachable port.
            ICMP => {
                let unreachable = self.rng.below(8) == 0;
                (record.protocol, record.dport) = match (ipv6, unreachable, request) {
                    (false, true, _) => (ICMP, 3 << 8 | 3),
                    (false, false, true) => (ICMP, 8 << 8),
                    (false, false, false) => (ICMP, 0),
                    (true, true, _) => (ICMPV6, 1 << 8 | 4),
                    (true, false, true) => (ICMPV6, 128 << 8),
                    (true, false, false) => (ICMPV6, 129 << 8),
                };
            }
            _ => {}
        }
    }

    /// SYN first (with ACK from the server), then data and an end; a lone packet is a refused or lost connection.
    fn tcp_flags(&mut self, record: &mut FlowRecord, request: bool) {
        const FIN: u8 = 1;
        const SYN: u8 = 2;
        const RST: u8 = 4;
        const PSH: u8 = 8;
        const ACK: u8 = 16;
        record.attributes |= 1;
        (record.initial_tcpflags, record.session_tcpflags) = match (record.packets, request) {
            (1, true) => (SYN, 0),
            (1, false) => (RST | ACK, 0),
            (_, request) => {
                let rest = [FIN | PSH | ACK, FIN | PSH | ACK, RST | PSH | ACK, PSH | ACK];
                let rest = rest[self.rng.below(4) as usize];
                (if request { SYN } else { SYN | ACK }, rest)
            }
        };
        record.tcpflags = record.initial_tcpflags | record.session_tcpflags;
    }

    /// One packet to a port or host, unasked and unanswered.
    fn probe(&mut self, record: &mut FlowRecord) {
        const PORTS: [u16; 8] = [22, 23, 80, 445, 1433, 3389, 5900, 8080];
        record.packets = 1;
        match self.rng.below(8) {
            0 if record.sip.is_ipv4() => (record.protocol, record.dport, record.bytes) = (ICMP, 8 << 8, 28),
            0 => (record.protocol, record.dport, record.bytes) = (ICMPV6, 128 << 8, 48),
            n => {
                record.protocol = TCP;
                record.sport = 1024 + self.rng.below(64_512) as u16;
                record.dport = PORTS[n as usize % PORTS.len()];
                record.bytes = if record.sip.is_ipv4() { 40 } else { 60 };
                (record.tcpflags, record.initial_tcpflags, record.attributes) = (2, 2, 1);
            }
        }
    }

    /// Now and then a flow is a bulk transfer. Where a volume is given, it takes up to what is missing at this point,
    /// and the last record takes what is missing at all; so the sum is exact without a second look at the records.
    fn meet_volume(&mut self, phase: Phase, record: &mut FlowRecord) {
        let last = self.made + 1 == phase.records;
        let ordinary = record.protocol == TCP && record.packets > 1;
        let bulk = ordinary && self.rng.below(256) == 0;
        match self.volume {
            Some(volume) if last => set_bytes(record, volume.saturating_sub(self.bytes)),
            Some(volume) if bulk => {
                let part = u128::from(self.made + 1) * u128::from(volume.saturating_sub(VOLUME_RESERVE));
                let due = (part / u128::from(phase.records.max(1))) as u64;
                let missing = due.saturating_sub(self.bytes);
                let taken = missing / 128 * (32 + self.rng.below(96));
                if taken > record.bytes {
                    set_bytes(record, taken);
                }
            }
            None if bulk => set_bytes(record, (1 << 20) + self.rng.long_tailed(1 << 26)),
            _ => {}
        }
        self.bytes += record.bytes;
    }
}

/// Makes the record carry so many bytes in packets of a plausible size.
fn set_bytes(record: &mut FlowRecord, bytes: u64) {
    record.bytes = bytes.min(u64::from(u32::MAX));
    record.packets = record.bytes.div_ceil(1_420).max(1);
    record.duration_ms = record.duration_ms.max((record.packets / 8).min(ACTIVE_TIMEOUT_MS) as u32);
}

impl Iterator for Traffic {
    type Item = FlowRecord;

    fn next(&mut self) -> Option<FlowRecord> {
        loop {
            let phase = *self.phases.get(self.phase)?;
            if self.made < phase.records {
                let record = self.record(phase);
                self.made += 1;
                return Some(record);
            }
            self.phase += 1;
            self.made = 0;
        }
    }
}
