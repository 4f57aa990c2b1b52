//! The fields of `rwcut` as one table (semantics 4.1), and the text that chooses them.

use silk_format::Column;

/// What a column of the output shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sip,
    Dip,
    Sport,
    Dport,
    Protocol,
    Packets,
    Bytes,
    Flags,
    Stime,
    Duration,
    Etime,
    Sensor,
    In,
    Out,
    Nhip,
    Stype,
    Dtype,
    Scc,
    Dcc,
    Class,
    Type,
    StimeMsec,
    EtimeMsec,
    DurMsec,
    /// Stands for the columns `Itype` and `Icode`.
    IcmpTypeCode,
    InitialFlags,
    SessionFlags,
    Attributes,
    Application,
    Itype,
    Icode,
    /// The label of the source, or of the destination, in one of the maps given.
    MapSource(usize),
    MapDestination(usize),
}

/// A field: id, name, alias, what it shows.
struct Field(u8, &'static str, Option<&'static str>, Kind);

/// Fields without an id.
const NO_ID: u8 = 0;

const FIELDS: [Field; 31] = [
    Field(1, "sIP", None, Kind::Sip),
    Field(2, "dIP", None, Kind::Dip),
    Field(3, "sPort", None, Kind::Sport),
    Field(4, "dPort", None, Kind::Dport),
    Field(5, "protocol", None, Kind::Protocol),
    Field(6, "packets", Some("pkts"), Kind::Packets),
    Field(7, "bytes", None, Kind::Bytes),
    Field(8, "flags", None, Kind::Flags),
    Field(9, "sTime", None, Kind::Stime),
    Field(10, "duration", Some("dur"), Kind::Duration),
    Field(11, "eTime", None, Kind::Etime),
    Field(12, "sensor", None, Kind::Sensor),
    Field(13, "in", None, Kind::In),
    Field(14, "out", None, Kind::Out),
    Field(15, "nhIP", None, Kind::Nhip),
    Field(16, "sType", None, Kind::Stype),
    Field(17, "dType", None, Kind::Dtype),
    Field(18, "scc", None, Kind::Scc),
    Field(19, "dcc", None, Kind::Dcc),
    Field(20, "class", None, Kind::Class),
    Field(21, "type", None, Kind::Type),
    Field(22, "sTime+msec", None, Kind::StimeMsec),
    Field(23, "eTime+msec", None, Kind::EtimeMsec),
    Field(24, "dur+msec", None, Kind::DurMsec),
    Field(25, "icmpTypeCode", None, Kind::IcmpTypeCode),
    Field(26, "initialFlags", None, Kind::InitialFlags),
    Field(27, "sessionFlags", None, Kind::SessionFlags),
    Field(28, "attributes", None, Kind::Attributes),
    Field(29, "application", None, Kind::Application),
    Field(NO_ID, "iType", None, Kind::Itype),
    Field(NO_ID, "iCode", None, Kind::Icode),
];

/// `--all-fields`, before what maps add.
const ALL: [Kind; 26] = [
    Kind::Sip,
    Kind::Dip,
    Kind::Sport,
    Kind::Dport,
    Kind::Protocol,
    Kind::Packets,
    Kind::Bytes,
    Kind::Flags,
    Kind::Stime,
    Kind::Duration,
    Kind::Etime,
    Kind::Sensor,
    Kind::In,
    Kind::Out,
    Kind::Nhip,
    Kind::InitialFlags,
    Kind::SessionFlags,
    Kind::Attributes,
    Kind::Application,
    Kind::Class,
    Kind::Type,
    Kind::StimeMsec,
    Kind::EtimeMsec,
    Kind::DurMsec,
    Kind::Itype,
    Kind::Icode,
];

/// Fields 1–12.
const DEFAULT: std::ops::RangeInclusive<u8> = 1..=12;

