//! From arguments to jobs to an exit code.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};
use flow_frame::{Instant, TimeSpec};
use flow_report::{RowsAre, Style};

use crate::args::{Cli, Command, ConvertArgs, Global, InfoArgs, ReportArgs, RowsArgs, StyleArg};
use crate::commands::convert::{ConvertOptions, convert_into};
use crate::commands::generate::{GenerateFormat, generate, generate_capture};
use crate::commands::info::{Depth, Info, info};
use crate::commands::report::{Report, ReportOptions, report};
use crate::commands::rows::{End, rows_into};
use crate::console::{Console, Unit};
use crate::error::{Error, Result, stdout_error};
use crate::fetch;
use crate::fetch::args::{FetchArgs, FetchCommand};
use crate::generate::args::{GenerateArgs, Preset};
use crate::generate::capture::{Capture, Container};
use crate::generate::{Options, Traffic};
use crate::groups::run::{run_conv, run_top};
use crate::inputs;
use crate::output::{ExitOptions, Format, Target};
use crate::resolve::{duration, exit_options, follow, now, scan};
use crate::sandbox::{Rules, Sandbox};

/// The older tools that are a part of the command.
const TOOLS: [&str; 4] = ["rwcut", "rwfilter", "rwfileinfo", "tshark"];

/// Runs the command with the arguments of the process, the program's own name first, and gives its exit code.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some((name, rest, of_every)) = older_tool(&arguments) {
        return run_tool(name, rest, of_every);
    }
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => run_cli(cli),
        Err(message) => {
            // Help and version are no errors and go to standard output. A reader that went away is none either.
            let _ = message.print();
            u8::try_from(message.exit_code()).unwrap_or(2)
        }
    }
}

/// The definition of the command line, for manuals and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// What is said of every command, as far as it concerns an older tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct OfEvery {
    sandbox: Sandbox,
    threads: Option<NonZeroUsize>,
}

impl OfEvery {
    fn new(global: &Global) -> Self {
        let threads = global.threads.and_then(|threads| NonZeroUsize::new(threads.into()));
        Self { sandbox: Sandbox { is_wanted: global.sandbox }, threads }
    }
}

/// An older tool, by the program's own name or as the command, with its arguments untouched. Options of every command may
/// stand in front of it; those behind it are the tool's own.
fn older_tool(arguments: &[OsString]) -> Option<(&'static str, &[OsString], OfEvery)> {
    let known = |name: &OsStr| TOOLS.into_iter().find(|tool| OsStr::new(tool) == name);
    let (program, rest) = arguments.split_first()?;
    if let Some(name) = Path::new(program).file_stem().and_then(known) {
        return Some((name, rest, OfEvery::default()));
    }
    let place = rest.iter().position(|argument| known(argument).is_some())?;
    let (front, rest) = rest.split_at_checked(place)?;
    let (name, rest) = rest.split_first()?;
    let name = known(name)?;
    // Without its arguments the command line is one of ours: if it makes sense, so does what stands in front.
    let line = std::iter::once(program).chain(front).map(OsString::as_os_str).chain([OsStr::new(name)]);
    match Cli::try_parse_from(line).ok()? {
        Cli { global, command } if command.is_tool() => Some((name, rest, OfEvery::new(&global))),
        _ => None,
    }
}

fn run_tool(name: &str, arguments: &[OsString], of_every: OfEvery) -> u8 {
    let OfEvery { sandbox, threads } = of_every;
    match name {
        "rwcut" => crate::rwcut::run_in(sandbox, threads, arguments),
        "rwfilter" => crate::rwfilter::run_in(sandbox, threads, arguments),
        "tshark" => crate::tshark::run_in(sandbox, threads, arguments),
        _ => crate::rwfileinfo::run_in(sandbox, arguments),
    }
}

fn run_cli(cli: Cli) -> u8 {
    let global = cli.global;
    let of_every = OfEvery::new(&global);
    let mut console = Console::new(global.quiet, global.verbose, global.progress);
    let threads = threads(global.threads);
    let sandbox = of_every.sandbox;
    let done = match cli.command {
        Command::Report(args) => run_report(&args, threads, sandbox, &mut console),
        Command::Info(args) => run_info(&args, threads, sandbox, &mut console),
        Command::Convert(args) => run_convert(args, threads, sandbox, &mut console),
        Command::Head(args) => run_rows(args, End::Head, threads, sandbox, &mut console),
        Command::Tail(args) => run_rows(args, End::Tail, threads, sandbox, &mut console),
        Command::Top(args) => run_top(args, threads, sandbox, &mut console),
        Command::Conv(args) => run_conv(args, threads, sandbox, &mut console),
        Command::Fetch(_) if global.sandbox => Err(refused("fetch asks other hosts")),
        Command::Generate(_) if global.sandbox => Err(refused("generate reads no file")),
        Command::Fetch(args) => run_fetch(&args, &console),
        Command::Generate(args) => run_generate(args, &mut console),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "flowloom", &mut script);
            print(&script)
        }
        Command::Rwcut(passed) => return run_tool("rwcut", &passed.arguments, of_every),
        Command::Rwfilter(passed) => return run_tool("rwfilter", &passed.arguments, of_every),
        Command::Rwfileinfo(passed) => return run_tool("rwfileinfo", &passed.arguments, of_every),
        Command::Tshark(passed) => return run_tool("tshark", &passed.arguments, of_every),
    };
    console.stop();
    if let Err(error) = done {
        console.fail(&error);
    }
    console.code()
}

