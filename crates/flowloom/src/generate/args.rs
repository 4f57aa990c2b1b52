//! The flags of `generate` that only captures have.

use std::ffi::OsStr;
use std::path::Path;

use clap::{Args, ValueEnum};

use super::capture::{CaptureOptions, Container, Protocol, Sizes, Tunnel};

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
