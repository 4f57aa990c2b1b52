//! Partitioning switches and the one predicate that they add up to (semantics 3.1–3.8).

use std::ffi::{OsStr, OsString};

use flow_frame::predicate::{AddressSet, Predicate, Ranges, Wildcard};
use silk_format::silk_time::TimeRange;

use super::values::{self, Letters};

/// Terms of one flag switch, over all its repetitions.
const MOST_FLAG_TERMS: usize = 16;
const MOST_ATTRIBUTE_TERMS: usize = 8;
const MS: i128 = 1_000_000;

/// Which columns a switch is about: one, or either of two.
pub(super) type Columns = &'static [&'static str];

/// Which time a window is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Start,
    End,
    Active,
}

/// How the argument of a switch becomes a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Time(Moment),
    Duration,
    /// A list of numbers up to the second.
    Numbers(Columns, u16),
    /// Of ICMP records only.
    Icmp(&'static str),
    IpVersion,
    /// One range of counts.
    Volume(&'static str),
    BytesPerPacket,
    Wildcard(Columns),
    Cidr(Columns),
    /// A file.
    Set(Columns),
    /// Terms that add up over repetitions.
    Flags(&'static str),
    /// `--fin-flag` and its like: one bit.
    FlagBit(u8),
    AnyFlag,
    Attributes,
}

/// The tests so far.
#[derive(Debug, Default)]
pub(super) struct Partition {
    tests: Vec<Predicate>,
    sets: Vec<(Columns, bool, OsString)>,
    /// The switches given.
    given: Vec<(Rule, bool)>,
    /// `--flags-all`, `-initial`, `-session`: their terms.
    flags: Vec<(&'static str, Vec<(u8, u8)>)>,
    /// What the switches for single flags add up to.
    bits: Option<(u8, u8)>,
    windows: Vec<(Moment, TimeRange)>,
    protocols: Option<Ranges>,
}

impl Partition {
    /// The files of sets that [`predicate`](Self::predicate) loads.
    pub(super) fn set_files(&self) -> impl Iterator<Item = &OsString> {
        self.sets.iter().map(|(.., file)| file)
    }

    /// Adds a switch. The error is a reason.
    pub(super) fn add(&mut self, name: &str, rule: Rule, negated: bool, value: &OsStr) -> Result<(), String> {
        // What adds up may come again.
        if !matches!(rule, Rule::Flags(_)) {
            if self.given.iter().any(|(given, _)| *given == rule) {
                let twin = self.given.contains(&(rule, !negated));
                return Err(match twin {
                    true => format!("--{name} cannot be used together with its opposite"),
                    false => format!("A --{name} filter has already been set"),
                });
            }
            self.given.push((rule, negated));
        }
        let text = value.to_string_lossy();
        let invalid = |reason: String| format!("Invalid {name} '{text}': {reason}");
        match rule {
            Rule::Set(columns) => {
                self.sets.push((columns, negated, value.to_owned()));
                return Ok(());
            }
            Rule::Flags(column) => return self.add_flags(column, &text).map_err(invalid),
            Rule::FlagBit(bit) => return self.add_bit(bit, &text).map_err(invalid),
            _ => {}
        }
        let test = self.test(rule, &text).map_err(invalid)?;
        self.tests.push(if negated { !test } else { test });
        Ok(())
    }

    fn test(&mut self, rule: Rule, text: &str) -> Result<Predicate, String> {
        match rule {
            Rule::Time(moment) => {
                let range: TimeRange = text.parse().map_err(|e: silk_format::Error| e.to_string())?;
                self.windows.push((moment, range));
                let (first, last) = (i128::from(range.first_ms) * MS, i128::from(range.last_ms) * MS);
                match moment {
                    Moment::Start => Predicate::within("stime", Ranges::between(first, last)),
                    Moment::End => Predicate::within("etime", Ranges::between(first, last)),
                    Moment::Active => Predicate::active(first, last),
                }
            }
            Rule::Duration => Predicate::within("duration", values::durations(text)?),
            Rule::Numbers(columns, most) => {
                let ranges = values::integer_list(text, most.into())?;
                if columns == ["protocol"] {
                    self.protocols = Some(ranges.clone());
                }
                return either(columns, |column| Predicate::within(column, ranges.clone()));
            }
            Rule::Icmp(column) => Predicate::within(column, values::integer_list(text, 255)?),
            Rule::IpVersion => {
                let is_ipv6 = Predicate::is_true("is_ipv6").map_err(|e| e.to_string())?;
                return Ok(match values::ip_versions(text)? {
                    (true, true) => Predicate::always(true),
                    (false, true) => is_ipv6,
                    _ => !is_ipv6,
                });
            }
            Rule::Volume(column) => Predicate::within(column, values::integer_range(text)?),
            Rule::BytesPerPacket => {
                let (low, high) = values::decimal_range(text)?;
                Predicate::bytes_per_packet(low, high)
            }
            Rule::Wildcard(columns) => {
                let pattern = Wildcard::parse(text).map_err(|e| e.to_string())?;
                return either(columns, |column| Predicate::wildcard(column, pattern.clone()));
            }
            Rule::Cidr(columns) => return in_set(columns, values::cidr_list(text)?),
            Rule::AnyFlag => {
                let bits = Letters::TcpFlags.bits(text)?;
                let each = (0..8).map(|bit| 1 << bit).filter(|bit| bits & bit != 0);
                Predicate::masks("tcpflags", each.map(|bit| (bit, bit)))
            }
            Rule::Attributes => {
                let pairs = Letters::Attributes.pairs(text)?;
                if pairs.len() > MOST_ATTRIBUTE_TERMS {
                    return Err(format!("More than {MOST_ATTRIBUTE_TERMS} terms"));
                }
                Predicate::masks("attributes", pairs)
            }
            // These were taken care of before.
            Rule::Set(_) | Rule::Flags(_) | Rule::FlagBit(_) => return Ok(Predicate::always(true)),
        }
        .map_err(|e| e.to_string())
    }

    fn add_flags(&mut self, column: &'static str, text: &str) -> Result<(), String> {
        let pairs = Letters::TcpFlags.pairs(text)?;
        let at = self.flags.iter().position(|(known, _)| *known == column).unwrap_or_else(|| {
            self.flags.push((column, Vec::new()));
            self.flags.len() - 1
        });
        let Some((_, terms)) = self.flags.get_mut(at) else { return Ok(()) };
        terms.extend(pairs);
        if terms.len() > MOST_FLAG_TERMS {
            return Err(format!("More than {MOST_FLAG_TERMS} terms"));
        }
        Ok(())
    }

    /// 0 or 1; what is no number counts as 0.
    fn add_bit(&mut self, bit: u8, text: &str) -> Result<(), String> {
        let text = text.trim_ascii();
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let high = match (digits.is_empty(), digits.parse()) {
            (true, _) | (false, Ok(0)) => 0,
            (false, Ok(1)) => bit,
            _ => return Err("Value must be 0 or 1".to_owned()),
        };
        let (all_high, mask) = self.bits.unwrap_or_default();
        self.bits = Some((all_high | high, mask | bit));
        Ok(())
    }

    /// Whether any switch was given.
    pub(super) fn is_empty(&self) -> bool {
        self.given.is_empty() && self.flags.is_empty()
    }

    /// The predicate; `load` reads a set. The error is a message.
    pub(super) fn predicate(
        &self,
        load: &mut dyn FnMut(&OsStr) -> Result<AddressSet, String>,
    ) -> Result<Predicate, String> {
        let icmp = self.given.iter().any(|(rule, _)| matches!(rule, Rule::Icmp(_)));
        if icmp && self.protocols.as_ref().is_some_and(|p| !p.contains(1) && !p.contains(58)) {
            return Err(
                "Must include protocol 1 or 58 in --protocol to use --icmp-type or --icmp-code".to_owned()
            );
        }
        let mut tests = self.tests.clone();
        let mut flags = self.flags.clone();
        // One term, in the list of --flags-all (semantics 3.7).
        if let Some(term) = self.bits {
            match flags.iter_mut().find(|(column, _)| *column == "tcpflags") {
                Some((_, terms)) => terms.push(term),
                None => flags.push(("tcpflags", vec![term])),
            }
        }
        for (column, terms) in flags {
            tests.push(Predicate::masks(column, terms).map_err(|e| e.to_string())?);
        }
        for (columns, negated, file) in &self.sets {
            let test = in_set(columns, load(file)?)?;
            tests.push(if *negated { !test } else { test });
        }
        Ok(Predicate::all(tests))
    }

    /// Semantics 3.2, the shortcut over files with a packed-file entry: whether the reference declares all records of
    /// the hour that starts at `hour_ms` failed without reading them. It takes a flow to last an hour at most, which is
    /// wrong for some.
    pub(super) fn fails_hour(&self, hour_ms: i64) -> bool {
        const SLACK: i64 = 3_600_999;
        self.windows.iter().any(|(moment, range)| {
            let latest = match moment {
                Moment::Start => Some(hour_ms.saturating_add(SLACK)),
                Moment::End => None,
                Moment::Active => Some(hour_ms.saturating_add(SLACK + 3_600_000)),
            };
            hour_ms > range.last_ms || latest.is_some_and(|latest| latest < range.first_ms)
        })
    }
}

fn in_set(columns: Columns, set: AddressSet) -> Result<Predicate, String> {
    let set = std::sync::Arc::new(set);
    either(columns, |column| Predicate::address(column, std::sync::Arc::clone(&set)))
}

fn either(
    columns: Columns,
    test: impl Fn(&str) -> Result<Predicate, flow_frame::Error>,
) -> Result<Predicate, String> {
    let tests: Result<Vec<_>, _> = columns.iter().map(|column| test(column)).collect();
    tests.map(Predicate::any).map_err(|e| e.to_string())
}
