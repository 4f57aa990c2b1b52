//! What arguments mean: times, windows, predicates and formats, resolved with the clock, the terminal and the inputs.

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flow_frame::predicate::{ParseContext, Predicate};
use flow_frame::{Anchors, Instant, Projection, Scan, TimeSpec, Window, WindowMode};

use crate::args::{ColumnArgs, FollowArgs, InputArgs, Mode, WhereArgs, WindowArgs};
use crate::error::{Error, Result};
use crate::inputs::Inputs;
use crate::output::{Addresses, ExitOptions, Format};
use crate::pump::data_end;
use crate::ring::Follow;
use crate::sets;
use crate::source::OpenOptions;

/// What a job reads, and how: columns, rows, site, threads.
pub(crate) fn scan(
    input: &InputArgs,
    inputs: &Inputs,
    columns: Option<&ColumnArgs>,
    rows: Option<(&WindowArgs, &WhereArgs)>,
    threads: NonZeroUsize,
) -> Result<Scan> {
    let mut scan = Scan::default().with_threads(threads);
    scan.silk.site = inputs.site.as_ref().map(Arc::clone);
    if let Some(columns) = columns {
        scan.columns = columns.fields.as_deref().map(Projection::parse).transpose()?.unwrap_or_default();
    }
    if let Some((window, filter)) = rows {
        scan.window = self::window(window, &inputs.paths, input.open_options(), threads)?;
        scan.predicate = predicate(filter, &inputs.paths, input.open_options(), threads)?;
    }
    Ok(scan)
}

fn window(
    args: &WindowArgs,
    inputs: &[PathBuf],
    open: OpenOptions,
    threads: NonZeroUsize,
) -> Result<Option<Window>> {
    let Some(text) = &args.window else { return Ok(None) };
    let mode = match args.window_mode {
        Mode::Start => WindowMode::Start,
        Mode::Overlap => WindowMode::Overlap,
    };
    let mut anchors = Anchors { now: Some(now()), end: None };
    if text.split("..").any(|time| time.trim_start().starts_with("end")) {
        anchors.end = data_end(inputs, open, threads)?;
    }
    Ok(Some(Window::parse(text, mode, anchors)?))
}

/// The predicate of `--where`. The inputs are read for their end only if it is mentioned.
pub(crate) fn predicate(
    args: &WhereArgs,
    inputs: &[PathBuf],
    open: OpenOptions,
    threads: NonZeroUsize,
) -> Result<Option<Predicate>> {
    let Some(text) = &args.text else { return Ok(None) };
    let mut context = ParseContext::default().with_anchors(Anchors { now: Some(now()), end: None });
    for set in &args.sets {
        let (name, path) = set
            .split_once('=')
            .filter(|(name, path)| !name.is_empty() && !path.is_empty())
            .ok_or_else(|| Error::usage(format!("--set {set}: expected NAME=FILE")))?;
        if path == "-" && inputs.iter().any(|input| input == Path::new("-")) {
            return Err(Error::usage(format!("--set {set}: standard input is an input already")));
        }
        context = context.with_set(name, sets::load(Path::new(path), open)?);
    }
    if let Ok(predicate) = Predicate::parse(text, &context) {
        return Ok(Some(predicate));
    }
    // If any end will do, the real one is wanted; if none does, this is the error to tell.
    context.anchors.end = Some(Instant::from_ms(0));
    Predicate::parse(text, &context)?;
    context.anchors.end = data_end(inputs, open, threads)?;
    Ok(Some(Predicate::parse(text, &context)?))
}

/// The present: the one look at the clock.
pub(crate) fn now() -> Instant {
    let ns = |time: Duration| time.as_nanos() as i128;
    Instant::from_ns(match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => ns(after),
        Err(before) => -ns(before.duration()),
    })
}

