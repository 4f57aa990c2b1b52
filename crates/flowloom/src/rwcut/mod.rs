//! `rwcut`: flow records as text, byte for byte as SiLK 3.19.1 prints them (semantics section 4).

mod addresses;
mod cutter;
mod fields;
mod maps;
mod printer;
mod reading;
mod rows;
mod switches;
mod text;
mod times;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions as FileOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use mapped_input::{Input, Opened};
use silk_format::SiteConfig;

use crate::sandbox::{Rules, Sandbox};
use crate::source::{OpenOptions, open_input};
use cutter::Cutter;
use fields::{Kind, Names, expanded};
use maps::Maps;
use printer::Printer;
pub(crate) use reading::{Reading, any_stream, options};
use switches::{FieldChoice, Job, Request};
pub(crate) use text::Text;
pub(crate) use times::{TimeFormat, TimeWriter};

/// What a run takes from its surroundings.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Setup {
    /// Map regular files into memory, or read them.
    pub map: bool,
    /// Threads that decode and print; one if there is no number.
    pub threads: Option<NonZeroUsize>,
    /// Environment variables: `SILK_ICMP_SPORT_HANDLER`, `SILK_ADDRESS_TYPES`, `SILK_COUNTRY_CODES`, `SILK_PATH`,
    /// `SILK_CLOBBER`, `SILK_DATA_ROOTDIR`.
    pub variables: BTreeMap<String, OsString>,
    /// Whether the run shuts itself in.
    pub(crate) sandbox: Sandbox,
}

impl Setup {
    /// Mapped files, a thread a processor, and the variables of the process.
    #[must_use]
    pub fn from_environment() -> Self {
        let names = [
            "SILK_ICMP_SPORT_HANDLER",
            "SILK_ADDRESS_TYPES",
            "SILK_COUNTRY_CODES",
            "SILK_PATH",
            "SILK_CLOBBER",
            "SILK_DATA_ROOTDIR",
        ];
        let variable = |name: &str| std::env::var_os(name).map(|value| (name.to_owned(), value));
        let threads = std::thread::available_parallelism().ok();
        let variables = names.into_iter().filter_map(variable).collect();
        Self { map: true, threads, variables, sandbox: Sandbox::default() }
    }

    /// With so many threads.
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// With or without maps.
    #[must_use]
    pub fn with_map(mut self, map: bool) -> Self {
        self.map = map;
        self
    }

    /// With a variable.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn with_sandbox(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

/// Runs the tool with its arguments and gives its exit status: 0, or 1 after an error.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    run_in(Sandbox::default(), None, arguments)
}

/// [`run`], shut in if that is wanted.
pub(crate) fn run_in(sandbox: Sandbox, threads: Option<NonZeroUsize>, arguments: &[OsString]) -> u8 {
    let mut stdout = io::stdout().lock();
    let mut stderr = io::stderr();
    let mut setup = Setup::from_environment().with_sandbox(sandbox);
    setup.threads = threads.or(setup.threads);
    run_with(arguments, &setup, &mut stdout, &mut stderr).status
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// The exit status.
    pub status: u8,
    /// How each input was opened.
    pub opened: Vec<Opened>,
}

