//! Which kind of file it is, and its next unit: the one way of reading that all faces share. No I/O, no buffers.

use crate::error::{Error, ErrorKind, Result};
use crate::info::{CaptureInfo, Interface};
use crate::options::Options;
use crate::pcap::{self, FileHeader};
use crate::pcapng;
use crate::report::{Oddity, Report};
use crate::time::Resolution;
use crate::unit::Step;

#[derive(Debug, Clone)]
enum Kind {
    /// Nothing was read yet.
    Unknown,
    /// The file header was read, what shape the records have is not yet known.
    Choosing(FileHeader),
    Pcap(FileHeader),
    Pcapng(pcapng::State),
}

/// The state of reading a capture.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    options: Options,
    kind: Kind,
    /// The file offset of the next unit.
    offset: u64,
    info: CaptureInfo,
    report: Report,
}

impl Container {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            kind: Kind::Unknown,
            offset: 0,
            info: CaptureInfo::default(),
            report: Report::default(),
        }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// What is known of the records of a pcap file.
    pub(crate) fn pcap(&self) -> Option<(&FileHeader, &Options)> {
        match &self.kind {
            Kind::Pcap(header) => Some((header, &self.options)),
            _ => None,
        }
    }

    /// The same file from another record on, with nothing read yet.
    pub(crate) fn at(&self, offset: u64) -> Option<Self> {
        let (header, options) = self.pcap()?;
        let (kind, info) = (Kind::Pcap(*header), self.info.clone());
        Some(Self { options: *options, kind, offset, info, report: Report::default() })
    }

    pub(crate) fn info(&self) -> &CaptureInfo {
        &self.info
    }

    pub(crate) fn report(&self) -> &Report {
        &self.report
    }

    /// The unit at the front of `bytes`, which begin at [`offset`](Self::offset). `end`: nothing follows them.
    ///
    /// # Errors
    /// With the offset. The state is good for nothing then.
    #[inline]
    pub(crate) fn step(&mut self, bytes: &[u8], end: bool) -> Result<Step> {
        let mut step = match &mut self.kind {
            Kind::Pcap(header) => pcap::step(header, &self.options, &mut self.report, bytes),
            Kind::Pcapng(state) => state.step(&self.options, &mut self.info, &mut self.report, bytes),
            _ => self.begin(bytes, end),
        };
        match &mut step {
            Ok(Step::Unit { len, found }) => {
                self.offset += *len as u64;
                if let Some(found) = found {
                    self.report.packets += 1;
                    self.report.captured_bytes += found.data.len() as u64;
                    self.report.wire_bytes += u64::from(found.wire_len);
                    if let Some(time) = found.time {
                        self.report.earliest_ns =
                            Some(self.report.earliest_ns.map_or(time.ns, |ns| ns.min(time.ns)));
                        self.report.latest_ns =
                            Some(self.report.latest_ns.map_or(time.ns, |ns| ns.max(time.ns)));
                    }
                    found.number = self.report.packets;
                }
                step
            }
            Ok(Step::Need { .. }) => step,
            Err(_) => step.map_err(|error| error.at(self.offset)),
        }
    }

    #[cold]
    fn begin(&mut self, bytes: &[u8], end: bool) -> Result<Step> {
        match self.kind {
            Kind::Choosing(mut header) => match pcap::choose(&header, &self.options, bytes, end) {
                Err(total) => Ok(Step::Need { what: "packet", total }),
                Ok(variant) => {
                    header.variant = variant;
                    self.info.pcap = Some(header);
                    self.kind = Kind::Pcap(header);
                    Ok(Step::nothing(0))
                }
            },
            _ => self.open(bytes),
        }
    }

    /// The first bytes of a file.
    fn open(&mut self, bytes: &[u8]) -> Result<Step> {
        let Some(&magic) = bytes.first_chunk() else {
            return Ok(Step::Need { what: "file header", total: pcap::LEN });
        };
        if magic == pcapng::SECTION_MAGIC {
            self.kind = Kind::Pcapng(pcapng::State::new());
            return Ok(Step::nothing(0));
        }
        if !FileHeader::is_magic(magic) {
            return Err(Error::new(ErrorKind::NotCapture { found: magic }));
        }
        let len = FileHeader::len_of(magic);
        let Some((fixed, _)) = bytes.split_first_chunk().filter(|_| bytes.len() >= len) else {
            return Ok(Step::Need { what: "file header", total: len });
        };
        let header = FileHeader::parse(fixed, self.options.parity)?;
        let resolution = if header.nanos { Resolution::NANOS } else { Resolution::MICROS };
        let mut interface = Interface::new(0, header.link_type, header.snap_len, resolution);
        interface.fcs_len = header.fcs_len;
        self.info.push_interface(interface, usize::MAX)?;
        self.info.pcap = Some(header);
        self.kind = Kind::Choosing(header);
        Ok(Step::nothing(len))
    }

    /// What it means that the file ends with these bytes, too few for the next unit: of an empty file nothing.
    pub(crate) fn ended(&mut self, what: &'static str, total: usize, have: usize) -> Result<()> {
        if have > 0 {
            return Err(Error::truncated(what, total, have).at(self.offset));
        }
        if self.offset == 0 {
            self.report.odd(Oddity::EmptyFile);
        }
        Ok(())
    }
}
