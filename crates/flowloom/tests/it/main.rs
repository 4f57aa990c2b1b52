//! Tests of the command as its users see it: arguments in; files, text and exit codes out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, outside of the functions that are marked as such"
)]

mod append;
mod captures;
mod exits;
mod fetch;
mod filter;
mod flows;
mod formats;
mod help;
mod interop;
mod made;
mod report;
mod repository;
mod ring;
#[cfg(target_os = "linux")]
mod sandbox;
mod silk;
mod support;
mod tables;
mod talkers;
