//! The command line: every flag and its help. What they mean is in [`crate::resolve`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pcap_headers::NameTemplate;
use silk_format::{ByteOrder, FlowFormat, FormatId, WriterOptions};

use crate::console::ProgressWhen;
use crate::error::{Error, Result};
use crate::fetch::args::FetchArgs;
use crate::flow_table_args::FlowTableArgs;
use crate::generate::args::GenerateArgs;
use crate::groups::args::{CONV_EXAMPLES, ConvArgs, TOP_EXAMPLES, TopArgs};
use crate::output::{Addresses, Compression, Format};
use crate::source::OpenOptions;

/// Network flow analysis: SiLK flow files and captures to columns, reports, Parquet, CSV and JSON.
///
/// Inputs are SiLK flow files of any version, captures (pcap, pcapng) and CSV files of tshark's fields, also inside gzip,
/// zstd, lz4 or zip; `-` is standard input. Results go to standard output or to the file of -o, messages and progress to
/// standard error.
#[derive(Debug, Parser)]
#[command(name = "flowloom", version, max_term_width = 110, after_long_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well, also if the reader of a pipe went away
  1  an input is damaged, not supported, or exceeds a limit; the rows before the damage were delivered
  2  the command line makes no sense
  3  the system could not read or write
Of several inputs the highest counts.

A program name of rwcut, rwfilter, rwfileinfo or tshark (a link) chooses that command.";

/// The heading of flags that every command has.
const GLOBAL: &str = "Options of every command";

/// Flags of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Threads to use [default: one a processor]; results do not depend on it
    #[arg(long, value_name = "N", global = true, help_heading = GLOBAL, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// When to show progress on standard error
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true, help_heading = GLOBAL)]
    pub(crate) progress: ProgressWhen,
    /// Only errors on standard error
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) quiet: bool,
    /// Tell on standard error what is done
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = GLOBAL)]
    pub(crate) verbose: bool,
    /// Let the kernel refuse all but reading the inputs and writing the outputs (Linux, landlock); no network
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) sandbox: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Analyse flows: an offline page with charts, a summary as JSON, and three sentences
    #[command(after_help = "\
