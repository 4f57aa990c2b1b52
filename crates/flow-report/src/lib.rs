//! Summaries and charts of network flows as one offline HTML file.
//!
//! ```
//! use flow_report::{Bin, ReportData, Series, Style, Summary, TimeRange, write_report};
//!
//! # fn main() -> flow_report::Result<()> {
//! // Four seconds; in two of them flows start.
//! let range = TimeRange::covering(1_475_155_339_853, 1_475_155_342_100, 1000);
//! let bins = [
//!     Bin { time_ms: 1_475_155_339_000, bytes: 4046, packets: 13, flows: 2 },
//!     Bin { time_ms: 1_475_155_341_000, bytes: 100_318, packets: 125, flows: 4 },
//! ];
//! let series = Series::from_bins(range, bins)?;
//! assert_eq!(series.empty_bins(), 2);
//!
//! let summary = Summary { bytes: 104_364, packets: 138, flows: 6, sip: 3, dip: 2, ..Summary::default() };
//! assert_eq!(summary.address_sentence(), "The traffic was caused by 3 source IPs and 2 dest IPs.");
//!
//! # let folder = std::env::temp_dir().join(format!("flow-report-doc-{}", std::process::id()));
//! let written = write_report(&folder, &ReportData { summary, series }, Style::Rates)?;
//! assert!(written.page.ends_with("report.html"));
//! # std::fs::remove_dir_all(folder).ok();
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! | task | item |
//! |---|---|
//! | hold the numbers, write and read `summary.json` | [`Summary`] |
//! | the three sentences of the articles | [`Summary::sentences`] |
//! | say where rows went | [`Accounts`] |
//! | stream bins of time, of any number, into a chart | [`SeriesBuilder`], [`Series::from_bins`] |
//! | thin a long line to the width of its drawing | [`Thinner`] |
//! | make the page | [`page`](fn@page) |
//! | write both files | [`write_report`] |
//!
//! # Units and missing values
//!
//! | value | unit | missing |
//! |---|---|---|
//! | bytes, packets, flows | exact sums | 0 |
//! | times of flows and bins | ms since 1970-01-01, UTC | `None`, in JSON `null` |
//! | ends of a window | ns since 1970-01-01, UTC, exactly as typed | `None`: open |
//! | rates | per second: a bin's sum divided by its length | 0 in a bin in which no flow starts |
//! | means | per flow of a bin | absent in a bin in which no flow starts |
//! | `MB` in a sentence | whole MiB, 1,048,576 bytes, rounded down, as the articles have it | – |
//! | bytes on the page | KiB, MiB … are powers of 1024 | – |
//!
//! # Errors
//!
//! [`Error`] has a [`kind`](Error::kind) with the facts and a [`class`](Error::class): `Io` for files, `Malformed` for
//! a text that is no summary, `Usage` for bins out of order or range. Making a page cannot fail.
//!
//! # Features
//!
//! None.
//!
//! # What this crate does not do
//!
//! It reads no flows, sums nothing that it is not given, and looks nothing up. It does not spread a flow's bytes over
//! its duration. It draws no chart that needs a script.
//!
//! # Sources
//!
//! - The sentences, and the chart of [`Style::Article`], are those of the articles "Netflow data analysis with SiLK and
//!   Pandas"; why the labels of that chart are no rates stands on its page.
//! - Names of protocols: IANA, "Assigned Internet Protocol Numbers".
//! - Content security policy: W3C, "Content Security Policy Level 3".

mod chart;
mod error;
mod html;
mod page;
mod protocols;
mod series;
mod summary;
mod thin;
mod time;
mod units;
mod write;

pub use error::{Class, Error, ErrorKind, Result};
pub use page::{ReportData, Style, page};
pub use series::{Bin, DRAWN_WIDTH, Peak, Series, SeriesBuilder, TimeRange};
pub use summary::{Account, Accounts, BytesAre, RowsAre, SCHEMA, Source, Summary, Top, TopRow, Window};
pub use thin::{Column, Point, Thinned, Thinner};
pub use write::{Written, write_report};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
