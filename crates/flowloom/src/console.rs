//! What the command tells on standard error: messages, progress; and the exit code that they add up to.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use flow_frame::{Accounts, EndReason, FlowAccount, SourceFacts};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use mapped_input::Codec;
use silk_format::{Compression, Header};

use crate::commands::info::record_len;
use crate::error::{Error, ErrorKind, exit_code};
use crate::pump::{InputReport, Listener};

/// When progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ProgressWhen {
    /// On a terminal, after a moment.
    #[default]
    Auto,
    /// Also into a pipe or file, there as a line a second.
    Always,
    /// Not at all.
    Never,
}

/// Standard error of one run.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    verbose: bool,
    progress: bool,
    bar: Option<Bar>,
    code: u8,
}

impl Console {
    pub(crate) fn new(quiet: bool, verbose: bool, progress: ProgressWhen) -> Self {
        let progress = match progress {
            ProgressWhen::Auto => !quiet && std::io::stderr().is_terminal(),
            ProgressWhen::Always => true,
            ProgressWhen::Never => false,
        };
        Self { quiet, verbose, progress, bar: None, code: 0 }
    }

    /// The highest exit code so far.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Tells of an error and remembers its exit code. A reader of our output that went away is none.
    pub(crate) fn fail(&mut self, error: &Error) {
        self.fail_after(error, None);
    }

    fn fail_after(&mut self, error: &Error, delivered: Option<u64>) {
        if matches!(error.kind(), ErrorKind::ClosedPipe) {
            return;
        }
        self.code = self.code.max(exit_code(error.class()));
        let mut line = format!("error: {}", error.with_causes());
        if let Some(rows) = delivered {
            let rows = if rows == 1 {
                "1 row before it was".to_owned()
            } else {
                format!("{rows} rows before it were")
            };
            line += &format!("; {rows} delivered");
        }
        self.say(&format!("{line}; {}", error.next_step()));
        if let Some(pointed) = error.pointed() {
            // A line each, so that the caret stands below its character.
            pointed.lines().for_each(|line| self.say(line));
        }
    }

    /// A fact that the user should know; `-q` silences it.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// A fact for `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.say(text);
        }
    }

    fn say(&self, text: &str) {
        let print = || {
            // Nobody is left to be told if this fails. Names of files must not steer the terminal.
            let _ = writeln!(std::io::stderr(), "flowloom: {}", printable(text));
        };
        match &self.bar {
            Some(bar) => bar.bar.suspend(print),
            None => print(),
        }
    }

    /// Shows progress towards `total` units.
    pub(crate) fn start(&mut self, name: &str, total: Option<u64>, unit: Unit) {
        if self.progress {
            self.bar = Some(Bar::new(name, total, unit));
        }
    }

    pub(crate) fn set(&mut self, position: u64) {
        let Some(bar) = &mut self.bar else { return };
        bar.bar.set_position(position);
        if bar.line_is_due() {
            let line = bar.line();
            self.say(&line);
        }
    }

    pub(crate) fn stop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.bar.finish_and_clear();
            if bar.told.is_some() {
                self.say(&bar.line());
            }
        }
    }
}

/// A message is one line, whatever is in the names of files.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// What progress counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Rows,
}

#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    /// Stored bytes of a row, where the position in the file follows from the rows.
    row_bytes: Option<u64>,
    unit: Unit,
    /// Where no bar can be drawn: when the last line was told.
    told: Option<Instant>,
}

const BETWEEN_LINES: Duration = Duration::from_secs(1);