Examples:
  flowloom report flows.rw -o out
  flowloom report --window '2016-09-29 13:22:19.625972..2016-09-29 13:52:19.625972' flows.rw -o out
  flowloom report --window 'end-30m..' --every 10s --keep-flows day/*.rw -o out
  flowloom report --style article flows.rw -o out
  flowloom report --as-flows trace.pcap -o out
  flowloom report --repository /data --type all --start 2016/09/29:12 --end 2016/09/29:14 -o out")]
    Report(ReportArgs),
    /// Tell what files are: format, version, compression, rows, span of time, history
    #[command(after_help = "\
Examples:
  flowloom info flows.rw
  flowloom info --quick --json *.rw
  flowloom info --repository /data --start 2016/09/29 --sensor S0")]
    Info(InfoArgs),
    /// Write flows as Parquet, Arrow, CSV, JSON or SiLK
    #[command(after_help = "\
Examples:
  flowloom convert flows.rw -o flows.parquet
  flowloom convert --fields stime,sip,dip,bytes flows.rw -o flows.csv
  flowloom convert --format jsonl flows.rw | less
  flowloom convert --append --window '2016-09-29 13:00..2016-09-29 14:00' hour.rw -o day.parquet
  flowloom convert --fields article --format jsonl flows.rw
  flowloom convert --fields article --where 'proto = 6' trace.pcap -o packets.parquet
  flowloom convert --repository /data --start 2016/09/29 --type in,out --sensor S0,3-5 -o day.parquet
  flowloom convert --repository /data --start -2h --end now --window -1h.. -o hour.parquet
  flowloom convert --window '2016-09-29 13:00..2016-09-29 14:00' --silk-compression zlib day/*.rw -o hour.rw
  flowloom convert --silk-format FT_RWGENERIC --silk-byte-order big flows.rw -o old.silk
  flowloom convert packets.csv.zip -o packets.parquet
  flowloom convert trace.pcap -o flows.silk
  flowloom convert --as-flows --bidirectional --idle-timeout 1m trace.pcap -o flows.parquet
  flowloom convert --ring /nsm/pcap --window '2016-09-29 13:37:19..2016-09-29 13:52:19' -o window.parquet
  flowloom convert --ring /nsm/pcap --ring-name log.1.%t.pcap --window now.. --follow --format jsonl")]
    Convert(ConvertArgs),
    /// Show the first flows
    #[command(after_help = "\
Examples:
  flowloom head flows.rw
  flowloom head -n 100 --fields stime,sip,dip,sport,dport,bytes flows.rw
  gzip -dc flows.rw.gz | flowloom head -n 5 --format csv -
  flowloom head -n 100 --ring /nsm/pcap --window now.. --follow")]
    Head(RowsArgs),
    /// Show the last flows
    #[command(after_help = "\
Examples:
  flowloom tail flows.rw
  flowloom tail -n 5 --fields timestamp,bytes,packets flows.rw
  flowloom tail --repository /data --start -1h --end now")]
    Tail(RowsArgs),
    /// Show the top talkers: the groups of flows or packets with the largest sums
    #[command(after_help = TOP_EXAMPLES)]
    Top(TopArgs),
    /// Show who talked with whom: conversations and endpoints, with packets and bytes each way
    #[command(after_help = CONV_EXAMPLES)]
    Conv(ConvArgs),
    /// Get flows from another host
    #[command(after_help = "\
Examples:
  flowloom fetch silk --print
  flowloom fetch silk --print --at '2016-09-29 13:37:19' --hours 1 --active 15m
  ssh collector \"$(flowloom fetch silk --print)\" > query.rwf")]
    Fetch(FetchArgs),
    /// Make traffic for trials: same seed, same bytes
    #[command(after_help = "\
Examples:
  flowloom generate --records 1000000 --seed 7 -o made.rw
  flowloom generate --preset article -o article.rw
  flowloom generate --records 60000000 --hosts 2000000 --ipv6-share 0.3 -o large.rw
  flowloom generate --records 1000 --reflection dns -o made.csv
  flowloom generate --packets 2000000 --sizes small -o small.pcap
  flowloom generate --packets 50000 --tunnels none,vlan,gre,vxlan --fragments 0.05 --nanoseconds -o tunnels.pcapng")]
    Generate(GenerateArgs),
    /// Print the completion script of a shell
    #[command(after_help = "\
Examples:
  flowloom completions bash > ~/.local/share/bash-completion/completions/flowloom
  flowloom completions zsh > ~/.zfunc/_flowloom")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// SiLK's rwcut: its switches, and byte for byte its output
    #[command(
        disable_help_flag = true,
        after_help = "\
Examples:
  flowloom rwcut --fields=sIP,dIP,bytes flows.rw
  flowloom rwcut --help"
    )]
    Rwcut(Passed),
    /// SiLK's rwfilter: its switches for selecting and dividing flows, and its counts
    #[command(
        disable_help_flag = true,
        after_help = "\
Examples:
  flowloom rwfilter --protocol=6 --dport=443 --print-statistics flows.rw
  flowloom rwfilter --data-rootdir=/data --start-date=2016/09/29:12 --saddress=10.20.x.x --pass=out.rw
  flowloom rwfilter --help"
    )]
    Rwfilter(Passed),
    /// SiLK's rwfileinfo: its switches and layout; no reference output was at hand to compare with
    #[command(
        disable_help_flag = true,
        after_help = "\
Examples:
  flowloom rwfileinfo flows.rw
  flowloom rwfileinfo --help"
    )]
    Rwfileinfo(Passed),
    /// tshark's fields of captures (-T fields): its switches, and byte for byte its output
    #[command(
        disable_help_flag = true,
        after_help = "\
Examples:
  flowloom tshark -r trace.pcap -T fields -e frame.number -e ip.src -e ip.dst -E header=y -E separator=, -E quote=d
  flowloom tshark --help"
    )]
    Tshark(Passed),
}

impl Command {
    /// Whether it is an older tool.
    pub(crate) fn is_tool(&self) -> bool {
        matches!(self, Self::Rwcut(_) | Self::Rwfilter(_) | Self::Rwfileinfo(_) | Self::Tshark(_))
    }
}

/// Arguments of an older tool, passed on as they are.
#[derive(Debug, Args)]
pub(crate) struct Passed {
    /// Switches and files of the tool
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<OsString>,
}

/// Inputs and how they are read.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// SiLK flow files, captures, or CSV files of tshark's fields (plain, gz, zst, zip); `-` is standard input
    #[arg(
        required_unless_present_any = ["repository", "ring"],
        conflicts_with_all = ["repository", "ring"],
        value_name = "INPUT"
    )]
    pub(crate) inputs: Vec<PathBuf>,
    /// Read files instead of mapping them: for files that may change or shrink meanwhile
    #[arg(long)]
    pub(crate) no_mmap: bool,
    /// The site configuration, for names of sensors, classes and types
    /// [default: as SiLK: $SILK_CONFIG_FILE, then silk.conf in the repository or $SILK_DATA_ROOTDIR, then in
    /// $SILK_PATH/share]
    #[arg(long, value_name = "FILE")]
    pub(crate) site_config_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) repository: RepositoryArgs,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
}

impl InputArgs {
    /// Files of a ring are never mapped: others write them.
    pub(crate) fn open_options(&self) -> OpenOptions {
        OpenOptions::default().with_map(!self.no_mmap && self.ring.ring.is_none())
    }
}

/// The heading of the flags that choose captures of a ring.
const RING: &str = "Captures of a ring buffer, instead of INPUT";

/// Which captures of a folder into which a capture program writes one after the other.
#[derive(Debug, Args)]
pub(crate) struct RingArgs {
    /// The folder of the captures; --window chooses those that are opened. Names tell when a file was begun
    /// (log.pcap.SECONDS[.MICROSECONDS], packed or not), else its first packet does. A bad file does not stop the others
    #[arg(long, value_name = "DIR", conflicts_with = "repository", help_heading = RING)]
    pub(crate) ring: Option<PathBuf>,
    /// Only files named so: %t is the time, %n the number of a thread: log.pcap.%t, log.%n.%t.pcap, log.1.%t.pcap
    #[arg(long, value_name = "TEMPLATE", requires = "ring", help_heading = RING)]
    pub(crate) ring_name: Option<NameTemplate>,
}

/// What is written to a ring while it is read.
#[derive(Debug, Args)]
pub(crate) struct FollowArgs {
    /// Go on with what is written from now on, until Ctrl-C; rows come as soon as their packets are there
    #[arg(long, requires = "ring", help_heading = RING)]
    pub(crate) follow: bool,
    /// Follow until this time: as in --window, +10m is in ten minutes
    #[arg(long, value_name = "TIME", requires = "follow", allow_hyphen_values = true, help_heading = RING)]
    pub(crate) follow_until: Option<String>,
    /// Follow until nothing came for so long
    #[arg(long, value_name = "DURATION", requires = "follow", help_heading = RING)]
    pub(crate) follow_idle: Option<String>,
    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "200ms", requires = "follow", hide = true)]
    pub(crate) follow_poll: String,
}

/// The heading of the flags that choose hour files.
const REPOSITORY: &str = "Hour files of a SiLK repository, instead of INPUT";

/// Which hour files, as the selection switches of SiLK's tools say it.
#[derive(Debug, Args)]
pub(crate) struct RepositoryArgs {
    /// The data root; silk.conf in it names classes, types and sensors
    #[arg(long, value_name = "DIR", alias = "data-rootdir", help_heading = REPOSITORY)]
    pub(crate) repository: Option<PathBuf>,
    /// The first hour: YYYY/MM/DD[:HH], seconds since 1970, or any time of --window [default: today 00 h]. A day alone is
    /// that whole day, anything finer the hour that it lies in
    #[arg(
        long,
        value_name = "TIME",
        alias = "start-date",
        allow_hyphen_values = true,
        help_heading = REPOSITORY
    )]
    pub(crate) start: Option<String>,
    /// The last hour, which is read whole [default: what --start says alone, or the present hour]
    #[arg(long, value_name = "TIME", alias = "end-date", allow_hyphen_values = true, help_heading = REPOSITORY)]
    pub(crate) end: Option<String>,
    /// A class of the site [default: its default class]
    #[arg(long, value_name = "NAME", help_heading = REPOSITORY)]
    pub(crate) class: Option<String>,
    /// Types of the class, separated by commas, or `all` [default: the class's default types]
    #[arg(long = "type", value_name = "LIST", help_heading = REPOSITORY)]
    pub(crate) types: Option<String>,
    /// Pairs CLASS/TYPE, separated by commas, instead of --class and --type
    #[arg(long, value_name = "LIST", conflicts_with_all = ["class", "types"], help_heading = REPOSITORY)]
    pub(crate) flowtypes: Option<String>,
    /// Sensors: names, numbers, ranges of numbers, separated by commas [default: all of the class]
    #[arg(long, value_name = "LIST", alias = "sensors", help_heading = REPOSITORY)]
    pub(crate) sensor: Option<String>,
}

impl RepositoryArgs {
    /// A flag that was given and means nothing without a repository. clap does not ask for one beside an INPUT.
    pub(crate) fn any_selection(&self) -> Option<&'static str> {
        let flags = [
            ("--start", &self.start),
            ("--end", &self.end),
            ("--class", &self.class),
            ("--type", &self.types),
            ("--flowtypes", &self.flowtypes),
            ("--sensor", &self.sensor),
        ];
        flags.iter().find(|(_, value)| value.is_some()).map(|(flag, _)| *flag)
    }
}

/// Which flows.
#[derive(Debug, Args)]
pub(crate) struct WindowArgs {
    /// Only flows of this time: A < start ≤ B, either end may be empty. Times are UTC unless they have a zone; also
    /// @SECONDS, or relative: now-1h, end-30m (`end` is the start of the last flow)
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub(crate) window: Option<String>,
    /// What a flow is judged by: its start, or any moment of its life (A ≤ end and start ≤ B)
    #[arg(long, value_enum, value_name = "MODE", default_value_t, requires = "window")]
    pub(crate) window_mode: Mode,
}

/// Which flows, said of their columns.
#[derive(Debug, Args)]
pub(crate) struct WhereArgs {
    /// Only flows of which this is true: 'proto = 6 and dport in (80, 443) and sip in 10.20.0.0/16'
    #[arg(long = "where", value_name = "TEXT", long_help = WHERE_HELP)]
    pub(crate) text: Option<String>,
    /// An IPset file whose addresses --where calls @NAME; may be repeated
    #[arg(long = "set", value_name = "NAME=FILE", requires = "text")]
    pub(crate) sets: Vec<String>,
}

const WHERE_HELP: &str = "\
Only flows of which this is true, joined by and, or, not and brackets

  proto = 6, bytes > 1000, dport in (80, 443, 8000-8080), port in (53, 123)
  sip in 10.20.0.0/16, ip in (192.0.2.0/24, 2001:db8::/32), dip in 10.x.1-3,5.0, sip in @servers (see --set)
  stime >= 2016-09-29T13:00, etime in A..B, active in A..B, duration > 1.5s
  tcpflags = S/SA, tcpflags any FR, attributes = C/TC, sensor = 'S1', type in (in, inweb), is_ipv6
  input is null, bytes/packets in 60-64.25
  of packets: the same, and tcp_dstport = 443, ip_ttl < 5, vlan_id in (10, 20), eth_src = 02:00:5e:10:00:01

As in SQL, a test of a null is neither true nor false: the flow stays out, also under not.";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    #[default]
    Start,
    Overlap,
}

/// Which columns, and how they leave.
#[derive(Debug, Args)]
pub(crate) struct ColumnArgs {
    /// Columns, separated by commas; or `all`, or `article` [default: of flows all, of packets a choice]
    #[arg(long, value_name = "NAMES", long_help = fields_help())]
    pub(crate) fields: Option<String>,
    /// How addresses leave
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub(crate) addresses: Addresses,
}

/// The help of `--fields`, from the table of columns.
fn fields_help() -> String {
    let mut help = String::from(
        "Columns, separated by commas; or a named set: `all`, `article` (of flows the 18 of the articles, of packets the nine)\n\
         [default: of flows all stored ones, of packets a choice]\n\nColumns of flows:",
    );
    for column in &flow_frame::FLOW_COLUMNS {
        help += &format!("\n  {:<17} {}", column.name, column.meaning);
    }
    help += "\n\nColumns of flows made of packets, beside those:";
    for column in &flow_frame::MADE_FLOW_COLUMNS {
        help += &format!("\n  {:<17} {}", column.name, column.meaning);
    }
    help += "\n\nColumns of packets:";
    for column in &flow_frame::PACKET_COLUMNS {
        help += &format!("\n  {:<21} {}", column.name, column.meaning);
    }
    help
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    #[command(flatten)]
    pub(crate) filter: WhereArgs,
    #[command(flatten)]
    pub(crate) flows: FlowTableArgs,
    /// Length of a bin of the series: 500ms, 1s, 5m, 1h
    #[arg(long, value_name = "STEP", default_value = "1s")]
    pub(crate) every: String,
    /// The chart: rates per second, or the articles' means
    #[arg(long, value_enum, default_value_t)]
    pub(crate) style: StyleArg,
    /// Keep the flows that count in DIR/flows.parquet
    #[arg(long)]
    pub(crate) keep_flows: bool,
    /// Rows of the tables of the largest
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: u16,
    /// The folder for report.html and summary.json
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum StyleArg {
    #[default]
    Rates,
    Article,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Only the header: do not read the rows for their number and span of time; damage behind the first packet is not seen
    #[arg(long)]
    pub(crate) quick: bool,
    /// One JSON object a file
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    #[command(flatten)]
    pub(crate) filter: WhereArgs,
    #[command(flatten)]
    pub(crate) follow: FollowArgs,
    /// The format [default: by the name of -o; without -o csv]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// The file to write; it appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Put the rows behind those of FILE, which must have the same columns
    #[arg(long, requires = "output")]
    pub(crate) append: bool,
    /// Compression of Parquet: none, snappy, zstd or zstd:LEVEL
    #[arg(long, value_name = "CODEC", default_value = "zstd", value_parser = compression)]
    pub(crate) compression: Compression,
    #[command(flatten)]
    pub(crate) silk: SilkArgs,
    #[command(flatten)]
    pub(crate) flows: FlowTableArgs,
}

/// The heading of flags of SiLK output.
const SILK: &str = "SiLK output";

/// How SiLK files are written.
#[derive(Debug, Args)]
pub(crate) struct SilkArgs {
    /// Record format, such as FT_RWIPV6 or RWGENERIC; what it has no room for is left out, a row that it cannot hold is
    /// an error. Hourly formats take base time, sensor and type of the header from the first rows
    /// [default: FT_RWIPV6ROUTING, which holds everything]
    #[arg(long, value_name = "NAME", value_parser = flow_format, help_heading = SILK)]
    pub(crate) silk_format: Option<FormatId>,
    /// Version of the record format [default: the one that SiLK writes]
    #[arg(long, value_name = "N", help_heading = SILK)]
    pub(crate) silk_version: Option<u8>,
    /// Byte order of the records [default: little]
    #[arg(long, value_enum, value_name = "ORDER", help_heading = SILK)]
    pub(crate) silk_byte_order: Option<OrderArg>,
    /// Compression of the records: none, zlib, lzo1x or snappy [default: none]
    #[arg(long, value_name = "METHOD", value_parser = silk_compression, help_heading = SILK)]
    pub(crate) silk_compression: Option<silk_format::Compression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    Little,
    Big,
    /// That of this machine
    Native,
}

impl SilkArgs {
    /// What the header of a SiLK file says; `Usage` if there is no such layout, or if the output is no SiLK file.
    pub(crate) fn options(&self, format: Format) -> Result<WriterOptions> {
        let flags = [
            ("--silk-format", self.silk_format.is_some()),
            ("--silk-version", self.silk_version.is_some()),
            ("--silk-byte-order", self.silk_byte_order.is_some()),
            ("--silk-compression", self.silk_compression.is_some()),
        ];
        if let Some((flag, _)) = flags.iter().find(|(_, given)| *given && format != Format::Silk) {
            return Err(Error::usage(format!(
                "{flag} is for SiLK files: name one with -o, or --format silk"
            )));
        }
        let id = self.silk_format.unwrap_or(FormatId::RWIPV6ROUTING);
        let version = self.silk_version.or_else(|| silk_format::default_version(id)).unwrap_or_default();
        if FlowFormat::find(id, version).is_none() {
            let known = silk_format::formats().filter(|known| known.id == id);
            let known: Vec<String> = known.map(|known| known.version.to_string()).collect();
            let name = id.name().unwrap_or_default();
            let known = known.join(", ");
            return Err(Error::usage(format!("--silk-version {version}: {name} has the versions {known}")));
        }
        let order = match self.silk_byte_order {
            None | Some(OrderArg::Little) => ByteOrder::Little,
            Some(OrderArg::Big) => ByteOrder::Big,
            Some(OrderArg::Native) => ByteOrder::NATIVE,
        };
        Ok(WriterOptions::default()
            .with_format(id, version)
            .with_byte_order(order)
            .with_compression(self.silk_compression.unwrap_or(silk_format::Compression::NONE)))
    }
}

fn flow_format(text: &str) -> std::result::Result<FormatId, String> {
    let name = text.to_ascii_uppercase();
    let name = if name.starts_with("FT_") { name } else { format!("FT_{name}") };
    match FormatId::from_name(&name).filter(|id| silk_format::default_version(*id).is_some()) {
        Some(id) => Ok(id),
        None => {
            let mut known: Vec<&str> = silk_format::formats().filter_map(|known| known.id.name()).collect();
            known.dedup();
            Err(format!("expected one of {}", known.join(", ")))
        }
    }
}

fn silk_compression(text: &str) -> std::result::Result<silk_format::Compression, String> {
    silk_format::Compression::from_name(text).ok_or_else(|| "expected none, zlib, lzo1x or snappy".to_owned())
}

fn compression(text: &str) -> std::result::Result<Compression, String> {
    text.parse().map_err(|e: Error| e.to_string())
}

#[derive(Debug, Args)]
pub(crate) struct RowsArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    #[command(flatten)]
    pub(crate) filter: WhereArgs,
    #[command(flatten)]
    pub(crate) follow: FollowArgs,
    #[command(flatten)]
    pub(crate) flows: FlowTableArgs,
    /// How many flows
    #[arg(short = 'n', long = "rows", value_name = "N", default_value_t = 10)]
    pub(crate) rows: u64,
    /// The format [default: by the name of -o; else a table on a terminal, csv elsewhere]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
