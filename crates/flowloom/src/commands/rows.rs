//! `head` and `tail`: the first or last rows.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::convert::{ConvertOptions, Rows};
use crate::error::Result;
use crate::output::Target;
use crate::pump::{Consumer, InputReport, Listener, Maker, as_it_is};
use crate::source::InputSource;

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The first of all inputs together.
    Head,
    /// The last of all inputs together; these are held in memory.
    Tail,
}

/// Writes the first or last `count` rows of all inputs together, as [`convert`](super::convert::convert) writes all.
///
/// # Errors
/// As [`convert`](super::convert::convert).
pub fn rows<I: InputSource + ?Sized>(
    inputs: &I,
    end: End,
    count: u64,
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<Vec<InputReport>> {
    let target = Target::open(options.output.as_deref(), false, &inputs.paths())?;
    rows_into(target, inputs, end, count, options, listener)
}

/// [`rows`] into a target that is open already.
pub(crate) fn rows_into<I: InputSource + ?Sized>(
    target: Target,
    inputs: &I,
    end: End,
    count: u64,
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<Vec<InputReport>> {
    let paths = inputs.paths();
    let target = target.refusing(&paths)?;
    let names = paths.iter().map(|input| input.to_string_lossy().into_owned()).collect();
    let rows = Rows::new(target, options.exit.clone(), names);
    match end {
        End::Head => {
            let mut head = Head { rows, left: count };
            let reports = options.pump(inputs, listener, &mut head)?;
            head.rows.finish()?;
            Ok(reports)
        }
        End::Tail => {
            let mut tail = Tail { rows, count, held: VecDeque::new(), held_rows: 0 };
            let reports = options.pump(inputs, listener, &mut tail)?;
            tail.finish()?;
            Ok(reports)
        }
    }
}

struct Head {
    rows: Rows,
    left: u64,
}

impl Consumer for Head {
    type Made = RecordBatch;

    fn maker(&self) -> Maker<RecordBatch> {
        as_it_is()
    }

    fn open(&mut self, schema: &SchemaRef) -> Result<()> {
        self.rows.open(schema)
    }

    fn take(&mut self, batch: RecordBatch) -> Result<ControlFlow<()>> {
        let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(batch.num_rows());
        self.rows.batch(batch.slice(0, len))?;
        self.left -= len as u64;
        Ok(if self.left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

struct Tail {
    rows: Rows,
    count: u64,
    held: VecDeque<RecordBatch>,
    held_rows: u64,
}

impl Tail {
    fn finish(mut self) -> Result<()> {
        let mut surplus = usize::try_from(self.held_rows.saturating_sub(self.count)).unwrap_or(usize::MAX);
        for batch in self.held {
            let skip = surplus.min(batch.num_rows());
            surplus -= skip;
            self.rows.batch(batch.slice(skip, batch.num_rows() - skip))?;
        }
        self.rows.finish()
    }
}

impl Consumer for Tail {
    type Made = RecordBatch;

    fn maker(&self) -> Maker<RecordBatch> {
        as_it_is()
    }

    fn open(&mut self, schema: &SchemaRef) -> Result<()> {
        self.rows.open(schema)
    }

    fn take(&mut self, batch: RecordBatch) -> Result<ControlFlow<()>> {
        self.held_rows += batch.num_rows() as u64;
        self.held.push_back(batch);
        while let Some(first) = self.held.front()
            && self.held_rows - first.num_rows() as u64 >= self.count
        {
            self.held_rows -= first.num_rows() as u64;
            self.held.pop_front();
        }
        Ok(ControlFlow::Continue(()))
    }
}
