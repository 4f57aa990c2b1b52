//! `convert`: flows into a file of another format.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use flow_frame::schema::{FORMAT_KEY, SOURCE_KEY};
use flow_frame::{Kind, Scan};

use crate::error::{Error, Result};
use crate::flow_making::{FlowMaking, pump_flows};
use crate::output::{Exit, ExitOptions, Format, Shaped, Target, exit, shape};
use crate::pump::{Consumer, InputReport, Listener, Maker, pump};
use crate::source::{InputSource, OpenOptions, are_in_common, is_stream};

/// What to convert, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// Columns, window, how SiLK files are read.
    pub scan: Scan,
    /// How inputs are opened.
    pub open: OpenOptions,
    /// The format to write, and how.
    pub exit: ExitOptions,
    /// The file to write; standard output if there is none.
    pub output: Option<PathBuf>,
    /// Whether the rows go behind those that the file already holds.
    pub append: bool,
    /// How flows are made of packets, if they are: those are written then. The columns of `scan` do not count.
    pub flows: Option<FlowMaking>,
}

impl ConvertOptions {
    /// All stored columns of all rows, to standard output.
    #[must_use]
    pub fn new(exit: ExitOptions) -> Self {
        let (scan, open) = (Scan::default(), OpenOptions::default());
        Self { scan, open, exit, output: None, append: false, flows: None }
    }

    /// With columns, window and options for SiLK files.
    #[must_use]
    pub fn with_scan(mut self, scan: Scan) -> Self {
        self.scan = scan;
        self
    }

    /// With another way of opening inputs.
    #[must_use]
    pub fn with_open(mut self, open: OpenOptions) -> Self {
        self.open = open;
        self
    }

    /// With a file to write.
    #[must_use]
    pub fn with_output(mut self, output: impl Into<PathBuf>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// With flows made of packets.
    #[must_use]
    pub fn with_flows(mut self, making: Option<FlowMaking>) -> Self {
        self.flows = making;
        self
    }

    /// With the rows behind those that the file already holds.
    #[must_use]
    pub fn with_append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }
}

