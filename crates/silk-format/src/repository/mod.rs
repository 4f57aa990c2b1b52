//! A repository of hour files: which files hold the flows of given hours, types and sensors (semantics section 2).
//! Public: [`Repository`], [`Selector`], [`Selected`], [`Files`], [`HourFile`], [`Hours`], [`Scope`],
//! [`RecordFilter`], [`FileName`], [`Presence`], [`Disk`].
//!
//! ```
//! use std::sync::Arc;
//! use silk_format::{Repository, Selector, SiteConfig};
//!
//! let site = b"sensor 0 S0\nclass all\n sensors S0\n type 0 in\n default-types in\nend class\ndefault-class all\n";
//! let repository = Repository::new("/data", Arc::new(SiteConfig::parse(site)?));
//! let selected = repository.select(&Selector::new(0).with_start("2009/02/13:05".parse()?))?;
//! for file in &selected {
//!     assert_eq!(file.path, std::path::Path::new("/data/in/2009/02/13/allin-S0_20090213.05"));
//!     assert!(!file.present);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod file_name;
mod hours;
mod path;
mod presence;
mod selector;

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use file_name::FileName;
pub use hours::Hours;
pub(crate) use path::PathFormat;
use path::{Facts, HourText};
pub use presence::{Disk, Presence};
pub use selector::{RecordFilter, Scope, Selector};

use crate::error::{ErrorKind, Result};
use crate::silk_time::{DAY_MS, HOUR_MS};
use crate::site::SiteConfig;

/// A data root and its site configuration.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    site: Arc<SiteConfig>,
}

impl Repository {
    /// The repository below `root`. Nothing is looked at yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, site: Arc<SiteConfig>) -> Self {
        Self { root: root.into(), site }
    }

    /// The data root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The site configuration.
    #[must_use]
    pub fn site(&self) -> &Arc<SiteConfig> {
        &self.site
    }

    /// Which files a selection asks for. The disk is asked when these are iterated.
    ///
    /// # Errors
    /// `Usage`, in the reference's words: names that the site does not know, a flowtype without any of the chosen
    /// sensors, missing defaults, dates in the wrong order.
    pub fn select(&self, selector: &Selector) -> Result<Selected> {
        let hours = selector.hours()?;
        let (scope, warnings) = selector.scope(&self.site)?;
        let format = PathFormat::parse(self.site.path_format()).map_err(ErrorKind::Usage)?;
        // All names of a folder are wanted: one look at the folder is cheaper than one for each name.
        let list = hours.count() >= 24 && selector.sensors.is_none() && format.has_a_folder_per_day();
        Ok(Selected { repository: self.clone(), format, hours, scope, warnings, list })
    }
}

/// The files that a selection asks for, in their order: by hour, then by flowtype, then by sensor.
///
/// # Cost
/// Memory for the names of one day's files at most. Each hour × flowtype × sensor costs one look for a file that is
/// there and two for one that is missing (its `.gz`). Of 24 hours or more, with all sensors and a path format that gives
/// each day folders of its own, each of these folders is listed once, and only files that are there cost a look more.
/// Folders of other days are never looked at.
#[derive(Debug, Clone)]
pub struct Selected {
    repository: Repository,
    format: PathFormat,
    hours: Hours,
    scope: Vec<Scope>,
    warnings: Vec<String>,
    list: bool,
}

impl Selected {
    /// The hours.
    #[must_use]
    pub fn hours(&self) -> Hours {
        self.hours
    }

    /// Flowtypes and sensors.
    #[must_use]
    pub fn scope(&self) -> &[Scope] {
        &self.scope
    }

    /// What the user should know, in the reference's words: chosen sensors that no chosen class has.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many files are asked for, present or missing.
    #[must_use]
    pub fn candidates(&self) -> u64 {
        let sensors: u64 = self.scope.iter().map(|scope| scope.sensors.len() as u64).sum();
        self.hours.count().saturating_mul(sensors)
    }

