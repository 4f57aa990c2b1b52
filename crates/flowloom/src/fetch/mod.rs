//! Flows from another host: so far the `rwfilter` command line that selects them there.
//!
//! ```
//! use std::time::Duration;
//! use flow_frame::Instant;
//! use flowloom::fetch::SilkQuery;
//!
//! let now = Instant::parse("2016-09-29 13:37:19.625972")?;
//! let window = SilkQuery::default().window(now, now)?;
//! assert_eq!(window.active.0.six_digits(), "2016-09-29 13:22:19.625972");
//! assert_eq!(
//!     window.command,
//!     "rwfilter --type=all --start-date=2016/09/29:12:37 --end-date=2016/09/29:14:37 \
//!      --active-time=2016/09/29T13:22-2016/09/29T13:52 --protocol=0-255 \
//!      --site-config-file=/data/silk.conf --data-rootdir=/data --pass=stdout"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
pub(crate) mod args;
mod shell;
mod silk;

pub use address::{Side, address_switch, lookup};
pub use shell::{command_line, quote};
pub use silk::{SilkQuery, SilkWindow};
