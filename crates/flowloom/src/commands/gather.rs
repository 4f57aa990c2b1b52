//! Rows into one table of sums: every batch makes a table of its own on whatever thread reads it, and these are merged in the
//! order of the rows. What `top` and `conv` share.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use flow_frame::{Conversations, Groups, Scan};

use super::convert::{ConvertOptions, Rows};
use crate::error::{Error, Result};
use crate::output::{Format, Target};
use crate::pump::{Consumer, InputReport, Listener, Maker, pump};
use crate::source::InputSource;

/// Rows of a batch of the result.
pub(super) const RESULT_ROWS: usize = 8192;

/// A table of sums that can be made in parts.
pub(super) trait Table: Clone + Send + Sync + 'static {
    fn bind(&mut self, schema: &Schema) -> flow_frame::Result<()>;
    fn update(&mut self, batch: &RecordBatch) -> flow_frame::Result<()>;
    fn merge(&mut self, other: &Self) -> flow_frame::Result<()>;
    fn clear(&mut self);
    fn schema(&self) -> Option<SchemaRef>;
}

/// The kernels' own methods under the trait.
macro_rules! table {
    ($kernel:ty) => {
        impl Table for $kernel {
            fn bind(&mut self, schema: &Schema) -> flow_frame::Result<()> {
                self.bind(schema)
            }

            fn update(&mut self, batch: &RecordBatch) -> flow_frame::Result<()> {
                self.update(batch)
            }

            fn merge(&mut self, other: &Self) -> flow_frame::Result<()> {
                self.merge(other)
            }

            fn clear(&mut self) {
                self.clear();
            }

            fn schema(&self) -> Option<SchemaRef> {
                self.schema()
            }
        }
    };
}

table!(Groups);
table!(Conversations);

/// The table of all rows of all inputs, and what became of the inputs.
pub(super) fn gather<T: Table, I: InputSource + ?Sized>(
    inputs: &I,
    empty: T,
    scan: &Scan,
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<(T, Vec<InputReport>)> {
    let mut gather = Gather { total: empty.clone(), empty, spare: Arc::default() };
    let reports = pump(inputs, scan, options.open, listener, &mut gather)?;
    Ok((gather.total, reports))
}

struct Gather<T> {
    total: T,
    /// What a batch's table begins as.
    empty: T,
    /// Tables that are free again.
    spare: Arc<Mutex<Vec<T>>>,
}

impl<T: Table> Consumer for Gather<T> {
    type Made = T;

    fn maker(&self) -> Maker<T> {
        let (empty, spare) = (self.empty.clone(), Arc::clone(&self.spare));
        Arc::new(move |batch| {
            let free = spare.lock().ok().and_then(|mut spare| spare.pop());
            let mut table = free.unwrap_or_else(|| empty.clone());
            table.update(&batch)?;
            Ok(table)
        })
    }

    fn open(&mut self, schema: &SchemaRef) -> Result<()> {
        Ok(self.total.bind(schema)?)
    }

    fn take(&mut self, mut made: T) -> Result<ControlFlow<()>> {
        self.total.merge(&made)?;
        made.clear();
        if let Ok(mut spare) = self.spare.lock() {
            spare.push(made);
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Where the result goes.
pub(super) fn result(target: Target, paths: &[PathBuf], options: &ConvertOptions) -> Result<Rows> {
    if options.exit.format == Format::Silk {
        return Err(Error::usage("sums are no flows, and a SiLK file holds flows: choose another format"));
    }
    let names = paths.iter().map(|input| input.to_string_lossy().into_owned()).collect();
    Ok(Rows::new(target.refusing(paths)?, options.exit.clone(), names))
}

/// Writes the result. Without a readable input there is none.
pub(super) fn write<T: Table>(
    mut rows: Rows,
    table: &T,
    batches: impl Iterator<Item = flow_frame::Result<RecordBatch>>,
) -> Result<()> {
    if let Some(schema) = table.schema() {
        rows.open(&schema)?;
        for batch in batches {
            rows.batch(batch?)?;
        }
    }
    rows.finish()
}
