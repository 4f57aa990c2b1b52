//! pcap files: a file header, then records, each a packet. (Semantics 2, 7, 10.)
//!
//! ```text
//! magic 4 · version 2+2 · (zone 4) · (accuracy 4) · snap length 4 · network 4      [Ixia: 4 more]
//! seconds 4 · fraction 4 · captured 4 · on the wire 4 [· 4, 8 or 12 more] · captured bytes     … to the end
//! ```

mod header;
mod record;
mod variant;

pub(crate) use header::LEN;
pub use header::{FileHeader, Variant};
pub(crate) use record::{head, most_captured, step};
pub(crate) use variant::choose;