/// Writes the flows or packets of all inputs, in their order, into one file or to standard output. Flows and packets go
/// into one file if the columns are named and both have them; times are nanoseconds then, and also where one of several
/// inputs is a stream, which may hold either.
///
/// A damaged input ends early: the rows before the damage are kept, the next input follows, and its report has the
/// failure. If no input can be opened nothing is written. Memory: a batch, and what the exit holds.
///
/// # Errors
/// `Io` if the output cannot be written, `Usage` if it is an input or if rows cannot be appended to it, `Limit` if a
/// SiLK layout cannot hold a row, `Usage` if one file cannot hold flows and packets. A file of that name stays as it was then.
pub fn convert<I: InputSource + ?Sized>(
    inputs: &I,
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<Vec<InputReport>> {
    let target = Target::open(options.output.as_deref(), options.append, &inputs.paths())?;
    convert_into(target, inputs, options, listener)
}

/// [`convert`] into a target that is open already.
pub(crate) fn convert_into<I: InputSource + ?Sized>(
    target: Target,
    inputs: &I,
    options: &ConvertOptions,
    listener: &mut dyn Listener,
) -> Result<Vec<InputReport>> {
    if options.append && options.exit.format == Format::Silk {
        return Err(Error::usage("--append: rows are not put behind those of a SiLK file; write a new one"));
    }
    let paths = inputs.paths();
    let target = target.refusing(&paths)?;
    let names: Vec<String> = paths.iter().map(|input| input.to_string_lossy().into_owned()).collect();
    let mut rows = Rows::new(target, options.exit.clone(), names);
    let reports = options.pump(inputs, listener, &mut rows)?;
    rows.finish()?;
    Ok(reports)
}

impl ConvertOptions {
    /// Hands the rows that are asked for to a consumer.
    pub(crate) fn pump<I: InputSource + ?Sized, C: Consumer>(
        &self,
        inputs: &I,
        listener: &mut dyn Listener,
        consumer: &mut C,
    ) -> Result<Vec<InputReport>> {
        if let Some(making) = &self.flows {
            return Ok(pump_flows(inputs, &self.scan, self.open, making, listener, consumer)?.0);
        }
        let common = are_in_common(&inputs.paths(), &self.scan.columns);
        pump(inputs, &self.scan.clone().with_common(common), self.open, listener, consumer)
    }
}

/// Rows on their way to an exit, which is made when the first input has told its columns.
pub(crate) struct Rows {
    state: State,
    options: ExitOptions,
    sources: Vec<String>,
}

enum State {
    Waiting(Option<Target>),
    Writing(Box<dyn Exit>, SchemaRef),
}

impl Rows {
    pub(crate) fn new(target: Target, options: ExitOptions, sources: Vec<String>) -> Self {
        Self { state: State::Waiting(Some(target)), options, sources }
    }

    /// Ends the file and gives it its name. Without a readable input there is none.
    pub(crate) fn finish(self) -> Result<()> {
        match self.state {
            State::Waiting(_) => Ok(()),
            State::Writing(exit, _) => exit.finish()?.commit(),
        }
    }

    /// The columns of the first input; the metadata names all inputs.
    fn schema(&self, schema: &SchemaRef) -> SchemaRef {
        if self.sources.len() == 1 {
            return SchemaRef::clone(schema);
        }
        let mut metadata = schema.metadata().clone();
        metadata.insert(SOURCE_KEY.to_owned(), self.sources.join("\n"));
        metadata.remove(FORMAT_KEY);
        SchemaRef::new(schema.as_ref().clone().with_metadata(metadata))
    }

    /// Whether rows with these columns can follow those that were written.
    pub(crate) fn can_hold(&self, schema: &SchemaRef) -> bool {
        match &self.state {
            State::Waiting(_) => true,
            State::Writing(_, written) => written.fields() == schema.fields(),
        }
    }

    /// Why one table cannot hold all inputs, and what to do.
    fn of_both_kinds(&self) -> Error {
        let has_stream = self.sources.iter().any(|source| is_stream(Path::new(source)));
        let of_streams = if has_stream { " (what a stream holds is not known beforehand)" } else { "" };
        Error::usage(format!(
            "one table cannot hold the columns of flows and of packets{of_streams}: convert them apart, or name columns that \
             both have with --fields: sip,dip,protocol,sport,dport,packets,bytes,stime"
        ))
    }

    /// Writes a batch that was not shaped elsewhere.
    pub(crate) fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        let shaped = shape(batch, &self.options)?;
        self.take(shaped).map(|_| ())
    }
}

impl Consumer for Rows {
    type Made = Shaped;

    fn maker(&self) -> Maker<Shaped> {
        let options = self.options.clone();
        Arc::new(move |batch| shape(batch, &options))
    }

    fn open(&mut self, schema: &SchemaRef) -> Result<()> {
        let is_of_packets = schema
            .metadata()
            .get(FORMAT_KEY)
            .is_some_and(|format| [Kind::Pcap, Kind::Pcapng].iter().any(|kind| kind.name() == format));
        if is_of_packets && self.options.format == Format::Silk {
            return Err(Error::usage(
                "packets are no flows, and a SiLK file holds flows: make them with --as-flows, or choose another format",
            ));
        }
        if !self.can_hold(schema) {
            return Err(self.of_both_kinds());
        }
        match &mut self.state {
            State::Waiting(target) => {
                if let Some(target) = target.take() {
                    let written = self.schema(schema);
                    self.state =
                        State::Writing(exit(target, &written, &self.options)?, SchemaRef::clone(schema));
                }
                Ok(())
            }
            State::Writing(..) => Ok(()),
        }
    }

    fn take(&mut self, rows: Shaped) -> Result<ControlFlow<()>> {
        if let State::Writing(exit, _) = &mut self.state {
            exit.write(rows)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}
