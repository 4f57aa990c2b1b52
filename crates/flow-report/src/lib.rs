//! flow-report

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
pub use summary::{Account, Accounts, BytesAre, SCHEMA, Source, Summary, Top, TopRow, Window};
pub use thin::{Column, Point, Thinned, Thinner};
pub use write::{Written, write_report};
