//! Which columns a reader delivers, in which order and under which names. Public: [`Projection`].

use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};

use crate::error::{Error, ErrorKind, Result};
use crate::packet_columns;
use crate::schema::{
    ALIASES, ARTICLE, FlowColumn, PRODUCER_KEY, SCHEMA_VERSION, Table, VERSION_KEY, unknown_column,
};

/// The columns that a reader delivers, in order, and what each is called there.
///
/// The default is every stored column of flows; of packets a choice ([`Self::in_table`]). Named projections: `all` (of
/// flows the stored ones; of packets all but `frame_protocols` and those that flows have too), `article` (the 18 fields
/// of the articles, with `timestamp` = `stime`; of packets the nine, with `frame_time` = `frame_time_epoch`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    columns: Vec<(&'static str, &'static FlowColumn)>,
    table: Table,
    choice: Choice,
    /// What packets have where flows have these columns, if that is another choice of names.
    of_packets: Option<Vec<&'static str>>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Default,
    All,
    Article,
    Span,
    Kept,
    Names,
}

impl Default for Projection {
    fn default() -> Self {
        Self::of(Table::Flows, Choice::Default)
    }
}

impl Projection {
    /// A named choice of columns.
    fn of(table: Table, choice: Choice) -> Self {
        let named = |names: &[&'static str]| {
            names.iter().filter_map(|name| table.column(name).map(|column| (*name, column))).collect()
        };
        let columns = match (table, choice) {
            (Table::Flows, Choice::Article) => named(&ARTICLE),
            (Table::Packets, Choice::Article) => named(&packet_columns::ARTICLE),
            (Table::Flows, Choice::Span) => named(&["stime", "etime"]),
            (Table::Packets, Choice::Span) => named(&["stime"]),
            (Table::Packets, Choice::Default) => named(&packet_columns::DEFAULT),
            (Table::Packets, Choice::Kept) => {
                let mut columns = Self::of(table, Choice::Default).columns;
                let shared =
                    table.columns().iter().filter(|column| Table::Flows.column(column.name).is_some());
                let missing: Vec<_> = shared
                    .map(|column| (column.name, column))
                    .filter(|(name, _)| !columns.iter().any(|(known, _)| known == name))
                    .collect();
                columns.extend(missing);
                columns
            }
            (table, _) => {
                let columns = table.columns().iter().filter(|column| column.is_in_all());
                columns.map(|column| (column.name, column)).collect()
            }
        };
        Self { columns, table, choice, of_packets: None }
    }

    /// These columns of flows, and those of packets: one question for which the tables have different columns.
    ///
    /// # Errors
    /// `Usage` as [`Self::in_table`], there.
    pub(crate) fn by_table(of_flows: Vec<&'static str>, of_packets: Vec<&'static str>) -> Result<Self> {
        let all_of = |table: Table, names: &[&str]| names.iter().all(|name| table.column(name).is_some());
        let table = if all_of(Table::Flows, &of_flows) { Table::Flows } else { Table::Packets };
        let mut made = match table {
            Table::Flows => Self::named_in(table, &of_flows)?,
            Table::Packets => Self::named_in(table, &of_packets)?,
        };
        made.of_packets = Some(of_packets);
        Ok(made)
    }

    /// The columns with these names, in this order. None is a projection too: batches then only count rows.
    ///
    /// # Errors
    /// `Usage` for a name that no column has (the message lists names like it), that comes twice, or if no table has
    /// columns of all these names.
    pub fn names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self> {
        let names: Vec<S> = names.into_iter().collect();
        for name in &names {
            if FlowColumn::by_name(name.as_ref()).is_none() {
                return Err(unknown_column(name.as_ref()));
            }
        }
        let has_all = |table: Table| names.iter().all(|name| table.column(name.as_ref()).is_some());
        let table = if has_all(Table::Flows) { Table::Flows } else { Table::Packets };
        Self::named_in(table, &names)
    }

