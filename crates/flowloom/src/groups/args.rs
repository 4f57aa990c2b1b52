//! Flags of `top` and `conv`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use flow_frame::{ConversationKind, ConversationOrder};

use crate::args::{InputArgs, WhereArgs, WindowArgs};
use crate::output::{Addresses, Format};

pub(crate) const TOP_EXAMPLES: &str = "\
Examples:
  flowloom top flows.rw
  flowloom top --by ip_src --value 'sum(frame_len)' trace.pcap
  flowloom top --by conversation -n 20 flows.rw
  flowloom top --by protocol,dport --value 'sum(bytes),sum(packets),count' --where 'dport < 1024' flows.rw
  flowloom top --by sip --value 'count,min(stime),max(etime)' -n all flows.rw -o sources.parquet
  flowloom top --by sport --value 'mean(bytes)' --smallest flows.rw

MiB are bytes / 1,048,576. Rows of which a key is null, such as ip_src of a packet without IPv4, make groups of their own,
which come behind all others.";

pub(crate) const CONV_EXAMPLES: &str = "\
Examples:
  flowloom conv trace.pcap
  flowloom conv --kind tcp --sort duration -n 20 flows.rw
  flowloom conv --kind ip --endpoints trace.pcap
  flowloom conv --kind eth --sort start trace.pcap -o pairs.csv
  flowloom conv --where 'sip in 10.0.0.0/8' --window end-30m.. day/*.rw -o conversations.parquet

a is the source of the pair's first flow or packet, in the order of the inputs; _ab is from a to b. Of packets the outermost
header counts and bytes are those of the whole frame; of flows first is the earliest start and last the latest end.";

/// Which groups.
#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// What to group by: columns, separated by commas (see `flowloom convert --help`), or `conversation`: both addresses,
    /// whichever is the source
    #[arg(long, value_name = "KEYS", default_value = "sip", value_delimiter = ',')]
    pub(crate) by: Vec<String>,
    /// Values of a group, separated by commas: count, sum(X), min(X), max(X), mean(X), count(X) of a column; the first one
    /// decides who is top
    #[arg(long = "value", value_name = "VALUES", default_value = "sum(bytes)", value_delimiter = ',')]
    pub(crate) values: Vec<String>,
    /// The smallest first
    #[arg(long)]
    pub(crate) smallest: bool,
    /// How many groups, or `all`
    #[arg(short = 'n', long = "rows", value_name = "N", default_value = "10", value_parser = rows)]
    pub(crate) rows: usize,
    #[command(flatten)]
    pub(crate) chosen: ChosenArgs,
    #[command(flatten)]
    pub(crate) result: ResultArgs,
}

/// Which conversations.
#[derive(Debug, Args)]
pub(crate) struct ConvArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Between what
    #[arg(long, value_enum, value_name = "KIND", default_value_t)]
    pub(crate) kind: KindArg,
    /// Each end by itself, with what it sent (tx) and received (rx)
    #[arg(long)]
    pub(crate) endpoints: bool,
    /// What comes first: the most bytes or packets, the earliest start, the longest duration
    #[arg(long, value_enum, value_name = "ORDER", default_value_t)]
    pub(crate) sort: SortArg,
    /// How many, or `all`
    #[arg(short = 'n', long = "rows", value_name = "N", default_value = "all", value_parser = rows)]
    pub(crate) rows: usize,
    #[command(flatten)]
    pub(crate) chosen: ChosenArgs,
    #[command(flatten)]
    pub(crate) result: ResultArgs,
}

/// Which rows count.
#[derive(Debug, Args)]
pub(crate) struct ChosenArgs {
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    #[command(flatten)]
    pub(crate) filter: WhereArgs,
}

/// How the result leaves.
#[derive(Debug, Args)]
pub(crate) struct ResultArgs {
    /// How addresses leave
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub(crate) addresses: Addresses,
    /// The format [default: by the name of -o; else a table on a terminal, csv elsewhere]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// The file to write; it appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// IP addresses of either family
    #[default]
    Any,
    /// IPv4 addresses
    Ip,
    /// IPv6 addresses
    Ipv6,
    /// Ethernet addresses, of captures
    Eth,
    /// IP addresses and TCP ports
    Tcp,
    /// IP addresses and UDP ports
    Udp,
}

impl From<KindArg> for ConversationKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Any => Self::Any,
            KindArg::Ip => Self::Ip,
            KindArg::Ipv6 => Self::Ipv6,
            KindArg::Eth => Self::Eth,
            KindArg::Tcp => Self::Tcp,
            KindArg::Udp => Self::Udp,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortArg {
    #[default]
    Bytes,
    Packets,
    Start,
    Duration,
}

impl From<SortArg> for ConversationOrder {
    fn from(sort: SortArg) -> Self {
        match sort {
            SortArg::Bytes => Self::Bytes,
            SortArg::Packets => Self::Packets,
            SortArg::Start => Self::Start,
            SortArg::Duration => Self::Duration,
        }
    }
}

fn rows(text: &str) -> Result<usize, String> {
    match text {
        "all" => Ok(usize::MAX),
        number => number.parse().map_err(|_| "expected a number of rows, or all".to_owned()),
    }
}
