#![doc = include_str!("../README.md")]
//!
//! # Map
//!
//! | task | here |
//! |---|---|
//! | the whole analysis: page, summary, sentences | [`commands::report::report`], [`commands::report::analyse`] |
//! | flows into CSV, JSON, Parquet, Arrow | [`commands::convert::convert`], [`output::exit`] for batches of your own |
//! | the first or last rows | [`commands::rows::rows`] |
//! | the groups with the largest sums | [`commands::top::top`] |
//! | who talked with whom | [`commands::conv::conversations`] |
//! | what a file is | [`commands::info::info`] |
//! | made traffic, as flows and as captures | [`generate::Traffic`], [`generate::capture::Capture`], [`commands::generate`] |
//! | the `rwfilter` command for another host | [`fetch::SilkQuery::window`] |
//! | rows of several inputs, damage accounted for | [`pump::pump`] with a [`pump::Consumer`] |
//! | flows of the packets of captures | [`flow_making::pump_flows`], [`flow_making::FlowMaking`] for `convert` |
//! | captures of a ring buffer: which files, in what order, as they grow | [`ring::Ring`] |
//! | the site configuration where SiLK looks for it | [`site::load`] |
//! | the older tools | [`rwcut`], [`rwfilter`], [`rwfileinfo`], [`tshark`] |
//! | the command itself | [`run`]; [`command`] for manuals and completions |
//! | everything needed to begin | [`prelude`] |
//!
//! # Units and missing values
//!
//! | value | in Arrow and Parquet | in CSV, JSON, tables |
//! |---|---|---|
//! | times | Timestamp(ms, UTC) | RFC 3339, three digits, `Z` |
//! | `duration` | Int64, milliseconds | the same |
//! | addresses | Utf8 in canonical form, or 16 bytes | canonical text, or 32 hexadecimal digits |
//! | TCP flags, attributes | Utf8, letters `FSRPAUEC`, `TCFS` | letters |
//! | counts | Int64 | digits |
//! | null: the source does not say | null | empty, `null`, blank; a known empty text is `""` |
//!
//! # Errors
//!
//! [`error::Error`] has a [`kind`](error::Error::kind), a [`class`](error::Error::class) and a
//! [`next_step`](error::Error::next_step); [`error::exit_code`] maps classes to the command's exit codes. What is wrong
//! with an input is not an error of a job but stands in its [`pump::InputReport`]: the rows before the damage have been
//! delivered, and the other inputs are read.
//!
//! # Features
//!
//! None yet.
//!
//! # What this crate does not do
//!
//! It decodes nothing (`silk-format`), computes nothing (`flow-frame`) and draws nothing (`flow-report`): it is the
//! place where they meet files, terminals and exit codes.
//!
//! # Sources
//!
//! RFC 4180 for CSV, RFC 8259 for JSON, the Parquet and Arrow IPC specifications through their Rust crates; the older
//! tools as SiLK 3.19.1 and
//! tshark 4.0.17 have them.

mod args;
mod cli;
pub mod commands;
mod console;
pub mod error;
pub mod fetch;
pub mod flow_making;
mod flow_table_args;
pub mod generate;
mod getopt;
mod groups;
mod inputs;
pub mod output;
pub mod pump;
mod resolve;
pub mod ring;
pub mod rwcut;
pub mod rwfileinfo;
pub mod rwfilter;
mod sandbox;
mod sets;
pub mod site;
pub mod source;
pub mod tshark;

pub use cli::{command, run};

/// Everything a program needs to do the command's jobs.
///
/// ```no_run
/// use flowloom::prelude::*;
///
/// let options = ConvertOptions::new(ExitOptions::new(Format::Parquet)).with_output("flows.parquet");
/// let reports = convert(&["flows.rw"], &options, &mut ())?;
/// println!("{} rows", reports.iter().map(InputReport::delivered).sum::<u64>());
/// # Ok::<(), Error>(())
/// ```
pub mod prelude {
    pub use flow_frame::{
        Anchors, FlowBatchBuilder, FlowReader, FlowRow, Instant, Projection, Scan, Window, WindowMode, open,
        open_input,
    };
    pub use flow_report::{ReportData, Style, Summary};
    pub use mapped_input::Input;

    pub use crate::commands::convert::{ConvertOptions, convert};
    pub use crate::commands::generate::{GenerateFormat, generate};
    pub use crate::commands::info::{Depth, Info, info};
    pub use crate::commands::report::{Report, ReportOptions, analyse, report};
    pub use crate::commands::rows::{End, rows};
    pub use crate::error::{Class, Error, Result};
    pub use crate::fetch::{SilkQuery, SilkWindow};
    pub use crate::flow_making::{FlowMaking, pump_flows};
    pub use crate::generate::{Options as TrafficOptions, Reflections, Traffic};
    pub use crate::output::{Addresses, Compression, Exit, ExitOptions, Format, Target, exit};
    pub use crate::pump::{Consumer, InputReport, Listener, pump};
    pub use crate::source::OpenOptions;
}
