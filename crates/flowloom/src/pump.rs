//! The one loop of all jobs: inputs in their order, batch by batch, into a consumer.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use flow_frame::{Accounts, FlowReader, Scan, SourceFacts};

use crate::error::{Error, Result};
use crate::source::{OpenOptions, Source};

/// What takes the rows of a job.
pub trait Consumer {
    /// An input was opened; its first batch comes next.
    ///
    /// # Errors
    /// Any: it ends the job.
    fn open(&mut self, reader: &FlowReader) -> Result<()>;

    /// Takes a batch; `Break` if no more are wanted.
    ///
    /// # Errors
    /// Any: it ends the job.
    fn batch(&mut self, batch: &RecordBatch) -> Result<ControlFlow<()>>;
}

/// Who is told how a job goes. `()` is nobody.
pub trait Listener {
    /// An input of so many stored bytes was opened.
    fn opened(&mut self, _facts: &SourceFacts, _stored: Option<u64>) {}
    /// So far, so much of the input was read.
    fn advanced(&mut self, _accounts: &Accounts) {}
    /// The input came to its end, or an error ended it.
    fn closed(&mut self, _input: &InputReport) {}
}

impl Listener for () {}

/// What became of one input.
#[derive(Debug)]
#[non_exhaustive]
pub struct InputReport {
    /// The path as given.
    pub path: PathBuf,
    /// What it turned out to be; none if it could not be opened.
    pub facts: Option<SourceFacts>,
    /// Where its rows went.
    pub accounts: Option<Accounts>,
    /// The SHA-256 of its stored bytes, if it was asked for.
    pub sha256: Option<String>,
    /// Why reading ended early. The rows before have been delivered.
    pub failure: Option<Error>,
}

impl InputReport {
    /// Rows that the consumer got.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.accounts.map_or(0, |accounts| accounts.delivered.rows)
    }
}

/// Reads all inputs into the consumer. A damaged input ends early and the next one follows; the reports say so.
///
/// # Errors
/// Those of the consumer; those of inputs are in their reports.
pub fn pump<P: AsRef<Path>>(
    inputs: &[P],
    scan: &Scan,
    options: OpenOptions,
    listener: &mut dyn Listener,
    consumer: &mut dyn Consumer,
) -> Result<Vec<InputReport>> {
    let mut reports = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut report = InputReport {
            path: input.as_ref().to_owned(),
            facts: None,
            accounts: None,
            sha256: None,
            failure: None,
        };
        let flow = match Source::open(input.as_ref(), scan, options) {
            Ok(source) => read(source, &mut report, listener, consumer)?,
            Err(failure) => {
                report.failure = Some(failure);
                ControlFlow::Continue(())
            }
        };
        listener.closed(&report);
        reports.push(report);
        if flow.is_break() {
            break;
        }
    }
    Ok(reports)
}

fn read(
    mut source: Source,
    report: &mut InputReport,
    listener: &mut dyn Listener,
    consumer: &mut dyn Consumer,
) -> Result<ControlFlow<()>> {
    listener.opened(source.reader.source(), source.stored);
    consumer.open(&source.reader)?;
    let mut flow = ControlFlow::Continue(());
    while let Some(batch) = source.reader.next_batch() {
        match batch {
            Ok(batch) => flow = consumer.batch(&batch)?,
            Err(failure) => report.failure = Some(failure.into()),
        }
        listener.advanced(source.reader.accounts());
        if flow.is_break() {
            break;
        }
    }
    report.accounts = Some(*source.reader.accounts());
    report.facts = Some(source.reader.source().clone());
    match source.digest() {
        Ok(digest) => report.sha256 = digest,
        Err(failure) => report.failure = report.failure.take().or(Some(failure)),
    }
    Ok(flow)
}

/// The start of the last flow of all inputs: what `end` in a window means. Costs one pass over one column.
///
/// # Errors
/// `Usage` if an input is standard input or a pipe, which cannot be read twice; those of opening.
pub fn data_end<P: AsRef<Path>>(inputs: &[P], options: OpenOptions) -> Result<Option<flow_frame::Instant>> {
    if inputs.iter().any(|input| crate::source::is_stream(input.as_ref())) {
        return Err(Error::usage(
            "a window relative to the end needs files: standard input and pipes can be read only once",
        ));
    }
    let scan = Scan::default().with_columns(flow_frame::Projection::names(["stime"])?);
    let mut last = Last(None);
    let options = options.with_digest(false);
    pump(inputs, &scan, options, &mut (), &mut last)?;
    Ok(last.0.map(flow_frame::Instant::from_ms))
}

struct Last(Option<i64>);

impl Consumer for Last {
    fn open(&mut self, _: &FlowReader) -> Result<()> {
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<ControlFlow<()>> {
        use arrow_array::cast::AsArray;
        use arrow_array::types::TimestampMillisecondType;
        if let Some(times) = batch.column(0).as_primitive_opt::<TimestampMillisecondType>() {
            self.0 = self.0.max(times.values().iter().copied().max());
        }
        Ok(ControlFlow::Continue(()))
    }
}