/// What ends the following of a ring: Ctrl-C or a request to end (a second one ends the program at once), or a time.
pub(crate) fn follow(args: &FollowArgs) -> Result<Option<Follow>> {
    if !args.follow {
        return Ok(None);
    }
    let until = |text: &String| {
        let anchors = Anchors { now: Some(now()), end: None };
        let left = TimeSpec::parse(text)?.resolve(anchors)?.ns().saturating_sub(now().ns()).max(0);
        let left = Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX));
        // A time that the clock does not reach is none.
        Ok::<_, Error>(std::time::Instant::now().checked_add(left))
    };
    let idle = args.follow_idle.as_deref().map(|text| duration("--follow-idle", text)).transpose()?;
    let follow = Follow::default()
        .with_poll(duration("--follow-poll", &args.follow_poll)?)
        .with_until(args.follow_until.as_ref().map(until).transpose()?.flatten())
        .with_idle(idle);
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_default(signal, follow.stop_flag())
            .and_then(|_| signal_hook::flag::register(signal, follow.stop_flag()))
            .map_err(|e| Error::usage(format!("--follow: Ctrl-C cannot be listened to: {e}")))?;
    }
    Ok(Some(follow))
}

/// A length of time such as `1s` or `1h30m`.
pub(crate) fn duration(flag: &str, text: &str) -> Result<Duration> {
    let wrong =
        || Error::usage(format!("{flag} {text}: expected a length of time such as 500ms, 1s, 5m, 1h or 1d"));
    match TimeSpec::parse(&format!("+{text}")) {
        Ok(TimeSpec::Now(ns)) => u64::try_from(ns).map(Duration::from_nanos).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// The format that rows leave in, and where a table ends.
pub(crate) fn exit_options(
    format: Option<Format>,
    output: Option<&Path>,
    table: bool,
    addresses: Addresses,
) -> Result<ExitOptions> {
    let terminal = output.is_none() && std::io::stdout().is_terminal();
    let format = match (format, output) {
        (Some(format), _) => format,
        (None, Some(path)) => Format::of_path(path).ok_or_else(|| {
            Error::usage(format!(
                "{}: no format has this ending: expected .parquet .arrow .csv .jsonl .json .silk or .txt, or --format",
                path.display()
            ))
        })?,
        (None, None) if table && terminal => Format::Table,
        (None, None) => Format::Csv,
    };
    if terminal && format.is_binary() {
        return Err(Error::usage(format!("{format:?} is not written to a terminal: use -o FILE or a pipe")));
    }
    let width = terminal.then(|| console::Term::stdout().size_checked()).flatten();
    Ok(ExitOptions::new(format)
        .with_addresses(addresses)
        .with_table_width(width.map(|(_, columns)| usize::from(columns))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, sets: &[&str]) -> Result<String> {
        let args = WhereArgs {
            text: Some(text.to_owned()),
            sets: sets.iter().map(|set| (*set).to_owned()).collect(),
        };
        let input = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/silk/query/query.rwf");
        let predicate = predicate(&args, &[input.into()], OpenOptions::default(), NonZeroUsize::MIN)?;
        Ok(predicate.map(|predicate| predicate.to_string()).unwrap_or_default())
    }

    #[test]
    fn where_is_resolved() {
        assert_eq!(resolved("proto=6", &[]).unwrap(), "protocol = 6");
        let last = resolved("stime >= end", &[]).unwrap();
        assert_eq!(
            resolved("stime >= end-0s and proto = 6", &[]).unwrap(),
            format!("{last} and protocol = 6")
        );
        assert!(last.starts_with("stime >= 2016-09-29T13:5"), "{last}");
        assert!(resolved("stime <= now", &[]).unwrap().starts_with("stime <= 20"));
        let error = resolved("proto = tcp", &[]).unwrap_err();
        assert_eq!(error.pointed().as_deref(), Some("proto = tcp\n        ^"));
        for sets in [&["servers"][..], &["=x"], &["x="]] {
            assert_eq!(resolved("true", sets).unwrap_err().class(), flow_frame::Class::Usage);
        }
        assert_eq!(resolved("true", &["x=/nonexistent"]).unwrap_err().class(), flow_frame::Class::Io);
        assert_eq!(resolved("sip in @x", &[]).unwrap_err().class(), flow_frame::Class::Usage);
    }
}
