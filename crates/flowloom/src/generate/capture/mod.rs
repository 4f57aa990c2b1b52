//! Made captures: any number of Ethernet frames from a seed, in the order of their times, in bounded memory.
//!
//! The same options give the same frames with every release of this crate that keeps [`CAPTURE_VERSION`].

pub mod file;
pub mod frame;
mod packet;

use std::io::{self, Write};

pub use self::file::{CaptureWriter, Container, FileOptions};
use self::frame::Frame;
use self::packet::Maker;
use super::MOST_HOSTS;
use super::rng::SplitMix;
use crate::error::{Error, Result};

/// The version of the model; it grows when the same options give other frames.
pub const CAPTURE_VERSION: u32 = 1;

/// Frames that are made once and sent several times.
const POOL: usize = 4096;
/// Of so many frames that are sent one is made anew.
const RENEW: u64 = 8;
/// The most bytes of a frame, so that every length field holds its length.
pub const MOST_FRAME_BYTES: usize = 16_000;

/// How long frames are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sizes {
    /// As short as their headers allow, 60 bytes or more.
    Small,
    /// Seven of 60 bytes, four of 590, one of 1514.
    #[default]
    Imix,
    /// 60 to 9014 bytes.
    Jumbo,
}

/// What frames carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP: echo, and errors that quote a packet; over IPv6 it is ICMPv6.
    Icmp,
    /// ICMPv6, always over IPv6.
    Icmpv6,
    /// ARP; what stands for UDP where a tunnel carries only IP.
    Arp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Tcp, Self::Udp, Self::Icmp, Self::Icmpv6, Self::Arp, Self::Sctp];
}

/// What is around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tunnel {
    /// Ethernet alone.
    None,
    /// A VLAN tag.
    Vlan,
    /// A service tag and a VLAN tag.
    Qinq,
    /// Two MPLS labels.
    Mpls,
    /// A PPPoE session.
    Pppoe,
    /// GRE.
    Gre,
    /// IPv4 or IPv6 within IP.
    Ipip,
    /// IPv6 within IPv4.
    SixInFour,
    /// Ethernet within VXLAN.
    Vxlan,
    /// Ethernet within Geneve.
    Geneve,
    /// GTP-U.
    Gtp,
}

impl Tunnel {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::None,
        Self::Vlan,
        Self::Qinq,
        Self::Mpls,
        Self::Pppoe,
        Self::Gre,
        Self::Ipip,
        Self::SixInFour,
        Self::Vxlan,
        Self::Geneve,
        Self::Gtp,
    ];
}

/// What to make.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CaptureOptions {
    /// How many frames.
    pub packets: u64,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Hosts, at most [`MOST_HOSTS`]; the first ones are drawn most often.
    pub hosts: u64,
    /// The share of IPv6, 0 to 1, of tunnels and of what is in them.
    pub ipv6_share: f64,
    /// How long frames are.
    pub sizes: Sizes,
    /// What is drawn for each frame, equally often.
    pub protocols: Vec<Protocol>,
    /// What is drawn for each frame, equally often.
    pub tunnels: Vec<Tunnel>,
    /// The share of IP packets that come in two or three fragments, 0 to 1.
    pub fragment_share: f64,
    /// Time of the first frame, nanoseconds since the epoch.
    pub start_ns: u64,
    /// Frames a second, from 1 on.
    pub rate: u64,
    /// How they are stored.
    pub file: FileOptions,
}

impl Default for CaptureOptions {
    fn default() -> Self {
        Self {
            packets: 100_000,
            seed: 1,
            hosts: 20_000,
            ipv6_share: 0.1,
            sizes: Sizes::Imix,
            protocols: vec![Protocol::Tcp, Protocol::Udp, Protocol::Icmp],
            tunnels: vec![Tunnel::None],
            fragment_share: 0.0,
            start_ns: 1_475_155_339_626_000_000,
            rate: 100_000,
            file: FileOptions::default(),
        }
    }
}