fn refused(reason: &str) -> Error {
    Error::usage(format!("--sandbox is for commands that read files of others: {reason}"))
}

/// As asked for, or as many as the machine has for us.
fn threads(asked: Option<u16>) -> NonZeroUsize {
    let asked = asked.and_then(|threads| NonZeroUsize::new(threads.into()));
    asked.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
}

fn print(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(stdout_error)
}

fn run_report(
    args: &ReportArgs,
    threads: NonZeroUsize,
    sandbox: Sandbox,
    console: &mut Console,
) -> Result<()> {
    if sandbox.is_wanted {
        std::fs::create_dir_all(&args.output).map_err(Error::file("make the folder", &args.output))?;
    }
    sandbox
        .enter_told(console, || Rules::inputs(&args.input).sets(&args.filter).write_below(&args.output))?;
    let inputs = inputs::resolve(&args.input, now(), console)?;
    let making = args.flows.making(&inputs, None, None)?;
    let scan = scan(&args.input, &inputs, None, Some((&args.window, &args.filter)), threads)?;
    let inputs = inputs.within(scan.window, None);
    let options = ReportOptions::default()
        .with_flows(making.map(|making| making.options))
        .with_scan(scan)
        .with_open(args.input.open_options().with_digest(true))
        .with_every(duration("--every", &args.every)?)
        .with_style(match args.style {
            StyleArg::Rates => Style::Rates,
            StyleArg::Article => Style::Article,
        })
        .with_top(usize::from(args.top))
        .with_keep_flows(args.keep_flows.then(|| ExitOptions::new(Format::Parquet)));
    let report =
        inputs.told(console, |listener| report(inputs.source(), &args.output, &options, listener))?;
    match &report.written {
        Some(_) => print(summary_text(&report).as_bytes()),
        None => Ok(()),
    }
}

/// The three sentences, then the rest as a short table.
fn summary_text(report: &Report) -> String {
    let summary = &report.data.summary;
    let [volume, addresses, protocols] = summary.sentences();
    let mut text = format!("{volume}\n{addresses}\n{protocols}\n\n");
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<22}{value}");
    };
    let (many, one) = summary.rows_are.words();
    line(many, &summary.flows);
    let not_counted = summary.accounts.read.rows - summary.accounts.delivered.rows;
    match (&report.made, summary.rows_are) {
        (Some(made), _) => line("packets not counted", &(not_counted + made.without_ip)),
        (None, RowsAre::Both) => line("not counted", &not_counted),
        (None, _) => line(&format!("{many} not counted"), &not_counted),
    }
    if summary.rows_are != RowsAre::Packets {
        line("packets", &summary.packets);
    }
    line("bytes", &summary.bytes);
    for (name, time) in [("first", summary.first), ("last", summary.last)] {
        if let Some(time) = time {
            line(&format!("{name} {one}"), &Instant::from_ms(time));
        }
    }
    line("empty bins", &summary.empty_bins);
    let largest =
        [("largest source", &summary.top.sip_bytes), ("largest destination", &summary.top.dip_bytes)];
    for (name, rows) in largest {
        if let Some(row) = rows.first() {
            line(name, &format_args!("{} ({} bytes)", row.key, row.bytes));
        }
    }
    if let Some(written) = &report.written {
        line("page", &written.page.display());
        line("summary", &written.summary.display());
    }
    if let Some(flows) = &report.flows {
        line("flows kept", &flows.display());
    }
    text
}

