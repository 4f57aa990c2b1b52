//! The names of ring-buffer files: what a template or the name itself says about thread and time.

use nom::bytes::complete::{tag, take_while_m_n};
use nom::combinator::{map_opt, opt};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use crate::error::{ErrorKind, Result};

/// The second of a name is a 32-bit number, the microsecond less than a million: both have at most ten digits.
const DIGITS: usize = 10;
/// Seconds of nine digits begin in March 1973.
const EARLIEST: u32 = 100_000_000;
/// Endings that say how a file is packed or what it is, and nothing about its time.
const ENDINGS: [&str; 7] = [".lz4", ".gz", ".zst", ".pcap", ".pcapng", ".cap", ".log"];

/// What the name of a ring-buffer file says. Ordered as the ring is: by second, then by microsecond, as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct RingName {
    /// Second in which the file was opened, since the Unix epoch.
    pub seconds: u32,
    /// Microsecond of that second; none if the name does not say.
    pub micros: Option<u32>,
    /// Number of the thread that wrote it; none if the name does not say.
    pub thread: Option<u64>,
}

impl RingName {
    /// When the file was opened, nanoseconds since the Unix epoch; to the second if the name says no more.
    #[must_use]
    pub fn start_ns(&self) -> i64 {
        i64::from(self.seconds) * 1_000_000_000 + i64::from(self.micros.unwrap_or(0)) * 1000
    }

    /// What a name says by itself, without a template: the last numbers between its dots are the time, `SECONDS` or
    /// `SECONDS.MICROSECONDS`, and one before them is the thread. Smaller numbers than those of 1973 are no seconds, they
    /// count rotated files or years. A folder before the name is ignored.
    ///
    /// ```
    /// use pcap_headers::RingName;
    /// let name = RingName::guess("/nsm/log.pcap.1475156239.42.lz4").ok_or("a time")?;
    /// assert_eq!((name.seconds, name.micros), (1_475_156_239, Some(42)));
    /// assert_eq!(RingName::guess("trace.pcap"), None);
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn guess(name: &str) -> Option<Self> {
        let mut name = base_name(name);
        while let Some(shorter) = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)) {
            name = shorter;
        }
        let mut parts = name.rsplit('.').map_while(number);
        let (last, before) = (parts.next()?, parts.next());
        let seconds = |number| u32::try_from(number).ok().filter(|seconds| *seconds >= EARLIEST);
        if let (Some(micros), Some(seconds)) = (micros(last), before.and_then(seconds)) {
            return Some(Self { seconds, micros: Some(micros), thread: parts.next() });
        }
        Some(Self { seconds: seconds(last)?, micros: None, thread: before })
    }
}

/// Digits and nothing else, as many as a time or a thread has.
fn number(part: &str) -> Option<u64> {
    let digits = !part.is_empty() && part.len() <= DIGITS && part.bytes().all(|byte| byte.is_ascii_digit());
    if digits { part.parse().ok() } else { None }
}

/// The part of a path behind the last separator.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// `%n` or `%i`.
    Thread,
    /// `%t`.
    Time,
}

/// The name that a capture program is told to give its files, such as `log.pcap.%t` or `log.%n.%t.pcap`.
///
/// `%n` is the thread's number, `%i` the system's number of it, `%t` the time (`SECONDS` or `SECONDS.MICROSECONDS`); a
/// template without `%t` has `.%t` at its end. A packing's ending may follow the name.
///
/// ```
/// use pcap_headers::NameTemplate;
/// let template: NameTemplate = "log.%n.%t.pcap".parse()?;
/// let name = template.parse_name("log.1.1475156239.pcap").ok_or("one of the ring")?;
/// assert_eq!((name.seconds, name.thread), (1_475_156_239, Some(1)));
/// assert_eq!(template.parse_name("other.1.1475156239.pcap"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate(Vec<Part>);

impl std::str::FromStr for NameTemplate {
    type Err = crate::error::Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |reason: &str| ErrorKind::Usage(format!("file name template '{text}': {reason}"));
        let mut parts = Vec::new();
        let mut pieces = text.split('%');
        let push_text = |parts: &mut Vec<Part>, text: &str| {
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
        };
        push_text(&mut parts, base_name(pieces.next().unwrap_or_default()));
        for piece in pieces {
            let mut rest = piece.chars();
            parts.push(match rest.next() {
                Some('n' | 'i') => Part::Thread,
                Some('t') => Part::Time,
                _ => return Err(refused("only %n, %i and %t are known").into()),
            });
            push_text(&mut parts, rest.as_str());
        }
        let count = |part| parts.iter().filter(|found| **found == part).count();
        match (count(Part::Time), count(Part::Thread)) {
            (0, 0..=1) => parts.extend([Part::Text(".".to_owned()), Part::Time]),
            (1, 0..=1) => {}
            _ => return Err(refused("one time and one thread are enough").into()),
        }
        Ok(Self(parts))
    }
}

impl NameTemplate {
    /// What a name says that was made from this template; none if it was not. A folder before the name is ignored.
    #[must_use]
    pub fn parse_name(&self, name: &str) -> Option<RingName> {
        let mut rest = base_name(name);
        let (mut time, mut thread) = (None, None);
        for part in &self.0 {
            rest = match part {
                Part::Text(text) => rest.strip_prefix(text.as_str())?,
                Part::Thread => {
                    let (rest, number) = digits(rest).ok()?;
                    thread = Some(number);
                    rest
                }
                Part::Time => {
                    let micros = opt(preceded(tag("."), map_opt(digits, micros)));
                    let (rest, found) =
                        (map_opt(digits, |n| u32::try_from(n).ok()), micros).parse(rest).ok()?;
                    time = Some(found);
                    rest
                }
            };
        }
        let (seconds, micros) = time?;
        let packed = rest.is_empty() || ENDINGS.contains(&rest);
        packed.then_some(RingName { seconds, micros, thread })
    }
}

fn digits(input: &str) -> IResult<&str, u64> {
    let digits = take_while_m_n(1, DIGITS, |c: char| c.is_ascii_digit());
    map_opt(digits, |digits: &str| digits.parse().ok()).parse(input)
}

fn micros(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|micros| *micros < 1_000_000)
}
