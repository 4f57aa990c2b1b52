//! Bins of time, streamed once into what the charts need: bounded memory for any range.

use crate::error::{ErrorKind, Result};
use crate::thin::{Thinned, Thinner};

/// Width in pixels of the area in which the charts draw their lines.
pub const DRAWN_WIDTH: u32 = 880;

/// A row of bins of equal length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Start of the first bin, ms since 1970.
    pub start_ms: i64,
    /// Length of a bin in ms, at least 1.
    pub step_ms: i64,
    /// Number of bins.
    pub bins: u64,
}

impl TimeRange {
    /// The bins, counted from the epoch, that hold all times `first_ms..=last_ms`; none if `last_ms` is earlier.
    #[must_use]
    pub fn covering(first_ms: i64, last_ms: i64, step_ms: i64) -> Self {
        let step_ms = step_ms.max(1);
        let start_ms = first_ms.saturating_sub(first_ms.rem_euclid(step_ms));
        let bins = match u64::try_from(i128::from(last_ms) - i128::from(first_ms)) {
            Ok(_) => (i128::from(last_ms) - i128::from(start_ms)) / i128::from(step_ms) + 1,
            Err(_) => 0,
        };
        Self { start_ms, step_ms, bins: u64::try_from(bins).unwrap_or(u64::MAX) }
    }

    /// Start of a bin, ms since 1970.
    #[must_use]
    pub fn time_ms(&self, index: u64) -> i64 {
        let time = i128::from(self.start_ms) + i128::from(self.step_ms) * i128::from(index);
        i64::try_from(time).unwrap_or(i64::MAX)
    }

    /// A sum over one bin as a rate: divided by the bin's length in seconds.
    #[must_use]
    pub fn per_second(&self, sum: i128) -> f64 {
        sum as f64 * 1000.0 / self.step_ms.max(1) as f64
    }

    /// The bin that starts at exactly this time.
    fn index(&self, time_ms: i64) -> Option<u64> {
        let step = self.step_ms.max(1).unsigned_abs();
        let offset = u64::try_from(i128::from(time_ms) - i128::from(self.start_ms)).ok()?;
        let index = offset / step;
        (offset % step == 0 && index < self.bins).then_some(index)
    }
}

/// What starts in one bin of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// Start of the bin, ms since 1970.
    pub time_ms: i64,
    /// Sum of the bytes of the flows that start in it.
    pub bytes: i128,
    /// Sum of their packets.
    pub packets: i128,
    /// Number of these flows. A bin of none is as good as absent.
    pub flows: u64,
}

/// Takes bins in order of time, absent or empty ones included or left out, and keeps what the charts draw.
///
/// # Cost
/// A few dozen operations per bin; memory for `16 × DRAWN_WIDTH` columns at most, whatever the range.
#[derive(Debug, Clone)]
pub struct SeriesBuilder {
    range: TimeRange,
    next: u64,
    filled: u64,
    bytes_rate: Thinner,
    packets_rate: Thinner,
    bytes_mean: Thinner,
    packets_mean: Thinner,
    peak_bytes: Option<Peak>,
    peak_packets: Option<Peak>,
    slices: Vec<Slice>,
    /// The slice of the last bin.
    slice: usize,
}

impl SeriesBuilder {
    /// For the bins of `range`.
    #[must_use]
    pub fn new(range: TimeRange) -> Self {
        let thinner = Thinner::new(range.bins, DRAWN_WIDTH);
        let slice_count = range.bins.min(SLICES);
        let slices = (0..slice_count)
            .map(|slice| Slice {
                start: slice_start(slice, range.bins, slice_count),
                end: slice_start(slice + 1, range.bins, slice_count),
                ..Slice::default()
            })
            .collect();
        Self {
            range,
            next: 0,
            filled: 0,
            bytes_rate: thinner.clone(),
            packets_rate: thinner.clone(),
            bytes_mean: thinner.clone(),
            packets_mean: thinner,
            peak_bytes: None,
            peak_packets: None,
            slices,
            slice: 0,
        }
    }

    /// Takes the next bin that holds flows.
    ///
    /// # Errors
    /// `Usage`: the bin is none of the range, or not after the one before; nothing was taken then.
    pub fn push(&mut self, bin: Bin) -> Result<()> {
        let TimeRange { start_ms, step_ms, bins } = self.range;
        let index = self.range.index(bin.time_ms).ok_or(ErrorKind::Range {
            time_ms: bin.time_ms,
            start_ms,
            step_ms,
            bins,
        })?;
        if index < self.next {
            return Err(ErrorKind::Order { found: index, previous: self.next - 1 }.into());
        }
        if bin.flows == 0 {
            return Ok(());
        }
        self.empty_until(index);
        self.next = index + 1;
        self.filled += 1;
        let flows = bin.flows as f64;
        self.bytes_rate.push(index, self.range.per_second(bin.bytes));
        self.packets_rate.push(index, self.range.per_second(bin.packets));
        self.bytes_mean.push(index, bin.bytes as f64 / flows);
        self.packets_mean.push(index, bin.packets as f64 / flows);
        keep_larger(&mut self.peak_bytes, bin.time_ms, bin.bytes);
        keep_larger(&mut self.peak_packets, bin.time_ms, bin.packets);
        self.add_to_slice(index, &bin);
        Ok(())
    }

    /// What the charts need.
    #[must_use]
    pub fn finish(mut self) -> Series {
        self.empty_until(self.range.bins);
        Series {
            range: self.range,
            empty_bins: self.range.bins - self.filled,
            bytes_rate: self.bytes_rate.finish(),
            packets_rate: self.packets_rate.finish(),
            bytes_mean: self.bytes_mean.finish(),
            packets_mean: self.packets_mean.finish(),
            peak_bytes: self.peak_bytes,
            peak_packets: self.peak_packets,
            slices: self.slices,
        }
    }