fn run_info(args: &InfoArgs, threads: NonZeroUsize, sandbox: Sandbox, console: &mut Console) -> Result<()> {
    sandbox.enter_told(console, || Rules::inputs(&args.input))?;
    let inputs = inputs::resolve(&args.input, now(), console)?;
    let scan = scan(&args.input, &inputs, None, None, threads)?;
    let depth = if args.quick { Depth::Header } else { Depth::Rows };
    for (i, path) in inputs.source().paths().iter().enumerate() {
        match info(path, depth, args.input.open_options(), &scan, console) {
            Ok(found) => {
                let mut text = if args.json { info_json(&found) } else { info_text(&found) };
                if i > 0 && !args.json {
                    text.insert(0, '\n');
                }
                print(text.as_bytes())?;
                // Of rows the loop over them has told it.
                if let Some(failure) = found.failure.as_ref().filter(|_| args.quick) {
                    console.fail(failure);
                }
            }
            Err(error) => console.fail(&error),
        }
    }
    Ok(())
}

fn info_json(info: &Info) -> String {
    let facts = info.facts();
    // By hand, because the order of the facts is part of the text and a map would sort them.
    let members: Vec<String> = facts.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}\n", members.join(","))
}

fn info_text(info: &Info) -> String {
    use serde_json::Value;
    let mut text = String::new();
    for (name, value) in info.facts() {
        let shown = match &value {
            Value::Null => "unknown".to_owned(),
            Value::String(value) => value.clone(),
            Value::Array(items) => {
                for item in items.iter().flat_map(words) {
                    let _ = writeln!(text, "{name:<16}{}", safe(&item));
                }
                continue;
            }
            other => other.to_string(),
        };
        let _ = writeln!(text, "{name:<16}{}", safe(&shown));
    }
    text
}

/// The lines that show an item of a list: one for a text, one for each text of a section.
fn words(item: &serde_json::Value) -> Vec<String> {
    use serde_json::Value;
    match item {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(words).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| words(value).into_iter().map(move |text| format!("{name} {text}")))
            .collect(),
        other => vec![other.to_string()],
    }
}

/// Text from a file must not steer the terminal.
fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// The file of `-o`; `-` is standard output, as it is standard input among the inputs.
pub(crate) fn file(output: Option<PathBuf>) -> Option<PathBuf> {
    output.filter(|path| path != Path::new("-"))
}

fn run_convert(
    mut args: ConvertArgs,
    threads: NonZeroUsize,
    sandbox: Sandbox,
    console: &mut Console,
) -> Result<()> {
    args.output = file(args.output);
    if args.append && args.output.is_none() {
        return Err(Error::usage("--append needs a file to go on with: name it with -o"));
    }
    let exit = exit_options(args.format, args.output.as_deref(), false, args.columns.addresses)?
        .with_compression(args.compression);
    let target = Target::open(args.output.as_deref(), args.append, &args.input.inputs)?;
    sandbox.enter_told(console, || Rules::inputs(&args.input).sets(&args.filter).name([&target]))?;
    let inputs = inputs::resolve(&args.input, now(), console)?;
    let silk = args.silk.options(exit.format)?;
    let exit = exit.with_silk(silk);
    let making = args.flows.making(&inputs, args.columns.fields.as_deref(), Some(exit.format))?;
    // Of flows that are made the columns are not those of the inputs.
    let columns = making.is_none().then_some(&args.columns);
    let scan = scan(&args.input, &inputs, columns, Some((&args.window, &args.filter)), threads)?;
    let inputs = inputs.within(scan.window, follow(&args.follow)?);
    let mut options = ConvertOptions::new(exit)
        .with_flows(making.map(|making| making.with_at_once(args.follow.follow)))
        .with_scan(scan)
        .with_open(args.input.open_options())
        .with_append(args.append);
    options.output = args.output;
    let reports =
        inputs.told(console, |listener| convert_into(target, inputs.source(), &options, listener))?;
    if let Some(path) = &options.output
        && reports.iter().any(|report| report.facts.is_some())
    {
        let rows: u64 = reports.iter().map(|report| report.delivered()).sum();
        // Of flows that were made the listener has told.
        match options.flows {
            None => console.detail(&format!("{rows} rows written to {}", path.display())),
            Some(_) => console.detail(&format!("the flows of {rows} packets written to {}", path.display())),
        }
    }
    Ok(())
}

fn run_rows(
    mut args: RowsArgs,
    end: End,
    threads: NonZeroUsize,
    sandbox: Sandbox,
    console: &mut Console,
) -> Result<()> {
    args.output = file(args.output);
    if end == End::Tail && args.follow.follow {
        return Err(Error::usage("--follow: the last rows are never there; use head or convert"));
    }
    let table = !args.follow.follow;
    let exit = exit_options(args.format, args.output.as_deref(), table, args.columns.addresses)?;
    let target = Target::open(args.output.as_deref(), false, &args.input.inputs)?;
    sandbox.enter_told(console, || Rules::inputs(&args.input).sets(&args.filter).name([&target]))?;
    let inputs = inputs::resolve(&args.input, now(), console)?;
    let making = args.flows.making(&inputs, args.columns.fields.as_deref(), Some(exit.format))?;
    let columns = making.is_none().then_some(&args.columns);
    let scan = scan(&args.input, &inputs, columns, Some((&args.window, &args.filter)), threads)?;
    let inputs = inputs.within(scan.window, follow(&args.follow)?);
    let making = making.map(|making| making.with_at_once(args.follow.follow));
    let mut options =
        ConvertOptions::new(exit).with_flows(making).with_scan(scan).with_open(args.input.open_options());
    options.output = args.output;
    inputs
        .told(console, |listener| rows_into(target, inputs.source(), end, args.rows, &options, listener))?;
    Ok(())
}

