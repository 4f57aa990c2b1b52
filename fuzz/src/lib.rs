//! The bodies of the fuzz targets: each takes any bytes and panics if a promise of a crate is broken.
//!
//! `fuzz_targets/` wraps them for libFuzzer (`fuzz/run`); the test `fuzz_replay` runs them over `testdata/` and
//! mutations of it in ordinary `cargo test`. Every byte of an input belongs to the file it stands for; choices (pieces,
//! options) follow from all of them, so that real files are good beginnings and each failure can be replayed.

mod flows;
mod frame;
mod input;
mod packets;
mod pcap;
mod pieces;
mod report;
mod selection;
mod silk;
mod tables;

pub use flows::flow_table;
pub use frame::{open_any, silk_filter, time_text, where_parse};
pub use input::mapped_codecs;
pub use packets::{ends, packet_rows, packet_walk};
pub use pcap::{pcap_reader, pcapng_reader};
pub use report::report_page;
pub use selection::silk_selection;
pub use silk::{silk_header, silk_reader, silk_roundtrip, silk_sets, silk_site};
pub use tables::tshark_csv;

/// A target: its name, the crate whose promises it checks, and its body.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Also the name of the program in `fuzz_targets/`.
    pub name: &'static str,
    /// The package.
    pub package: &'static str,
    /// Panics if a promise is broken.
    pub body: fn(&[u8]),
}

const fn target(name: &'static str, package: &'static str, body: fn(&[u8])) -> Target {
    Target { name, package, body }
}

/// All targets.
pub const TARGETS: [Target; 19] = [
    target("mapped_codecs", "mapped-input", mapped_codecs),
    target("silk_header", "silk-format", silk_header),
    target("silk_reader", "silk-format", silk_reader),
    target("silk_roundtrip", "silk-format", silk_roundtrip),
    target("silk_sets", "silk-format", silk_sets),
    target("silk_site", "silk-format", silk_site),
    target("silk_selection", "silk-format", silk_selection),
    target("pcap_reader", "pcap-headers", pcap_reader),
    target("pcapng_reader", "pcap-headers", pcapng_reader),
    target("packet_walk", "pcap-headers", packet_walk),
    target("packet_rows", "pcap-headers", packet_rows),
    target("ends", "pcap-headers", ends),
    target("silk_filter", "flow-frame", silk_filter),
    target("flow_table", "flow-frame", flow_table),
    target("open_any", "flow-frame", open_any),
    target("tshark_csv", "flow-frame", tshark_csv),
    target("time_text", "flow-frame", time_text),
    target("where_parse", "flow-frame", where_parse),
    target("report_page", "flow-report", report_page),
];
