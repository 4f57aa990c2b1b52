//! The push decoder: bytes of a capture go in as they come, packets come out. No I/O.

use crate::container::Container;
use crate::error::Result;
use crate::info::CaptureInfo;
use crate::options::Options;
use crate::packet::Packet;
use crate::report::Report;
use crate::unit::{Found, Step};

/// Decodes a capture that is pushed in pieces of any size.
///
/// Call [`decode`](Self::decode), take the [`packet`](Self::packet) after each call, go on with the bytes that were not
/// consumed; at the end of the input call [`flush`](Self::flush) until it gives no more packet. After an error nothing more
/// comes out.
///
/// The first packets of a microsecond pcap file come when the third is there, because only then is known what shape the
/// records have.
///
/// Keeps the bytes of one packet, and those of one record or block that arrives in pieces (bound by
/// [`Limits`](crate::Limits), taken as they arrive).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let pieces: Vec<Vec<u8>> = Vec::new();
/// use pcap_headers::{Decoder, Options};
/// let mut decoder = Decoder::new(Options::default());
/// for piece in pieces {
///     let mut rest = &piece[..];
///     while !rest.is_empty() {
///         let taken = decoder.decode(rest)?;
///         rest = &rest[taken..];
///         if let Some(packet) = decoder.packet() {
///             println!("{} bytes", packet.wire_len);
///         }
///     }
/// }
/// while decoder.flush()? {
///     println!("{:?}", decoder.packet());
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Decoder {
    container: Container,
    /// Bytes of units that have not arrived whole; those before `taken` are done with.
    pending: Vec<u8>,
    taken: usize,
    packet: Option<Found>,
    /// The bytes of the packet.
    data: Vec<u8>,
    done: bool,
    ignored: u64,
}

impl Decoder {
    /// A decoder of one capture of either kind.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            container: Container::new(options),
            pending: Vec::new(),
            taken: 0,
            packet: None,
            data: Vec::new(),
            done: false,
            ignored: 0,
        }
    }

    /// Takes bytes from the front of `bytes` and tells how many; at most one packet is made by a call.
    ///
    /// Gives up the [`packet`](Self::packet) that was there before. Consumes at least one byte or makes a packet, unless
    /// `bytes` is empty.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported` or `Limit` where the capture cannot be read on. What came before was handed out; the rest
    /// is ignored.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<usize> {
        self.packet = None;
        if self.done {
            self.ignored += bytes.len() as u64;
            return Ok(bytes.len());
        }
        self.advance(bytes).inspect_err(|_| self.done = true)
    }

    /// A unit that lies whole in `bytes` is read there; one that arrives in pieces is put together.
    fn advance(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut used = 0;
        loop {
            let waiting = self.pending.get(self.taken..).unwrap_or_default();
            let from_pending = !waiting.is_empty();
            let seen = if from_pending { waiting } else { bytes.get(used..).unwrap_or_default() };
            match self.container.step(seen, false)? {
                Step::Unit { len, found } => {
                    if let Some(found) = &found {
                        self.data.clear();
                        self.data.extend_from_slice(seen.get(found.data.clone()).unwrap_or_default());
                    }
                    if from_pending {
                        self.taken += len
                    } else {
                        used += len
                    }
                    if found.is_some() {
                        self.packet = found;
                        return Ok(used);
                    }
                }
                Step::Need { total, .. } => {
                    let wanted = total.saturating_sub(waiting.len());
                    self.pending.drain(..self.taken);
                    self.taken = 0;
                    let rest = bytes.get(used..).unwrap_or_default();
                    let piece = rest.get(..wanted).unwrap_or(rest);
                    self.pending.extend_from_slice(piece);
                    used += piece.len();
                    if piece.len() < wanted {
                        return Ok(used);
                    }
                }
            }
        }
    }

    /// The packet that the last call of [`decode`](Self::decode) or [`flush`](Self::flush) made.
    #[must_use]
    pub fn packet(&self) -> Option<Packet<'_>> {
        self.packet.as_ref().map(|found| found.view(&self.data))
    }

    /// Says that the input ends here, and tells whether that made another [`packet`](Self::packet): then call it again.
    ///
    /// # Errors
    /// `Malformed` if a record or block is incomplete, and whatever else is wrong with those that were waited for.
    pub fn flush(&mut self) -> Result<bool> {
        self.packet = None;
        while !self.done {
            let waiting = self.pending.get(self.taken..).unwrap_or_default();
            match self.container.step(waiting, true).inspect_err(|_| self.done = true)? {
                Step::Unit { len, found } => {
                    if let Some(found) = found {
                        self.data.clear();
                        self.data.extend_from_slice(waiting.get(found.data.clone()).unwrap_or_default());
                        self.packet = Some(found);
                    }
                    self.taken += len;
                    if self.packet.is_some() {
                        return Ok(true);
                    }
                }
                Step::Need { what, total } => {
                    self.done = true;
                    self.container.ended(what, total, waiting.len())?;
                }
            }
        }
        Ok(false)
    }

    /// What the capture said about itself so far.
    #[must_use]
    pub fn info(&self) -> &CaptureInfo {
        self.container.info()
    }

    /// What was read so far, and what was odd.
    #[must_use]
    pub fn report(&self) -> &Report {
        self.container.report()
    }

    /// Bytes behind an error, or behind the end, that were pushed and not decoded.
    #[must_use]
    pub fn ignored_bytes(&self) -> u64 {
        self.ignored
    }
}
