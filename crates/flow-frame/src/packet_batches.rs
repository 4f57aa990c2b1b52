//! Pieces of captures → batches of packets: which rows, which columns, and the accounts of both.

use arrow_schema::SchemaRef;
use pcap_headers::{Column, Dissector, PacketRow, Piece};

use crate::accounts::{Accounts, BytesOf};
use crate::batches::Rows;
use crate::error::Result;
use crate::input::SourceFacts;
use crate::packet_builder::{PacketBatchBuilder, PacketBuf};
use crate::predicate::{ColumnSlice, Evaluator};
use crate::scan::Scan;
use crate::schema::{FORMAT_KEY, SOURCE_KEY, Table};
use crate::tshark_csv::PacketRows;

/// Packets that are dissected before their columns are read: their rows stay in the second-level cache.
const CHUNK: usize = 256;

/// Makes a batch of the packets of each piece.
#[derive(Clone)]
pub(crate) struct PacketBatches {
    builder: PacketBatchBuilder,
    schema: SchemaRef,
    dissector: Dissector,
    filter: Option<Filter>,
    accounts: Accounts,
    /// The packets at hand, and the `frame_protocols` of each if those are wanted.
    rows: Vec<PacketRow>,
    protocols: Vec<Option<String>>,
}

/// Decides on rows by the columns that a predicate tests.
#[derive(Clone)]
struct Filter {
    evaluator: Evaluator,
    columns: Vec<(Column, PacketBuf)>,
}

impl PacketBatches {
    pub(crate) fn new(facts: &SourceFacts, scan: &Scan) -> Result<Self> {
        let columns = scan.columns_of(Table::Packets)?;
        let schema = columns.schema_with(&[(SOURCE_KEY, &facts.name), (FORMAT_KEY, &facts.format())]);
        let builder = PacketBatchBuilder::new(&columns)?.with_schema(SchemaRef::clone(&schema));
        let filter = scan.compiled(Table::Packets)?.map(|predicate| {
            let buf = |column: &Column| {
                let kind = Table::Packets.column(column.name()).map(|known| known.kind)?;
                Some((*column, PacketBuf::new(kind, CHUNK)))
            };
            let columns = predicate.packet_columns().iter().filter_map(buf).collect();
            Filter { evaluator: predicate.evaluator(), columns }
        });
        let tested = filter.iter().flat_map(|filter| filter.columns.iter().map(|(column, _)| *column));
        Ok(Self {
            dissector: Dissector::new(builder.columns().chain(tested)),
            builder,
            schema,
            filter,
            accounts: Accounts::new(BytesOf::Traffic),
            rows: vec![PacketRow::default(); CHUNK],
            protocols: Vec::new(),
        })
    }

    pub(crate) fn no_accounts(&self) -> Accounts {
        Accounts::new(self.accounts.bytes)
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn piece(&mut self, piece: &Piece<'static>, bytes: &[u8]) -> Result<()> {
        let mut packets = piece.packets_of(bytes);
        self.reserve(piece.len());
        loop {
            self.protocols.clear();
            let mut count = 0;
            // The rows come first: where they are full no packet is taken.
            for (row, timed) in self.rows.iter_mut().zip(&mut packets) {
                self.dissector.read(&timed, row);
                if let Some(protocols) = self.dissector.protocols() {
                    self.protocols.push(Some(protocols.to_owned()));
                }
                count += 1;
            }
            if count == 0 {
                return Ok(());
            }
            self.chunk(count)?;
        }
    }

    /// Takes packets that are rows already.
    pub(crate) fn rows(&mut self, packets: &PacketRows) -> Result<()> {
        let mut protocols = packets.protocols.iter();
        self.reserve(packets.rows.len());
        for chunk in packets.rows.chunks(CHUNK) {
            self.rows.iter_mut().zip(chunk).for_each(|(row, packet)| *row = *packet);
            self.protocols.clear();
            self.protocols.extend(protocols.by_ref().take(chunk.len()).cloned());
            self.chunk(chunk.len())?;
        }
        Ok(())
    }

    /// Room for the packets of a piece, which may be few: slow sources give them as they arrive. A filter may leave few of
    /// many, so with one the room grows as they pass.
    fn reserve(&mut self, packets: usize) {
        self.builder.reserve(if self.filter.is_none() { packets } else { packets.min(CHUNK) });
    }

    /// Takes those of the first rows that pass the filter.
    fn chunk(&mut self, count: usize) -> Result<()> {
        let rows = self.rows.get_mut(..count).unwrap_or_default();
        let (wire, captured) = bytes_of(rows);
        self.accounts.read.add_packets(rows.len(), wire, captured);
        let passed = match &mut self.filter {
            None => rows.len(),
            Some(filter) => filter.pass(rows, &mut self.protocols)?,
        };
        let rows = rows.get(..passed).unwrap_or_default();
        let (wire, captured) = if passed == count { (wire, captured) } else { bytes_of(rows) };
        self.accounts.delivered.add_packets(passed, wire, captured);
        self.accounts.settle_filtered();
        self.builder.extend(rows, self.protocols.iter().map(Option::as_deref));
        Ok(())
    }

    pub(crate) fn finish(&mut self) -> Result<Rows> {
        let batch = if self.builder.is_empty() { None } else { Some(self.builder.finish()?) };
        let none = self.no_accounts();
        Ok(Rows { batch, accounts: std::mem::replace(&mut self.accounts, none) })
    }
}

impl Filter {
    /// Moves the rows that pass to the front, in their order, and tells how many they are.
    fn pass(&mut self, rows: &mut [PacketRow], protocols: &mut [Option<String>]) -> Result<usize> {
        for (column, buf) in &mut self.columns {
            buf.clear();
            buf.read(*column, rows);
            if *column == Column::FrameProtocols {
                buf.extend_texts(protocols.iter().map(Option::as_deref));
            }
        }
        let slices: Vec<ColumnSlice<'_>> = self.columns.iter().map(|(_, buf)| buf.slice()).collect();
        let mask = self.evaluator.evaluate(slices.as_slice(), rows.len())?;
        let mut passed = 0;
        for row in (0..rows.len()).filter(|row| mask.get(*row)) {
            if passed < row {
                rows.swap(passed, row);
                if row < protocols.len() {
                    protocols.swap(passed, row);
                }
            }
            passed += 1;
        }
        Ok(passed)
    }
}

/// Bytes on the wire and captured bytes.
fn bytes_of(rows: &[PacketRow]) -> (u64, u64) {
    rows.iter().fold((0, 0), |(wire, captured), row| {
        // As the column `bytes`: what a source does not say is taken from the IP header.
        let on_wire = row.frame_len.or(row.ip_len);
        let [on_wire, in_file] = [on_wire, row.frame_cap_len].map(|len| u64::from(len.unwrap_or(0)));
        (wire + on_wire, captured + in_file)
    })
}
