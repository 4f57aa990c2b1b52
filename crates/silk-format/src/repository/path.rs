//! The path format of a repository (semantics 2.1).

use std::fmt::Write as _;

use crate::silk_time::{DAY_MS, HOUR_MS, Precision, print};
use crate::site::FlowType;

/// A `%` conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conversion {
    Class,
    Flowtype,
    Hour,
    Sensor,
    Type,
    Year,
    Day,
    FlowtypeId,
    Month,
    SensorId,
    FileName,
    Percent,
}

/// The table of semantics 2.1.
const CONVERSIONS: [(char, Conversion); 12] = [
    ('C', Conversion::Class),
    ('F', Conversion::Flowtype),
    ('H', Conversion::Hour),
    ('N', Conversion::Sensor),
    ('T', Conversion::Type),
    ('Y', Conversion::Year),
    ('d', Conversion::Day),
    ('f', Conversion::FlowtypeId),
    ('m', Conversion::Month),
    ('n', Conversion::SensorId),
    ('x', Conversion::FileName),
    ('%', Conversion::Percent),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Conversion),
}

/// What a file holds, as far as its path tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) flowtype: FlowType<'a>,
    pub(crate) sensor_id: u16,
    pub(crate) sensor: &'a str,
    pub(crate) hour: &'a HourText,
}

/// An hour as paths write it: made once, used for every flowtype and sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HourText {
    /// `YYYY/MM/DD`
    date: String,
    /// `HH`
    hour: String,
}

impl HourText {
    pub(crate) fn new(hour_ms: i64) -> Self {
        let hour = hour_ms.rem_euclid(DAY_MS) / HOUR_MS;
        Self { date: print(hour_ms, Precision::Day, 'T'), hour: format!("{hour:02}") }
    }
}

/// A path format, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathFormat {
    pieces: Vec<Piece>,
}

impl PathFormat {
    /// Takes a format apart. The error is what is wrong with it, as `silk.conf` is told.
    pub(crate) fn parse(format: &str) -> Result<Self, String> {
        if format != "%x" && !format.ends_with("/%x") {
            return Err(format!("The path-format '{format}' does not end with '/%x'"));
        }
        let mut pieces = Vec::new();
        let mut rest = format;
        while let Some((text, after)) = rest.split_once('%') {
            let mut after = after.chars();
            let letter = after.next();
            let known = CONVERSIONS.iter().find(|(known, _)| Some(*known) == letter);
            let Some((_, conversion)) = known else {
                let conversion = letter.map(String::from).unwrap_or_default();
                return Err(format!(
                    "The path-format '{format}' contains an unknown conversion '%{conversion}'"
                ));
            };
            pieces.extend((!text.is_empty()).then(|| Piece::Text(text.to_owned())));
            pieces.push(Piece::Value(*conversion));
            rest = after.as_str();
        }
        // Nothing stands behind the last `%x`.
        Ok(Self { pieces })
    }

    /// Appends the path of the file with these facts.
    pub(crate) fn expand(&self, facts: &Facts<'_>, out: &mut String) {
        let Facts { flowtype, sensor_id, sensor, hour: HourText { date, hour } } = *facts;
        let part = |range: std::ops::Range<usize>| date.get(range).unwrap_or_default();
        let (year, month, day) = (part(0..4), part(5..7), part(8..10));
        for piece in &self.pieces {
            // Writing to a String cannot fail.
            let _ = match piece {
                Piece::Text(text) => out.write_str(text),
                Piece::Value(conversion) => match conversion {
                    Conversion::Class => out.write_str(flowtype.class),
                    Conversion::Flowtype => out.write_str(flowtype.flowtype),
                    Conversion::Hour => out.write_str(hour),
                    Conversion::Sensor => out.write_str(sensor),
                    Conversion::Type => out.write_str(flowtype.name),
                    Conversion::Year => out.write_str(year),
                    Conversion::Day => out.write_str(day),
                    Conversion::FlowtypeId => write!(out, "{}", flowtype.id),
                    Conversion::Month => out.write_str(month),
                    Conversion::SensorId => write!(out, "{sensor_id}"),
                    Conversion::FileName => {
                        write!(out, "{}-{sensor}_{year}{month}{day}.{hour}", flowtype.flowtype)
                    }
                    Conversion::Percent => out.write_str("%"),
                },
            };
        }
    }

    /// Whether the files of different days lie in different folders.
    pub(crate) fn has_a_folder_per_day(&self) -> bool {
        [Conversion::Year, Conversion::Month, Conversion::Day]
            .iter()
            .all(|&wanted| self.pieces.contains(&Piece::Value(wanted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(format: &str) -> String {
        let flowtype = FlowType { id: 2, class: "all", name: "inweb", flowtype: "iw" };
        let hour = HourText::new(1_234_501_200_000);
        let facts = Facts { flowtype, sensor_id: 7, sensor: "S7", hour: &hour };
        let mut path = String::new();
        PathFormat::parse(format).unwrap().expand(&facts, &mut path);
        path
    }

    /// The table of semantics 2.1, and its example.
    #[test]
    fn every_conversion() {
        for (format, expected) in [
            ("%C/%x", "all/iw-S7_20090213.05"),
            ("%F/%x", "iw/iw-S7_20090213.05"),
            ("%H/%x", "05/iw-S7_20090213.05"),
            ("%N/%x", "S7/iw-S7_20090213.05"),
            ("%T/%x", "inweb/iw-S7_20090213.05"),
            ("%Y/%x", "2009/iw-S7_20090213.05"),
            ("%d/%x", "13/iw-S7_20090213.05"),
            ("%f/%x", "2/iw-S7_20090213.05"),
            ("%m/%x", "02/iw-S7_20090213.05"),
            ("%n/%x", "7/iw-S7_20090213.05"),
            ("%x", "iw-S7_20090213.05"),
            ("%%/%x", "%/iw-S7_20090213.05"),
            ("%%x/%x", "%x/iw-S7_20090213.05"),
            ("%Y-%m/%d-%N/%C/%T/%f.%n/%H/%F/%%/%x", "2009-02/13-S7/all/inweb/2.7/05/iw/%/iw-S7_20090213.05"),
        ] {
            assert_eq!(expand(format), expected, "{format}");
        }
    }

    #[test]
    fn folders_of_days() {
        let of_day = |format| PathFormat::parse(format).unwrap().has_a_folder_per_day();
        assert!(of_day("%T/%Y/%m/%d/%x") && of_day("%Y%m%d/%x"));
        assert!(!of_day("%x") && !of_day("%T/%x") && !of_day("%Y/%m/%x"));
    }
}