fn run_generate(mut args: GenerateArgs, console: &mut Console) -> Result<()> {
    args.output = file(args.output);
    if let Some(container) = args.captures.container(args.output.as_deref()) {
        return run_generate_capture(&args, container, console);
    }
    if args.captures.is_given() {
        return Err(Error::usage(
            "options of captures need one: name it .pcap or .pcapng with -o, or use --capture",
        ));
    }
    let traffic = match args.preset {
        Some(Preset::Article) => Traffic::article(args.seed),
        None => Traffic::new(&generate_options(&args)?)?,
    };
    let format = match args.output.as_deref().and_then(Format::of_path) {
        None | Some(Format::Silk) => GenerateFormat::Silk { invocation: invocation(&args) },
        Some(format) => GenerateFormat::Exit(ExitOptions::new(format)),
    };
    let terminal = args.output.is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout());
    if terminal {
        return Err(Error::usage("a SiLK file is not written to a terminal: use -o FILE or a pipe"));
    }
    console.start("generate", Some(traffic.records()), Unit::Rows);
    let count = generate(traffic, args.output.as_ref(), &format, |count| console.set(count))?;
    console.stop();
    console.detail(&format!("{count} records made"));
    Ok(())
}

fn run_generate_capture(args: &GenerateArgs, container: Container, console: &mut Console) -> Result<()> {
    let mut options = args.captures.options(container);
    (options.seed, options.hosts, options.ipv6_share) = (args.seed, args.hosts, args.ipv6_share);
    options.start_ns = start(args)?
        .and_then(|start| u64::try_from(start.ns()).ok())
        .ok_or_else(|| Error::usage(format!("--start {}: expected a time from 1970 on", args.start)))?;
    if args.preset.is_some() {
        return Err(Error::usage("--preset makes flows, not captures"));
    }
    if args.output.is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        return Err(Error::usage("a capture is not written to a terminal: use -o FILE or a pipe"));
    }
    let capture = Capture::new(&options)?;
    console.start("generate", Some(capture.packets()), Unit::Rows);
    generate_capture(capture, args.output.as_ref(), |count| console.set(count))?;
    console.stop();
    console.detail(&format!("{} packets made", options.packets));
    Ok(())
}

/// The point in time of `--start`.
fn start(args: &GenerateArgs) -> Result<Option<Instant>> {
    Ok(match TimeSpec::parse(&args.start)? {
        TimeSpec::At(start) => Some(start),
        _ => None,
    })
}

fn run_fetch(args: &FetchArgs, console: &Console) -> Result<()> {
    let FetchCommand::Silk(args) = &args.what;
    if !args.print {
        return Err(Error::usage("fetching over SSH is not built yet; --print shows the command"));
    }
    let now = now();
    let window = args.query(&fetch::lookup)?.window(args.at(now)?, now)?;
    window.warnings.iter().for_each(|warning| console.note(warning));
    print(format!("{}\n", window.command).as_bytes())
}

fn generate_options(args: &GenerateArgs) -> Result<Options> {
    let start = start(args)?.and_then(|start| i64::try_from(start.ns() / 1_000_000).ok());
    Ok(Options {
        records: args.records,
        seed: args.seed,
        hosts: args.hosts,
        ipv6_share: args.ipv6_share,
        start_ms: start
            .ok_or_else(|| Error::usage(format!("--start {}: expected a point in time", args.start)))?,
        duration_ms: duration("--duration", &args.duration)?.as_millis() as u64,
        reflections: args.reflection.into(),
    })
}

/// The options that decide what is made; not the name of the file, so that the same options give the same bytes.
fn invocation(args: &GenerateArgs) -> String {
    let GenerateArgs { records, seed, hosts, ipv6_share, start, duration, .. } = args;
    match args.preset {
        Some(Preset::Article) => format!("flowloom generate --preset article --seed {seed}"),
        None => format!(
            "flowloom generate --records {records} --seed {seed} --hosts {hosts} --ipv6-share {ipv6_share} \
             --start {start} --duration {duration} --reflection {}",
            format!("{:?}", args.reflection).to_lowercase()
        ),
    }
}
