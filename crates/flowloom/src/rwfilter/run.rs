//! A run: arguments in, records to their destinations, statistics out.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions as FileOptions};
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use flow_frame::predicate::{CompileOptions, CompiledPredicate, HeaderFacts, Nulls, Predicate};
use flow_frame::{Event, Job as Work, Plan, SourceFacts};

use super::inputs::{self, Found};
use super::outputs::{self, Outputs};
use super::partition::Partition;
use super::statistics::Statistics;
use super::switches::{self, Form, Job, Request};
use super::worker::{Filtering, Made, Row, Rule, Wanted};
use crate::error::with_causes;
use crate::rwcut::{Failure, Reading, Setup, any_stream, options, print, report};
use crate::sandbox::Sandbox;
use crate::sets;
use crate::source::OpenOptions;

/// Records that a thread filters at a time.
const PIECE: usize = 8192;
/// More threads than this are not started, whatever is asked for.
const MOST_THREADS: usize = 256;

/// Runs the tool with its arguments and gives its exit status: 0, or 1 after an error. An input that cannot be read is
/// none: it is named on standard error.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    run_in(Sandbox::default(), None, arguments)
}

/// [`run`], shut in if that is wanted.
pub(crate) fn run_in(sandbox: Sandbox, threads: Option<NonZeroUsize>, arguments: &[OsString]) -> u8 {
    let terminal = io::stdout().is_terminal();
    let mut stdout = io::stdout().lock();
    let mut setup = Setup::from_environment().with_sandbox(sandbox);
    setup.threads = threads.or(setup.threads);
    go(arguments, &setup, terminal, &mut stdout, &mut io::stderr())
}

/// [`run`] with everything that it takes from its surroundings, but for standard input, the present, and where the site
/// configuration is looked for without `--site-config-file` and outside of a repository.
pub fn run_with(arguments: &[OsString], setup: &Setup, stdout: &mut dyn Write, stderr: &mut dyn Write) -> u8 {
    go(arguments, setup, false, stdout, stderr)
}