/// Frames with their times, made one after the other.
///
/// ```
/// use flowloom::generate::capture::{Capture, CaptureOptions};
///
/// let mut options = CaptureOptions::default();
/// options.packets = 1000;
/// let file = Capture::new(&options)?.write(Vec::new(), |_| {}).expect("memory takes everything");
/// assert_eq!(pcap_headers::Packets::new(&file).filter(|packet| packet.is_ok()).count(), 1000);
/// # Ok::<(), flowloom::error::Error>(())
/// ```
#[derive(Debug)]
pub struct Capture {
    options: CaptureOptions,
    rng: SplitMix,
    maker: Maker,
    /// Frames that may be sent again, each with its own memory.
    pool: Vec<Frame>,
    /// Pieces of a datagram that are still to be sent, the next one last.
    pieces: Vec<Frame>,
    sent: u64,
    /// Nanoseconds since the first frame, and what is left over of `rate` parts.
    passed: u64,
    remainder: u64,
}

impl Capture {
    /// A capture as the options say.
    ///
    /// # Errors
    /// `Usage` if there are no protocols or tunnels to draw, fewer than 2 or more than [`MOST_HOSTS`] hosts, shares
    /// outside 0 to 1, no rate, or times that a pcap file does not hold.
    pub fn new(options: &CaptureOptions) -> Result<Self> {
        if options.protocols.is_empty() || options.tunnels.is_empty() {
            return Err(Error::usage("a capture needs a protocol, and a tunnel, which may be none"));
        }
        if !(2..=MOST_HOSTS).contains(&options.hosts) {
            return Err(Error::usage(format!("--hosts {}: expected 2 to {MOST_HOSTS}", options.hosts)));
        }
        for (name, share) in [("--ipv6-share", options.ipv6_share), ("--fragments", options.fragment_share)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::usage(format!("{name} {share}: expected 0 to 1")));
            }
        }
        if options.rate == 0 {
            return Err(Error::usage("--rate 0: expected packets a second"));
        }
        let seconds = options.start_ns / 1_000_000_000 + options.packets / options.rate;
        if seconds >= u64::from(u32::MAX) {
            return Err(Error::usage("--start, --packets and --rate: expected times before the year 2106"));
        }
        let mut rng = SplitMix::new(options.seed);
        let maker = Maker::new(options, &mut rng);
        let (pool, pieces) = (Vec::with_capacity(POOL), Vec::new());
        Ok(Self { options: options.clone(), rng, maker, pool, pieces, sent: 0, passed: 0, remainder: 0 })
    }

    /// How many frames there will be in all.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.options.packets
    }

    /// Time of capture, nanoseconds since the epoch, and bytes of the next frame.
    pub fn next_frame(&mut self) -> Option<(u64, &[u8])> {
        if self.sent == self.options.packets {
            return None;
        }
        self.sent += 1;
        let time = self.time();
        // A datagram that was begun is sent to its end, and not again: pieces that come twice are something else.
        self.pieces.pop();
        if !self.pieces.is_empty() {
            return Some((time, self.pieces.last().map(Frame::bytes).unwrap_or_default()));
        }
        if self.maker.fragments(&mut self.rng) {
            self.maker.datagram(&mut self.rng, &mut self.pieces);
            return Some((time, self.pieces.last().map(Frame::bytes).unwrap_or_default()));
        }
        let place = if self.pool.len() < POOL {
            self.pool.push(Frame::new(&[]));
            self.pool.len() - 1
        } else {
            self.rng.below(POOL as u64) as usize
        };
        let frame = self.pool.get_mut(place)?;
        if frame.bytes().is_empty() || self.sent.is_multiple_of(RENEW) {
            self.maker.frame(&mut self.rng, frame);
        }
        Some((time, frame.bytes()))
    }

    /// Frames follow each other in equal distances, each somewhere in its own.
    fn time(&mut self) -> u64 {
        const NANOS: u64 = 1_000_000_000;
        let distance = NANOS / self.options.rate;
        let time = self.options.start_ns + self.passed + self.rng.below(distance);
        self.passed += distance;
        self.remainder += NANOS % self.options.rate;
        if self.remainder >= self.options.rate {
            self.remainder -= self.options.rate;
            self.passed += 1;
        }
        time
    }

    /// Writes all frames into a file and gives the sink back. `progress` is told now and then how many there are so far.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write<W: Write>(mut self, sink: W, mut progress: impl FnMut(u64)) -> io::Result<W> {
        let mut writer = CaptureWriter::new(sink, self.options.file);
        while let Some((time, frame)) = self.next_frame() {
            writer.write(time, frame)?;
            if self.sent.is_multiple_of(1 << 16) {
                progress(self.sent);
            }
        }
        writer.finish()
    }
}
