//! SiLK flow files.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use flow_frame::silk_rows;
use silk_format::{Entry, FlowFormat, FlowRecord, Refusal, Writer, WriterOptions};

use super::{Exit, ExitOptions, Shaped, Target};
use crate::error::{Error, ErrorKind, Result, from_silk_writer};

const HOUR_MS: i64 = 3_600_000;

pub(super) struct Silk {
    options: WriterOptions,
    layout: FlowFormat,
    rows: u64,
    /// Until the first row: some headers hold what the rows have in common.
    target: Option<Target>,
    file: Option<(Writer<Target>, Common)>,
}

impl Silk {
    pub(super) fn new(target: Target, schema: &SchemaRef, options: &ExitOptions) -> Result<Self> {
        // The columns are looked at before anything is written.
        silk_rows(&RecordBatch::new_empty(schema.clone()))?;
        let options = options.silk.clone();
        let (format, version) = (options.format, options.version);
        let layout = FlowFormat::find(format, version)
            .ok_or_else(|| silk_format::Error::from(silk_format::ErrorKind::NoLayout { format, version }))?;
        Ok(Self { options, layout, rows: 0, target: Some(target), file: None })
    }

    /// Begins the file; `first` are its first rows.
    fn begin(&mut self, first: &RecordBatch) -> Result<(Writer<Target>, Common)> {
        let (options, common) = Common::of(self.options.clone(), self.layout, first)?;
        let target = self.target.take().ok_or_else(not_begun)?;
        Ok((Writer::new(target, &options).map_err(from_silk_writer)?, common))
    }
}

fn not_begun() -> Error {
    Error::usage("a file that could not be begun takes no rows")
}

impl Exit for Silk {
    fn write(&mut self, rows: Shaped) -> Result<()> {
        let batch = &rows.batch()?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(self.begin(batch)?);
        }
        let Some((writer, common)) = &mut self.file else { return Err(not_begun()) };
        for record in silk_rows(batch)? {
            self.rows += 1;
            let record = record.map_err(|error| {
                let named = match error.kind() {
                    flow_frame::ErrorKind::Silk(silk) => common.named(self.rows, silk),
                    _ => None,
                };
                named.unwrap_or_else(|| error.into())
            })?;
            common.check(self.rows, &record)?;
            writer.write(&record).map_err(|error| {
                common.named(self.rows, &error).unwrap_or_else(|| from_silk_writer(error))
            })?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Target> {
        let writer = match (self.file, self.target) {
            (Some((writer, _)), _) => writer,
            (None, Some(target)) => Writer::new(target, &self.options).map_err(from_silk_writer)?,
            (None, None) => return Err(not_begun()),
        };
        writer.finish().map_err(from_silk_writer)
    }
}

/// What the header of a file says of all its rows.
#[derive(Debug, Clone, Copy)]
struct Common {
    layout: FlowFormat,
    sensor: u16,
    flowtype: u8,
}

impl Common {
    /// Layouts that count starts from the header get the hour of the earliest of the first rows; those that keep sensor
    /// or type there, the ones of the first row. Options that have such an entry already stay as they are.
    fn of(options: WriterOptions, layout: FlowFormat, first: &RecordBatch) -> Result<(WriterOptions, Self)> {
        let said = options.entries.iter().find_map(|entry| match *entry {
            Entry::PackedFile { flowtype, sensor, .. } => Some((flowtype, sensor)),
            _ => None,
        });
        if let Some((flowtype, sensor)) = said {
            return Ok((options, Self { layout, sensor, flowtype }));
        }
        let none = FlowRecord::default();
        // A row that is no record is told when it is its turn.
        let row = silk_rows(first)?.flatten().next().unwrap_or_default();
        let earliest = silk_rows(first)?.flatten().map(|row| row.stime_ms).min().unwrap_or(0);
        let common = Self {
            layout,
            sensor: if layout.sensor_in_header { row.sensor_id } else { none.sensor_id },
            flowtype: if layout.flowtype_in_header { row.classtype_id } else { none.classtype_id },
        };
        if !layout.is_hourly && common.sensor == none.sensor_id {
            return Ok((options, common));
        }
        let base = earliest.div_euclid(HOUR_MS).saturating_mul(HOUR_MS);
        Ok((options.with_packed_file(base, common.flowtype, common.sensor), common))
    }

    /// A header that says another sensor or type than the row would make the row a lie.
    fn check(self, row: u64, record: &FlowRecord) -> Result<()> {
        let layout = self.layout;
        let ids = [
            ("sensor_id", layout.sensor_in_header, record.sensor_id, self.sensor),
            ("classtype_id", layout.flowtype_in_header, record.classtype_id.into(), self.flowtype.into()),
        ];
        for (field, in_header, found, said) in ids {
            if in_header && found != said {
                let said = i128::from(said);
                return Err(self.refused(Refusal::new(row, field, found.into(), said..=said)));
            }
        }
        Ok(())
    }

    /// A refusal with the row's number in the file, and the layout.
    fn named(self, row: u64, error: &silk_format::Error) -> Option<Error> {
        let silk_format::ErrorKind::Refused(refusal) = error.kind() else { return None };
        let mut refusal = *refusal;
        refusal.record = row;
        Some(self.refused(refusal))
    }

    fn refused(self, refusal: Refusal) -> Error {
        let (format, version) = (self.layout.id, self.layout.version);
        ErrorKind::Refused { format, version, refusal }.into()
    }
}
