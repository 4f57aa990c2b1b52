//! Which classes, types and sensors (semantics 2.4), and the names of a selection.

use super::hours::Hours;
use crate::error::{Error, ErrorKind, Result};
use crate::silk_time::SilkTime;
use crate::site::{FlowType, SiteConfig};

/// What is asked of a repository, as the switches of SiLK's tools say it. The fields are those switches; a field that
/// is `None` is a switch that was not given.
///
/// ```
/// use silk_format::Selector;
///
/// let selector = Selector::new(1_234_596_660_000).with_types("all").with_start("2009/02/13:05".parse()?);
/// # Ok::<(), silk_format::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selector {
    /// The present, in ms since 1970: without a start, today is read up to the current hour.
    pub now_ms: i64,
    /// `--start-date`
    pub start: Option<SilkTime>,
    /// `--end-date`
    pub end: Option<SilkTime>,
    /// `--class`: one name; otherwise the site's default class.
    pub class: Option<String>,
    /// `--type`: names of the class, separated by commas, or `all`; otherwise the class's default types.
    pub types: Option<String>,
    /// `--flowtypes`: `CLASS/TYPE`, separated by commas, either of them perhaps `all`; instead of class and types.
    pub flowtypes: Option<String>,
    /// `--sensors`: names, ids and ranges of ids, separated by commas; otherwise all sensors of the class.
    pub sensors: Option<String>,
}

impl Selector {
    /// The selection without any switch: the default types of the default class, today up to the hour of `now_ms`.
    #[must_use]
    pub const fn new(now_ms: i64) -> Self {
        Self { now_ms, start: None, end: None, class: None, types: None, flowtypes: None, sensors: None }
    }

    /// With a start.
    #[must_use]
    pub fn with_start(mut self, start: SilkTime) -> Self {
        self.start = Some(start);
        self
    }

    /// With an end.
    #[must_use]
    pub fn with_end(mut self, end: SilkTime) -> Self {
        self.end = Some(end);
        self
    }

    /// With a class.
    #[must_use]
    pub fn with_class(mut self, class: impl Into<String>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// With types of the class.
    #[must_use]
    pub fn with_types(mut self, types: impl Into<String>) -> Self {
        self.types = Some(types.into());
        self
    }

    /// With pairs of class and type.
    #[must_use]
    pub fn with_flowtypes(mut self, flowtypes: impl Into<String>) -> Self {
        self.flowtypes = Some(flowtypes.into());
        self
    }

    /// With sensors.
    #[must_use]
    pub fn with_sensors(mut self, sensors: impl Into<String>) -> Self {
        self.sensors = Some(sensors.into());
        self
    }

    /// The hours asked for.
    ///
    /// # Errors
    /// Those of [`Hours::select`].
    pub fn hours(&self) -> Result<Hours> {
        Hours::select(self.start, self.end, self.now_ms)
    }

    /// What class, types and sensors mean for records that do not come from a repository: SiLK's tools then compare
    /// each record's own flowtype and sensor (semantics 2.5).
    ///
    /// # Errors
    /// `Usage`: names that the site does not know, or a missing default.
    pub fn record_filter(&self, site: &SiteConfig) -> Result<RecordFilter> {
        let any = self.class.is_some() || self.types.is_some() || self.flowtypes.is_some();
        let flowtypes = any.then(|| self.flowtype_ids(site)).transpose()?;
        Ok(RecordFilter { flowtypes, sensors: self.sensor_ids(site)? })
    }

    /// Flowtypes in the order of their files, each with its sensors in theirs; and warnings.
    pub(super) fn scope(&self, site: &SiteConfig) -> Result<(Vec<Scope>, Vec<String>)> {
        let chosen = self.sensor_ids(site)?;
        let mut used = Vec::new();
        let mut scope = Vec::new();
        for id in self.flowtype_ids(site)? {
            let Some(flowtype) = site.flowtype(id) else { continue };
            let mut of_class =
                site.class(flowtype.class).map(|class| class.sensors.clone()).unwrap_or_default();
            of_class.sort_unstable();
            let sensors = match &chosen {
                None => of_class,
                Some(chosen) => {
                    let in_class = |sensor: &u16| of_class.binary_search(sensor).is_ok();
                    let sensors: Vec<u16> = chosen.iter().copied().filter(in_class).collect();
                    if sensors.is_empty() {
                        let FlowType { class, name, .. } = flowtype;
                        return Err(usage(format!(
                            "No corresponding sensors given for class/type pair '{class}/{name}'"
                        )));
                    }
                    used.extend(&sensors);
                    sensors
                }
            };
            scope.push(Scope { flowtype: id, sensors });
        }
        used.sort_unstable();
        let unused = chosen.unwrap_or_default().into_iter().filter(|id| used.binary_search(id).is_err());
        let warning = |id| {
            let name = site.sensor_name(id).unwrap_or_default();
            format!("Ignoring sensor {name} (ID={id}) that is not used by specified flowtypes")
        };
        Ok((scope, unused.map(warning).collect()))
    }

    fn flowtype_ids(&self, site: &SiteConfig) -> Result<Vec<u8>> {
        match &self.flowtypes {
            Some(_) if self.class.is_some() || self.types.is_some() => {
                Err(usage("Cannot use --flowtypes together with --class or --type"))
            }
            Some(pairs) => pairs_of(pairs, site),
            None => self.types_of_class(site),
        }
    }

    fn types_of_class(&self, site: &SiteConfig) -> Result<Vec<u8>> {
        let class = match &self.class {
            Some(name) => site.class(name).ok_or_else(|| unknown_class("class", name, name))?,
            None => site.default_class().ok_or_else(|| {
                usage("the site configuration has no default class: choose one with --class")
            })?,
        };
        let Some(text) = &self.types else {
            if class.default_types.is_empty() {
                let name = &class.name;
                return Err(usage(format!("class '{name}' has no default types: choose some with --type")));
            }
            return Ok(ascending(&class.default_types));
        };
        let mut ids = Ids::default();
        for name in items("type", text)? {
            match (name, site.flowtype_by_class_type(&class.name, name)) {
                ("all", _) => ids.extend(ascending(&class.types)),
                (_, Some(id)) => ids.extend([id]),
                (_, None) => return Err(unknown_type("type", text, name)),
            }
        }
        Ok(ids.0)
    }

    /// The chosen sensors in the user's order.
    fn sensor_ids(&self, site: &SiteConfig) -> Result<Option<Vec<u16>>> {
        let Some(text) = &self.sensors else { return Ok(None) };
        let mut ids = Vec::new();
        for item in items("sensors", text)? {
            let argument = |reason| argument("sensors", text, reason);
            let by_id = |id: &str| {
                let known = id.parse().ok().filter(|&id| site.sensor_name(id).is_some());
                known.ok_or_else(|| argument(format!("The sensor ID '{id}' is not recognized")))
            };
            // Names begin with a letter.
            if !item.starts_with(|c: char| c.is_ascii_digit()) {
                let id = site.sensor_by_name(item);
                ids.push(id.ok_or_else(|| argument(format!("The sensor name '{item}' is not recognized")))?);
            } else if let Some((first, last)) = item.split_once('-') {
                let (first, last) = (by_id(first)?, by_id(last)?);
                if last < first {
                    return Err(argument(format!("The range '{item}' ends before it begins")));
                }
                ids.extend(site.sensors().map(|sensor| sensor.id).filter(|id| (first..=last).contains(id)));
            } else {
                ids.push(by_id(item)?);
            }
        }
        Ok(Some(each_once(ids)))
    }
}

/// What [`Selector::record_filter`] lets pass.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordFilter {
    /// The flowtypes that pass; none if all do.
    pub flowtypes: Option<Vec<u8>>,
    /// The sensors that pass; none if all do.
    pub sensors: Option<Vec<u16>>,
}

