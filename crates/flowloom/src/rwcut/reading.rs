//! How the older tools open their inputs, and by which of SiLK's rules they read them.

use std::borrow::BorrowMut;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use flow_frame::FlowInput;
use mapped_input::{Codec, Input, Opened, Options as InputOptions};
use silk_format::{IcmpRepair, Options, Parity, SiteConfig};

use super::{Failure, Setup, open};
use crate::error::with_causes;
use crate::source::is_stream;

/// A gzip stream that is cut short ends where it is cut, as in the reference's zlib: only what is missing of a record or
/// block is an error then (file format 11.2).
pub(super) struct CutIsEnd<I>(pub(super) I);

impl<I: BorrowMut<Input>> Read for CutIsEnd<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let input = self.0.borrow_mut();
        match input.read(buffer) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof && input.codec() == Codec::Gzip => Ok(0),
            result => result,
        }
    }
}

/// How inputs are opened.
pub(crate) struct Reading {
    pub(crate) options: Options,
    pub(crate) setup: Setup,
}

impl Reading {
    pub(crate) fn open(&self, name: &OsStr) -> Result<(FlowInput, Opened), Failure> {
        let input = open(name, &self.setup)?;
        let how = input.opened();
        let input = match input.as_slice() {
            Some(_) => Ok(input),
            // The first bytes have told its codec already.
            None => Input::from_reader_with(CutIsEnd(input), &InputOptions::default().with_sniff(false)),
        };
        let message = |e: flow_frame::Error| Failure::Message(with_causes(&e));
        let input = input.map_err(|e| message(e.into()))?;
        let name = Path::new(name).display().to_string();
        let input = FlowInput::new(input, &name, &self.options).and_then(FlowInput::of_flows);
        Ok((input.map_err(message)?, how))
    }
}

/// SiLK's arithmetic, and its switch for the ICMP repair (file format 9).
pub(crate) fn options(setup: &Setup, site: Option<&Arc<SiteConfig>>) -> Options {
    let off = setup.variable("SILK_ICMP_SPORT_HANDLER").is_some_and(|v| v.eq_ignore_ascii_case("none"));
    let repair = if off { IcmpRepair::Off } else { IcmpRepair::On };
    let options = Options::default().with_parity(Parity::Silk).with_icmp_repair(repair);
    match site {
        Some(site) => options.with_site(Arc::clone(site)),
        None => options,
    }
}

/// Whether any of the inputs can be read only once, and may block.
pub(crate) fn any_stream(names: &[OsString]) -> bool {
    names.iter().any(|name| name == "-" || name == "stdin" || is_stream(Path::new(name)))
}