fn go(
    arguments: &[OsString],
    setup: &Setup,
    terminal: bool,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> u8 {
    let done = match switches::parse(arguments) {
        Ok(Request::Help) => print(stdout, &help()),
        Ok(Request::Version) => {
            print(stdout, concat!("rwfilter: part of flowloom ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Ok(Request::Filter(job)) if terminal && job.destinations.iter().any(|(_, path)| path == "stdout") => {
            Err("Will not write binary data to a terminal: use a pipe or a file".to_owned().into())
        }
        Ok(Request::Filter(job)) => filter(*job, arguments, setup, stdout, stderr),
        Err(message) => Err(Failure::Message(format!("{message}\nUse 'rwfilter --help' for usage"))),
    };
    report("rwfilter", done, stderr)
}

fn help() -> String {
    format!(
        "rwfilter SWITCHES [FILES]\n\
         Divides SiLK flow records, of files or of a repository, into those that pass every test and those that fail.\n\
         Times are UTC. Files of the outputs appear when they are complete.\n\n{}\n\
         Examples:\n  rwfilter --protocol=6 --dport=80,443 --pass=web.rw flows.rw\n  \
         rwfilter --data-rootdir=/data --type=all --start-date=2016/09/29:12 --end-date=2016/09/29:14 \\\n    \
         --active-time=2016/09/29T13:22-2016/09/29T13:52 --pass=stdout | rwcut\n",
        switches::help()
    )
}

fn filter(
    job: Job,
    arguments: &[OsString],
    setup: &Setup,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<(), Failure> {
    let open = || Ok::<_, Failure>((statistics_file(&job, setup)?, outputs::targets(&job, setup)?));
    // Before anything is parsed only in a sandbox: later the switches are known to make sense.
    let early = if setup.sandbox.is_wanted && !job.dry_run { Some(open()?) } else { None };
    let targets = early.iter().flat_map(|(_, targets)| targets).filter_map(|(_, target)| target.as_ref());
    let files = inputs::shut_in(&job, setup, &targets.collect::<Vec<_>>())?;
    let mut found = inputs::find(files, &job, setup, stderr)?;
    let predicate = predicate(&job.partition, found.records.take(), setup)?;
    if job.dry_run {
        for name in &found.names {
            writeln!(stdout, "{}", Path::new(name).display())?;
        }
        return Ok(stdout.flush()?);
    }
    let (statistics_file, targets) = early.map_or_else(open, Ok)?;
    let header = outputs::header(&job, arguments)?;
    let mut outputs = Outputs::open(&job, &header, targets, &found.names, &mut *stdout)?;
    let form = job.statistics.clone();
    let statistics = read(job, predicate, found, setup, &mut outputs, stderr)?;
    outputs.finish()?;
    let Some((form, path)) = form else { return Ok(()) };
    let text = statistics.text(form);
    match (path.as_deref().and_then(OsStr::to_str), statistics_file) {
        (_, Some(mut file)) => print(&mut file, &text),
        (Some("stdout" | "-"), None) => print(stdout, &text),
        _ => print(stderr, &text),
    }
}

/// The tests as one; none if every record passes.
fn predicate(
    partition: &Partition,
    records: Option<Predicate>,
    setup: &Setup,
) -> Result<Option<CompiledPredicate>, Failure> {
    let mut tests: Vec<Predicate> = records.into_iter().collect();
    if !partition.is_empty() {
        tests.push(partition.predicate(&mut |name: &OsStr| {
            let path = if name == "stdin" { Path::new("-") } else { Path::new(name) };
            sets::load(path, OpenOptions::default().with_map(setup.map)).map_err(|e| with_causes(&e))
        })?);
    }
    if tests.is_empty() {
        return Ok(None);
    }
    let compiled = Predicate::all(tests).compile(&CompileOptions::default().with_nulls(Nulls::AsStored));
    Ok(Some(compiled.map_err(|e| e.to_string())?))
}

/// The file for statistics, if they do not go to one of the standard streams.
fn statistics_file(job: &Job, setup: &Setup) -> Result<Option<File>, Failure> {
    let Some((_, Some(path))) = &job.statistics else { return Ok(None) };
    if path == "stdout" || path == "-" || path == "stderr" {
        return Ok(None);
    }
    let path = Path::new(path);
    outputs::may_be_written(path, setup)?;
    let file = FileOptions::new().write(true).create(true).truncate(true).open(path);
    file.map(Some).map_err(|e| format!("cannot write {}: {e}", path.display()).into())
}

/// Reads the inputs until they end or nothing is open any more.
fn read(
    job: Job,
    predicate: Option<CompiledPredicate>,
    found: Found,
    setup: &Setup,
    outputs: &mut Outputs<'_>,
    stderr: &mut dyn Write,
) -> Result<Statistics, Failure> {
    let Found { names, site, .. } = found;
    let reading = Reading { options: options(setup, site.as_ref()), setup: setup.clone() };
    let threads = job.threads.and_then(|threads| NonZeroUsize::new(threads.min(MOST_THREADS)));
    let plan = Plan {
        threads: threads.or(setup.threads).unwrap_or(NonZeroUsize::MIN),
        piece_records: PIECE,
        detached: any_stream(&names),
    };
    let wanted = Wanted {
        streams: outputs.streams(),
        volumes: matches!(job.statistics, Some((Form::Volumes, _))),
        rows: outputs.are_limited(),
    };
    let rules = Rules {
        predicate,
        partition: job.partition,
        reference_faults: job.reference_faults,
        options: reading.options.clone(),
    };
    let encoder = outputs.encoder();
    let print_filenames = job.print_filenames;
    let files = names.into_iter().map(move |name| reading.open(&name));
    let worker =
        move |facts: &SourceFacts, _: &_| Ok(Filtering::new(rules.of(facts), wanted, encoder.clone()));
    let mut statistics = Statistics::default();
    let mut refused = 0;
    for event in Work::new(files, plan, worker) {
        match event {
            Event::Opened(facts, _) => {
                statistics.files += 1;
                if print_filenames {
                    writeln!(stderr, "{}", facts.name)?;
                }
            }
            Event::Piece(made) => {
                refused += made.refused;
                take(&made, &mut statistics, outputs)?;
                if outputs.are_over() {
                    break;
                }
            }
            // The other inputs are read (semantics 3.10).
            Event::Unopened(Failure::Message(message)) => writeln!(stderr, "rwfilter: {message}")?,
            Event::Failed(error) => writeln!(stderr, "rwfilter: {}", with_causes(&error))?,
            Event::Unopened(Failure::ClosedPipe) | Event::Captured(_) | Event::Ended(_) => {}
        }
    }
    match refused {
        0 => Ok(statistics),
        _ => Err(format!("{refused} records do not fit into the format of the outputs").into()),
    }
}

/// Counts and writes the records of a piece, up to where nothing is open any more.
fn take(made: &Made, statistics: &mut Statistics, outputs: &mut Outputs<'_>) -> Result<(), Failure> {
    let end = outputs.rows_until_closed(&made.rows);
    match end.and_then(|end| made.rows.get(..end)) {
        None => {
            statistics.read.add(made.read);
            statistics.pass.add(made.pass);
        }
        Some(rows) => {
            rows.iter().for_each(|row| statistics.read.add(row.volume));
            let passing = rows.iter().filter(|row| row.passes);
            passing.for_each(|Row { volume, .. }| statistics.pass.add(*volume));
        }
    }
    outputs.write(&made.encoded)
}

/// Which records of each input pass.
struct Rules {
    predicate: Option<CompiledPredicate>,
    partition: Partition,
    reference_faults: bool,
    options: silk_format::Options,
}

impl Rules {
    fn of(&self, facts: &SourceFacts) -> Rule {
        let Some(predicate) = &self.predicate else { return Rule::All };
        // Captures were refused when they were opened.
        let Some(header) = &facts.silk else { return Rule::None };
        let hour = header.packed_file().filter(|_| self.reference_faults);
        let options = self.options.clone().with_file_name(facts.name.as_str());
        if hour.is_some_and(|(base_time_ms, ..)| self.partition.fails_hour(base_time_ms))
            || !predicate.could_match(&HeaderFacts::silk(header, &options))
        {
            return Rule::None;
        }
        Rule::Test(Box::new(predicate.evaluator()))
    }
}
