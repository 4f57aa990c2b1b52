//! The site configuration `silk.conf`: which names stand for the sensor and flowtype numbers of records
//! (semantics section 1). Public: [`SiteConfig`], [`Sensor`], [`SiteClass`], [`FlowType`], [`SiteError`],
//! [`SiteProblem`].

mod lexer;
mod parse;

use std::collections::{BTreeMap, HashMap};
use std::{fmt, io};

use crate::error::Class;

/// A sensor: what observed the flows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensor {
    /// 0–65534.
    pub id: u16,
    /// 1–64 bytes, beginning with a letter.
    pub name: String,
    /// The note behind the name.
    pub description: Option<String>,
}

/// A class of the site: a set of sensors and the types of flows that they yield.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SiteClass {
    /// The class's name.
    pub name: String,
    /// Sensor ids in order of addition.
    pub sensors: Vec<u16>,
    /// Flowtype ids in order of addition.
    pub types: Vec<u8>,
    /// The flowtype ids that tools read unless told otherwise, in order of addition.
    pub default_types: Vec<u8>,
}

/// A flowtype: one type of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowType<'a> {
    /// 0–254.
    pub id: u8,
    /// The class's name.
    pub class: &'a str,
    /// The type's name, unique in the class.
    pub name: &'a str,
    /// The name used in file names, unique over all classes.
    pub flowtype: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct TypeEntry {
    class: usize,
    name: String,
    flowtype: String,
}

/// One thing wrong with a site configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteProblem {
    /// The file's name as given to the parser or written behind `include`.
    pub file: String,
    /// Counted from 1; `None` for what concerns the whole file.
    pub line: Option<u64>,
    /// The reference's words (semantics 1.3).
    pub message: String,
}

impl fmt::Display for SiteProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// A site configuration that was refused, with all its problems in file order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SiteError {
    /// At least one.
    problems: Vec<SiteProblem>,
}

impl SiteError {
    /// The problems in the order found; never empty.
    #[must_use]
    pub fn problems(&self) -> &[SiteProblem] {
        &self.problems
    }

    /// Always [`Class::Malformed`].
    #[must_use]
    pub fn class(&self) -> Class {
        Class::Malformed
    }
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

/// A site configuration, as read from `silk.conf`.
///
/// ```
/// let site = silk_format::SiteConfig::parse(b"sensor 3 S3\nclass all\n sensors S3\n type 2 inweb iw\nend class\n")?;
/// assert_eq!(site.sensor_name(3), Some("S3"));
/// assert_eq!(site.class_type(2), Some(("all", "inweb")));
/// assert_eq!(site.flowtype_by_name("iw"), Some(2));
/// # Ok::<(), silk_format::site::SiteError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteConfig {
    sensors: BTreeMap<u16, Sensor>,
    sensor_ids: HashMap<String, u16>,
    classes: Vec<SiteClass>,
    types: BTreeMap<u8, TypeEntry>,
    default_class: Option<usize>,
    path_format: String,
    packing_logic: Option<String>,
}

impl Default for SiteConfig {
    /// The configuration of an empty file: no names, and the default path format.
    fn default() -> Self {
        Self {
            sensors: BTreeMap::new(),
            sensor_ids: HashMap::new(),
            classes: Vec::new(),
            types: BTreeMap::new(),
            default_class: None,
            path_format: "%T/%Y/%m/%d/%x".to_owned(),
            packing_logic: None,
        }
    }
}

impl SiteConfig {
    /// Parses a configuration that includes no other file.
    ///
    /// Text that is not UTF-8 is taken over with U+FFFD in its place.
    ///
    /// # Errors
    /// [`SiteError`] with every problem found. An `include` is one.
    pub fn parse(bytes: &[u8]) -> Result<Self, SiteError> {
        Self::parse_with("silk.conf", bytes, &mut |_| Err(io::ErrorKind::Unsupported.into()))
    }

    /// Parses a configuration called `name` in messages; `include` fetches the files that it includes.
    ///
    /// SiLK resolves those names against the current directory of the process, not of the including file. An error of
    /// kind `NotFound` becomes the reference's message.
    ///
    /// # Errors
    /// [`SiteError`] with every problem found: parsing goes on with the next line, but for an unsupported version.
    pub fn parse_with(
        name: &str,
        bytes: &[u8],
        include: &mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
    ) -> Result<Self, SiteError> {
        parse::parse(name, bytes, include)
    }

    /// The name of sensor `id`.
    #[must_use]
    pub fn sensor_name(&self, id: u16) -> Option<&str> {
        self.sensors.get(&id).map(|sensor| sensor.name.as_str())
    }

    /// The id of the sensor called `name`.
    #[must_use]
    pub fn sensor_by_name(&self, name: &str) -> Option<u16> {
        self.sensor_ids.get(name).copied()
    }

    /// Sensors by ascending id.
    pub fn sensors(&self) -> impl Iterator<Item = &Sensor> {
        self.sensors.values()
    }

    /// Flowtype `id`.
    #[must_use]
    pub fn flowtype(&self, id: u8) -> Option<FlowType<'_>> {
        let entry = self.types.get(&id)?;
        let class = &self.classes.get(entry.class)?.name;
        Some(FlowType { id, class, name: &entry.name, flowtype: &entry.flowtype })
    }

    /// Class and type of flowtype `id`.
    #[must_use]
    pub fn class_type(&self, id: u8) -> Option<(&str, &str)> {
        self.flowtype(id).map(|flowtype| (flowtype.class, flowtype.name))
    }

    /// The id of the flowtype with this name (the one used in file names).
    #[must_use]
    pub fn flowtype_by_name(&self, name: &str) -> Option<u8> {
        self.types.iter().find(|(_, entry)| entry.flowtype == name).map(|(&id, _)| id)
    }

    /// The id of the flowtype that `name` is in `class`.
    #[must_use]
    pub fn flowtype_by_class_type(&self, class: &str, name: &str) -> Option<u8> {
        let class = self.class_index(class)?;
        self.types.iter().find(|(_, entry)| entry.class == class && entry.name == name).map(|(&id, _)| id)
    }

    /// Flowtypes by ascending id.
    pub fn flowtypes(&self) -> impl Iterator<Item = FlowType<'_>> {
        self.types.keys().filter_map(|&id| self.flowtype(id))
    }

    /// Classes by order of definition.
    #[must_use]
    pub fn classes(&self) -> &[SiteClass] {
        &self.classes
    }

    /// The class called `name`.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&SiteClass> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// The class that tools read unless told otherwise.
    #[must_use]
    pub fn default_class(&self) -> Option<&SiteClass> {
        self.classes.get(self.default_class?)
    }

    /// How the files of a repository are named (semantics 2.1).
    #[must_use]
    pub fn path_format(&self) -> &str {
        &self.path_format
    }

    /// The packer's plug-in; of no use to readers.
    #[must_use]
    pub fn packing_logic(&self) -> Option<&str> {
        self.packing_logic.as_deref()
    }

    fn class_index(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|class| class.name == name)
    }
}
