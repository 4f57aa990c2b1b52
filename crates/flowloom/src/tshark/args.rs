//! The switches that are supported, read as `getopt` reads them; everything else is refused by name.

use std::ffi::{OsStr, OsString};

use pcap_headers::{EndKind, FieldTable, Occurrence};

use super::statistics::Statistic;

/// What is asked for.
#[derive(Debug)]
pub(super) enum Request {
    Help,
    Version,
    Print(Job),
    Count(Count),
}

/// Which statistics of which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) file: OsString,
    /// In the order in which they were asked for.
    pub(super) statistics: Vec<Statistic>,
    /// At most so many packets.
    pub(super) packets: u64,
}

/// Which fields of which file, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) file: OsString,
    pub(super) fields: Vec<String>,
    pub(super) layout: Layout,
    /// At most so many packets.
    pub(super) packets: u64,
}

/// How fields are printed: the options of `-E`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) bom: bool,
    pub(super) header: bool,
    pub(super) separator: u8,
    pub(super) quote: Option<u8>,
    pub(super) occurrence: Occurrence,
    pub(super) aggregator: u8,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            bom: false,
            header: false,
            separator: b'\t',
            quote: None,
            occurrence: Occurrence::All,
            aggregator: b',',
        }
    }
}

/// The most packets that `-c` can say.
const MOST_PACKETS: u64 = 2_147_483_647;

/// Letter, value and meaning of each switch with a value.
const SWITCHES: [(char, &str, &str); 6] = [
    ('r', "FILE", "the capture, pcap or pcapng, also within gzip, zstd or LZ4; - is standard input"),
    ('T', "fields", "print fields of every packet"),
    ('e', "FIELD", "print this field; once for each column"),
    ('E', "NAME=VALUE", "how, see below"),
    ('z', "STATISTIC", "print a table at the end, see below; with -q"),
    ('c', "N", "stop after so many packets"),
];

/// Letter and meaning of each switch without a value.
const FLAGS: [(char, &str); 2] = [
    ('q', "print no packets; with -z"),
    ('n', "resolve no names; Ethernet tables need it, others have none"),
];

const LAYOUT_HELP: &str = "\
Options of -E, of which the first letter of a value counts:
  bom=y|n          a byte order mark first
  header=y|n       a line with the names of the fields
  separator=C      between columns: a character, /t for a tab (default), /s for a space
  quote=d|s|n      double, single or no quotes around values
  occurrence=f|l|a of several values the first, the last, all (default)
  aggregator=C     between several values: a character (default ,), /s for a space
";

pub(super) fn help() -> String {
    let switches: String =
        SWITCHES.iter().map(|(letter, value, text)| format!("  -{letter} {value:<12}{text}\n")).collect();
    let flags: String =
        FLAGS.iter().map(|(letter, text)| format!("  -{letter}             {text}\n")).collect();
    let statistics: String = Statistic::names().iter().map(|name| format!("  {name}\n")).collect();
    let fields: String = FieldTable::all().iter().map(|field| format!("  {}\n", field.name())).collect();
    format!(
        "tshark -r FILE -T fields -e FIELD… [-E NAME=VALUE…] [-c N]\n\
         tshark -r FILE -q -z STATISTIC… [-n] [-c N]\n\
         Prints fields of packets, and tables of conversations and endpoints, as tshark 4.0.17 does.\n\n\
         {switches}{flags}\n{LAYOUT_HELP}\nStatistics:\n{statistics}\nFields:\n{fields}\n\
         Examples:\n  tshark -r trace.pcap -T fields -e frame.time_epoch -e ip.src -e ip.dst\n  \
         tshark -r trace.pcap -T fields -e frame.number -e ip.len -E header=y -E separator=, -E quote=d \
         -E occurrence=f\n  tshark -r trace.pcap -q -z conv,ip\n  tshark -r trace.pcap -q -n -z endpoints,tcp -z conv,eth\n"
    )
}

/// What the switches say.
#[derive(Debug, Default)]
struct Said {
    file: Option<OsString>,
    packets: Option<u64>,
    is_fields: bool,
    fields: Vec<String>,
    layout: Layout,
    is_laid_out: bool,
    is_quiet: bool,
    is_numeric: bool,
    statistics: Vec<Statistic>,
}

