//! What must be remembered from block to block, and the packets of blocks.

use std::ops::Range;

use crate::bytes::ByteOrder;
use crate::error::{Error, Result};
use crate::info::CaptureInfo;
use crate::linktype::LinkType;
use crate::options::{Limits, Options, Parity};
use crate::pcapng::block::Block;
use crate::pcapng::framing::{Framed, frame};
use crate::report::{Oddity, Report};
use crate::time::{Clock, Time, micros};
use crate::unit::{Found, Step};

/// Where a body begins, behind kind and length.
const BODY_AT: usize = 8;
/// Where simple packets and custom data stand.
const BEHIND_A_NUMBER: usize = BODY_AT + 4;
/// Where the packets of enhanced and of obsolete blocks stand.
const PACKET_AT: usize = BODY_AT + 20;

/// What the packets of an interface need.
#[derive(Debug, Clone, Copy)]
struct Reading {
    link_type: LinkType,
    snap_len: u32,
    clock: Clock,
    most_captured: usize,
}

/// The state of a section.
#[derive(Debug, Clone)]
pub(crate) struct State {
    order: ByteOrder,
    /// The interfaces of this section.
    interfaces: Vec<Reading>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self { order: ByteOrder::Little, interfaces: Vec::new() }
    }

    /// The block at the front of `bytes`.
    ///
    /// # Errors
    /// `Malformed` if block or option lengths contradict each other or an interface is not described; `Limit` if one is
    /// beyond the limits; `Unsupported` if a section has a version that is not known.
    #[inline]
    pub(crate) fn step(
        &mut self,
        options: &Options,
        info: &mut CaptureInfo,
        report: &mut Report,
        bytes: &[u8],
    ) -> Result<Step> {
        let raw = match frame(bytes, self.order, options.limits.block_bytes)? {
            Framed::Need { what, total } => return Ok(Step::Need { what, total }),
            Framed::Block(raw) => raw,
        };
        if raw.unaligned {
            report.odd(Oddity::UnalignedBlock);
        }
        let found = match Block::parse(&raw)? {
            Block::Enhanced(packet) => {
                let interface = self.interface(packet.interface)?;
                let time = Some(interface.time(packet.ticks, report));
                interface.found(
                    packet.interface,
                    time,
                    packet.wire_len,
                    place(PACKET_AT, packet.data),
                    report,
                )?
            }
            Block::Obsolete(packet) => {
                let number = u32::from(packet.interface);
                let interface = self.interface(number)?;
                let time = Some(interface.time(packet.ticks, report));
                interface.found(number, time, packet.wire_len, place(PACKET_AT, packet.data), report)?
            }
            Block::Simple(packet) => {
                let interface = self.interface(0)?;
                let data = packet.data(interface.snap_len)?;
                interface.found(0, None, packet.wire_len, place(BEHIND_A_NUMBER, data), report)?
            }
            Block::Custom(block) => {
                report.odd(Oddity::CustomBlock);
                match options.parity {
                    Parity::Native => return Ok(Step::nothing(raw.len)),
                    Parity::Tshark => {
                        frame_of(LinkType::CUSTOM_BLOCK, None, place(BEHIND_A_NUMBER, block.data))
                    }
                }
            }
            Block::Journal(entry) => {
                report.odd(Oddity::JournalEntry);
                match options.parity {
                    Parity::Native => return Ok(Step::nothing(raw.len)),
                    Parity::Tshark => {
                        let time = entry.realtime_us().map(|us| micros(us).0);
                        frame_of(LinkType::JOURNAL_ENTRY, time, place(BODY_AT, entry.text))
                    }
                }
            }
            other => {
                self.remember(other, &options.limits, info, report)?;
                return Ok(Step::nothing(raw.len));
            }
        };
        Ok(Step::Unit { len: raw.len, found: Some(found) })
    }

    fn interface(&self, number: u32) -> Result<&Reading> {
        self.interfaces.get(number as usize).ok_or_else(|| {
            let known = self.interfaces.len();
            Error::invalid("interface of a packet", format_args!("less than {known}"), number)
        })
    }

    /// What blocks say that are no packets.
    fn remember(
        &mut self,
        block: Block<'_>,
        limits: &Limits,
        info: &mut CaptureInfo,
        report: &mut Report,
    ) -> Result<()> {
        match block {
            Block::Section(header) => {
                info.push_section(header.to_section(), limits.interface_bytes)?;
                self.order = header.byte_order;
                self.interfaces.clear();
            }
            Block::Interface(description) => {
                if description.has_ignored_options() {
                    report.odd(Oddity::OptionLength);
                }
                let section = info.sections.len().saturating_sub(1);
                info.push_interface(description.to_interface(section), limits.interface_bytes)?;
                let large = description.link_type.has_large_packets();
                self.interfaces.push(Reading {
                    link_type: description.link_type,
                    snap_len: description.snap_len,
                    clock: Clock::new(description.resolution, description.offset_s),
                    most_captured: if large { limits.block_bytes } else { limits.packet_bytes },
                });
            }
            Block::Statistics(statistics) => {
                let first = info.interfaces.len() - self.interfaces.len().min(info.interfaces.len());
                match info
                    .interfaces
                    .get_mut(first..)
                    .and_then(|all| all.get_mut(statistics.interface as usize))
                {
                    None => report.odd(Oddity::UnknownInterface),
                    Some(interface) => {
                        interface.received = statistics.received().or(interface.received);
                        interface.dropped = statistics.dropped().or(interface.dropped);
                    }
                }
            }
            Block::Unknown { .. } => report.odd(Oddity::UnknownBlock),
            _ => {}
        }
        Ok(())
    }
}

impl Reading {
    #[inline]
    fn time(&self, ticks: u64, report: &mut Report) -> Time {
        let (time, fits) = self.clock.time(ticks);
        if !fits {
            report.odd(Oddity::TimeOutOfRange);
        }
        time
    }

    #[inline]
    fn found(
        &self,
        interface: u32,
        time: Option<Time>,
        wire_len: u32,
        data: Range<usize>,
        report: &mut Report,
    ) -> Result<Found> {
        if data.len() > self.most_captured {
            return Err(Error::limit("captured length", data.len(), self.most_captured));
        }
        if data.len() > wire_len as usize {
            report.odd(Oddity::CapturedBeyondWire);
        }
        if self.snap_len > 0 && data.len() > self.snap_len as usize {
            report.odd(Oddity::CapturedBeyondSnap);
        }
        Ok(Found { number: 0, time, link_type: self.link_type, interface: Some(interface), wire_len, data })
    }
}

/// What is no packet, but a frame for tshark.
fn frame_of(link_type: LinkType, time: Option<Time>, data: Range<usize>) -> Found {
    let wire_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    Found { number: 0, time, link_type, interface: None, wire_len, data }
}

/// Where the packet of a block stands in it.
#[inline]
fn place(start: usize, data: &[u8]) -> Range<usize> {
    start..start + data.len()
}
