//! The slice face: packets in place.

use crate::ahead::Ahead;
use crate::container::Container;
use crate::error::Result;
use crate::info::CaptureInfo;
use crate::options::Options;
use crate::packet::Packet;
use crate::report::Report;
use crate::unit::Step;

/// The packets of a capture that lies in memory or in a map: an iterator of views that copies nothing and allocates
/// nothing for a packet.
///
/// Ends with one error where the file is damaged or cut.
///
/// ```
/// use pcap_headers::Packets;
/// let file = b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\x01\0\0\0\
///     \x0F\x19\xED\x57\xD6\x8C\x09\0\x04\0\0\0\x40\0\0\0\x02\0\0\0";
/// let packet = Packets::new(file).next().ok_or("no packet")??;
/// assert_eq!(packet.time_ns, Some(1_475_156_239_625_878_000));
/// assert_eq!((packet.data, packet.wire_len), (&[2, 0, 0, 0][..], 64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: &'a [u8],
    ahead: Ahead,
    container: Container,
    ended: bool,
}

impl<'a> Packets<'a> {
    /// The packets of `file`, a whole capture of either kind.
    #[must_use]
    pub fn new(file: &'a [u8]) -> Self {
        Self::with_options(file, &Options::default())
    }

    /// [`Packets::new`] with options.
    #[must_use]
    pub fn with_options(file: &'a [u8], options: &Options) -> Self {
        Self::of(file, Container::new(*options))
    }

    pub(crate) fn of(rest: &'a [u8], container: Container) -> Self {
        Self { rest, ahead: Ahead::default(), container, ended: false }
    }

    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    /// What the file said about itself so far; the header of a pcap file is known before its first packet is given, those
    /// of pcapng interfaces before theirs.
    #[must_use]
    pub fn info(&self) -> &CaptureInfo {
        self.container.info()
    }

    /// What was read so far, and what was odd.
    #[must_use]
    pub fn report(&self) -> &Report {
        self.container.report()
    }

    /// The file offset behind the last packet, or where reading stopped.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.container.offset()
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            self.ahead.look(self.rest);
            match self.container.step(self.rest, true) {
                Ok(Step::Unit { len, found }) => {
                    let (unit, rest) = self.rest.split_at_checked(len).unwrap_or_default();
                    self.rest = rest;
                    self.ahead.pass(len);
                    if let Some(found) = found {
                        return Some(Ok(found.view_in(unit)));
                    }
                }
                Ok(Step::Need { what, total }) => {
                    self.ended = true;
                    return self.container.ended(what, total, self.rest.len()).err().map(Err);
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl std::iter::FusedIterator for Packets<'_> {}
