//! Headers of versions 0–15, written before SiLK 1.0 (spec 2.5), and the facts in the names of such files.

use crate::error::{Error, ErrorKind, Result};
use crate::format::{ByteOrder, Compression, FormatId};
use crate::header::{Entry, Header, Legacy, text};
use crate::layouts;
use crate::repository::FileName;
use crate::rules::{NO_FLOWTYPE, NO_SENSOR};
use crate::silk_time::HOUR_MS;
use crate::site::SiteConfig;

/// What stands behind the first 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    BaseTime,
    Commands,
    Nothing,
    FlowcapNames,
}

/// The table of spec 2.5: body, first version with padding, first version with compression.
fn rule(format: FormatId) -> Option<(Body, u8, u8)> {
    const NEVER: u8 = u8::MAX;
    Some(match format {
        FormatId::RWAUGMENTED | FormatId::RWAUGROUTING | FormatId::RWAUGSNMPOUT | FormatId::RWAUGWEB => {
            (Body::BaseTime, 2, 2)
        }
        FormatId::RWNOTROUTED | FormatId::RWROUTED | FormatId::RWSPLIT | FormatId::RWWWW => {
            (Body::BaseTime, 2, 3)
        }
        FormatId::RWFILTER => (Body::Commands, 2, 4),
        FormatId::RWGENERIC => (Body::Nothing, 2, 3),
        FormatId::FLOWCAP => (Body::FlowcapNames, NEVER, 1),
        _ => return None,
    })
}

/// The part of a legacy header behind the first 8 bytes, being parsed.
#[derive(Debug)]
pub(crate) struct Tail {
    body: Body,
    padded: bool,
    record_len: usize,
    /// Commands still to come, once their count was read.
    commands_left: Option<u32>,
    body_done: bool,
}

impl Tail {
    pub(crate) fn new(header: &Header) -> Result<Self> {
        let (format, version) = (header.format, header.file_version);
        let Some((body, padding_from, compression_from)) = rule(format) else {
            return Err(Error::new(ErrorKind::LegacyFormat { format, version }).at(6));
        };
        if header.compression != Compression::NONE && version < compression_from {
            let compression = header.compression;
            return Err(Error::new(ErrorKind::LegacyCompression { version, compression }).at(7));
        }
        let Some(known) = layouts::find(format, version) else {
            return Err(Error::new(ErrorKind::LegacyFormat { format, version }).at(6));
        };
        Ok(Self {
            body,
            padded: version >= padding_from,
            record_len: known.layout.len,
            commands_left: None,
            body_done: false,
        })
    }

    /// Goes on at `at`. Tells what is missing, or `None` when the end of the header was reached.
    pub(crate) fn advance(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
        header: &mut Header,
    ) -> Result<Option<(&'static str, usize)>> {
        if !self.body_done {
            header.legacy = Some(Legacy { base_time_ms: None });
            if let Some(need) = self.body(bytes, at, header)? {
                return Ok(Some(need));
            }
            self.body_done = true;
        }
        let padding = match *at % self.record_len {
            rest if self.padded && rest != 0 => self.record_len - rest,
            _ => 0,
        };
        let end = *at + padding;
        if bytes.len() < end {
            return Ok(Some(("padding of the header", end)));
        }
        *at = end;
        Ok(None)
    }

    fn body(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
        header: &mut Header,
    ) -> Result<Option<(&'static str, usize)>> {
        let order = header.byte_order();
        let rest = bytes.get(*at..).unwrap_or_default();
        match self.body {
            Body::Nothing => {}
            Body::BaseTime => {
                let Some(seconds) = u32_at(rest, order) else {
                    return Ok(Some(("base time of the header", *at + 4)));
                };
                let ms = i64::from(seconds) * 1000;
                header.legacy = Some(Legacy { base_time_ms: Some(ms - ms % HOUR_MS) });
                *at += 4;
            }
            Body::FlowcapNames => {
                let Some((sensor, probe)) = rest.get(..50).map(|names| names.split_at(25)) else {
                    return Ok(Some(("sensor and probe name of the header", *at + 50)));
                };
                header.entries.push(Entry::ProbeName(flowcap_probe(text(sensor), text(probe))?));
                if header.compression == Compression(6) {
                    header.compression = Compression::LZO1X;
                }
                *at += 50;
            }
            Body::Commands => return self.commands(bytes, at, header),
        }
        Ok(None)
    }

    /// FT_RWFILTER: u32 count, then u16 length and text per command.
    fn commands(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
        header: &mut Header,
    ) -> Result<Option<(&'static str, usize)>> {
        let order = header.byte_order();
        let mut left = match self.commands_left {
            Some(left) => left,
            None => {
                let Some(count) = bytes.get(*at..).and_then(|rest| u32_at(rest, order)) else {
                    return Ok(Some(("command count of the header", *at + 4)));
                };
                *at += 4;
                count
            }
        };
        while left > 0 {
            self.commands_left = Some(left);
            let rest = bytes.get(*at..).unwrap_or_default();
            let Some(len) = u16_at(rest, order).map(usize::from) else {
                return Ok(Some(("command length of the header", *at + 2)));
            };
            let Some(command) = rest.get(2..2 + len) else {
                return Ok(Some(("command of the header", *at + 2 + len)));
            };
            if len > 0 {
                let trimmed = command.strip_suffix(&[0]).unwrap_or(command);
                let line = trimmed.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect();
                header.entries.push(Entry::Invocation(line));
            }
            *at += 2 + len;
            left -= 1;
        }
        self.commands_left = Some(0);
        Ok(None)
    }
}

/// Equal names are the probe's; otherwise `sensor_probe`. Two empty names are an error.
fn flowcap_probe(sensor: Vec<u8>, probe: Vec<u8>) -> Result<Vec<u8>> {
    match (sensor.is_empty(), probe.is_empty()) {
        (true, true) => Err(Error::invalid("probe name of the header", "a name", "two empty names")),
        _ if sensor == probe => Ok(probe),
        _ => Ok([sensor, probe].join(&b'_')),
    }
}

fn u32_at(bytes: &[u8], order: ByteOrder) -> Option<u32> {
    let raw = *bytes.first_chunk()?;
    Some(if order == ByteOrder::Big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
}

fn u16_at(bytes: &[u8], order: ByteOrder) -> Option<u16> {
    let raw = *bytes.first_chunk()?;
    Some(if order == ByteOrder::Big { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
}

/// Flowtype and sensor from a file name (spec 2.5); 255 and 65535 = none.
pub(crate) fn file_name_ids(path: &str, site: &SiteConfig) -> (u8, u16) {
    let name = FileName::parse(path, site);
    name.map_or((NO_FLOWTYPE, NO_SENSOR), |name| (name.flowtype, name.sensor.unwrap_or(NO_SENSOR)))
}