/// [`run`] with everything that it takes from its surroundings, but for standard input and where the site
/// configuration is looked for without `--site-config-file`.
pub fn run_with(
    arguments: &[OsString],
    setup: &Setup,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Run {
    let mut opened = Vec::new();
    let done = match switches::parse(arguments) {
        Ok(Request::Help) => print(stdout, &help()),
        Ok(Request::HelpFields) => print(stdout, &fields::help()),
        Ok(Request::Version) => {
            print(stdout, concat!("rwcut: part of flowloom ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Ok(Request::Cut(job)) => cut(&job, setup, stdout, stderr, &mut opened),
        Err(message) => Err(Failure::Message(format!("{message}\nUse 'rwcut --help' for usage"))),
    };
    Run { status: report("rwcut", done, stderr), opened }
}

/// Why a tool ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    Message(String),
    /// Nobody reads the output any more, which is no error.
    ClosedPipe,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<io::Error> for Failure {
    /// An error of writing.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Message(format!("cannot write: {error}")),
        }
    }
}

/// Says what went wrong, and gives the exit status.
pub(crate) fn report(tool: &str, done: Result<(), Failure>, stderr: &mut dyn Write) -> u8 {
    match done {
        Ok(()) | Err(Failure::ClosedPipe) => 0,
        Err(Failure::Message(message)) => {
            // There is nowhere else to say that this failed.
            let _ = writeln!(stderr, "{tool}: {message}");
            1
        }
    }
}

pub(crate) fn print(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

fn help() -> String {
    format!(
        "rwcut [SWITCHES] [FILES]\n\
         Prints SiLK flow records as text. Reads standard input without files.\n\n{}\n\
         Examples:\n  rwcut --fields=sip,dip,bytes --num-recs=10 flows.rw\n  \
         rwcut --all-fields --delimited=, --timestamp-format=iso flows.rw\n",
        switches::help()
    )
}

fn cut(
    job: &Job,
    setup: &Setup,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
    opened: &mut Vec<Opened>,
) -> Result<(), Failure> {
    // Opened first only in a sandbox, for it is there and empty if the switches turn out to make no sense.
    let mut file = if setup.sandbox.is_wanted { output(job, setup)? } else { None };
    let rules = || {
        let maps = maps::files(&job.maps, setup);
        Rules::default().site(job.site.as_deref(), None).read(maps).zones(std::env::var_os("TZ").as_deref())
    };
    let names = match job.dry_run {
        true => setup.sandbox.enter_tool(rules).map(|()| Vec::new())?,
        false => shut_in(setup, &job.files, job.xargs.as_ref(), rules)?,
    };
    let site = crate::site::load(job.site.as_deref()).map_err(|e| e.to_string())?;
    let printer = printer(job, setup, site.as_deref())?;
    if file.is_none() {
        file = output(job, setup)?;
    }
    let out: &mut dyn Write = match &mut file {
        Some(file) => file,
        None => stdout,
    };
    let mut titles = Text::default();
    printer.titles(&mut titles);
    out.write_all(titles.as_bytes())?;
    let mut cutter = Cutter::new(printer, job.layout.policy, job.rows, out);
    let done =
        if job.dry_run { Ok(()) } else { cutter.inputs(names, job, setup, site.as_ref(), stderr, opened) };
    // What came before an error is printed.
    cutter.finish()?;
    done
}

/// The printer of a job: site, maps and fields put together.
fn printer(job: &Job, setup: &Setup, site: Option<&SiteConfig>) -> Result<Printer, Failure> {
    let map_kinds = [Kind::Stype, Kind::Dtype, Kind::Scc, Kind::Dcc];
    // The names of given maps make the fields; the other maps are loaded only for those who want them.
    let mut maps = Maps::load(&job.maps, setup)?;
    let map_names: Vec<_> = maps.given.iter().map(|(name, _)| name.clone()).collect();
    let names = Names::new(&map_names)?;
    let chosen = match &job.fields {
        FieldChoice::Default => names.default_list(),
        FieldChoice::List(list) => {
            names.parse(list).map_err(|message| format!("Invalid fields: {message}"))?
        }
        FieldChoice::All => map_kinds.to_vec(),
    };
    if chosen.iter().any(|kind| map_kinds.contains(kind)) {
        maps.load_environment(setup)?;
    }
    let has_map = |kind: Kind| match kind {
        Kind::Stype | Kind::Dtype => maps.has_address_types(),
        Kind::Scc | Kind::Dcc => maps.has_countries(),
        _ => true,
    };
    let mut kinds = if job.fields == FieldChoice::All { names.all(has_map) } else { chosen };
    if let Some(&kind) = kinds.iter().find(|&&kind| !has_map(kind)) {
        let variable =
            if matches!(kind, Kind::Scc | Kind::Dcc) { "SILK_COUNTRY_CODES" } else { "SILK_ADDRESS_TYPES" };
        let message = format!("Invalid fields: '{}' needs the map that ${variable} names", names.title(kind));
        return Err(message.into());
    }
    if job.layout.icmp_in_ports {
        for port in [Kind::Sport, Kind::Dport] {
            if !kinds.contains(&port) {
                kinds.push(port);
            }
        }
    }
    Ok(Printer::new(&expanded(kinds), &names, job.layout.clone(), site, maps))
}

/// The file of `--output-path`; none if that is standard output.
fn output(job: &Job, setup: &Setup) -> Result<Option<File>, Failure> {
    let Some(path) = &job.output else { return Ok(None) };
    match path.to_str() {
        Some("stdout" | "-") => Ok(None),
        Some("stderr") => create(Path::new("/dev/stderr"), true).map(Some),
        _ => create(Path::new(path), setup.variable("SILK_CLOBBER").is_some()).map(Some),
    }
}

fn create(path: &Path, clobber: bool) -> Result<File, Failure> {
    let mut options = FileOptions::new();
    options.write(true);
    if clobber {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    options.open(path).map_err(|e| Failure::Message(format!("cannot write {}: {e}", path.display())))
}

/// Shuts a run in and gives its inputs. A list of `--xargs` is read where nothing can be written or sent, but all be read:
/// it tells what may be read after it.
pub(crate) fn shut_in(
    setup: &Setup,
    files: &[OsString],
    xargs: Option<&Option<OsString>>,
    rules: impl Fn() -> Rules,
) -> Result<Vec<OsString>, Failure> {
    if xargs.is_some() {
        setup.sandbox.enter_tool(|| rules().read_below(["/"]))?;
    }
    let names = input_names(files, xargs, setup)?;
    setup.sandbox.enter_tool(|| rules().read_names(&names))?;
    Ok(names)
}

/// The inputs: arguments, the names that `--xargs` reads, or standard input.
pub(crate) fn input_names(
    files: &[OsString],
    xargs: Option<&Option<OsString>>,
    setup: &Setup,
) -> Result<Vec<OsString>, Failure> {
    let Some(list) = xargs else {
        if files.is_empty() && io::stdin().is_terminal() {
            return Err("no input: name files, or send flows to standard input".to_owned().into());
        }
        return Ok(if files.is_empty() { vec!["-".into()] } else { files.to_vec() });
    };
    let name = list.clone().unwrap_or_else(|| "-".into());
    let input = open(&name, setup)?;
    let mut names = Vec::new();
    for line in BufReader::new(input).split(b'\n') {
        let line = line.map_err(|e| format!("{}: {e}", Path::new(&name).display()))?;
        if !line.is_empty() {
            names.push(os_string(line));
        }
    }
    Ok(names)
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// Opens an input; `-` and `stdin` are standard input.
pub(crate) fn open(name: &OsStr, setup: &Setup) -> Result<Input, Failure> {
    let path = if name == "stdin" { Path::new("-") } else { Path::new(name) };
    open_input(path, OpenOptions::default().with_map(setup.map)).map_err(|e| e.to_string().into())
}
