//! The `Read` face.

use std::io::{self, Read};

use crate::container::Container;
use crate::error::{Error, ErrorKind, Result};
use crate::info::CaptureInfo;
use crate::options::Options;
use crate::packet::Packet;
use crate::report::Report;
use crate::unit::Step;

/// Bytes that are read at first, so that small files take little.
const FIRST_READ: usize = 8 << 10;
/// Bytes that are read at a time.
const READ: usize = 256 << 10;

/// Reads a capture from any source, with one buffer. `Send` if the source is.
///
/// Packets are views of the buffer. It holds 256 KiB, or one record or block if that is larger (bound by
/// [`Limits`](crate::Limits), taken as its bytes arrive).
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use pcap_headers::{Options, Reader};
/// let mut reader = Reader::new(std::fs::File::open("trace.pcap")?, Options::default());
/// let mut bytes = 0;
/// while let Some(packet) = reader.next_packet() {
///     bytes += u64::from(packet?.wire_len);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    container: Container,
    /// `taken..filled` are still to be decoded.
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
    source_state: SourceState,
    ended: bool,
}

#[derive(Debug)]
enum SourceState {
    Open,
    Ended,
    /// Packets that came before it, then this error.
    Failed(io::Error),
}

impl<R: Read> Reader<R> {
    /// A reader of the capture that `source` begins with. Nothing is read yet.
    pub fn new(source: R, options: Options) -> Self {
        Self {
            source,
            container: Container::new(options),
            buffer: Vec::new(),
            taken: 0,
            filled: 0,
            source_state: SourceState::Open,
            ended: false,
        }
    }

    /// The next packet. After an error nothing more comes.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported` or `Limit` where the capture cannot be read on; `Io` if the source fails.
    pub fn next_packet(&mut self) -> Option<Result<Packet<'_>>> {
        while !self.ended {
            let end = !matches!(self.source_state, SourceState::Open);
            let bytes = self.buffer.get(self.taken..self.filled).unwrap_or_default();
            match self.container.step(bytes, end) {
                Ok(Step::Unit { len, found }) => {
                    let start = self.taken;
                    self.taken += len;
                    if let Some(found) = found {
                        let unit = self.buffer.get(start..self.taken).unwrap_or_default();
                        return Some(Ok(found.view_in(unit)));
                    }
                }
                Ok(Step::Need { total, .. }) if !end => self.fill(total),
                Ok(Step::Need { what, total }) => {
                    self.ended = true;
                    let have = bytes.len();
                    return match std::mem::replace(&mut self.source_state, SourceState::Ended) {
                        SourceState::Failed(error) => {
                            let at = self.container.offset() + have as u64;
                            Some(Err(Error::new(ErrorKind::Io(error)).at(at)))
                        }
                        _ => self.container.ended(what, total, have).err().map(Err),
                    };
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// Reads once, to have `total` bytes after as many calls as it takes.
    fn fill(&mut self, total: usize) {
        self.buffer.copy_within(self.taken..self.filled, 0);
        self.filled -= self.taken;
        self.taken = 0;
        // An announced length takes memory only as bytes arrive; there is always room for some.
        let usual = if self.buffer.is_empty() { FIRST_READ } else { READ };
        let wanted = total.min(self.filled.saturating_mul(2)).max(usual);
        let more = wanted.saturating_sub(self.buffer.len());
        self.buffer.reserve_exact(more);
        self.buffer.resize(self.buffer.len() + more, 0);
        let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let room = free.len();
        loop {
            match self.source.read(free) {
                Ok(0) => self.source_state = SourceState::Ended,
                // A reader that claims more than it was given is not believed.
                Ok(n) => self.filled += n.min(room),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => self.source_state = SourceState::Failed(e),
            }
            return;
        }
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

    /// The offset in the capture behind the last packet, or where reading stopped.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.container.offset()
    }

    /// The source, wherever reading stopped.
    #[must_use]
    pub fn get_ref(&self) -> &R {
        &self.source
    }
}