    /// The files, looked for on this machine.
    #[must_use]
    pub fn files(&self) -> Files<'_> {
        self.files_with(Disk)
    }

    /// The files, looked for by `presence`.
    pub fn files_with<P: Presence>(&self, presence: P) -> Files<'_, P> {
        let hour_ms = self.hours.first_ms;
        Files {
            selected: self,
            presence,
            folders: HashMap::new(),
            hour_ms,
            hour: HourText::new(hour_ms),
            flowtype: 0,
            sensor: 0,
        }
    }
}

impl<'a> IntoIterator for &'a Selected {
    type Item = HourFile;
    type IntoIter = Files<'a>;

    fn into_iter(self) -> Files<'a> {
        self.files()
    }
}

/// A file of a selection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HourFile {
    /// Where it is, perhaps with `.gz`; where it would be if it is missing.
    pub path: PathBuf,
    /// The beginning of its hour, in ms since 1970: it holds the flows that start in this hour.
    pub hour_ms: i64,
    /// The flowtype's id.
    pub flowtype: u8,
    /// The sensor's id.
    pub sensor: u16,
    /// Whether it is there.
    pub present: bool,
}

/// Iterator over the files of a [`Selected`]; looks for each when it comes to it.
#[derive(Debug)]
pub struct Files<'a, P = Disk> {
    selected: &'a Selected,
    presence: P,
    /// The names in the folders of the present day, where they are listed, by their path below the root.
    folders: HashMap<String, Option<HashSet<OsString>>>,
    hour_ms: i64,
    hour: HourText,
    /// Index of the next file's flowtype in the scope.
    flowtype: usize,
    /// Index of the next file's sensor in the scope's flowtype.
    sensor: usize,
}

impl<P: Presence> Iterator for Files<'_, P> {
    type Item = HourFile;

    fn next(&mut self) -> Option<HourFile> {
        while self.hour_ms <= self.selected.hours.last_ms {
            let Some(scope) = self.selected.scope.get(self.flowtype) else {
                self.next_hour();
                continue;
            };
            let Some(&sensor) = scope.sensors.get(self.sensor) else {
                self.flowtype += 1;
                self.sensor = 0;
                continue;
            };
            self.sensor += 1;
            if let Some(file) = self.look(scope.flowtype, sensor) {
                return Some(file);
            }
        }
        None
    }
}

impl<P: Presence> Files<'_, P> {
    fn next_hour(&mut self) {
        self.hour_ms += HOUR_MS;
        self.hour = HourText::new(self.hour_ms);
        self.flowtype = 0;
        if self.hour_ms % DAY_MS == 0 {
            self.folders.clear();
        }
    }

    /// The file of this hour. `None` does not happen: the ids are the site's own.
    fn look(&mut self, flowtype: u8, sensor: u16) -> Option<HourFile> {
        let selected = self.selected;
        let Repository { root, site } = &selected.repository;
        let facts = Facts {
            flowtype: site.flowtype(flowtype)?,
            sensor_id: sensor,
            sensor: site.sensor_name(sensor)?,
            hour: &self.hour,
        };
        let mut path = String::new();
        selected.format.expand(&facts, &mut path);
        let plain = path.len();
        let mut found = self.find(root, &path);
        if found.is_none() {
            path.push_str(".gz");
            found = self.find(root, &path);
            path.truncate(plain);
        }
        Some(HourFile {
            present: found.is_some(),
            path: found.unwrap_or_else(|| joined(root, &path)),
            hour_ms: self.hour_ms,
            flowtype,
            sensor,
        })
    }

    /// The file at `path` below the root, if it is there.
    fn find(&mut self, root: &Path, path: &str) -> Option<PathBuf> {
        if self.selected.list {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            if !self.folders.contains_key(folder) {
                let names = self.presence.names(&joined(root, folder));
                self.folders.insert(folder.to_owned(), names);
            }
            let names = self.folders.get(folder).and_then(Option::as_ref);
            if names.is_some_and(|names| !names.contains(OsStr::new(name))) {
                return None;
            }
        }
        let path = joined(root, path);
        self.presence.is_present(&path).then_some(path)
    }
}

/// Root, a slash, and the path: literally, as the reference does, which shows when the root itself ends in a slash.
fn joined(root: &Path, path: &str) -> PathBuf {
    let mut joined = root.as_os_str().to_owned();
    joined.push("/");
    joined.push(path);
    joined.into()
}

#[cfg(test)]
mod tests;
