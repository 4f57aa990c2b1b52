//! `--sandbox`: after the command line is understood and the outputs are open, the kernel is asked to refuse everything
//! that the job does not need. What it needs is a list of [`Rule`]s, made by short functions from the arguments;
//! [`kernel`] hands them over.
//!
//! The order is the same everywhere: outputs are opened, the sandbox is entered, and only then is the first byte of a
//! file parsed and the first thread started, for the kernel restricts a thread and those that it starts.

#[cfg(target_os = "linux")]
mod kernel;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::args::{InputArgs, WhereArgs};
use crate::console::Console;
use crate::error::{ErrorKind, Result};
use crate::output::Target;
use crate::site;
use crate::source::is_stdin;

/// What may be done with a path.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux is told the rules"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Read the file.
    Read,
    /// Read all files below the folder, and list it.
    ReadBelow,
    /// In the folder, give an open file its name or remove it. No right of the kernel is narrower: files of the folder can
    /// be replaced by that one, those in and below it removed and empty ones made; none can be opened.
    Rename,
    /// Make, read, write, rename and remove files below the folder.
    WriteBelow,
}

/// A path and what may be done with it.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux is told the rules"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) path: PathBuf,
    pub(crate) right: Right,
}

/// Where the C library, `chrono` and `tz-rs` look for time zones.
const ZONES: [&str; 6] = [
    "/etc/localtime",
    "/etc/timezone",
    "/etc/zoneinfo",
    "/usr/share/zoneinfo",
    "/usr/lib/zoneinfo",
    "/usr/share/lib/zoneinfo",
];

/// All that a job may do with files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    fn with(mut self, path: impl Into<PathBuf>, right: Right) -> Self {
        self.0.push(Rule { path: path.into(), right });
        self
    }

    /// Also reading these files; standard input is open already.
    pub(crate) fn read<P: AsRef<Path>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        let files = paths.into_iter().filter(|path| !is_stdin(path.as_ref()));
        files.fold(self, |rules, path| rules.with(path.as_ref(), Right::Read))
    }

    /// Also reading what an older tool calls its inputs, where `stdin` is standard input too.
    pub(crate) fn read_names<'n>(
        self,
        names: impl IntoIterator<Item = &'n (impl AsRef<OsStr> + 'n)>,
    ) -> Self {
        self.read(names.into_iter().map(AsRef::as_ref).filter(|name| *name != "stdin").map(Path::new))
    }

    /// Also reading the files below these folders.
    pub(crate) fn read_below<P: AsRef<Path>>(self, folders: impl IntoIterator<Item = P>) -> Self {
        folders.into_iter().fold(self, |rules, folder| rules.with(folder.as_ref(), Right::ReadBelow))
    }

    /// Also giving the files their names that are written under others.
    pub(crate) fn name<'t>(self, targets: impl IntoIterator<Item = &'t Target>) -> Self {
        let folders = targets.into_iter().filter_map(Target::folder);
        folders.fold(self, |rules, folder| rules.with(folder, Right::Rename))
    }

    /// Also writing a report.
    pub(crate) fn write_below(self, folder: &Path) -> Self {
        self.with(folder, Right::WriteBelow)
    }

    /// Also reading the site configuration, but none of the files that it includes: nobody named those.
    pub(crate) fn site(self, named: Option<&Path>, root: Option<&Path>) -> Self {
        self.read(site::path(named, root))
    }

    /// Also reading the files of time zones, for a tool that prints local time.
    pub(crate) fn zones(self, variable: Option<&OsStr>) -> Self {
        let named = variable.and_then(OsStr::to_str).map(|name| name.trim_start_matches(':'));
        let named = named.filter(|name| name.starts_with('/'));
        self.read_below(ZONES).read(named)
    }

    /// What the arguments that name inputs ask for.
    pub(crate) fn inputs(args: &InputArgs) -> Self {
        let root = args.repository.repository.as_deref();
        Self::default()
            .read(&args.inputs)
            .read_below(args.ring.ring.as_deref())
            .read_below(root)
            .site(args.site_config_file.as_deref(), root)
    }

    /// Also reading the sets of `--set NAME=FILE`.
    pub(crate) fn sets(self, args: &WhereArgs) -> Self {
        self.read(args.sets.iter().filter_map(|set| set.split_once('=')).map(|(_, path)| path))
    }

    /// The list.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux is told the rules"))]
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.0
    }
}

/// Whether a run was asked to shut itself in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sandbox {
    pub(crate) is_wanted: bool,
}

impl Sandbox {
    /// From here on this thread, and all that it starts, may do only what the rules say, without a way back. A second
    /// call narrows further. Without `--sandbox` nothing happens.
    ///
    /// # Errors
    /// `Unsupported` if the system has no such thing.
    pub(crate) fn enter(self, rules: impl FnOnce() -> Rules) -> Result<Entered> {
        match self.is_wanted {
            true => enter(&rules()),
            false => Ok(Entered::default()),
        }
    }

    /// [`enter`](Self::enter); `-v` tells what this kernel does not cover.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub(crate) fn enter_told(self, console: &Console, rules: impl FnOnce() -> Rules) -> Result<()> {
        let entered = self.enter(rules)?;
        if self.is_wanted {
            console.detail(&entered.words());
        }
        Ok(())
    }

    /// [`enter`](Self::enter) for an older tool, whose errors are messages.
    pub(crate) fn enter_tool(self, rules: impl FnOnce() -> Rules) -> std::result::Result<(), String> {
        self.enter(rules).map(drop).map_err(|error| format!("{error}; {}", error.next_step()))
    }
}

/// What a sandbox turned out to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Entered {
    /// What this kernel is too old to refuse.
    pub(crate) uncovered: Vec<&'static str>,
}

impl Entered {
    fn words(&self) -> String {
        match self.uncovered.as_slice() {
            [] => "sandbox: only the named files, no network".to_owned(),
            uncovered => {
                format!("sandbox: only the named files; this kernel cannot refuse {}", uncovered.join(", "))
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn enter(rules: &Rules) -> Result<Entered> {
    kernel::enter(rules).map_err(|reason| ErrorKind::Sandbox { reason }.into())
}

#[cfg(not(target_os = "linux"))]
fn enter(_: &Rules) -> Result<Entered> {
    Err(ErrorKind::Sandbox { reason: "only Linux has landlock".to_owned() }.into())
}