/// Sorts the arguments. The error is a message.
pub(super) fn parse(arguments: &[OsString]) -> Result<Request, String> {
    let mut said = Said::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        match &*text {
            "--help" | "-h" => return Ok(Request::Help),
            "--version" | "-v" => return Ok(Request::Version),
            // Only operands follow.
            "--" => match rest.next() {
                None => break,
                Some(operand) => return Err(refused_filter(operand)),
            },
            _ => {}
        }
        let bytes = argument.as_encoded_bytes();
        let Some(letters) = bytes.strip_prefix(b"-").filter(|letters| !letters.is_empty()) else {
            return Err(refused_filter(argument));
        };
        if letters.starts_with(b"-") {
            return Err(format!("{text} is not supported"));
        }
        // Letters without a value may stand before others.
        let flags = letters.iter().take_while(|letter| said.flag(**letter)).count();
        let Some((letter, attached)) = letters.get(flags..).and_then(|letters| letters.split_first()) else {
            continue;
        };
        let letter = char::from(*letter);
        if !SWITCHES.iter().any(|(known, ..)| *known == letter) {
            let named = text.chars().nth(1 + flags).unwrap_or(letter);
            return Err(format!("-{named} is not supported"));
        }
        let value = match attached {
            [] => rest.next().cloned().ok_or_else(|| format!("-{letter} needs a value"))?,
            attached => os_string(attached),
        };
        said.set(letter, value)?;
    }
    said.request()
}

impl Said {
    /// Takes a switch without a value, if it is one.
    fn flag(&mut self, letter: u8) -> bool {
        match letter {
            b'q' => self.is_quiet = true,
            b'n' => self.is_numeric = true,
            _ => return false,
        }
        true
    }

    fn set(&mut self, letter: char, value: OsString) -> Result<(), String> {
        let word = value.to_string_lossy();
        match letter {
            'e' => self.fields.push(word.into_owned()),
            'E' => {
                self.layout.set(&value)?;
                self.is_laid_out = true;
            }
            'z' => self.statistics.push(Statistic::named(&word)?),
            'c' => self.packets = Some(count(&word)?),
            'T' if self.is_fields => return Err("-T is given more than once".to_owned()),
            'T' if word != "fields" => {
                return Err(format!("-T {word} is not supported: only -T fields is"));
            }
            'T' => self.is_fields = true,
            _ => self.file = Some(value),
        }
        Ok(())
    }

    fn request(self) -> Result<Request, String> {
        let Self { file, fields, layout, statistics, .. } = self;
        let has_tables = !statistics.is_empty();
        let packets = self.packets.unwrap_or(u64::MAX);
        let message = match (self.is_fields, has_tables, self.is_quiet) {
            (true, true, _) => {
                Some("-T fields and -z are not supported together: run them one after the other")
            }
            (true, false, true) => Some("-T fields prints nothing with -q: leave one of them out"),
            (false, true, false) => Some("-z also prints packets, which is not supported: add -q"),
            (false, true, true) if !fields.is_empty() || self.is_laid_out => {
                Some("-e and -E belong to -T fields, not to -z")
            }
            (false, false, true) => {
                Some("with -q nothing is printed: ask for a statistic with -z, such as -z conv,ip")
            }
            (false, false, false) => Some("nothing can be printed without -T fields or -q -z"),
            (true, false, false) if fields.is_empty() => Some("-T fields needs fields: name them with -e"),
            _ => None,
        };
        if let Some(message) = message {
            return Err(message.to_owned());
        }
        let file = file.ok_or("capturing is not supported: name a file with -r");
        if has_tables {
            if !self.is_numeric && statistics.iter().any(|statistic| statistic.kind == EndKind::Eth) {
                return Err(
                    "tables of Ethernet are only supported without the names of vendors: add -n".to_owned()
                );
            }
            return Ok(Request::Count(Count { file: file?, statistics, packets }));
        }
        if let Some(unknown) = fields.iter().find(|name| FieldTable::find(name).is_none()) {
            return Err(format!("the field {unknown} is not supported"));
        }
        Ok(Request::Print(Job { file: file?, fields, layout, packets }))
    }
}

fn refused_filter(argument: &OsStr) -> String {
    format!("filters are not supported: {}", argument.to_string_lossy())
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_owned())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// As C's `strtol` reads it: blanks and a plus may stand in front.
fn count(text: &str) -> Result<u64, String> {
    let digits = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let number = if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None };
    number
        .filter(|count| (1..=MOST_PACKETS).contains(count))
        .ok_or_else(|| format!("-c {text}: expected a number of packets from 1 to {MOST_PACKETS}"))
}