    /// No flow starts in the bins from `next` up to `end`: their sum is 0, and they have no mean.
    fn empty_until(&mut self, end: u64) {
        self.bytes_rate.push_run(self.next, end, 0.0);
        self.packets_rate.push_run(self.next, end, 0.0);
    }

    fn add_to_slice(&mut self, index: u64, bin: &Bin) {
        // Bins come in order, so the slice of a bin is that of the one before or a later one.
        while self.slices.get(self.slice).is_some_and(|slice| slice.end <= index) {
            self.slice += 1;
        }
        let Some(slice) = self.slices.get_mut(self.slice) else { return };
        slice.bytes = slice.bytes.saturating_add(bin.bytes);
        slice.packets = slice.packets.saturating_add(bin.packets);
        slice.flows = slice.flows.saturating_add(bin.flows);
        slice.peak_bytes = slice.peak_bytes.max(bin.bytes);
        slice.peak_packets = slice.peak_packets.max(bin.packets);
    }
}

/// A series over time as the charts draw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub(crate) range: TimeRange,
    pub(crate) empty_bins: u64,
    pub(crate) bytes_rate: Thinned,
    pub(crate) packets_rate: Thinned,
    pub(crate) bytes_mean: Thinned,
    pub(crate) packets_mean: Thinned,
    pub(crate) peak_bytes: Option<Peak>,
    pub(crate) peak_packets: Option<Peak>,
    pub(crate) slices: Vec<Slice>,
}

impl Series {
    /// Streams bins of `range`, in order of time, into a series; see [`SeriesBuilder`].
    ///
    /// # Errors
    /// `Usage`: a bin is none of the range, or out of order.
    pub fn from_bins(range: TimeRange, bins: impl IntoIterator<Item = Bin>) -> Result<Self> {
        let mut builder = SeriesBuilder::new(range);
        bins.into_iter().try_for_each(|bin| builder.push(bin))?;
        Ok(builder.finish())
    }

    /// A series of no bins.
    #[must_use]
    pub fn empty() -> Self {
        SeriesBuilder::new(TimeRange { start_ms: 0, step_ms: 1000, bins: 0 }).finish()
    }

    /// The bins.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// Bytes per second, as drawn; 0 where no flow starts.
    #[must_use]
    pub fn bytes_rate(&self) -> &Thinned {
        &self.bytes_rate
    }

    /// Packets per second, as drawn; 0 where no flow starts.
    #[must_use]
    pub fn packets_rate(&self) -> &Thinned {
        &self.packets_rate
    }

    /// Mean bytes per flow, as drawn; nothing where no flow starts.
    #[must_use]
    pub fn bytes_mean(&self) -> &Thinned {
        &self.bytes_mean
    }

    /// Mean packets per flow, as drawn; nothing where no flow starts.
    #[must_use]
    pub fn packets_mean(&self) -> &Thinned {
        &self.packets_mean
    }

    /// Bins in which no flow starts.
    #[must_use]
    pub fn empty_bins(&self) -> u64 {
        self.empty_bins
    }

    /// Sum of the bytes of all bins.
    #[must_use]
    pub fn bytes(&self) -> i128 {
        self.slices.iter().fold(0, |sum, slice| sum.saturating_add(slice.bytes))
    }

    /// Sum of the packets of all bins.
    #[must_use]
    pub fn packets(&self) -> i128 {
        self.slices.iter().fold(0, |sum, slice| sum.saturating_add(slice.packets))
    }

    /// Length in ms of the stretches of which the charts draw the mean, rounded to whole bins.
    pub(crate) fn slice_ms(&self) -> i128 {
        let bins = self.range.bins / u64::try_from(self.slices.len()).unwrap_or(u64::MAX).max(1);
        i128::from(bins) * i128::from(self.range.step_ms)
    }

    /// The bin of the most bytes, the earliest of equals.
    #[must_use]
    pub fn peak_bytes(&self) -> Option<Peak> {
        self.peak_bytes
    }

    /// The bin of the most packets, the earliest of equals.
    #[must_use]
    pub fn peak_packets(&self) -> Option<Peak> {
        self.peak_packets
    }
}

/// A largest bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peak {
    /// Start of the bin, ms since 1970.
    pub time_ms: i64,
    /// Its sum.
    pub sum: i128,
}

/// A stretch of bins, for the read-out under the pointer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slice {
    /// First bin.
    pub(crate) start: u64,
    /// First bin after it.
    pub(crate) end: u64,
    pub(crate) bytes: i128,
    pub(crate) packets: i128,
    pub(crate) flows: u64,
    /// Largest sum of one bin.
    pub(crate) peak_bytes: i128,
    pub(crate) peak_packets: i128,
}

/// The first bin whose slice (`bin × count / bins`, rounded down) is this one.
fn slice_start(slice: u64, bins: u64, count: u64) -> u64 {
    let start = (u128::from(slice) * u128::from(bins)).div_ceil(u128::from(count.max(1)));
    u64::try_from(start).unwrap_or(u64::MAX)
}

fn keep_larger(peak: &mut Option<Peak>, time_ms: i64, sum: i128) {
    if peak.is_none_or(|peak| sum > peak.sum) {
        *peak = Some(Peak { time_ms, sum });
    }
}

/// Stretches of the read-out: some 8 pixels each, wide enough to point at.
const SLICES: u64 = 112;
