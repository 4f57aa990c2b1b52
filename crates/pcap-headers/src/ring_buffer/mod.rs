//! The ring buffer of a capture program: which files hold given seconds (semantics 13). Nothing is opened: names and times
//! come in as values.

mod name;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;

pub use name::{NameTemplate, RingName};

/// A file of the ring: its name, and what else is known of its time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingFile {
    /// The name or path, as the caller wants it back.
    pub name: String,
    /// When it begins, or how that is known.
    pub start: RingStart,
}

/// How the time of a file is known; from the best source that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingStart {
    /// The name says when the file was opened.
    Name(RingName),
    /// Time of the first packet, nanoseconds since the Unix epoch.
    FirstPacket(i64),
    /// Time of the last change, nanoseconds since the Unix epoch: when the file ended.
    Modified(i64),
    /// Not at all: the file may hold anything.
    Unknown,
}

impl RingFile {
    /// A file whose name says it all, by a template if there is one, else by itself; `Unknown` if it does not.
    #[must_use]
    pub fn new(name: impl Into<String>, template: Option<&NameTemplate>) -> Self {
        let name = name.into();
        let found = match template {
            Some(template) => template.parse_name(&name),
            None => RingName::guess(&name),
        };
        Self { name, start: found.map_or(RingStart::Unknown, RingStart::Name) }
    }

    /// With the time of the first packet, unless the name says more.
    #[must_use]
    pub fn or_first_packet(mut self, time_ns: Option<i64>) -> Self {
        if let (RingStart::Unknown | RingStart::Modified(_), Some(time_ns)) = (self.start, time_ns) {
            self.start = RingStart::FirstPacket(time_ns);
        }
        self
    }

    /// With the time of the last change, unless something better is known.
    #[must_use]
    pub fn or_modified(mut self, time_ns: Option<i64>) -> Self {
        if let (RingStart::Unknown, Some(time_ns)) = (self.start, time_ns) {
            self.start = RingStart::Modified(time_ns);
        }
        self
    }

    /// Which row of files it belongs to: those of one thread follow each other, others overlap.
    fn row(&self) -> (u8, Option<u64>) {
        match self.start {
            RingStart::Name(name) => (0, name.thread),
            RingStart::FirstPacket(_) => (1, None),
            RingStart::Modified(_) => (2, None),
            RingStart::Unknown => (3, None),
        }
    }

    /// When the file begins at the earliest.
    fn start_ns(&self) -> i64 {
        match self.start {
            RingStart::Name(name) => name.start_ns(),
            RingStart::FirstPacket(time_ns) | RingStart::Modified(time_ns) => time_ns,
            RingStart::Unknown => i64::MIN,
        }
    }

    /// When the file may have begun at the latest: names without microseconds leave a second open.
    fn latest_start_ns(&self) -> i64 {
        match self.start {
            RingStart::Name(RingName { micros: None, .. }) => self.start_ns().saturating_add(999_999_999),
            RingStart::Name(_) => self.start_ns().saturating_add(999),
            _ => self.start_ns(),
        }
    }
}

/// The files of a ring buffer.
///
/// ```
/// use pcap_headers::{RingBuffer, RingFile};
/// let names = ["log.pcap.1475156300", "log.pcap.1475156200", "log.pcap.1475156250", "log.pcap.1475156400"];
/// let ring: RingBuffer = names.into_iter().map(|name| RingFile::new(name, None)).collect();
/// let second = 1_000_000_000;
/// let files = ring.select(Some(1_475_156_260 * second), Some(1_475_156_310 * second));
/// assert_eq!(files.iter().map(|file| &*file.name).collect::<Vec<_>>(), ["log.pcap.1475156250", "log.pcap.1475156300"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RingBuffer {
    /// In order of time, then thread, then name.
    files: Vec<RingFile>,
}

impl RingBuffer {
    /// All files, ordered by time as numbers; equal times by thread, then by name.
    #[must_use]
    pub fn files(&self) -> &[RingFile] {
        &self.files
    }

    /// The newest file, which may still be written.
    #[must_use]
    pub fn newest(&self) -> Option<&RingFile> {
        self.files.last()
    }

    /// The files that may hold packets from `from` to `to`, both included and both nanoseconds since the Unix epoch; none
    /// is no bound. In order of time.
    ///
    /// Of each thread's files one holds what came from its start to that of the next, so the one before `from` is among
    /// them. A file known by its last change alone holds what came since the last change of the one before. Files of
    /// unknown time are always among them, first.
    #[must_use]
    pub fn select(&self, from: Option<i64>, to: Option<i64>) -> Vec<&RingFile> {
        let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
        if from > to {
            return Vec::new();
        }
        let mut rows: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, file) in self.files.iter().enumerate() {
            rows.entry(file.row()).or_default().push(at);
        }
        let mut wanted = vec![false; self.files.len()];
        for row in rows.values() {
            for (place, &at) in row.iter().enumerate() {
                let neighbour = |place: Option<usize>| {
                    place.and_then(|place| row.get(place)).and_then(|at| self.files.get(*at))
                };
                let next = neighbour(place.checked_add(1));
                let before = neighbour(place.checked_sub(1));
                if let (Some(file), Some(wanted)) = (self.files.get(at), wanted.get_mut(at)) {
                    *wanted = overlaps(before, file, next, from, to);
                }
            }
        }
        self.files.iter().zip(wanted).filter_map(|(file, wanted)| wanted.then_some(file)).collect()
    }
}

/// Whether what a file may hold, between its neighbours in its row, overlaps with `from..=to`.
fn overlaps(before: Option<&RingFile>, file: &RingFile, next: Option<&RingFile>, from: i64, to: i64) -> bool {
    match file.start {
        RingStart::Unknown => true,
        RingStart::Modified(end) => end >= from && before.is_none_or(|before| before.start_ns() <= to),
        RingStart::Name(_) | RingStart::FirstPacket(_) => {
            file.start_ns() <= to && next.is_none_or(|next| next.latest_start_ns() >= from)
        }
    }
}

impl FromIterator<RingFile> for RingBuffer {
    fn from_iter<I: IntoIterator<Item = RingFile>>(files: I) -> Self {
        let mut files: Vec<_> = files.into_iter().collect();
        files.sort_by(order);
        Self { files }
    }
}

fn order(a: &RingFile, b: &RingFile) -> Ordering {
    let key = |file: &RingFile| (file.start_ns(), file.row());
    key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
}
