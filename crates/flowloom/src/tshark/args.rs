//! The switches that are supported, read as `getopt` reads them; everything else is refused by name.

use std::ffi::{OsStr, OsString};

use pcap_headers::{FieldTable, Occurrence};

/// What is asked for.
#[derive(Debug)]
pub(super) enum Request {
    Help,
    Version,
    Print(Job),
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
const SWITCHES: [(char, &str, &str); 5] = [
    ('r', "FILE", "the capture, pcap or pcapng, also within gzip, zstd or LZ4; - is standard input"),
    ('T', "fields", "print fields; nothing else can be printed"),
    ('e', "FIELD", "print this field; once for each column"),
    ('E', "NAME=VALUE", "how, see below"),
    ('c', "N", "stop after so many packets"),
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
    let fields: String = FieldTable::all().iter().map(|field| format!("  {}\n", field.name())).collect();
    format!(
        "tshark -r FILE -T fields -e FIELD… [-E NAME=VALUE…] [-c N]\n\
         Prints fields of packets as tshark 4.0.17 does.\n\n{switches}\n{LAYOUT_HELP}\nFields:\n{fields}\n\
         Examples:\n  tshark -r trace.pcap -T fields -e frame.time_epoch -e ip.src -e ip.dst\n  \
         tshark -r trace.pcap -T fields -e frame.number -e ip.len -E header=y -E separator=, -E quote=d \
         -E occurrence=f\n"
    )
}

/// Sorts the arguments. The error is a message.
pub(super) fn parse(arguments: &[OsString]) -> Result<Request, String> {
    let (mut file, mut fields, mut is_fields) = (None, Vec::new(), false);
    let (mut layout, mut packets) = (Layout::default(), u64::MAX);
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
        let letter = text.strip_prefix('-').and_then(|rest| rest.chars().next());
        let Some(letter) = letter else { return Err(refused_filter(argument)) };
        if !SWITCHES.iter().any(|(known, ..)| *known == letter) {
            let name = if letter == '-' { text.into_owned() } else { format!("-{letter}") };
            return Err(format!("{name} is not supported"));
        }
        let value = match attached(argument) {
            Some(value) => value,
            None => rest.next().cloned().ok_or_else(|| format!("-{letter} needs a value"))?,
        };
        let word = value.to_string_lossy();
        match letter {
            'r' => file = Some(value),
            'e' => fields.push(word.into_owned()),
            'E' => layout.set(&value)?,
            'c' => packets = count(&word)?,
            _ if is_fields => return Err("-T is given more than once".to_owned()),
            _ if word != "fields" => return Err(format!("-T {word} is not supported: only -T fields is")),
            _ => is_fields = true,
        }
    }
    if !is_fields {
        return Err("without -T fields nothing can be printed".to_owned());
    }
    if fields.is_empty() {
        return Err("-T fields needs fields: name them with -e".to_owned());
    }
    if let Some(unknown) = fields.iter().find(|name| FieldTable::find(name).is_none()) {
        return Err(format!("the field {unknown} is not supported"));
    }
    let file = file.ok_or("capturing is not supported: name a file with -r")?;
    Ok(Request::Print(Job { file, fields, layout, packets }))
}

fn refused_filter(argument: &OsStr) -> String {
    format!("filters are not supported: {}", argument.to_string_lossy())
}

/// The value in the same argument as its switch.
fn attached(argument: &OsStr) -> Option<OsString> {
    let bytes = argument.as_encoded_bytes();
    let value = bytes.get(2..).filter(|value| !value.is_empty())?;
    Some(os_string(value))
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
    fn refused() {
        let sound = "-r f -T fields -e ip.src";
        for (more, named) in [
            ("-n", "-n"),
            ("-nr f", "-n"),
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
        for short in ["-r f -T fields", "-r f -e ip.src", "-T fields -e ip.src"] {
            parsed(short).unwrap_err();
        }
        assert_eq!([count("2147483647"), count(" +2")], [Ok(2_147_483_647), Ok(2)]);
    }
}