    fn named_in<S: AsRef<str>>(table: Table, names: &[S]) -> Result<Self> {
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let name = name.as_ref();
            let column = table.column(name).ok_or_else(|| {
                Error::new(ErrorKind::OtherTable { name: name.to_owned(), rows: table.rows() })
            })?;
            let shown = known_name(name, column);
            if columns.iter().any(|(other, _)| *other == shown) {
                return Err(ErrorKind::RepeatedColumn { name: name.to_owned() }.into());
            }
            columns.push((shown, column));
        }
        Ok(Self { columns, table, choice: Choice::Names, of_packets: None })
    }

    /// What `--fields` says: names separated by commas, or the name of a projection.
    ///
    /// # Errors
    /// As [`Self::names`].
    pub fn parse(text: &str) -> Result<Self> {
        match text.trim() {
            "all" => Ok(Self::of(Table::Flows, Choice::All)),
            "article" => Ok(Self::article()),
            names => Self::names(names.split(',').map(str::trim)),
        }
    }

    /// The 18 fields of the articles' JSON lines in their order.
    #[must_use]
    pub fn article() -> Self {
        Self::of(Table::Flows, Choice::Article)
    }

    /// The times between which a row lies: of flows `stime` and `etime`, of packets `stime` alone.
    #[must_use]
    pub fn span() -> Self {
        Self::of(Table::Flows, Choice::Span)
    }

    /// The default, and all that flows and packets have in common.
    #[must_use]
    pub fn kept() -> Self {
        Self::of(Table::Flows, Choice::Kept)
    }

    /// The default of packets: the nine fields of the articles, lengths, IPv6 addresses and ports.
    #[must_use]
    pub fn packets() -> Self {
        Self::of(Table::Packets, Choice::Default)
    }

    /// The same wish for a table: the columns of these names there, or what it calls so.
    ///
    /// # Errors
    /// `Usage` for a name that the table does not have.
    pub fn in_table(&self, table: Table) -> Result<Self> {
        match (self.choice, &self.of_packets) {
            (Choice::Names, Some(names)) if table == Table::Packets => Self::named_in(table, names),
            (Choice::Names, _) => {
                let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
                Self::named_in(table, &names)
            }
            (choice, _) => Ok(Self::of(table, choice)),
        }
    }

    /// The table that the columns are of. What both have is of flows until [`Self::in_table`] says otherwise.
    #[must_use]
    pub fn table(&self) -> Table {
        self.table
    }

    /// Each column under the name that it has in the batches.
    #[must_use]
    pub fn columns(&self) -> &[(&'static str, &'static FlowColumn)] {
        &self.columns
    }

    /// The Arrow schema: fields in order, and the schema version and producer as metadata.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema_with(&[])
    }

    /// [`Self::schema`] with more metadata.
    #[must_use]
    pub fn schema_with(&self, metadata: &[(&str, &str)]) -> SchemaRef {
        let fields: Vec<Field> = self.columns.iter().map(|(name, column)| column.field(name)).collect();
        let producer = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        let metadata = [(VERSION_KEY, SCHEMA_VERSION), (PRODUCER_KEY, producer)]
            .iter()
            .chain(metadata)
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        Arc::new(Schema::new_with_metadata(fields, metadata))
    }
}

/// `name` with the life of the table: the column's own name or one of its aliases.
fn known_name(name: &str, column: &FlowColumn) -> &'static str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(column.name, |(alias, _)| alias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{ColumnType, PACKET_COLUMNS};

    #[test]
    fn projections_by_name() {
        let two = Projection::parse("dip, stime").unwrap();
        assert_eq!(two.columns().iter().map(|c| c.0).collect::<Vec<_>>(), ["dip", "stime"]);
        let article = Projection::parse("article").unwrap();
        assert_eq!(article.columns().len(), 18);
        assert_eq!(article.columns()[0].0, "timestamp");
        assert_eq!(article.columns()[0].1.name, "stime");
        assert!(Projection::names::<&str>([]).unwrap().columns().is_empty());
    }

    #[test]
    fn a_wrong_name_is_refused_with_names_like_it() {
        let error = Projection::parse("sip,protocl").unwrap_err();
        assert_eq!(error.class(), crate::Class::Usage);
        assert_eq!(error.to_string(), "no column is named \"protocl\": did you mean protocol?");
        let error = Projection::parse("dip,dip").unwrap_err();
        assert_eq!(error.to_string(), "column \"dip\" is asked for twice");
        assert_eq!(
            Projection::parse("zzzzzzzzzzzz").unwrap_err().to_string(),
            "no column is named \"zzzzzzzzzzzz\""
        );
    }

    #[test]
    fn a_wish_is_one_for_either_table() {
        let names = |projection: &Projection| {
            projection.columns().iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",")
        };
        let both = Projection::parse("sip,bytes,stime").unwrap();
        assert_eq!(both.table(), Table::Flows);
        let packets = both.in_table(Table::Packets).unwrap();
        assert_eq!((packets.table(), names(&packets).as_str()), (Table::Packets, "sip,bytes,stime"));
        assert_eq!(packets.columns()[2].1.kind, ColumnType::TimestampNs);
        let nine = Projection::article().in_table(Table::Packets).unwrap();
        assert_eq!(
            names(&nine),
            "frame_number,frame_time,frame_time_epoch,ip_len,eth_src,eth_dst,ip_src,ip_dst,ip_proto"
        );
        assert_eq!(Projection::default().in_table(Table::Packets).unwrap(), Projection::packets());
        let all = Projection::parse("all").unwrap();
        assert_eq!(all.columns(), Projection::default().columns());
        assert_eq!(all.in_table(Table::Packets).unwrap().columns().len(), PACKET_COLUMNS.len() - 9);
        assert_eq!(Projection::parse("ip_len,sip").unwrap().table(), Table::Packets);
        let error = Projection::parse("ip_len,nhip").unwrap_err();
        assert_eq!(error.to_string(), "no column of packets is named \"nhip\"");
        let error = Projection::parse("ip_len").unwrap().in_table(Table::Flows).unwrap_err();
        assert_eq!(
            (error.class(), error.to_string().as_str()),
            (crate::Class::Usage, "no column of flows is named \"ip_len\"")
        );
    }
}
