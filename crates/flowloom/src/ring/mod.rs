//! Ring buffers: folders into which a capture program writes file after file while it deletes the oldest (semantics 13).
//!
//! Files of a ring are read and never mapped: the newest one grows, and any may be cut or replaced.

mod follow;
mod summary;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use flow_frame::Window;
use mapped_input::Input;
use pcap_headers::{NameTemplate, Options, Reader, RingBuffer, RingFile, RingStart};

pub use self::follow::Follow;
pub(crate) use self::summary::RingListener;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{InputSource, NextInput};

/// A folder of captures, read in the order in which they were written.
///
/// When a file was begun is told by its name (`log.pcap.SECONDS`, `log.pcap.SECONDS.MICROSECONDS`, with a thread before
/// it, packed or not), else by its first packet, else by its last change. A file that vanishes before its turn is passed
/// over.
#[derive(Debug, Clone)]
pub struct Ring {
    folder: PathBuf,
    template: Option<NameTemplate>,
    from: Option<i64>,
    to: Option<i64>,
    follow: Option<Follow>,
}

impl Ring {
    /// The captures of a folder, and of its folders that are named after days (`2016-09-29`).
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), template: None, from: None, to: None, follow: None }
    }

    /// Only files whose names were made from a template; other names are not of the ring.
    #[must_use]
    pub fn with_template(mut self, template: Option<NameTemplate>) -> Self {
        self.template = template;
        self
    }

    /// Only files that may hold packets of a window; the one that contains its start is among them.
    #[must_use]
    pub fn with_window(mut self, window: Option<Window>) -> Self {
        let ns = |time: flow_frame::Instant| {
            let limited = time.ns().clamp(i64::MIN.into(), i64::MAX.into());
            i64::try_from(limited).unwrap_or_default()
        };
        self.from = window.and_then(|window| window.start).map(ns);
        self.to = window.and_then(|window| window.end).map(ns);
        self
    }

    /// With what is written from now on.
    #[must_use]
    pub fn with_follow(mut self, follow: Option<Follow>) -> Self {
        self.follow = follow;
        self
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files of the window, in their order.
    ///
    /// # Errors
    /// `Io` if the folder cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        Ok(Looker::new(self.clone()).look()?.selected())
    }

    /// What may still be written: the newest file of each thread whose number stands in the names; where no name tells a
    /// time, the file that was changed last.
    ///
    /// # Errors
    /// As [`files`](Self::files).
    pub fn live(&self) -> Result<Vec<PathBuf>> {
        Ok(Looker::new(self.clone()).look()?.live())
    }
}

impl InputSource for Ring {
    fn paths(&self) -> Vec<PathBuf> {
        // A folder that cannot be read is told of when the inputs begin.
        self.files().unwrap_or_default()
    }

    fn begin(&self) -> Result<Box<dyn Iterator<Item = NextInput> + Send>> {
        let mut looker = Looker::new(self.clone());
        let now = looker.look()?;
        if let Some(follow) = &self.follow {
            return Ok(Box::new(follow::Files::new(looker, follow.clone(), &now)?));
        }
        let files = now.selected();
        if files.is_empty() {
            let (folder, files) = (self.folder.clone(), now.buffer.files().len());
            return Err(ErrorKind::NoRingFiles { folder, files }.into());
        }
        Ok(Box::new(files.into_iter().map(NextInput::read)))
    }

    fn may_wait(&self) -> bool {
        self.follow.is_some()
    }
}

/// What is in the folder at one time.
#[derive(Debug, Default)]
pub(crate) struct Look {
    buffer: RingBuffer,
    paths: BTreeMap<String, PathBuf>,
    /// The one that was changed last.
    latest: Option<PathBuf>,
    from: Option<i64>,
    to: Option<i64>,
}

impl Look {
    fn paths_of(&self, files: &[&RingFile]) -> Vec<PathBuf> {
        files.iter().filter_map(|file| self.paths.get(&file.name)).cloned().collect()
    }

    fn selected(&self) -> Vec<PathBuf> {
        self.paths_of(&self.buffer.select(self.from, self.to))
    }

    fn live(&self) -> Vec<PathBuf> {
        let threads: BTreeMap<_, &RingFile> = self
            .buffer
            .files()
            .iter()
            .filter_map(|file| match file.start {
                RingStart::Name(name) => Some((name.thread, file)),
                _ => None,
            })
            .collect();
        match threads.is_empty() {
            true => self.latest.iter().cloned().collect(),
            false => self.paths_of(&threads.into_values().collect::<Vec<_>>()),
        }
    }

    fn has(&self, path: &Path) -> bool {
        self.paths.contains_key(path.to_string_lossy().as_ref())
    }
}

/// Looks into the folder, again and again, and opens no file twice for what it has told once.
#[derive(Debug)]
pub(crate) struct Looker {
    ring: Ring,
    first_packets: HashMap<PathBuf, i64>,
}

impl Looker {
    fn new(ring: Ring) -> Self {
        Self { ring, first_packets: HashMap::new() }
    }

    fn look(&mut self) -> Result<Look> {
        let mut paths = BTreeMap::new();
        let mut files = Vec::new();
        let mut latest = None;
        for (path, facts) in regular_files(&self.ring.folder, true)? {
            let name = path.to_string_lossy().into_owned();
            let mut file = RingFile::new(name.clone(), self.ring.template.as_ref());
            if file.start == RingStart::Unknown {
                if self.ring.template.is_some() {
                    continue;
                }
                file = file.or_first_packet(self.first_packet(&path)).or_modified(modified(&facts));
            }
            latest = latest.max(Some((modified(&facts), path.clone())));
            paths.insert(name, path);
            files.push(file);
        }
        self.first_packets.retain(|path, _| paths.contains_key(path.to_string_lossy().as_ref()));
        let (latest, buffer) = (latest.map(|(_, path)| path), files.into_iter().collect());
        Ok(Look { buffer, paths, latest, from: self.ring.from, to: self.ring.to })
    }

    fn first_packet(&mut self, path: &Path) -> Option<i64> {
        if let Some(known) = self.first_packets.get(path) {
            return Some(*known);
        }
        let mut reader = Reader::new(Input::open(path).ok()?, Options::default());
        let time = reader.next_packet()?.ok()?.time_ns?;
        self.first_packets.insert(path.to_owned(), time);
        Some(time)
    }
}

/// The files of a folder and, if `days`, of its folders that are named after days. What vanishes meanwhile is not there.
fn regular_files(folder: &Path, days: bool) -> Result<Vec<(PathBuf, Metadata)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let Ok(entry) = entry else { continue };
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        match path.metadata() {
            Ok(facts) if facts.is_file() && !name.starts_with('.') => files.push((path, facts)),
            Ok(facts) if facts.is_dir() && days && is_day(&name) => {
                files.extend(regular_files(&path, false).unwrap_or_default());
            }
            _ => {}
        }
    }
    Ok(files)
}

/// `YYYY-MM-DD`.
fn is_day(name: &str) -> bool {
    chrono::NaiveDate::parse_from_str(name, "%Y-%m-%d").is_ok() && name.len() == 10
}

/// Time of the last change, nanoseconds since 1970.
fn modified(facts: &Metadata) -> Option<i64> {
    let since = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok()
}

#[cfg(test)]
mod tests;