impl Bar {
    fn new(name: &str, total: Option<u64>, unit: Unit) -> Self {
        let told = (!std::io::stderr().is_terminal()).then(Instant::now);
        let target = ProgressDrawTarget::stderr_with_hz(10);
        let bar = ProgressBar::with_draw_target(total, target).with_message(printable(name));
        let template = match (total, unit) {
            (Some(_), Unit::Bytes) => "{msg} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}",
            (Some(_), Unit::Rows) => "{msg} {wide_bar} {human_pos}/{human_len} rows {per_sec} {eta}",
            (None, Unit::Bytes) => "{msg} {spinner} {bytes} {binary_bytes_per_sec} {elapsed}",
            (None, Unit::Rows) => "{msg} {spinner} {human_pos} rows {per_sec} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, row_bytes: None, unit, told }
    }

    fn line_is_due(&mut self) -> bool {
        match &mut self.told {
            Some(told) if told.elapsed() >= BETWEEN_LINES => {
                *told = Instant::now();
                true
            }
            _ => false,
        }
    }

    /// How far it is, in words.
    fn line(&self) -> String {
        let count = |n| match self.unit {
            Unit::Bytes => HumanBytes(n).to_string(),
            Unit::Rows => format!("{} rows", HumanCount(n)),
        };
        let (name, done) = (self.bar.message(), count(self.bar.position()));
        match self.bar.length() {
            Some(total) => format!("{name}: {done} of {}", count(total)),
            None => format!("{name}: {done}"),
        }
    }
}

impl Listener for Console {
    fn opened(&mut self, facts: &SourceFacts, stored: Option<u64>) {
        self.detail(&format!(
            "{}: {}, opened as {:?}, {:?}",
            facts.name,
            facts.format(),
            facts.opened,
            facts.codec
        ));
        // Of uncompressed records the position in the file is known; of others only the rows are.
        let plain =
            |header: &&Header| facts.codec == Codec::Plain && header.compression() == Compression::NONE;
        let row_bytes = facts.silk.as_ref().filter(plain).and_then(record_len);
        match row_bytes {
            Some(_) => self.start(&facts.name, stored, Unit::Bytes),
            None => self.start(&facts.name, None, Unit::Rows),
        }
        if let Some(bar) = &mut self.bar {
            bar.row_bytes = row_bytes;
        }
    }

    fn advanced(&mut self, accounts: &Accounts) {
        let unit = self.bar.as_ref().and_then(|bar| bar.row_bytes).unwrap_or(1);
        self.set(accounts.read.rows.saturating_mul(unit));
    }

    fn flows_made(&mut self, account: &FlowAccount) {
        let reasons = EndReason::ALL.map(|reason| format!("{} {}", reason.name(), account.flows_of(reason)));
        self.detail(&format!(
            "{} flows made of {} packets, {} bytes; {} packets without an IP header that was captured, {} bytes, are in none; ended: {}",
            account.flows(),
            account.packets,
            account.bytes,
            account.without_ip,
            account.without_ip_bytes,
            reasons.join(", ")
        ));
        if account.packets == 0 && account.without_ip > 0 {
            self.note(&format!(
                "none of {} packets tells protocol and addresses of IP: there are no flows of them",
                account.without_ip
            ));
        }
        if account.undated > 0 {
            self.note(&format!(
                "{} packets come before any that has a time: their flows begin in 1970",
                account.undated
            ));
        }
        let untimed = account.untimed - account.undated;
        if untimed > 0 {
            self.detail(&format!("{untimed} packets without a time got that of the packet before"));
        }
        let evicted = account.flows_of(EndReason::Resources);
        if evicted > 0 {
            self.note(&format!(
                "{evicted} flows were ended early to make room for others (end_reason resources): raise --max-flows to keep them"
            ));
        }
    }

    fn closed(&mut self, input: &InputReport) {
        self.stop();
        if let Some(accounts) = &input.accounts {
            self.detail(&format!(
                "{}: {} rows read, {} delivered, {} not asked for",
                input.path.display(),
                accounts.read.rows,
                accounts.delivered.rows,
                accounts.filtered.rows
            ));
            let refused: u64 = accounts.refused().map(|(_, tally)| tally.rows).sum();
            if refused > 0 {
                self.note(&format!(
                    "{}: {refused} rows refused: counts of 2^63 and more",
                    input.path.display()
                ));
            }
        }
        for (oddity, count) in input.capture.iter().flat_map(|capture| capture.report.oddities()) {
            self.detail(&format!("{}: {count} {}", input.path.display(), oddity.text()));
        }
        let table = input.capture.as_ref().map(|capture| &capture.table);
        if let Some(text) = table.and_then(|table| table.unread()) {
            self.note(&format!("{}: {text}", input.path.display()));
        }
        if let Some(text) = table.and_then(|table| table.repeated()) {
            self.detail(&format!("{}: {text}", input.path.display()));
        }
        if let Some(failure) = &input.failure {
            self.fail_after(failure, input.facts.is_some().then(|| input.delivered()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_code_stays_and_a_closed_pipe_is_none() {
        let mut console = Console::new(true, false, ProgressWhen::Never);
        console.fail(&ErrorKind::ClosedPipe.into());
        assert_eq!(console.code(), 0);
        console.fail(&Error::usage("x"));
        console.fail(&ErrorKind::Encode { format: "Arrow", reason: String::new() }.into());
        assert_eq!(console.code(), 2);
    }
}
