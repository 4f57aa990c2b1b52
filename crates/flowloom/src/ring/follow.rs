//! A ring that is being written: its newest file grows until the next one is there.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Look, Looker};
use crate::error::{Error, Result};
use crate::source::NextInput;

/// How a ring is followed, and when that ends. A clone of it ends with it.
#[derive(Debug, Clone)]
pub struct Follow {
    poll: Duration,
    until: Option<Instant>,
    idle: Option<Duration>,
    stopped: Arc<AtomicBool>,
    /// When bytes came last.
    last_bytes: Arc<Mutex<Instant>>,
}

impl Default for Follow {
    fn default() -> Self {
        let last_bytes = Arc::new(Mutex::new(Instant::now()));
        Self {
            poll: Duration::from_millis(200),
            until: None,
            idle: None,
            stopped: Arc::default(),
            last_bytes,
        }
    }
}

impl Follow {
    /// With another time between two looks at the newest file. Default 200 ms.
    #[must_use]
    pub fn with_poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Until a point in time.
    #[must_use]
    pub fn with_until(mut self, until: Option<Instant>) -> Self {
        self.until = until;
        self
    }

    /// Until nothing came for so long.
    #[must_use]
    pub fn with_idle(mut self, idle: Option<Duration>) -> Self {
        self.idle = idle;
        self
    }

    /// What ends it when it is set, at the next look.
    #[must_use]
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopped)
    }

    fn bytes_came(&self) {
        *self.last_bytes.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether it goes on, after a pause.
    fn wait(&self) -> bool {
        if self.has_ended() {
            return false;
        }
        thread::sleep(self.poll);
        true
    }

    fn has_ended(&self) -> bool {
        let now = Instant::now();
        let last = *self.last_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        self.stopped.load(Ordering::Relaxed)
            || self.until.is_some_and(|until| now >= until)
            || self.idle.is_some_and(|idle| now.saturating_duration_since(last) >= idle)
    }
}

/// The files of the ring, those that are yet to come too. One that is not yet the last is read to its end, the newest one
/// until another follows it.
pub(super) struct Files {
    looker: Arc<Mutex<Looker>>,
    follow: Follow,
    /// Those that had their turn and are still there.
    done: HashSet<PathBuf>,
}

impl Files {
    /// # Errors
    /// `Usage` if several threads write the ring at the same time: their files follow each other only by thread.
    pub(super) fn new(looker: Looker, follow: Follow, now: &Look) -> Result<Self> {
        let live = now.live();
        if live.len() > 1 {
            let names: Vec<String> = live.iter().map(|path| path.display().to_string()).collect();
            return Err(Error::usage(format!(
                "--follow follows one row of files, and the ring has several, of which the newest are {}: choose one with \
                 --ring-name, such as log.1.%t.pcap",
                names.join(", ")
            )));
        }
        follow.bytes_came();
        Ok(Self { looker: Arc::new(Mutex::new(looker)), follow, done: HashSet::new() })
    }
}

fn look(looker: &Mutex<Looker>) -> Option<Look> {
    looker.lock().unwrap_or_else(PoisonError::into_inner).look().ok()
}

impl Iterator for Files {
    type Item = NextInput;

    fn next(&mut self) -> Option<NextInput> {
        loop {
            // A folder that is not there for a moment is one without files.
            let now = look(&self.looker).unwrap_or_default();
            let files = now.selected();
            self.done.retain(|path| now.has(path));
            if let Some(path) = files.into_iter().find(|path| !self.done.contains(path)) {
                self.done.insert(path.clone());
                // It may have vanished since.
                let Ok(file) = File::open(&path) else { continue };
                let (looker, follow) = (Arc::clone(&self.looker), self.follow.clone());
                let growing = Growing { file, path: path.clone(), looker, follow, is_complete: false };
                return Some(NextInput::stream(path, Box::new(growing)));
            }
            // Nothing that comes later is of the window.
            let is_over = !self.done.is_empty() && now.live().iter().any(|path| !self.done.contains(path));
            if is_over || !self.follow.wait() {
                return None;
            }
        }
    }
}

/// The bytes of a file that may grow: its end is the end once another file is newer, or the following ends.
struct Growing {
    file: File,
    path: PathBuf,
    looker: Arc<Mutex<Looker>>,
    follow: Follow,
    /// Nothing more is written to it.
    is_complete: bool,
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.file.read(buffer)?;
            if read > 0 {
                self.follow.bytes_came();
                return Ok(read);
            }
            if self.is_complete || buffer.is_empty() {
                return Ok(0);
            }
            let now = look(&self.looker).unwrap_or_default();
            let live = now.live();
            if !live.is_empty() && !live.contains(&self.path) {
                // What was written before the other one began may have come since the last read.
                self.is_complete = true;
            } else if !self.follow.wait() {
                return Ok(0);
            }
        }
    }
}
