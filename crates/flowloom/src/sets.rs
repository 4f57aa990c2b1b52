//! IPset files as sets of addresses.

use std::io::Read;
use std::path::Path;

use flow_frame::predicate::AddressSet;
use silk_format::{IpSet, Limits};

use crate::error::{Error, Result};
use crate::source::{OpenOptions, open_input};

/// Reads an IPset file; `-` is standard input.
pub(crate) fn load(path: &Path, options: OpenOptions) -> Result<AddressSet> {
    let mut bytes = Vec::new();
    let most = Limits::default().payload_bytes as u64;
    // One byte more than is allowed tells a long file from a cut one.
    open_input(path, options)?.take(most + 1).read_to_end(&mut bytes).map_err(|e| Error::read(e, path))?;
    let set = IpSet::parse(&bytes).map_err(|e| Error::from(e).in_file(path))?;
    Ok(AddressSet::from(&set))
}