impl Kind {
    /// The stored columns that a field is made of.
    pub(crate) fn columns(self) -> &'static [Column] {
        match self {
            Self::Sip => &[Column::Sip, Column::IsIpv6],
            Self::Dip => &[Column::Dip, Column::IsIpv6],
            Self::Nhip => &[Column::Nhip, Column::IsIpv6],
            Self::Sport => &[Column::Sport],
            Self::Dport => &[Column::Dport],
            Self::Protocol => &[Column::Protocol],
            Self::Packets => &[Column::Packets],
            Self::Bytes => &[Column::Bytes],
            Self::Flags => &[Column::Tcpflags],
            Self::Stime | Self::StimeMsec => &[Column::Stime],
            Self::Etime | Self::EtimeMsec => &[Column::Etime],
            Self::Duration | Self::DurMsec => &[Column::Duration],
            Self::Sensor => &[Column::SensorId],
            Self::In => &[Column::Input],
            Self::Out => &[Column::Output],
            Self::Stype | Self::Scc => &[Column::Sip, Column::IsIpv6],
            Self::Dtype | Self::Dcc => &[Column::Dip, Column::IsIpv6],
            Self::Class | Self::Type => &[Column::ClasstypeId],
            Self::InitialFlags => &[Column::InitialTcpflags],
            Self::SessionFlags => &[Column::SessionTcpflags],
            Self::Attributes => &[Column::Attributes],
            Self::Application => &[Column::Application],
            Self::IcmpTypeCode | Self::Itype | Self::Icode => {
                &[Column::Protocol, Column::IsIpv6, Column::Dport]
            }
            Self::MapSource(_) => &[Column::Sip, Column::IsIpv6, Column::Protocol, Column::Sport],
            Self::MapDestination(_) => &[Column::Dip, Column::IsIpv6, Column::Protocol, Column::Dport],
        }
    }
}

/// The field names: those of the table, then `src-NAME` and `dst-NAME` of each map (`sval`, `dval` without a name).
#[derive(Debug)]
pub(crate) struct Names {
    names: Vec<(String, Kind)>,
}

impl Names {
    /// `maps` are the names of the maps given. Fails if two fields would have the same name.
    pub(crate) fn new(maps: &[Option<String>]) -> Result<Self, String> {
        let own = FIELDS
            .iter()
            .flat_map(|field| std::iter::once(field.1).chain(field.2).map(|name| (name.to_owned(), field.3)));
        let mut names: Vec<_> = own.collect();
        for (i, map) in maps.iter().enumerate() {
            let pair = match map {
                Some(name) => (format!("src-{name}"), format!("dst-{name}")),
                None => ("sval".to_owned(), "dval".to_owned()),
            };
            for (name, kind) in [(pair.0, Kind::MapSource(i)), (pair.1, Kind::MapDestination(i))] {
                if names.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                    return Err(format!("there are two fields called '{name}': name the map in --pmap-file"));
                }
                names.push((name, kind));
            }
        }
        Ok(Self { names })
    }

    /// The title of a column.
    pub(crate) fn title(&self, kind: Kind) -> &str {
        self.names.iter().find(|(_, known)| *known == kind).map_or("", |(name, _)| name)
    }

    /// Without `--fields`.
    pub(crate) fn default_list(&self) -> Vec<Kind> {
        DEFAULT.filter_map(by_id).collect()
    }

    /// `--all-fields`; `present` says which of the fields that need a map file have one.
    pub(crate) fn all(&self, present: impl Fn(Kind) -> bool) -> Vec<Kind> {
        let from_files = [Kind::Stype, Kind::Dtype, Kind::Scc, Kind::Dcc];
        let from_maps = self.names.iter().map(|&(_, kind)| kind);
        let from_maps = from_maps.filter(|kind| matches!(kind, Kind::MapSource(_) | Kind::MapDestination(_)));
        ALL.into_iter().chain(from_files.into_iter().filter(|&kind| present(kind))).chain(from_maps).collect()
    }

    /// `--fields=LIST`: names or unique prefixes of names, ids, ranges of ids.
    pub(crate) fn parse(&self, list: &str) -> Result<Vec<Kind>, String> {
        let mut kinds = Vec::new();
        for item in list.split(',').filter(|item| !item.is_empty()) {
            if item.starts_with(|c: char| c.is_ascii_digit()) {
                let (first, last) = item.split_once('-').unwrap_or((item, item));
                let (first, last) = (id(first, item)?, id(last, item)?);
                if first > last {
                    return Err(format!("Invalid range '{item}'"));
                }
                for number in first..=last {
                    kinds.push(by_id(number).ok_or_else(|| no_match(&number.to_string()))?);
                }
            } else {
                kinds.push(self.by_name(item)?);
            }
        }
        if kinds.is_empty() {
            return Err("the list of fields is empty".to_owned());
        }
        Ok(kinds)
    }

    fn by_name(&self, name: &str) -> Result<Kind, String> {
        if let Some((_, kind)) = self.names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Ok(*kind);
        }
        let begins =
            |known: &str| known.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let mut found: Vec<Kind> =
            self.names.iter().filter(|(known, _)| begins(known)).map(|&(_, kind)| kind).collect();
        found.dedup();
        match found.as_slice() {
            [] => Err(no_match(name)),
            [only] => Ok(*only),
            _ => Err(format!("The field '{name}' matches multiple keys")),
        }
    }
}

