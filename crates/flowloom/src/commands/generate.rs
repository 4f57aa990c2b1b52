//! `generate`: made traffic into a file.

use std::net::IpAddr;
use std::path::PathBuf;

use flow_frame::{FlowBatchBuilder, FlowRow, Projection};
use silk_format::{FlowRecord, Writer, WriterOptions};

use crate::error::{Result, from_silk_writer, from_writer};
use crate::generate::Traffic;
use crate::generate::capture::Capture;
use crate::output::{ExitOptions, Target, exit, shape};

/// Where made traffic goes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum GenerateFormat {
    /// Uncompressed FT_RWIPV6ROUTING version 1, with the command line as a header entry.
    Silk {
        /// The command line.
        invocation: String,
    },
    /// Any other format.
    Exit(ExitOptions),
}

/// Writes all records of the traffic; tells how many. `progress` is told now and then how many there are so far.
///
/// # Errors
/// `Io` if the output cannot be written.
pub fn generate(
    traffic: Traffic,
    output: Option<&PathBuf>,
    format: &GenerateFormat,
    mut progress: impl FnMut(u64),
) -> Result<u64> {
    let target = match output {
        None => Target::stdout(),
        Some(path) => Target::create::<PathBuf>(path, &[])?,
    };
    let mut count = 0;
    match format {
        GenerateFormat::Silk { invocation } => {
            let options = WriterOptions::default().with_invocation(invocation);
            let mut writer = Writer::new(target, &options).map_err(from_silk_writer)?;
            for record in traffic {
                writer.write(&record).map_err(from_silk_writer)?;
                count += 1;
                if count % REPORT_EVERY == 0 {
                    progress(count);
                }
            }
            writer.finish().map_err(from_silk_writer)?.commit()?;
        }
        GenerateFormat::Exit(options) => {
            let mut builder = FlowBatchBuilder::new(&Projection::default()).with_capacity(BATCH_ROWS);
            let mut exit = exit(target, &builder.schema(), options)?;
            for record in traffic {
                builder.push(&row(&record))?;
                count += 1;
                if builder.len() == BATCH_ROWS {
                    exit.write(shape(builder.finish()?, options)?)?;
                    progress(count);
                }
            }
            if !builder.is_empty() {
                exit.write(shape(builder.finish()?, options)?)?;
            }
            exit.finish()?.commit()?;
        }
    }
    Ok(count)
}

/// Writes all packets of a capture. `progress` is told now and then how many there are so far.
///
/// # Errors
/// `Io` if the output cannot be written.
pub fn generate_capture(capture: Capture, output: Option<&PathBuf>, progress: impl FnMut(u64)) -> Result<()> {
    let target = match output {
        None => Target::stdout(),
        Some(path) => Target::create::<PathBuf>(path, &[])?,
    };
    capture.write(target, progress).map_err(from_writer)?.commit()
}

const REPORT_EVERY: u64 = 1 << 16;
const BATCH_ROWS: usize = 8192;

/// A record as a row: what a reader of the SiLK file would deliver.
fn row(record: &FlowRecord) -> FlowRow {
    let address = |address: IpAddr| match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    };
    let is_ipv6 = record.sip.is_ipv6() || record.dip.is_ipv6();
    let separate = record.attributes & 1 != 0;
    let nhip = match record.nhip {
        IpAddr::V4(v4) if is_ipv6 && v4.is_unspecified() => [0; 16],
        other => address(other),
    };
    FlowRow {
        stime: record.stime_ms,
        etime: record.stime_ms + i64::from(record.duration_ms),
        sip: address(record.sip),
        dip: address(record.dip),
        nhip: Some(nhip),
        is_ipv6,
        sport: record.sport,
        dport: record.dport,
        protocol: record.protocol,
        packets: record.packets,
        bytes: record.bytes,
        tcpflags: record.tcpflags,
        initial_tcpflags: separate.then_some(record.initial_tcpflags),
        session_tcpflags: separate.then_some(record.session_tcpflags),
        attributes: Some(record.attributes & 0x78),
        application: Some(record.application),
        sensor_id: Some(record.sensor_id),
        classtype_id: Some(record.classtype_id),
        input: Some(record.input),
        output: Some(record.output),
        memo: Some(record.memo),
    }
}