impl Layout {
    /// Takes `name=value`. Only the first byte of a value counts, and it must have one.
    fn set(&mut self, option: &OsStr) -> Result<(), String> {
        let bytes = option.as_encoded_bytes();
        let invalid = || format!("-E {} is not supported", option.to_string_lossy());
        let equals = bytes.iter().position(|byte| *byte == b'=').ok_or_else(invalid)?;
        let (name, value) = bytes.split_at_checked(equals).ok_or_else(invalid)?;
        let first = *value.get(1).ok_or_else(invalid)?;
        match (name, first) {
            (b"bom", b'y' | b'n') => self.bom = first == b'y',
            (b"header", b'y' | b'n') => self.header = first == b'y',
            (b"separator", b'/') => self.separator = escaped(value.get(2)),
            (b"separator", _) => self.separator = first,
            // A tab cannot be named here.
            (b"aggregator", b'/') => {
                self.aggregator = escaped(value.get(2).filter(|letter| **letter == b's'))
            }
            (b"aggregator", _) => self.aggregator = first,
            (b"quote", b'd') => self.quote = Some(b'"'),
            (b"quote", b's') => self.quote = Some(b'\''),
            (b"quote", b'n') => self.quote = None,
            (b"occurrence", b'f') => self.occurrence = Occurrence::First,
            (b"occurrence", b'l') => self.occurrence = Occurrence::Last,
            (b"occurrence", b'a') => self.occurrence = Occurrence::All,
            _ => return Err(invalid()),
        }
        Ok(())
    }
}

/// What follows a slash; what is none of the two letters stands for a backslash.
fn escaped(letter: Option<&u8>) -> u8 {
    match letter {
        Some(b't') => b'\t',
        Some(b's') => b' ',
        _ => b'\\',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Job, String> {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        match parse(&arguments)? {
            Request::Print(job) => Ok(job),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn forms() {
        let apart = parsed("-r f -T fields -e ip.src -e ip.dst -E header=y -E separator=/t -c 5").unwrap();
        assert_eq!(parsed("-c7 -Eheader=yes -Tfields -eip.src -e ip.dst -c5 -rg -rf --"), Ok(apart.clone()));
        assert_eq!((apart.packets, apart.fields.len(), apart.layout.header), (5, 2, true));
        let odd =
            parsed("-r f -T fields -e ip.src -E separator=/ -E aggregator=/x -E quote=s -E occurrence=lx");
        let layout = odd.unwrap().layout;
        assert_eq!((layout.separator, layout.aggregator, layout.quote), (b'\\', b'\\', Some(b'\'')));
        assert_eq!(layout.occurrence, Occurrence::Last);
    }

    #[test]
    fn statistics() {
        for line in
            ["-q -n -r f -z conv,eth -z endpoints,tcp -c 7", "-qnzconv,eth -nqrf -z endpoints,tcp -c+7 --"]
        {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let Ok(Request::Count(count)) = parse(&arguments) else { panic!("{line}") };
            let statistics = ["conv,eth", "endpoints,tcp"].map(|name| Statistic::named(name).unwrap());
            assert_eq!(count, Count { file: "f".into(), statistics: statistics.to_vec(), packets: 7 });
        }
    }

    #[test]
    fn refused() {
        let sound = "-r f -T fields -e ip.src";
        for (more, named) in [
            ("-x", "-x"),
            ("-nxr f", "-x"),
            ("-é", "-é"),
            ("-q", "-q"),
            ("-q -z conv,ip", "-z"),
            ("-Y tcp", "-Y"),
            ("--color", "--color"),
            ("tcp", "tcp"),
            ("-- tcp", "tcp"),
            ("-", "-"),
            ("-T fields", "-T"),
            ("-T text", "-T"),
            ("-e nope", "nope"),
            ("-e IP.SRC", "IP.SRC"),
            ("-e", "-e"),
            ("-E foo=y", "foo=y"),
            ("-E header", "header"),
            ("-E header=", "header="),
            ("-E header=Y", "header=Y"),
            ("-E quote=x", "quote=x"),
            ("-E separator=", "separator="),
            ("-E escape=y", "escape=y"),
            ("-c 0", "-c 0"),
            ("-c -1", "-c -1"),
            ("-c 2x", "-c 2x"),
            ("-c 2147483648", "-c 2147483648"),
        ] {
            let message = parsed(&format!("{sound} {more}")).unwrap_err();
            assert!(message.contains(named), "{more}: {message}");
        }
        for (line, named) in [
            ("-q -r f", "-z"),
            ("-r f -z conv,ip", "-q"),
            ("-q -z conv,ip", "-r"),
            ("-q -r f -z conv", "conv,ip"),
            ("-q -r f -z conv,sctp", "endpoints,udp"),
            ("-q -r f -z conv,ip,tcp", "filter \"tcp\""),
            ("-q -r f -z conv,ip,", "filter"),
            ("-q -r f -z conv,ip -z conv,eth", "-n"),
            ("-q -r f -z endpoints,eth", "-n"),
            ("-q -r f -z conv,ip -e ip.src", "-e"),
        ] {
            let message = parsed(line).unwrap_err();
            assert!(message.contains(named), "{line}: {message}");
        }
        for short in ["-r f -T fields", "-r f -e ip.src", "-T fields -e ip.src"] {
            parsed(short).unwrap_err();
        }
        assert_eq!([count("2147483647"), count(" +2")], [Ok(2_147_483_647), Ok(2)]);
    }
}