impl RecordFilter {
    /// Whether a record of this flowtype and sensor passes.
    #[must_use]
    pub fn passes(&self, flowtype: u8, sensor: u16) -> bool {
        self.flowtypes.as_ref().is_none_or(|ids| ids.contains(&flowtype))
            && self.sensors.as_ref().is_none_or(|ids| ids.contains(&sensor))
    }
}

/// A flowtype and the sensors of which its files are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// The flowtype's id.
    pub flowtype: u8,
    /// The sensors' ids, in the order of their files.
    pub sensors: Vec<u16>,
}

/// `CLASS/TYPE,…`. A pair that the site has is that one; else `all` on either side stands for all.
fn pairs_of(text: &str, site: &SiteConfig) -> Result<Vec<u8>> {
    let mut ids = Ids::default();
    for item in items("flowtypes", text)? {
        let Some((class, name)) = item.split_once('/') else {
            return Err(argument("flowtypes", text, format!("'{item}' is not of the form CLASS/TYPE")));
        };
        if let Some(id) = site.flowtype_by_class_type(class, name) {
            ids.extend([id]);
            continue;
        }
        if class != "all" && site.class(class).is_none() {
            return Err(unknown_class("flowtypes", text, class));
        }
        let wanted =
            |of: &FlowType<'_>| (class == "all" || of.class == class) && (name == "all" || of.name == name);
        let found: Vec<u8> = site.flowtypes().filter(wanted).map(|flowtype| flowtype.id).collect();
        if found.is_empty() {
            return Err(unknown_type("flowtypes", text, name));
        }
        ids.extend(found);
    }
    Ok(ids.0)
}

/// Flowtype ids in order of addition, each once.
#[derive(Default)]
struct Ids(Vec<u8>);

impl Ids {
    fn extend(&mut self, more: impl IntoIterator<Item = u8>) {
        for id in more {
            if !self.0.contains(&id) {
                self.0.push(id);
            }
        }
    }
}

fn ascending(ids: &[u8]) -> Vec<u8> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}

/// Keeps the first of equals.
fn each_once(ids: Vec<u16>) -> Vec<u16> {
    let mut seen = std::collections::HashSet::new();
    ids.into_iter().filter(|&id| seen.insert(id)).collect()
}

/// The items of a list; empty ones do not count.
fn items<'a>(name: &'static str, text: &'a str) -> Result<impl Iterator<Item = &'a str>> {
    let items = || text.split(',').map(str::trim_ascii).filter(|item| !item.is_empty());
    if items().next().is_none() {
        return Err(argument(name, text, "The list is empty".to_owned()));
    }
    Ok(items())
}

fn argument(name: &'static str, text: &str, reason: String) -> Error {
    ErrorKind::Argument { name, text: text.to_owned(), reason }.into()
}

fn unknown_class(name: &'static str, text: &str, class: &str) -> Error {
    argument(name, text, format!("Cannot find class '{class}'"))
}

fn unknown_type(name: &'static str, text: &str, type_name: &str) -> Error {
    let reason = format!("The type name '{type_name}' is not recognized in the specified class(es)");
    argument(name, text, reason)
}

fn usage(message: impl Into<String>) -> Error {
    ErrorKind::Usage(message.into()).into()
}
