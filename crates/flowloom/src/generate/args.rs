//! The flags of `generate`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Reflections;
use super::capture::{CaptureOptions, Container, Protocol, Sizes, Tunnel};

/// What to make.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// How many records
    #[arg(long, value_name = "N", default_value_t = 100_000, conflicts_with = "preset")]
    pub(crate) records: u64,
    /// Where the random numbers begin
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Distinct addresses
    #[arg(
        long,
        alias = "addresses-pool",
        value_name = "N",
        default_value_t = 20_000,
        conflicts_with = "preset"
    )]
    pub(crate) hosts: u64,
    /// Share of IPv6 among hosts and flows, 0 to 1
    #[arg(long, value_name = "F", default_value_t = 0.1, conflicts_with = "preset")]
    pub(crate) ipv6_share: f64,
    /// Start of the first flow
    #[arg(long, value_name = "TIME", default_value = "2016-09-29T13:22:19.626", conflicts_with = "preset")]
    pub(crate) start: String,
    /// Time from the first start to the last: 30m, 2h, 1d
    #[arg(long, value_name = "SPAN", default_value = "30m", conflicts_with = "preset")]
    pub(crate) duration: String,
    /// Reflection attacks planted against 192.0.2.80
    #[arg(long, value_enum, default_value_t = ReflectionArg::Both, conflicts_with = "preset")]
    pub(crate) reflection: ReflectionArg,
    /// A ready set of the options above
    #[arg(long, value_enum)]
    pub(crate) preset: Option<Preset>,
    #[command(flatten)]
    pub(crate) captures: CaptureArgs,
    /// The file to write: .pcap .pcapng are captures, .csv .jsonl .json .parquet .arrow .txt as convert does, any other
    /// name is a SiLK file [default: SiLK to standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReflectionArg {
    Dns,
    Snmp,
    Both,
    None,
}

impl From<ReflectionArg> for Reflections {
    fn from(arg: ReflectionArg) -> Self {
        match arg {
            ReflectionArg::Dns => Self::Dns,
            ReflectionArg::Snmp => Self::Snmp,
            ReflectionArg::Both => Self::Both,
            ReflectionArg::None => Self::None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// 1,086,153 records around the half hour of the articles
    Article,
}

/// What only captures have.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of captures, beside --seed, --hosts, --ipv6-share and --start")]
pub(crate) struct CaptureArgs {
    /// Make a capture, whatever the name of -o
    #[arg(long, value_enum, value_name = "KIND", conflicts_with_all = ["preset", "records", "duration", "reflection"])]
    pub(crate) capture: Option<ContainerArg>,
    /// How many packets [default: 100000]
    #[arg(long, value_name = "N")]
    pub(crate) packets: Option<u64>,
    /// How long frames are: as short as they can be, a mix of 60, 590 and 1514 bytes, 60 to 9014 bytes [default: imix]
    #[arg(long, value_enum)]
    pub(crate) sizes: Option<SizesArg>,
    /// What they carry [default: tcp,udp,icmp]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    pub(crate) protocols: Vec<ProtocolArg>,
    /// What is around that [default: none]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    pub(crate) tunnels: Vec<TunnelArg>,
    /// Share of IP packets that come in fragments, 0 to 1 [default: 0]
    #[arg(long, value_name = "F")]
    pub(crate) fragments: Option<f64>,
    /// Bytes that are kept of a packet [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) snaplen: Option<u32>,
    /// Packets a second [default: 100000]
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<u64>,
    /// Times in nanoseconds, not microseconds
    #[arg(long)]
    pub(crate) nanoseconds: bool,
    /// Numbers of the file in big-endian order
    #[arg(long)]
    pub(crate) big_endian: bool,
}

/// A list of names that stand for values of the library.
macro_rules! names {
    ($($arg:ident for $of:ident { $($name:ident),* })*) => {$(
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $arg { $($name),* }

        impl From<$arg> for $of {
            fn from(arg: $arg) -> Self {
                match arg { $($arg::$name => Self::$name),* }
            }
        }
    )*};
}

names! {
    ContainerArg for Container { Pcap, Pcapng }
    SizesArg for Sizes { Small, Imix, Jumbo }
    ProtocolArg for Protocol { Tcp, Udp, Icmp, Icmpv6, Arp, Sctp }
    TunnelArg for Tunnel { None, Vlan, Qinq, Mpls, Pppoe, Gre, Ipip, SixInFour, Vxlan, Geneve, Gtp }
}

impl CaptureArgs {
    /// The kind of capture that is asked for, if one is: by name or by the name of the output.
    pub(crate) fn container(&self, output: Option<&Path>) -> Option<Container> {
        let by_name = match output.and_then(Path::extension).and_then(OsStr::to_str) {
            Some("pcap") => Some(Container::Pcap),
            Some("pcapng") => Some(Container::Pcapng),
            _ => None,
        };
        self.capture.map(Container::from).or(by_name)
    }

    /// Whether anything was given that makes no sense for flows.
    pub(crate) fn is_given(&self) -> bool {
        let Self {
            capture,
            packets,
            sizes,
            protocols,
            tunnels,
            fragments,
            snaplen,
            rate,
            nanoseconds,
            big_endian,
        } = self;
        let counts = packets.is_some() || snaplen.is_some() || rate.is_some() || fragments.is_some();
        let what = capture.is_some() || sizes.is_some() || !protocols.is_empty() || !tunnels.is_empty();
        counts || what || *nanoseconds || *big_endian
    }

    /// What was given, over the defaults.
    pub(crate) fn options(&self, container: Container) -> CaptureOptions {
        let mut options = CaptureOptions::default();
        let file = &mut options.file;
        file.container = container;
        (file.nanoseconds, file.big_endian) = (self.nanoseconds, self.big_endian);
        file.snap_len = self.snaplen.unwrap_or(file.snap_len);
        options.packets = self.packets.unwrap_or(options.packets);
        options.sizes = self.sizes.map_or(options.sizes, Sizes::from);
        options.fragment_share = self.fragments.unwrap_or(options.fragment_share);
        options.rate = self.rate.unwrap_or(options.rate);
        if !self.protocols.is_empty() {
            options.protocols = self.protocols.iter().copied().map(Protocol::from).collect();
        }
        if !self.tunnels.is_empty() {
            options.tunnels = self.tunnels.iter().copied().map(Tunnel::from).collect();
        }
        options
    }
}
