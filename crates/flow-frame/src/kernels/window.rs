//! The rows of a batch that belong to a window. Memory: one bit per row of the batch, and the batch that is made.

use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::columns::{Times, times};
use crate::error::{Error, Result};
use crate::time::{Bounds, Window, WindowMode};

/// Keeps the rows whose time belongs to a [`Window`]; a row without a time does not.
#[derive(Debug, Clone)]
pub struct WindowFilter {
    window: Window,
    start: String,
    end: String,
}

impl WindowFilter {
    /// A filter on the flow columns `stime` (and `etime`, if the mode is overlap).
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self { window, start: "stime".to_owned(), end: "etime".to_owned() }
    }

    /// Other names of the timestamp columns; any unit will do.
    #[must_use]
    pub fn with_columns(mut self, start: impl Into<String>, end: impl Into<String>) -> Self {
        self.start = start.into();
        self.end = end.into();
        self
    }

    /// One bit per row of the batch: the row belongs to the window.
    ///
    /// # Errors
    /// `Usage` if a needed column is missing or no timestamp.
    pub fn mask(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let start = times(batch, &self.start)?;
        let bounds = self.window.bounds(start.tick_ns);
        let mask = match self.window.mode {
            WindowMode::Start => within(&start, bounds),
            WindowMode::Overlap => {
                let end = times(batch, &self.end)?;
                let first = self.window.bounds(end.tick_ns).first;
                let begins = within(&start, Bounds { first: i64::MIN, last: bounds.last });
                &begins & &within(&end, Bounds { first, last: i64::MAX })
            }
        };
        Ok(BooleanArray::new(mask, None))
    }

    /// The rows that belong to the window, in their order. A batch that lies inside is handed back as it is.
    ///
    /// # Errors
    /// As [`Self::mask`].
    pub fn filter(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mask = self.mask(batch)?;
        match mask.true_count() {
            all if all == batch.num_rows() => Ok(batch.clone()),
            0 => Ok(batch.slice(0, 0)),
            _ => arrow_select::filter::filter_record_batch(batch, &mask).map_err(Error::from),
        }
    }
}

fn within(times: &Times<'_>, bounds: Bounds) -> BooleanBuffer {
    let inside = BooleanBuffer::collect_bool(times.ticks.len(), |row| bounds.holds(times.ticks[row]));
    match times.nulls.map(NullBuffer::inner) {
        Some(present) => &inside & present,
        None => inside,
    }
}