fn by_id(id: u8) -> Option<Kind> {
    FIELDS.iter().find(|field| field.0 == id && id != NO_ID).map(|field| field.3)
}

fn id(text: &str, item: &str) -> Result<u8, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(no_match(item));
    }
    // A number too large is no field either.
    text.parse().map_err(|_| no_match(item))
}

fn no_match(value: &str) -> String {
    format!("No match was found for the value '{value}'")
}

/// Replaces `icmpTypeCode` by its two columns.
pub(crate) fn expanded(kinds: Vec<Kind>) -> Vec<Kind> {
    kinds
        .into_iter()
        .flat_map(|kind| match kind {
            Kind::IcmpTypeCode => vec![Kind::Itype, Kind::Icode],
            other => vec![other],
        })
        .collect()
}

/// The table for `--help-fields`.
pub(crate) fn help() -> String {
    let line = |field: &Field| {
        let id = if field.0 == NO_ID { "-".to_owned() } else { field.0.to_string() };
        format!("{id:>3}  {}{}\n", field.1, field.2.map(|alias| format!(", {alias}")).unwrap_or_default())
    };
    FIELDS.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &str) -> Result<Vec<Kind>, String> {
        Names::new(&[Some("svc".into()), None]).unwrap().parse(list)
    }

    #[test]
    fn names_prefixes_ids_and_ranges() {
        assert_eq!(parse("sip,DIP,5"), Ok(vec![Kind::Sip, Kind::Dip, Kind::Protocol]));
        assert_eq!(parse("1-3,,1"), Ok(vec![Kind::Sip, Kind::Dip, Kind::Sport, Kind::Sip]));
        assert_eq!(parse("stime"), Ok(vec![Kind::Stime]));
        assert_eq!(parse("dur"), Ok(vec![Kind::Duration]));
        assert_eq!(parse("pk,pa,pr,ini,app"), parse("6,6,5,26,29"));
        assert_eq!(parse("stime+,in,icmp"), parse("22,13,25"));
        assert_eq!(parse("src-svc,dval"), Ok(vec![Kind::MapSource(0), Kind::MapDestination(1)]));
        assert_eq!(parse("dura"), Ok(vec![Kind::Duration]));
    }

    #[test]
    fn refused() {
        assert_eq!(parse("s").unwrap_err(), "The field 's' matches multiple keys");
        assert_eq!(parse("30").unwrap_err(), "No match was found for the value '30'");
        assert_eq!(parse("1-30").unwrap_err(), "No match was found for the value '30'");
        assert_eq!(parse("0").unwrap_err(), "No match was found for the value '0'");
        for bad in ["sip-dip", "3-1", "1-", "1a", "sip, dip", "", ",", "999999", "dst-sv c"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(Names::new(&[None, None]).is_err());
    }

    #[test]
    fn ids_are_those_of_the_table() {
        assert!((1..=29).all(|id| by_id(id).is_some()));
        assert_eq!(Names::new(&[]).unwrap().default_list().len(), 12);
        assert_eq!(expanded(vec![Kind::IcmpTypeCode]), [Kind::Itype, Kind::Icode]);
    }
}
