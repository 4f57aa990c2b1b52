//! The Arrow IPC file format, uncompressed.

use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, Schema, SchemaRef};

use super::target::Existing;
use super::text_columns::TextColumns;
use super::{Exit, ExitOptions, Shaped, Target};
use crate::error::Result;

pub(super) struct Arrow {
    writer: FileWriter<Target>,
    columns: TextColumns,
    /// The file whose rows come first.
    old: Option<Existing>,
}

impl Arrow {
    pub(super) fn new(
        target: Target,
        schema: &SchemaRef,
        options: &ExitOptions,
        old: Option<Existing>,
    ) -> Result<Self> {
        let columns = TextColumns::new(schema, options.addresses);
        let writer = FileWriter::try_new(target, columns.schema())?;
        let mut arrow = Self { writer, columns, old: None };
        if let Some(old) = old {
            arrow.carry_over(&old)?;
            arrow.old = Some(old);
        }
        Ok(arrow)
    }

    fn carry_over(&mut self, old: &Existing) -> Result<()> {
        let refuse = |e: ArrowError| old.refuse(format!("it is not a readable Arrow file: {e}"));
        let reader = FileReader::try_new(&old.file, None).map_err(refuse)?;
        same_columns(&reader.schema(), self.columns.schema()).map_err(|reason| old.refuse(reason))?;
        for batch in reader {
            self.writer.write(&batch.map_err(refuse)?)?;
        }
        Ok(())
    }
}

/// How the writer's message begins when a batch has another dictionary than those before.
const REPLACED: &str = "Dictionary replacement detected";

impl Exit for Arrow {
    fn write(&mut self, rows: Shaped) -> Result<()> {
        let batch = rows.batch()?;
        self.writer.write(&batch).map_err(|e| match (&self.old, &e) {
            // The writer has no variant for it.
            (Some(old), ArrowError::InvalidArgumentError(text)) if text.starts_with(REPLACED) => old.refuse(
                "its names of sensors, classes or types are those of another site, \
                 and an Arrow file has room for one list of names",
            ),
            _ => e.into(),
        })
    }

    fn finish(self: Box<Self>) -> Result<Target> {
        // Writes the footer too.
        Ok(self.writer.into_inner()?)
    }
}

/// Whether two schemas have the same columns: names, types, nulls. The metadata tells where rows came from and may
/// differ.
pub(super) fn same_columns(found: &Schema, wanted: &Schema) -> std::result::Result<(), String> {
    let same = |(a, b): (&arrow_schema::FieldRef, &arrow_schema::FieldRef)| {
        a.name() == b.name() && a.data_type() == b.data_type() && a.is_nullable() == b.is_nullable()
    };
    if found.fields().len() == wanted.fields().len() && found.fields().iter().zip(wanted.fields()).all(same) {
        return Ok(());
    }
    let shown = |schema: &Schema| {
        let columns: Vec<String> =
            schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
        columns.join(", ")
    };
    Err(format!("it has the columns {}; the rows to append {}", shown(found), shown(wanted)))
}
