//! Capture files: pcap and pcapng, in either byte order, times in microseconds or nanoseconds.

use std::io::{self, Write};

/// The kind of capture file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Container {
    /// pcap.
    #[default]
    Pcap,
    /// pcapng: one section with one interface.
    Pcapng,
}

/// How a capture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileOptions {
    /// The kind of file.
    pub container: Container,
    /// Times in nanoseconds, else in microseconds, cut off.
    pub nanoseconds: bool,
    /// Numbers in big-endian order, else in little-endian order.
    pub big_endian: bool,
    /// Bytes that are kept of a packet; 0: all.
    pub snap_len: u32,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self { container: Container::Pcap, nanoseconds: false, big_endian: false, snap_len: 0 }
    }
}

/// Bytes that are gathered before they are written.
const WRITE_AT: usize = 256 << 10;
/// The snap length of files that keep everything, as tcpdump has it.
const EVERYTHING: u32 = 262_144;
const ETHERNET: u16 = 1;

/// Writes Ethernet frames.
#[derive(Debug)]
pub struct CaptureWriter<W> {
    sink: W,
    options: FileOptions,
    buffer: Vec<u8>,
}

impl<W: Write> CaptureWriter<W> {
    /// Begins a file.
    pub fn new(sink: W, options: FileOptions) -> Self {
        let mut writer = Self { sink, options, buffer: Vec::with_capacity(2 * WRITE_AT) };
        match options.container {
            Container::Pcap => {
                writer.words(&[if options.nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 }]);
                [2, 4].into_iter().for_each(|version| writer.short(version));
                writer.words(&[0, 0, writer.snap_len(), ETHERNET.into()]);
            }
            Container::Pcapng => {
                let version_1_0 = if options.big_endian { 0x0001_0000 } else { 1 };
                writer.words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, version_1_0, u32::MAX, u32::MAX, 28]);
                writer.words(&[1, 32]);
                [ETHERNET, 0].into_iter().for_each(|number| writer.short(number));
                writer.words(&[options.snap_len]);
                // Option `if_tsresol`, a byte with padding, and the end of options.
                [9, 1].into_iter().for_each(|number| writer.short(number));
                writer.buffer.extend([if options.nanoseconds { 9 } else { 6 }, 0, 0, 0, 0, 0, 0, 0]);
                writer.words(&[32]);
            }
        }
        writer
    }

    fn snap_len(&self) -> u32 {
        if self.options.snap_len == 0 { EVERYTHING } else { self.options.snap_len }
    }

    fn short(&mut self, number: u16) {
        let bytes = if self.options.big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
        self.buffer.extend_from_slice(&bytes);
    }

    #[inline]
    fn words<const N: usize>(&mut self, words: &[u32; N]) {
        let order = |word: u32| if self.options.big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
        self.buffer.extend_from_slice(words.map(order).as_flattened());
    }

    /// Adds a packet with its time in nanoseconds since the epoch; pcap holds 32 bits of seconds.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write(&mut self, time_ns: u64, frame: &[u8]) -> io::Result<()> {
        let captured = frame.get(..self.snap_len() as usize).unwrap_or(frame);
        let [captured_len, wire_len] =
            [captured.len(), frame.len()].map(|len| u32::try_from(len).unwrap_or(u32::MAX));
        let ticks = if self.options.nanoseconds { time_ns } else { time_ns / 1000 };
        match self.options.container {
            Container::Pcap => {
                let units = if self.options.nanoseconds { 1_000_000_000 } else { 1_000_000 };
                self.words(&[(ticks / units) as u32, (ticks % units) as u32, captured_len, wire_len]);
                self.buffer.extend_from_slice(captured);
            }
            Container::Pcapng => {
                let padded = captured_len.next_multiple_of(4);
                let (high, low) = ((ticks >> 32) as u32, ticks as u32);
                self.words(&[6, padded + 32, 0, high, low, captured_len, wire_len]);
                self.buffer.extend_from_slice(captured);
                self.buffer.extend((captured_len..padded).map(|_| 0));
                self.words(&[padded + 32]);
            }
        }
        if self.buffer.len() >= WRITE_AT {
            self.sink.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Writes what is left and gives the sink back.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> io::Result<W> {
        self.sink.write_all(&self.buffer)?;
        self.sink.flush()?;
        Ok(self.sink)
    }
}
